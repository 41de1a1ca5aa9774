"""Averages, records, validation and patience of a fit, and what is said of bad options."""

import itertools
import math

import numpy as np
import pytest

import fastgd
from fastgd import reference
from fastgd.orders import order_of

pytestmark = pytest.mark.filterwarnings("ignore::fastgd.RankWarning")  # tables of few rows, which is not what is tested

VIAS = ("moments", "data")
N, EPOCHS = 23, 6
LOSSES = ["squared", "huber", "absolute"]


def problem(d=None, n=N, seed=2):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=n if d is None else (n, d)) + 0.5
    y = (x if d is None else x @ np.arange(1.0, d + 1)) + 0.3 + 0.5 * generator.normal(size=n)
    w0 = 0.1 if d is None else generator.normal(size=d).tolist()
    return x, y, w0


def updates_of(batch_size, epochs=EPOCHS):
    """The rows of every update, in the order given."""
    size = batch_size or N
    return [list(range(start, min(start + size, N))) for _ in range(epochs) for start in range(0, N, size)]


def update_by_update(x, y, batch_size, **options):
    """The reference's (w, b) at the start and after every update: an epoch of one batch each."""
    orders = updates_of(batch_size)
    return reference.fit(x.tolist(), y.tolist(), orders=orders, epochs=len(orders), **options)


def columns(path):
    return np.array([w for w, _ in path]), np.array([b for _, b in path])


def close(values, rel=1e-11):
    return pytest.approx(values, rel=rel, abs=1e-13)


class TestAverage:
    """From a fraction of the run on, w and b are the means of all since."""

    @pytest.mark.parametrize("average", [None, 0, 0.5, 0.99])
    @pytest.mark.parametrize(("batch_size", "via"), [(None, "moments"), (None, "data"), (1, "auto"), (5, "auto")])
    @pytest.mark.parametrize("d", [None, 3])
    @pytest.mark.parametrize("optimizer", ["plain", "momentum"])
    @pytest.mark.parametrize("extra", [{}, {"standardize": True}, {"l2": 0.3, "bias": False, "b0": 0.0}])
    def test_agrees_with_the_reference(self, average, batch_size, via, d, optimizer, extra):
        x, y, w0 = problem(d)
        options = {"w0": w0, "b0": 0.2, "learning_rate": 0.02, "epochs": EPOCHS, "batch_size": batch_size} | extra
        rule = ("momentum", 0.9) if optimizer == "momentum" else "plain"
        expected = columns(reference.fit(x.tolist(), y.tolist(), average=average, optimizer=rule, **options))
        fit = fastgd.fit(x, y, average=average, optimizer=optimizer, shuffle="none", via=via, **options)
        assert fit.history.w == close(expected[0])
        assert fit.history.b == close(expected[1])
        costs = [reference.mse(x.tolist(), y.tolist(), w.tolist(), b) for w, b in zip(*expected)]
        assert fit.history.cost == close(costs)
        assert np.array_equal(fit.w, fit.history.w[-1])
        assert fit.b == close(fit.history.b[-1])
        assert fit.cost == fit.history.cost[-1]

    @pytest.mark.parametrize("loss", ["huber", "absolute"])
    @pytest.mark.parametrize("batch_size", [None, 1, 5])
    def test_of_other_losses_agrees_with_the_reference(self, loss, batch_size):
        x, y, w0 = problem(3)
        options = {"w0": w0, "b0": 0.2, "learning_rate": 0.02, "epochs": EPOCHS, "batch_size": batch_size, "loss": loss}
        w, b = columns(reference.fit(x.tolist(), y.tolist(), average=0.4, **options))
        fit = fastgd.fit(x, y, average=0.4, shuffle="none", **options)
        assert fit.history.w == close(w)
        assert fit.history.b == close(b)

    @pytest.mark.parametrize("average", [0, 0.3, 0.9])
    def test_of_full_batches_is_the_same_from_moments_and_data(self, average):
        x, y, w0 = problem(3, 200)
        one, other = (fastgd.fit(x, y, w0=w0, learning_rate=0.05, epochs=50, average=average, via=via) for via in VIAS)
        assert (one.via, other.via) == VIAS
        assert one.history.w == close(other.history.w)
        assert one.history.cost == close(other.history.cost)
        assert len(one.history) == len(other.history) == 51

    @pytest.mark.parametrize("batch_size", [None, 1, 5])
    @pytest.mark.parametrize("optimizer", ["plain", "nesterov", "adam", "implicit"])
    @pytest.mark.parametrize("average", [None, 0.5])
    def test_without_a_record_is_the_same(self, batch_size, optimizer, average):
        x, y, w0 = problem()
        options = {"w0": w0, "learning_rate": 0.05, "epochs": EPOCHS, "batch_size": batch_size, "seed": 1}
        options |= {"average": average, "optimizer": optimizer}
        for via in VIAS if batch_size is None else ("auto",):
            one, other = (fastgd.fit(x, y, record=record, via=via, **options) for record in (None, "epoch"))
            assert (one.w, one.b) == (other.w, other.b)
            assert one.history is None

    def test_of_samples_comes_closer_than_the_last_of_them(self):
        x, y, w0 = problem(3, 400)
        options = {"w0": w0, "batch_size": 1, "learning_rate": 0.02, "epochs": 20, "seed": 0}
        assert fastgd.fit(x, y, average=0.5, **options).excess < 0.2 * fastgd.fit(x, y, **options).excess

    @pytest.mark.parametrize("value", [1, 1.0, 1.5, -0.1, math.nan, math.inf, True, False])
    def test_bad_fractions(self, value):
        with pytest.raises(ValueError, match=f"average is {value}") as caught:
            fastgd.fit([1, 2, 3], [2, 4, 6], average=value)
        assert "\n" not in str(caught.value)

    def test_what_is_no_number(self):
        with pytest.raises(TypeError, match="average is 'all': it must be a number"):
            fastgd.fit([1, 2, 3], [2, 4, 6], average="all")


@pytest.mark.parametrize("d", [None, 3])
@pytest.mark.parametrize("options", [{}, {"record": 2}, {"average": 0.5, "batch_size": 5}])
def test_what_is_given_is_the_last_row_of_a_standardised_history(d, options):
    x, y, w0 = problem(d)
    fit = fastgd.fit(x, y, w0=w0, b0=0.2, standardize=True, learning_rate=0.02, epochs=EPOCHS, seed=0, **options)
    assert np.array_equal(fit.w, fit.history.w[-1])
    assert fit.b == fit.history.b[-1]


def expected_updates(every, updates):
    """0, every, 2 every, ..., and the last one."""
    return sorted({*range(0, updates + 1, every), updates})


class TestRecord:
    """`record=k`: rows at the start, after every k updates, and at the end."""

    @pytest.mark.parametrize("every", [1, 2, 3, 5, 7, 23, 10_000])
    @pytest.mark.parametrize(("batch_size", "via"), [(None, "moments"), (None, "data"), (1, "auto"), (5, "auto")])
    @pytest.mark.parametrize("d", [None, 3])
    @pytest.mark.parametrize("extra", ["plain", "weights", "standardize", "l2"])
    def test_rows_are_those_of_the_reference(self, every, batch_size, via, d, extra):
        x, y, w0 = problem(d)
        options = {"w0": w0, "b0": 0.2, "learning_rate": 0.02}
        if extra == "weights":
            options["sample_weight"] = (np.random.default_rng(5).random(N) + 0.1).tolist()
        if extra in ("standardize", "l2"):
            options |= {"standardize": extra == "standardize", "l2": 0.2}
        w, b = columns(update_by_update(x, y, batch_size, **options))
        rows = expected_updates(every, len(w) - 1)
        fit = fastgd.fit(x, y, record=every, batch_size=batch_size, via=via, epochs=EPOCHS, shuffle="none", **options)
        assert fit.history.update.tolist() == rows
        assert fit.history.epoch.tolist() == [update * EPOCHS // (len(w) - 1) for update in rows]
        assert fit.history.w == close(w[rows])
        assert fit.history.b == close(b[rows])
        weight = options.get("sample_weight")
        costs = [fastgd.mse(x, y, w, b, sample_weight=weight) for w, b in zip(fit.history.w, fit.history.b)]
        assert fit.history.cost == close(costs)
        assert np.array_equal(fit.w, fit.history.w[-1])
        assert fit.b == close(fit.history.b[-1])
        assert fit.cost == fit.history.cost[-1]
        assert fit.epochs == EPOCHS
        assert fit.history.validation_cost is None

    @pytest.mark.parametrize("loss", ["huber", "absolute"])
    @pytest.mark.parametrize("batch_size", [None, 1, 5])
    @pytest.mark.parametrize("optimizer", ["plain", "adam"])
    def test_of_other_losses(self, loss, batch_size, optimizer):
        x, y, w0 = problem(3)
        options = {"w0": w0, "b0": 0.2, "learning_rate": 0.02, "loss": loss, "delta": 0.4}
        rule = ("adam", 0.9, 0.999, 1e-8) if optimizer == "adam" else "plain"
        w, b = columns(update_by_update(x, y, batch_size, optimizer=rule, **options))
        fit = fastgd.fit(
            x, y, record=4, batch_size=batch_size, epochs=EPOCHS, shuffle="none", optimizer=optimizer, **options
        )
        rows = expected_updates(4, len(w) - 1)
        assert fit.history.update.tolist() == rows
        assert fit.history.w == close(w[rows], 1e-10)
        assert fit.history.b == close(b[rows], 1e-10)
        costs = [fastgd.cost(x, y, w, b, loss=loss, delta=0.4) for w, b in zip(fit.history.w, fit.history.b)]
        assert fit.history.cost == close(costs)

    @pytest.mark.parametrize("average", [0, 0.5])
    @pytest.mark.parametrize(("batch_size", "via"), [(None, "moments"), (None, "data"), (1, "auto"), (5, "auto")])
    @pytest.mark.parametrize("every", [1, 4])
    def test_of_averages(self, average, batch_size, via, every):
        x, y, w0 = problem(3)
        options = {"w0": w0, "b0": 0.2, "learning_rate": 0.02, "average": average}
        w, b = columns(update_by_update(x, y, batch_size, **options))
        rows = expected_updates(every, len(w) - 1)
        fit = fastgd.fit(x, y, record=every, batch_size=batch_size, via=via, epochs=EPOCHS, shuffle="none", **options)
        assert fit.history.update.tolist() == rows
        assert fit.history.w == close(w[rows])
        assert fit.history.b == close(b[rows])

    @pytest.mark.parametrize("shuffle", ["each", "once", "none"])
    @pytest.mark.parametrize("batch_size", [1, 4])
    @pytest.mark.parametrize("d", [None, 3, 40])
    def test_a_run_is_the_same_however_it_is_recorded(self, shuffle, batch_size, d):
        x, y, w0 = problem(d)
        options = {
            "w0": w0,
            "learning_rate": 1e-3,
            "epochs": EPOCHS,
            "seed": 4,
            "shuffle": shuffle,
            "batch_size": batch_size,
        }
        by_epoch = fastgd.fit(x, y, **options)
        by_update = fastgd.fit(x, y, record=3, **options)
        assert by_update.w == close(by_epoch.w)
        assert by_update.b == close(by_epoch.b)
        assert by_update.cost == close(by_epoch.cost)
        ends = np.isin(by_update.history.update, by_epoch.history.update)
        same = np.isin(by_epoch.history.update, by_update.history.update)
        assert by_update.history.w[ends] == close(by_epoch.history.w[same])
        assert np.array_equal(by_update.history.epoch[ends], by_epoch.history.epoch[same])

    def test_by_epoch_has_the_updates_too(self):
        x, y, _ = problem()
        fit = fastgd.fit(x, y, batch_size=5, learning_rate=0.02, epochs=3, seed=0)
        assert fit.history.update.tolist() == [0, 5, 10, 15]
        assert fit.history.epoch.tolist() == [0, 1, 2, 3]

    def test_of_no_epochs_is_the_start(self):
        for options in ({"batch_size": 1}, {"via": "moments"}, {"via": "data"}):
            fit = fastgd.fit([1, 2, 3], [2, 4, 6], w0=1.5, epochs=0, record=2, learning_rate=0.01, **options)
            assert (fit.w, len(fit.history), fit.history.update.tolist()) == (1.5, 1, [0])

    def test_of_a_descent_that_diverges_keeps_the_rise(self):
        x, y, w0 = problem()
        with pytest.warns(fastgd.DivergenceWarning):
            fit = fastgd.fit(x, y, w0=w0, batch_size=1, learning_rate=50.0, epochs=200, record=1, shuffle="none")
        assert fit.status is fastgd.Status.DIVERGED
        assert fit.history.cost[3] > fit.history.cost[0]
        assert math.isfinite(fit.w) and math.isfinite(fit.b) and math.isfinite(fit.cost)
        assert np.all(np.diff(fit.history.update) > 0)

    def test_of_full_batches_that_converge_ends_at_the_end(self):
        x, y, w0 = problem(3)
        for via in VIAS:
            fit = fastgd.fit(x, y, w0=w0, epochs=100_000, record=7, via=via)
            assert fit.status is fastgd.Status.CONVERGED
            assert fit.epochs < 100_000
            assert fit.history.update[-1] == fit.epochs
            assert fit.history.update[:-1].tolist() == list(range(0, fit.epochs, 7))


def parts(x, y, share=0.25):
    """Rows to train on, and the last ones, put aside."""
    aside = round(share * len(y))
    return (x[:-aside], y[:-aside]), (x[-aside:], y[-aside:])


def validation_costs(fit, x, y, **options):
    return [fastgd.cost(x, y, w, b, **options) for w, b in zip(fit.history.w, fit.history.b)]


class TestValidation:
    """The cost of data that are not trained on, in every row of the history."""

    @pytest.mark.parametrize("loss", LOSSES)
    @pytest.mark.parametrize("record", ["epoch", 3])
    @pytest.mark.parametrize("standardize", [False, True])
    @pytest.mark.parametrize("batch_size", [None, 1, 5])
    @pytest.mark.parametrize("d", [None, 3])
    @pytest.mark.parametrize("weighted", [False, True])
    def test_is_the_cost_of_every_row(self, loss, record, standardize, batch_size, d, weighted):
        x, y, w0 = problem(d)
        other_x, other_y, _ = problem(d, 11, seed=9)
        weight = np.random.default_rng(3).random(11) + 0.1 if weighted else None
        judged = (other_x, other_y, weight) if weighted else (other_x, other_y)
        options = {"loss": loss, "delta": 0.4, "batch_size": batch_size, "standardize": standardize, "record": record}
        options |= {"w0": w0, "learning_rate": 0.02, "epochs": EPOCHS, "l2": 0.2, "seed": 1}
        for via in VIAS if batch_size is None and loss == "squared" else ("auto",):
            fit = fastgd.fit(x, y, validation=judged, via=via, **options)
            expected = validation_costs(fit, other_x, other_y, loss=loss, delta=0.4, sample_weight=weight)
            assert fit.history.validation_cost == close(expected)
            alone = fastgd.fit(x, y, via=via, **options)
            assert fit.history.w == close(alone.history.w)
            assert fit.history.cost == close(alone.history.cost)
            assert np.array_equal(fit.history.update, alone.history.update)
            assert fit.best_epoch is None

    @pytest.mark.parametrize("bias", [True, False])
    @pytest.mark.parametrize("average", [None, 0.5])
    def test_of_averages_and_without_a_bias(self, bias, average):
        x, y, w0 = problem(3)
        judged = problem(3, 11, seed=9)[:2]
        for batch_size, standardize in itertools.product([None, 5], [False, True]):
            options = {"batch_size": batch_size, "standardize": standardize, "learning_rate": 0.02, "epochs": EPOCHS}
            fit = fastgd.fit(x, y, w0=w0, validation=judged, bias=bias, average=average, seed=1, **options)
            assert fit.history.validation_cost == close(validation_costs(fit, *judged))

    @pytest.mark.parametrize("batch_size", [None, 1, 5])
    @pytest.mark.parametrize("loss", LOSSES)
    @pytest.mark.parametrize("standardize", [False, True])
    @pytest.mark.parametrize("d", [None, 3])
    def test_a_fraction_in_the_order_given_is_the_last_rows(self, batch_size, loss, standardize, d):
        x, y, w0 = problem(d)
        train, aside = parts(x, y)
        options = {"w0": w0, "loss": loss, "batch_size": batch_size, "learning_rate": 0.02, "epochs": EPOCHS}
        options |= {"standardize": standardize, "shuffle": "none"}
        fit = fastgd.fit(x, y, validation=0.25, **options)
        alone = fastgd.fit(*train, **options)
        assert len(aside[1]) == 6
        assert fit.history.w == close(alone.history.w)
        assert fit.history.cost == close(alone.history.cost)
        assert fit.history.validation_cost == close(validation_costs(fit, *aside, loss=loss))

    def test_a_fraction_takes_the_weights_along(self):
        x, y, w0 = problem(3)
        weight = np.random.default_rng(3).random(N) + 0.1
        options = {"w0": w0, "learning_rate": 0.02, "epochs": EPOCHS, "batch_size": 5, "shuffle": "none"}
        fit = fastgd.fit(x, y, sample_weight=weight, validation=0.25, **options)
        alone = fastgd.fit(x[:-6], y[:-6], sample_weight=weight[:-6], **options)
        assert fit.history.w == close(alone.history.w)
        assert fit.history.validation_cost == close(validation_costs(fit, x[-6:], y[-6:], sample_weight=weight[-6:]))

    @pytest.mark.parametrize("shuffle", ["each", "once"])
    @pytest.mark.parametrize("d", [None, 3, 40])
    def test_a_fraction_else_is_random_rows_by_the_seed(self, shuffle, d):
        x, y, w0 = problem(d)
        options = {"w0": w0, "batch_size": 5, "learning_rate": 1e-3, "epochs": 3, "shuffle": shuffle, "validation": 0.3}
        one, again, other = (fastgd.fit(x, y, seed=seed, **options) for seed in (1, 1, 2))
        assert np.array_equal(one.history.w, again.history.w)
        assert np.array_equal(one.history.validation_cost, again.history.validation_cost)
        assert not np.array_equal(one.history.validation_cost, other.history.validation_cost)
        drawn = fastgd.fit(x, y, **options)
        repeated = fastgd.fit(x, y, seed=drawn.seed, **options)
        assert np.array_equal(drawn.history.w, repeated.history.w)

    @pytest.mark.parametrize("batch_size", [None, 5])
    def test_random_rows_are_each_on_one_side(self, batch_size):
        # y is 2^row: the sums of squares at w = b = 0 tell the rows.
        n = 20
        x, y = np.ones(n), np.sqrt(2.0 ** np.arange(n))
        options = {"learning_rate": 1e-3, "epochs": 1, "batch_size": batch_size, "w0": 0.0}
        sides = set()
        for seed in range(20):
            fit = fastgd.fit(x, y, validation=0.25, seed=seed, **options)
            train, aside = round(fit.history.cost[0] * 15), round(fit.history.validation_cost[0] * 5)
            assert train + aside == 2**n - 1
            assert aside.bit_count() == 5
            sides.add(aside)
        assert len(sides) > 15

    @pytest.mark.parametrize("d", [None, 3, 40])
    def test_the_orders_of_the_rows_trained_on_are_those_of_seed_and_epoch(self, d):
        x, y, w0 = problem(d)
        n = N - 7
        everywhere = order_of(3, (1 << 32) - 1, N)
        kept = np.sort(everywhere[:n])
        orders = [order_of(3, epoch, n).tolist() for epoch in range(EPOCHS)]
        options = {"w0": w0, "learning_rate": 1e-3, "epochs": EPOCHS, "batch_size": 4}
        expected = reference.fit(x[kept].tolist(), y[kept].tolist(), b0=0.0, orders=orders, **options)
        fit = fastgd.fit(x, y, validation=0.3, seed=3, **options)
        assert fit.history.w == close(columns(expected)[0])

    def test_of_rows_put_aside_everything_said_is_of_the_others(self):
        x, y, _ = problem(3, 100)
        train, _ = parts(x, y)
        fit = fastgd.fit(x, y, validation=0.25, shuffle="none", epochs=2000)
        alone = fastgd.fit(*train, epochs=2000)
        for name in ("learning_rate", "max_learning_rate", "condition", "minimum_cost", "r2", "cost"):
            assert getattr(fit, name) == pytest.approx(getattr(alone, name), rel=1e-12)

    @pytest.mark.parametrize("kind", [list, tuple])
    def test_lists_do(self, kind):
        fit = fastgd.fit([1, 2, 3], [2, 4, 6], validation=kind([[4, 5], [8, 10]]), learning_rate=0.01, epochs=2)
        assert fit.history.validation_cost == close(validation_costs(fit, [4, 5], [8, 10]))

    def test_user_arrays_are_left_alone(self):
        x, y, _ = problem(3)
        copies = x.copy(), y.copy()
        fastgd.fit(x, y, validation=0.3, standardize=True, batch_size=5, learning_rate=0.01, epochs=2)
        assert np.array_equal(x, copies[0]) and np.array_equal(y, copies[1])

    @pytest.mark.parametrize(
        ("validation", "kind", "sentence"),
        [
            (0.0, ValueError, "validation is 0: a fraction must be above 0 and below 1"),
            (1.0, ValueError, "validation is 1: a fraction must be above 0 and below 1"),
            (-0.5, ValueError, "validation is -0.5: a fraction must be"),
            (math.nan, ValueError, "validation is nan"),
            (0.01, ValueError, "validation is 0.01: of 3 rows that leaves 3 to train on and 0 aside"),
            (0.99, ValueError, "validation is 0.99: of 3 rows that leaves 0 to train on and 3 aside"),
            ("half", TypeError, "validation is 'half': it must be a number"),
            (([1.0],), ValueError, r"validation has 1 parts: it must be \(x, y\)"),
            (([1.0], [2.0], [1.0], [1.0]), ValueError, "validation has 4 parts"),
            (([1.0], [2.0, 3.0]), ValueError, "validation: x has 1 rows and y has 2"),
            (([1.0, math.nan], [2.0, 3.0]), ValueError, "validation: x.*row 1"),
            (([1.0, 2.0], [2.0, math.inf]), ValueError, "validation: y.*row 1"),
            (([1.0, 2.0], [2.0, 3.0], [1.0, -1.0]), ValueError, "validation: sample_weight is -1 in row 1"),
            (([1.0, 2.0], [2.0, 3.0], [0.0, 0.0]), ValueError, "validation: sample_weight"),
            (([], []), ValueError, "validation: x"),
            (([[1.0], [2.0]], [2.0, 3.0]), ValueError, r"x of validation has shape \(n, 1\) and x \(n,\)"),
            (([1.0], ["a"]), (TypeError, ValueError), "validation: y"),
        ],
    )
    @pytest.mark.parametrize("loss", ["squared", "huber"])
    def test_bad_validation(self, validation, kind, sentence, loss):
        with pytest.raises(kind, match=sentence) as caught:
            fastgd.fit([1, 2, 3], [2, 4, 6], validation=validation, learning_rate=0.01, epochs=2, loss=loss)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("loss", ["squared", "huber"])
    def test_a_row_that_is_not_finite_among_those_put_aside_is_named(self, loss):
        x, y, _ = problem()
        x[-2] = math.nan
        with pytest.raises(ValueError, match="row 21"):
            fastgd.fit(x, y, validation=0.25, shuffle="none", learning_rate=0.01, epochs=2, loss=loss)

    @pytest.mark.parametrize("shape", [(5, 2), (5, 4), (5,)])
    def test_of_other_features_is_refused(self, shape):
        x, y, _ = problem(3)
        with pytest.raises(ValueError, match="both must have the same features") as caught:
            fastgd.fit(x, y, validation=(np.ones(shape), np.ones(5)))
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("library", ["pandas", "polars"])
    def test_a_frame_of_other_columns_is_refused(self, library):
        frames = pytest.importorskip(library, reason=f"{library} is not installed: it has no frames to give")
        x, y, _ = problem(2)
        frame = frames.DataFrame({"length": x[:, 0], "width": x[:, 1]})
        same = frames.DataFrame({"length": x[:5, 0], "width": x[:5, 1]})
        fit = fastgd.fit(frame, y, validation=(same, y[:5]), learning_rate=0.01, epochs=2)
        assert fit.history.validation_cost == close(validation_costs(fit, x[:5], y[:5]))
        other = frames.DataFrame({"length": x[:5, 0], "depth": x[:5, 1]})
        with pytest.raises(
            ValueError, match="x of validation lacks the column 'width' and has the column 'depth'"
        ) as caught:
            fastgd.fit(frame, y, validation=(other, y[:5]), learning_rate=0.01, epochs=2)
        assert "\n" not in str(caught.value)

    def test_batches_larger_than_what_is_left_are_refused(self):
        x, y, _ = problem()
        with pytest.raises(ValueError, match="batch_size is 20: there are only 17 rows"):
            fastgd.fit(x, y, validation=0.25, batch_size=20, learning_rate=0.01)

    def test_a_batch_of_all_that_is_left_is_the_full_batch(self):
        x, y, w0 = problem()
        options = {"w0": w0, "validation": 0.25, "shuffle": "none", "learning_rate": 0.02, "epochs": EPOCHS}
        fit = fastgd.fit(x, y, batch_size=17, **options)
        assert fit.batch_size is None
        assert fit.history.w == close(fastgd.fit(x, y, **options).history.w)

    def test_moments_apply_where_the_rows_left_make_one_batch(self):
        x, y, w0 = problem()
        options = {"w0": w0, "validation": 0.25, "shuffle": "none", "learning_rate": 0.02, "epochs": EPOCHS}
        fit = fastgd.fit(x, y, batch_size=17, via="moments", **options)
        assert (fit.batch_size, fit.via) == (None, "moments")


def waits(costs):
    """Epochs since the least cost, and the epoch of it."""
    best = int(np.argmin(costs))
    return len(costs) - 1 - best, best


class TestPatience:
    """A descent whose validation cost has stopped falling is ended, and its best epoch given."""

    x, y, w0 = problem(3, 40)
    worse = problem(3, 30, seed=8)

    def judged(self):
        """Data whose own minimum the path passes on its way to another."""
        x, y, _ = self.worse
        return x, 0.5 * y + 1.0

    def run(self, **options):
        given = {"w0": [0.0, 0.0, 0.0], "learning_rate": 0.02, "epochs": 300, "validation": self.judged(), "shuffle": "none"}
        return fastgd.fit(self.x, self.y, **(given | options))

    @pytest.mark.parametrize("patience", [1, 2, 5])
    @pytest.mark.parametrize(
        "options",
        [
            {"via": "moments"},
            {"via": "data"},
            {"batch_size": 1, "learning_rate": 0.002},
            {"batch_size": 5, "learning_rate": 0.005},
            {"loss": "huber", "delta": 0.5},
            {"loss": "absolute"},
            {"standardize": True},
            {"average": 0.0},
            {"optimizer": "momentum", "learning_rate": 0.002},
            {"l2": 0.05},
            {"bias": False},
        ],
        ids=repr,
    )
    def test_stops_and_gives_the_best_epoch(self, patience, options):
        whole = self.run(**options)
        assert whole.status is not fastgd.Status.STOPPED_EARLY
        judged = whole.history.validation_cost
        best, waited = 0, 0
        for t in range(1, len(judged)):  # the rule by hand
            best, waited = (t, 0) if judged[t] < judged[best] else (best, waited + 1)
            if waited == patience:
                break
        assert 0 < best < t < 300
        fit = self.run(patience=patience, **options)
        assert fit.status is fastgd.Status.STOPPED_EARLY
        assert (fit.epochs, fit.best_epoch) == (t, best)
        assert len(fit.history) == t + 1
        assert fit.history.w == close(whole.history.w[: t + 1])
        assert fit.history.validation_cost == close(judged[: t + 1])
        assert fit.w == close(fit.history.w[best])
        assert fit.b == close(fit.history.b[best])
        assert fit.cost == close(fit.history.cost[best])
        said = fit.explain()
        assert said.startswith(f"stopped early after {t} epochs")
        assert f"the validation cost was least after epoch {best}, and w and b are that epoch's" in said
        assert repr(fit).endswith("STOPPED_EARLY)") and f"{t} epochs" in repr(fit)
        assert fit.raise_for_status() is fit

    def test_excess_and_r2_are_those_of_the_best_epoch(self):
        fit = self.run(patience=3, l2=0.05)
        exact = fastgd.QuadraticCost.of(self.x, self.y)
        assert fit.r2 == pytest.approx(1 - fit.cost / np.var(self.y), rel=1e-12)
        assert fit.excess == pytest.approx((fit.cost + 0.05 * fit.w @ fit.w) / fit.minimum_cost - 1, rel=1e-10)
        assert fit.cost == pytest.approx(exact.mse(fit.w, fit.b), rel=1e-12)

    @pytest.mark.parametrize("every", [1, 3, 7, 1000])
    def test_with_records_of_updates_the_epochs_are_those_without(self, every):
        options = {"batch_size": 5, "learning_rate": 0.005, "patience": 3}
        by_epoch, by_update = self.run(**options), self.run(record=every, **options)
        assert by_update.status is fastgd.Status.STOPPED_EARLY
        assert (by_update.epochs, by_update.best_epoch) == (by_epoch.epochs, by_epoch.best_epoch)
        assert by_update.w == close(by_epoch.w)
        assert by_update.cost == close(by_epoch.cost)
        assert by_update.history.update[-1] == by_epoch.history.update[-1]
        assert by_update.history.validation_cost == close(validation_costs(by_update, *self.judged()))

    @pytest.mark.parametrize("options", [{"via": "moments"}, {"via": "data"}, {"batch_size": 1, "learning_rate": 0.002}])
    def test_does_not_stop_what_improves(self, options):
        # Validated on the rows trained on, a stable full batch always improves.
        fit = self.run(validation=(self.x, self.y), patience=1, epochs=20, **options)
        assert np.all(np.diff(fit.history.validation_cost) < 0)
        assert fit.status is fastgd.Status.MAX_EPOCHS
        assert (fit.epochs, fit.best_epoch) == (20, None)
        assert np.array_equal(fit.w, fit.history.w[-1])

    def test_a_cost_that_stays_has_not_improved(self):
        # A row of zeros without a bias: its cost is the same at every w.
        judged = np.zeros((2, 3)), np.ones(2)
        fit = self.run(validation=judged, patience=4, bias=False)
        assert (fit.status, fit.epochs, fit.best_epoch) == (fastgd.Status.STOPPED_EARLY, 4, 0)
        assert np.array_equal(fit.w, np.zeros(3))

    def test_of_a_fraction_is_reproducible(self):
        options = {"validation": 0.3, "patience": 2, "batch_size": 1, "shuffle": "each", "learning_rate": 0.05, "seed": 5}
        one, again = self.run(**options), self.run(**options)
        assert one.status is fastgd.Status.STOPPED_EARLY
        assert (one.epochs, one.best_epoch) == (again.epochs, again.best_epoch)
        assert np.array_equal(one.w, again.w)
        assert waits(one.history.validation_cost) == (2, one.best_epoch)

    def test_a_descent_that_diverges_says_so_and_not_that_it_stopped_early(self):
        with pytest.warns(fastgd.DivergenceWarning):
            fit = self.run(learning_rate=1e9, patience=50)
        assert fit.status is fastgd.Status.DIVERGED

    def test_warns_of_nothing(self):
        # An "auto" rate that ends above the minimum was asked to: the settings turn warnings into errors.
        fit = self.run(patience=1, learning_rate="auto", batch_size=5)
        assert fit.status is fastgd.Status.STOPPED_EARLY


BAD = [
    ({"loss": "square"}, ValueError, r"loss is 'square': .*'squared'"),
    ({"loss": "huber", "delta": 0}, ValueError, "delta is 0"),
    ({"loss": "huber", "delta": -1}, ValueError, "delta is -1"),
    ({"loss": "huber", "delta": math.nan}, ValueError, "delta is nan"),
    ({"epochs": -1}, ValueError, "epochs is -1: it must be 0 or above"),
    ({"epochs": True}, TypeError, "epochs is True: it must be a whole number"),
    ({"batch_size": 0}, ValueError, "batch_size is 0: it must be 1 or above"),
    ({"batch_size": -3}, ValueError, "batch_size is -3: it must be 1 or above"),
    ({"batch_size": 4}, ValueError, "batch_size is 4: there are only 3 rows; None is full batch"),
    ({"batch_size": True}, TypeError, "batch_size is True: it must be a whole number"),
    ({"l2": -0.1}, ValueError, "l2 is -0.1: it must be 0 or above"),
    ({"l2": math.inf}, ValueError, "l2 is inf: it must be a finite number"),
    ({"optimizer": "adm"}, ValueError, "optimizer is 'adm': it must be one of"),
    ({"schedule": "cosin"}, ValueError, "schedule is 'cosin': it must be one of"),
    ({"shuffle": "eech"}, ValueError, r"shuffle is 'eech': it must be one of 'each', 'once', 'none' \(did you mean 'each'"),
    ({"shuffle": None}, ValueError, "shuffle is None: it must be one of 'each', 'once', 'none'"),
    ({"shuffle": True}, ValueError, "shuffle is True: it must be one of 'each', 'once', 'none'"),
    ({"seed": -1}, ValueError, "seed is -1: it must be 0 or above"),
    ({"seed": True}, TypeError, "seed is True: it must be a whole number"),
    ({"average": 1}, ValueError, "average is 1: it must be a fraction of the run, at least 0 and below 1"),
    ({"tol": -1.0}, ValueError, "tol is -1: it must be 0 or above"),
    ({"tol": math.nan}, ValueError, "tol is nan: it must be a finite number"),
    ({"tol": 0.1, "record": None}, ValueError, "tol is given and record is None: .*it must be recorded"),
    ({"patience": 0, "validation": 0.5}, ValueError, "patience is 0: it must be 1 or above"),
    ({"patience": 2.5, "validation": 0.5}, TypeError, "patience is 2.5: it must be a whole number"),
    ({"patience": 2}, ValueError, "patience is given and validation is None: .*there must be one"),
    ({"validation": 0.5, "record": None}, ValueError, "validation is given and record is None: .*recorded"),
    ({"patience": 2, "validation": 0.5, "record": None}, ValueError, "validation is given and record is None"),
    ({"record": 0}, ValueError, "record is 0: it must be 1 or above"),
    ({"record": -2}, ValueError, "record is -2: it must be 1 or above"),
    ({"record": 1.5}, TypeError, "record is 1.5: it must be a whole number"),
    ({"record": True}, TypeError, "record is True: it must be a whole number"),
    ({"record": "update"}, ValueError, "record is 'update': it must be 'epoch', a number of updates, or None"),
    ({"via": "momnts"}, ValueError, r"via is 'momnts': it must be one of .*did you mean 'moments'"),
    ({"via": None}, ValueError, "via is None: it must be one of 'auto', 'moments', 'data'"),
    ({"via": "moments", "batch_size": 2}, ValueError, "via is 'moments': batches of 2 cannot be summarised in moments"),
    ({"via": "moments", "loss": "absolute"}, ValueError, "via is 'moments': the absolute loss cannot be summarised"),
    ({"b0": 1.0, "bias": False}, ValueError, "b0 is 1.0: with bias=False the model has no b, so it must be 0"),
    ({"optimizer": "implicit", "loss": "huber"}, ValueError, "optimizer is 'implicit': .*the huber loss; use batch_size=1"),
    (
        {"optimizer": "implicit", "loss": "absolute", "batch_size": 2},
        ValueError,
        "optimizer is 'implicit': .*not the absolute loss; use batch_size=1",
    ),
    ({"learning_rate": 0}, ValueError, "learning_rate is 0: it must be above 0"),
    ({"learning_rate": "automatic"}, ValueError, "learning_rate is 'automatic': it must be a number above 0, or 'auto'"),
    ({"learning_rate": "auto", "loss": "absolute"}, ValueError, "learning_rate is 'auto': the absolute loss"),
]


@pytest.mark.parametrize(("options", "kind", "sentence"), BAD, ids=[str(options) for options, _, _ in BAD])
def test_bad_options_are_refused_in_a_sentence_that_names_them(options, kind, sentence):
    with pytest.raises(kind, match=sentence) as caught:
        fastgd.fit([1, 2, 3], [2, 4, 6], **({"learning_rate": 0.01} | options))
    assert "\n" not in str(caught.value)


def test_values_of_numpy_are_taken():
    options = {"batch_size": np.int64(2), "epochs": np.int32(3), "l2": np.float32(0.5), "seed": np.uint8(1)}
    options |= {"average": np.float64(0.5), "record": np.int64(2), "patience": np.int64(9), "validation": np.float64(0.4)}
    x, y, _ = problem()
    fit = fastgd.fit(x, y, learning_rate=np.float32(0.01), **options)
    assert (fit.epochs, fit.batch_size, fit.seed) == (3, 2, 1)


@pytest.mark.parametrize(("batch_size", "via"), [(None, "moments"), (None, "data"), (1, "auto"), (5, "auto")])
def test_a_bias_that_starts_elsewhere_moves_the_rest_too(batch_size, via):
    x, y, w0 = problem(3)
    options = {"w0": w0, "b0": -2.0, "learning_rate": 0.02, "epochs": EPOCHS, "batch_size": batch_size}
    w, b = columns(reference.fit(x.tolist(), y.tolist(), **options))
    fit = fastgd.fit(x, y, shuffle="none", via=via, **options)
    assert fit.history.w == close(w) and fit.history.b == close(b)


class TestTruth:
    """`shuffle="none"` is right for `fit`, and was True, in silence, for `k_fold`."""

    @pytest.mark.parametrize("value", ["none", "no", 0, 1, None, np.array([True]), 1.0])
    def test_a_word_is_neither_true_nor_false(self, value):
        x, y = [1.0, 2.0, 4.0, 5.0], [1.0, 2.0, 3.0, 5.0]
        calls = {
            "shuffle": [lambda: fastgd.k_fold(4, 2, shuffle=value), lambda: fastgd.hold_out(4, shuffle=value),
                        lambda: fastgd.split(x, y, shuffle=value)],
            "bias": [lambda: fastgd.fit(x, y, bias=value), lambda: fastgd.QuadraticCost.of(x, y, bias=value),
                     lambda: fastgd.stability(x, bias=value), lambda: fastgd.AffineMap.of(x, y, 0.1, bias=value)],
            "standardize": [lambda: fastgd.fit(x, y, standardize=value), lambda: fastgd.explore(x, y, standardize=value),
                            lambda: fastgd.fit_many(x, y, {"l2": [0.0]}, standardize=value),
                            lambda: fastgd.cross_validate(x, y, folds=2, standardize=value)],
            "debias": [lambda: fastgd.smooth(x, 0.5, debias=value)],
            "paired": [lambda: fastgd.fit_many(x, y, {"l2": [0.0]}, paired=value),
                       lambda: fastgd.select(x, y, {"l2": [0.0]}, folds=2, paired=value)],
        }  # fmt: skip
        for name, every in calls.items():
            for call in every:
                with pytest.raises(TypeError, match=f"{name} is .*: it must be True or False"):
                    call()
        assert fastgd.fit(x, y, bias=np.bool_(False)).b == 0.0
