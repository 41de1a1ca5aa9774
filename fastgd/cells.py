"""Single values: which are numbers, which are missing, and the sentences for those that are neither."""

import datetime
import math
import numbers
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

PLAIN = frozenset(
    [bool, int, float, np.bool_, np.float16, np.float32, np.float64]
    + [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64]
)
"""Types whose values are numbers, whatever they are: a look at the types of a long list costs less than its conversion."""

_TIMES = (np.datetime64, np.timedelta64, datetime.date, datetime.time, datetime.timedelta)

_SHOWN = 200


@dataclass(frozen=True)
class Place:
    """Where values come from: the argument `name`, the `column` where they are one, the `row` where they are in one.

    `holes` tells that a missing value may stay, as NaN, since whoever comes next names its row.
    """

    name: str
    column: str | None = None
    row: int | None = None
    holes: bool = False

    def of_column(self, column: str) -> "Place":
        """The place of one column."""
        return replace(self, column=column)

    def of_row(self, row: int) -> "Place":
        """The place of the values within a row."""
        return replace(self, row=row)

    def where(self, *at: int) -> str:
        """A place in an array as a part of a sentence."""
        if self.row is not None:
            at = (self.row, *at)
        column = f"{self.name}[{at[1]}]" if len(at) > 1 else self.column
        return (f" in row {at[0]}" if at else "") + ("" if column is None else f", column {column}")

    def missing(self, *at: int) -> ValueError:
        """The error for a missing value."""
        return ValueError(
            f"{self.name} is missing{self.where(*at)}: every value must be a finite number; drop or fill such rows first"
        )

    def no_number(self, value: Any, *at: int) -> TypeError:
        """The error for a value that is no number."""
        return TypeError(f"{self.name} holds {shown(value)}{self.where(*at)}: every value must be a number")

    def no_numbers(self, kind: Any, cells: Iterable[Any] = (), shape: tuple[int, ...] = (-1,)) -> TypeError:
        """The error for values whose type is not one of numbers; of text, the first cell is shown that is no number."""
        said = self.where()
        try:
            for k, value in enumerate(cells):
                if is_scalar(value):
                    value = value.as_py()
                if is_missing(value) or (isinstance(value, float) and math.isnan(value)):
                    continue
                telling = not _reads_as_number(value)
                if telling or said == self.where():
                    at = (k,) if len(shape) == 1 else np.unravel_index(k, shape)
                    said = f", as {shown(value)}{self.where(*map(int, at))}"
                if telling:
                    break
        except Exception:  # values that their library cannot show: their type says enough
            pass
        return TypeError(f"{self.name} has dtype {shown(kind, bare=True)}{said}: every value must be a number")

    def with_unit(self, values: Any, unit: Any) -> TypeError:
        """The error for numbers that have a unit."""
        cure = next((f"; write {self.name}.{cure}" for cure in ("magnitude", "value") if hasattr(values, cure)), "")
        column = "" if self.column is None else f" in column {self.column}"
        row = "" if self.row is None else f" in row {self.row}"
        return TypeError(
            f"{self.name} has the unit {shown(unit, bare=True)}{row}{column}: every value must be a number without one{cure}"
        )

    def filled(self, values: NDArray[Any], absent: NDArray[np.bool_]) -> NDArray[Any]:
        """Values of which some are absent: an error, or NaN where holes may stay."""
        if not absent.any():
            return values
        if not self.holes:
            raise self.missing(*(int(at) for at in np.argwhere(absent)[0]))
        values = values.astype(np.float64)
        values[absent] = np.nan
        return values


def shown(value: Any, *, bare: bool = False) -> str:
    """A value on one line of ASCII, whole unless it is very long; text within quotes, so that blanks show."""
    if isinstance(value, np.generic) and isinstance(value, (str, bytes)):
        value = value.item()  # without the name of NumPy's class
    try:
        value = value.as_py() if is_scalar(value) else value
        text = str(value).encode("ascii", "backslashreplace").decode() if bare else ascii(value)
    except Exception:
        text = f"a {type(value).__name__}"
    if bare or not isinstance(value, (str, bytes)):
        text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"


def _reads_as_number(value: Any) -> bool:
    """Whether this is a number, or text that looks like one."""
    try:
        float(value) if isinstance(value, (str, bytes)) else number_of(value)
    except (TypeError, ValueError):
        return False
    return True


def is_missing(value: Any) -> bool:
    """Whether a value stands for one that is not there."""
    if value is None or value is np.ma.masked:
        return True
    pandas = sys.modules.get("pandas")
    return pandas is not None and (value is pandas.NA or value is pandas.NaT)


def has(value: Any, name: str) -> bool:
    """Whether a value's own type, not that type's type, has an attribute: the length of an enumeration is no member's."""
    return any(name in vars(kind) for kind in type(value).__mro__)


def unit_of(values: Any) -> Any:
    """The unit that values are in, or None; an object that is no array may have a column, say, of that name."""
    for name in ("unit", "units"):
        known = isinstance(values, np.ndarray) or (has(values, name) and not callable(getattr(type(values), name)))
        if known:
            unit = getattr(values, name, None)
            if unit is not None and str(unit) not in ("", "dimensionless"):
                return unit
    return None


def mask_of(values: Any) -> Any:
    """The mask that values carry, or None."""
    mask = getattr(type(values), "mask", None)
    if mask is None or callable(mask):
        return None
    mask = getattr(values, "mask", None)
    return mask if isinstance(mask, (bool, np.bool_, np.ndarray)) else None


def bare(values: Any, place: Place) -> NDArray[Any]:
    """An array, or what makes itself one, as a plain array; its unit and its mask are asked for."""
    unit = unit_of(values)
    if unit is not None:
        raise place.with_unit(values, unit)
    values = getattr(values, "magnitude", values) if has(values, "magnitude") else values
    array = np.asanyarray(values)  # which keeps a masked array that __array__ returns
    plain = np.asarray(array)
    for mask in (mask_of(values), mask_of(array)):
        if mask is not None and plain.dtype.names is None:
            plain = place.filled(plain, np.broadcast_to(mask, plain.shape))
    return plain


def number_of(value: Any) -> float | None:
    """The nearest float to a number, None for a missing value; TypeError for anything else."""
    if type(value) in PLAIN or (isinstance(value, (numbers.Real, Decimal, np.bool_)) and not isinstance(value, _TIMES)):
        try:
            if isinstance(value, numbers.Rational):  # whose own float may be cut off, as gmpy2's is
                return int(value.numerator) / int(value.denominator)
            return float(value)
        except OverflowError:  # a number beyond every float
            return np.inf if value > 0 else -np.inf
        except ValueError:  # a signalling NaN of Decimal's
            return np.nan
    if is_missing(value):
        return None
    if isinstance(value, _TIMES) or unit_of(value) is not None:
        raise TypeError
    if is_scalar(value):
        return None if not value.is_valid else number_of(value.as_py())
    if has(value, "magnitude"):
        return number_of(value.magnitude)
    if getattr(value, "shape", None) == ():
        if np.any(mask_of(value)):
            return None
        try:
            array = bare(value, Place("", holes=True))
        except Exception as error:
            raise TypeError from error
        if array.dtype.kind in "biuf" or is_short_float(array.dtype):
            return float(array)
        if array.dtype.kind == "O" and array.item() is not value:
            return number_of(array.item())
    raise TypeError


def is_scalar(value: Any) -> bool:
    """Whether this is a value of an Arrow array."""
    arrow = sys.modules.get("pyarrow")
    return arrow is not None and hasattr(arrow, "Scalar") and isinstance(value, arrow.Scalar)


def is_short_float(kind: np.dtype[Any]) -> bool:
    """Whether a dtype that NumPy does not know is one of numbers, as those of ml_dtypes that JAX has."""
    return kind.kind == "V" and kind.names is None and bool(np.can_cast(kind, np.float64))


def numbers_of(cells: NDArray[Any], place: Place) -> NDArray[Any]:
    """An array of objects as float64."""
    flat = cells.ravel()
    if set(map(type, flat)) <= PLAIN:
        try:
            return cells.astype(np.float64)
        except OverflowError:
            pass  # a whole number beyond every float
    found, absent = np.empty(len(flat)), np.zeros(len(flat), dtype=bool)
    for k, value in enumerate(flat):
        try:
            number = number_of(value)
        except TypeError:
            raise _first_telling(flat, k, cells.shape, place) from None
        found[k], absent[k] = (np.nan, True) if number is None else (number, False)
    return place.filled(found.reshape(cells.shape), absent.reshape(cells.shape))


def _first_telling(flat: NDArray[Any], k: int, shape: tuple[int, ...], place: Place) -> TypeError:
    """The error for the first cell that is no number; of text throughout, the first that does not look like one."""
    if isinstance(flat[k], (str, bytes)):
        texts = (j for j in range(k, len(flat)) if isinstance(flat[j], (str, bytes)) and not _reads_as_number(flat[j]))
        k = next(texts, k)
    return place.no_number(flat[k], *(int(at) for at in np.unravel_index(k, shape)))
