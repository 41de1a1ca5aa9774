"""Functions to descend on: a gallery whose stationary points are known; values, slopes and kinds of points of any other.

Derivatives that are not given are central differences (Nocedal and Wright, "Numerical Optimization", 2nd ed., section
8.1; Press et al., "Numerical Recipes", 3rd ed., section 5.7). With a step h the truncation error is of order h^2 and the
rounding error of order eps |f| / h for a first derivative, eps |f| / h^2 for a second: their sum is least near
h = eps^(1/3) and h = eps^(1/4), times the scale of x.
"""

import functools
import math
import warnings
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from . import kernels
from .checks import Floats, number
from .containers import as_numbers

EPS = float(np.finfo(float).eps)
_slow: "weakref.WeakSet[Any]" = weakref.WeakSet()  # functions whose slowness has been said


@dataclass(frozen=True)
class Landscape:
    """A function with a known geography; call it as f(x), x a number, or f(p), p (2,) or any (..., 2).

    Attributes
    ----------
    name, formula : what to call it. dims : 1 or 2, the number of its variables.
    stationary : every stationary point and its kind, as (point, kind) pairs.
    global_minima : the points where it is lowest; empty if it falls without bound.
    window : (low, high) of each variable, where its shape shows.

    Examples
    --------
    >>> from fastgd.functions import gallery
    >>> himmelblau = gallery["himmelblau"]
    >>> float(himmelblau([3.0, 2.0]))
    0.0
    >>> himmelblau.gradient([0.0, 0.0])
    array([-14., -22.])
    """

    name: str
    formula: str
    dims: int
    stationary: tuple[tuple[Any, str], ...]
    global_minima: tuple[Any, ...]
    window: tuple[tuple[float, float], ...]
    _value: Callable[..., Any] = field(repr=False)
    _slopes: Callable[..., Any] = field(repr=False)

    def __call__(self, point: Any) -> Any:
        """Return f at a point, or at many: (...) for points (...) of one variable or (..., 2) of two."""
        return self._value(*self._variables(point))

    def gradient(self, point: Any) -> Any:
        """Return the gradient, of the shape of `point`."""
        slopes = self._slopes(*self._variables(point))
        return slopes if self.dims == 1 else np.stack(slopes, axis=-1)

    def is_global(self, point: Any) -> bool:
        """Whether a point lies within 0.01 (times its size, if above 1) of a global minimum."""
        at = np.atleast_1d(np.asarray(point, dtype=np.float64))
        reach = 0.01 * max(1.0, float(np.abs(at).max()))
        return any(np.linalg.norm(at - np.atleast_1d(best)) <= reach for best in self.global_minima)

    def _variables(self, point: Any) -> tuple[Any, ...]:
        values = np.asarray(point, dtype=np.float64)
        if self.dims == 1:
            return (values if values.ndim else float(values),)
        if values.ndim == 0 or values.shape[-1] != 2:
            raise ValueError(f"point has shape {values.shape}: {self.name} is a function of two variables, (..., 2)")
        return values[..., 0], values[..., 1]

    @property
    def __name__(self) -> str:
        return self.name


_HIMMELBLAU = (
    ((3.0, 2.0), "minimum"),
    ((-2.805118086952745, 3.131312518250573), "minimum"),
    ((-3.779310253377747, -3.283185991286169), "minimum"),
    ((3.5844283403304917, -1.8481265269644036), "minimum"),
    ((-0.27084459066734756, -0.9230385564799816), "maximum"),
    ((-3.0730257507643897, -0.08135304428796751), "saddle"),
    ((0.08667750455539634, 2.884254701174776), "saddle"),
    ((3.385154183607021, 0.07385187983774928), "saddle"),
    ((-0.12796134673068005, -1.9537149802445766), "saddle"),
)

_DOUBLE_WELL = Landscape(
    "double well",
    "x^4 - 0.2 x^3 - 2 x^2 + 0.6 x",  # its derivative is 4 (x + 1) (x - 0.15) (x - 1)
    1,
    ((-1.0, "minimum"), (0.15, "maximum"), (1.0, "minimum")),
    (-1.0,),
    ((-1.8, 1.8),),
    lambda x: ((x - 0.2) * x - 2.0) * x * x + 0.6 * x,
    lambda x: 4.0 * (x + 1.0) * (x - 0.15) * (x - 1.0),
)

_PLANES = (
    Landscape(
        "himmelblau",  # Himmelblau, "Applied Nonlinear Programming", 1972
        "(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
        2,
        _HIMMELBLAU,
        tuple(point for point, kind in _HIMMELBLAU if kind == "minimum"),
        ((-5.0, 5.0), (-5.0, 5.0)),
        lambda x, y: (x * x + y - 11.0) ** 2 + (x + y * y - 7.0) ** 2,
        lambda x, y: (
            4.0 * x * (x * x + y - 11.0) + 2.0 * (x + y * y - 7.0),
            2.0 * (x * x + y - 11.0) + 4.0 * y * (x + y * y - 7.0),
        ),
    ),
    Landscape(
        "rosenbrock",  # Rosenbrock, "An automatic method for finding the greatest or least value of a function", 1960
        "(1 - x)^2 + 100 (y - x^2)^2",
        2,
        (((1.0, 1.0), "minimum"),),
        ((1.0, 1.0),),
        ((-2.0, 2.0), (-1.0, 3.0)),
        lambda x, y: (1.0 - x) ** 2 + 100.0 * (y - x * x) ** 2,
        lambda x, y: (2.0 * (x - 1.0) - 400.0 * x * (y - x * x), 200.0 * (y - x * x)),
    ),
    Landscape(
        "saddle",
        "x^2 - y^2",
        2,
        (((0.0, 0.0), "saddle"),),
        (),
        ((-1.5, 1.5), (-1.5, 1.5)),
        lambda x, y: x * x - y * y,
        lambda x, y: (2.0 * x, -2.0 * y),
    ),
    Landscape(
        "monkey saddle",
        "x^3 - 3 x y^2",
        2,
        (((0.0, 0.0), "saddle"),),
        (),
        ((-1.5, 1.5), (-1.5, 1.5)),
        lambda x, y: x * x * x - 3.0 * x * y * y,
        lambda x, y: (3.0 * (x * x - y * y), -6.0 * x * y),
    ),
)

gallery: Mapping[str, Landscape] = MappingProxyType({known.name: known for known in (_DOUBLE_WELL, *_PLANES)})
"""The known functions by name: double well, himmelblau, rosenbrock, saddle, monkey saddle."""


def where(point: Floats) -> str:
    """A point as text: x = 1, or (1, 2)."""
    return f"x = {point[0]:.6g}" if len(point) == 1 else f"({point[0]:.6g}, {point[1]:.6g})"


def name_of(function: Any) -> str:
    """What to call a function in a sentence."""
    name = getattr(function, "__name__", type(function).__name__)
    return "f" if name == "<lambda>" else str(name)


class _Results:
    """A function evaluated point by point, its results checked: `width` numbers each."""

    def __init__(self, function: Any, role: str, start: Floats, width: int) -> None:
        if not callable(function):
            wanted = "a number" if len(start) == 1 else "an array of two numbers"
            raise TypeError(f"{role} is {function!r}: it must be a function of {wanted}")
        self.function, self.role, self.dims, self.width = function, role, len(start), width
        self.take = "number"
        first = self._one(start)
        if not np.isfinite(first).all():
            said = first[0] if width == 1 else first.tolist()
            raise ValueError(f"{role} is {said} at the start, {where(start)}: it must be finite there")

    def __call__(self, points: Floats) -> Floats:
        """Evaluate at points (m, dims): (m, width)."""
        points = np.ascontiguousarray(points, dtype=np.float64)
        fast = self._fast
        if fast is not None:
            out = np.empty((len(points), self.width))
            try:
                fast(points, out)
            except Exception:
                pass  # compiled code does not say at which point: Python does, below
            else:
                return out
        return np.array([self._one(point) for point in points]).reshape(len(points), self.width)

    @functools.cached_property
    def _fast(self) -> Any:
        module = kernels.landscape
        if not module.enabled():
            return None
        fast = module.compiled(self.function, self.dims, "pair" if self.width == 2 else self.take)
        if fast is None and not _is_in(_slow, self.function):
            name = name_of(self.function)
            warnings.warn(
                f"{self.role}{'' if name == 'f' else f' {name!r}'} cannot be compiled by Numba and runs in Python, slower "
                "(functions that it calls need @numba.njit)",
                UserWarning,
                stacklevel=2,
            )
        return fast

    def _one(self, point: Floats) -> Floats:
        argument = float(point[0]) if self.dims == 1 else point.copy()
        try:
            with np.errstate(all="ignore"):
                result = self.function(argument)
        except OverflowError:  # Python's word for what NumPy and compiled code call infinite
            return np.full(self.width, np.inf)
        except Exception as error:
            said = f"{self.role} raised {type(error).__name__} at {where(point)}: {error}"
            raise ValueError(said.removesuffix(": ")) from error
        return self._checked(result, point)

    def _checked(self, result: Any, point: Floats) -> Floats:
        rule = "it must return one number" if self.width == 1 else "it must return two numbers, df/dx and df/dy"
        if result is None:
            raise TypeError(f"{self.role} returned None at {where(point)}: {rule}")
        try:
            array = np.asarray(result)
        except ValueError:
            array = np.asarray(None)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{self.role} returned {result!r} at {where(point)}: {rule}")
        if array.size != self.width:
            raise ValueError(f"{self.role} returned an array of shape {array.shape} at {where(point)}: {rule}")
        if np.ndim(result) or isinstance(result, np.ndarray):
            self.take = "first" if array.ndim == 1 else "item"
        return array.astype(np.float64).reshape(self.width)


def _is_in(said: "weakref.WeakSet[Any]", function: Any) -> bool:
    """Whether a function is in the set; puts it there."""
    try:
        known = function in said
        said.add(function)
    except TypeError:  # no weak references to it, or no hash
        return False
    return known


class Function:
    """f as a descent wants it: values (m,), gradients (m, d) at points (m, d), and the Hessian (d, d) at one."""

    def __init__(self, f: Any, start: Floats, gradient: Any = None) -> None:
        self.f, self.dims, self.name = f, len(start), name_of(f)
        if isinstance(f, Landscape) and f.dims != self.dims:
            wanted = "a number" if f.dims == 1 else "a pair of numbers"
            raise ValueError(f"start {where(start)} does not fit {f.name}: it must be {wanted}")
        known = isinstance(f, Landscape)
        self._values = None if known else _Results(f, "f", start, 1)
        self._gradients = None if gradient is None else _Results(gradient, "gradient", start, self.dims)
        self.exact = known or gradient is not None
        """Whether gradients are formulas, and not differences of values."""

    def values(self, points: Floats) -> Floats:
        """f at points (m, d): (m,)."""
        with np.errstate(all="ignore"):
            if self._values is None:
                return np.asarray(self.f(points[:, 0] if self.dims == 1 else points))
            return self._values(points)[:, 0]

    def gradients(self, points: Floats) -> Floats:
        """The gradient at points (m, d): (m, d)."""
        with np.errstate(all="ignore"):
            if self._gradients is not None:
                return self._gradients(points)
            if self._values is None:
                return np.asarray(self.f.gradient(points[:, 0] if self.dims == 1 else points)).reshape(points.shape)
            upper, lower, twice = _either_side(points, steps_of(points))
            both = self.values(np.concatenate([upper, lower])).reshape(2, self.dims, len(points))
            slopes: Floats = ((both[0] - both[1]) / twice).T
            return slopes

    def rounding(self, points: Floats, values: Floats) -> Floats:
        """About the largest length of a gradient that is nothing but rounding, (m,): 0 for formulas."""
        return np.zeros(len(points)) if self.exact else 4.0 * EPS * np.abs(values) / steps_of(points).min(axis=1)

    def hessian(self, point: Floats) -> Floats:
        """The Hessian (d, d): differences of gradients that are formulas, else second differences of values."""
        d, points = self.dims, point[None, :]
        with np.errstate(all="ignore"):
            if self.exact:
                upper, lower, twice = _either_side(points, steps_of(points))
                rows = (self.gradients(upper) - self.gradients(lower)) / twice
                symmetric: Floats = (rows + rows.T) / 2.0
                return symmetric
            h = steps_of(points, 0.25)[0]
            h = (point + h) - point  # so that x + h - x is h, without rounding
            shifts = np.array([(i, j) for i in (-1.0, 0.0, 1.0) for j in ((-1.0, 0.0, 1.0) if d == 2 else (0.0,))])
            f = self.values(point + shifts[:, :d] * h).reshape((3,) * d)
            if d == 1:
                return np.array([[(f[2] - 2.0 * f[1] + f[0]) / h[0] ** 2]])
            across = (f[2, 1] - 2.0 * f[1, 1] + f[0, 1]) / h[0] ** 2
            up = (f[1, 2] - 2.0 * f[1, 1] + f[1, 0]) / h[1] ** 2
            mixed = (f[2, 2] - f[2, 0] - f[0, 2] + f[0, 0]) / (4.0 * h[0] * h[1])
            both_ways: Floats = np.array([[across, mixed], [mixed, up]])
            return both_ways


def steps_of(points: Floats, power: float = 1.0 / 3.0) -> Floats:
    """The step of a central difference along each coordinate: eps^power times max(1, |x|)."""
    h: Floats = EPS**power * np.maximum(1.0, np.abs(points))
    return h


def _either_side(points: Floats, h: Floats) -> tuple[Floats, Floats, Floats]:
    """Points (d m, d) moved up and down along each coordinate in turn, and the distances (d, m) between them."""
    axes = np.eye(points.shape[1])[:, None, :] * h[None, :, :]
    upper, lower = points[None] + axes, points[None] - axes
    d = points.shape[1]
    return upper.reshape(-1, d), lower.reshape(-1, d), np.array([upper[j, :, j] - lower[j, :, j] for j in range(d)])


def kind_of(function: Function, point: Floats, tol: float, slack: float) -> str:
    """What `landscape.classify` tells; a gradient of length up to 4 `slack` is not told from 0."""
    d, at = function.dims, point[None, :]
    with np.errstate(all="ignore"):
        slope = function.gradients(at)[0]
        value = function.values(at)
        units = np.concatenate([np.eye(d), -np.eye(d)])
        around = np.linalg.norm(function.gradients(point + units), axis=1)
        scale = float(around[np.isfinite(around)].max(initial=0.0))
        allowed = tol * scale + 4.0 * slack + 2.0 * float(function.rounding(at, value)[0])
        if not np.linalg.norm(slope) <= allowed:
            return "not stationary"
        hessian = function.hessian(point)
        turned = np.eye(d)
        if np.isfinite(hessian).all():
            curvatures, turned = np.linalg.eigh(hessian)
            if np.abs(curvatures).min() > 4.0 * math.sqrt(tol) * scale:
                return "minimum" if curvatures[0] > 0.0 else "maximum" if curvatures[-1] < 0.0 else "saddle"
        return _kind_around(function, point, slope, value[0], scale, turned)


def _kind_around(function: Function, point: Floats, slope: Floats, value: float, scale: float, turned: Floats) -> str:
    """The kind of a degenerate point, from f on two circles around it."""
    angles = np.arange(64) * (math.pi / 32.0)
    directions = np.column_stack([np.cos(angles), np.sin(angles)]) if len(point) == 2 else np.array([[1.0]])
    directions = np.concatenate([directions, turned.T, -turned.T]) if len(point) == 2 else np.array([[1.0], [-1.0]])
    sign = np.zeros(len(directions))
    size = max(1.0, float(np.abs(point).max()))
    for radius in (0.01 * size, 0.1 * size):
        heights = function.values(point + radius * directions)
        rise = heights - value - radius * (directions @ slope)
        largest = np.maximum(np.abs(heights), abs(value))
        # the slope taken off is itself rounded and, if by differences, truncated: both grow with the radius
        error = 8.0 * EPS * largest * (1.0 + radius / steps_of(point).min()) + 1e-10 * scale * radius
        sure = (sign == 0.0) & (np.abs(rise) > error)
        sign[sure] = np.sign(rise[sure])
    if (sign > 0.0).any() and (sign < 0.0).any():
        return "saddle"
    return "minimum" if (sign > 0.0).any() else "maximum" if (sign < 0.0).any() else "flat"


def point_of(given: Any, name: str) -> Floats:
    """Validate a number or a pair of them: (1,) or (2,)."""
    if given is not None and not isinstance(given, (str, bytes)) and np.ndim(given) == 0:
        return np.array([number(given, name)])
    values = as_numbers(given, name).astype(np.float64)
    if values.shape != (2,):
        raise ValueError(f"{name} has shape {values.shape}: it must be a number or a pair of numbers")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} is {values.tolist()}: both numbers must be finite")
    return values


def window_of(f: Any, given: Any) -> Floats:
    """Validate the window: (1, 2) or (2, 2), low and high of each variable."""
    if given is None:
        if not isinstance(f, Landscape):
            raise ValueError(
                "window is None: only functions of the gallery have their own; give (low, high) for each variable"
            )
        return np.array(f.window)
    edges = as_numbers(given, "window").astype(np.float64)
    if edges.shape not in ((2,), (1, 2), (2, 2)):
        raise ValueError(f"window has shape {edges.shape}: it must be (low, high), or two such pairs")
    edges = edges.reshape(-1, 2)
    if not (np.isfinite(edges).all() and (edges[:, 0] < edges[:, 1]).all()):
        raise ValueError(f"window is {edges.tolist()}: every low must be below its high, and both finite")
    return edges
