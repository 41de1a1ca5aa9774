"""Epochs of batches: whichever way is taken, the result is that of one update after the other, in plain Python."""

import functools
import math
import warnings

import numba
import numpy as np
import pytest

import fastgd
from fastgd import AffineMap
from fastgd.affine import Rule, block_map
from fastgd.door import table
from fastgd.orders import order_of

pytestmark = pytest.mark.filterwarnings("ignore::fastgd.RankWarning")  # tables of few rows, which is not what is tested

EPS = float(np.finfo(float).eps)
COMPILED = not numba.config.DISABLE_JIT
SEED = 7

# Uncompiled, a row is some 10 microseconds, for us and for fastgd: fewer rows, and a sample of the cases.
DIMENSIONS = [None, 1, 2, 3, 4, 5, 10, 20, 72] if COMPILED else [None, 1, 2, 5, 72]
EXTRAS = ["plain", "weights", "l2", "no bias", "standardize", "all"] if COMPILED else ["no bias", "all"]
EPOCHS = 30  # enough for an order that stays to be taken as one map, up to 13 features


def rows_of(d):
    """Several tiles of a map and a remainder: 1024 rows of one feature, 512 of two, 256 of three and four."""
    if not COMPILED:
        return 39
    return {1: 3_001, 2: 1_503}.get(d or 1, 811 if (d or 1) < 10 else 303)


def problem(d, n, seed=2):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=n if d is None else (n, d)) + 0.3
    y = (2.0 * x if d is None else x @ np.linspace(1.0, 2.0, d)) + 0.5 + 0.3 * generator.normal(size=n)
    return x, y, generator.random(n) + 0.1


def one_after_the_other(x, y, share, theta, rate, batch, l2, bias, orders):
    """The specification: theta = (w..., b) at the start and after every epoch, `share` a row's weight / mean weight."""
    d = x.shape[1]
    path = np.empty((len(orders) + 1, d + 1))
    path[0] = theta
    for epoch in range(len(orders)):
        w, b = path[epoch, :d].copy(), path[epoch, d]
        for start in range(0, len(y), batch):
            rows = orders[epoch, start : start + batch]
            gw, gb = np.zeros(d), 0.0
            for i in rows:
                slope = 2.0 * share[i] * ((x[i] * w).sum() + b - y[i])
                gw += slope * x[i]
                gb += slope
            w -= rate * (gw / len(rows) + 2.0 * l2 * w)
            if bias:
                b -= rate * gb / len(rows)
        path[epoch + 1, :d], path[epoch + 1, d] = w, b
    return path


walk = numba.njit(one_after_the_other) if COMPILED else one_after_the_other


@functools.cache
def orders_of(shuffle, n, epochs):
    if shuffle == "none":
        return np.tile(np.arange(n), (epochs, 1))
    return np.array([order_of(SEED, epoch if shuffle == "each" else 0, n) for epoch in range(epochs)])


def sequential(
    x, y, *, learning_rate, batch_size, shuffle, epochs, w0, b0=0.0, l2=0.0, bias=True, sample_weight=None, standardize=False
):
    """What fit's history must be, as an array of (w..., b)."""
    n = len(y)
    plane = np.array(x, dtype=float).reshape(n, -1)
    weight = np.ones(n) if sample_weight is None else np.asarray(sample_weight)
    shift, scale = np.zeros(plane.shape[1]), np.ones(plane.shape[1])
    if standardize:
        shift = np.average(plane, axis=0, weights=weight) if bias else shift
        scale = np.sqrt(np.average((plane - shift) ** 2, axis=0, weights=weight))
    theta = np.append(np.multiply(w0, scale), b0 + np.sum(np.multiply(w0, shift)))
    orders = orders_of(shuffle, n, epochs)
    target = np.array(y, dtype=float)
    path = walk((plane - shift) / scale, target, weight / weight.mean(), theta, learning_rate, batch_size, l2, bias, orders)
    path[:, :-1] /= scale
    path[:, -1] -= path[:, :-1] @ shift
    return path


def history(fit):
    return np.column_stack([fit.history.w, fit.history.b])


def error(found, expected):
    """The largest error of a row (w, b), relative to its largest parameter."""
    return float((np.abs(found - expected).max(axis=-1) / np.abs(expected).max(axis=-1)).max())


def options_of(extra, d, batch_size, weight):
    options = {"learning_rate": 0.15 / (d or 1) ** 0.5 / (2.0 + (d or 1)), "batch_size": batch_size, "b0": 0.2}
    options["w0"] = 0.1 if d is None else np.linspace(-0.5, 0.5, d)
    if extra in ("weights", "all"):
        options["sample_weight"] = weight
    if extra in ("l2", "all"):
        options["l2"] = 0.05
    if extra == "no bias":
        options |= {"bias": False, "b0": 0.0}
    if extra in ("standardize", "all"):
        options["standardize"] = True
    return options


@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("shuffle", ["none", "once", "each"])
@pytest.mark.parametrize("batch_size", [1, 2, 7, 32])
@pytest.mark.parametrize("d", DIMENSIONS)
def test_every_way_is_one_update_after_the_other(d, batch_size, shuffle, extra):
    x, y, weight = problem(d, rows_of(d))
    options = options_of(extra, d, batch_size, weight)
    expected = sequential(x, y, shuffle=shuffle, epochs=EPOCHS, **options)
    for epochs in (1, EPOCHS):
        fit = fastgd.fit(x, y, shuffle=shuffle, seed=SEED, epochs=epochs, **options)
        assert len(fit.history) == epochs + 1
        assert error(history(fit), expected[: epochs + 1]) <= 1e-12


WAYS = {
    "lanes": (None, 1, 1),
    "lanes of two features": (2, 1, 1),
    "lanes of three features": (3, 1, 1),
    "batches of one feature": (None, 7, 1),
    "four samples at a time": (5, 1, 1),
    "batches of several features": (5, 7, 1),
    "plain steps": (72, 1, 1),
    "an order of one feature that stays": (1, 1, 3),
    "an order of four features that stays": (4, 1, 3),
    "an order of five features that stays": (5, 1, 30),
    "an order of batches that stays": (5, 7, 30),
}
every_way = pytest.mark.parametrize("way", WAYS)


def exact_problem(d, n, large, places=slice(5, None, 400), seed=5):
    """Noise-free data in small binary fractions, so that residuals at the solution are exactly 0; some rows are `large`."""
    generator = np.random.default_rng(seed)
    x = generator.integers(-16, 17, size=n if d is None else (n, d)) / 8.0
    x[places] *= large
    theta = np.append(np.arange(1, (d or 1) + 1) / 2.0, 0.75)
    return x, (x * theta[0] if d is None else x @ theta[:-1]) + theta[-1], theta


def growing(way):
    """Rows, and the options of a descent that contracts but for outliers."""
    d, batch_size, epochs = WAYS[way]
    few = 400 if batch_size > 1 else 120
    rate = 0.1 if (d or 1) == 1 else 0.06 if d < 10 else 0.005
    return rows_of(d) if COMPILED else few, {"learning_rate": rate, "batch_size": batch_size, "epochs": epochs}


def start(theta, d):
    return {"w0": float(theta[0]) if d is None else theta[:-1], "b0": float(theta[-1])}


def end(fit):
    return np.append(fit.w, fit.b)


def rate_with_radius(target, x, y, batch_size):
    """The rate where the spectral radius of an epoch, on its way up from its least, is that."""

    def radius(rate):
        return AffineMap.of(x, y, rate, batch_size=batch_size).spectral_radius

    rates = np.geomspace(1e-3, 10.0, 80)
    radii = np.array([radius(rate) for rate in rates])
    least = int(radii.argmin())
    k = least + int(np.argmax(radii[least:] >= target))
    low, high = rates[k - 1], rates[k]
    assert radius(low) < target <= radius(high)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if radius(middle) < target else (low, middle)
    return float(high)


def assert_it_stays(x, y, theta, **options):
    """A descent from the solution of noise-free data is there in the end."""
    options |= start(theta, None if x.ndim == 1 else x.shape[1])
    assert np.array_equal(sequential(x, y, **options)[-1], theta)
    fit = fastgd.fit(x, y, seed=SEED, record=None, **options)
    # Maps with entries up to 1e3 may be used, kernels.affine.GROWTH: that many times the rounding, 2.2e-13.
    assert error(end(fit), theta) <= 1e-12


class TestGrowth:
    """Rates far too large for some rows: maps grow, and would lose digits that a descent near its end still has."""

    @every_way
    @pytest.mark.parametrize("shuffle", ["none", "once", "each"])
    @pytest.mark.parametrize("large", [16.0, 64.0])
    def test_outliers_throw_the_descent_and_it_comes_back(self, way, shuffle, large):
        n, options = growing(way)
        x, y, theta = exact_problem(WAYS[way][0], n, large)
        options |= start(theta + 1.0, WAYS[way][0])
        expected = sequential(x, y, shuffle=shuffle, **options)
        assert np.isfinite(expected).all()
        fit = fastgd.fit(x, y, seed=SEED, record=None, shuffle=shuffle, **options)
        # What an outlier throws far off is rounded there, 2^-52 of 1e4 and more, in either order of operations.
        assert error(end(fit), expected[-1]) <= 1e-9

    @every_way
    @pytest.mark.parametrize("shuffle", ["none", "once", "each"])
    @pytest.mark.parametrize("large", [1.0, 16.0, 64.0, 2.0**20] if COMPILED else [64.0, 2.0**20])
    def test_a_descent_that_starts_at_the_solution_stays(self, way, shuffle, large):
        n, options = growing(way)
        x, y, theta = exact_problem(WAYS[way][0], n, large)
        assert_it_stays(x, y, theta, shuffle=shuffle, **options)

    @pytest.mark.parametrize(("d", "batch_size"), [(None, 1), (2, 1), (3, 1), (4, 1), (None, 7), (5, 1), (5, 7)])
    def test_maps_that_grew_are_given_up(self, d, batch_size):
        x, y, _ = exact_problem(d, 800 if COMPILED else 120, 256.0)
        for rate, given_up in ((1e-7, False), (3.0, True)):
            block = table(x, y).read(0, len(y))
            assert (block_map(block, Rule(rate, batch_size, 1.0, 0.0, True)) is None) == given_up

    @pytest.mark.parametrize(("d", "epochs"), [(None, 1), (2, 1), (3, 1), (4, 3)])
    @pytest.mark.parametrize("shuffle", ["none", "once"])
    def test_growth_is_noticed_in_rows_that_fill_no_tile(self, d, epochs, shuffle):
        x, y, theta = exact_problem(d, 120, 256.0, slice(5, None, 97))
        options = {"learning_rate": 0.1 / (d or 1), "batch_size": 1, "shuffle": shuffle, "epochs": epochs}
        assert_it_stays(x, y, theta, **options)

    @pytest.mark.parametrize("d", [2, 3, 4])
    @pytest.mark.parametrize("place", [5, 600])
    def test_growth_that_is_gone_again_a_row_later_is_noticed(self, d, place):
        # An outlier stretches distances along (3, 1) 1e8 times; the next row, in the same direction, brings them back to 0.
        # What the stretched map lost to rounding across that direction is not brought back.
        n = 1_200 if COMPILED else 700
        x = np.zeros((n, d))
        x[:, -1] = np.arange(n) % 3 / 64.0
        x[place, :2] = 3.0 * 2.0**12, 2.0**12
        x[place + 1, :2] = 0.75, 0.25
        theta = np.append(np.arange(1, d + 1) / 2.0, 0.0)
        for epochs in (1, 2):
            options = {"learning_rate": 0.8, "batch_size": 1, "shuffle": "none", "bias": False, "epochs": epochs}
            assert_it_stays(x, x @ theta[:-1], theta, **options)

    @pytest.mark.parametrize(
        ("d", "batch_size", "epochs"), [(2, 1, 1), (3, 1, 1), (4, 1, 2), (5, 1, 30), (2, 7, 2), (5, 7, 30)]
    )
    def test_one_row_in_other_units_among_nearly_collinear_features(self, d, batch_size, epochs):
        # Kilograms and grams: one row is 4096 times too large. Rows after it bring the map back in the steep direction,
        # (1, 1, ...), before the map is looked at; what it lost in the flat ones stays.
        generator = np.random.default_rng(0)
        n = 900 if COMPILED else 200
        x = generator.integers(-64, 65, size=(n, 1)) / 64.0 + generator.integers(-64, 65, size=(n, d)) / 2.0**20
        x[20] *= 4096.0
        theta = np.append(np.arange(1, d + 1) / 2.0, 0.0)
        options = {"learning_rate": 1.0 / d, "batch_size": batch_size, "shuffle": "none", "bias": False, "epochs": epochs}
        assert_it_stays(x, x @ theta[:-1], theta, **options)

    @pytest.mark.parametrize(("d", "batch_size"), [(None, 1), (2, 1), (4, 1), (5, 1), (5, 7), (None, 7)])
    def test_an_order_that_diverges_from_anywhere_else_stays_at_the_solution(self, d, batch_size):
        # A map's rounding grows like the distance from the solution, here to 2^40 times itself; a residual of 0 does not.
        x, y, theta = exact_problem(d, 12, 1.0)
        rate = rate_with_radius(2.0, x, y, batch_size)
        assert_it_stays(x, y, theta, learning_rate=rate, batch_size=batch_size, shuffle="none", epochs=40)


class TestDivergence:
    @every_way
    @pytest.mark.parametrize("shuffle", ["none", "once", "each"])
    @pytest.mark.parametrize("record", ["epoch", None])
    @pytest.mark.parametrize("rate", [3.0, 1e200])
    def test_is_seen_at_once_and_ends_with_finite_numbers(self, way, shuffle, record, rate):
        d, batch_size, _ = WAYS[way]
        x, y, _ = problem(d, 200 if COMPILED else 40)
        options = {"batch_size": batch_size, "learning_rate": rate, "shuffle": shuffle, "seed": SEED, "record": record}
        with pytest.warns(fastgd.DivergenceWarning, match="learning_rate"):
            fit = fastgd.fit(x, y, epochs=500, **options)
        assert fit.status is fastgd.Status.DIVERGED
        assert fit.epochs <= 100
        assert np.isfinite(end(fit)).all()
        if record:
            assert math.isfinite(fit.cost)
            assert len(fit.history) == fit.epochs + 1

    @pytest.mark.parametrize(("d", "batch_size"), [(None, 1), (2, 1), (3, 1), (4, 1), (None, 3), (3, 3), (5, 1), (5, 3)])
    @pytest.mark.parametrize("shuffle", ["none", "once"])
    def test_an_order_diverges_exactly_where_its_spectral_radius_is_above_1(self, d, batch_size, shuffle):
        x, y, _ = problem(d, 12)
        order = orders_of(shuffle, 12, 1)[0]

        x_taken, y_taken = x[order], y[order]
        options = {"batch_size": batch_size, "shuffle": shuffle, "seed": SEED, "epochs": 3_000 if COMPILED else 1_500}
        above, below = (rate_with_radius(target, x_taken, y_taken, batch_size) for target in (1.01, 0.99))
        with pytest.warns(fastgd.DivergenceWarning, match=r"up to 1\.01 times|above"):
            fit = fastgd.fit(x, y, learning_rate=above, **options)
        assert fit.status is fastgd.Status.DIVERGED
        assert fit.spectral_radius == AffineMap.of(x_taken, y_taken, above, batch_size=batch_size).spectral_radius
        fit = fastgd.fit(x, y, learning_rate=below, **options)  # and nothing is warned of
        assert fit.status is not fastgd.Status.DIVERGED
        assert fit.spectral_radius == AffineMap.of(x_taken, y_taken, below, batch_size=batch_size).spectral_radius

    @pytest.mark.parametrize("epochs", range(697, 704))
    def test_an_order_that_turns_as_it_diverges_is_caught_at_any_phase(self, epochs):
        # A pair of complex eigenvalues, 1.01 exp(+-2.43 i): the cost, 1e5 times the first, goes up in a zigzag.
        x, y, _ = problem(4, 12)
        order = orders_of("once", 12, 1)[0]
        rate = rate_with_radius(1.01, x[order], y[order], 1)
        options = {"batch_size": 1, "learning_rate": rate, "shuffle": "once", "seed": SEED, "epochs": epochs}
        with pytest.warns(fastgd.DivergenceWarning):
            fit = fastgd.fit(x, y, **options)
        assert fit.status is fastgd.Status.DIVERGED
        assert fit.cost > 1e5 * fit.history.cost[0]

    @pytest.mark.parametrize(("d", "batch_size"), [(None, 1), (None, 1000), (2, 1), (3, 7), (4, 1), (5, 1), (16, 32)])
    def test_the_spectral_radius_is_that_of_the_map(self, rows, d, batch_size):
        n = rows // (d or 1) // 2 if COMPILED else 60
        batch_size = min(batch_size, n // 2)
        x, y, weight = problem(d, n)
        epochs = 2 if (d or 1) <= 4 else 40
        options = {"learning_rate": 0.5 / n if batch_size == 1 else 1e-3, "batch_size": batch_size, "l2": 1e-3}
        fit = fastgd.fit(x, y, shuffle="none", epochs=epochs, **options)
        assert 0.0 < fit.spectral_radius < 1.0
        assert fit.spectral_radius == AffineMap.of(x, y, **options).spectral_radius
        fit = fastgd.fit(x, y, shuffle="none", epochs=epochs, sample_weight=weight, **options)
        # n / sum of weights here, 1 / (sum / n) there
        assert fit.spectral_radius == pytest.approx(
            AffineMap.of(x, y, sample_weight=weight, **options).spectral_radius, rel=1e-13
        )
        each = fastgd.fit(x, y, shuffle="each", epochs=2, **options)
        assert math.isnan(each.spectral_radius)


@every_way
@pytest.mark.parametrize("shuffle", ["none", "once", "each"])
def test_any_number_of_threads_gives_the_same_bits(rows, way, shuffle):
    d, batch_size, epochs = WAYS[way]
    n = rows if (d or 1) <= 5 else rows // 8  # several blocks of each
    if not COMPILED:
        n = rows // 25
    if epochs == 30 and not COMPILED:
        pytest.skip("30 epochs of plain Python; compiled, they are a moment's work")
    x, y, weight = problem(d, n)
    options = {
        "batch_size": batch_size,
        "learning_rate": 1e-3 / (d or 1),
        "shuffle": shuffle,
        "seed": SEED,
        "epochs": epochs,
    }
    for more in ({"sample_weight": weight}, {"standardize": True}):
        found = {end(fastgd.fit(x, y, threads=threads, **options, **more)).tobytes() for threads in (1, 2, 3, 8)}
        assert len(found) == 1


@pytest.mark.skipif(not COMPILED, reason="blocks have up to 262144 rows: several of them only when compiled")
@pytest.mark.parametrize("shuffle", ["none", "each"])
@pytest.mark.parametrize(("d", "batch_size"), [(None, 1), (2, 1), (3, 1), (4, 1), (5, 1), (None, 1000), (5, 1000), (72, 1)])
def test_edges_of_blocks_do_not_show(rows, d, batch_size, shuffle):
    n = rows if (d or 1) <= 5 else rows // 8
    x, y, weight = problem(d, n)
    options = {"learning_rate": 1e-3, "batch_size": batch_size, "shuffle": shuffle, "epochs": 1, "sample_weight": weight}
    expected = sequential(x, y, w0=np.zeros(d or 1), **options)
    assert error(end(fastgd.fit(x, y, seed=SEED, **options)), expected[-1]) <= 1e-12


@every_way
@pytest.mark.parametrize("shuffle", ["none", "once", "each"])
@pytest.mark.parametrize("record", ["epoch", None])
def test_a_row_that_is_no_number_is_named(way, shuffle, record):
    d, batch_size, epochs = WAYS[way]
    x, y, weight = problem(d, 150)
    options = {"batch_size": batch_size, "learning_rate": 1e-3, "shuffle": shuffle, "seed": SEED, "epochs": min(epochs, 3)}
    options["record"] = record
    column = "" if d is None or d == 1 else rf", column x\[{d - 1}\]"
    for place, value in ((137, np.nan), (0, np.inf), (149, -np.inf)):
        bad = x.copy()
        bad.reshape(150, -1)[place, -1] = value
        with pytest.raises(ValueError, match=f"x is {value:g} in row {place}{column}: every value must be a finite number"):
            fastgd.fit(bad, y, **options)
        bad = y.copy()
        bad[place] = value
        with pytest.raises(ValueError, match=f"y is {value:g} in row {place}: every value must be a finite number"):
            fastgd.fit(x, bad, **options)
        bad = weight.copy()
        bad[place] = value
        with pytest.raises(ValueError, match=f"sample_weight is {value:g} in row {place}: every (value|weight) must be"):
            fastgd.fit(x, y, sample_weight=bad, **options)


def spaced(values):
    """The same numbers with others between them in memory."""
    wide = np.full((2 * len(values), *values.shape[1:]), 777, dtype=values.dtype)
    wide[::2] = values
    return wide[::2]


def read_only(values):
    copy = values.copy()
    copy.flags.writeable = False
    return copy


KINDS = {
    "float32": lambda values: values.astype(np.float32),
    "strided": spaced,
    "backwards": lambda values: values[::-1].copy()[::-1],
    "columns first": np.asfortranarray,
    "integers": lambda values: values.astype(np.int16),
    "big-endian": lambda values: values.astype(">f8"),
    "read-only": read_only,
    "strided float32": lambda values: spaced(values.astype(np.float32)),
    "list": lambda values: values.tolist(),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shuffle", ["none", "once", "each"])
@pytest.mark.parametrize(("d", "batch_size"), [(None, 1), (1, 7), (3, 1), (5, 1), (5, 7), (33, 1)])
def test_input_of_any_kind_gives_the_same_bits_and_is_not_written(kind, shuffle, d, batch_size):
    generator = np.random.default_rng(1)
    n = 300 if COMPILED else 60
    x = generator.integers(-9, 10, size=n if d is None else (n, d)).astype(float)  # numbers that every kind can hold
    y, weight = generator.integers(-20, 21, size=n).astype(float), generator.integers(0, 5, size=n).astype(float)
    options = {"batch_size": batch_size, "learning_rate": 1e-4, "shuffle": shuffle, "seed": SEED, "epochs": 3}
    expected = fastgd.fit(x, y, sample_weight=weight, **options)
    given = [KINDS[kind](values) for values in (x, y, weight)]
    bases = [values.base if isinstance(values, np.ndarray) and values.base is not None else values for values in given]
    before = [np.array(values) for values in bases]
    fit = fastgd.fit(given[0], given[1], sample_weight=given[2], **options)
    assert np.array_equal(history(fit), history(expected))
    assert all(np.array_equal(now, then) for now, then in zip(bases, before))


def test_a_rate_that_changes_makes_a_map_of_its_own_for_every_epoch():
    x, y, _ = problem(2, 300 if COMPILED else 40)
    factors = [1.0, 1.0, 0.5, 0.5, 1.0, 0.25]
    for shuffle in ("none", "once"):
        fit = fastgd.fit(
            x, y, batch_size=1, learning_rate=0.02, schedule=factors, epochs=6, shuffle=shuffle, seed=SEED, w0=[0.1, 0.1]
        )
        theta = np.array([0.1, 0.1, 0.0])
        for epoch, factor in enumerate(factors):
            options = {"learning_rate": 0.02 * factor, "batch_size": 1, "shuffle": shuffle, "epochs": 1}
            theta = sequential(x, y, w0=theta[:-1], b0=theta[-1], **options)[-1]
            assert error(history(fit)[epoch + 1], theta) <= 1e-12


@pytest.mark.compiled("thousands of epochs")
def test_no_way_warns_of_arithmetic():
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        for d, batch_size, epochs in WAYS.values():
            x, y, _ = problem(d, 60)
            with pytest.warns(fastgd.DivergenceWarning):
                fastgd.fit(x, y, batch_size=batch_size, shuffle="none", learning_rate=1e160, epochs=epochs + 1)


@pytest.mark.parametrize("d", [2, 3])
def test_few_features_whose_map_grew_do_not_go_to_the_kernel_of_four_numbers(d):
    # It reads four numbers of a row at a time, and rows of two or three have no four.
    x, y = fastgd.make_linear(300, np.ones(d), noise=0.1)
    x = x.copy()
    x[150] *= 1e3  # stretches so much that its block is walked
    fit = fastgd.fit(x, y, batch_size=1, shuffle="none", learning_rate=1e-4, epochs=1, record=None)
    w, b = np.zeros(d), 0.0
    for row, target in zip(x, y, strict=True):
        e = 2e-4 * (row @ w + b - target)
        w, b = w - e * row, b - e
    np.testing.assert_allclose(np.append(fit.w, fit.b), np.append(w, b), rtol=1e-9)
