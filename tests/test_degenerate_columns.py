"""Columns that are constant, dependent, rare or all offset, in all rows or in those that count: never wrong in silence.

Right answers are NumPy's least squares, or worked out by hand.
"""

import itertools
import math
import warnings

import numpy as np
import pytest

import fastgd

pytestmark = pytest.mark.compiled("tables of hundreds of columns, which Python's loops would walk for minutes")

QUIET = pytest.mark.filterwarnings("ignore::fastgd.RankWarning", "ignore::fastgd.ConvergenceWarning")


def least_squares(x, y, weight=None):
    """The least mean squared error, by NumPy's singular values on centred rows."""
    weight = np.ones(len(y)) if weight is None else weight / weight.max()
    x = x.reshape(len(y), -1)
    root = np.sqrt(weight)
    mean_x, mean_y = np.average(x, axis=0, weights=weight), np.average(y, weights=weight)
    left, right = (x - mean_x) * root[:, None], (y - mean_y) * root
    w = np.linalg.lstsq(left, right, rcond=None)[0]
    return w, float(np.sum((left @ w - right) ** 2) / weight.sum())


def one_hot(categories, k):
    return (categories[:, None] == np.arange(k)).astype(float)


# Weights of zero


def weightless_feature():
    i = np.arange(6)
    x = np.sin(i)
    return np.c_[x, i % 3 == 0].astype(float), 3.0 * x + 1.0, (i % 3 > 0) * 1.0


@QUIET
def test_a_feature_that_is_zero_in_all_rows_that_count_spoils_no_slope():
    x, y, weight = weightless_feature()
    fit = fastgd.fit(x, y, sample_weight=weight, standardize=True, epochs=1000)
    np.testing.assert_allclose([fit.w[0], fit.b], [3.0, 1.0], rtol=1e-12)
    assert fastgd.mse(x, y, fit.w, fit.b, sample_weight=weight) < 1e-28


@QUIET
@pytest.mark.parametrize("call", ["minimum", "select", "cross_validate", "stability", "stream", "estimator"])
def test_rows_of_weight_zero_have_no_say_anywhere(call):
    x, y, weight = weightless_feature()
    x, y, weight = np.tile(x, (4, 1)), np.tile(y, 4), np.tile(weight, 4)
    heavy = weight > 0.0
    rng = np.random.default_rng(0)
    y = y + 0.1 * rng.normal(size=len(y))
    order = np.argsort(~heavy, kind="stable")  # folds of the same heavy rows
    x, y, weight, heavy = x[order], y[order], weight[order], heavy[order]
    if call == "minimum":
        found = fastgd.QuadraticCost.of(x, y, sample_weight=weight).minimum
        assert found.cost == pytest.approx(least_squares(x[heavy], y[heavy])[1], rel=1e-12)
    elif call == "stability":
        both = [fastgd.stability(x, sample_weight=weight), fastgd.stability(x[heavy])]
        assert both[0].max_learning_rate == pytest.approx(both[1].max_learning_rate, rel=1e-12)
        assert both[0].condition == pytest.approx(both[1].condition, rel=1e-12)
        assert both[0].standardized.max_learning_rate == pytest.approx(both[1].standardized.max_learning_rate, rel=1e-12)
    elif call == "stream":
        blocks = [(x[k : k + 5], y[k : k + 5], weight[k : k + 5]) for k in range(0, len(y), 5)]
        found = fastgd.QuadraticCost.of(iter(blocks), None).minimum
        assert found.cost == pytest.approx(least_squares(x[heavy], y[heavy])[1], rel=1e-9)
    elif call == "estimator":
        from fastgd.sklearn import GradientDescentRegressor

        model = GradientDescentRegressor(standardize=True, epochs=2000).fit(x, y, sample_weight=weight)
        right, least = least_squares(x[heavy], y[heavy])
        assert model.coef_[0] == pytest.approx(right[0], rel=1e-6)
        assert np.mean((model.predict(x[heavy]) - y[heavy]) ** 2) == pytest.approx(least, rel=1e-6)
    else:
        n = int(heavy.sum())
        folds = [(np.r_[0 : n // 2, n : len(y)], np.arange(n // 2, n)), (np.arange(n // 2, n), np.arange(n // 2))]
        bare = [(train[train < n], test) for train, test in folds]
        options = {"standardize": True, "epochs": 50}
        if call == "select":
            grid = {"l2": [0.0, 0.1]}
            a = fastgd.select(x, y, grid, folds=folds, sample_weight=weight, **options).validation_cost
            b = fastgd.select(x[heavy], y[heavy], grid, folds=bare, **options).validation_cost
        else:
            a = fastgd.cross_validate(x, y, folds=folds, sample_weight=weight, **options).validation_cost
            b = fastgd.cross_validate(x[heavy], y[heavy], folds=bare, **options).validation_cost
        np.testing.assert_allclose(a, b, rtol=1e-10)


@QUIET
def test_zero_weights_over_random_tables_leave_the_minimum_of_the_rows_that_count():
    for seed in range(300):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(4, 40))
        x = np.c_[rng.normal(size=n), one_hot(rng.integers(0, 4, n), 4)]
        weight = rng.integers(0, 3, n) * 1.0
        weight[0] = 1.0
        weight[x[:, 1] == 1.0] *= rng.integers(0, 2)
        if not weight.any():
            continue
        y = x @ rng.normal(size=5) + 0.1 * rng.normal(size=n)
        heavy = weight > 0.0
        _, least = least_squares(x[heavy], y[heavy], weight[heavy])
        found = fastgd.QuadraticCost.of(x, y, sample_weight=weight).minimum
        assert found.cost == pytest.approx(least, rel=1e-9, abs=1e-24), seed
        own = fastgd.mse(x, y, found.w, found.b, sample_weight=weight)
        assert own == pytest.approx(least, rel=1e-9, abs=1e-24), seed


# Rank


def dependent():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 2))
    return np.c_[x, x[:, 0] + x[:, 1]], x @ [1.0, 2.0] + 1.0 + 0.1 * rng.normal(size=50)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", ["sum", "twice", "constant", "one-hot", "more columns than rows"])
@QUIET
def test_epochs_to_counts_no_direction_in_which_nothing_bends(kind, bias):
    x, y = dependent()
    rng = np.random.default_rng(1)
    if kind == "twice":
        x = x[:, [0, 1, 0]]
    elif kind == "constant":
        x = np.c_[x[:, :2], np.full(50, 3.0)]
        x = x if bias else np.c_[x, np.full(50, 6.0)]
    elif kind == "one-hot":
        x = one_hot(np.arange(50) % 5, 5)
        x = x if bias else np.c_[x, np.ones(50)]
    elif kind == "more columns than rows":
        x = rng.normal(size=(50, 60))
        y = rng.normal(size=50)
    q = fastgd.QuadraticCost.of(x, y, bias=bias)
    rate = fastgd.fit(x, y, epochs=1, bias=bias).learning_rate
    fraction = 1.0
    found = q.epochs_to(fraction, rate)
    if kind == "more columns than rows":
        assert q.minimum.cost < 1e-25
        return
    z = np.c_[x, np.ones(50)] if bias else x
    least = float(np.mean((z @ np.linalg.lstsq(z, y, rcond=None)[0] - y) ** 2))
    theta, epochs = np.zeros(z.shape[1]), 0
    while np.mean((z @ theta - y) ** 2) > (1.0 + fraction) * least:
        theta, epochs = theta - rate * 2.0 / 50 * z.T @ (z @ theta - y), epochs + 1
    assert found == epochs


@pytest.mark.parametrize("standardize", [False, True])
def test_the_condition_of_dependent_columns_is_that_of_the_directions_that_matter(standardize):
    x, y = dependent()
    with pytest.warns(fastgd.RankWarning, match=r"collinear: x\[0\], x\[1\], x\[2\]"):
        known = fastgd.stability(x)
    known = known.standardized if standardize else known
    shifted = (x - x.mean(axis=0)) / x.std(axis=0) if standardize else x
    z = np.c_[shifted, np.ones(len(y))]
    curvature = np.linalg.eigvalsh(2.0 * z.T @ z / len(y))[::-1]
    assert known.condition == pytest.approx(curvature[0] / curvature[2], rel=1e-9)
    assert known.best_learning_rate == pytest.approx(2.0 / (curvature[0] + curvature[2]), rel=1e-9)
    assert "do not determine w" in fastgd_explained(x)


def fastgd_explained(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fastgd.RankWarning)
        return fastgd.stability(x).explain()


def test_the_warning_names_five_columns_and_counts_the_rest():
    x = one_hot(np.arange(60) % 20, 20)
    with pytest.warns(fastgd.RankWarning, match=r"x\[0\], x\[1\], x\[2\], x\[3\], x\[4\] and 15 more\)"):
        fastgd.stability(x)


# The scale of weights


@QUIET
@pytest.mark.parametrize("scale", [5e-324 * 2**20, 1e-310, 1e-300, 1e-200, 1e200, 5e307])
def test_weights_of_any_scale_give_what_weights_of_one_give(scale):
    x, y = np.array([1.0, 2.0, 3.0, 5.0]), np.array([2.0, 4.0, 7.0, 9.0])
    plain = np.array([1.0, 2.0, 1.0, 3.0])
    weight = plain * scale
    plain = weight / weight.max()  # with the digits that are left near 0
    w, least = least_squares(x, y, plain)
    found = fastgd.QuadraticCost.of(x, y, sample_weight=weight).minimum
    assert (found.w, found.cost) == (pytest.approx(w[0], rel=1e-12), pytest.approx(least, rel=1e-12))
    for options in ({}, {"batch_size": 1, "learning_rate": 0.01, "seed": 0}, {"via": "data"}, {"standardize": True}):
        a = fastgd.fit(x, y, sample_weight=weight, epochs=5, **options)
        b = fastgd.fit(x, y, sample_weight=plain, epochs=5, **options)
        assert (a.w, a.b, a.cost) == pytest.approx((b.w, b.b, b.cost), rel=1e-12)
    a, b = (fastgd.stability(x, sample_weight=each, batch_size=1) for each in (weight, plain))
    assert a.max_learning_rate == pytest.approx(b.max_learning_rate, rel=1e-12)
    assert fastgd.mse(x, y, 1.0, sample_weight=weight) == pytest.approx(
        fastgd.mse(x, y, 1.0, sample_weight=plain), rel=1e-12
    )
    a, b = (
        fastgd.cross_validate(x, y, folds=2, sample_weight=each, epochs=3, learning_rate=0.01) for each in (weight, plain)
    )
    np.testing.assert_allclose(a.validation_cost, b.validation_cost, rtol=1e-12)
    stream = fastgd.QuadraticCost.of([(x[:2], y[:2], weight[:2]), (x[2:], y[2:], weight[2:])], None).minimum
    assert stream == pytest.approx(found, rel=1e-12)


def test_costs_of_weights_of_other_scales_merge():
    x, y = np.arange(6.0), np.array([1.0, 3.0, 2.0, 5.0, 4.0, 7.0])
    for a, b in itertools.product([1e-310, 1.0, 1e307], repeat=2):
        first = fastgd.QuadraticCost.of(x[:3], y[:3], sample_weight=np.full(3, a))
        first += fastgd.QuadraticCost.of(x[3:], y[3:], sample_weight=np.full(3, b))
        weight = np.repeat([a / max(a, b), b / max(a, b)], 3)
        w, least = least_squares(x[weight > 1e-20], y[weight > 1e-20], weight[weight > 1e-20])
        assert first.minimum.w == pytest.approx(w[0], rel=1e-12)
        assert first.minimum.cost == pytest.approx(least, rel=1e-12, abs=1e-30)


def test_weights_beyond_all_scales_of_the_first_block_are_blamed_by_name():
    n = (1 << 18) + 1
    x, weight = np.arange(n) % 7 * 1.0, np.full(n, 1e-300)
    weight[-1] = 1e308
    with pytest.raises(ValueError, match=r"sample_weight is 1e\+308 in row 262144"):
        fastgd.mse(x, x, 1.0, sample_weight=weight)
    with pytest.raises(ValueError, match=r"sample_weight is 1e\+308 in row 262144"):
        fastgd.QuadraticCost.of(x, x, sample_weight=weight)


# Constant or not


@pytest.mark.parametrize(
    ("offset", "step"), [(4e15, 1.0), (1e17, 16.0), (-(2.0**60), 256.0), (1.7e18, 256.0), (1e6, 2.0**-33)]
)
def test_exact_floats_at_a_large_offset_are_no_constant(offset, step):
    k = np.arange(12.0)
    x = offset + step * k
    assert np.array_equal((x - x[0]) / step, k)
    with pytest.warns(fastgd.ConditionWarning, match="column x varies by"):
        found = fastgd.QuadraticCost.of(x, 2.0 * k).minimum
    assert found.w == 2.0 / step
    assert found.cost < 1e-28
    fit = fastgd.fit(x, 2.0 * k, standardize=True)
    assert fit.w == pytest.approx(2.0 / step, rel=1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lost = fastgd.fit(x, 2.0 * k, learning_rate=0.1)
        assert lost.status.name == "DIVERGED"
        assert lost.advice.rate < lost.max_learning_rate < 0.1
        assert fastgd.fit(x, 2.0 * k, learning_rate=lost.advice.rate).status.name != "DIVERGED"


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, 1e17, -7e-5, 1e-200, 3e150])
@pytest.mark.parametrize("n", [1, 2, 7, 5000])
def test_what_never_changes_is_constant_to_the_last_bit(value, n):
    x = np.c_[np.full(n, value), np.sin(np.arange(n))]
    q = fastgd.QuadraticCost.of(x, np.cos(np.arange(n)))
    assert not q.factor[:, 0].any()
    assert q.mean_x[0] == value
    blocks = [(x[k : k + 3], np.cos(np.arange(n))[k : k + 3]) for k in range(0, n, 3)]
    if n < 100:
        assert not fastgd.QuadraticCost.of(iter(blocks), None).factor[:, 0].any()


# Columns that the pilot never sees


@QUIET
@pytest.mark.parametrize("order", ["sorted", "random", "in turn"])
@pytest.mark.parametrize("k", [30, 450, 700])
def test_categories_that_the_first_rows_do_not_have(order, k):
    rng = np.random.default_rng(k)
    n = 3 * k
    categories = {"sorted": np.sort(np.arange(n) % k), "random": rng.integers(0, k, n), "in turn": np.arange(n) % k}[order]
    x = one_hot(categories, k)
    y = rng.normal(size=k)[categories] + 0.1 * rng.normal(size=n)
    means = np.array([y[categories == c].mean() if (categories == c).any() else 0.0 for c in range(k)])
    least = float(np.mean((y - means[categories]) ** 2))
    q = fastgd.QuadraticCost.of(x, y)
    assert q.minimum.cost == pytest.approx(least, rel=1e-11)
    assert fastgd.mse(x, y, q.minimum.w, q.minimum.b) == pytest.approx(least, rel=1e-11)
    w = rng.normal(size=k)
    assert q.mse(w, 0.5) == pytest.approx(float(np.mean((x @ w + 0.5 - y) ** 2)), rel=1e-11)
    fit = fastgd.fit(x, y, learning_rate=0.1, epochs=3)
    assert fit.status.name == "MAX_EPOCHS"
    z = np.c_[x, np.ones(n)]
    assert fit.max_learning_rate == pytest.approx(2.0 / float(np.linalg.eigvalsh(2.0 * z.T @ z / n)[-1]), rel=1e-9)


@QUIET
@pytest.mark.parametrize("kind", ["one row", "blocks of one column", "sparse", "first rows all zero"])
def test_columns_that_are_zero_in_the_sample(kind):
    rng = np.random.default_rng(5)
    n, d = 3000, 40
    if kind == "one row":
        x = rng.normal(size=(n, d))
        x[:, 3] = 0.0
        x[n - 2, 3] = 2.0
    elif kind == "blocks of one column":
        x = np.zeros((n, d))
        x[np.arange(n), np.sort(rng.integers(0, d, n))] = rng.normal(size=n)
    elif kind == "sparse":
        x = (rng.random((n, d)) < 2e-3) * rng.normal(size=(n, d))
    else:
        x = rng.normal(size=(n, d))
        x[: n // 2, ::2] = 0.0
    y = x @ rng.normal(size=d) + 0.1 * rng.normal(size=n)
    _, least = least_squares(x, y)
    q = fastgd.QuadraticCost.of(x, y)
    assert q.minimum.cost == pytest.approx(least, rel=1e-11)
    assert fastgd.mse(x, y, q.minimum.w, q.minimum.b) == pytest.approx(least, rel=1e-11)


# Folds


def test_folds_in_which_a_column_is_zero_are_judged_as_they_are():
    x = np.zeros((4, 4))
    x[0, 0], x[0, 2], x[1, 3] = -0.73, -0.025, -0.975
    y = np.array([0.91, 2.15, 0.95, 1.49])
    folds = fastgd.k_fold(4, 2)
    cv = fastgd.cross_validate(x, y, folds=2, learning_rate=0.1, epochs=6)
    for i, (train, test) in enumerate(folds):
        z = np.c_[x[train], np.ones(len(train))]
        theta = np.zeros(5)
        for _ in range(6):
            theta = theta - 0.1 * 2.0 / len(train) * z.T @ (z @ theta - y[train])
        right = np.mean((np.c_[x[test], np.ones(len(test))] @ theta - y[test]) ** 2)
        assert cv.validation_cost[i] == pytest.approx(right, rel=1e-12)


@QUIET
@pytest.mark.parametrize("call", ["cross_validate", "select", "learning_curve"])
def test_random_one_hot_folds_cost_what_their_own_parameters_cost(call):
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n, k = int(rng.integers(6, 30)), int(rng.integers(2, 8))
        x = one_hot(rng.integers(0, k, n), k) * (rng.normal(size=k) if seed % 2 else 1.0)
        y = rng.normal(size=n)
        folds = fastgd.k_fold(n, 3)
        options = {"learning_rate": 0.1, "epochs": 5}

        def descend(rows, x=x, y=y, k=k):
            theta, z = np.zeros(k + 1), np.c_[x[rows], np.ones(len(rows))]
            for _ in range(5):
                theta = theta - 0.1 * 2.0 / len(rows) * z.T @ (z @ theta - y[rows])
            return theta

        def cost(rows, theta, x=x, y=y):
            return float(np.mean((np.c_[x[rows], np.ones(len(rows))] @ theta - y[rows]) ** 2))

        right = [cost(test, descend(train)) for train, test in folds]
        if call == "cross_validate":
            found = fastgd.cross_validate(x, y, folds=3, **options).validation_cost
        elif call == "select":
            found = [fastgd.select(x, y, {"learning_rate": [0.1]}, folds=3, epochs=5).validation_cost[0]]
            right = [np.mean(right)]
        else:
            pairs = [(np.arange(n - 3), np.arange(n - 3, n))]
            curve = fastgd.learning_curve(x, y, sizes=[2, n - 3], folds=pairs, **options)
            found = np.ravel(curve.validation_cost)
            right = [cost(pairs[0][1], descend(np.arange(size))) for size in (2, n - 3)]
        np.testing.assert_allclose(found, right, rtol=1e-10, err_msg=str(seed))


@pytest.mark.parametrize("offset", [1e6, 1e9, 1e12])
def test_leave_one_out_keeps_its_digits_at_a_large_offset(offset):
    rng = np.random.default_rng(0)
    x = np.c_[offset + np.round(rng.normal(size=30) * 100), rng.normal(size=30)]
    y = (x[:, 0] - offset) / 50 + x[:, 1] + rng.normal(size=30)
    rate = 0.4 / offset**2
    found = fastgd.cross_validate(x, y, folds="loo", learning_rate=rate, epochs=2).validation_cost
    for i in (0, 7, 29):
        from fractions import Fraction

        rows = [j for j in range(30) if j != i]
        theta = [Fraction(0)] * 3
        z = [[*map(Fraction, x[j].tolist()), Fraction(1)] for j in range(30)]
        for _ in range(2):
            e = {j: sum(a * t for a, t in zip(z[j], theta)) - Fraction(float(y[j])) for j in rows}
            theta = [theta[c] - Fraction(rate) * 2 * sum(e[j] * z[j][c] for j in rows) / 29 for c in range(3)]
        right = float((sum(a * t for a, t in zip(z[i], theta)) - Fraction(float(y[i]))) ** 2)
        assert found[i] == pytest.approx(right, rel=1e-12)
    assert math.isfinite(found.sum())


@QUIET
@pytest.mark.parametrize("values", [(1e17, 4e17), (1e9, -2e9), (3.0, 5.0), (1e17, 0.0)])
def test_several_constant_columns_have_the_curvature_of_all_of_them(values):
    rng = np.random.default_rng(0)
    x = np.c_[np.full(30, values[0]), np.full(30, values[1]), rng.normal(size=30)]
    known = fastgd.stability(x)
    z = np.c_[x, np.ones(30)]
    assert known.max_learning_rate == pytest.approx(2.0 / float(np.linalg.eigvalsh(2.0 * z.T @ z / 30)[-1]), rel=1e-9)
    fit = fastgd.fit(x, rng.normal(size=30), epochs=3)
    assert fit.status.name != "DIVERGED"
    assert (np.diff(fit.history.cost) <= 0.0).all()
