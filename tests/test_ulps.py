"""Every function against exact arithmetic: the error in units of the last place (2^-52) of a size that knows the condition.

A computed sum cannot be more exact, relative to itself, than its terms are: where they cancel, digits are lost that the data
never had. So an error is measured against the same sum with every term as large as it is without its sign, the "size" below:
m = sum |x_j w_j| + |b| + |y| for a residual e, |l'(e)| m for a loss, |l'| is at most 2 m for a squared one, and so on.
BOUNDS says how many units each may be off; the figure beside it was measured on these cases, compiled.
"""

import warnings
from fractions import Fraction

import numba
import numpy as np
import pytest

import fastgd
from fastgd import reference

UNIT = Fraction(2) ** -52

# name: (bound, measured), in units of the last place of the size named in the function that measures it
BOUNDS = {
    "AffineMap.after, of |A| |B|": (2.4, 0.79),
    # 1 - alpha is rounded once and enters the weight of an old value once for every value since: 50 here.
    "smooth, of the smoothed |values|": (69, 23),
    "costs of folds, of mean(2 |e| m)": (7.5, 2.5),
    "predict, of m": (1.7, 0.57),
    "losses squared, of |l'| m": (2.1, 0.71),
    "cost squared, of mean(|l'| m)": (1, 0.26),
    "gradient squared, of mean(|x| 2 m)": (1, 0.35),
    "losses absolute, of |l'| m": (2.3, 0.78),
    "cost absolute, of mean(|l'| m)": (1, 0.35),
    "gradient absolute, of mean(|x| 2 m)": (2.9, 0.96),
    "losses huber, of |l'| m": (2.3, 0.78),
    "cost huber, of mean(|l'| m)": (1, 0.27),
    "gradient huber, of mean(|x| 2 m)": (2.2, 0.73),
    "mse, of mean(2 |e| m)": (1, 0.26),
    "QuadraticCost.mse, of mean(2 |e| m)": (1.7, 0.57),
    "QuadraticCost.gradient, of mean(2 |x| m)": (1, 0.35),
    "sweep, of mean(2 |e| m)": (1.3, 0.42),
    "minimum.w, of condition |y| / |x_j|": (1.6, 0.52),
    "minimum.cost, of mean(2 |e| m)": (1, 0.16),
    "SGD, of max |y| / max |x_j|": (1.2, 0.4),
    "AffineMap.of, of max |y| / max |x_j|": (1.2, 0.4),
    "mini-batches, of max |y| / max |x_j|": (1, 0.33),
    "full batch, of max |y| / max |x_j|": (1, 0.26),
}
PLAIN = 2.0 if numba.config.DISABLE_JIT else 1.0
"""Without compilation nothing is fused: every product is rounded once more."""


def exact(values):
    return [exact(row) if isinstance(row, list) else Fraction(row) for row in np.asarray(values, dtype=float).tolist()]


def cases():
    """x, y, w, b, weights: few and more rows, one and several features, offsets, scales, ties, no weight at all."""
    for seed in range(24):
        generator = np.random.default_rng(seed)
        n, d = int(generator.choice([1, 2, 7, 33])), [None, 1, 2, 4][seed % 4]
        shape = n if d is None else (n, d)
        scale = 10.0 ** generator.integers(-6, 7)
        x = (generator.normal(size=shape) + generator.choice([0.0, 5.0, 100.0])) * scale
        if seed % 5 == 0:
            x = np.round(x / scale) * scale
        w = generator.normal(size=() if d is None else d) / scale
        y = (x * w if d is None else x @ w) + generator.normal(size=n) * 10.0 ** generator.integers(-3, 1)
        weight = generator.integers(0, 4, n).astype(float)
        weight[0] = 1.0
        yield x, y, (float(w) if d is None else w), float(generator.normal()), weight if seed % 3 else None


def size_of_residuals(x, y, w, b):
    """m of every row."""
    absolute = [abs(v) if not isinstance(v, list) else [abs(u) for u in v] for v in x]
    weights = abs(w) if not isinstance(w, list) else [abs(v) for v in w]
    return [p + abs(target) for p, target in zip(reference.predict(absolute, weights, abs(b)), y, strict=True)]


def mean(values, weight=None):
    return reference._mean(values, weight)


def units(found, right, size):
    """|found - right| in units of the last place of size."""
    error = abs(Fraction(float(found)) - right)
    return float(error / (UNIT * size)) if size else (0.0 if not error else float("inf"))


def of_rows(x, y, w, b, weight):
    """predict, losses, cost, mse, gradient, and all that the moments give, at one (w, b)."""
    ex, ey, eb = exact(x), exact(y), Fraction(b)
    ew = Fraction(w) if isinstance(w, float) else exact(w)
    eweight = None if weight is None else exact(weight)
    m = size_of_residuals(ex, ey, ew, eb)
    for found, right, size in zip(fastgd.predict(x, w, b), reference.predict(ex, ew, eb), m, strict=True):
        yield "predict, of m", units(found, right, size)
    for loss, delta in (("squared", 1.0), ("absolute", 1.0), ("huber", 0.5)):
        right = reference.losses(ex, ey, ew, eb, loss, Fraction(delta))
        slopes = [
            abs(reference._slope(p - t, loss, Fraction(delta)))
            for p, t in zip(reference.predict(ex, ew, eb), ey, strict=True)
        ]
        steep = [max(s * size, v) for s, size, v in zip(slopes, m, right, strict=True)]
        for found, value, size in zip(fastgd.losses(x, y, w, b, loss=loss, delta=delta), right, steep, strict=True):
            yield f"losses {loss}, of |l'| m", units(found, value, size)
        found = fastgd.cost(x, y, w, b, loss=loss, delta=delta, sample_weight=weight)
        yield f"cost {loss}, of mean(|l'| m)", units(found, mean(right, eweight), mean(steep, eweight))
        gw, gb = fastgd.gradient(x, y, w, b, loss=loss, delta=delta, sample_weight=weight)
        rw, rb = reference.gradient(ex, ey, ew, eb, loss, Fraction(delta), eweight)
        # Where the slope goes with the residual it has the residual's error; elsewhere it is a constant.
        flat = {"squared": None, "absolute": Fraction(1), "huber": 2 * Fraction(delta)}[loss]
        turn = [size * 2 if s != flat else s for s, size in zip(slopes, m, strict=True)]
        yield f"gradient {loss}, of mean(|x| 2 m)", units(gb, rb, mean(turn, eweight))
        columns = [ex] if not isinstance(ex[0], list) else list(zip(*ex, strict=True))
        for column, one, value in zip(
            columns, np.atleast_1d(gw), [rw] if len(columns) == 1 and not isinstance(rw, list) else rw
        ):
            size = mean([abs(v) * t for v, t in zip(column, turn, strict=True)], eweight)
            yield f"gradient {loss}, of mean(|x| 2 m)", units(one, value, size)
    squares = mean([2 * abs(p - t) * size for p, t, size in zip(reference.predict(ex, ew, eb), ey, m, strict=True)], eweight)
    right = reference.mse(ex, ey, ew, eb, eweight)
    yield "mse, of mean(2 |e| m)", units(fastgd.mse(x, y, w, b, sample_weight=weight), right, squares)
    quadratic = fastgd.QuadraticCost.of(x, y, sample_weight=weight)
    yield "QuadraticCost.mse, of mean(2 |e| m)", units(quadratic.mse(w, b), right, squares)
    gw, gb = quadratic.gradient(w, b)
    rw, rb = reference.gradient(ex, ey, ew, eb, sample_weight=eweight)
    yield "QuadraticCost.gradient, of mean(2 |x| m)", units(gb, rb, mean([2 * size for size in m], eweight))
    for j, one in enumerate(np.atleast_1d(gw)):
        column = [row[j] if isinstance(row, list) else row for row in ex]
        size = mean([2 * abs(v) * s for v, s in zip(column, m, strict=True)], eweight)
        yield "QuadraticCost.gradient, of mean(2 |x| m)", units(one, rw[j] if isinstance(rw, list) else rw, size)
    if isinstance(w, float):
        surface = fastgd.sweep(x, y, [w, 2.0 * w], [b, -b], sample_weight=weight)
        for i, u in enumerate((ew, 2 * ew)):
            for j, v in enumerate((eb, -eb)):
                size = size_of_residuals(ex, ey, u, v)
                e = [abs(p - t) for p, t in zip(reference.predict(ex, u, v), ey, strict=True)]
                size = mean([2 * a * s for a, s in zip(e, size, strict=True)], eweight)
                yield "sweep, of mean(2 |e| m)", units(surface.cost[i, j], reference.mse(ex, ey, u, v, eweight), size)


def of_minima(x, y, w, b, weight):
    """The minimum: w of condition x |y| / |x_j| (lengths about the mean), the cost of mean(2 |e| m)."""
    d = 1 if x.ndim == 1 else x.shape[1]
    if len(y) <= d + 1 or weight is not None:
        return
    ex, ey = exact(x), exact(y)
    solution = fastgd.QuadraticCost.of(x, y).solve()
    if solution.problem:
        return
    rw, rb, least = reference.minimum(ex, ey)
    for j, one in enumerate(solution.w):
        column = x if x.ndim == 1 else x[:, j]
        size = Fraction(float(solution.condition * y.std() / column.std()))
        yield "minimum.w, of condition |y| / |x_j|", units(one, rw[j] if isinstance(rw, list) else rw, size)
    m = size_of_residuals(ex, ey, rw, rb)
    size = mean([2 * abs(p - t) * s for p, t, s in zip(reference.predict(ex, rw, rb), ey, m, strict=True)])
    yield "minimum.cost, of mean(2 |e| m)", units(solution.cost, least, size)


def of_descents(x, y, w, b, weight):
    """Steps: of the largest |theta_j| on the way, each scaled to |x_j| as it enters a prediction, with max |y|."""
    d = 1 if x.ndim == 1 else x.shape[1]
    limit = 0.2 / float(np.max(np.sum(np.reshape(x, (len(x), -1)) ** 2, axis=1)) + 1.0)
    n = len(y)
    ex, ey, rate = exact(x), exact(y), Fraction(limit)
    start = Fraction(0) if x.ndim == 1 else [Fraction(0)] * d
    for batch, name in ((1, "SGD"), (min(3, n), "mini-batches"), (None, "full batch")):
        path = reference.fit(ex, ey, w0=start, b0=Fraction(0), learning_rate=rate, epochs=1, batch_size=batch)
        if n > 7:
            return  # fractions grow by every step
        fit = fastgd.fit(x, y, batch_size=batch, shuffle="none", learning_rate=limit, epochs=1)
        (rw, rb), lengths = path[-1], np.abs(np.reshape(x, (n, -1))).max(axis=0)
        size = max(map(abs, ey))
        for found, right, length in zip(
            [*np.atleast_1d(fit.w), fit.b], [*(rw if isinstance(rw, list) else [rw]), rb], [*lengths, 1.0], strict=True
        ):
            yield f"{name}, of max |y| / max |x_j|", units(found, right, size / Fraction(length or 1.0))
        if batch is not None:
            theta = fastgd.AffineMap.of(x, y, limit, batch_size=batch)(np.zeros(d + 1))
            for found, right, length in zip(
                theta, [*(rw if isinstance(rw, list) else [rw]), rb], [*lengths, 1.0], strict=True
            ):
                yield "AffineMap.of, of max |y| / max |x_j|", units(found, right, size / Fraction(length or 1.0))


def of_maps():
    for seed in range(20):
        generator = np.random.default_rng(seed)
        k = 1 + seed % 6
        a, b = generator.normal(size=(2, k, k))
        c, e = generator.normal(size=(2, k))
        found = fastgd.AffineMap(a, c).after(fastgd.AffineMap(b, e))
        ea, eb, ec, ee = exact(a), exact(b), exact(c), exact(e)
        for i in range(k):
            for j in range(k):
                terms = [ea[i][h] * eb[h][j] for h in range(k)]
                yield "AffineMap.after, of |A| |B|", units(found.matrix[i, j], sum(terms), sum(map(abs, terms)))
            terms = [ea[i][h] * ee[h] for h in range(k)] + [ec[i]]
            yield "AffineMap.after, of |A| |B|", units(found.offset[i], sum(terms), sum(map(abs, terms)))


def of_smoothing():
    for seed in range(10):
        generator = np.random.default_rng(seed)
        values, alpha = (
            generator.normal(size=50) * 10.0 ** generator.integers(-3, 4, 50),
            float(generator.uniform(0.01, 1.0)),
        )
        for debias in (False, True):
            right = reference.smooth(exact(values), Fraction(alpha), debias)
            size = reference.smooth([abs(v) for v in exact(values)], Fraction(alpha), debias)
            for one, value, m in zip(fastgd.smooth(values, alpha, debias=debias), right, size, strict=True):
                yield "smooth, of the smoothed |values|", units(one, value, m)


def of_folds():
    """Costs of folds after three full-batch epochs, on the rows left out."""
    for seed in range(6):
        generator = np.random.default_rng(seed)
        x, y = generator.normal(size=12), generator.normal(size=12)
        for folds in (3, "loo"):
            found = fastgd.cross_validate(x, y, folds=folds, learning_rate=0.0625, epochs=3).validation_cost
            k = 12 if folds == "loo" else folds
            for i, rows in enumerate(np.array_split(np.arange(12), k)):
                rest = np.setdiff1d(np.arange(12), rows)
                (w, b) = reference.fit(
                    exact(x[rest]), exact(y[rest]), w0=Fraction(0), b0=Fraction(0), learning_rate=Fraction(1, 16), epochs=3
                )[-1]
                ex, ey = exact(x[rows]), exact(y[rows])
                e = [abs(p - t) for p, t in zip(reference.predict(ex, w, b), ey, strict=True)]
                size = mean([2 * a * m for a, m in zip(e, size_of_residuals(ex, ey, w, b), strict=True)])
                yield "costs of folds, of mean(2 |e| m)", units(found[i], reference.mse(ex, ey, w, b), size)


def measured():
    """The largest error of each in units of the last place."""
    worst: dict[str, float] = {}
    parts = [of_maps(), of_smoothing(), of_folds()]
    parts += [function(*case) for case in cases() for function in (of_rows, of_minima, of_descents)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fastgd.RankWarning)  # some cases have two rows
        for part in parts:
            for name, error in part:
                worst[name] = max(worst.get(name, 0.0), error)
    return worst


@pytest.fixture(scope="module")
def worst():
    return measured()


def test_every_bound_is_measured(worst):
    assert set(worst) == set(BOUNDS)


@pytest.mark.parametrize("name", BOUNDS)
def test_error_in_units_of_the_last_place(worst, name):
    bound, _ = BOUNDS[name]
    assert worst[name] <= PLAIN * bound


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds_have_little_room(name):
    bound, seen = BOUNDS[name]
    assert bound <= max(4.0 * seen, 1.0)
