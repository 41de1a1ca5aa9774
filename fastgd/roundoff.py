"""How well the values of a function are known, told from the values alone.

A smooth function's differences of order k over a step h fall as h^k, but what rounding adds to its values does not: from
some order on a table of differences holds nothing else (Hamming, "Introduction to Applied Numerical Analysis", 1971, section
5.5; Moré and Wild, "Estimating computational noise", SIAM J. Sci. Comput. 33, 2011). Eight values are enough for a guess.
"""

import math
from collections.abc import Callable

import numpy as np

from .checks import Floats

EPS = float(np.finfo(float).eps)
UNITS = {"float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
"""The distance from 1 to the next number of a kind: values are rounded by at most half of it, relatively."""

_COUNT = 8
# The second for functions that round their argument, or their values, too coarsely for the first. No powers of two: a whole
# number of them added to a round number is exact in single precision, and so hides it.
_SPACINGS = (1.1415926e-6, 1.1415926e-3)
_ASKEW = np.array([1.0, 0.6180339887])


def noise_at(evaluate: Callable[[Floats], Floats], point: Floats) -> tuple[Floats, float]:
    """The size of the rounding in the values (m, k) = evaluate(points (m, d)) beside a point, (k,), and their unit.

    The unit is EPS, or that of single precision if it holds all the values. Beside, and not around: a function may well
    have a kink or a jump at the point itself, as floor(x) at 3.
    """
    direction = _ASKEW[: len(point)] * np.maximum(1.0, np.abs(point))
    noise, unit = None, EPS
    for spacing in _SPACINGS:
        for side in (1.0, -1.0):
            steps = (side * spacing) * np.arange(1.0, _COUNT + 1.0)
            values = evaluate(point + steps[:, None] * direction)
            if np.isfinite(values).all():
                break
        else:
            continue  # no value on either side
        found = np.array([_noise(column) for column in values.T])
        noise = found if noise is None else np.maximum(noise, found)
        varied = [column for column in values.T if len(np.unique(column)) > _COUNT // 2]
        if varied:
            unit = _unit(np.concatenate(varied))
            break
    return np.zeros(evaluate(point[None, :]).shape[1]) if noise is None else noise, unit


def _noise(values: Floats) -> float:
    """The standard deviation of the noise in equally spaced values, 0 if the table of differences shows none."""
    size = float(np.abs(values).max())
    if size == 0.0:
        return 0.0
    differences, levels = values / size, []  # / size: no square of them overflows
    for k in range(1, len(values) - 1):
        differences = np.diff(differences)
        share = math.factorial(k) ** 2 / math.factorial(2 * k)  # the variance of such a difference of noise is its inverse
        changes = bool((differences > 0.0).any() and (differences < 0.0).any())
        levels.append((math.sqrt(share * float(np.mean(differences**2))), changes))
    for low, (level, changes) in enumerate(levels[:-2]):
        three = [level for level, _ in levels[low : low + 3]]
        if changes and max(three) <= 4.0 * min(three):  # noise is of one size at every order, smooth values are not
            return level * size
    return 0.0


def _unit(values: Floats) -> float:
    """The unit of single precision if it holds all the values, and no precision much lower does, as for whole numbers."""
    with np.errstate(all="ignore"):
        single = values.astype(np.float32)
        few = np.ldexp(np.round(np.ldexp(np.frexp(values)[0], 16)), np.frexp(values)[1] - 16)
    whole = (np.round(values) == values).all() or (few == values).all()
    return UNITS["float32"] if (single == values).all() and not whole else EPS
