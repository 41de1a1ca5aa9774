"""What a user's function returned, as numbers: of Python, NumPy, or any library whose arrays say their shape."""

import math
from numbers import Number
from typing import Any

import numpy as np

from .roundoff import EPS, UNITS


class NoNumber(Exception):
    """What was returned is no real number, nor an array of them."""


class NotReal(Exception):
    """What was returned is a complex number: a real function has no value there."""


def numbers_of(result: Any) -> tuple[list[float], tuple[int, ...], float]:
    """The values of a result, flat, its shape, and the unit of its precision (EPS, or more if lower than double).

    Whole numbers, booleans, fractions and decimals are their nearest float; a masked value is NaN.
    """
    if isinstance(result, float):  # np.float64 is one
        return [float(result)], (), EPS
    if isinstance(result, (list, tuple)):
        return _numbers_of_sequence(result)
    if isinstance(result, np.ma.MaskedArray):
        mask = np.ma.getmaskarray(result).ravel()
        values, shape, unit = numbers_of(np.asarray(result.data))
        return [math.nan if hidden else value for value, hidden in zip(values, mask)], shape, unit
    if hasattr(result, "shape") and not hasattr(result, "unit") and not hasattr(result, "units"):
        kind = str(getattr(result, "dtype", "")).rsplit(".", 1)[-1]
        try:
            # a torch tensor that carries a gradient hands its values to lists alone
            nested = result.tolist() if hasattr(result, "tolist") else np.asarray(result).tolist()
        except Exception as error:
            raise NoNumber from error
        if kind.startswith(("datetime", "timedelta")):  # of nanoseconds NumPy makes whole numbers
            raise NoNumber
        return _flat(nested), tuple(result.shape), UNITS.get(kind, EPS)
    return [_number(result)], (), EPS


def _numbers_of_sequence(parts: Any) -> tuple[list[float], tuple[int, ...], float]:
    found = [numbers_of(part) for part in parts]
    shapes = {shape for _, shape, _ in found}
    if len(shapes) > 1:
        raise NoNumber
    shape = (len(found), *(shapes.pop() if shapes else ()))
    return [value for values, _, _ in found for value in values], shape, max((unit for *_, unit in found), default=EPS)


def _flat(nested: Any) -> list[float]:
    return [value for part in nested for value in _flat(part)] if isinstance(nested, list) else [_number(nested)]


def _number(value: Any) -> float:
    if isinstance(value, complex):
        raise NotReal
    # an object of none of the numbers' classes, such as a length of 3 m, may still know what float it is
    if value is None or isinstance(value, (str, bytes)) or not (isinstance(value, Number) or hasattr(value, "__float__")):
        raise NoNumber
    try:
        return float(value)
    except OverflowError:  # a whole number beyond every float
        return math.inf if value > 0 else -math.inf
    except Exception as error:
        raise NoNumber from error
