"""Numbers that users give, checked: each bad one is refused in a sentence that names the argument and the rule."""

import math
import operator
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cells import has, is_missing, mask_of, shown, unit_of
from .containers import as_numbers

Floats = NDArray[np.float64]


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
    if type(w) is np.ndarray and w.dtype == np.float64 and w.ndim == 1:
        weights = w
    elif w is None or isinstance(w, (str, bytes)):
        raise TypeError(f"{name} is {shown(w)}: it must be a number, or an array of one number for each feature")
    elif is_single(w):
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
        if isinstance(value, (str, bytes)) or not is_single(value) or is_missing(value) or np.any(mask_of(value)):
            raise TypeError
        if isinstance(value, (np.datetime64, np.timedelta64)) or unit_of(value) is not None:
            raise TypeError
        converted = float(value)
    except OverflowError:  # a whole number beyond every float
        converted = math.inf
    except Exception:  # each library has errors of its own for what is no number
        raise TypeError(f"{name} is {shown(value)}: it must be a number") from None
    if not math.isfinite(converted):
        raise ValueError(f"{name} is {converted:g}: it must be a finite number")
    return converted


def is_single(value: Any) -> bool:
    """Whether this is one value and not several; NumPy's ndim would make an array of them to know."""
    if isinstance(value, (str, bytes)):
        return True
    dims = getattr(value, "ndim", None)
    return dims == 0 if isinstance(dims, int) else not has(value, "__len__")


def one_or_more(values: Any, name: str) -> Floats:
    """Validate a number, as an array without dimensions, or an array of numbers."""
    return np.array(number(values, name)) if is_single(values) else as_numbers(values, name).astype(np.float64, copy=False)


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
