"""Smooth a jumping cost curve by an exponentially weighted mean."""

import math
from typing import Any

import numpy as np

from . import kernels
from .checks import Floats, number, truth
from .containers import as_numbers
from .door import require_one_column

_PIECE = 1 << 24  # rows between two looks at Ctrl-C, below 0.1 s


def smooth(values: Any, alpha: float, *, debias: bool = False) -> Floats:
    """Return the exponentially weighted mean of the values up to each of them.

        s[0] = c[0]        s[i] = alpha c[i] + (1 - alpha) s[i-1]

    Here alpha weighs the *new* value: 1 leaves the curve as it is, 0.1 averages over about the last ten. Beware of
    other names: textbooks often write beta for this alpha, pandas says ``ewm(alpha=alpha, adjust=False)``, tools that
    plot training curves call 1 - alpha "smoothing", and the betas of Adam weigh the *old* value.

    The first value counts for 1 / alpha values. With `debias` it does not: s[i] is the mean of c[0] .. c[i] with the
    weights (1 - alpha)^age, divided by the sum of these weights, as pandas' ``ewm(alpha=alpha, adjust=True)``.

    Parameters
    ----------
    values : (n,) numbers, such as a cost for each epoch, in any unit.
    alpha : weight of the new value, 0 < alpha <= 1.
    debias : weigh the first value as any other.

    Returns
    -------
    (n,) float64, in the unit of the values; a new array.

    Raises
    ------
    ValueError, TypeError : naming the argument, the first offending row and the rule.

    Examples
    --------
    >>> smooth([0.0, 4.0, 4.0], alpha=0.5)
    array([0., 2., 3.])

    References
    ----------
    Roberts: Control chart tests based on geometric moving averages, Technometrics 1 (1959).
    """
    if type(alpha) is not float:
        alpha = number(alpha, "alpha")
    if not 0.0 < alpha <= 1.0:
        raise ValueError(f"alpha is {alpha:g}: it is the weight of the new value and must be above 0 and at most 1")
    if not (type(values) is np.ndarray and values.dtype == np.float64 and values.ndim == 1 and values.flags.c_contiguous):
        values = _as_column(values, "values")
    debias, n = truth(debias, "debias"), values.size
    if n == 0:
        raise ValueError("values is empty: at least one value is needed")
    out = np.empty(n)
    total = 1.0
    for start in range(0, n, _PIECE):
        total = kernels.smoothing.smooth(values, out, alpha, debias, start, min(start + _PIECE, n), total)
    # A value that is not finite stays in the mean for ever.
    if not math.isfinite(out[-1]):
        _require_finite(values)
    return out


def _as_column(values: Any, name: str) -> Floats:
    column = as_numbers(values, name)
    require_one_column(values, column.shape, name, "")
    return np.ascontiguousarray(column, dtype=np.float64)


def _require_finite(values: Floats) -> None:
    wrong = np.flatnonzero(~np.isfinite(values))
    if wrong.size:
        row = int(wrong[0])
        raise ValueError(f"values is {values[row]:g} in row {row}: every value must be a finite number")
