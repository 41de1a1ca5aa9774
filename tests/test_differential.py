"""Thousands of random tables against exact rational arithmetic: weights of zero and of any scale, dependent, constant and
one-hot columns, offsets to 1e17, any number of rows.
"""

import itertools
from fractions import Fraction

import numpy as np
import pytest

import fastgd

EPS = float(np.finfo(float).eps)


class Exact:
    """Rows as fractions: costs, minima and descents without any rounding."""

    def __init__(self, x, y, weight=None):
        self.rows = [[*map(Fraction, row), Fraction(1)] for row in x.reshape(len(y), -1).tolist()]
        self.y = [Fraction(value) for value in y.tolist()]
        self.weight = [Fraction(1)] * len(y) if weight is None else [Fraction(value) for value in weight.tolist()]
        self.total = sum(self.weight)
        self.k = len(self.rows[0])

    def some(self, rows):
        made = object.__new__(Exact)
        made.rows, made.y, made.weight = ([values[i] for i in rows] for values in (self.rows, self.y, self.weight))
        made.total, made.k = sum(made.weight), self.k
        return made

    def mean(self, values):
        return sum((w * v for w, v in zip(self.weight, values)), Fraction(0)) / self.total

    def cost(self, theta):
        return self.mean([(sum(a * t for a, t in zip(z, theta)) - v) ** 2 for z, v in zip(self.rows, self.y)])

    def moments(self):
        """E[z z'] and E[z y], z = (x, 1)."""
        k, columns = self.k, list(zip(*self.rows))
        second = [[None] * k for _ in range(k)]
        for i, j in itertools.combinations_with_replacement(range(k), 2):
            second[i][j] = second[j][i] = self.mean([a * b for a, b in zip(columns[i], columns[j])])
        return second, [self.mean([a * v for a, v in zip(column, self.y)]) for column in columns]

    def minimum(self):
        """One of the minima, by elimination; a column that those before it determine gets the weight 0."""
        second, right = self.moments()
        k = self.k
        rows = [second[i] + [right[i]] for i in range(k)]
        order = [k - 1, *range(k - 1)]
        pivots, used = {}, set()
        for j in order:
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
        second, right = self.moments()
        theta, rate = [Fraction(0)] * self.k, Fraction(rate)
        for _ in range(epochs):
            slopes = [2 * (sum(a * t for a, t in zip(row, theta)) - v) for row, v in zip(second, right)]
            theta = [t - rate * g for t, g in zip(theta, slopes)]
        return theta


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
    return w * (1.0 if kind < 4 else 2.0 ** float(rng.integers(-60, 60)))


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


def tolerance(exact, x, theta):
    """What rounding of the data's and of the parameters' own size may leave of a cost."""
    constant = float(exact.cost([Fraction(0)] * (exact.k - 1) + [exact.mean(exact.y)]))
    return constant * 1e-24, 4 * exact.k * (16 * EPS * scale_of(x, theta)) ** 2


def parameters(fit):
    return [*map(Fraction, np.atleast_1d(fit.w).tolist()), Fraction(fit.b)]


def check_minimum(seed):
    x, y, weight = random_table(seed)
    exact = Exact(x, y, weight)
    least = float(exact.cost(exact.minimum()))
    q = fastgd.QuadraticCost.of(x, y, sample_weight=weight)
    theta = parameters(q.minimum)
    rounding, representable = tolerance(exact, x, theta)
    rounding += 1e-12 * representable
    assert abs(q.minimum.cost - least) <= 1e-7 * least + rounding, (seed, q.minimum.cost, least)
    own = float(exact.cost(theta))
    assert own - least <= 1e-7 * least + rounding + representable, (seed, own, least)
    predicted = fastgd.predict(x, *theta_of(q.minimum))
    for row, found in zip(exact.rows, predicted):
        assert abs(float(sum(a * t for a, t in zip(row, theta))) - found) <= 8 * EPS * scale_of(x, theta), seed


def theta_of(fit):
    return fit.w, fit.b


def check_descent(seed):
    x, y, weight = random_table(seed)
    exact = Exact(x, y, weight)
    for standardize in (False, True):
        fit = fastgd.fit(
            x, y, epochs=400, standardize=standardize, sample_weight=weight, record=None if seed % 5 == 0 else "epoch"
        )
        theta = parameters(fit)
        rounding, representable = tolerance(exact, x, theta)
        own = float(exact.cost(theta))
        if seed % 5:
            assert abs(own - fit.cost) <= 1e-7 * own + rounding + representable, (seed, standardize, own, fit.cost, fit)
    rate = fastgd.fit(x, y, epochs=1, sample_weight=weight).learning_rate
    fit = fastgd.fit(x, y, epochs=4, learning_rate=rate, sample_weight=weight)
    right = exact.descend(rate, 4)
    rounding, representable = tolerance(exact, x, right)
    assert abs(float(exact.cost(right)) - fit.cost) <= 1e-7 * fit.cost + rounding + representable, (
        seed,
        float(exact.cost(right)),
        fit.cost,
    )


def check_folds(seed):
    x, y, weight = random_table(seed)
    n = len(y)
    if n < 2:
        return
    exact, k = Exact(x, y, weight), int(np.random.default_rng(seed).integers(2, n + 1))
    folds = [tuple(map(list, pair)) for pair in fastgd.k_fold(n, k)]
    for train, test in folds:
        if not any(exact.weight[i] for i in train) or not any(exact.weight[i] for i in test):
            return
    rate = fastgd.fit(x, y, epochs=1, sample_weight=weight).learning_rate / 4
    cv = fastgd.cross_validate(
        x,
        y,
        folds=(k, folds, "loo")[seed % 3] if k == n else (k, folds)[seed % 2],
        learning_rate=rate,
        epochs=3,
        sample_weight=weight,
    )
    for i, (train, test) in enumerate(folds):
        right = exact.some(train).descend(rate, 3)
        judged = exact.some(test)
        rounding, representable = tolerance(exact, x, right)
        truth, found = float(judged.cost(right)), cv.validation_cost[i]
        assert abs(truth - found) <= 1e-7 * truth + rounding + representable, (seed, i, truth, found)
        truth, found = float(exact.some(train).cost(right)), cv.train_cost[i]
        assert abs(truth - found) <= 1e-7 * truth + rounding + representable, (seed, i, truth, found)


def check_epochs_to(seed):
    """Epochs to one percent, by stepping on exactly: only where a few hundred are enough."""
    x, y, weight = random_table(seed)
    exact = Exact(x, y, weight)
    least, first = exact.cost(exact.minimum()), exact.cost([Fraction(0)] * exact.k)
    q = fastgd.QuadraticCost.of(x, y, sample_weight=weight)
    rate = fastgd.fit(x, y, epochs=1, sample_weight=weight).learning_rate
    found = q.epochs_to(0.01, rate)
    if float(least) <= max(q.rounding, (EPS * float(np.abs(y).max())) ** 2) * 1e6:
        return
    goal = least + least / 100
    if found == 0:
        assert first <= goal * (1 + Fraction(1, 10**9)), seed
        return

    def after(epochs):
        second, right = exact.moments()
        theta, steps = [Fraction(0)] * exact.k, Fraction(rate)
        for _ in range(epochs):
            slopes = [2 * (sum(a * t for a, t in zip(row, theta)) - v) for row, v in zip(second, right)]
            theta = [rounded(t - steps * g) for t, g in zip(theta, slopes)]
        return exact.cost(theta)

    if found <= 60:
        assert after(int(found)) <= goal * (1 + Fraction(1, 10**7)), (seed, found)
        assert after(int(found) - 1) >= goal * (1 - Fraction(1, 10**7)), (seed, found)
    else:
        assert after(60) > goal * (1 - Fraction(1, 10**7)), (seed, found)


def rounded(value, bits=400):
    """A fraction to so many bits behind the point: exact descents double their digits otherwise."""
    return Fraction(round(value * (1 << bits)), 1 << bits)


CHECKS = [check_minimum, check_descent, check_folds, check_epochs_to]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.filterwarnings("ignore")
def test_random_tables(check):
    for seed in range(2000):
        check(seed)
