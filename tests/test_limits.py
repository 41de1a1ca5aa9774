"""Which learning rates work: predicted before the first step, and what descent does at them."""

import math
import warnings

import matplotlib.pyplot as plt
import numba
import numpy as np
import pytest

import fastgd
from fastgd import Status, kernels
from fastgd.rates import half_hessian, mean_square_limit

PROBLEMS = 2 if numba.config.DISABLE_JIT else 12  # in plain Python a simulated product of steps takes seconds


def some(seed):
    """A random problem: up to 8 features, normal, heavy-tailed or skewed, some scaled from 1e-3 to 1e3."""
    generator = np.random.default_rng(seed)
    d, n = int(generator.integers(1, 9)), int(generator.integers(20, 120))
    kind = generator.integers(3)
    draw = (generator.standard_normal, lambda size: generator.standard_t(2.5, size), generator.standard_exponential)[kind]
    x = draw((n, d))
    x = x * 10.0 ** generator.uniform(-3, 3, d) if generator.integers(2) else x + generator.normal(size=d)
    return x, x @ (generator.normal(size=d) / np.abs(x).mean(axis=0)) + generator.normal(size=n)


def observed(x, y, rate, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fastgd.fit(x, y, learning_rate=rate, **options).status is Status.DIVERGED


@pytest.mark.parametrize("seed", range(PROBLEMS))
def test_full_batches_diverge_above_the_limit_and_not_below(seed):
    x, y = some(seed)
    limit = fastgd.stability(x).max_learning_rate
    assert limit == pytest.approx(2.0 / np.linalg.eigvalsh(fastgd.QuadraticCost.of(x, y).hessian)[-1], rel=1e-9)
    assert not observed(x, y, 0.999 * limit, epochs=300)
    assert observed(x, y, 1.001 * limit, epochs=5000)


@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize("seed", range(PROBLEMS))
@pytest.mark.compiled("a simulated product of steps takes minutes as plain Python")
def test_batches_are_safe_below_the_limit_and_diverge_beyond_the_turn(seed, batch_size):
    x, y = some(seed)
    found = fastgd.stability(x, batch_size=batch_size)
    assert found.max_learning_rate <= found.diverging_rate
    # At the limit a run may stand tenfold above its start, which is called diverged; it comes back, and never goes far.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        safe = fastgd.fit(x, y, learning_rate=found.max_learning_rate, batch_size=batch_size, epochs=40, seed=seed)
    assert safe.epochs == 40 and safe.history.cost.max() <= 1e6 * max(safe.history.cost[0], y.var())
    assert observed(x, y, 1.25 * found.diverging_rate, batch_size=batch_size, epochs=400, seed=seed)


def second_moment_map(x, weight, rate, batch, l2, bias):
    """V -> E[(I - 2a M) V (I - 2a M)] over all batches drawn with replacement, as a matrix."""
    z = np.column_stack([x, np.ones(len(x))]) if bias else x
    share = weight / weight.mean()
    penalty = l2 * np.diag([1.0] * x.shape[1] + [0.0] * bias)
    each = share[:, None, None] * (z[:, :, None] * z[:, None, :])
    means = each if batch == 1 else ((each[:, None] + each[None]) / 2.0).reshape(-1, *each.shape[1:])
    steps = np.eye(z.shape[1]) - 2.0 * rate * (means + penalty)
    return np.mean([np.kron(step, step) for step in steps], axis=0)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("l2", [0.0, 0.3])
@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("d", [1, 3])
def test_the_mean_square_limit_is_where_the_second_moments_stop_shrinking(d, batch, l2, bias):
    generator = np.random.default_rng(d)
    x, weight = generator.normal(size=(9, d)) + 0.4, generator.random(9) + 0.2
    for share in (np.ones(9), weight):
        data = fastgd.door.table(x, np.zeros(9), share)
        quadratic = fastgd.QuadraticCost.of(x, np.zeros(9), bias=bias, sample_weight=share)
        limit = mean_square_limit(data, quadratic, batch, l2, 1.0 / share.mean())
        radius = [
            np.abs(np.linalg.eigvals(second_moment_map(x, share, rate * limit, batch, l2, bias))).max()
            for rate in (1.0 - 1e-6, 1.0, 1.0 + 1e-6)
        ]
        assert radius[1] == pytest.approx(1.0, abs=1e-9)
        assert radius[0] < 1.0 < radius[2]
        assert half_hessian(quadratic, l2).shape == (d + bias, d + bias)


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("seed", [1, 4, 7, 9][:PROBLEMS])
@pytest.mark.compiled("a simulated product of steps takes minutes as plain Python")
def test_iterating_finds_the_closed_form_s_limit(seed, batch, monkeypatch):
    x, _ = some(seed)
    for options in ({}, {"l2": 0.1, "bias": False}, {"sample_weight": np.arange(len(x)) + 1.0}):
        closed = fastgd.stability(x, batch_size=batch, **options).max_learning_rate
        with monkeypatch.context() as patch:
            patch.setattr(fastgd.rates, "MOST_MOMENTS", 0.0)
            iterated = fastgd.stability(x, batch_size=batch, **options).max_learning_rate
        assert iterated == pytest.approx(closed, rel=1e-4)
        assert iterated <= closed * (1.0 + 1e-6)


def test_bad_scales_do_not_blur_the_limit():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(300, 2))
    scaled = fastgd.stability(x * [1e-3, 1e3], bias=False, batch_size=1)
    alone = fastgd.stability(x[:, 1:] * 1e3, bias=False, batch_size=1)
    assert scaled.max_learning_rate == pytest.approx(alone.max_learning_rate, rel=1e-4)


@pytest.mark.parametrize("batch_size", [1, 5])
def test_a_fixed_order_is_stable_up_to_the_radius_of_its_map(batch_size):
    x, y = some(3)
    limit = fastgd.stability(x, batch_size=batch_size, shuffle="none").max_learning_rate
    for factor in (1.0 - 1e-6, 1.0 + 1e-6):
        epoch = fastgd.AffineMap.of(x, y, factor * limit, batch_size=batch_size)
        assert (epoch.spectral_radius < 1.0) == (factor < 1.0)


class TestPenguins:
    def test_limit_and_standardised_limit(self):
        x, _ = fastgd.penguins()
        found = fastgd.stability(x)
        assert found.max_learning_rate == pytest.approx(2.46517519483e-05, rel=1e-9)
        assert found.standardized.max_learning_rate == pytest.approx(1.0, rel=1e-12)
        assert "use standardize=True" in found.explain()
        assert (found.verdict(2.46e-5), found.verdict(2.47e-5)) == ("safe", "diverges")

    def test_epochs_to_is_what_iterating_gives_standardised(self):
        x, y = fastgd.penguins()
        quadratic = fastgd.QuadraticCost.of((x - x.mean()) / x.std(), y)
        fit = fastgd.fit(x, y, standardize=True, learning_rate=0.1, epochs=60)
        first = np.flatnonzero(fit.history.cost <= 1.01 * quadratic.minimum.cost)[0]
        assert quadratic.epochs_to(0.01, 0.1) == first

    @pytest.mark.skipif(numba.config.DISABLE_JIT, reason="24 million epochs are iterated by a compiled kernel")
    def test_epochs_to_is_what_iterating_gives_on_raw_units(self):
        x, y = fastgd.penguins()
        q = fastgd.QuadraticCost.of(x, y)
        expected = q.epochs_to(0.01, 1e-5)
        theta, goal, done, piece = np.zeros(2), 1.01 * q.minimum.cost, 0, 1_000_000
        w, b, cost = np.empty((piece + 1, 1)), np.empty(piece + 1), np.empty(piece + 1)
        while True:
            kernels.moments.descend(
                np.ascontiguousarray(q.factor[:, :-1]), q.factor[:, -1].copy(), q.mean_x, q.mean_y, q.count,
                np.full(piece, 1e-5), 0.0, True, 0, np.zeros(3), np.empty((0, 0)), np.empty(0), done,
                np.array([-math.inf, -math.inf, -math.inf, math.inf]), np.zeros(2), np.zeros((2, 2)), theta, w, b, cost,
            )  # fmt: skip
            below = np.flatnonzero(cost <= goal)
            if len(below):
                break
            done += piece
        assert abs(expected - (done + below[0])) <= 1


def test_epochs_to_says_never_and_now():
    q = fastgd.QuadraticCost.of([1, 2, 3, 4], [2.5, 4.0, 6.5, 8.0])
    assert q.epochs_to(0.01, 1.0) == math.inf
    assert q.epochs_to(0.01, 0.05, q.minimum.w, q.minimum.b) == 0
    assert fastgd.QuadraticCost.of([1, 2, 3], [2, 4, 6]).epochs_to(0.01, 0.05) == math.inf  # 1 % of nothing
    for arguments, said in (((0.0, 0.1), "fraction is 0"), ((0.1, -1.0), "learning_rate is -1")):
        with pytest.raises(ValueError, match=said):
            q.epochs_to(*arguments)


def test_the_trap_of_unscaled_columns_is_named_and_its_cure_works():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(500, 5)) * np.geomspace(1.0, 100.0, 5)
    y = x @ np.ones(5) + generator.normal(size=500)
    with pytest.warns(fastgd.DivergenceWarning, match=r"x\[4\] is 100% of the steepest direction; use learning_rate='auto'"):
        lost = fastgd.fit(x, y, batch_size=1, learning_rate=0.01, seed=0)
    assert "which takes the limit to 0.13" in lost.explain()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fastgd.ConvergenceWarning)
        cured = fastgd.fit(x, y, batch_size=1, learning_rate=lost.advice.rate, seed=0)
        scaled = fastgd.fit(x, y, batch_size=1, learning_rate=lost.advice.standardized_limit / 2, standardize=True, seed=0)
    assert cured.status is scaled.status is Status.MAX_EPOCHS
    assert cured.history.cost[-1] < 1e-3 * cured.history.cost[0]
    assert scaled.history.cost[-1] < 1e-3 * scaled.history.cost[0]


def test_explain_says_when_the_cost_passed_its_start_and_the_warning_is_shorter():
    x, y = fastgd.penguins()
    with pytest.warns(fastgd.DivergenceWarning) as caught:
        fit = fastgd.fit(x, y, learning_rate=2.6e-5)
    assert "the cost passed its start in epoch" in fit.explain()
    assert "fold an epoch" in fit.explain()
    assert "fold an epoch" not in str(caught[0].message)
    assert "x is 100% of the steepest direction" in fit.explain()


def test_sentences_and_refusals():
    x, _ = some(3)
    found = fastgd.stability(x, batch_size=1)
    assert found.explain().startswith("single samples are safe below a learning rate of")
    assert repr(found).startswith("Stability(batches of 1: safe below")
    for call, said in (
        (lambda: found.verdict(0.0), "learning_rate is 0: it must be above 0"),
        (lambda: fastgd.stability([1.0, math.nan]), "x is nan in row 1"),
        (lambda: fastgd.stability([1, 2, 3], batch_size=4), "batch_size is 4"),
        (lambda: fastgd.stability([1, 2, 3], l2=-1.0), "l2 is -1"),
        (lambda: fastgd.stability([1, 2, 3], shuffle="eech"), "shuffle is 'eech'.*did you mean 'each'"),
    ):
        with pytest.raises(ValueError, match=said):
            call()


def test_columns_are_named():
    pandas = pytest.importorskip("pandas", reason="names of columns come from its frames")
    x, _ = some(3)
    frame = pandas.DataFrame(x * np.append(np.ones(x.shape[1] - 1), 1e6), columns=[f"c{j}" for j in range(x.shape[1])])
    found = fastgd.stability(frame)
    assert found.steepest[0][0] == f"c{x.shape[1] - 1}"
    assert f"the steepest direction is c{x.shape[1] - 1}" in found.explain()


@pytest.mark.parametrize("batch_size", [None, 2])
@pytest.mark.compiled("a simulated product of steps takes minutes as plain Python")
def test_the_plot_shows_the_zones(batch_size):
    x, _ = some(3)
    axes = fastgd.stability(x, batch_size=batch_size).plot()
    said = [text.get_text() for text in axes.get_legend().get_texts()]
    assert ("risky" in said) == (batch_size is not None)
    assert any(text.startswith("limit") for text in said)
    plt.close("all")


@pytest.mark.filterwarnings("ignore::fastgd.RankWarning")
def test_features_of_zeros_and_single_rows_have_limits_too():
    assert fastgd.stability([0.0, 0.0], bias=False).max_learning_rate == math.inf
    assert fastgd.stability([0.0, 0.0], bias=False, batch_size=1).max_learning_rate == math.inf
    assert fastgd.stability([3.0], batch_size=1).max_learning_rate == pytest.approx(0.1)
