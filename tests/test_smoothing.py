"""Exponentially weighted means against the specification, pandas, and their laws."""

from fractions import Fraction

import numba
import numpy as np
import pandas
import polars
import pyarrow
import pytest

from fastgd import reference
from fastgd.kernels import smoothing as kernel
from fastgd.smoothing import smooth

N = 300 if numba.config.DISABLE_JIT else 20_000
VALUES = [3.0, -1.0, 4.0, 1.0, -5.0, 9.0, 2.0, 6.0]
both = pytest.mark.parametrize("debias", [False, True])
alphas = pytest.mark.parametrize("alpha", [1e-9, 0.01, 0.3, 0.5, 1.0])


def curve(n=N):
    return np.random.default_rng(1).normal(size=n).cumsum() + 5.0


@both
@alphas
def test_means_are_those_of_exact_arithmetic(alpha, debias):
    values = curve(40)
    expected = reference.smooth([Fraction(v) for v in values.tolist()], Fraction(alpha), debias)
    error = [abs(Fraction(ours) - theirs) for ours, theirs in zip(smooth(values, alpha, debias=debias).tolist(), expected)]
    # Every step rounds a few times, and alpha forgets what older steps rounded.
    assert max(error) <= 4 * 40 * np.spacing(np.abs(values).max())


@both
@alphas
def test_means_are_those_of_pandas(alpha, debias):
    values = curve()
    theirs = pandas.Series(values).ewm(alpha=alpha, adjust=debias).mean()
    np.testing.assert_allclose(smooth(values, alpha, debias=debias), theirs, rtol=0, atol=1e-11 * np.abs(values).max())


def test_by_hand():
    assert smooth([0.0, 4.0, 4.0], 0.5).tolist() == [0.0, 2.0, 3.0]
    assert smooth([1, 3, 2], 0.5, debias=True).tolist() == pytest.approx([1, 7 / 3, 15 / 7], rel=1e-15)
    assert smooth([7.0], 0.5).tolist() == [7.0]


@both
def test_a_weight_of_one_leaves_the_values(debias):
    np.testing.assert_array_equal(smooth(VALUES, 1, debias=debias), VALUES)


@both
def test_a_shift_and_a_scale_go_through(debias):
    values = curve()
    moved = smooth(4.0 * values + 32.0, 0.2, debias=debias)
    np.testing.assert_allclose(moved, 4.0 * smooth(values, 0.2, debias=debias) + 32.0, rtol=1e-12, atol=1e-10)


@both
def test_means_stay_between_the_extremes(debias):
    values = np.where(np.arange(N) % 3 == 0, 1.7e308, -1.7e308)
    means = smooth(values, 0.3, debias=debias)
    assert np.all(np.abs(means) <= 1.7e308)


def test_debiased_means_forget_the_first_value_sooner():
    values = [100.0] + [0.0] * 9
    plain, debiased = smooth(values, 0.1), smooth(values, 0.1, debias=True)
    assert debiased[0] == plain[0] == 100.0
    assert np.all(debiased[1:] < plain[1:])


@both
def test_pieces_have_the_bits_of_the_whole(debias):
    values, total = curve(100), 1.0
    out = np.empty(100)
    for start, stop in ((0, 1), (1, 2), (2, 60), (60, 100)):
        total = kernel.smooth(values, out, 0.3, debias, start, stop, total)
    np.testing.assert_array_equal(out, smooth(values, 0.3, debias=debias))


@pytest.mark.parametrize(
    "kind",
    [
        list,
        tuple,
        lambda v: np.array(v, dtype=np.float32),
        lambda v: np.array(v, dtype=np.int8),
        lambda v: np.array(v, dtype=">f8"),
        lambda v: np.repeat(v, 3)[::3],
        lambda v: np.array(v[::-1])[::-1],
        pandas.Series,
        lambda v: pandas.Series(v, dtype="Float64"),
        lambda v: pandas.Series(v).astype("Int64"),
        polars.Series,
        lambda v: pyarrow.array(v),
        lambda v: pyarrow.chunked_array([v[:3], v[3:]]),
    ],
)
def test_columns_of_every_kind(kind):
    means = smooth(kind(VALUES), 0.25)
    assert type(means) is np.ndarray
    assert means.dtype == np.float64
    np.testing.assert_array_equal(means, smooth(np.array(VALUES), 0.25))


def test_input_is_only_read():
    values = np.array(VALUES)
    means = smooth(values, 1.0)
    means[:] = 0.0
    assert values.tolist() == VALUES
    values.flags.writeable = False
    assert smooth(values, 1.0).tolist() == VALUES


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ([1.0, np.nan, np.inf], ValueError, "values is nan in row 1: every value must be a finite number"),
        (np.array([1.0, 2.0, -np.inf]), ValueError, "values is -inf in row 2"),
        (polars.Series([1.0, None]), ValueError, "values is missing in row 1"),
        (pandas.Series([1, None], dtype="Int64"), ValueError, "values is missing in row 1"),
        ([], ValueError, "values is empty"),
        (np.empty(0), ValueError, "values is empty"),
        ([[1.0, 2.0], [3.0, 4.0]], ValueError, r"values has shape \(2, 2\): it must be one-dimensional$"),
        (np.ones((3, 1)), ValueError, r"it must be one-dimensional; write values.ravel\(\)"),
        (np.ma.array([1.0, 2.0], mask=[0, 1]), ValueError, r"values is missing in row 1: every value"),
        ([[1.0], [1.0, 2.0]], ValueError, "values is ragged: row 1"),
        (3.0, (TypeError, ValueError), "values is a single float"),
        (None, TypeError, "values is None"),
        ("123", TypeError, "values is a str"),
        (["1", "x"], TypeError, "values holds 'x' in row 1: every value must be a number"),
        ([1.0, 2j], TypeError, "values holds 2j in row 1: every value must be a number"),
        ([1.0, None], ValueError, "values is missing in row 1: every value"),
        (object(), TypeError, "values is a object"),
    ],
)
def test_wrong_values_are_named(values, error, words):
    for debias in (False, True):
        with pytest.raises(error, match=words):
            smooth(values, 0.5, debias=debias)


@pytest.mark.parametrize(
    ("alpha", "error"),
    [(0.0, ValueError), (-0.5, ValueError), (1.5, ValueError), (np.nan, ValueError), (None, TypeError), ("1", TypeError)],
)
def test_wrong_weights_are_named(alpha, error):
    with pytest.raises(error, match="alpha is"):
        smooth(VALUES, alpha)


def test_weight_of_the_old_value_as_dashboards_and_courses_write_it():
    values, old = [4.0, 2.0, 3.0, 1.0], 0.75
    mean, expected = values[0], []
    for value in values:
        mean = old * mean + (1 - old) * value
        expected.append(mean)
    assert smooth(values, 1 - old) == pytest.approx(expected, rel=1e-15)
