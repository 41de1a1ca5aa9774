"""The zoo of columns: every type of pandas, polars and Arrow, alone and in frames, is the plain floats, or a sentence."""

import datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas
import polars
import pyarrow
import pytest

import fastgd

pytestmark = pytest.mark.compiled("numbers of every form are floats before any kernel sees them")

X = np.array([0.25, 1.0, 2.5, 4.0, 3.0, 0.5])
Y = np.array([1.0, 0.5, 3.0, 4.5, 2.0, 1.5])
WHOLE = [3, 1, 2, 5, 4, 0]
HALVES = [1.5, 0.5, 2.0, 0.0, 2.5, 1.0]
TRUTHS = [True, False, True, True, False, True]
TENTHS = [Decimal(k) / 10 for k in (3, 1, 2, 7, 6, 11)]
THIRDS = [Fraction(k, 3) for k in (3, 1, 2, 7, 6, 11)]
HOLE = 3
DAY, MOMENT = datetime.date(2020, 2, 29), datetime.datetime(2020, 2, 29, 12)


def holed(values):
    return [None if row == HOLE else value for row, value in enumerate(values)]


# Arrow: types of numbers with their values, then what is no number, by the type's id.


def arrow_numbers():
    found = dict.fromkeys(
        map(pyarrow.type_for_alias, [f"{u}int{bits}" for u in ("", "u") for bits in (8, 16, 32, 64)]), WHOLE
    )
    found |= {pyarrow.float16(): HALVES, pyarrow.float32(): HALVES, pyarrow.float64(): HALVES, pyarrow.bool_(): TRUTHS}
    made = (pyarrow.decimal32, pyarrow.decimal64, pyarrow.decimal128, pyarrow.decimal256)
    return found | {decimal(9, 1): TENTHS for decimal in made}


def arrow_others():
    number = pyarrow.float64()
    return {
        pyarrow.date32(): DAY, pyarrow.date64(): DAY, pyarrow.time32("s"): datetime.time(1),
        pyarrow.time64("us"): datetime.time(1), pyarrow.timestamp("us"): MOMENT, pyarrow.timestamp("us", "UTC"): MOMENT,
        pyarrow.duration("us"): datetime.timedelta(1), pyarrow.month_day_nano_interval(): (1, 2, 3), pyarrow.string(): "1",
        pyarrow.large_string(): "1", pyarrow.string_view(): "1", pyarrow.binary(): b"1", pyarrow.large_binary(): b"1",
        pyarrow.binary(1): b"1", pyarrow.binary_view(): b"1", pyarrow.list_(number): [1.0], pyarrow.list_(number, 1): [1.0],
        pyarrow.large_list(number): [1.0], pyarrow.list_view(number): [1.0], pyarrow.large_list_view(number): [1.0],
        pyarrow.struct({"a": number}): {"a": 1.0}, pyarrow.map_(pyarrow.string(), number): [("a", 1.0)],
    }  # fmt: skip


def extension(kind, storage):
    return pyarrow.ExtensionArray.from_storage(kind, pyarrow.array(storage, kind.storage_type))


def arrow_forms(values, kind):
    """An array of Arrow's in every form that one may have."""
    array = pyarrow.array(values, kind)
    few = pyarrow.array(range(3), pyarrow.int8())
    ends = pyarrow.array(range(1, 7), pyarrow.int32())
    yield "", array
    yield " chunked", pyarrow.chunked_array([array[:2], array[2:2], array[2:]])
    yield " sliced", pyarrow.concat_arrays([array[:1], array])[1:]
    yield " dictionary", pyarrow.DictionaryArray.from_arrays(pyarrow.array(range(6), pyarrow.int32()), array)
    parts = [pyarrow.DictionaryArray.from_arrays(few, part) for part in (array[:3], array[3:])]
    yield " chunks of dictionaries", pyarrow.chunked_array(parts)
    yield " runs", pyarrow.RunEndEncodedArray.from_arrays(ends, array)
    yield " pandas", pandas.Series(pandas.arrays.ArrowExtensionArray(pyarrow.chunked_array([array])), index=range(5, -1, -1))
    yield " scalars", list(array)


def arrow_columns():
    for kind, values in arrow_numbers().items():
        for label, column in arrow_forms(values, kind):
            yield f"arrow {kind}{label}", column, [float(value) for value in values]
    yield "arrow bool8", extension(pyarrow.bool8(), [2, 0, 1, 1, 0, 1]), [float(value) for value in TRUTHS]


def arrow_holed():
    for kind, values in arrow_numbers().items():
        for label, column in arrow_forms(holed(values), kind):
            yield f"arrow {kind}{label}", column
        array = pyarrow.array(values, kind)
        index = pyarrow.array(holed(range(6)), pyarrow.int8())
        dictionary = pyarrow.DictionaryArray.from_arrays(index, array)
        yield f"arrow {kind} null indices", dictionary
        yield f"arrow {kind} null indices in a chunk", pyarrow.chunked_array([dictionary[:2], dictionary[2:]])
    yield "arrow bool8", extension(pyarrow.bool8(), holed([1] * 6))
    yield "arrow NaN is no null", pyarrow.array([1.0, 2.0, 3.0, None, np.nan, 4.0])


def arrow_refused():
    for kind, value in arrow_others().items():
        for label, column in arrow_forms([value] * 6, kind):
            yield f"arrow {kind}{label}", column
    yield "arrow uuid", extension(pyarrow.uuid(), [b"1" * 16] * 6)
    yield "arrow json", extension(pyarrow.json_(), ["1"] * 6)
    yield "arrow opaque", extension(pyarrow.opaque(pyarrow.int8(), "kind", "vendor"), [1] * 6)
    yield "arrow tensor", pyarrow.FixedShapeTensorArray.from_numpy_ndarray(np.ones((6, 2)))
    kinds, parts = pyarrow.array([0] * 6, pyarrow.int8()), [pyarrow.array([1.0] * 6), pyarrow.array(["1"] * 6)]
    yield "arrow sparse union", pyarrow.UnionArray.from_sparse(kinds, parts)
    yield "arrow dense union", pyarrow.UnionArray.from_dense(kinds, pyarrow.array(range(6), pyarrow.int32()), parts)


# pandas: what is not Arrow's; each as a Series, an Index and an array of its own.


def pandas_arrays():
    for kind in [f"{u}Int{bits}" for u in ("", "U") for bits in (8, 16, 32, 64)]:
        yield f"pandas {kind}", pandas.array(WHOLE, dtype=kind), WHOLE
        yield f"pandas {kind.lower()}", pandas.array(np.array(WHOLE, kind.lower())), WHOLE
    for kind in ("Float32", "Float64"):
        yield f"pandas {kind}", pandas.array(HALVES, dtype=kind), HALVES
        yield f"pandas {kind.lower()}", pandas.array(np.array(HALVES, kind.lower())), HALVES
    yield "pandas boolean", pandas.array(TRUTHS, dtype="boolean"), TRUTHS
    yield "pandas bool", pandas.array(np.array(TRUTHS)), TRUTHS
    yield "pandas sparse", pandas.arrays.SparseArray(HALVES, fill_value=0.0), HALVES
    yield "pandas sparse integers", pandas.arrays.SparseArray(WHOLE, fill_value=0), WHOLE
    yield "pandas sparse truths", pandas.arrays.SparseArray(TRUTHS), TRUTHS
    yield "pandas objects", np.array([*TENTHS[:2], *THIRDS[2:4], np.float32(0.5), True], object), None
    yield "pandas decimals", np.array(TENTHS, object), TENTHS
    yield "pandas fractions", np.array(THIRDS, object), THIRDS
    for label, values in (("integers", WHOLE), ("floats", HALVES), ("truths", TRUTHS), ("decimals", TENTHS)):
        yield f"pandas categories of {label}", pandas.Categorical(values), values
    nullable = pandas.Categorical(pandas.array(WHOLE, dtype="Int64"), ordered=True)
    yield "pandas categories of nullable integers", nullable, WHOLE
    decimals = pandas.Categorical(pandas.array(TENTHS, dtype=pandas.ArrowDtype(pyarrow.decimal128(9, 1))))
    yield "pandas categories of Arrow's decimals", decimals, TENTHS


def pandas_columns():
    for label, array, values in pandas_arrays():
        plain = [float(value) for value in (array if values is None else values)]
        yield f"{label} as a series", pandas.Series(array, index=range(5, -1, -1)), plain
        yield f"{label} as an index", pandas.Index(array), plain
        yield f"{label} as an array", array, plain


def pandas_holed():
    for kind in ("Int8", "UInt64", "Float32", "Float64"):
        yield f"pandas {kind}", pandas.array(holed(WHOLE), dtype=kind)
    yield "pandas boolean", pandas.array(holed(TRUTHS), dtype="boolean")
    yield "pandas objects", np.array(holed(WHOLE), object)
    yield "pandas NA among objects", np.array([1.0, 2.0, 3.0, pandas.NA, 5.0, 6.0], object)
    yield "pandas NaT among objects", np.array([1.0, 2.0, 3.0, pandas.NaT, 5.0, 6.0], object)
    yield "pandas categories", pandas.Categorical(holed(WHOLE))
    yield "pandas categories of decimals", pandas.Categorical(holed(TENTHS))


def pandas_refused():
    days = pandas.date_range("2020-02-29", periods=6)
    texts = ["1", "02", "3", "1_000", "5", "6"]
    yield "pandas dates", days.array
    yield "pandas dates of Europe", days.tz_localize("Europe/Paris").array
    yield "pandas durations", (days - days[0]).array
    yield "pandas periods", pandas.period_range("2020-01", periods=6, freq="M").array
    yield "pandas intervals", pandas.interval_range(0, 6).array
    for kind in ("str", "string", "string[python]", "string[pyarrow]", object):
        yield f"pandas text as {kind}", pandas.array(texts, dtype=kind)
    for label, values in (
        ("text", texts),
        ("dates", days),
        ("bins", pandas.cut(WHOLE, 3)),
        ("periods", days.to_period("D")),
    ):
        yield f"pandas categories of {label}", pandas.Categorical(values)
    yield "pandas sparse text", pandas.arrays.SparseArray(np.array(texts, object))
    yield "pandas sparse dates", pandas.arrays.SparseArray(days.to_numpy())
    yield "pandas complex", pandas.array(np.array(WHOLE, complex))
    for label, value in (("lists", [1.0]), ("dates", DAY), ("durations", np.timedelta64(1, "s")), ("objects", object())):
        yield f"pandas objects that are {label}", pandas.Series([value] * 6, dtype=object).array


# polars.


def polars_columns():
    for kind in (polars.Int8, polars.Int16, polars.Int32, polars.Int64, polars.Int128):
        yield f"polars {kind}", polars.Series(WHOLE, dtype=kind), WHOLE
    for kind in (polars.UInt8, polars.UInt16, polars.UInt32, polars.UInt64, polars.UInt128):
        yield f"polars {kind}", polars.Series(WHOLE, dtype=kind), WHOLE
    for kind in (polars.Float16, polars.Float32, polars.Float64):
        yield f"polars {kind}", polars.Series(HALVES, dtype=kind), HALVES
    chunks = polars.concat([polars.Series(HALVES[:2]), polars.Series(HALVES[2:])], rechunk=False)
    yield "polars chunks", chunks, HALVES
    yield "polars Boolean", polars.Series(TRUTHS), TRUTHS
    yield "polars Decimal", polars.Series(TENTHS), TENTHS
    yield "polars Decimal of 38 digits", polars.Series(TENTHS, dtype=polars.Decimal(38, 20)), TENTHS
    yield "polars Object", polars.Series(THIRDS, dtype=polars.Object), THIRDS


def polars_holed():
    for _, column, values in polars_columns():
        yield f"polars {column.dtype}", polars.Series(holed(values), dtype=column.dtype)
    yield "polars Null", polars.Series([None] * 6)


def polars_refused():
    kinds = {
        polars.Date: DAY, polars.Datetime("ms"): MOMENT, polars.Datetime("us", "UTC"): MOMENT, polars.Time: datetime.time(1),
        polars.Duration("ns"): datetime.timedelta(1), polars.String: "1", polars.Categorical: "1", polars.Enum(["1"]): "1",
        polars.Binary: b"1", polars.List(polars.Float64): [1.0], polars.Array(polars.Float64, 1): [1.0],
        polars.Struct({"a": polars.Float64}): {"a": 1.0}, polars.Map(polars.String, polars.Float64): {"a": 1.0},
        polars.Object: object(),
    }  # fmt: skip
    for kind, value in kinds.items():
        yield f"polars {kind}", polars.Series([value] * 6, dtype=kind)
    yield "polars Extension", polars.Series(HALVES).ext.to(polars.Extension("vendor.kind", polars.Float64))


def framed(label, column):
    """A frame of a column between two of floats, of the library that the column is of."""
    if label.startswith("polars"):
        return polars.DataFrame({"first": X, "odd": column, "last": Y})
    if label.startswith("pandas") or label.endswith("pandas"):
        return pandas.DataFrame({"first": X, "odd": getattr(column, "array", column), "last": Y})
    if isinstance(column, list):
        return [list(row) for row in zip(X.tolist(), column, Y.tolist())]
    return pyarrow.table({"first": X, "odd": column, "last": Y})


def same(one, other):
    return np.asarray(one).tobytes() == np.asarray(other).tobytes()


NUMBERS = {
    label: (column, plain) for found in (arrow_columns, pandas_columns, polars_columns) for label, column, plain in found()
}
HOLED = dict(pair for found in (arrow_holed, pandas_holed, polars_holed) for pair in found())
REFUSED = dict(pair for found in (arrow_refused, pandas_refused, polars_refused) for pair in found())


@pytest.mark.parametrize("label", NUMBERS)
def test_columns_of_numbers_have_the_bits_of_plain_floats(label):
    column, values = NUMBERS[label]
    plain = np.array(values, dtype=float)
    assert same(fastgd.losses(column, Y, 1.5), fastgd.losses(plain, Y, 1.5))
    assert same(fastgd.losses(X, column, 1.5), fastgd.losses(X, plain, 1.5))
    assert same(fastgd.mse(X, Y, 1.5, sample_weight=column), fastgd.mse(X, Y, 1.5, sample_weight=plain))
    w = [1.5, -0.75, 0.25]
    expected = fastgd.losses(np.column_stack([X, plain, Y]), Y, w)
    assert same(fastgd.losses(framed(label, column), Y, w), expected)


def refusals(label, column):
    """The sentences for a column as x, y and weights, and in a frame."""
    calls = {
        "x": lambda: fastgd.mse(column, Y, 1.0),
        "y": lambda: fastgd.QuadraticCost.of(X, column),
        "sample_weight": lambda: fastgd.fit(X, Y, sample_weight=column),
        "frame": lambda: fastgd.mse(framed(label, column), Y, [1.0] * 3),
    }
    for name, call in calls.items():
        with pytest.raises((TypeError, ValueError)) as caught:
            call()
        assert type(caught.value) in (TypeError, ValueError)
        sentence = str(caught.value)
        assert "\n" not in sentence
        assert sentence.isascii()
        yield "x" if name == "frame" else name, name == "frame", caught.value, sentence


@pytest.mark.parametrize("label", HOLED)
def test_a_missing_value_is_named_by_argument_row_and_column(label):
    row = 0 if label == "polars Null" else HOLE
    for name, in_frame, error, sentence in refusals(label, HOLED[label]):
        column = "" if not in_frame else ", column x[1]" if label.endswith("scalars") else ", column odd"
        assert type(error) is ValueError
        assert sentence.startswith(f"{name} is missing in row {row}{column}: ")


@pytest.mark.parametrize("label", REFUSED)
def test_what_is_no_number_is_named_by_argument_row_and_column(label):
    for name, in_frame, error, sentence in refusals(label, REFUSED[label]):
        column = "" if not in_frame else ", column x[1]" if label.endswith("scalars") else ", column odd"
        assert type(error) is TypeError
        assert sentence.startswith((f"{name} has dtype ", f"{name} holds "))
        row = 3 if "text" in label and "1_000" in sentence else 0
        assert sentence.endswith(f" in row {row}{column}: every value must be a number")


def test_the_zoo_has_every_type_of_arrow():
    ids = {name: value for name, value in vars(pyarrow.lib).items() if name.startswith("Type_") and isinstance(value, int)}
    known = {
        column.type.id for column in [c for c, _ in NUMBERS.values()] + list(REFUSED.values()) if hasattr(column, "type")
    }
    known |= {pyarrow.null().id}  # below; Arrow makes no arrays of intervals of months or days alone
    left = {name for name, value in ids.items() if value not in known} - {"Type_INTERVAL_MONTHS", "Type_INTERVAL_DAY_TIME"}
    assert not left


def test_the_zoo_has_every_type_of_polars():
    columns = [column for column, _ in NUMBERS.values()] + [*REFUSED.values(), *HOLED.values()]
    known = {column.dtype.base_type() for column in columns if isinstance(column, polars.Series)}
    every = {kind for kind in vars(polars).values() if isinstance(kind, type) and issubclass(kind, polars.DataType)}
    assert every - known == {polars.DataType, polars.BaseExtension, polars.Unknown}


def test_the_zoo_has_every_dtype_of_pandas():
    def below(kind):
        return {kind} | {leaf for one in kind.__subclasses__() for leaf in below(one)}

    arrays = [c for c, _ in NUMBERS.values()] + list(REFUSED.values())
    known = {type(column.dtype) for column in arrays if hasattr(column, "dtype")}
    every = {kind for kind in below(pandas.api.extensions.ExtensionDtype) if kind.__module__.startswith("pandas.")}
    assert {kind for kind in every if not kind.__subclasses__() and not kind.__name__.startswith("_")} - known == set()


def test_a_column_of_nulls_alone_is_missing_from_its_first_row_on():
    for column in (pyarrow.nulls(6), pandas.Series([None] * 6, dtype=object), pandas.Categorical([None] * 6)):
        with pytest.raises(ValueError, match="x is missing in row 0: every value"):
            fastgd.mse(column, Y, 1.0)
