"""A gallery of functions to descend on, whose stationary points are known, and the points and windows that users give."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from .checks import Floats, number
from .containers import as_numbers


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
