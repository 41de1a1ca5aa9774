"""The steps of many descents side by side, and the few of their points at which f is held against Python."""

import numpy as np
from numpy.typing import NDArray

from . import kernels
from .checks import Floats
from .differences import Function
from .optimizers import Optimizer


def walk(
    function: Function,
    starts: Floats,
    rule: Optimizer,
    rate: float,
    most: int,
    tol: float,
    noise: float = 0.0,
    generator: "np.random.Generator | None" = None,  # NumPy loads its generators, 5 ms, when they are first named
    trail: list[tuple[Floats, float]] | None = None,
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Descend from starts (m, d) side by side; `trail` collects the first one's points.

    With noise, or an f that varies from call to call, all steps are taken.

    Returns the last finite points (m, d), f there (m,), and 1 where it converged, 2 where it diverged, else 0.
    Every rule acts on each coordinate by itself, so that m descents are one of m d parameters.
    """
    d = function.dims
    ends, values = starts.copy(), function.values(starts).astype(np.float64)
    codes = np.where(np.isfinite(values), 0, 2)
    active = np.flatnonzero(codes == 0)
    constants, memory = np.array(rule.constants), np.zeros((2, active.size * d))
    if trail is not None:
        trail.append((ends[0].copy(), float(values[0])))
    for t in range(1, most + 2):
        points = ends[active]
        slopes = function.gradients(points)
        length = np.hypot.reduce(slopes, axis=1) if d == 2 else np.abs(slopes[:, 0])
        if noise == 0.0 and not function.varies:
            codes[active[length <= np.maximum(tol, function.rounding(points, values[active]))]] = 1
        codes[active[~np.isfinite(length)]] = 2
        going = codes[active] == 0
        if t > most or not going.any():
            break
        if not going.all():
            memory = np.ascontiguousarray(memory[:, np.repeat(going, d)])
            active, points, slopes = active[going], points[going], slopes[going]
        if generator is not None:
            slopes = slopes + noise * generator.standard_normal(slopes.shape)
        theta = np.ascontiguousarray(points).ravel()
        kernels.optimizers.move(rule.code, constants, rate, t, np.ascontiguousarray(slopes).ravel(), theta, memory)
        moved = theta.reshape(-1, d)
        finite = np.isfinite(moved).all(axis=1)
        heights = np.full(len(moved), np.nan)
        heights[finite] = function.values(moved[finite])
        finite &= np.isfinite(heights)
        codes[active[~finite]] = 2
        memory = np.ascontiguousarray(memory[:, np.repeat(finite, d)]) if not finite.all() else memory
        active = active[finite]
        ends[active], values[active] = moved[finite], heights[finite]
        if trail is not None and active.size:
            trail.append((ends[0].copy(), float(values[0])))
        if not active.size:
            break
    return ends, values, codes


def sample(points: Floats, values: Floats) -> NDArray[np.int64]:
    """Rows of points (m, d) that tell most: the first and last, the outermost, the highest, and six evenly between."""
    outermost = [*points.argmin(axis=0), *points.argmax(axis=0), values.argmax(), values.argmin()]
    return np.unique([*outermost, *np.linspace(0, len(points) - 1, 8).astype(np.int64)])
