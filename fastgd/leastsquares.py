"""Least squares from a triangular factor: back-substitution, and the shortest solution where there are many."""

import numpy as np

from .checks import Floats
from .pilot import condition_of

_EPS = float(np.finfo(float).eps)


def back_substitute(root: Floats, column: Floats, rounding: Floats, names: tuple[str, ...]) -> tuple[Floats, str]:
    """Solve the triangle root (d, d) for w; of several solutions the shortest, with a sentence that names the columns.

    A column not longer than `rounding` (d,) is constant.
    """
    d = len(column)
    length = np.sqrt(np.sum(root * root, axis=0))
    constant = length <= rounding
    scale = np.where(constant, 1.0, length)
    scaled = np.where(constant, 0.0, root) / scale
    if not constant.any() and (d == 1 or condition_of(scaled) < 1e11):  # cheaper than the singular values by far
        return np.asarray(np.linalg.solve(root, column), dtype=np.float64), ""
    _, singular, right = np.linalg.svd(scaled)
    null = right[singular <= 1e-13 * d * max(singular[0], _EPS)]
    if not len(null):
        return np.asarray(np.linalg.solve(root, column), dtype=np.float64), ""

    def least(right_side: Floats) -> Floats:
        solution: Floats = np.linalg.lstsq(scaled, right_side, rcond=1e-13 * d)[0] / scale
        return solution

    w = least(column)
    # The directions that do not matter, in the user's units: what is left without them is the shortest solution.
    directions = np.linalg.qr((null / scale).T)[0]
    w = w - directions @ (directions.T @ w)
    w = w + least(column - root @ w)  # where columns differ in scale, the small ones' share was rounded away
    return w, _rank_problem(constant, null, names)


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
