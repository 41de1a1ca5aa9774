"""Whatever holds numbers: sequences, arrays with masks or units, foreign containers; and the sentences for the rest."""

import array
import collections
import datetime
import enum
import re
import subprocess
import sys
import warnings
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pandas
import polars
import pyarrow
import pytest

import fastgd
from fastgd.checks import as_parameter, number
from fastgd.containers import as_numbers

pytestmark = pytest.mark.compiled("numbers of every form are floats before any kernel sees them")

Y = [1.0, 2.0, 3.0]


class Masked(np.ndarray):
    """An array with a mask of its own, as astropy's Masked is: NumPy's asarray gives what is under the mask."""

    @property
    def mask(self):
        return self.covered


def masked(values, mask):
    found = np.array(values).view(Masked)
    found.covered = np.array(mask)
    return found


class Quantity:
    """Numbers with a unit, as pint's are: NumPy strips the unit, with a warning of pint's."""

    def __init__(self, magnitude, units):
        self._magnitude, self._units = magnitude, units

    @property
    def magnitude(self):
        return self._magnitude

    @property
    def units(self):
        return self._units

    def __array__(self, dtype=None, copy=None):
        warnings.warn("the unit is stripped", UserWarning, stacklevel=1)
        return np.asarray(self.magnitude)

    def __repr__(self):
        return f"<Quantity({self.magnitude}, '{self._units}')>"


class Length(np.ndarray):
    """An array with a unit in an attribute of the object, as unyt's are."""

    @property
    def value(self):
        return np.asarray(self)


def length(values, units):
    found = np.array(values).view(Length)
    found.units = units
    return found


class Gives:
    """What makes itself an array; and one of the methods that Dask's collections have, as pint's and xarray's arrays do."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        if isinstance(self.values, Exception):
            raise self.values
        return self.values

    def __dask_graph__(self):
        return None


class Native:
    """A frame or column of another library behind a common face, as narwhals' are."""

    def __init__(self, native):
        self.native = native

    def to_native(self):
        return self.native


NUMBERS = {
    "range": (range(3), [0, 1, 2]),
    "members of an enumeration": ([enum.IntEnum("Size", "S M L").M, 0.5], [2, 0.5]),
    "deque": (collections.deque([1, 2.5, 4]), [1, 2.5, 4]),
    "UserList": (collections.UserList([1, 2.5, 4]), [1, 2.5, 4]),
    "array.array": (array.array("f", [1, 2.5, 4]), [1, 2.5, 4]),
    "memoryview": (memoryview(array.array("h", [1, 2, 4])), [1, 2, 4]),
    "decimals": ([Decimal("0.1"), Decimal("-2.675"), Decimal("1e-400")], [0.1, -2.675, 0.0]),
    "fractions": ((Fraction(1, 3), Fraction(2**60 + 1, 3), 1), [1 / 3, (2**60 + 1) / 3, 1]),
    "rows of decimals": ([[Decimal("0.1"), 2], [Fraction(1, 7), 3.5]], [[0.1, 2], [1 / 7, 3.5]]),
    "objects": (np.array([[Decimal("0.1"), True], [np.float32(0.5), 10**20]], object), [[0.1, 1], [0.5, 1e20]]),
    "long whole numbers": ([2**64 + 1, -1, 0.5], [2.0**64, -1, 0.5]),
    "scalars of NumPy's": ([np.float16(0.5), np.longdouble(2), np.bool_(1)], [0.5, 2, 1]),
    "arrays without dimensions": ([np.array(1.5), np.array(2), 3], [1.5, 2, 3]),
    "rows that are arrays": ([np.array([1, 2]), np.array([0.5, 3])], [[1, 2], [0.5, 3]]),
    "rows of every kind": ([pandas.Series([1, 2]), polars.Series([0.5, 3]), [Fraction(1), 1]], [[1, 2], [0.5, 3], [1, 1]]),
    "nothing masked": (np.ma.masked_greater([1.0, 2.0], 5), [1, 2]),
    "nothing masked of a mask's own": (masked([1.0, 2.0], [False, False]), [1, 2]),
    "rows with nothing masked": ([np.ma.masked_greater([1.0, 2.0], 5)] * 2, [[1, 2], [1, 2]]),
    "no unit": (Quantity([1.0, 2.0], "dimensionless"), [1, 2]),
    "no unit in an attribute": (length([1.0, 2.0], ""), [1, 2]),
    "what makes itself an array": (Gives(np.array([1.0, 2.0])), [1, 2]),
    "a frame behind another face": (Native(polars.DataFrame({"a": [Decimal("0.1")], "b": [1]})), [[0.1, 1]]),
    "a column that is called unit": (pandas.DataFrame({"unit": [1.0], "mask": [2], "units": [3]}), [[1, 2, 3]]),
    "truths": (pandas.DataFrame({"a": [True], "b": [2**53 + 1], "c": np.float32([0.5])}), [[1, 2.0**53, 0.5]]),
    "long integers": (polars.DataFrame([[2**64 - 1], [-1]], {"a": polars.UInt64, "b": polars.Int8}), [[2.0**64, -1]]),
}  # fmt: skip


@pytest.mark.parametrize("label", NUMBERS)
def test_what_holds_numbers_gives_the_nearest_floats(label):
    given, expected = NUMBERS[label]
    assert as_numbers(given, "x").astype(float).tobytes() == np.array(expected, float).tobytes()


WRONG = {
    "None": ([1.0, None], ValueError, "x is missing in row 1"),
    "None in a row": ([[1.0, 2.0], (3.0, None)], ValueError, r"x is missing in row 1, column x\[1\]"),
    "None among objects": (np.array([[1, 2], [None, 3]], object), ValueError, r"x is missing in row 1, column x\[0\]"),
    "NA": ([1.0, pandas.NA], ValueError, "x is missing in row 1"),
    "masked": ([1.0, np.ma.masked], ValueError, "x is missing in row 1"),
    "masked in a row": ([[1.0], [np.ma.masked]], ValueError, r"x is missing in row 1, column x\[0\]"),
    "a masked array": (np.ma.masked_equal([[1, 2], [3, 4]], 4), ValueError, r"x is missing in row 1, column x\[1\]"),
    "masked rows": ([np.ma.masked_equal([1, 2], 9), np.ma.masked_equal([1, 2], 2)], ValueError, r"row 1, column x\[1\]"),
    "masked rows in a tuple": ((np.ma.masked_equal([1, 2], 1),), ValueError, r"x is missing in row 0, column x\[0\]"),
    "a mask of its own": (masked([1.0, 2.0], [False, True]), ValueError, "x is missing in row 1"),
    "rows with masks of their own": ([masked([1.0, 2.0], [False, True])], ValueError, r"row 0, column x\[1\]"),
    "a masked scalar": ([1.0, masked(2.0, True)], ValueError, "x is missing in row 1"),
    "a masked array that __array__ gives": (Gives(np.ma.masked_equal([1, 2], 2)), ValueError, "x is missing in row 1"),
    "a null in a row": ([pyarrow.array([1]), pyarrow.array([None])], ValueError, r"x is missing in row 1, column x\[0\]"),
    "text": (["1", "2", " 3\u00a0", "x"], TypeError, r"x holds 'x' in row 3: every value must be a number"),
    "blanks": ([1.0, " 1\u00a0"], TypeError, r"x holds ' 1\\xa0' in row 1"),
    "a full stop": ([[1.0, 2.0], [3.0, "."]], TypeError, r"x holds '\.' in row 1, column x\[1\]"),
    "two lines": (np.array([["1", "a\nb"]]), TypeError, r"x has dtype <U3, as 'a\\nb' in row 0, column x\[1\]"),
    "text of one bad cell": (pandas.Series(["1", "2", "n/a "]), TypeError, "x has dtype str, as 'n/a ' in row 2"),
    "a column of one bad cell": (pandas.DataFrame({"a": [1.5, "?"]}), TypeError, r"x holds '\?' in row 1, column a"),
    "bytes": ([b"1"], TypeError, "x holds b'1' in row 0"),
    "a bytearray": (bytearray(b"12"), TypeError, "x is a bytearray"),
    "letters": (array.array("u", "ab"), TypeError, "x has dtype <U1, as 'a' in row 0"),
    "dates": ([1.0, datetime.date(2020, 1, 1)], TypeError, r"x holds datetime.date\(2020, 1, 1\) in row 1"),
    "NumPy's dates": ([1.0, np.datetime64("2020")], TypeError, "x holds np.datetime64"),
    "NumPy's durations": ([np.timedelta64(1, "s"), 1.0], TypeError, "x holds np.timedelta64.* in row 0"),
    "durations among objects": (np.array([np.timedelta64(1, "s")], object), TypeError, "x holds np.timedelta64.* in row 0"),
    "complex": ([1.0, 1j], TypeError, "x holds 1j in row 1"),
    "complex scalars": ([np.complex64(1)], TypeError, "x holds np.complex64.* in row 0"),
    "a complex array": (np.array([1j]), TypeError, "x is complex"),
    "dictionaries": ([{"a": 1}], TypeError, "x holds {'a': 1} in row 0"),
    "fields": (np.zeros(2, [("a", "f8")]), TypeError, "x is a structured array, of the fields a"),
    "members of no numbers": ([enum.Enum("Size", "S M").M], TypeError, "x holds <Size.M: 2> in row 0"),
    "a generator": ((k for k in [1.0]), TypeError, "x is a generator"),
    "a unit": (Quantity([1.0], "meter"), TypeError, "x has the unit meter: .* without one; write x.magnitude"),
    "a unit in an attribute": (length([1.0], "km"), TypeError, "x has the unit km: .* without one; write x.value"),
    "units in a list": ([Quantity(1.0, "m"), Quantity(1.0, "s")], TypeError, r"x holds <Quantity\(1.0, 'm'\)> in row 0"),
    "units in rows": ([[1.0, 2.0], [1.0, Quantity(1.0, "m")]], TypeError, r"x holds .* in row 1, column x\[1\]"),
    "rows with a unit": ([length([1.0], "km")], TypeError, "x holds .* in row 0"),
    "an error of its own": (Gives(RuntimeError("needs\ngrad")), TypeError, r"x is a Gives that .* \(needs grad\)"),
    "an error within a list": ([Gives(KeyError("k"))], TypeError, "x holds .* in row 0"),
    "ragged": ([[1.0, 2.0], [1.0]], ValueError, "x is ragged: row 1 differs"),
    "ragged rows of arrays": ([np.zeros(2), np.zeros(3)], ValueError, "x is ragged: row 1 differs"),
    "a frame not collected": (polars.LazyFrame({"a": [1.0]}), TypeError, r"x is a LazyFrame: .* write x.collect\(\)"),
}  # fmt: skip


@pytest.mark.parametrize("label", WRONG)
def test_what_is_no_number_or_missing_is_named(label):
    given, error, words = WRONG[label]
    with pytest.raises(error, match=words) as caught:
        as_numbers(given, "x")
    assert type(caught.value) is error
    assert str(caught.value).isascii()
    assert "\n" not in str(caught.value)


def test_long_text_is_shown_by_its_beginning_and_its_length():
    with pytest.raises(TypeError, match=r"x holds 'a{199}\.\.\. \(1000002 characters\) in row 0"):
        as_numbers(["a" * 10**6], "x")


def test_dates_beside_floats_are_not_fitted_on_ticks():
    days = pandas.date_range("2020-01-01", periods=3)
    for unit in ("s", "us", "ns"):
        for frame in (
            pandas.DataFrame({"a": Y, "when": days.as_unit(unit)}),
            pandas.DataFrame({"when": days.as_unit(unit)}),
        ):
            with pytest.raises(TypeError, match=r"x has dtype datetime64\[.*\], as .* in row 0, column when: every value"):
                fastgd.fit(frame, Y)
    with pytest.raises(TypeError, match=r"x has dtype datetime64.*Europe/Paris"):
        fastgd.fit(pandas.Series(days.tz_localize("Europe/Paris")), Y)
    with pytest.raises(TypeError, match=r"x has dtype Duration.* in row 0, column gone: every value"):
        fastgd.fit(polars.DataFrame({"a": Y, "gone": [datetime.timedelta(k) for k in range(3)]}), Y)


def test_columns_are_called_by_names_that_keep_to_a_line():
    for names, said in (
        (["a", "two\nlines"], r"'two\nlines'"),
        ([0, 1], "x[1]"),
        (["a", " b"], "' b'"),
        ([("a", 1), ("a", 2)], "('a', 2)"),
    ):
        frame = pandas.DataFrame([[1.0, None], [2.0, 3.0]], columns=pandas.Index(names), dtype="Float64")
        with pytest.raises(ValueError, match=rf"^x is missing in row 0, column {re.escape(said)}: every value"):
            fastgd.fit(frame, [1.0, 2.0])
    for library in (polars.DataFrame, pyarrow.table):
        with pytest.raises(ValueError, match=r"^x is missing in row 0, column 'two\\nlines': every value"):
            fastgd.fit(library({"a": [1.0, 2.0], "two\nlines": [None, 3.0]}), [1.0, 2.0])


def test_postal_codes_are_text_in_every_container():
    codes = ["02134", "1_000", "90210"]
    for given in (codes, tuple(codes), np.array(codes), np.array(codes, object), pandas.Series(codes), polars.Series(codes),
                  pandas.Series(codes, dtype=object), pandas.Categorical(codes), pyarrow.array(codes), [[c] for c in codes],
                  pyarrow.array(codes).dictionary_encode(), polars.Series(codes, dtype=polars.Categorical)):  # fmt: skip
        for name, call in (("x", lambda v: fastgd.fit(v, Y)), ("y", lambda v: fastgd.fit(Y, v))):
            with pytest.raises(TypeError, match=f"{name} (holds|has dtype .* as) '02134' in row 0"):
                call(given)


def test_amounts_of_money_have_the_same_bits_in_every_container():
    amounts = [Decimal(cents) / 100 for cents in range(0, 100_000, 7)]
    expected = np.array([cents / 100 for cents in range(0, 100_000, 7)])
    column = pyarrow.array(amounts, pyarrow.decimal128(12, 2))
    assert column.cast("float64").to_pylist() != expected.tolist()  # Arrow's own cast is an ulp off in some
    for given in (amounts, np.array(amounts, object), pandas.Series(amounts), polars.Series(amounts), column,
                  pandas.Series(amounts, dtype=pandas.ArrowDtype(column.type)), [Fraction(amount) for amount in amounts],
                  polars.DataFrame({"a": amounts}), pyarrow.table({"a": column}), [[one] for one in amounts]):  # fmt: skip
        assert as_numbers(given, "x").ravel().tobytes() == expected.tobytes()


def test_a_null_in_a_chunked_dictionary_is_not_another_rows_value():
    chunks = [pyarrow.array([3.0, 1.0, 3.0]).dictionary_encode(), pyarrow.array([None, 2.0]).dictionary_encode()]
    with pytest.raises(ValueError, match="x is missing in row 3: every value"):
        fastgd.fit(pyarrow.chunked_array(chunks), [1.0, 2.0, 3.0, 4.0, 5.0])
    found = as_numbers(pyarrow.chunked_array([chunks[0], chunks[1][1:]]), "x")
    assert found.tolist() == [3.0, 1.0, 3.0, 2.0]


def test_numbers_without_a_mask_are_not_copied():
    plain = np.arange(6.0)
    table = np.arange(12.0).reshape(6, 2)
    nullable = pandas.array(plain, dtype="Float64")
    arrow = pyarrow.array(plain)
    shared = [
        (plain, plain), (plain[::2], plain), (memoryview(plain), plain), (plain.view(np.recarray), plain),
        (np.ma.array(plain, copy=False), plain), (length(plain, "").view(Length), None), (table, table),
        (pandas.DataFrame(table, copy=False), table), (nullable, as_numbers(nullable, "x")), (arrow, arrow.to_numpy()),
        (pyarrow.chunked_array([arrow]), arrow.to_numpy()), (pyarrow.table({"a": arrow}), arrow.to_numpy()),
        (polars.Series(plain), None),
    ]  # fmt: skip
    for given, memory in shared:
        first = as_numbers(given, "x")
        assert np.shares_memory(first, as_numbers(given, "x") if memory is None else memory), type(given)


@pytest.mark.parametrize("name", ["y", "sample_weight"])
def test_one_column_too_many_dimensions_tells_how_to_take_it(name):
    column = np.ones((3, 1))
    cures = [
        (column, f"{name}.ravel()"), (column.tolist(), f"[row[0] for row in {name}]"),
        (pandas.DataFrame(column), f"{name}.iloc[:, 0]"), (pandas.DataFrame({7: [1.0] * 3}), f"{name}.iloc[:, 0]"),
        (pandas.DataFrame(column, columns=["price"]), f"{name}['price']"),
        (polars.DataFrame({"price": [1.0] * 3}), f"{name}['price']"),
        (pyarrow.table({"price": [1.0] * 3}), f"{name}['price']"),
    ]  # fmt: skip
    for given, cure in cures:
        with pytest.raises(ValueError, match=rf"{name} has shape \(3, 1\): it must be one-dimensional; write ") as caught:
            fastgd.mse(Y, given, 1.0) if name == "y" else fastgd.mse(Y, Y, 1.0, sample_weight=given)
        assert str(caught.value).endswith(f"; write {cure}")
    with pytest.raises(ValueError, match=rf"{name} has shape \(3, 2\): it must be one-dimensional, one value for each row"):
        fastgd.mse(Y, np.ones((3, 2)), 1.0) if name == "y" else fastgd.mse(Y, Y, 1.0, sample_weight=np.ones((3, 2)))


def test_what_only_looks_like_dask_is_taken_for_what_it_is():
    assert fastgd.mse(Gives(np.array(Y)), Gives(np.array(Y)), 1.0) == 0.0


def test_a_number_is_asked_for_its_mask_and_unit_too():
    for value in (
        np.ma.masked,
        masked(2.0, True),
        Quantity(2.0, "m"),
        np.timedelta64(2),
        pandas.NA,
        [1.0],
        Gives(TypeError()),
    ):
        with pytest.raises(TypeError, match=r"^b is .*: it must be a number$"):
            number(value, "b")
    for value in (Decimal("1.5"), Fraction(3, 2), np.float32(1.5), np.array(1.5), pyarrow.scalar(1.5), masked(1.5, False)):
        assert number(value, "b") == 1.5
    with pytest.raises(ValueError, match="w is missing in row 1"):
        as_parameter(np.ma.masked_equal([1.0, 2.0], 2.0), "w", False)
    with pytest.raises(TypeError, match="w has the unit km"):
        as_parameter(length([1.0, 2.0], "km"), "w", False)


def test_rates_and_points_are_numbers_as_data_are():
    q, known = fastgd.QuadraticCost.of(Y, [1.0, 2.5, 3.0]), fastgd.stability(Y)
    step = fastgd.AffineMap.of(Y, Y, 0.01)
    for call, name in (
        (lambda v: q.cost_after(3, v), "learning_rate"),
        (lambda v: known.cost_left(v, 3), "learning_rate"),
        (step, "theta"),
    ):
        plain = call([0.25, 0.5])
        assert call([Fraction(1, 4), Decimal("0.5")]).tolist() == plain.tolist()
        assert call(polars.Series([Decimal("0.25"), Decimal("0.5")])).tolist() == plain.tolist()
        with pytest.raises(TypeError, match=f"{name} holds '0.5' in row 0"):
            call(["0.5", "0.25"])
        with pytest.raises(ValueError, match=f"{name} is missing in row 1"):
            call(np.ma.masked_equal([0.25, 0.5], 0.5))
    assert q.cost_after(3, 0.25) == q.cost_after(3, [0.25])[0]
    with pytest.raises(TypeError, match=r"^learning_rate is '0\.5': it must be a number$"):
        q.cost_after(3, "0.5")


def test_row_numbers_of_folds_are_asked_for_their_mask():
    for rows in (np.ma.masked_equal([0, 1], 1), pandas.Series([0, None], dtype="Int64"), pyarrow.array([0, None])):
        with pytest.raises(ValueError, match=r"folds\[0\], train is missing in row 1"):
            fastgd.cross_validate(Y, Y, folds=[(rows, [2])])


class Relation:
    """A table that gives columns by their names only, and says so in an error of its own, as DuckDB's relations do."""

    columns: ClassVar = ["a"]
    error = KeyError("columns are indexed\nby name")

    def __len__(self):
        return 3

    def __getitem__(self, key):
        raise self.error


def test_errors_of_other_libraries_come_with_the_arguments_name():
    given = Relation()
    calls = {
        "x is a Relation": lambda: fastgd.predict(given, 1.0),
        "y is a Relation": lambda: fastgd.fit(Y, given),
        "sample_weight is a Relation": lambda: fastgd.mse(Y, Y, 1.0, sample_weight=given),
        "w is a Relation": lambda: fastgd.sweep(Y, Y, given),
        "w0 is a Relation": lambda: fastgd.fit(Y, Y, w0=given),
        "values is a Relation": lambda: fastgd.smooth(given, 0.5),
        "schedule is a Relation": lambda: fastgd.fit(Y, Y, schedule=given),
        "array 1 is a Relation": lambda: fastgd.split(Y, given, sizes=(2, 1)),
    }
    for words, call in calls.items():
        with pytest.raises(TypeError, match=rf"^{words} .*\('?columns are indexed.*by name'?\): it must be") as caught:
            call()
        assert type(caught.value.__cause__) is KeyError
    given.error = IndexError()
    with pytest.raises(TypeError, match=r"x is a Relation .* gives 0 values and has a length of 3"):
        fastgd.predict(given, 1.0)


def test_decimals_of_polars_need_no_pyarrow():
    program = """
import sys
sys.modules["pyarrow"] = None
import polars
from decimal import Decimal
from fastgd.containers import as_numbers
print(as_numbers(polars.DataFrame({"a": [Decimal("0.07"), Decimal("1.15")], "b": [1, 2]}), "x").tolist())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[[0.07, 1.0], [1.15, 2.0]]\n"
