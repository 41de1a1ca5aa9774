"""What users hold numbers in - sequences, arrays, columns and frames of several libraries - as arrays of numbers.

Judged column by column, by the column's own type, before anything is promoted to a type that all columns have in common.
Numbers are floats, integers, booleans, exact decimals and fractions, and categories of these. Text is none, even where it
would parse, as the 02134 of a postal code would; neither are dates, times, durations, complex numbers, quantities with a
unit, lists and records. What carries a mask or counts its nulls is asked for them: what is under a mask is never a number.
No library is imported: whoever brings a frame has imported its library.
"""

import sys
from collections.abc import Mapping, Sequence, Set
from importlib import import_module
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cells import PLAIN, Place, bare, has, is_scalar, is_short_float, numbers_of, unit_of
from .decimals import floats_of


def as_numbers(values: Any, name: str, *, holes: bool = False) -> NDArray[Any]:
    """Return an array of real numbers over the user's own memory where that is possible, of any dtype and strides.

    A missing value is refused, or is NaN where `holes` may stay.
    """
    if values is None:
        raise TypeError(f"{name} is None: it must be a sequence of numbers")
    try:
        array = _array(values, Place(name, holes=holes))
    except MemoryError:
        raise
    except Exception as error:
        if type(error) in (TypeError, ValueError) and str(error).startswith(name):
            raise
        said = " ".join(str(error).split())[:200].rstrip(".")
        raise TypeError(
            f"{name} is a {type(values).__name__} that cannot be read as numbers ({said}): it must be a sequence of numbers"
        ) from error
    if array.ndim == 0:
        raise ValueError(f"{name} is a single {type(values).__name__}: it must be a sequence of numbers")
    return array


def holds_numbers(kind: Any) -> bool | None:
    """Whether a column of a pandas dtype holds numbers; None where only a look at its values tells."""
    pandas = sys.modules["pandas"]
    if isinstance(kind, pandas.CategoricalDtype):
        return None if kind.categories is None else holds_numbers(kind.categories.dtype)
    if isinstance(kind, pandas.SparseDtype):
        return holds_numbers(kind.subtype)
    if isinstance(kind, pandas.ArrowDtype):
        return _arrow_holds_numbers(kind.pyarrow_dtype)
    if isinstance(kind, np.dtype) or hasattr(kind, "numpy_dtype"):
        code = kind.kind
        return None if code == "O" else code in "biuf"
    texts_and_times = (pandas.StringDtype, pandas.DatetimeTZDtype, pandas.PeriodDtype, pandas.IntervalDtype)
    return False if isinstance(kind, texts_and_times) else None


def _array(values: Any, place: Place) -> NDArray[Any]:
    """Numbers of whatever kind of container."""
    if type(values) is np.ndarray:
        return _of_array(values, place)
    if isinstance(values, (str, bytes, bytearray, Mapping, Set)):
        raise TypeError(f"{place.name} is a {type(values).__name__}: it must be a sequence of numbers")
    if has(values, "to_native"):  # narwhals' frames and columns are those of another library
        values = values.to_native()
    pandas, polars, arrow, xarray = map(sys.modules.get, ("pandas", "polars", "pyarrow", "xarray"))
    if pandas is not None and hasattr(pandas, "DataFrame"):
        if isinstance(values, pandas.DataFrame):
            return _pandas_frame(values, place)
        if isinstance(values, (pandas.Series, pandas.Index, pandas.api.extensions.ExtensionArray)):
            return _pandas_column(values, place)
    if polars is not None and hasattr(polars, "DataFrame"):
        if isinstance(values, polars.DataFrame):
            return _polars_frame(values, place)
        if isinstance(values, polars.Series):
            return _polars_column(values, place)
        if isinstance(values, polars.LazyFrame):
            raise TypeError(f"{place.name} is a LazyFrame: it must be a sequence of numbers; write {place.name}.collect()")
    if arrow is not None and hasattr(arrow, "Table"):
        if isinstance(values, (arrow.Table, arrow.RecordBatch)):
            labels = _labels(values.column_names, place)
            columns = zip(labels, values.columns, strict=True)
            return _beside([_arrow_column(column, place.of_column(label)) for label, column in columns], values.num_rows)
        if isinstance(values, (arrow.Array, arrow.ChunkedArray)):
            return _arrow_column(values, place)
    if xarray is not None and isinstance(values, xarray.DataArray):
        if has(values.data, "__dask_graph__") and not has(values.data, "units"):
            raise TypeError(f"{place.name} is a DataArray of Dask's: write {place.name}.data, or {place.name}.compute()")
        return _array(values.data, place)
    if _is_sequence(values):
        return _of_sequence(values if isinstance(values, (list, tuple)) else _listed(values), place)
    return _of_array(bare(values, place), place, type(values).__name__)


def _is_sequence(values: Any) -> bool:
    """Whether these are a list or the like, and no array of their own; one of memory, as array.array, is one."""
    if isinstance(values, (list, tuple)):
        return True
    if not isinstance(values, Sequence) and not (has(values, "__len__") and has(values, "__getitem__")):
        return False
    if isinstance(values, range) or any(has(values, own) for own in ("__array__", "__array_interface__", "shape")):
        return False
    try:
        memoryview(values)
    except TypeError:
        return True
    return False


def _listed(values: Any) -> list[Any]:
    """All values of a sequence; an IndexError of its own would end them in silence."""
    found = list(values)
    if len(found) != len(values):
        raise ValueError(f"it gives {len(found)} values and has a length of {len(values)}")
    return found


def _of_array(array: NDArray[Any], place: Place, kind: str = "ndarray") -> NDArray[Any]:
    """A plain array, judged by its dtype."""
    code = array.dtype.kind
    if code in "biuf":
        return array
    if array.ndim == 0:
        single = "single " if code in "cSUT" else ""
        raise (ValueError if single else TypeError)(f"{place.name} is a {single}{kind}: it must be a sequence of numbers")
    if code == "O":
        return numbers_of(array, place)
    if array.dtype.names is not None:
        raise TypeError(
            f"{place.name} is a structured array, of the fields {', '.join(array.dtype.names)}: every value must be a "
            f"number; write numpy.lib.recfunctions.structured_to_unstructured({place.name})"
        )
    if is_short_float(array.dtype):
        return array.astype(np.float64)
    if code == "c":
        raise TypeError(f"{place.name} is complex{place.where(*[0] * array.ndim)}: every value must be a real number")
    raise place.no_numbers(array.dtype, array.flat, array.shape)


def _beside(columns: list[NDArray[Any]], n: int) -> NDArray[Any]:
    """Columns side by side, rows contiguous as kernels want them; a single one is not copied."""
    if len(columns) == 1:
        return columns[0].reshape(-1, 1)
    kinds = {column.dtype for column in columns}
    array = np.empty((n, len(columns)), kinds.pop() if len(kinds) == 1 else np.float64)
    for j, column in enumerate(columns):
        array[:, j] = column
    return array


def _labels(columns: Any, place: Place) -> list[str]:
    """What columns are called in a sentence: by their names, or x[j] where they are only numbered."""
    names = [str(column) for column in columns]
    if names == [str(j) for j in range(len(names))]:
        return [f"{place.name}[{j}]" for j in range(len(names))]
    return [name if name.isprintable() and name.strip() == name and name else ascii(name) for name in names]


# Sequences.


def _of_sequence(values: Any, place: Place) -> NDArray[Any]:
    """A list of numbers, or of rows of them; a look at the types says whether NumPy may take it as it is."""
    kinds = set(map(type, values))
    inner = set(map(type, chain.from_iterable(values))) if kinds and kinds <= {list, tuple} else kinds
    known = kinds == {np.ndarray} and all(row.dtype.kind in "biuf" for row in values)
    if not known and not inner <= PLAIN:
        rows = [_is_row(value) for value in values]
        if not any(rows):
            return numbers_of(np.fromiter(values, dtype=object, count=len(values)), place)
        values = [
            _array(value, place.of_row(row)) if nested else numbers_of(_boxed(value), place.of_row(row))[()]
            for row, (value, nested) in enumerate(zip(values, rows, strict=True))
        ]
    try:
        array = np.asarray(values)
    except ValueError as error:  # NumPy's word for rows of different lengths
        raise ValueError(
            f"{place.name} is ragged: {_ragged_row(values)}every row must have the same number of values"
        ) from error
    return array if array.dtype.kind in "biuf" else numbers_of(array, place)  # whole numbers of more than 64 bits


def _is_row(value: Any) -> bool:
    """Whether an element of a list is a row of values, and not one value."""
    if not has(value, "__len__") or isinstance(value, (str, bytes, bytearray, Mapping, Set)):
        return False
    return unit_of(value) is None and getattr(value, "shape", None) != () and not is_scalar(value)


def _boxed(value: Any) -> NDArray[Any]:
    """One value as an array of objects without dimensions."""
    box = np.empty((), dtype=object)
    box[()] = value
    return box


def _ragged_row(values: Any) -> str:
    """The first row whose shape differs from the first row's, as the beginning of a sentence."""
    shapes = [np.shape(value) for value in values]
    found = [row for row, shape in enumerate(shapes) if shape != shapes[0]]
    return f"row {found[0]} differs in length from row 0; " if found else ""


# pandas.


def _pandas_frame(frame: Any, place: Place) -> NDArray[Any]:
    kinds = list(frame.dtypes)
    if all(isinstance(kind, np.dtype) and kind.kind in "biuf" for kind in kinds):
        return np.asarray(frame) if len(set(kinds)) == 1 else np.asarray(frame.to_numpy(dtype=np.float64))
    places = [place.of_column(label) for label in _labels(frame.columns, place)]
    return _beside([_pandas_column(frame.iloc[:, j], one) for j, one in enumerate(places)], len(frame))


def _pandas_column(values: Any, place: Place) -> NDArray[Any]:
    pandas, kind = sys.modules["pandas"], values.dtype
    unit = unit_of(kind) if holds_numbers(kind) is None else None
    if unit is not None:
        raise place.with_unit(kind, unit)
    if holds_numbers(kind) is False:
        raise place.no_numbers(kind, values)
    if isinstance(kind, np.dtype) or isinstance(values, pandas.arrays.NumpyExtensionArray):
        return _of_array(np.asarray(values), place)
    held = getattr(values, "array", values)
    if isinstance(kind, pandas.CategoricalDtype):
        try:
            # A missing value is code -1, which takes the NaN at the end.
            known = np.append(_pandas_column(held.categories, place).astype(np.float64), np.nan)
        except TypeError:
            raise place.no_numbers(kind, values) from None
        codes = np.asarray(held.codes)
        return place.filled(known[codes], codes < 0)
    if isinstance(kind, pandas.ArrowDtype):
        return _arrow_column(held.__arrow_array__(), place)
    if hasattr(kind, "numpy_dtype"):
        absent = np.asarray(held.isna())
        if not absent.any():
            return np.asarray(held.to_numpy(dtype=kind.numpy_dtype))
        return place.filled(held.to_numpy(dtype=np.float64, na_value=np.nan), absent)
    if isinstance(kind, pandas.SparseDtype):
        return _of_array(np.asarray(held), place)
    return numbers_of(np.asarray(held, dtype=object), place)


# polars.


def _polars_frame(frame: Any, place: Place) -> NDArray[Any]:
    columns = frame.get_columns()
    if columns and len(set(frame.dtypes)) == 1 and _is_plain(columns[0].dtype) and not any(c.null_count() for c in columns):
        return np.asarray(frame.to_numpy())
    places = [place.of_column(label) for label in _labels(frame.columns, place)]
    return _beside([_polars_column(column, one) for column, one in zip(columns, places, strict=True)], frame.height)


def _is_plain(kind: Any) -> bool:
    """Whether NumPy has a dtype of numbers for one of polars'."""
    return kind in (sys.modules["polars"].Boolean,) or (
        kind.is_numeric() and "128" not in str(kind) and not kind.is_decimal()
    )


def _polars_column(values: Any, place: Place) -> NDArray[Any]:
    polars, kind = sys.modules["polars"], values.dtype
    if not kind.is_numeric() and kind not in (polars.Boolean, polars.Object, polars.Null):
        raise place.no_numbers(kind, values)
    if _is_plain(kind):
        if not values.null_count():
            return np.asarray(values.to_numpy())
        return place.filled(values.cast(polars.Float64).to_numpy(), values.is_null().to_numpy())
    if kind.is_decimal():
        try:
            return _arrow_column(values.to_arrow(), place)
        except ImportError:  # without pyarrow: the slow way to the same floats
            pass
    return numbers_of(np.fromiter(values.to_list(), dtype=object, count=len(values)), place)


# Arrow.


def _arrow_holds_numbers(kind: Any) -> bool:
    types, bool8 = import_module("pyarrow.types"), getattr(sys.modules["pyarrow"], "Bool8Type", ())
    while types.is_dictionary(kind) or types.is_run_end_encoded(kind):
        kind = kind.value_type
    numeric = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal, types.is_null)
    return isinstance(kind, bool8) or any(is_kind(kind) for is_kind in numeric)


def _arrow_column(values: Any, place: Place) -> NDArray[Any]:
    if not _arrow_holds_numbers(values.type):
        raise place.no_numbers(values.type, values)
    parts = [_arrow_chunk(chunk) for chunk in (values.chunks if hasattr(values, "chunks") else [values])]
    if not parts:
        return np.empty(0)
    numbers = parts[0][0] if len(parts) == 1 else np.concatenate([part for part, _ in parts])
    if all(absent is None for _, absent in parts):
        return numbers
    absences = [np.zeros(len(part), dtype=bool) if absent is None else absent for part, absent in parts]
    return place.filled(numbers, np.concatenate(absences))


def _arrow_chunk(chunk: Any) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """The numbers of an Arrow array, and where there are none, or None where there are all."""
    pyarrow = sys.modules["pyarrow"]
    types = import_module("pyarrow.types")
    if types.is_run_end_encoded(chunk.type):
        return _arrow_chunk(import_module("pyarrow.compute").run_end_decode(chunk))
    if types.is_dictionary(chunk.type):
        known, unknown = _arrow_chunk(chunk.dictionary)
        missing = np.zeros(len(known), dtype=bool) if unknown is None else unknown
        places = np.asarray(chunk.indices.fill_null(0).to_numpy(zero_copy_only=False)).astype(np.int64)
        at = np.where(_nulls(chunk.indices), len(known), places)  # a null takes the NaN at the end
        return np.append(known.astype(np.float64), np.nan)[at], np.append(missing, True)[at]
    if isinstance(chunk, pyarrow.ExtensionArray):  # bool8
        truths, absent = _arrow_chunk(chunk.storage)
        return truths != 0, absent
    if types.is_null(chunk.type):
        return np.full(len(chunk), np.nan), np.ones(len(chunk), dtype=bool)
    if types.is_decimal(chunk.type):
        numbers = floats_of(chunk)
    else:
        numbers = np.asarray(chunk.to_numpy(zero_copy_only=False))
        numbers = numbers.astype(bool) if numbers.dtype.kind == "O" else numbers  # truths, and None where there is none
    return numbers, _nulls(chunk) if chunk.null_count else None


def _nulls(array: Any) -> NDArray[np.bool_]:
    return np.asarray(array.is_null().to_numpy(zero_copy_only=False))
