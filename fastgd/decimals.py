"""Exact decimals of Arrow's as the nearest floats.

A decimal is a whole number over a power of ten. Where the whole number is below 2**53 and the power at most 10**22, both
are floats, and IEEE's division of the two is the nearest float. The others are divided as whole numbers of Python's, which
rounds right whatever their length. Arrow's own cast to float64 is an ulp off in 13 % of amounts with two places.
"""

from typing import Any

import numpy as np

from .checks import Floats

_EXACT = 1 << 53
_MOST = 22  # 10**22 is the last power of ten that is a float
_FARTHEST = 500  # of a scale: what has up to 77 digits is 0, or beyond every float, from there on


def floats_of(decimals: Any) -> Floats:
    """Return an Arrow array of decimals, of any width, as float64: each the nearest, a null as NaN."""
    n, scale, width = len(decimals), decimals.type.scale, decimals.type.byte_width
    if n == 0 or decimals.null_count == n:
        return np.full(n, np.nan)
    raw = decimals.buffers()[1]
    start = decimals.offset * width
    if width <= 8:
        units = np.frombuffer(raw, f"<i{width}", n, start).astype(np.int64, copy=False)
        fits: Any = (units > -_EXACT) & (units < _EXACT)
    else:
        words = np.frombuffer(raw, "<i8", n * (width // 8), start).reshape(n, width // 8)
        units = words[:, 0]
        fits = (units > -_EXACT) & (units < _EXACT) & (words[:, 1:] == (units >> 63)[:, None]).all(axis=1)
    there = np.ones(n, bool) if decimals.null_count == 0 else np.asarray(decimals.is_valid().to_numpy(zero_copy_only=False))
    if not 0 <= scale <= _MOST:
        fits = np.zeros(n, bool)
        values = np.empty(n)
    else:
        values = units / float(10**scale)
    for place in np.flatnonzero(there & ~fits).tolist():
        where = start + place * width
        values[place] = _nearest(int.from_bytes(raw[where : where + width], "little", signed=True), scale)
    values[~there] = np.nan
    return values


def _nearest(units: int, scale: int) -> float:
    """units / 10**scale, rounded once."""
    power: int = 10 ** min(abs(scale), _FARTHEST)
    try:
        return float(units * power) if scale < 0 else units / power
    except OverflowError:
        return float("inf") if units > 0 else float("-inf")
