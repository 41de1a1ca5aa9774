"""Cross-validation: every fold costs what refitting from scratch in sixty digits says, and no row judges what it taught."""

import math
import sys
import warnings
from decimal import Decimal, localcontext
from functools import partial

import numba
import numpy as np
import pandas
import polars
import pyarrow
import pytest
from sklearn import metrics, model_selection

import fastgd
from fastgd import ConvergenceWarning, DivergenceWarning, Status, reference

EPS = sys.float_info.epsilon
PLAIN = numba.config.DISABLE_JIT
DIGITS = 60


def problem(d=None, n=17, seed=5):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=n if d is None else (n, d)) + 0.5
    y = (x if d is None else x @ np.arange(1.0, d + 1)) + 0.3 + 0.5 * generator.normal(size=n)
    return x, y, generator.random(n) + 0.01


def decimals(values):
    """A number, numbers or rows of numbers as decimals: without an error."""
    values = values.tolist() if hasattr(values, "tolist") else values
    return [decimals(value) for value in values] if isinstance(values, list) else Decimal(values)


def quietly(call, *arguments, **options):
    """Call without the warnings that a test is not about."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", DivergenceWarning)
        warnings.simplefilter("ignore", fastgd.RankWarning)
        return call(*arguments, **options)


def validate(x, y, **options):
    return quietly(fastgd.cross_validate, x, y, **options)


def automatic(x, weight, bias, l2, standardize):
    """1 / h_max, h the eigenvalues of the Hessian where the descent runs."""
    x, weight = np.array(x, dtype=float).reshape(len(x), -1), np.array(weight, dtype=float)
    largest = np.abs(x).max(axis=0)
    if standardize:
        x = x - np.average(x, axis=0, weights=weight) * bias
        size = np.sqrt(np.average(x * x, axis=0, weights=weight))
        x = x / np.where(size > 1e-14 * largest, size, 1.0)
    z = np.column_stack([x, np.ones(len(x))]) if bias else x
    hessian = 2.0 * (z * weight[:, None]).T @ z / weight.sum()
    hessian[range(x.shape[1]), range(x.shape[1])] += 2.0 * l2
    steepest = np.linalg.eigvalsh(hessian)[-1]
    return 1.0 / steepest if steepest > 0.0 else 1.0


def refit(x, y, folds, *, sample_weight=None, minimum=False, learning_rate="auto", epochs=10, l2=0.0, factors=None,
          bias=True, standardize=False, w0=None, b0=0.0):  # fmt: skip
    """What `reference` makes of every fold: arrays w, b, training cost and validation cost."""

    def model(x, y, weight):
        penalty = Decimal(l2)
        if minimum:
            return reference.minimum(x, y, bias, penalty, weight, standardize)[:2]
        rate = automatic(x, weight, bias, l2, standardize) if learning_rate == "auto" else learning_rate
        start = 0.0 * np.array(x[0], dtype=float) if w0 is None else np.asarray(w0)
        return reference.fit(
            x, y, w0=decimals(start), b0=Decimal(b0), learning_rate=Decimal(rate), epochs=epochs, bias=bias, l2=penalty,
            sample_weight=weight, standardize=standardize, factors=None if factors is None else decimals(factors),
        )[-1]  # fmt: skip

    with localcontext(prec=DIGITS):
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        found = reference.cross_validate(decimals(x), decimals(y), folds, model, sample_weight=decimals(weight))
        return [np.array(column, dtype=float) for column in zip(*found, strict=True)]


def fold_by_fold(x, y, folds, *, sample_weight=None, **options):
    """One fit per fold, and the cost of its rows put aside."""
    loss = {name: options[name] for name in ("loss", "delta") if name in options}
    for train, test in folds:
        weights = [None if sample_weight is None else sample_weight[rows] for rows in (train, test)]
        fit = quietly(fastgd.fit, x[train], y[train], sample_weight=weights[0], **options)
        yield fit, fastgd.cost(x[test], y[test], fit.w, fit.b, sample_weight=weights[1], **loss)


def folds_for(kind, n):
    """What is asked for, and the pairs it stands for."""
    if kind == "loo":
        return "loo", reference.leave_one_out(n)
    if kind == "shuffled":
        folds = fastgd.k_fold(n, 4, shuffle=True, seed=2)
        return folds, list(folds)
    if kind == "pairs":  # not every row is tested, and some are twice
        pairs = [([0, 1, 2, 3, 5, 8], [4, 6]), (list(range(4, n)), [0, 1, 2])]
        return pairs, pairs
    return 3, reference.k_fold(n, 3)


KINDS = ("in order", "shuffled", "pairs", "loo")

EXTRAS = {
    "plain": {}, "rate": {"learning_rate": 0.05}, "no bias": {"bias": False}, "l2": {"l2": 0.3},
    "standardize": {"standardize": True}, "standardize, no bias": {"standardize": True, "bias": False},
    "standardize, l2, rate": {"standardize": True, "l2": 0.1, "learning_rate": 0.3},
    "no start": {"epochs": 0}, "standardize, no start": {"epochs": 0, "standardize": True},
    "exponential": {"schedule": "exponential"}, "cosine": {"schedule": "cosine", "standardize": True, "learning_rate": 0.4},
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("d", [None, 1, 2, 4])
def test_fold_costs_are_those_of_refitting_from_scratch(d, extra, kind):
    n = 9 if d == 4 else 13
    x, y, weight = problem(d, n, seed=d or 0)
    folds, pairs = folds_for(kind, n)
    options = {"epochs": 8} | EXTRAS[extra]
    options |= {"w0": 0.5 if d is None else np.arange(d) + 0.5, "b0": 0.0 if "bias" in options else -1.0}
    for weights in (None, weight):
        cv = validate(x, y, folds=folds, sample_weight=weights, **options)
        schedule = {
            "exponential": 0.95 ** np.arange(8),
            "cosine": (1 + np.cos(np.pi * np.arange(8) / 8)) / 2,
        }.get(options.get("schedule"))
        own = {name: value for name, value in options.items() if name != "schedule"}
        w, b, train, found = refit(x, y, pairs, sample_weight=weights, factors=schedule, **own)
        assert cv.w.shape == w.shape == ((len(pairs),) if d is None else (len(pairs), d))
        assert np.allclose(cv.w, w, rtol=1e-10, atol=1e-12)
        assert np.allclose(cv.b, b, rtol=1e-10, atol=1e-12)
        assert cv.train_cost == pytest.approx(train, rel=1e-10)
        assert cv.validation_cost == pytest.approx(found, rel=1e-10)
        least = refit(x, y, pairs, sample_weight=weights, minimum=True, **own)[3]
        assert cv.at_minimum == pytest.approx(least, rel=1e-10)


def hostile():
    """Rows that a fold cannot do without, and scales that take digits: name, (x, y, weights)."""
    generator = np.random.default_rng(0)
    n = 12
    some, noise, more = generator.normal(size=(3, n))
    far, lone, tenths = some.copy(), np.full(n, 3.0), np.full(n, 0.1)
    far[5], lone[4], tenths[4] = 1e6, 5.0, 0.7
    outlier, held = noise.copy(), some.copy()
    outlier[7] += 1e6
    held[7] = 1.5 * np.abs(some).max()  # an outlier with a leverage of its own: neither alone is nearly everything
    column = np.column_stack([some, more, np.zeros(n)])
    column[2, 2] = 1.0
    offset = column + np.array([0.0, 0.0, 0.1])
    heavy, light = np.ones(n), np.full(n, 1e-9)
    heavy[3], light[3] = 1e8, 1.0
    line = 2.0 * some + 1.0
    line[7] += 1.0
    apart = some + np.repeat([0.0, 1e3, 1e6], n // 3)
    return {
        "a row of huge leverage": (far, 2.0 * far + 1.0 + noise, None),
        "a row that determines the slope": (lone, 2.0 * lone + noise, None),
        "a row that determines the slope of tenths": (tenths, 2.0 * tenths + noise, None),
        "a row that determines a column": (column, some + noise, None),
        "a row that determines a column of tenths": (offset, some + noise, None),
        "an outlier that is nearly all": (some, some + outlier, None),
        "an outlier far from the middle": (held, held + outlier, None),
        "one residual": (some, line, None),
        "nearly all the weight": (some, some + noise, heavy),
        "nearly all the weight is little": (np.column_stack([some, more]), some + noise, light),
        "two rows": (some[:2], some[:2] + noise[:2], None),
        "three rows": (some[:3], some[:3] + noise[:3], None),
        "three rows of two features": (np.column_stack([some, more])[:3], noise[:3], None),
        "nearly collinear columns": (np.column_stack([some, some + 1e-6 * more]), some + noise, None),
        "an offset of 1e6, noise of 1e-3": (some + 1e6, 2.0 * (some + 1e6) + 1.0 + 1e-3 * noise, None),
        "features at 1e6": (some + 1e6, 2.0 * some + 1.0 + 1e-3 * noise, None),
        "sorted parts far apart": (apart, 2.0 * apart + 1e-3 * noise, None),
        "sorted parts, each on its own line": (apart, np.repeat([1.0, -1.0, 0.5], n // 3) * apart + 1e-3 * noise, None),
        "scales of 1e-5 and 1e5": (np.column_stack([1e-5 * some, 1e5 * more]), some + noise, None),
    }


def rounding(x, y, w, b, rows):
    """What rounding numbers of their size once does to the errors of some rows, a few times over.

    Exact arithmetic on the x, y, w, b that floats can hold is off by this already: |w x|, b and y are each off by half a
    unit in the last place. So no way of working in floats can promise an error e less than this, nor a mean of squares c
    less than 2 sqrt(c) r + r^2.
    """
    x = np.abs(np.asarray(x).reshape(len(y), -1)[rows])
    return 8.0 * EPS * float(np.max(x @ np.abs(np.atleast_1d(w)) + np.abs(b) + np.abs(y[rows])))


def assert_close(found, expected, allowed, said):
    bound = 1e-10 * expected + 2.0 * np.sqrt(expected) * allowed + allowed**2
    off = np.abs(found - expected) - bound
    worst = int(np.argmax(off))
    assert off[worst] <= 0.0, f"{said}, fold {worst}: {found[worst]!r} and not {expected[worst]!r}"


@pytest.mark.parametrize("l2", [0.0, 0.1])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("case", hostile())
def test_rows_that_a_fold_cannot_do_without_and_scales_that_take_digits(case, standardize, bias, l2):
    x, y, weight = hostile()[case]
    n = len(y)
    options = {"standardize": standardize, "bias": bias, "l2": l2, "sample_weight": weight}
    lowest = fastgd.QuadraticCost.of(x, y, bias=bias, sample_weight=weight).solve()
    for kind in ("loo",) if n < 4 else ("loo", "in order"):
        folds, pairs = folds_for(kind, n)
        for rate in ("auto", 0.01 if standardize else 1e-13):
            cv = validate(x, y, folds=folds, epochs=6, learning_rate=rate, **options)
            w, b, train, found = refit(x, y, pairs, epochs=6, learning_rate=rate, **options)
            # Leaving rows out starts from the best line on all rows, whose digits count, too.
            near = rounding(x, y, lowest.w, lowest.b, slice(None)) if kind == "loo" else 0.0
            own = [max(near, rounding(x, y, w[i], b[i], pair[0])) for i, pair in enumerate(pairs)]
            both = [max(near, rounding(x, y, w[i], b[i], slice(None))) for i in range(len(pairs))]
            assert_close(cv.train_cost, train, np.array(own), f"training cost, {kind}, rate {rate}")
            assert_close(cv.validation_cost, found, np.array(both), f"validation cost, {kind}, rate {rate}")


@pytest.mark.parametrize("l2", [0.0, 0.1])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_a_column_that_is_constant_without_a_row_does_not_break_the_eigenvalues(d, bias, l2):
    for seed in range(6):
        generator = np.random.default_rng(seed)
        n = int(generator.integers(d + 3, 20))
        x, y = generator.normal(size=(n, d)), generator.normal(size=n)
        x[:, -1] = 0.0
        x[2, -1] = generator.choice([1.0, 1e-3])
        options = {"standardize": True, "bias": bias, "l2": l2, "epochs": 4}
        for rate in ("auto", 0.9 / (d + l2), 2.0):
            cv = validate(x, y, folds="loo", learning_rate=rate, **options)
            costs = [cost for _, cost in fold_by_fold(x, y, fastgd.leave_one_out(n), learning_rate=rate, **options)]
            kept = np.isfinite(cv.validation_cost)
            assert kept.all() or rate == 2.0
            assert cv.validation_cost[kept] == pytest.approx(np.array(costs)[kept], rel=1e-9)
            assert np.isfinite(cv.at_minimum).all()


def odd():
    """Data that are thin, flat, tied or far from 1."""
    generator = np.random.default_rng(0)
    some, wide, y = generator.normal(size=12), generator.normal(size=(8, 12)), generator.normal(size=12)
    return {
        "more columns than rows": (wide, y[:8]),
        "y constant": (some, np.full(12, 0.1)),
        "y zero": (some, np.zeros(12)),
        "x constant": (np.full(12, 0.1), y),
        "x zero": (np.zeros((12, 2)), y),
        "single precision": (wide.T[:, :2].astype(np.float32), y.astype(np.float32)),
        "integers": (generator.integers(-5, 5, 12), generator.integers(-5, 5, 12)),
        "ones and zeros": (generator.integers(0, 2, (12, 3)), generator.integers(0, 2, 12)),
        "two values": (np.repeat([1.0, 2.0], 6), y),
        "three rows of two values": (np.array([1.0, 1.0, 2.0]), np.array([0.0, 1.0, 5.0])),
        "x huge": (1e150 * some, y),
        "x tiny": (1e-150 * some, y),
        "y tiny": (some, 1e-150 * y),
    }


@pytest.mark.parametrize("options", [{}, {"standardize": True}, {"bias": False}, {"standardize": True, "l2": 0.5}])
@pytest.mark.parametrize("case", odd())
def test_odd_data(case, options):
    x, y = odd()[case]
    for kind in ("in order", "shuffled", "loo") if len(y) > 4 else ("in order", "loo"):
        folds, pairs = folds_for(kind, len(y))
        cv = validate(x, y, folds=folds, epochs=7, **options)
        expected = [cost for _, cost in fold_by_fold(x, y, pairs, epochs=7, **options)]
        assert cv.validation_cost == pytest.approx(expected, rel=1e-8, abs=1e-28 * float(np.abs(y).max()) ** 2)
        assert np.isfinite([cv.at_minimum, cv.mae, cv.rmse]).all()
        assert np.isfinite(cv.curves.validation_cost).all()


def least_squares(x, y, weight, standardize, bias, l2):
    """The shortest minimum by NumPy: of all w that cost least the shortest, in the units of x."""
    x = x.reshape(len(y), -1)
    mean_x, mean_y = (np.average(values, axis=0, weights=weight) * bias for values in (x, y))
    centred = x - mean_x
    spread = np.sqrt(np.average(centred**2, axis=0, weights=weight))
    flat = spread <= 1e-14 * np.abs(x).max(axis=0)
    centred[:, flat] = 0.0
    scale = np.where(flat | (not standardize), 1.0, spread)
    rows, column = centred * np.sqrt(weight)[:, None], (y - mean_y) * np.sqrt(weight)
    if l2:
        rows = np.vstack([rows, math.sqrt(l2 * weight.sum()) * np.diag(scale)])
        column = np.append(column, np.zeros(len(scale)))
    size = np.where(np.linalg.norm(rows, axis=0) > 0.0, np.linalg.norm(rows, axis=0), 1.0)
    _, singular, right = np.linalg.svd(rows / size)
    rank = int((singular > 1e-10 * singular[0]).sum())
    w = np.linalg.lstsq(rows / size, column, rcond=1e-10)[0] / size
    null = np.linalg.qr((right[rank:] / size).T)[0]
    w = w - null @ (null.T @ w)
    return w, mean_y - mean_x @ w


@pytest.mark.parametrize("l2", [0.0, 0.1])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize(
    "case",
    [
        "two columns alike", "a sum of two", "constant", "constant tenths", "more columns than rows", "tied but for a row",
        "a row that determines a column", "a row that determines a column of tenths", "a row that determines the slope",
    ],
)  # fmt: skip
def test_the_minimum_of_columns_that_do_not_determine_it_is_the_shortest(case, standardize, bias, l2):
    x, y, weight = problem(2, 12)
    tied = np.column_stack([x[:, 0], x[:, 0]])
    tied[4, 1] += 1.0
    x, y, weight = {
        "two columns alike": (np.column_stack([x, x[:, 0]]), y, weight),
        "a sum of two": (np.column_stack([x, x.sum(axis=1)]), y, weight),
        "constant": (np.column_stack([x, np.full(12, 2.0)]), y, None),
        "constant tenths": (np.column_stack([x, np.full(12, 0.1)]), y, None),
        "more columns than rows": (np.random.default_rng(0).normal(size=(5, 7)), y[:5], None),
        "tied but for a row": (tied, y, None),
    }.get(case) or hostile()[case]
    for kind in ("loo", "in order"):
        folds, pairs = folds_for(kind, len(y))
        options = {"standardize": standardize, "bias": bias, "l2": l2}
        cv = validate(x, y, folds=folds, sample_weight=weight, epochs=1, learning_rate=1e-9, **options)
        weights = np.ones(len(y)) if weight is None else weight
        for i, (train, test) in enumerate(pairs):
            w, b = least_squares(x[train], y[train], weights[train], **options)
            rows = x.reshape(len(y), -1)[test]
            expected = np.average((y[test] - rows @ w - b) ** 2, weights=weights[test])
            if standardize and l2 == 0.0 and case in ("two columns alike", "a sum of two", "more columns than rows"):
                continue  # which of the minima is the shortest is a matter of the units
            assert cv.at_minimum[i] == pytest.approx(expected, rel=1e-8), f"{kind}, fold {i}"


def test_leaving_one_out_at_the_minimum_is_the_press_formula(rows):
    n = 3_000 if PLAIN else 40_000  # several chunks
    x, y, weight = problem(3, n)
    cv = validate(x, y, folds="loo", epochs=2, learning_rate=0.1, sample_weight=weight)
    z = np.column_stack([x, np.ones(n)]) * np.sqrt(weight)[:, None]
    q, _ = np.linalg.qr(z)
    residual = y - np.column_stack([x, np.ones(n)]) @ np.linalg.lstsq(z, y * np.sqrt(weight), rcond=None)[0]
    assert cv.at_minimum == pytest.approx((residual / (1.0 - np.sum(q * q, axis=1))) ** 2, rel=1e-9, abs=1e-20)
    for row in (0, 1, n // 2, n - 1):
        fit = quietly(fastgd.fit, np.delete(x, row, 0), np.delete(y, row), epochs=2, learning_rate=0.1,
                      sample_weight=np.delete(weight, row))  # fmt: skip
        assert cv.train_cost[row] == pytest.approx(fit.cost, rel=1e-12)
        assert np.allclose(cv.w[row], fit.w, rtol=1e-12)


@pytest.mark.parametrize("kind", ["in order", "shuffled"])
def test_folds_of_several_blocks(rows, kind):
    x, y, weight = problem(None, rows)
    folds, pairs = (7, fastgd.k_fold(rows, 7)) if kind == "in order" else folds_for(kind, rows)
    cv = validate(x, y, folds=folds, epochs=9, standardize=True, learning_rate=0.2, sample_weight=weight)
    expected = list(fold_by_fold(x, y, pairs, epochs=9, standardize=True, learning_rate=0.2, sample_weight=weight))
    assert cv.validation_cost == pytest.approx([cost for _, cost in expected], rel=1e-11)
    assert cv.train_cost == pytest.approx([fit.cost for fit, _ in expected], rel=1e-11)


WALKED = {
    "single samples": {"batch_size": 1, "learning_rate": 0.02},
    "in order": {"batch_size": 3, "shuffle": "none", "learning_rate": 0.02},
    "shuffled once": {"batch_size": 3, "shuffle": "once", "learning_rate": 0.02},
    "penalty": {"batch_size": 2, "learning_rate": 0.02, "l2": 0.5, "bias": False},
    "huber": {"loss": "huber", "delta": 0.4, "learning_rate": 0.1},
    "huber by batches": {"loss": "huber", "batch_size": 2, "learning_rate": 0.05},
    "absolute": {"loss": "absolute", "learning_rate": 0.1},
    "absolute by samples": {"loss": "absolute", "batch_size": 1, "learning_rate": 0.05},
    "momentum": {"optimizer": "momentum", "batch_size": 4, "learning_rate": 0.01},
    "adam": {"optimizer": "adam", "batch_size": 1, "learning_rate": 0.1},
    "adam on huber": {"optimizer": fastgd.Adam(beta1=0.5), "loss": "huber", "learning_rate": 0.1},
    "average": {"average": 0.5, "batch_size": 2, "learning_rate": 0.05},
    "inverse scaling": {"schedule": "inverse_scaling", "batch_size": 2, "learning_rate": 0.05},
    "patience": {"validation": 0.3, "patience": 2, "batch_size": 1, "learning_rate": 0.1, "epochs": 15},
    "validation": {"validation": 0.3, "batch_size": 1, "learning_rate": 0.1},
    "by rows": {"via": "data", "learning_rate": 0.1},
    "no record": {"batch_size": 2, "learning_rate": 0.05, "record": None},
}
SUMMED = {
    "momentum": {"optimizer": "momentum", "learning_rate": 0.02},
    "adam": {"optimizer": "adam", "learning_rate": 0.3},
    "implicit": {"optimizer": "implicit", "learning_rate": 0.3},
    "average": {"average": 0.3, "learning_rate": 0.1},
    "average by batches": {"average": 0.3, "batch_size": 2, "standardize": True},
    "inverse scaling": {"schedule": "inverse_scaling", "learning_rate": 0.1},
    "patience": {"validation": 0.3, "patience": 2, "learning_rate": 0.1, "epochs": 40},
    "tolerance": {"tol": 0.05, "learning_rate": 0.1, "epochs": 40},
    "records": {"record": 2, "learning_rate": 0.1},
    "automatic single samples": {"batch_size": 1, "standardize": True},
    "automatic huber": {"loss": "huber", "standardize": True},
    "fewer rows in some folds": {"batch_size": 8, "learning_rate": 0.05, "standardize": True},
}


@pytest.mark.parametrize("kind", ["in order", "shuffled", "loo"])
@pytest.mark.parametrize("way", WALKED)
def test_what_walks_the_rows_is_one_fit_per_fold_to_the_bit(way, kind):
    x, y, weight = problem(2, 13)
    folds, pairs = folds_for(kind, 13)
    for weights in (None, weight):
        options = {"epochs": 3, "seed": 7, "sample_weight": weights} | WALKED[way]
        cv = validate(x, y, folds=folds, **options)
        expected = list(fold_by_fold(x, y, pairs, **options))
        if weights is None:
            assert np.array_equal(cv.w, [fit.w for fit, _ in expected])
            assert np.array_equal(cv.b, [fit.b for fit, _ in expected])
        else:  # the sum of weights is a sum of sums
            assert np.allclose(cv.w, [fit.w for fit, _ in expected], rtol=1e-12)
        assert cv.train_cost == pytest.approx([fit.cost for fit, _ in expected], rel=1e-11, nan_ok=True)
        assert cv.validation_cost == pytest.approx([cost for _, cost in expected], rel=1e-11)
        assert [fit.epochs for fit in cv.fits] == [fit.epochs for fit, _ in expected]


@pytest.mark.parametrize("kind", ["in order", "shuffled", "loo"])
@pytest.mark.parametrize("way", SUMMED)
def test_what_stands_on_sums_is_one_fit_per_fold(way, kind):
    x, y, weight = problem(2, 13)
    folds, pairs = folds_for(kind, 13)
    options = {"epochs": 5, "seed": 7, "sample_weight": weight} | SUMMED[way]
    cv = validate(x, y, folds=folds, **options)
    expected = list(fold_by_fold(x, y, pairs, **options))
    assert np.allclose(cv.w, [fit.w for fit, _ in expected], rtol=1e-10)
    assert cv.train_cost == pytest.approx([fit.cost for fit, _ in expected], rel=1e-10)
    assert cv.validation_cost == pytest.approx([cost for _, cost in expected], rel=1e-10)
    assert [fit.status for fit in cv.fits] == [fit.status for fit, _ in expected]
    assert [fit.epochs for fit in cv.fits] == [fit.epochs for fit, _ in expected]


class TestSplitters:
    """Scikit-learn's splitters and their pairs, against one fit and one mse per fold."""

    classes = np.repeat([0.0, 1.0, 2.0], 6)
    groups = np.tile([3, 1, 2, 1, 3, 2], 3)
    splitters = {  # noqa: RUF012
        "KFold": model_selection.KFold(4, shuffle=True, random_state=0),
        "LeaveOneOut": model_selection.LeaveOneOut(),
        "RepeatedKFold": model_selection.RepeatedKFold(n_splits=3, n_repeats=2, random_state=0),
        "TimeSeriesSplit": model_selection.TimeSeriesSplit(4),
        "ShuffleSplit": model_selection.ShuffleSplit(3, test_size=0.3, random_state=0),
        "StratifiedKFold": model_selection.StratifiedKFold(3),
        "GroupKFold": model_selection.GroupKFold(3),
    }

    @pytest.mark.parametrize("d", [None, 2])
    @pytest.mark.parametrize("name", splitters)
    def test_costs_are_those_of_one_fit_per_fold(self, name, d):
        x, _, weight = problem(d, 18)
        y, splitter = self.classes, self.splitters[name]
        groups = self.groups if name == "GroupKFold" else None
        pairs = list(splitter.split(x, y, groups))
        options = {"epochs": 20, "learning_rate": 0.05, "sample_weight": weight}
        expected = list(fold_by_fold(x, y, pairs, **options))
        ways = [pairs, iter(pairs), splitter.split(x, y, groups), [tuple(map(list, pair)) for pair in pairs]]
        for folds in ways if name == "GroupKFold" else [*ways, splitter]:
            cv = validate(x, y, folds=folds, **options)
            assert len(cv) == len(pairs) == len(cv.fits)
            assert cv.validation_cost == pytest.approx([cost for _, cost in expected], rel=1e-10)
            assert cv.train_cost == pytest.approx([fit.cost for fit, _ in expected], rel=1e-10)
            assert np.allclose(cv.w, [fit.w for fit, _ in expected], rtol=1e-10)

    def test_a_splitter_sees_the_frame_it_is_given(self):
        x, y, _ = problem(2, 18)
        seen = []

        class Splitter:
            def split(self, rows, targets):
                seen.append((rows, targets))
                return [(range(9), range(9, 18))]

        frame = pandas.DataFrame(x, columns=["a", "b"])
        validate(frame, y, folds=Splitter(), epochs=2)
        assert seen[0][0] is frame
        assert np.array_equal(seen[0][1], y)

    def test_masks_ranges_and_any_integers_are_row_numbers(self):
        x, y, _ = problem(None, 18)
        expected = validate(x, y, folds=[(np.arange(6, 18), np.arange(6))], epochs=3)
        for train, test in (
            (np.arange(18) >= 6, np.arange(18) < 6), (range(6, 18), range(6)), (list(range(6, 18)), list(range(6))),
            (np.arange(6, 18, dtype=np.uint8), np.arange(6, dtype=np.int16)),
        ):  # fmt: skip
            cv = validate(x, y, folds=[(train, test)], epochs=3)
            assert np.array_equal(cv.validation_cost, expected.validation_cost)

    def test_rows_may_be_drawn_more_than_once(self):
        x, y, _ = problem(None, 18)
        train, test = np.random.default_rng(0).integers(0, 9, 30), np.array([10, 10, 11, 17])
        cv = validate(x, y, folds=[(train, test)], epochs=9, learning_rate=0.1)
        (fit, cost), *_ = fold_by_fold(x, y, [(train, test)], epochs=9, learning_rate=0.1)
        assert cv.w[0] == pytest.approx(fit.w, rel=1e-12)
        assert cv.validation_cost[0] == pytest.approx(cost, rel=1e-12)

    def test_a_bootstrap_of_the_size_of_all_others_is_not_taken_for_them(self):
        x, y, _ = problem(None, 6)
        pairs = [([3, 3, 4], [0, 1, 2]), ([0, 1, 2], [3, 4, 5])]
        cv = validate(x, y, folds=pairs, epochs=9, learning_rate=0.1)
        assert cv.w == pytest.approx([fit.w for fit, _ in fold_by_fold(x, y, pairs, epochs=9, learning_rate=0.1)], rel=1e-12)


def test_shuffled_folds_of_one_row_each_are_in_their_own_order():
    x, y, _ = problem(None, 9)
    folds = fastgd.k_fold(9, 9, shuffle=True, seed=1)
    cv = validate(x, y, folds=folds, epochs=5, learning_rate=0.1)
    expected = [cost for _, cost in fold_by_fold(x, y, folds, epochs=5, learning_rate=0.1)]
    assert cv.validation_cost == pytest.approx(expected, rel=1e-12)


class TestRefusals:
    @pytest.mark.parametrize(
        ("folds", "error", "said"),
        [
            ([(range(5), [5]), ([0, 1, 4], [4, 5])], ValueError, r"folds\[1\] has row 4 in train and in test"),
            (
                [(range(5), [5]), ([0, 9, 10], [4])],
                ValueError,
                r"folds\[1\], train has row 10: rows are numbered from 0",
            ),
            ([(range(5), [5, -1])], ValueError, r"folds\[0\], test has row -1: rows are numbered from 0 to 9"),
            ([([], [1])], ValueError, r"folds\[0\], train is empty"),
            ([(range(5), [5]), ([0], [])], ValueError, r"folds\[1\], test is empty"),
            ([(range(5), [5]), (1, 2, 3)], ValueError, r"folds\[1\] is \(1, 2, 3\): every entry must be a pair"),
            ([0, 1], ValueError, r"folds\[0\] is 0: every entry must be a pair"),
            ([([0.0, 1.0], [2])], TypeError, r"folds\[0\], train is \[0.0, 1.0\]: .* row numbers"),
            ([([0, 1], [[2]])], TypeError, r"folds\[0\], test is \[\[2\]\]: .* row numbers"),
            ([(np.ones(3, bool), [2])], TypeError, r"folds\[0\], train is array\(\[ True,  True,  True\]\)"),
            ([], ValueError, "folds is empty"),
            (fastgd.k_fold(9, 3), ValueError, "folds are of 9 rows and x has 10"),
            (fastgd.leave_one_out(11), ValueError, "folds are of 11 rows and x has 10"),
            ("leave", ValueError, "folds is 'leave': it must be a number, 'loo', or pairs"),
            (1, ValueError, "folds is 1: it must be 2 or above"),
            (0, ValueError, "folds is 0: it must be 2 or above"),
            (11, ValueError, "folds is 11: there are only 10 rows, so a fold would be empty"),
            (True, TypeError, "folds is True: it must be a number"),
            (2.5, TypeError, "folds is 2.5: it must be a number"),
            (None, TypeError, "folds is None: it must be a number"),
            (b"loo", TypeError, "folds is b'loo': it must be a number"),
            (model_selection.KFold, TypeError, "folds is <class .*KFold.*>: it must be a number"),
        ],
    )
    @pytest.mark.parametrize("judge", ["cross_validate", "select"])
    def test_bad_folds_in_one_sentence(self, judge, folds, error, said):
        x, y, _ = problem(None, 10)
        call = partial(fastgd.select, grid={"epochs": [2, 3]}) if judge == "select" else fastgd.cross_validate
        with pytest.raises(error, match=said) as caught:
            call(x, y, folds=folds, learning_rate=0.1)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("folds", [5, "loo", [(range(5), range(5, 10))]])
    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"standardise": True}, "'standardise' is no argument of fit .did you mean 'standardize'"),
            ({"epochs": -1}, "epochs is -1"),
            ({"learning_rate": 0.0}, "learning_rate is 0: it must be above 0"),
            ({"l2": -1.0}, "l2 is -1"),
            ({"w0": [1.0, 2.0]}, "w0 has shape"),
            ({"bias": False, "b0": 1.0}, "with bias=False"),
            ({"batch_size": 11}, "batch_size is 11: there are only"),
            ({"patience": 2}, "patience is given and validation is None"),
            ({"via": "moments", "loss": "huber"}, "via is 'moments'"),
            ({"seed": -1}, "seed is -1"),
            ({"threads": 0}, "threads is 0"),
            ({"sample_weight": [0.0] * 10}, "sample_weight is 0 in every row"),
            ({"sample_weight": [1.0] * 9}, "sample_weight has 9"),
        ],
    )
    def test_bad_arguments_of_fit(self, folds, options, said):
        x, y, _ = problem(None, 10)
        with pytest.raises(ValueError, match=said):
            fastgd.cross_validate(x, y, folds=folds, **options)

    @pytest.mark.parametrize(
        ("folds", "said"),
        [
            (5, "fold 1: sample_weight is 0 in every row to test"),
            ("loo", "fold 2: sample_weight is 0 in every row to test"),
            ([([0, 1], [4]), ([2, 3], [0])], "fold 1: sample_weight is 0 in every row to train on"),
        ],
    )
    def test_a_fold_without_weight_is_named(self, folds, said):
        x, y, _ = problem(None, 10)
        weight = np.ones(10)
        weight[2:4] = 0.0
        with pytest.raises(ValueError, match=said):
            fastgd.cross_validate(x, y, folds=folds, sample_weight=weight, epochs=2, learning_rate=0.1)

    def test_too_few_rows(self):
        with pytest.raises(ValueError, match="to leave one row out there must be at least 2"):
            fastgd.cross_validate([1.0], [2.0], folds="loo")
        with pytest.raises(ValueError, match="folds is 5: there are only 3 rows"):
            fastgd.cross_validate([1.0, 2.0, 3.0], [2.0, 3.0, 5.0])


@pytest.mark.parametrize("options", [{}, {"standardize": True}, {"batch_size": 1}, {"loss": "huber"}])
@pytest.mark.parametrize(("what", "said"), [("x", "x is nan in row 17"), ("y", "y is inf in row 17"),
                                            ("weight", "sample_weight is -1 in row 17")])  # fmt: skip
@pytest.mark.parametrize("d", [None, 2])
def test_rows_are_named_by_the_users_numbers(d, what, said, options):
    x, y, weight = problem(d, 24)
    if what == "x":
        x[17] = math.nan
    elif what == "y":
        y[17] = math.inf
    else:
        weight[17] = -1.0
    sorts = model_selection.ShuffleSplit(3, random_state=0)
    for folds in (5, "loo", fastgd.k_fold(24, 4, shuffle=True, seed=1), list(sorts.split(x)), [([17, 3, 2], [5, 6])]):
        with pytest.raises(ValueError, match=said):
            fastgd.cross_validate(x, y, folds=folds, sample_weight=weight, learning_rate=0.01, epochs=2, **options)


class TestDivergence:
    """Ten rows of which those of fold 2 of 5, 4 and 5, are near 0: without them the mean square is larger."""

    x = np.tile([1.0, -1.0], 5)
    x[4:6] = 0.01, -0.01
    y = 2.0 * x + np.linspace(-1.0, 1.0, 10)
    options = {"bias": False, "learning_rate": 1.2, "epochs": 60}  # noqa: RUF012

    @pytest.mark.parametrize("options", [{}, {"batch_size": 8}, {"via": "data"}])
    def test_a_fold_that_diverged_costs_infinitely_and_is_warned_of_once(self, options):
        with pytest.warns(DivergenceWarning, match="^1 of 5 folds diverged; fold 2 diverged after") as caught:
            cv = fastgd.cross_validate(self.x, self.y, **self.options, **options)
        assert len(caught) == 1
        assert np.isinf(cv.validation_cost).tolist() == np.isinf(cv.train_cost).tolist() == [i == 2 for i in range(5)]
        assert cv.mean == math.inf
        assert math.isnan(cv.standard_error)
        assert "1 diverged" in repr(cv)
        for i, (fit, cost) in enumerate(fold_by_fold(self.x, self.y, fastgd.k_fold(10, 5), **self.options, **options)):
            assert (fit.status is Status.DIVERGED) == (i == 2) == (cv.fits[i].status is Status.DIVERGED)
            if i != 2:
                assert cv.validation_cost[i] == pytest.approx(cost, rel=1e-12)
                assert cv.train_cost[i] == pytest.approx(fit.cost, rel=1e-12)

    def test_rows_without_which_descent_diverges(self):
        with pytest.warns(DivergenceWarning, match="^2 of 10 folds diverged; fold 4 ") as caught:
            cv = fastgd.cross_validate(self.x, self.y, folds="loo", **self.options)
        assert len(caught) == 1
        assert np.flatnonzero(np.isinf(cv.validation_cost)).tolist() == [4, 5]
        for i, (fit, cost) in enumerate(fold_by_fold(self.x, self.y, fastgd.leave_one_out(10), **self.options)):
            assert (fit.status is Status.DIVERGED) == (i in (4, 5)) == (cv.fits[i].status is Status.DIVERGED)
            if i not in (4, 5):
                assert cv.validation_cost[i] == pytest.approx(cost, rel=1e-9)

    @pytest.mark.parametrize("folds", [5, "loo"])
    def test_other_measures_of_a_diverged_fold_are_infinite_too(self, folds):
        cv = validate(self.x, self.y, folds=folds, **self.options)
        assert np.isinf(cv.validation_cost).any()
        assert np.array_equal(cv.rmse, np.sqrt(cv.validation_cost))
        assert np.array_equal(np.isinf(cv.mae), np.isinf(cv.validation_cost))

    @pytest.mark.parametrize("seed", range(4 if PLAIN else 25))
    @pytest.mark.parametrize("kind", ["in order", "loo"])
    def test_a_descent_is_lost_where_its_fit_is(self, kind, seed):
        generator = np.random.default_rng(seed)
        n, d = int(generator.integers(8, 20)), int(generator.integers(1, 4))
        x = generator.normal(size=(n, d)) + generator.normal(size=d)
        x[0] *= generator.choice([1.0, 10.0])
        y = x @ generator.normal(size=d) + generator.normal(size=n)
        standardize = bool(generator.integers(2))
        limit = generator.uniform(0.5, 1.5) if standardize else fastgd.stability(x).max_learning_rate
        folds, pairs = folds_for(kind, n)
        for share in (0.9, 1.02, 1.3, 50.0):
            options = {"learning_rate": share * limit, "epochs": int(generator.integers(1, 80)), "standardize": standardize}
            options["l2"] = float(generator.choice([0.0, 0.3]))
            cv = validate(x, y, folds=folds, **options)
            expected = list(fold_by_fold(x, y, pairs, **options))
            lost = np.array([fit.status is Status.DIVERGED for fit, _ in expected])
            assert np.array_equal(np.isinf(cv.validation_cost), lost), options
            costs = np.array([cost for _, cost in expected])
            assert cv.validation_cost[~lost] == pytest.approx(costs[~lost], rel=1e-7)

    def test_an_automatic_rate_that_led_nowhere_is_warned_of_once(self):
        x, y = fastgd.penguins()
        for folds in (5, "loo"):
            with pytest.warns(ConvergenceWarning, match="fold 0 ran the 100 epochs asked") as caught:
                fastgd.cross_validate(x, y, folds=folds)
            assert len(caught) == 1
            assert caught[0].filename == __file__


class TestMeasures:
    def test_rmse_mae_and_r2_are_those_of_scikit_learn(self):
        x, y, weight = problem(2, 30)
        for weights in (None, weight):
            for loss in ("squared", "huber"):
                cv = validate(x, y, folds=fastgd.k_fold(30, 4, shuffle=True, seed=0), sample_weight=weights, loss=loss,
                              learning_rate=0.1)  # fmt: skip
                for i, (_, test) in enumerate(fastgd.k_fold(30, 4, shuffle=True, seed=0)):
                    own = None if weights is None else weights[test]
                    predicted = x[test] @ cv.w[i] + cv.b[i]
                    for found, measure in (
                        (cv.rmse, metrics.root_mean_squared_error), (cv.mae, metrics.mean_absolute_error),
                        (cv.r2, metrics.r2_score),
                    ):  # fmt: skip
                        assert found[i] == pytest.approx(measure(y[test], predicted, sample_weight=own), rel=1e-10)

    def test_of_one_row(self):
        x, y, _ = problem(None, 12)
        cv = validate(x, y, folds="loo", learning_rate=0.1)
        error = np.abs(y - cv.w * x - cv.b)
        assert cv.mae == pytest.approx(error, rel=1e-10)
        assert cv.rmse == pytest.approx(error, rel=1e-10)
        assert np.isnan(cv.r2).all()

    def test_r2_where_y_does_not_vary(self):
        x = np.arange(6.0)
        y = np.array([0.1, 0.1, 0.1, 1.0, 2.0, 4.0])
        r2 = validate(x, y, folds=2, learning_rate=0.01).r2
        assert np.isnan(r2).tolist() == [True, False]

    def test_mean_and_standard_error(self):
        x, y, _ = problem(None, 30)
        cv = validate(x, y, folds=6, learning_rate=0.1)
        costs = cv.validation_cost
        assert cv.mean == pytest.approx(costs.mean())
        assert cv.standard_error == pytest.approx(reference.standard_error(costs.tolist()))
        assert math.isnan(validate(x, y, folds=[(range(20), range(20, 30))], learning_rate=0.1).standard_error)

    @pytest.mark.parametrize("kind", KINDS)
    def test_fits_are_those_of_the_training_rows(self, kind):
        x, y, weight = problem(2, 13)
        folds, pairs = folds_for(kind, 13)
        options = {"learning_rate": 0.1, "epochs": 6, "sample_weight": weight, "l2": 0.1, "seed": 0}
        cv = validate(x, y, folds=folds, **options)
        assert len(cv.fits) == len(cv) == len(pairs)
        for i, (fit, _) in enumerate(fold_by_fold(x, y, pairs, **options)):
            assert cv.fits[i].w == pytest.approx(fit.w, rel=1e-12)
            assert cv.w[i] == pytest.approx(fit.w, rel=1e-11)
            assert cv.fits[i].history.cost == pytest.approx(fit.history.cost, rel=1e-12)
            assert (cv.fits[i].status, cv.fits[i].epochs) == (fit.status, 6)
        assert cv.fits[-1].b == cv.fits[len(pairs) - 1].b
        assert [fit.b for fit in cv.fits[1:]] == [fit.b for fit in cv.fits][1:]
        with pytest.raises(IndexError):
            cv.fits[len(pairs)]

    def test_for_ever_is_the_minimum(self):
        x, y, _ = problem(2, 24)
        for folds in (4, "loo"):
            cv = validate(x, y, folds=folds, standardize=True, epochs=2000, l2=0.05)
            assert cv.validation_cost == pytest.approx(cv.at_minimum, rel=1e-9)
        assert np.isnan(validate(x, y, loss="huber", learning_rate=0.1).at_minimum).all()

    def test_a_frame_takes_the_folds(self):
        for d in (None, 2):
            x, y, _ = problem(d, 24)
            frame = pandas.DataFrame(validate(x, y, learning_rate=0.1).to_dict())
            assert list(frame) == ["w", "b", "train_cost", "validation_cost", "rmse", "mae", "r2"]
            assert len(frame) == 5


class TestCurves:
    def expected(self, x, y, pairs, epochs, **options):
        """The mean and its error of every epoch, from one history per fold."""
        weights = options.get("sample_weight")
        loss = {name: options[name] for name in ("loss",) if name in options}
        train, found = [], []
        for (_, test), (fit, _) in zip(pairs, fold_by_fold(x, y, pairs, epochs=epochs, **options), strict=True):
            history, own = fit.history, None if weights is None else weights[test]
            costs = [
                fastgd.cost(x[test], y[test], w, b, sample_weight=own, **loss)
                for w, b in zip(history.w, history.b, strict=True)
            ]
            last = epochs + 1 - len(costs)
            train.append([*history.cost, *[history.cost[-1]] * last])
            found.append([*costs, *[costs[-1]] * last])
        return [
            value
            for costs in (np.array(train), np.array(found))
            for value in (costs.mean(axis=0), costs.std(axis=0, ddof=1) / math.sqrt(len(costs)))
        ]

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize(
        "options",
        [
            {"learning_rate": 0.1}, {"standardize": True, "learning_rate": 0.3, "l2": 0.1},
            {"bias": False, "learning_rate": 0.1},
            {"schedule": "cosine", "learning_rate": 0.2}, {"batch_size": 3, "learning_rate": 0.05, "seed": 1},
            {"loss": "huber", "learning_rate": 0.1}, {"tol": 0.1, "learning_rate": 0.2},
        ],
    )  # fmt: skip
    def test_are_the_means_of_the_folds_histories(self, options, kind):
        x, y, weight = problem(2, 13)
        folds, pairs = folds_for(kind, 13)
        options = {"sample_weight": weight} | options
        curves = validate(x, y, folds=folds, epochs=12, **options).curves
        expected = self.expected(x, y, pairs, 12, **options)
        shown = (curves.train_cost, curves.train_error, curves.validation_cost, curves.validation_error)
        for found, means in zip(shown, expected, strict=True):
            assert found == pytest.approx(means[: len(found)], rel=1e-8)
            assert means[len(found) :] == pytest.approx(means[len(found) - 1], rel=1e-12)
        assert curves.epoch.tolist() == list(range(len(curves.epoch)))
        assert curves.best_epoch == int(np.argmin(expected[2]))

    @pytest.mark.parametrize(
        "case", ["a row of huge leverage", "a row that determines a column", "an outlier that is nearly all", "three rows"]
    )
    def test_rows_that_are_left_out_one_by_one_count_too(self, case):
        x, y, _ = hostile()[case]
        pairs = reference.leave_one_out(len(y))
        curves = validate(x, y, folds="loo", epochs=5, standardize=True).curves
        train, _, found, error = self.expected(x, y, pairs, 5, standardize=True)
        assert curves.validation_cost == pytest.approx(found, rel=1e-9)
        assert curves.validation_error == pytest.approx(error, rel=1e-9)
        if "outlier" not in case:
            assert curves.train_cost == pytest.approx(train, rel=1e-9)

    def test_end_where_the_costs_are(self):
        x, y, _ = problem(2, 24)
        for folds in (4, "loo"):
            cv = validate(x, y, folds=folds, learning_rate=0.1, epochs=7)
            assert cv.curves.validation_cost[-1] == pytest.approx(cv.mean, rel=1e-12)
            assert cv.curves.validation_error[-1] == pytest.approx(cv.standard_error, rel=1e-9)
            assert cv.curves.train_cost[-1] == pytest.approx(cv.train_cost.mean(), rel=1e-12)

    def test_an_early_stop_is_seen(self):
        generator = np.random.default_rng(4)  # more features than rows: what is learnt late is noise
        x = generator.normal(size=(16, 20))
        y = x[:, 0] + generator.normal(size=16)
        curves = validate(x, y, folds=4, learning_rate=0.02, epochs=400).curves
        assert 0 < curves.best_epoch < 400
        assert curves.validation_cost[curves.best_epoch] == curves.validation_cost.min() < curves.validation_cost[-1]

    def test_need_a_record_of_every_epoch(self):
        x, y, _ = problem(None, 20)
        for record in (None, 3):
            cv = validate(x, y, learning_rate=0.1, record=record, batch_size=2)
            with pytest.raises(ValueError, match="record is"):
                cv.curves  # noqa: B018


class TestLeakage:
    """Nothing of a fold's validation rows may reach its model."""

    def test_standardising_is_learnt_in_the_training_rows_alone(self):
        generator = np.random.default_rng(1)
        x = generator.normal(size=20) * np.repeat([1.0, 60.0], 10) + np.repeat([0.0, 30.0], 10)
        y = generator.normal(size=20)  # x tells nothing of it
        pairs = reference.k_fold(20, 2)
        options = {"epochs": 4, "learning_rate": 0.1}
        cv = validate(x, y, folds=2, standardize=True, **options)
        honest = refit(x, y, pairs, standardize=True, **options)[3]
        dishonest = refit((x - x.mean()) / x.std(), y, pairs, **options)[3]
        assert cv.validation_cost == pytest.approx(honest, rel=1e-10)
        # On all rows standardised, the first ten hardly differ in x: their model is flat, and x looks harmless.
        assert dishonest[1] < 1.5 * y[10:].var() < 10.0 * y[10:].var() < cv.validation_cost[1]

    @pytest.mark.parametrize("kind", ["in order", "shuffled", "pairs", "loo"])
    @pytest.mark.parametrize(
        "options",
        [
            {"standardize": True}, {"standardize": True, "batch_size": 2, "seed": 1}, {"learning_rate": 0.05},
            {"validation": 0.3, "patience": 1, "batch_size": 1, "learning_rate": 0.1, "seed": 1},
            {"validation": 0.3, "patience": 1, "learning_rate": 0.3, "standardize": True, "seed": 1},
            {"loss": "huber", "standardize": True}, {"tol": 0.01, "learning_rate": 0.1},
        ],
    )  # fmt: skip
    def test_a_model_does_not_change_when_its_validation_rows_do(self, options, kind):
        x, y, weight = problem(2, 13)
        folds, pairs = folds_for(kind, 13)
        cv = validate(x, y, folds=folds, epochs=8, sample_weight=weight, **options)
        for i, (_, test) in enumerate(pairs):
            others = [rows.copy() for rows in (x, y, weight)]
            others[0][test] = 5.0 - 3.0 * x[test]
            others[1][test] = 100.0 * y[test]
            others[2][test] = 7.0
            changed = validate(*others[:2], folds=folds, epochs=8, sample_weight=others[2], **options)
            assert changed.w[i] == pytest.approx(cv.w[i], rel=1e-9, abs=1e-12)
            assert changed.b[i] == pytest.approx(cv.b[i], rel=1e-9, abs=1e-12)
            assert changed.train_cost[i] == pytest.approx(cv.train_cost[i], rel=1e-9)
            assert changed.fits[i].epochs == cv.fits[i].epochs
            assert changed.fits[i].learning_rate == pytest.approx(cv.fits[i].learning_rate, rel=1e-9)
            assert changed.validation_cost[i] > cv.validation_cost[i] or kind == "loo"

    def test_patience_waits_for_rows_of_the_training_set(self):
        x, y, _ = problem(2, 40)
        options = {"validation": 0.25, "patience": 2, "batch_size": 1, "learning_rate": 0.1, "epochs": 30, "seed": 3}
        cv = validate(x, y, folds=4, **options)
        for fit, (train, _) in zip(cv.fits, fastgd.k_fold(40, 4), strict=True):
            own_train, own_test = (
                table.order for table in fastgd.descent.put_aside(
                    fastgd.door.table(x, y).ordered(train), 0.25, "each", 3)
            )  # fmt: skip
            assert set(own_train) | set(own_test) == set(train)
            assert set(own_train) & set(own_test) == set()
            costs = [fastgd.mse(x[own_test], y[own_test], w, b) for w, b in zip(fit.history.w, fit.history.b, strict=True)]
            assert fit.history.validation_cost == pytest.approx(costs, rel=1e-10)

    def test_copies_across_folds_flatter_and_groups_do_not(self):
        generator = np.random.default_rng(0)
        groups = np.repeat(np.arange(20), 4)
        x = generator.normal(size=(20, 15))[groups]
        y = generator.normal(size=20)[groups]  # x tells nothing of y, but a copy of a row tells all
        options = {"standardize": True, "epochs": 5000, "learning_rate": 0.05}
        leaking = validate(x, y, folds=fastgd.k_fold(80, 5, shuffle=True, seed=0), **options)
        honest = validate(x, y, folds=model_selection.GroupKFold(5).split(x, y, groups), **options)
        assert leaking.mean < 0.6 * y.var()
        assert honest.mean > y.var()

    def test_a_feature_chosen_on_all_rows_flatters_and_one_chosen_in_the_fold_does_not(self):
        generator = np.random.default_rng(0)
        x, y = generator.normal(size=(24, 400)), generator.normal(size=24)

        def best(rows):
            return np.argsort(-np.abs((x[rows] - x[rows].mean(axis=0)).T @ (y[rows] - y[rows].mean())))[:3]

        flattered = validate(x[:, best(np.arange(24))], y, folds=4, learning_rate=0.2).mean
        honest = [
            validate(x[:, best(train)], y, folds=[(train, test)], learning_rate=0.2).mean
            for train, test in fastgd.k_fold(24, 4)
        ]
        assert flattered < 0.8 * y.var() < y.var() < np.mean(honest)


class TestContracts:
    @pytest.mark.parametrize(
        "options",
        [
            {}, {"standardize": True}, {"batch_size": 1, "learning_rate": 0.01}, {"loss": "huber"},
            {"batch_size": 4, "learning_rate": 0.01, "validation": 0.2, "patience": 1},
        ],
    )  # fmt: skip
    def test_any_number_of_threads_gives_the_same_bits(self, rows, options):
        n = 400 if PLAIN else 20_000 if len(options) < 2 else 3000
        x, y, weight = problem(2, n)
        sorts = list(model_selection.ShuffleSplit(3, random_state=0).split(x))
        for folds in (5, "loo", fastgd.k_fold(n, 4, shuffle=True, seed=1), sorts):
            if folds == "loo" and ("batch_size" in options or "loss" in options):
                continue  # n fits one by one
            found = [
                validate(x, y, folds=folds, epochs=3, seed=0, sample_weight=weight, threads=threads, **options)
                for threads in (1, 2, 3)
            ]
            for cv in found[1:]:
                for name in ("w", "b", "train_cost", "validation_cost", "at_minimum", "mae"):
                    assert np.array_equal(getattr(cv, name), getattr(found[0], name), equal_nan=True), (name, folds)
                assert np.array_equal(cv.curves.validation_cost, found[0].curves.validation_cost)

    @pytest.mark.parametrize("kind", KINDS)
    def test_data_and_folds_are_not_written_to(self, kind):
        x, y, weight = problem(2, 13)
        folds, pairs = folds_for(kind, 13)
        given = [x, y, weight]
        if kind == "pairs":
            folds = [tuple(np.array(rows) for rows in pair) for pair in pairs]
            given += [rows for pair in folds for rows in pair]
        copies = [values.copy() for values in given]
        for values in given:
            values.flags.writeable = False
        for options in ({}, {"standardize": True}, {"batch_size": 1, "learning_rate": 0.01}):
            cv = validate(x, y, folds=folds, sample_weight=weight, epochs=2, **options)
            assert np.isfinite([cv.at_minimum, cv.mae, cv.rmse]).all()
            assert len(cv.curves.epoch) == 3
        for values, before in zip(given, copies, strict=True):
            assert np.array_equal(values, before)

    def test_every_form_of_data_gives_the_same_bits(self):
        x, y, _ = problem(None, 20)
        forms = [
            (x.tolist(), y.tolist()), (pandas.Series(x, index=range(50, 70)), pandas.Series(y)),
            (polars.Series(x), polars.Series(y)), (pyarrow.array(x), pyarrow.chunked_array([y[:5], y[5:]])),
            (np.repeat(x, 2)[::2], y.astype(">f8")),
        ]  # fmt: skip
        for folds in (5, "loo", fastgd.k_fold(20, 3, shuffle=True, seed=0)):
            expected = validate(x, y, folds=folds, learning_rate=0.1)
            for one, other in forms:
                cv = validate(one, other, folds=folds, learning_rate=0.1)
                assert np.array_equal(cv.validation_cost, expected.validation_cost)

    @pytest.mark.skipif(PLAIN, reason="a million rows are a compiled kernel's work")
    def test_leaving_out_a_million_rows_takes_moments(self):
        x, y = fastgd.make_linear(10**6, seed=0)
        cv = fastgd.cross_validate(x, y, folds="loo", learning_rate=0.3, epochs=20)
        assert len(cv) == len(cv.fits) == 10**6
        rows = [0, 123_456, 10**6 - 1]
        pairs = [(np.delete(np.arange(10**6), row), np.array([row])) for row in rows]
        for row, (fit, cost) in zip(rows, fold_by_fold(x, y, pairs, learning_rate=0.3, epochs=20), strict=True):
            assert cv.w[row] == pytest.approx(fit.w, rel=1e-12)
            assert cv.validation_cost[row] == pytest.approx(cost, rel=1e-9)

    def test_progress_counts_rows(self):
        x, y, _ = problem(None, 100)
        for folds in (5, "loo"):
            seen = []
            validate(
                x, y, folds=folds, learning_rate=0.1, progress=lambda done, total, seen=seen: seen.append((done, total))
            )
            assert seen[-1][0] == seen[-1][1]
