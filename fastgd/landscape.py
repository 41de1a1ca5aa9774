"""Descent on any function of one or two variables, and the kind of point at which it ends.

The step is that of an optimizer (fastgd.optimizers): for the plain one p <- p - rate grad f(p). A descent stops where the
gradient vanishes, and that is all it knows: in a minimum, which need not be the lowest, but also on a maximum or on a
saddle. The eigenvalues of the Hessian tell which (Nocedal and Wright, "Numerical Optimization", 2nd ed., theorem 2.4):
all above 0, a minimum; all below, a maximum; of both signs, a saddle. Where one is 0 the Hessian does not tell, and f
itself is looked at around the point.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .checks import Floats, number, whole
from .containers import as_numbers
from .differences import Function
from .downhill import sample, walk
from .evaluation import Revised
from .functions import Landscape, gallery, point_of, window_of
from .journeys import Basins, Path, PathStatus
from .kinds import kind_of
from .optimizers import Optimizer, optimizer_of
from .results import ConvergenceWarning, DivergenceWarning

__all__ = ["Basins", "Path", "PathStatus", "basins", "classify", "descend", "gallery", "restarts"]


def descend(
    f: Callable[..., Any],
    start: Any,
    *,
    gradient: Callable[..., Any] | None = None,
    learning_rate: float = 0.01,
    steps: int = 1000,
    optimizer: str | Optimizer = "plain",
    tol: float = 1e-10,
    noise: float = 0.0,
    seed: int | None = None,
) -> Path:
    """Descend on a function of one or two variables: p <- p - learning_rate grad f(p), or another optimizer's step.

    Parameters
    ----------
    f : a function of a float, or of an array of 2, that returns a number: a float, a whole number, a fraction, or an array
        of one, of NumPy, JAX or torch. A plain Python function is compiled by Numba; one that cannot be, or that gives other
        numbers than in Python at the points where both are asked, runs in Python, slower, and a warning says so once. One
        that computes in single precision, or is a large number that hardly changes, is differentiated over wider steps,
        which a warning says once; one that is not the same at every call takes all steps, and is not said to converge.
    start : a number, or a pair of numbers.
    gradient : a function of the same argument that returns a float, or 2 values; by default the gallery's own, or central
        differences of f.
    learning_rate : the size of a step. steps : the most of them. optimizer : a name or an instance, all but "implicit".
    tol : stop when the gradient's length is at most this; differences cannot tell less than about 1e-10 |f| from 0, and
        stop there. With noise, all steps are taken.
    noise : standard deviation of the normal noise added to each part of the gradient, which leads away from saddles.
    seed : of the noise: the same seed, the same path.

    Returns
    -------
    A Path. Where a point, f or its gradient is not finite any more, is complex, or raises a ValueError or ArithmeticError
    (as math.log(-1) and 1 / 0 do), the descent ends as DIVERGED and keeps the finite points.

    Warns
    -----
    DivergenceWarning : f grew, or has no value at a point, which it names. ConvergenceWarning : the gradient is within
    `tol`, but no smaller than those around. UserWarning : of f as above; or `gradient` is not the slope of f.

    Raises
    ------
    TypeError or ValueError that names the argument: a start that is no number or pair of them, f or gradient that raises
    another error, does not return numbers, or has no finite value at the start; a rate not above 0;
    steps, tol or noise below 0.

    Examples
    --------
    >>> path = descend(lambda x: (x - 3.0) ** 2, 0.0, learning_rate=0.1)
    >>> round(float(path.points[-1]), 6), path.kind
    (3.0, 'minimum')
    >>> descend(gallery["saddle"], (1.0, 0.0)).kind
    'saddle'

    Notes
    -----
    Cauchy, "Méthode générale pour la résolution des systèmes d'équations simultanées", 1847; noise at saddles: Ge, Huang,
    Jin and Yuan, "Escaping from saddle points", COLT 2015.
    """
    rule, rate, most, tol, noise = _options(learning_rate, steps, optimizer, tol, noise)
    seed = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else whole(seed, "seed", 0)
    first = point_of(start, "start")
    function = Function(f, first, gradient)

    def work() -> Path:
        return _descended(function, first, rule, rate, most, tol, noise, seed)

    path = function.honestly(work)
    if path.status is PathStatus.DIVERGED and (path.values[-1] > path.values[0] or path.fault):
        warnings.warn(f"the descent {path.explain()}", DivergenceWarning, stacklevel=2)
    elif path.fault:
        warnings.warn(f"{path.fault}: the descent follows it, and not f", UserWarning, stacklevel=2)
    elif path.status is PathStatus.CONVERGED and path.kind == "not stationary":
        warnings.warn(path.explain(), ConvergenceWarning, stacklevel=2)
    return path


def _descended(
    function: Function, first: Floats, rule: Optimizer, rate: float, most: int, tol: float, noise: float, seed: int
) -> Path:
    generator = np.random.default_rng(seed) if noise > 0.0 else None
    trail: list[tuple[Floats, float]] = []
    with np.errstate(all="ignore"):
        _, _, codes = walk(function, first[None, :], rule, rate, most, tol, noise, generator, trail)
    points, values = np.array([point for point, _ in trail]), np.array([value for _, value in trail])
    status = (PathStatus.MAX_STEPS, PathStatus.CONVERGED, PathStatus.DIVERGED)[codes[0]]
    fault = function.fault if status is PathStatus.DIVERGED else None
    rows = sample(points, values)
    function.audit(points[rows], values[rows])
    if status is not PathStatus.DIVERGED and function.look(points[-1]):
        raise Revised  # f is known less well where it ended: once more, with the steps that are right for that
    wrong = function.another_gradient(points[0]) or function.another_gradient(points[-1])
    if wrong:
        fault, function = fault or wrong, function.without_gradient()
    kind = kind_of(function, points[-1], 1e-6, noise)
    if status is PathStatus.CONVERGED and kind == "not stationary":
        kind = kind_of(function, points[-1], 1e-6, tol)  # the gradient is within the user's tol, if not within ours
    best = function.f.is_global(points[-1]) and kind == "minimum" if isinstance(function.f, Landscape) else None
    return Path(
        points[:, 0] if function.dims == 1 else points, values, status, kind, len(points) - 1, rate, rule.name,
        best, function.f, noise, seed if noise else None, function.precision, fault,
    )  # fmt: skip


def classify(f: Callable[..., Any], point: Any, *, tol: float = 1e-6) -> str:
    """Tell what kind of point this is: "minimum", "maximum", "saddle", "inflection", "flat", "not stationary", "undecided".

    Let G be the largest gradient one unit away along the axes, the scale of f here. The point is "not stationary" if its
    gradient is longer than tol G. Otherwise the signs of the Hessian's eigenvalues tell, if all exceed 4 sqrt(tol) G in
    size (a point within tol of a degenerate one has a curvature of that order). If not, f is compared with its value at
    the point, the slope left there taken off, on circles of radius 0.01 and 0.1 (times the point's size, if above 1) in 64
    directions and those of the eigenvectors: higher or equal everywhere, a "minimum"; lower or equal, a "maximum"; both, a
    "saddle", or for one variable an "inflection", as that of x^3; "flat" only if f does not change. It is "undecided" where
    f has no value beside the point, or where all this is no more than the rounding of f, which is found from its values.

    Parameters
    ----------
    f : a function of a float, or of an array of 2. point : a number, or a pair of numbers. tol : relative, above 0.

    Raises
    ------
    TypeError or ValueError that names the argument, as `descend`.

    Examples
    --------
    >>> classify(lambda p: p[0] ** 2 - p[1] ** 2, (0.0, 0.0))
    'saddle'
    >>> classify(lambda x: -(x**4), 0.0), classify(lambda x: x**4, 1.0)
    ('maximum', 'not stationary')
    """
    at, tol = point_of(point, "point"), number(tol, "tol")
    if not 0.0 < tol < 1.0:
        raise ValueError(f"tol is {tol:g}: it must be above 0 and below 1")
    function = Function(f, at)

    def work() -> str:
        function.audit(at[None, :], function.values(at[None, :]))
        return kind_of(function, at, tol, 0.0)

    return function.honestly(work)


def restarts(f: Callable[..., Any], starts: Any = 20, *, window: Any = None, seed: int = 0, **options: Any) -> list[Path]:
    """Descend from several starts and return the paths, the lowest end first: the usual cure for local minima.

    Parameters
    ----------
    f : as for `descend`. starts : how many to draw uniformly from the window, or the starts themselves, (m,) or (m, 2).
    window : (low, high), or two such pairs for a function of two variables; the gallery's own by default.
    seed : of the draw. options : those of `descend`.

    Examples
    --------
    >>> best = restarts(gallery["himmelblau"], 5, learning_rate=0.005)[0]
    >>> best.kind, round(float(best.values[-1]), 6)
    ('minimum', 0.0)
    """
    if np.ndim(starts) == 0:
        most, edges = whole(starts, "starts", 1), window_of(f, window)
        drawn = np.random.default_rng(whole(seed, "seed", 0)).uniform(edges[:, 0], edges[:, 1], (most, len(edges)))
        chosen = drawn[:, 0] if len(edges) == 1 else drawn
    else:
        chosen = as_numbers(starts, "starts").astype(np.float64)
        if chosen.ndim > 2 or len(chosen) == 0 or (chosen.ndim == 2 and chosen.shape[1] != 2):
            raise ValueError(f"starts has shape {chosen.shape}: it must be (m,) numbers or (m, 2) pairs")
    paths = [descend(f, start, **options) for start in chosen]
    return sorted(paths, key=lambda path: (path.status is PathStatus.DIVERGED, float(path.values[-1])))


def basins(
    f: Callable[..., Any],
    grid: int = 60,
    *,
    window: Any = None,
    gradient: Callable[..., Any] | None = None,
    learning_rate: float = 0.01,
    steps: int = 1000,
    optimizer: str | Optimizer = "plain",
    tol: float = 1e-10,
) -> Basins:
    """Descend from every point of a grid and tell which minimum each ends in: its basin of attraction.

    Parameters
    ----------
    f, gradient, learning_rate, steps, optimizer, tol : as for `descend`.
    grid : the starts along each axis, 2 or above. window : (low, high), or two such pairs; the gallery's by default.

    Examples
    --------
    >>> found = basins(gallery["double well"], 50)
    >>> np.round(found.minima, 6), np.bincount(found.labels)
    (array([-1.,  1.]), array([27, 23]))
    """
    rule, rate, most, tol, _ = _options(learning_rate, steps, optimizer, tol, 0.0)
    edges, m = window_of(f, window), whole(grid, "grid", 2)
    axes = [np.linspace(low, high, m) for low, high in edges]
    starts = np.column_stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")])
    function = _defined_somewhere(f, starts, gradient)

    def work() -> tuple[Floats, Floats, NDArray[np.int64]]:
        with np.errstate(all="ignore"):
            ends, values, codes = walk(function, starts, rule, rate, most, tol)
        arrived = np.flatnonzero(codes != 2)
        if arrived.size:
            rows = arrived[sample(ends[arrived], values[arrived])]
            function.audit(ends[rows], values[rows])
            if function.look(ends[rows[np.argmin(values[rows])]]):
                raise Revised
        return ends, values, codes

    ends, values, codes = function.honestly(work)
    wrong = function.another_gradient(function.start) or function.another_gradient(
        ends[np.argmin(np.where(np.isfinite(values), values, np.inf))]
    )
    if wrong:
        warnings.warn(f"{wrong}: the descents follow it, and not f", UserWarning, stacklevel=2)
        function = function.without_gradient()
    near = 1e-3 * float(np.linalg.norm(edges[:, 1] - edges[:, 0]))
    labels = np.full(len(starts), -1)
    found: list[np.intp] = []
    for converged in (True, False):  # what has not quite arrived may join a minimum, but only what has makes one
        left = np.flatnonzero((codes == int(converged)) & (labels < 0))
        left = left[np.argsort(values[left], kind="stable")]
        for row, known in enumerate(found):
            labels[left[np.linalg.norm(ends[left] - ends[known], axis=1) <= near]] = row
        while converged and left.size:
            close = np.linalg.norm(ends[left] - ends[left[0]], axis=1) <= near
            if kind_of(function, ends[left[0]], 1e-6, tol) == "minimum":
                labels[left[close]] = len(found)
                found.append(left[0])
            left = left[~close]
    minima = ends[found].reshape(-1, len(edges))
    shape = (m,) * len(edges)
    flat = minima[:, 0] if len(edges) == 1 else minima
    return Basins(axes[0], axes[1] if len(edges) == 2 else None, labels.reshape(shape), flat, values[found], f)


def _defined_somewhere(f: Any, starts: Floats, gradient: Any) -> Function:
    """The function, tried first in the middle of the starts, and then, if it has no value there, at some others."""
    try:
        return Function(f, starts[len(starts) // 2], gradient)
    except ValueError as error:
        for row in np.linspace(0, len(starts) - 1, 16).astype(int):
            try:
                return Function(f, starts[row], gradient)
            except ValueError:
                continue
        raise error


def _options(rate: Any, steps: Any, optimizer: Any, tol: Any, noise: Any) -> tuple[Optimizer, float, int, float, float]:
    rule = optimizer_of(optimizer)
    if rule.name == "implicit":
        raise ValueError(
            "optimizer is 'implicit': its step has no closed form on a general f; take another, such as 'plain'"
        )
    rate, tol, noise = number(rate, "learning_rate"), number(tol, "tol"), number(noise, "noise")
    if rate <= 0.0:
        raise ValueError(f"learning_rate is {rate:g}: it must be above 0")
    for name, value in (("tol", tol), ("noise", noise)):
        if value < 0.0:
            raise ValueError(f"{name} is {value:g}: it must be 0 or above")
    return rule, rate, whole(steps, "steps", 0), tol, noise
