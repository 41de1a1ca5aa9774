"""Thousands of random tables against exact rational arithmetic, in every container.

Weights of zero and of any scale; dependent, constant and one-hot columns, up to 1,000 of them; offsets to 1e17; any number
of rows. A run is seeded; `pytest tests/test_differential.py --fuzz-seconds 600` goes on with new seeds, that long for each
test.
"""

import itertools
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import fastgd

EPS = float(np.finfo(float).eps)

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),  # ours about rank and descents
    pytest.mark.compiled("thousands of tables, each a dozen calls"),
]


def whole(values):
    """Floats as whole numbers over one power of two."""
    fractions = [Fraction(value) for value in values]
    below = max(value.denominator for value in fractions)
    return [int(value * below) for value in fractions], below


class Exact:
    """Rows as fractions: costs, minima and descents without any rounding."""

    def __init__(self, x, y, weight=None):
        columns = [*x.reshape(len(y), -1).T.tolist(), [1.0] * len(y), y.tolist()]
        self.columns, self.below = zip(*map(whole, columns))
        self.weight, _ = whole([1.0] * len(y) if weight is None else weight.tolist())
        self.k = len(self.columns) - 1

    def some(self, rows):
        made = object.__new__(Exact)
        made.columns, made.below, made.k = [[column[i] for i in rows] for column in self.columns], self.below, self.k
        made.weight = [self.weight[i] for i in rows]
        return made

    def mean(self, i, j):
        """The weighted mean of the products of two columns; the last is y, the one before it ones."""
        total = sum(w * a * b for w, a, b in zip(self.weight, self.columns[i], self.columns[j]))
        return Fraction(total, sum(self.weight) * self.below[i] * self.below[j])

    def moments(self):
        """E[z z'] and E[z y], z = (x, 1), and E[y^2]."""
        k = self.k
        second = [[None] * k for _ in range(k)]
        for i, j in itertools.combinations_with_replacement(range(k), 2):
            second[i][j] = second[j][i] = self.mean(i, j)
        return second, [self.mean(i, k) for i in range(k)], self.mean(k, k)

    def cost(self, theta):
        second, right, square = self.moments()
        return square + sum(t * (sum(a * u for a, u in zip(row, theta)) - 2 * v) for t, row, v in zip(theta, second, right))

    def predictions(self, theta):
        rows = zip(*([Fraction(a, below) for a in column] for column, below in zip(self.columns[:-1], self.below)))
        return [sum(a * t for a, t in zip(row, theta)) for row in rows]

    def minimum(self):
        """One of the minima, by elimination; a column that those before it determine gets the weight 0."""
        second, right, _ = self.moments()
        k = self.k
        rows = [second[i] + [right[i]] for i in range(k)]
        pivots, used = {}, set()
        for j in [k - 1, *range(k - 1)]:
            pivot = next((i for i in range(k) if i not in used and rows[i][j] != 0), None)
            if pivot is None:
                continue
            used.add(pivot)
            pivots[j] = pivot
            for i in range(k):
                if i != pivot and rows[i][j] != 0:
                    factor = rows[i][j] / rows[pivot][j]
                    rows[i] = [a - factor * b for a, b in zip(rows[i], rows[pivot])]
        return [rows[pivots[j]][k] / rows[pivots[j]][j] if j in pivots else Fraction(0) for j in range(k)]

    def descend(self, rate, epochs):
        second, right, _ = self.moments()
        theta, rate = [Fraction(0)] * self.k, Fraction(rate)
        for _ in range(epochs):
            slopes = [2 * (sum(a * t for a, t in zip(row, theta)) - v) for row, v in zip(second, right)]
            theta = [rounded(t - rate * g) for t, g in zip(theta, slopes)]
        return theta


def rounded(value, bits=2400):
    """A fraction to so many bits behind the point: exact descents double their digits otherwise."""
    return Fraction(round(value * (1 << bits)), 1 << bits) if value.denominator >> bits else value


def column(rng, n):
    """A column of one of the kinds that users have."""
    kind = rng.integers(9)
    if kind == 0:
        return rng.normal(size=n)
    if kind == 1:
        return np.full(n, rng.choice([0.0, 1.0, 0.1, -3e5, 1e17, 1 / 3]))
    if kind == 2:
        return (rng.integers(0, n + 1, n) == 0).astype(float)  # rare: zero in most rows
    if kind == 3:
        return (np.arange(n) % 3 == rng.integers(3)).astype(float)
    if kind == 4:
        offset = 10.0 ** rng.integers(0, 18)
        return offset + np.spacing(offset) * rng.integers(0, 40, n)
    if kind == 5:
        return 10.0 ** rng.integers(-6, 7) * rng.normal(size=n)
    if kind == 6:
        return rng.integers(-3, 4, n).astype(float)
    if kind == 7:
        return 1e6 + rng.normal(size=n)
    return np.where(np.arange(n) == rng.integers(n), rng.normal(), 0.0)  # one row only


def weights(rng, n):
    kind = rng.integers(6)
    if kind < 2:
        return None
    w = rng.integers(0, 4, n).astype(float) if kind < 5 else np.exp(rng.normal(size=n))
    if not w.any():
        w[rng.integers(n)] = 1.0
    return w * (1.0, 2.0 ** float(rng.integers(-60, 60)), 1e-305, 1e306)[rng.integers(4)]


def random_table(seed):
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(1, 13)), int(rng.integers(1, 5))
    x = np.column_stack([column(rng, n) for _ in range(d)])
    if d > 1 and rng.random() < 0.3:
        j = rng.integers(1, d)
        x[:, j] = x[:, j - 1] * rng.choice([1.0, -2.0, 4.0])
    slopes = rng.normal(size=d) / np.maximum(np.abs(x).max(axis=0), 1e-300)
    kind = rng.integers(4)
    y = x @ slopes + rng.choice([0.0, 1.0, 1e6]) + rng.choice([0.0, 1e-6, 1.0]) * rng.normal(size=n)
    if kind == 0:
        y = rng.integers(-3, 4, n).astype(float)
    elif kind == 1:
        y = np.full(n, 0.1)
    return x, y, weights(rng, n)


def scale_of(x, theta):
    """The sizes of the terms of a prediction, which rounding of w and b is relative to."""
    return max(abs(float(t)) * float(size) for t, size in zip(theta, [*np.abs(x).max(axis=0), 1.0]))


def assert_cost(found, truth, exact, x, theta, share=1.0):
    """Costs to seven digits; their roots, errors of y, as far as rounding lets: a share of the terms' own sizes."""
    constant = float(exact.cost([Fraction(0)] * (exact.k - 1) + [exact.mean(exact.k - 1, exact.k)]))
    sizes = scale_of(x, theta) + max(abs(value) for value in exact.columns[-1]) / exact.below[-1]
    rounding = 1e-12 * constant**0.5 + share * 32 * exact.k**0.5 * EPS * sizes
    assert abs(float(found) ** 0.5 - float(truth) ** 0.5) <= 5e-8 * float(truth) ** 0.5 + rounding, (found, float(truth))


def parameters(fit):
    return [*map(Fraction, np.atleast_1d(fit.w).tolist()), Fraction(fit.b)]


def named(x):
    return [f"column {chr(97 + j)}" for j in range(x.shape[1])]


def fixed(values):
    """A read-only copy, every other value of a longer array."""
    longer = np.repeat(values, 2, axis=0)
    longer.flags.writeable = False
    return longer[::2]


CONTAINERS = {
    "lists": lambda x: x.tolist(),
    "array": lambda x: x,
    "Fortran": np.asfortranarray,
    "strided": fixed,
    "big-endian": lambda x: x.astype(">f8"),
    "objects": lambda x: x.astype(object),
    "pandas": lambda x: pd.DataFrame(x, columns=named(x)),
    "pandas Float64": lambda x: pd.DataFrame(x, columns=named(x)).astype("Float64"),
    "pandas Arrow": lambda x: pd.DataFrame(x, columns=named(x)).astype(pd.ArrowDtype(pa.float64())),
    "polars": lambda x: pl.DataFrame(x, schema=named(x), orient="row"),
    "Arrow": lambda x: pa.table(dict(zip(named(x), x.T))),
    "Arrow in chunks": lambda x: pa.concat_tables([pa.table(dict(zip(named(x), part.T))) for part in np.array_split(x, 3)]),
}
BY_NAME = [kind for kind in CONTAINERS if kind.startswith(("pandas", "polars", "Arrow"))]


def held(x, y, weight, seed):
    """The arguments x, y and sample_weight in one of the containers that users have."""
    kind = [*CONTAINERS, "blocks"][seed % (len(CONTAINERS) + 1)]
    if kind != "blocks":
        return CONTAINERS[kind](x), y, {"sample_weight": weight}
    edges = [*range(0, len(y), 3), len(y)]
    parts = [slice(a, b) for a, b in itertools.pairwise(edges)]
    return [(x[part], y[part]) if weight is None else (x[part], y[part], weight[part]) for part in parts], None, {}


def in_another_order(x, rng):
    """The rows with their columns in another order, in a frame that knows them by name."""
    order = rng.permutation(x.shape[1])
    frame = CONTAINERS[BY_NAME[rng.integers(len(BY_NAME))]](x)
    names = [named(x)[j] for j in order]
    return frame.select(names) if hasattr(frame, "select") else frame[names]


def check_minimum(seed):
    x, y, weight = random_table(seed)
    exact = Exact(x, y, weight)
    least = float(exact.cost(exact.minimum()))
    rows, target, options = held(x, y, weight, seed)
    q = fastgd.QuadraticCost.of(rows, target, **options)
    theta = parameters(q.minimum)
    assert_cost(q.minimum.cost, least, exact, x, theta, share=1e-6)
    assert_cost(exact.cost(theta), least, exact, x, theta)
    predicted = fastgd.predict(x, q.minimum.w, q.minimum.b)
    right = [float(value) for value in exact.predictions(theta)]
    np.testing.assert_allclose(predicted, right, rtol=0, atol=8 * EPS * scale_of(x, theta))


def check_descent(seed):
    x, y, weight = random_table(seed)
    exact = Exact(x, y, weight)
    rows, target, options = held(x, y, weight, seed)
    for standardize in (False, True):
        fit = fastgd.fit(rows, target, epochs=400, standardize=standardize, **options)
        theta = parameters(fit)
        assert_cost(fit.cost, exact.cost(theta), exact, x, theta)
    if fit.names is not None:
        moved = fit.predict(in_another_order(x, np.random.default_rng(seed)))
        np.testing.assert_array_equal(moved, fit.predict(x), err_msg="columns in another order")
    rate = fastgd.fit(rows, target, epochs=1, **options).learning_rate
    fit = fastgd.fit(rows, target, epochs=4, learning_rate=rate, **options)
    right = exact.descend(rate, 4)
    assert_cost(fit.cost, exact.cost(right), exact, x, right)


def check_folds(seed):
    x, y, weight = random_table(seed)
    n = len(y)
    if n < 2:
        return
    exact, k = Exact(x, y, weight), n if seed % 3 == 0 else min(n, 2 + seed % 2)
    folds = [tuple(map(list, pair)) for pair in fastgd.k_fold(n, k)]
    if any(not any(exact.weight[i] for i in rows) for pair in folds for rows in pair):
        return  # refused, as other tests hold
    rate = fastgd.fit(x, y, epochs=1, sample_weight=weight).learning_rate / 4
    given = (k, folds, "loo")[seed // 3 % 3] if k == n else (k, folds)[seed // 3 % 2]
    rows = [*CONTAINERS.values()][seed % len(CONTAINERS)](x)
    cv = fastgd.cross_validate(rows, y, folds=given, learning_rate=rate, epochs=3, sample_weight=weight)
    for i in range(0, k, max(k // 3, 1)):
        train, test = folds[i]
        right = exact.some(train).descend(rate, 3)
        for part, found in ((test, cv.validation_cost[i]), (train, cv.train_cost[i])):
            if np.isfinite(found):
                assert_cost(found, exact.some(part).cost(right), exact, x, right)
            else:  # that descent diverged
                assert exact.some(train).cost(right) > exact.some(train).cost([0] * exact.k)


def check_epochs_to(seed):
    """Epochs to one percent, by stepping on exactly: as far as two dozen go."""
    x, y, weight = random_table(seed)
    exact = Exact(x, y, weight)
    least, first = exact.cost(exact.minimum()), exact.cost([Fraction(0)] * exact.k)
    q = fastgd.QuadraticCost.of(x, y, sample_weight=weight)
    if float(least) <= 1e6 * max(q.rounding, (EPS * float(np.abs(y).max())) ** 2):
        return  # 1 % of what is next to rounding is none of the data
    rate = fastgd.fit(x, y, epochs=1, sample_weight=weight).learning_rate
    found, goal, close = q.epochs_to(0.01, rate), least + least / 100, Fraction(1, 10**7)
    if found == 0:
        assert first <= goal * (1 + close)
    elif found <= 24:
        assert exact.cost(exact.descend(rate, int(found))) <= goal * (1 + close), found
        assert exact.cost(exact.descend(rate, int(found) - 1)) >= goal * (1 - close), found
    else:
        assert exact.cost(exact.descend(rate, 24)) > goal * (1 - close), found


PARTS = 4  # so that processes share them


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("check", [check_minimum, check_descent, check_folds, check_epochs_to])
def test_random_tables_against_fractions(check, part, tries):
    for place, seed in enumerate(tries(2000)):
        if place % PARTS == part:
            try:
                check(seed)
            except Exception as error:
                raise AssertionError(f"seed {seed}: {error}") from error


def categories(seed):
    """A one-hot table of up to 1,000 columns, with a feature or two beside them, and what the least cost is."""
    rng = np.random.default_rng(seed)
    k = int(rng.integers(2, 12) if seed % 4 else rng.integers(100, 1000))
    n = int(k * rng.integers(1, 4))
    chosen = rng.integers(0, k, n)
    chosen = (np.sort(chosen), chosen, np.arange(n) % k)[seed % 3]
    x = (chosen[:, None] == np.arange(k)) * rng.choice([1.0, -3.0, 1e6])
    y = rng.normal(size=k)[chosen] + rng.choice([0.0, 0.1, 1.0]) * rng.normal(size=n) + rng.choice([0.0, 100.0])
    weight = None if seed % 2 else rng.integers(0, 3, n) + (np.arange(n) == 0) * 1.0
    counts = np.ones(n) if weight is None else weight
    sums = np.bincount(chosen, counts, k)
    means = np.bincount(chosen, counts * y, k) / np.where(sums > 0.0, sums, 1.0)
    return x, y, weight, float(np.average((y - means[chosen]) ** 2, weights=counts))


@pytest.mark.parametrize("part", range(PARTS))
def test_one_hot_tables_have_the_means_of_their_categories(part, tries):
    for place, seed in enumerate(tries(120)):
        if place % PARTS != part:
            continue
        x, y, weight, least = categories(seed)
        w, b, cost = fastgd.QuadraticCost.of(x, y, sample_weight=weight).minimum
        close = {"rel": 1e-9, "abs": 1e-24 * max(float(np.mean(y * y)), 1.0)}
        assert cost == pytest.approx(least, **close), seed
        assert fastgd.mse(x, y, w, b, sample_weight=weight) == pytest.approx(least, **close), seed
