"""Numbers that users give, checked: each bad one is refused in a sentence that names the argument and the rule."""

import math
import operator
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def as_numbers(values: Any, name: str) -> NDArray[Any]:
    """Return an array of real numbers over the user's own memory where that is possible, of any dtype and strides."""
    if values is None:
        raise TypeError(f"{name} is None: it must be a sequence of numbers")
    if isinstance(values, np.ma.MaskedArray):
        raise ValueError(f"{name} is a masked array: drop or fill the masked rows first, as with .compressed()")
    if isinstance(values, (str, bytes, dict, set, frozenset)):
        raise TypeError(f"{name} is a {type(values).__name__}: it must be a sequence of numbers")
    try:
        array = np.asarray(values)
    except ValueError as error:  # NumPy's word for rows of different lengths
        raise ValueError(f"{name} is ragged: {_ragged_row(values)}every row must have the same number of values") from error
    if array.ndim == 0 and array.dtype.kind in "biufcSU":
        raise ValueError(f"{name} is a single {type(values).__name__}: it must be a sequence of numbers")
    if array.dtype.kind == "O":
        array = _numbers_of_objects(values, array, name)
    if array.dtype.kind == "c":
        raise TypeError(f"{name} is complex: every value must be a real number")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} has dtype {array.dtype}: every value must be a number")
    return array


def _numbers_of_objects(values: Any, array: NDArray[Any], name: str) -> NDArray[Any]:
    """Frames with nullable columns come out of NumPy as objects; anything else that does is refused."""
    if array.ndim and hasattr(values, "to_numpy") and (hasattr(values, "dtypes") or hasattr(values, "dtype")):
        try:
            return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))
        except (TypeError, ValueError):
            pass  # a column of text, say: named below
    if array.ndim == 0:
        raise TypeError(f"{name} is a {type(values).__name__}: it must be a sequence of numbers")
    for place, value in np.ndenumerate(array):
        if not isinstance(value, (int, float, np.number)):
            raise TypeError(f"{name} holds {value!r} in row {place[0]}: every value must be a number")
    raise TypeError(f"{name} has dtype object: every value must be a number; write {name}.astype(float)")


def _ragged_row(values: Any) -> str:
    """The first row whose length differs from the first row's, as the beginning of a sentence."""

    def length(row: Any) -> int:
        return len(row) if hasattr(row, "__len__") else 0

    for row, value in enumerate(values):
        if length(value) != length(values[0]):
            return f"row {row} differs in length from row 0; "
    return ""


def parameters(w: Any, b: Any, d: int, flat: bool) -> tuple[Floats, float]:
    """Validate (w, b) for d features: w as an array (d,), b as a float."""
    weights = np.asarray(as_parameter(w, "w", flat or d == 1))
    if weights.ndim == 0:
        weights = weights.reshape(1)
    if weights.shape != (d,):
        raise ValueError(f"w has shape {weights.shape}: x has {d} features, so it must be ({d},)")
    return weights, number(b, "b")


def as_parameter(w: Any, name: str, allow_number: bool) -> Floats:
    """Validate an array of weights, or a number where that is right."""
    if isinstance(w, np.ndarray) and w.dtype == np.float64 and w.ndim == 1:
        weights = w
    elif w is None or isinstance(w, (str, bytes)):
        raise TypeError(f"{name} is {w!r}: it must be a number, or an array of one number for each feature")
    elif np.ndim(w) == 0:
        value = number(w, name)
        if not allow_number:
            raise ValueError(
                f"{name} is the number {value:g}: x has several columns, so it must be an array of one for each"
            )
        return np.array(value)
    else:
        weights = as_numbers(w, name).astype(np.float64)
    if not np.isfinite(weights).all():
        place = int(np.flatnonzero(~np.isfinite(weights))[0])
        raise ValueError(f"{name}[{place}] is {weights.flat[place]:g}: it must be a finite number")
    return weights


def number(value: Any, name: str) -> float:
    """Validate a finite real number."""
    try:
        if isinstance(value, (str, bytes)) or np.ndim(value) != 0:
            raise TypeError
        converted = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} is {value!r}: it must be a number") from None
    except OverflowError:  # a whole number beyond every float
        converted = math.inf
    if not math.isfinite(converted):
        raise ValueError(f"{name} is {converted:g}: it must be a finite number")
    return converted


def whole(value: Any, name: str, least: int, most: int | None = None) -> int:
    """Validate a whole number within bounds."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        converted = operator.index(value)
    except TypeError:  # arrays have an __index__ that most of them refuse
        raise TypeError(f"{name} is {value!r}: it must be a whole number") from None
    if converted < least or (most is not None and converted > most):
        bounds = f"{least} or above" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name} is {converted}: it must be {bounds}")
    return converted


def file_name(path: Any, what: str = "the path of a file") -> str:
    """Validate the path of a file, as text."""
    try:
        file = os.fsdecode(path)
    except TypeError:
        raise TypeError(f"path is {path!r}: it must be {what}") from None
    if not file or "\0" in file:
        raise ValueError(f"path is {file!r}: it must be the path of a file")
    return file


def truth(value: Any, name: str) -> bool:
    """Validate True or False: any other object would count as one of them in silence, and "none" as True."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} is {value!r}: it must be True or False")
    return bool(value)


def require_memory(size: int, what: str) -> None:
    """Raise before an allocation of `size` bytes that the machine has no memory for: systems promise it, then kill."""
    if size < 1 << 28:
        return
    try:
        there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not every system tells
        return
    if size > there:
        raise MemoryError(f"{what} would take {min(size, 10**300) / 1e9:.3g} GB, and this machine has {there / 1e9:.3g} GB")


def at_least_zero(value: Any, name: str) -> float:
    """Validate a finite number of 0 or above."""
    converted = number(value, name)
    if converted < 0.0:
        raise ValueError(f"{name} is {converted:g}: it must be 0 or above")
    return converted


def one_of(value: Any, name: str, allowed: tuple[Any, ...]) -> Any:
    """Validate one of a few names."""
    if not isinstance(value, (str, type(None))) or value not in allowed:
        raise ValueError(f"{name} is {value!r}: it must be one of {', '.join(map(repr, allowed))}{nearest(value, allowed)}")
    return value


def nearest(given: Any, names: Any) -> str:
    """ "; did you mean 'adam'?" for a name that is nearly one of those allowed."""
    import difflib  # 2 ms of start-up that only an error needs

    found = difflib.get_close_matches(given.lower(), list(names), 1) if isinstance(given, str) else []
    return f" (did you mean {found[0]!r}?)" if found else ""
