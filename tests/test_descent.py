"""fit against the specification, its laws, and what it says when things go wrong."""

import math

import numpy as np
import pytest

import fastgd
from fastgd import reference
from fastgd.orders import order_of
from fastgd.results import DivergenceError

VIAS = ("moments", "data")


def problem(d=None, n=23, seed=2):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=n if d is None else (n, d)) + 0.5
    y = (x if d is None else x @ np.arange(1.0, d + 1)) + 0.3 + 0.5 * generator.normal(size=n)
    w0 = 0.1 if d is None else generator.normal(size=d)
    return x, y, w0, generator.random(n) + 0.1


@pytest.mark.parametrize("batch_size", [None, 1, 5, 22])
@pytest.mark.parametrize(("loss", "delta"), [("squared", 1.0), ("absolute", 1.0), ("huber", 0.4)])
@pytest.mark.parametrize("d", [None, 1, 3])
@pytest.mark.parametrize("extra", ["plain", "weights", "l2", "no bias", "standardize", "all"])
def test_agrees_with_the_reference(batch_size, loss, delta, d, extra):
    x, y, w0, weight = problem(d)
    options = {"loss": loss, "delta": delta, "batch_size": batch_size, "learning_rate": 0.02, "epochs": 7, "b0": 0.2}
    if extra in ("weights", "all"):
        options["sample_weight"] = weight.tolist()
    if extra in ("l2", "all"):
        options["l2"] = 0.3
    if extra == "no bias":
        options |= {"bias": False, "b0": 0.0}
    if extra in ("standardize", "all"):
        options["standardize"] = True
    w0 = w0 if d is None else w0.tolist()
    expected = reference.fit(x.tolist(), y.tolist(), w0=w0, **options)
    vias = VIAS if batch_size is None and loss == "squared" else ("auto",)
    for via in vias:
        fit = fastgd.fit(x, y, w0=w0, shuffle="none", via=via, **options)
        assert fit.history.w == pytest.approx(np.array([w for w, _ in expected]), rel=1e-12, abs=1e-14)
        assert fit.history.b == pytest.approx(np.array([b for _, b in expected]), rel=1e-11, abs=1e-13)
        share = options.get("sample_weight")
        costs = [
            reference.cost(x.tolist(), y.tolist(), w, b, loss=loss, delta=delta, sample_weight=share) for w, b in expected
        ]
        assert fit.history.cost == pytest.approx(costs, rel=1e-11)
        assert fit.cost == fit.history.cost[-1]
        assert (fit.w == fit.history.w[-1]) if d is None else np.array_equal(fit.w, fit.history.w[-1])


@pytest.mark.parametrize("shuffle", ["each", "once"])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_shuffled_epochs_take_the_orders_of_seed_and_epoch(shuffle, batch_size):
    x, y, w0, _ = problem()
    orders = [order_of(7, epoch if shuffle == "each" else 0, len(x)).tolist() for epoch in range(5)]
    assert all(sorted(order) == list(range(len(x))) for order in orders)
    assert (len({tuple(order) for order in orders}) == 5) == (shuffle == "each")
    options = {"w0": w0, "learning_rate": 0.02, "epochs": 5, "batch_size": batch_size}
    expected = reference.fit(x.tolist(), y.tolist(), b0=0.0, orders=orders, **options)
    fit = fastgd.fit(x, y, shuffle=shuffle, seed=7, **options)
    assert fit.history.w == pytest.approx([w for w, _ in expected], rel=1e-12)


def test_a_seed_repeats_a_run_and_is_kept():
    x, y, *_ = problem()
    first = fastgd.fit(x, y, batch_size=1, learning_rate=0.01, epochs=3)
    again = fastgd.fit(x, y, batch_size=1, learning_rate=0.01, epochs=3, seed=first.seed)
    other = fastgd.fit(x, y, batch_size=1, learning_rate=0.01, epochs=3, seed=first.seed + 1)
    assert (first.w, first.b) == (again.w, again.b)
    assert first.w != other.w


@pytest.mark.parametrize("d", [None, 4])
@pytest.mark.parametrize("standardize", [False, True])
def test_moments_and_data_are_the_same_path(d, standardize):
    x, y, w0, weight = problem(d, 500)
    options = {"w0": w0, "sample_weight": weight, "l2": 0.01, "standardize": standardize, "learning_rate": 0.05}
    one, other = (fastgd.fit(x, y, via=via, epochs=60, **options) for via in VIAS)
    assert one.history.w == pytest.approx(other.history.w, rel=1e-12, abs=1e-13)
    assert one.history.cost == pytest.approx(other.history.cost, rel=1e-12)
    assert (one.status, one.epochs) == (other.status, other.epochs)


def test_a_batch_of_all_rows_is_the_full_batch():
    x, y, w0, _ = problem(2)
    full = fastgd.fit(x, y, w0=w0, learning_rate=0.03)
    batch = fastgd.fit(x, y, w0=w0, learning_rate=0.03, batch_size=len(x))
    assert np.array_equal(full.history.w, batch.history.w)
    assert batch.batch_size is None


def test_integer_weights_are_repeated_rows_in_a_full_batch():
    x, y, w0, _ = problem(2)
    weight = np.arange(len(x)) % 3
    for via in VIAS:
        one = fastgd.fit(x, y, w0=w0, learning_rate=0.03, sample_weight=weight, via=via)
        many = fastgd.fit(np.repeat(x, weight, axis=0), np.repeat(y, weight), w0=w0, learning_rate=0.03, via=via)
        assert one.w == pytest.approx(many.w, rel=1e-12)


def test_any_number_of_threads_gives_the_same_bits(rows):
    x, y, *_ = problem(None, rows)
    for options in ({}, {"via": "data"}, {"batch_size": 1000, "seed": 3}):
        found = {fastgd.fit(x, y, epochs=2, learning_rate=0.1, threads=threads, **options).w for threads in (1, 2, 3, 8)}
        assert len(found) == 1


def test_edges_of_blocks_do_not_show_in_batches(rows):
    x, y, *_ = problem(None, rows)
    fit = fastgd.fit(x, y, batch_size=rows // 3, shuffle="none", epochs=1, learning_rate=0.1)
    w = b = 0.0
    for start in range(0, rows, rows // 3):
        part = slice(start, start + rows // 3)
        gw, gb = fastgd.gradient(x[part], y[part], w, b)
        w, b = w - 0.1 * gw, b - 0.1 * gb
    assert fit.w == pytest.approx(w, rel=1e-12)
    assert fit.b == pytest.approx(b, rel=1e-12)


class TestDefaults:
    """What the default fit says of the textbook's data and of the penguins."""

    def test_textbook(self):
        with pytest.warns(fastgd.ConvergenceWarning, match="where 0 is the minimum.*standardize=True, or more epochs"):
            fit = fastgd.fit([1, 2, 3], [2, 4, 6])
        assert fit.status is fastgd.Status.MAX_EPOCHS
        assert fit.epochs == 100
        assert fit.excess == math.inf
        assert fit.learning_rate == pytest.approx(0.1802948509750734 / 2)
        assert np.all(np.diff(fit.history.cost) < 0)

    def test_raw_penguins(self):
        with pytest.warns(fastgd.ConvergenceWarning, match="condition number is 8.35e.06.*standardize=True") as caught:
            fit = fastgd.fit(*fastgd.penguins())
        assert "20,000,000 more" in str(caught[0].message)
        assert fit.status is fastgd.Status.MAX_EPOCHS
        assert fit.excess > 0.01
        assert fit.max_learning_rate == pytest.approx(2.46517519483e-05, rel=1e-11)

    def test_standardised_penguins(self):
        fit = fastgd.fit(*fastgd.penguins(), standardize=True)
        assert fit.status is fastgd.Status.CONVERGED
        assert fit.epochs <= 3
        assert fit.learning_rate == pytest.approx(0.5)
        assert (fit.w, fit.b) == pytest.approx((49.685566406100085, -5780.831358077062), rel=1e-12)
        assert fit.excess == pytest.approx(0.0, abs=1e-12)
        assert "standardised x" in fit.explain()
        assert repr(fit).startswith("Fit(y = 49.69 x - 5780.8; cost 154546, 0.0 % above the minimum; ")
        assert repr(fit).endswith("epochs at rate 0.5, standardised; CONVERGED)")


class TestDivergence:
    @pytest.mark.parametrize("via", VIAS)
    def test_far_above_the_limit(self, via):
        x, y = fastgd.penguins()
        with pytest.warns(fastgd.DivergenceWarning, match="learning_rate 0.001 is above 2.46518e-05") as caught:
            fit = fastgd.fit(x, y, learning_rate=1e-3, via=via)
        assert "learning_rate='auto'" in str(caught[0].message)
        assert caught[0].filename == __file__
        assert fit.status is fastgd.Status.DIVERGED
        assert fit.cost > 1e6 * fit.history.cost[0]
        assert (fit.w, fit.cost) == (fit.history.w[-1], fit.history.cost[-1])
        with pytest.raises(DivergenceError, match="diverged after 2 epochs"):
            fit.raise_for_status()

    @pytest.mark.parametrize("via", VIAS)
    def test_to_infinity_in_one_epoch_keeps_the_last_finite_record(self, via):
        with pytest.warns(fastgd.DivergenceWarning):
            fit = fastgd.fit([1.0, 2.0, 3.0], [2.0, 4.0, 6.0], learning_rate=1e200, via=via)
        assert fit.status is fastgd.Status.DIVERGED
        assert math.isfinite(fit.cost)
        assert math.isfinite(fit.w)

    @pytest.mark.parametrize("via", VIAS)
    def test_slowly(self, via):
        # the cost has barely doubled, but the rate is above the exact limit and the cost rises
        with pytest.warns(fastgd.DivergenceWarning):
            fit = fastgd.fit([1, 2, 3], [2, 4, 6], bias=False, learning_rate=3 / 14 * 1.002, w0=1.0, via=via)
        assert fit.status is fastgd.Status.DIVERGED
        assert fit.epochs == 100

    def test_of_batches_names_the_limit_that_is_passed_the_full_batch_s_or_their_own(self):
        x = np.random.default_rng(0).normal(size=(500, 5)) * [1, 3, 10, 30, 100]
        with pytest.warns(fastgd.DivergenceWarning, match="above 9.87721e-05, even a full batch's limit"):
            fit = fastgd.fit(x, x @ np.ones(5), batch_size=1, learning_rate=0.01, seed=0)
        assert fit.status is fastgd.Status.DIVERGED
        with pytest.warns(
            fastgd.DivergenceWarning, match="9.8e-05 is above 3.28049e-05, below which batches of 1 are stable"
        ):
            fastgd.fit(x, x @ np.ones(5), batch_size=1, learning_rate=9.8e-5, seed=0, epochs=1000)

    def test_without_a_record(self):
        with pytest.warns(fastgd.DivergenceWarning):
            fit = fastgd.fit([1, 2, 3], [2, 4, 6], batch_size=1, learning_rate=10.0, epochs=1000, record=None)
        assert fit.status is fastgd.Status.DIVERGED
        assert fit.epochs < 1000

    @pytest.mark.parametrize("seed", [6, 10, 14, 33])
    def test_finite_parameters_whose_sum_overflowed_warned_of_it(self, seed):
        options = {"batch_size": 1, "learning_rate": 10.0, "epochs": 1000, "record": None, "seed": seed}
        with pytest.warns(fastgd.DivergenceWarning):
            fit = fastgd.fit([1, 2, 3], [2, 4, 6], **options)
        assert fit.status is fastgd.Status.DIVERGED

    def test_huber_by_the_bounds_of_the_square(self):
        fit = fastgd.fit([1, 2, 3], [2, 4, 6], loss="huber", delta=0.5)
        assert fit.learning_rate == pytest.approx(0.1802948509750734 / 2)
        assert math.isnan(fit.excess)


def test_auto_for_batches_does_not_diverge():
    generator = np.random.default_rng(4)
    for batch_size in (1, 3, 16):
        x = generator.standard_t(3, size=(200, 4)) * [1e-3, 1.0, 10.0, 1e3]
        y = x @ generator.normal(size=4) + generator.normal(size=200)
        with pytest.warns(fastgd.ConvergenceWarning):
            fit = fastgd.fit(x, y, batch_size=batch_size, seed=1)
        assert fit.status is fastgd.Status.MAX_EPOCHS
        assert fit.cost < fit.history.cost[0]


def test_tol():
    x, y, w0, _ = problem(2, 200)
    for via in VIAS:
        fit = fastgd.fit(x, y, w0=w0, tol=1e-3, epochs=10_000, via=via)
        quadratic = fastgd.QuadraticCost.of(x, y)
        bound = quadratic.minimum.cost + 1e-3 * np.var(y)
        assert fit.status is fastgd.Status.CONVERGED
        assert fit.history.cost[-1] <= bound < fit.history.cost[-2]
    scaled = fastgd.fit(x, 1e6 * y, w0=1e6 * np.asarray(w0), tol=1e-3, epochs=10_000)
    assert scaled.epochs == fit.epochs  # the units of y do not matter
    huber = fastgd.fit(x, y, w0=w0, loss="huber", tol=1e-6, epochs=10_000)
    assert huber.status is fastgd.Status.CONVERGED
    assert huber.epochs < 10_000


def test_the_start_can_be_the_end():
    fit = fastgd.fit([1, 2, 3], [2, 4, 6], w0=1.5, b0=0.25, epochs=0, learning_rate=0.1)
    assert (fit.w, fit.b, fit.epochs, len(fit.history)) == (1.5, 0.25, 0, 1)
    assert fit.status is fastgd.Status.MAX_EPOCHS
    assert fastgd.fit([1, 2, 3], [2, 4, 6], epochs=0).w == 0.0  # nothing ran, so nothing is warned of
    standard = fastgd.fit([1, 2, 3], [2, 4, 6], w0=1.5, b0=0.25, epochs=0, learning_rate=0.1, standardize=True)
    assert (standard.w, standard.b) == pytest.approx((1.5, 0.25), rel=1e-15)


def test_a_tiny_rate_far_from_the_minimum_is_not_called_converged():
    for via in VIAS:
        fit = fastgd.fit([1, 2, 3], [2, 4, 6], w0=1.0, learning_rate=1e-30, epochs=5, via=via)
        assert fit.status is fastgd.Status.MAX_EPOCHS
        assert fit.epochs == 5


def test_without_a_record_nothing_is_known_of_the_cost():
    for options in ({"batch_size": 1}, {"via": "data"}, {"via": "moments"}):
        fit = fastgd.fit([1, 2, 3], [2, 4, 6], learning_rate=0.01, shuffle="none", record=None, **options)
        recorded = fastgd.fit([1, 2, 3], [2, 4, 6], learning_rate=0.01, shuffle="none", **options)
        assert (fit.w, fit.b) == (recorded.w, recorded.b)
        assert fit.history is None
        assert math.isnan(fit.cost)
        assert math.isnan(fit.excess)
        assert math.isnan(fit.r2)
        assert "cost not recorded" in repr(fit)
        assert "not recorded" in fit.explain()


@pytest.mark.filterwarnings("ignore::fastgd.RankWarning")
def test_standardised_fit_of_a_constant_column():
    x = np.column_stack([np.arange(6.0), np.full(6, 4.0)])
    fit = fastgd.fit(x, 2.0 * x[:, 0] + 1.0, standardize=True)
    assert fit.predict(x) == pytest.approx(2.0 * x[:, 0] + 1.0)
    assert fit.w[1] == 0.0


@pytest.mark.parametrize("batch_size", [None, 1])
@pytest.mark.filterwarnings("ignore::fastgd.RankWarning")
def test_without_a_record_the_r2_of_a_constant_y_is_not_known(batch_size):
    # It was a ZeroDivisionError.
    for x, y in (([1.0], [2.0]), ([1.0, 2.0, 3.0], [2.0, 2.0, 2.0])):
        fit = fastgd.fit(x, y, learning_rate=0.01, epochs=1, batch_size=batch_size, record=None)
        assert math.isnan(fit.r2) and math.isnan(fit.cost)


def test_excess_and_r2():
    x, y, *_ = problem(None, 100)
    fit = fastgd.fit(x, y, standardize=True)
    assert fit.r2 == pytest.approx(1 - fit.cost / np.var(y), rel=1e-12)
    assert fit.excess == pytest.approx(0.0, abs=1e-13)
    start = fastgd.fit(x, y, epochs=0, learning_rate=1.0)
    exact = fastgd.QuadraticCost.of(x, y).minimum.cost
    assert start.excess == pytest.approx(np.mean(y**2) / exact - 1, rel=1e-12)
    constant = fastgd.fit([1, 2, 3], [5, 5, 5], standardize=True)
    assert (constant.r2, constant.excess) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("options", "kind", "sentence"),
    [
        ({"learning_rate": 0}, ValueError, "learning_rate is 0: it must be above 0"),
        ({"learning_rate": -1.0}, ValueError, "learning_rate is -1"),
        ({"learning_rate": np.nan}, ValueError, "learning_rate is nan"),
        ({"learning_rate": np.inf}, ValueError, "learning_rate is inf"),
        ({"learning_rate": "fast"}, ValueError, "learning_rate is 'fast'"),
        ({"learning_rate": None}, TypeError, "learning_rate is None"),
        ({"loss": "absolute"}, ValueError, "absolute loss has no curvature.*give a number"),
        ({"batch_size": 0}, ValueError, "batch_size is 0: it must be 1 or above"),
        ({"batch_size": 4}, ValueError, "batch_size is 4: there are only 3 rows"),
        ({"batch_size": 1.5}, TypeError, "batch_size is 1.5"),
        ({"epochs": -1}, ValueError, "epochs is -1"),
        ({"epochs": 2.5}, TypeError, "epochs is 2.5"),
        ({"l2": -0.1}, ValueError, "l2 is -0.1"),
        ({"tol": -1}, ValueError, "tol is -1"),
        ({"tol": 0.1, "record": None}, ValueError, "tol is given and record is None"),
        ({"shuffle": "always"}, ValueError, "shuffle is 'always': it must be one of 'each', 'once', 'none'"),
        ({"record": "all"}, ValueError, "record is 'all'"),
        ({"via": "magic"}, ValueError, "via is 'magic'"),
        ({"via": "moments", "batch_size": 1}, ValueError, "via is 'moments': batches of 1 cannot"),
        ({"via": "moments", "loss": "huber"}, ValueError, "via is 'moments': the huber loss cannot"),
        ({"seed": -1}, ValueError, "seed is -1"),
        ({"seed": 0.5}, TypeError, "seed is 0.5"),
        ({"w0": [1.0, 2.0]}, ValueError, "w0 has shape"),
        ({"w0": np.nan}, ValueError, "w0 is nan"),
        ({"b0": "1"}, TypeError, "b0 is '1'"),
        ({"b0": 1.0, "bias": False}, ValueError, "b0 is 1.0: with bias=False"),
        ({"threads": 1.5}, TypeError, "threads is 1.5"),
        ({"progress": 3}, TypeError, "progress is 3"),
    ],
)
def test_bad_options(options, kind, sentence):
    with pytest.raises(kind, match=sentence):
        fastgd.fit([1, 2, 3], [2, 4, 6], **options)


class TestConventionsOfOthers:
    """The README's table "coming from"."""

    x, y, _, _ = problem(3, 80)

    def test_pytorch_same_rate(self):
        # torch.nn.MSELoss is the mean of squares: its gradient is ours, by its documentation
        w, b = np.zeros(3), 0.0
        for _ in range(10):
            e = self.x @ w + b - self.y
            w, b = w - 0.05 * (2 * self.x.T @ e / len(e)), b - 0.05 * 2 * e.mean()
        fit = fastgd.fit(self.x, self.y, learning_rate=0.05, epochs=10)
        assert fit.w == pytest.approx(w, rel=1e-12)

    def test_scikit_learn_sgd(self):
        from sklearn.linear_model import SGDRegressor

        peer = SGDRegressor(
            learning_rate="constant", eta0=2 * 0.01, alpha=0.05, shuffle=False, max_iter=4, tol=None, penalty="l2"
        ).fit(self.x, self.y)
        fit = fastgd.fit(self.x, self.y, batch_size=1, learning_rate=0.01, l2=0.05, shuffle="none", epochs=4)
        assert fit.w == pytest.approx(peer.coef_, rel=1e-10)
        assert fit.b == pytest.approx(peer.intercept_[0], rel=1e-10)

    def test_ridge(self):
        from sklearn.linear_model import Ridge

        peer = Ridge(alpha=80 * 0.3).fit(self.x, self.y)
        fit = fastgd.fit(self.x, self.y, l2=0.3, epochs=2000)
        assert fit.w == pytest.approx(peer.coef_, rel=1e-9)
        assert fit.b == pytest.approx(peer.intercept_, rel=1e-9)

    def test_courses_with_one_half(self):
        # cost 1/(2m) sum e^2 + lambda/(2m) w.w, rate alpha: alpha = 2 learning_rate, lambda = m l2
        m, alpha, penalty = 80, 0.1, 80 * 0.2
        w, b = np.zeros(3), 0.0
        for _ in range(20):
            e = self.x @ w + b - self.y
            w, b = w - alpha * (self.x.T @ e + penalty * w) / m, b - alpha * e.mean()
        fit = fastgd.fit(self.x, self.y, learning_rate=alpha / 2, l2=penalty / m, epochs=20)
        assert fit.w == pytest.approx(w, rel=1e-12)
        assert fit.b == pytest.approx(b, rel=1e-12)
