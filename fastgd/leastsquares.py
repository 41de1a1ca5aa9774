"""Least squares from a triangular factor: back-substitution, and the shortest solution where there are many."""

import math
from typing import NamedTuple

import numpy as np

from .checks import Floats
from .linalg import condition_of, lengths

_EPS = float(np.finfo(float).eps)
_NAMED = 5  # columns that a sentence names; the rest are counted

DIGITS = 6.0
"""Fewer digits of w than this that one may trust are worth a warning; NIST's Longley, notorious for it, keeps 13."""


class Rank(NamedTuple):
    """What the columns of a triangle determine.

    `constant` (d,) tells which columns are nothing, `tied` (d,) which depend on others, and `null` (d, k) holds the
    directions of w that change no prediction, orthonormal. `condition` is the condition number of the columns scaled to one
    length, by Frobenius' norm, or infinity where they do not determine w.
    """

    constant: np.ndarray
    tied: np.ndarray
    null: Floats
    condition: float


def rank_of(root: Floats) -> Rank:
    """Find what the columns of a triangle (d, d) determine, however their units differ."""
    d = len(root)
    length = lengths(root)
    constant = length == 0.0
    scale = np.where(constant, 1.0, length)
    scaled = root / scale
    condition = d * condition_of(scaled) if d > 1 and not constant.any() else 1.0
    none = np.zeros(d, np.bool_), np.zeros((d, 0))
    if not constant.any() and condition < d * 1e11:  # cheaper than the singular values by far
        return Rank(constant, *none, condition)
    _, singular, right = np.linalg.svd(scaled)
    null = right[singular <= 1e-13 * d * max(singular[0], _EPS)]
    if not len(null):
        return Rank(constant, *none, condition)
    tied = (np.abs(null).max(axis=0) > 1e-6) & ~constant
    # In the user's units rounding would be large where units are small. Each direction is brought to a size of 1, since
    # squares of units may be beyond all numbers.
    directions = np.where(np.abs(null) > 1e-12, null, 0.0) / scale
    directions /= np.abs(directions).max(axis=1)[:, None]
    return Rank(constant, tied, np.linalg.qr(directions.T)[0], math.inf)


def back_substitute(root: Floats, column: Floats, rank: Rank) -> Floats:
    """Solve the triangle root (d, d) for w; of several solutions the shortest."""
    null = rank.null
    if not null.shape[1]:
        return np.asarray(np.linalg.solve(root, column), dtype=np.float64)
    d = len(column)
    scale = np.where(rank.constant, 1.0, lengths(root))
    scaled = root / scale

    def least(right_side: Floats) -> Floats:
        solution: Floats = np.linalg.lstsq(scaled, right_side, rcond=1e-13 * d)[0] / scale
        return solution

    w = least(column)
    # The directions that do not matter, in the user's units: what is left without them is the shortest solution.
    w = w - null @ (null.T @ w)
    return w + least(column - root @ w)  # where columns differ in scale, the small ones' share was rounded away


def digits_to_trust(condition: float) -> float:
    """The digits of w that are left when its columns have this condition and every number was rounded once."""
    return max(0.0, -math.log10(_EPS * condition))


def condition_problem(condition: float) -> str:
    """What is to be said of columns so nearly collinear that few digits of w can be trusted; empty where enough can."""
    digits = digits_to_trust(condition) if condition < math.inf else DIGITS
    if digits >= DIGITS:
        return ""
    return (
        f"the columns of x are nearly collinear: scaled to one length their condition number is {condition:.2g}, so at most "
        f"about {math.floor(digits)} digits of w can be trusted (the cost keeps its own); drop a column, or use l2 > 0"
    )


def spread_problem(mean: Floats, spread: Floats, names: tuple[str, ...]) -> str:
    """What is to be said of columns that vary so little beside their own size that few digits of w can be trusted."""
    with np.errstate(divide="ignore", invalid="ignore"):
        digits = -np.log10(_EPS * np.abs(mean) / spread)
    few = np.flatnonzero((spread > 0.0) & (digits < DIGITS))
    if not len(few):
        return ""
    j = int(few[np.argmin(digits[few])])
    return (
        f"column {names[j]} varies by {spread[j]:.2g} about {mean[j]:.2g}, so its values have at most about "
        f"{max(math.floor(digits[j]), 0)} digits that tell rows apart, and w no more if they were rounded: subtract "
        f"{mean[j]:.6g} from it where it is made"
    )


def rank_problem(rank: Rank, names: tuple[str, ...]) -> str:
    """What is to be said of columns that do not determine w; empty where they do."""
    if not rank.null.shape[1]:
        return ""
    parts = []
    for what, which in (("constant", rank.constant), ("collinear", rank.tied)):
        found = np.array(names)[which].tolist()
        if found:
            more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
            parts.append(f"{what}: " + ", ".join(found[:_NAMED]) + more)
    return (
        f"the data do not determine w ({'; '.join(parts)}): of all minima, the one with the shortest w is given. "
        "Drop such columns, collect more rows than columns, or use l2 > 0"
    )
