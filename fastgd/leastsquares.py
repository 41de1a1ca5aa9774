"""Least squares from a triangular factor: back-substitution, and the shortest solution where there are many."""

import math

import numpy as np

from .checks import Floats
from .pilot import condition_of

_EPS = float(np.finfo(float).eps)
_SHORTEST = math.sqrt(float(np.finfo(float).tiny))  # what is shorter has a square without all its digits, or none

DIGITS = 6.0
"""Fewer digits of w than this that one may trust are worth a warning; NIST's Longley, notorious for it, keeps 13."""


def back_substitute(root: Floats, column: Floats, rounding: Floats, names: tuple[str, ...]) -> tuple[Floats, str, float]:
    """Solve the triangle root (d, d) for w; of several solutions the shortest, with a sentence that names the columns.

    A column not longer than `rounding` (d,) is constant. The last of the three is the condition number of the columns
    scaled to one length, by Frobenius' norm, or infinity where they do not determine w.
    """
    d = len(column)
    length = np.sqrt(np.sum(root * root, axis=0))
    constant = length <= np.maximum(rounding, _SHORTEST)
    scale = np.where(constant, 1.0, length)
    scaled = np.where(constant, 0.0, root) / scale
    condition = d * condition_of(scaled) if d > 1 and not constant.any() else 1.0
    if not constant.any() and condition < d * 1e11:  # cheaper than the singular values by far
        return np.asarray(np.linalg.solve(root, column), dtype=np.float64), "", condition
    _, singular, right = np.linalg.svd(scaled)
    null = right[singular <= 1e-13 * d * max(singular[0], _EPS)]
    if not len(null):
        return np.asarray(np.linalg.solve(root, column), dtype=np.float64), "", condition

    def least(right_side: Floats) -> Floats:
        solution: Floats = np.linalg.lstsq(scaled, right_side, rcond=1e-13 * d)[0] / scale
        return solution

    w = least(column)
    # The directions that do not matter, in the user's units: what is left without them is the shortest solution.
    directions = np.linalg.qr((null / scale).T)[0]
    w = w - directions @ (directions.T @ w)
    w = w + least(column - root @ w)  # where columns differ in scale, the small ones' share was rounded away
    return w, _rank_problem(constant, null, names), math.inf


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


def _rank_problem(constant: np.ndarray, null: Floats, names: tuple[str, ...]) -> str:
    parts = []
    if constant.any():
        parts.append("constant: " + ", ".join(np.array(names)[constant]))
    tied = (np.abs(null).max(axis=0) > 1e-6) & ~constant
    if tied.any():
        parts.append("collinear: " + ", ".join(np.array(names)[tied]))
    return (
        f"the data do not determine w ({'; '.join(parts)}): of all minima, the one with the shortest w is given. "
        "Drop such columns, collect more rows than columns, or use l2 > 0"
    )
