"""The kind of a point of a function: a minimum, a maximum, a saddle ..., or that rounding does not let tell."""

import math

import numpy as np

from .checks import Floats
from .differences import Function
from .roundoff import EPS


def kind_of(function: Function, point: Floats, tol: float, slack: float) -> str:
    """What `landscape.classify` tells; a gradient of length up to 4 `slack` is not told from 0.

    But it is if those around are hardly longer: for a tiny f any slack is large.
    """
    d, at = function.dims, point[None, :]
    with np.errstate(all="ignore"), function.looking_around():
        slope = function.gradients(at)[0]
        value = float(function.values(at)[0])
        units = np.concatenate([np.eye(d), -np.eye(d)])
        around = np.linalg.norm(function.gradients(point + units), axis=1)
        scale = float(around[np.isfinite(around)].max(initial=0.0))
        noise, slope_noise = function.noise(point, value), function.slope_noise(point)
        rounding = 4.0 * (slope_noise if function.exact else noise / float(function.steps(at).min()))
        if not (np.isfinite(slope).all() and math.isfinite(value)):
            return "undecided"
        if np.linalg.norm(slope) > tol * scale + min(4.0 * slack, 0.25 * scale) + 2.0 * rounding:
            return "not stationary"
        hessian = function.hessian(point)
        turned = np.eye(d)
        certain = 2.0 * rounding <= 0.25 * scale
        if np.isfinite(hessian).all():
            curvatures, turned = np.linalg.eigh(hessian)
            h = float(function.steps(at, 1.0 / 3.0 if function.exact else 0.25).min())
            unsure = 8.0 * slope_noise / h if function.exact else 16.0 * noise / h**2
            if certain and np.abs(curvatures).min() > max(4.0 * math.sqrt(tol) * scale, unsure):
                return "minimum" if curvatures[0] > 0.0 else "maximum" if curvatures[-1] < 0.0 else "saddle"
        return _kind_around(function, point, slope, value, scale, turned, noise, certain)


def _kind_around(
    function: Function,
    point: Floats,
    slope: Floats,
    value: float,
    scale: float,
    turned: Floats,
    noise: float,
    certain: bool,
) -> str:
    """The kind of a degenerate point, or of one whose curvature rounding hides, from f on two circles around it."""
    angles = np.arange(64) * (math.pi / 32.0)
    directions = np.column_stack([np.cos(angles), np.sin(angles)]) if len(point) == 2 else np.array([[1.0]])
    directions = np.concatenate([directions, turned.T, -turned.T]) if len(point) == 2 else np.array([[1.0], [-1.0]])
    sign, same = np.zeros(len(directions)), True
    size = max(1.0, float(np.abs(point).max()))
    near, far = 0.01 * size, 0.1 * size
    step = float(function.steps(point).min())
    wide = np.full((1, len(point)), near)
    # the slope taken off is itself rounded and, if by differences, truncated: both grow with the radius; where nothing
    # stands out above that, a slope by wider differences is less rounded
    for radius, taken, h in ((near, slope, step), (far, slope, step), (far, function.slopes(point[None, :], wide)[0], near)):
        if h == near and sign.any():
            break
        heights = function.values(point + radius * directions)
        rise = heights - value - radius * (directions @ taken)
        largest = np.maximum(np.abs(heights), abs(value))
        error = 8.0 * np.maximum(EPS * largest, noise) * (1.0 + radius / h) + 1e-10 * scale * radius
        sure = (sign == 0.0) & (np.abs(rise) > error) & np.isfinite(heights)
        sign[sure] = np.sign(rise[sure])
        same = same and bool((np.abs(heights - value) <= 8.0 * EPS * largest).all())
    if same:
        return "flat"
    if not certain or not sign.any():
        return "undecided"
    if (sign > 0.0).any() and (sign < 0.0).any():
        return "saddle" if len(point) == 2 else "inflection"
    return "minimum" if (sign > 0.0).any() else "maximum"
