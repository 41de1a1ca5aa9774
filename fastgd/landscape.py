"""Descent on any function of one or two variables, and the kind of point at which it ends.

The step is that of an optimizer (fastgd.optimizers): for the plain one p <- p - rate grad f(p). A descent stops where the
gradient vanishes, and that is all it knows: in a minimum, which need not be the lowest, but also on a maximum or on a
saddle. The eigenvalues of the Hessian tell which (Nocedal and Wright, "Numerical Optimization", 2nd ed., theorem 2.4):
all above 0, a minimum; all below, a maximum; of both signs, a saddle. Where one is 0 the Hessian does not tell, and f
itself is looked at around the point.
"""

import enum
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import kernels
from .checks import Floats, number, whole
from .containers import as_numbers
from .functions import Function, Landscape, gallery, kind_of, name_of, point_of, where, window_of
from .optimizers import Optimizer, optimizer_of
from .results import DivergenceWarning

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Basins", "Path", "PathStatus", "basins", "classify", "descend", "gallery", "restarts"]


class PathStatus(enum.Enum):
    """How a descent ended; a member's value is its sentence.

    >>> import fastgd
    >>> fastgd.descend(fastgd.gallery["saddle"], (1.0, 0.0), learning_rate=0.05, steps=500).status.name
    'CONVERGED'
    """

    CONVERGED = "the gradient vanished after {steps} steps, at {where}: {kind}"
    MAX_STEPS = "ran the {steps} steps asked and ended at {where}: {kind}"
    DIVERGED = "diverged after {steps} steps; the last finite point is {where}"


_KINDS = {
    "minimum": "a minimum",
    "maximum": "a maximum",
    "saddle": "a saddle, which is no minimum",
    "flat": "a point around which f does not change",
    "not stationary": "a point where f is still sloping",
}


@dataclass(frozen=True, repr=False)
class Path:
    """The result of `descend`.

    Attributes
    ----------
    points : (k + 1,) or (k + 1, 2), the start and the point after every step. values : (k + 1,), f at each.
    status : a PathStatus. kind : what `classify` says of the last point ("not stationary" if f is still sloping).
    steps : k, those taken. learning_rate, optimizer : the rate and the rule's name. noise : its standard deviation.
    seed : that of the noise (the one drawn if None), None without noise.
    is_global : whether it ended in a lowest minimum, where the gallery knows them; else None.
    f : the function.

    >>> import fastgd
    >>> path = fastgd.descend(fastgd.gallery["saddle"], (1.0, 0.1), learning_rate=0.05, steps=20)
    >>> path.points.shape, path.status.name
    ((21, 2), 'MAX_STEPS')
    """

    points: Floats
    values: Floats
    status: PathStatus
    kind: str
    steps: int
    learning_rate: float
    optimizer: str
    is_global: bool | None
    f: Callable[..., Any]
    noise: float = 0.0
    seed: int | None = None

    def explain(self) -> str:
        """Say in plain sentences how the descent went, and what to do if it did not end in the lowest minimum.

        >>> import fastgd
        >>> path = fastgd.descend(fastgd.gallery["saddle"], (1.0, 0.0), learning_rate=0.05, steps=500)
        >>> print(path.explain())
        the gradient vanished after 226 steps, at (4.55834e-11, 0): a saddle, which is no minimum; descent cannot leave it,
        since the gradient is 0: start elsewhere, or give noise=0.01
        """
        end, kind = np.atleast_1d(self.points[-1]), _KINDS[self.kind]
        sentences = [self.status.value.format(steps=self.steps, where=where(end), kind=kind)]
        if self.status is PathStatus.DIVERGED:
            rising = self.values[-1] > self.values[0]
            why = (
                "f grew instead of falling: use a smaller learning_rate"
                if rising
                else "f falls without bound, or has no value"
            )
            sentences.append(f"f is {self.values[-1]:.6g} there; {why}")
        elif self.kind in ("saddle", "maximum", "flat"):
            sentences.append("descent cannot leave it, since the gradient is 0: start elsewhere, or give noise=0.01")
        elif self.kind == "not stationary":
            sentences.append(f"f is {self.values[-1]:.6g} there: use more steps, or another learning_rate")
        elif self.is_global is False:
            sentences.append(
                "f is lower elsewhere: a descent ends in the minimum whose basin it started in, so start elsewhere"
            )
        elif self.is_global:
            sentences.append("f is nowhere lower")
        return "; ".join(sentences)

    def plot(self, ax: "Axes | None" = None, kind: str | None = None, paths: "Iterable[Path]" = ()) -> "Axes":
        """Draw f and this descent on it, with further `paths` on the same f; returns the Axes.

        kind : "curve" for one variable; "contour" (the default) or "3d" for two.
        """
        from . import landscapeplots

        return landscapeplots.paths((self, *paths), ax, kind)

    def __repr__(self) -> str:
        ends = [where(np.atleast_1d(self.points[i])) for i in (0, -1)]
        rate = f"{self.steps} steps of {self.optimizer} at rate {self.learning_rate:g}"
        at = f"{ends[0]} -> {ends[1]}, f = {self.values[-1]:.6g}, {self.kind}"
        return f"Path({name_of(self.f)}: {at}; {rate}; {self.status.name})"


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
    f : a function of a float, or of an array of 2, that returns a number. A plain Python function is compiled by Numba; one
        that cannot be runs in Python, slower, and a warning says so once.
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
    A Path. Where a point or f is not finite any more the descent ends as DIVERGED and keeps the finite points.

    Raises
    ------
    TypeError or ValueError that names the argument: a start that is no number or pair of them, f or gradient that raises,
    or does not return numbers, or is not finite at the start; a rate not above 0; steps, tol or noise below 0.

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
    generator = np.random.default_rng(seed) if noise > 0.0 else None
    trail: list[tuple[Floats, float]] = []
    with np.errstate(all="ignore"):
        _, _, codes = _walk(function, first[None, :], rule, rate, most, tol, noise, generator, trail)
    points, values = np.array([point for point, _ in trail]), np.array([value for _, value in trail])
    status = (PathStatus.MAX_STEPS, PathStatus.CONVERGED, PathStatus.DIVERGED)[codes[0]]
    kind = kind_of(function, points[-1], 1e-6, noise)
    if status is PathStatus.CONVERGED and kind == "not stationary":
        kind = kind_of(function, points[-1], 1e-6, tol)  # the gradient is within the user's tol, if not within ours
    best = f.is_global(points[-1]) and kind == "minimum" if isinstance(f, Landscape) else None
    path = Path(
        points[:, 0] if function.dims == 1 else points, values, status, kind, len(points) - 1, rate, rule.name,
        best, f, noise, seed if noise else None,
    )  # fmt: skip
    if status is PathStatus.DIVERGED and values[-1] > values[0]:
        warnings.warn(f"the descent {path.explain()}", DivergenceWarning, stacklevel=2)
    return path


def classify(f: Callable[..., Any], point: Any, *, tol: float = 1e-6) -> str:
    """Tell what kind of point of f this is: "minimum", "maximum", "saddle", "flat" or "not stationary".

    Let G be the largest gradient one unit away along the axes, the scale of f here. The point is "not stationary" if its
    gradient is longer than tol G. Otherwise the signs of the Hessian's eigenvalues tell, if all exceed 4 sqrt(tol) G in
    size (a point within tol of a degenerate one has a curvature of that order). If not, f is compared with its value at
    the point, the slope left there taken off, on circles of radius 0.01 and 0.1 (times the point's size, if above 1) in 64
    directions and those of the eigenvectors: higher or equal everywhere, a "minimum"; lower or equal, a "maximum"; both, a
    "saddle" (so is the inflection of x^3); "flat" only if f does not change.

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
    return kind_of(Function(f, at), at, tol, 0.0)


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


@dataclass(frozen=True, repr=False)
class Basins:
    """The result of `basins`.

    Attributes
    ----------
    x : (m,), the first variable of the starts. y : (k,), the second, or None. labels : (m,) or (m, k), the row of `minima`
    that the descent from there ends in, -1 for none (it diverged, stopped on a saddle, or had not arrived).
    minima : (c,) or (c, 2), the lowest first. values : (c,), f there. f : the function.

    >>> import fastgd
    >>> basins = fastgd.basins(fastgd.gallery["himmelblau"], 10, learning_rate=0.01, steps=2000)
    >>> basins.minima.shape, basins.labels.shape
    ((4, 2), (10, 10))
    """

    x: Floats
    y: Floats | None
    labels: NDArray[np.int64]
    minima: Floats
    values: Floats
    f: Callable[..., Any]

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the starts coloured by the minimum they lead to, with the minima marked; returns the Axes."""
        from . import landscapeplots

        return landscapeplots.basins(self, ax)

    def __repr__(self) -> str:
        shares = [float(np.mean(self.labels == row)) for row in range(len(self.minima))]
        found = "; ".join(f"{where(np.atleast_1d(p))} {s:.1%}" for p, s in zip(self.minima, shares))
        return f"Basins({name_of(self.f)}: {len(self.minima)} minima of {self.labels.size} starts: {found})"


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
    function = Function(f, starts[len(starts) // 2], gradient)
    with np.errstate(all="ignore"):
        ends, values, codes = _walk(function, starts, rule, rate, most, tol)
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


def _walk(
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
        if noise == 0.0:
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
        heights = function.values(moved)
        finite = np.isfinite(heights) & np.isfinite(moved).all(axis=1)
        codes[active[~finite]] = 2
        memory = np.ascontiguousarray(memory[:, np.repeat(finite, d)]) if not finite.all() else memory
        active = active[finite]
        ends[active], values[active] = moved[finite], heights[finite]
        if trail is not None and active.size:
            trail.append((ends[0].copy(), float(values[0])))
        if not active.size:
            break
    return ends, values, codes


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
