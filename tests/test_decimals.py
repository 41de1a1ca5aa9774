"""Exact decimals of Arrow's: each is the nearest float, as Python's own division of whole numbers says."""

import random
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow
import pytest

from fastgd.decimals import floats_of

pytestmark = pytest.mark.compiled("no compiled code is used")

WIDTHS = [pyarrow.decimal32, pyarrow.decimal64, pyarrow.decimal128, pyarrow.decimal256]


def nearest(units, scale):
    try:
        return float(Fraction(units) / Fraction(10) ** scale)
    except OverflowError:
        return float("inf") if units > 0 else float("-inf")


def column(units, kind):
    """Whole numbers, or None, as the unscaled values of an Arrow array."""
    width = kind.byte_width
    raw = b"".join((0 if unit is None else unit).to_bytes(width, "little", signed=True) for unit in units)
    there = np.packbits([unit is not None for unit in units], bitorder="little").tobytes()
    return pyarrow.Array.from_buffers(kind, len(units), [pyarrow.py_buffer(there), pyarrow.py_buffer(raw)])


def test_every_amount_of_two_places_is_the_nearest_float_where_the_cast_of_arrow_is_an_ulp_off():
    units = range(-50_000, 50_000)
    expected = [unit / 100 for unit in units]
    for made in WIDTHS:
        given = column(units, made(9, 2))
        assert floats_of(given).tolist() == expected
    assert given.cast("float64").to_pylist() != expected  # why this is not left to Arrow


@pytest.mark.parametrize(("made", "digits"), list(zip(WIDTHS, (9, 18, 38, 76))))
def test_decimals_of_any_length_and_scale_are_rounded_once(made, digits):
    rng = np.random.default_rng(digits)
    edge = [0, 1, -1, 2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, 2**63, 2**64, -(2**64), 10**75]
    units = [unit for unit in edge if abs(unit) < 10**digits]
    for _ in range(300):
        length = int(rng.integers(1, digits + 1))
        units.append(int("".join(map(str, rng.integers(0, 10, length)))) * int(rng.choice([-1, 1])))
    for scale in (-300, -3, 0, 1, 2, 9, 18, 22, 23, 30, 60, 340, 400, 10**6):
        given = column(units, made(digits, scale))
        assert floats_of(given).tolist() == [nearest(unit, min(scale, 500)) for unit in units], scale


def test_halfway_cases_go_to_the_even_float():
    units = [(2**53 + 1) * 10**9, (2**53 + 3) * 10**9, -(2**53 + 1) * 10**9, (2**53 + 1) * 10**9 + 1]
    given = column(units, pyarrow.decimal128(38, 9))
    assert floats_of(given).tolist() == [2.0**53, 2.0**53 + 4, -(2.0**53), 2.0**53 + 2]


@pytest.mark.parametrize("scale", [0, 2, 9, 18, 22, 23, 38, 60, 76])
def test_long_decimals_and_those_near_the_middle_of_two_floats_are_the_nearest(scale):
    rng = random.Random(scale)
    units = [-(2**127), 2**127 - 1, -(2**63), 2**63, 2**64, -(2**64), 2**64 - 1]
    for _ in range(4000):
        middle = (2 * rng.getrandbits(53) + 1) * 10**scale >> rng.randint(0, 300)
        units += [rng.getrandbits(rng.randint(1, 127)), -rng.getrandbits(127), (middle + rng.randint(-1, 1)) % 2**127]
    assert floats_of(column(units, pyarrow.decimal128(38, scale))).tolist() == [unit / 10**scale for unit in units]


def test_nulls_are_nan_and_slices_begin_where_they_begin():
    given = pyarrow.array([None, Decimal("1.1"), None, Decimal("-2.2"), Decimal("3.3")], pyarrow.decimal128(38, 18))
    expected = [np.nan, 1.1, np.nan, -2.2, 3.3]
    for start in range(6):
        for stop in range(start, 6):
            assert np.array_equal(floats_of(given[start:stop]), expected[start:stop], equal_nan=True)
    assert np.isnan(floats_of(pyarrow.nulls(3, pyarrow.decimal128(5, 2)))).all()
