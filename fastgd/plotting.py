"""Draw results: cost curves, cost surfaces with the paths of descents on them, cost by epoch, and the fitted line.

Nothing is computed here but what drawing needs, and matplotlib is imported when the first picture is drawn.
Every function draws on ``ax``, or on a new figure when it is None, and returns the Axes. Lines take the Okabe-Ito
colours and surfaces take cividis: both can be told apart with any kind of colour vision.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import smoothing
from .containers import as_numbers
from .door import names_of
from .names import labels, order_like

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from .results import Fit, History
    from .surface import Curve, Surface

    Array = NDArray[np.float64]
    Grid = tuple[Array, Array, Array]  # w (m,), b (k,), cost (m, k)

BLUE, VERMILLION, GREY = "#0072B2", "#D55E00", "#555555"
_LINES = (BLUE, VERMILLION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9")  # on white
_PATHS = (VERMILLION, "#000000", "#CC79A7", "#56B4E9", "#E69F00", "#009E73")  # on cividis
_LOSSES = {"squared": "mean squared error", "absolute": "mean absolute error", "huber": "mean Huber loss"}
_SCATTER = 10_000  # points: more only blacken the picture, and take seconds
LARGEST = 1e200
"""Some way beyond it matplotlib's margins and ticks overflow, those of a logarithmic axis of many decades first."""
_GRID = {"contour": 400, "3d": 100}  # points per axis: as fine as the pixels; in 3-D every face is a polygon


def within(values: Array, name: str = "the cost") -> Array:
    """Return what can be drawn, and NaN for what is beyond; raise where nothing is left, rather than draw it lower."""
    finite = np.abs(values[np.isfinite(values)])
    if finite.size and finite.min() > LARGEST:
        raise _beyond(f"{name} is {finite.min():.3g} or more")
    return np.where(np.abs(values) <= LARGEST, values, np.nan)


def require_within(values: Any, name: str = "the cost") -> None:
    """Raise where a finite value is beyond what can be drawn."""
    size = np.abs(np.asarray(values, dtype=np.float64))
    largest = size[np.isfinite(size)].max(initial=0.0)
    if largest > LARGEST:
        raise _beyond(f"{name} reaches {largest:.3g}")


def _beyond(said: str) -> ValueError:
    return ValueError(f"{said}: pictures go up to {LARGEST:g}; divide x or y by a power of ten first")


def curve(curve: Curve, ax: Axes | None = None) -> Axes:
    """Draw cost against the parameter that was swept, with its exact minimum and the best point of the grid."""
    ax = new_axes() if ax is None else ax
    order = np.argsort(curve.values, kind="stable")
    require_within(curve.values, curve.axis)
    values, cost = curve.values[order], within(curve.cost)[order]
    ax.plot(values, cost, color=BLUE, marker="." if len(values) <= 60 else "")
    at = getattr(curve.best, curve.axis)
    label = f"best grid point, {curve.axis} = {number_text(at)}"
    ax.plot(at, curve.best.cost, "o", color=VERMILLION, markersize=12, fillstyle="none", label=label)
    at = np.atleast_1d(getattr(curve.minimum, curve.axis, np.nan))
    at = float(at[curve.feature or 0] if curve.axis == "w" else at[0])
    if values[0] <= at <= values[-1] and curve.minimum is not None:
        label = f"exact minimum, {curve.axis} = {number_text(at)}"
        ax.plot(at, curve.minimum.cost, "*", color=VERMILLION, markersize=8, label=label)
    other, fixed = ("b", curve.b) if curve.axis == "w" else ("w", curve.w)
    ax.set(title=f"Cost of predicting {_name(curve.target)} at {other} = {number_text(fixed)}", ylabel=_cost(curve.loss))
    ax.set_xlabel(_weight(curve.label) if curve.axis == "w" else "b, bias")
    plain_ticks(ax)
    legend(ax, len(cost))
    return ax


def surface(surface: Surface, ax: Axes | None = None, kind: str = "contour", fits: Fit | Iterable[Fit] = ()) -> Axes:
    """Draw the cost over (w, b), its minimum, and the paths that descents took on it.

    The levels are spaced by the logarithm of the cost above the minimum, so that a long valley shows its floor as
    well as its walls. Paths that leave the surface are cut at its edge.
    """
    if kind not in _GRID:
        raise ValueError(f"kind is {kind!r}: it must be 'contour' or '3d'")
    if ax is not None and (ax.name == "3d") != (kind == "3d"):
        make = 'add_subplot(projection="3d")' if kind == "3d" else "add_subplot()"
        raise ValueError(f"kind={kind!r} cannot be drawn on these Axes: make them with plt.figure().{make}")
    fits = tuple(fits) if isinstance(fits, Iterable) else (fits,)
    paths = [_path(surface, fit) for fit in fits]
    grid = _thin(surface, _GRID[kind])
    draw, clip, d = (_draw_3d, _blank, 3) if kind == "3d" else (_draw_contour, _tame, 2)
    own, ax = ax is None, new_axes(kind, len(fits)) if ax is None else ax
    draw(ax, surface, grid)
    name, lowest = "minimum", _minimum(surface, grid)
    if lowest is None:
        name, lowest = "best grid point", np.array(surface.best[1:])[:, None]
    _mark(ax, lowest[:d], "*", "white", f"{name}, cost {number_text(lowest[2, 0])}", 13)
    for marker, label in (("o", "start"), ("s", "end")) if fits else ():
        ax.plot(*[[]] * d, marker, color="white", markeredgecolor="black", label=label)
    for i, (fit, path) in enumerate(zip(fits, paths)):
        _draw_path(ax, clip(path, grid)[:d], _PATHS[i % len(_PATHS)], _settings(fit) + _diverged(fit, ", diverged"))
    ax.set(title=f"Cost of predicting {_name(surface.target)}", xlabel=_weight(surface.label), ylabel="b, bias")
    plain_ticks(ax)
    legend(ax, sum(path[0].size for path in paths), below=True, own=own)
    return ax


def cost_history(fit: Fit, ax: Axes | None = None, smooth: float | None = None) -> Axes:
    """Draw cost against epoch; ``smooth`` is the alpha of an exponentially weighted mean to draw over it.

    Several fits drawn on the same Axes take a colour each, and the legend tells them apart.
    """
    history = _history(fit)
    ax = new_axes() if ax is None else ax
    before = sum(drawn.get_gid() == "cost" for drawn in ax.lines)
    series = {_settings(fit) + _diverged(fit, ", diverged"): history.cost}
    if history.validation_cost is not None:
        series = {"training": history.cost, "validation": history.validation_cost}
    every = np.concatenate([values[np.isfinite(values) & (values <= LARGEST)] for values in series.values()])
    positive = every[every > 0]
    if positive.size and positive.max() / 100 > positive.min():
        ax.set_yscale("log", nonpositive="mask")
    for i, (name, values) in enumerate(series.items(), start=before):
        _draw_costs(ax, history.epoch, values, name, _LINES[i % len(_LINES)], smooth)
    if every.size:
        _draw_minimum(ax, fit, every)
    alone = _diverged(fit, "Diverged: ") + _settings(fit)
    ax.set(title=f"Cost of predicting {_name(fit.target)}" if before else alone, ylabel=_cost(fit.loss), xlabel="epoch")
    if ax.get_xscale() == "linear":
        ax.locator_params("x", integer=True)
    plain_ticks(ax)
    if len(ax.get_legend_handles_labels()[1]) > 1:
        legend(ax, sum(np.size(drawn.get_xdata()) for drawn in ax.lines), below=True)
    return ax


def line(fit: Fit, x: ArrayLike | None, y: ArrayLike | None, ax: Axes | None = None) -> Axes:
    """Draw the data and the fitted line; with several features, the predictions against what was observed."""
    if x is None or y is None:
        raise ValueError("kind='line' draws the data and so needs it: pass x= and y=")
    d, rows, observed = np.size(fit.w), as_numbers(x, "x"), as_numbers(y, "y")
    if observed.ndim != 1 or observed.size == 0 or rows.shape not in ((observed.size, d), (observed.size,) * (d == 1)):
        raise ValueError(f"x is {rows.shape} and y is {observed.shape}: this fit needs x of (n, {d}) and y of (n,)")
    step = -(-observed.size // _SCATTER)
    label = "data" if step == 1 else f"data, {len(observed[::step]):,} of {observed.size:,} rows"
    order = order_like(fit.names, names_of(x, rows.ndim == 1), "x", "the rows of the fit")
    rows, observed = rows[::step], observed[::step]
    rows = (rows if order is None else rows[:, order]).reshape(-1, *np.shape(fit.w))
    ax = new_axes() if ax is None else ax
    target, title = _name(fit.target), _diverged(fit, "Diverged: ")
    if d == 1:
        across, up = rows.ravel(), observed
        ends = np.array([across.min(), across.max()], dtype=float)
        path, name = fit.predict(ends.reshape(-1, *np.shape(fit.w))), "prediction"
        ax.set(title=title + _equation(fit), xlabel=_name(labels(fit.names, d, True)[0]), ylabel=target)
    else:
        across, up = observed, fit.predict(rows)
        ends = path = np.array([across.min(), across.max()], dtype=float)
        name = "prediction = observation"
        ax.set(title=f"{title}{d} features", xlabel=f"observed {target}", ylabel=f"predicted {target}")
    for values, what in ((across, "x" if d == 1 else "y"), (up, "y"), (path, "a prediction")):
        require_within(values, what)
    size, alpha = (36, 1.0) if across.size <= 100 else (16, 0.6) if across.size <= 1000 else (5, 0.3)
    ax.scatter(across, up, s=size, alpha=alpha, linewidths=0, color=BLUE, label=label)
    ax.plot(ends, path, color=VERMILLION, linewidth=2, label=name, zorder=0.9 if across.size <= 100 else 2)
    plain_ticks(ax)
    legend(ax, across.size)
    return ax


def _draw_contour(ax: Axes, surface: Surface, grid: Grid) -> None:
    from matplotlib.colors import BoundaryNorm

    w, b, cost = grid
    levels = _levels(surface, grid)
    # cost[i, j] belongs to (w[i], b[j]), and matplotlib wants the rows of its matrix along y: hence the transpose
    filled = ax.contourf(w, b, cost.T, levels, cmap="cividis", norm=BoundaryNorm(levels, 256))
    ax.contour(w, b, cost.T, levels[1:-1], colors="white", linewidths=0.4, alpha=0.6)
    bar = ax.figure.colorbar(filled, ax=ax, label=_cost(surface.loss), ticks=levels, spacing="uniform")
    bar.ax.set_yticklabels(_numbers(levels))
    bar.ax.minorticks_off()
    ax.set(xlim=(w[0], w[-1]), ylim=(b[0], b[-1]))


def _draw_3d(ax: Any, surface: Surface, grid: Grid) -> None:
    from matplotlib.colors import FuncNorm
    from matplotlib.ticker import MaxNLocator

    w, b, cost = grid
    levels = _levels(surface, grid)
    floor, unit, top = levels[0], levels[1] - levels[0], levels[-1]
    to_colour = (lambda z: np.log1p(np.maximum(z - floor, 0) / unit), lambda t: floor + unit * np.expm1(t))
    rows, columns = np.meshgrid(w, b, indexing="ij")
    look = {"cmap": "cividis", "norm": FuncNorm(to_colour, floor, top), "antialiased": False, "zorder": 1}
    ax.plot_surface(rows, columns, cost, rcount=len(w), ccount=len(b), **look)
    # matplotlib would sort whole artists by their distance, and hide a path behind the surface it lies on
    ax.computed_zorder = False
    ax.set(xlim=(w[0], w[-1]), ylim=(b[0], b[-1]), zlim=(floor, top), zlabel=_cost(surface.loss))
    for axis, prune in ((ax.xaxis, None), (ax.yaxis, "lower"), (ax.zaxis, None)):
        axis.set_major_locator(MaxNLocator(4, prune=prune))  # the first tick of b would lie on the last of w
    ax.tick_params(labelsize="small", pad=0)
    ax.tick_params("z", pad=6)
    ax.zaxis.labelpad = 8
    ax.set_box_aspect((5, 5, 3.5))
    # a wall in front would hide the valley: then look over the lowest corner instead
    nearest = {-60: cost[-1, 0], 30: cost[-1, -1], 120: cost[0, -1], 210: cost[0, 0]}
    lowest = min(nearest, key=lambda angle: float(nearest[angle]))
    hidden = nearest[-60] > 0.5 * top and nearest[lowest] < 0.5 * nearest[-60]
    ax.view_init(elev=35, azim=lowest if hidden else -60)


def _draw_path(ax: Any, path: Array, colour: str, label: str) -> None:
    from matplotlib.patheffects import Normal, Stroke

    casing = [Stroke(linewidth=2.8, foreground="white"), Normal()]
    ax.plot(*path, color=colour, linewidth=1.2, path_effects=casing, label=label, zorder=4)
    if path.shape[1] <= 200:
        ax.plot(*path, ".", color=colour, markersize=4, zorder=4)  # the steps, where they can be told apart
    _mark(ax, path[:, :1], "o", colour)
    _mark(ax, path[:, -1:], "s", colour)


def _mark(ax: Any, point: Array, marker: str, colour: str, label: str | None = None, size: float = 7) -> None:
    """Draw one point, whole even on the edge of the axes, if it lies inside."""
    if all(low <= value <= high for value, (low, high) in zip(point[:, 0], (ax.get_xlim(), ax.get_ylim()))):
        look = {"color": colour, "markersize": size, "markeredgecolor": "black", "clip_on": False}
        # not in the layout: in 3-D its place is unknown until drawn
        ax.plot(*point, marker, **look, label=label, zorder=5 + (marker == "*"), in_layout=False)


def _thin(surface: Surface, most: int) -> Grid:
    """Return about ``most`` evenly chosen values of w and of b, ascending, with both ends, and the cost on them."""
    axes = []
    for name, values in (("w", surface.w), ("b", surface.b)):
        require_within(values, name)
        _, order = np.unique(values, return_index=True)
        if len(order) < 2:
            raise ValueError(f"{name} has one value: a surface needs two of w and two of b to be drawn")
        kept = order[:: -(-len(order) // most)]
        axes.append(kept if kept[-1] == order[-1] else np.append(kept, order[-1]))
    i, j = axes
    return surface.w[i], surface.b[j], within(surface.cost[np.ix_(i, j)])


def _levels(surface: Surface, grid: Grid) -> Array:
    """Return levels of cost: the floor, then round numbers spaced by the logarithm of their height over it, the top."""
    cost, lowest = grid[2], _minimum(surface, grid)
    floor, top = float(np.nanmin(cost)), float(np.nanmax(cost))
    if lowest is not None:
        floor = min(floor, float(lowest[2, 0]))
    # between grid points contours are straight lines: below their error stand beads instead of a valley
    bends = [abs(np.diff(cost, 2, axis)) for axis in (0, 1) if cost.shape[axis] > 2]
    error = 0.5 * sum(float(np.nanmedian(bend)) for bend in bends if np.isfinite(bend).any())
    least = max(error, float(np.nanquantile(cost - floor, 0.01)), 1e-6 * (top - floor))
    for mantissas in ((1, 2, 5), (1, 3), (1,)):
        decades = np.repeat(10.0 ** np.arange(-290, 290), len(mantissas))
        above = decades * np.resize(mantissas, decades.size)
        chosen = (above >= least) & (above < 0.9 * (top - floor))
        if chosen.sum() <= 12:
            break
    unit = decades[chosen] / 2
    between = np.round((floor + above[chosen]) / unit) * unit
    levels = np.unique([floor, *between[(between > floor) & (between < top)], top])
    return levels if len(levels) > 1 else floor + np.array([0.0, abs(floor) or 1.0])


def _minimum(surface: Surface, grid: Grid) -> Array | None:
    """Return the exact minimum as a column (w, b, cost), or None if it is unknown or outside."""
    if surface.minimum is None:
        return None
    w, b, cost = np.atleast_1d(surface.minimum.w)[surface.feature or 0], surface.minimum.b, surface.minimum.cost
    inside = grid[0][0] <= w <= grid[0][-1] and grid[1][0] <= b <= grid[1][-1]
    return np.array([[w], [b], [cost]]) if inside else None


def _path(surface: Surface, fit: Fit) -> Array:
    """Return w, b and cost along a descent, w being the weight that the surface sweeps."""
    history = _history(fit)
    columns = history.w.reshape(len(history.w), -1)
    feature, d = surface.feature or 0, columns.shape[1]
    if feature >= d or (surface.feature is None and d > 1):
        raise ValueError(f"fits has one with {d} feature(s): its path is not on a surface of the weight of {surface.label}")
    known = labels(fit.names, d, np.ndim(fit.w) == 0)
    if surface.label in known:
        feature = known.index(surface.label)
    elif fit.names is not None and surface.label not in ("x", f"x[{feature}]"):
        raise ValueError(
            f"fits has one of the weight{'s' if d > 1 else ''} of {', '.join(known)}: its path is not on a surface of the "
            f"weight of {surface.label}"
        )
    return np.array([columns[:, feature], history.b, history.cost])


def _tame(path: Array, grid: Grid) -> Array:
    """End a path one step after it left for good, and bring far points to a thousand widths: 1e300 would overflow."""
    low, high = np.array([(values[0], values[-1]) for values in grid[:2]]).T[:, :, None]
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = (path[:2] - low) / (high - low) - 0.5
        far = np.maximum(2 * abs(scaled).max(axis=0), 1.0)
        path = low + (scaled * np.minimum(1.0, 1000 / far) + 0.5) * (high - low)
    return path[:, : np.flatnonzero(np.append(True, far <= 1.0))[-1] + 1]


def _blank(path: Array, grid: Grid) -> Array:
    """Blank the steps that lead outside, since 3-D axes clip nothing; the ends stay to be marked."""
    each = [(values >= np.nanmin(within)) & (values <= np.nanmax(within)) for values, within in zip(path, grid)]
    inside = np.all(each, axis=0)
    steps = inside[1:] & inside[:-1]
    return np.where(inside & (np.append(True, steps) | np.append(steps, True)), path, np.nan)


def _history(fit: Fit) -> History:
    if fit.history is None:
        raise ValueError("this fit has no history to draw: fit with record='epoch'")
    return fit.history


def _draw_costs(ax: Axes, epoch: Array, values: Array, name: str, colour: str, smooth: float | None) -> None:
    finite = np.isfinite(values)
    epoch, values = epoch[finite], values[finite]
    require_within(values[:1])
    huge = np.flatnonzero(values > LARGEST)
    if huge.size:  # a descent that is lost: the line ends before
        epoch, values = epoch[: huge[0]], values[: huge[0]]
    width, alpha = (1.5, 1.0) if smooth is None else (1.0, 0.35)
    dots = "." if len(values) <= 30 else ""
    ax.plot(epoch, values, color=colour, marker=dots, label=name, gid="cost", alpha=alpha, linewidth=width)
    if smooth is not None:
        mean = smoothing.smooth(values, smooth)
        ax.plot(epoch, mean, color=colour, linewidth=2, label=f"smoothed, alpha {smooth:g}")
    zeros = np.flatnonzero(values == 0)
    if zeros.size and ax.get_yscale() == "log":
        # a logarithmic axis has no zero: say at its lower edge when the cost got there
        first = epoch[zeros[0]]
        label = f"exactly 0 from epoch {number_text(first, 6)}"
        ax.plot(first, 0, "v", color=colour, transform=ax.get_xaxis_transform(), clip_on=False, label=label)


def _draw_minimum(ax: Axes, fit: Fit, costs: Array) -> None:
    least, label = fit.minimum_cost, f"exact minimum, {number_text(fit.minimum_cost)}"
    # on a scale stretched to reach it the curve might be flat
    log = ax.get_yscale() == "log"
    near = costs[costs > 0].min(initial=np.inf) <= 10 * least if log else costs.min() - least <= np.ptp(costs)
    # 1e-30 of the costs is 0 after rounding; with a penalty it is the minimum of both, and costs may lie below
    exact = not fit.l2 and (least == 0 or least > 1e-26 * costs.max())
    if near and exact and label not in ax.get_legend_handles_labels()[1]:
        ax.axhline(least, color=GREY, linewidth=1, linestyle="--", label=label)


def _settings(fit: Fit) -> str:
    batch = {None: "full batch", 1: "one sample a step"}.get(fit.batch_size, f"mini-batches of {fit.batch_size}")
    return f"rate {number_text(fit.learning_rate)}, {batch}" + (", standardised" if fit.standardized else "")


def _diverged(fit: Fit, text: str) -> str:
    return text if fit.status.name == "DIVERGED" else ""


def _equation(fit: Fit) -> str:
    w = float(np.ravel(fit.w)[0])
    bias = f" {'−' if fit.b < 0 else '+'} {number_text(abs(fit.b), 4)}" if fit.bias or fit.b else ""
    return f"y = {number_text(w, 4)} x{bias}"


def _cost(loss: str) -> str:
    return f"cost ({_LOSSES.get(loss, loss)})"


def _weight(label: str) -> str:
    return f"w, weight of {_name(label)}"


def _name(name: str) -> str:
    """Return a column's name as text: short, and with no $ that would start a formula."""
    return (name if len(name) <= 32 else name[:31] + "…").replace("$", r"\$")


def number_text(value: float, digits: int = 3, largest: float = 0) -> str:
    """Return a number as people write it: 0.01, 154,000, 2.5e7; beside one of a million or more also 5e5."""
    mantissa, e, exponent = f"{value:.{digits - 1}e}".partition("e")
    if not e:
        return mantissa  # inf or nan
    if -5 < int(exponent) < (3 if largest >= 1e6 else 6):
        text = f"{float(f'{value:.{digits}g}'):,}".removesuffix(".0")
    else:
        text = f"{float(mantissa)}".removesuffix(".0") + f"e{int(exponent)}"
    return text.replace("-", "−")


def _numbers(values: Array) -> list[str]:
    """Return all the values with as many digits as place each between its neighbours."""
    texts = []
    for value, gap in zip(values, np.minimum(np.diff(values, prepend=-np.inf), np.diff(values, append=np.inf))):
        close = (digits for digits in range(3, 17) if abs(float(f"{value:.{digits}g}") - value) <= 0.02 * gap)
        texts.append(number_text(value, next(close, 17), values[-1]))
    return texts


def new_axes(kind: str = "", fits: int = 0) -> Axes:
    """Make the Axes of a new figure, with room for the legend of that many fits below."""
    from matplotlib import pyplot

    if kind != "3d":
        return pyplot.figure(figsize=(6, 4 + 0.2 * fits), layout="constrained").add_subplot()
    # automatic layouts overlook the axis labels of 3-D axes
    height = 4.8 + 0.2 * fits
    ax: Axes = pyplot.figure(figsize=(6, height)).add_subplot(projection="3d")
    ax.set_position((0.05, 1 - 4 / height, 0.85, 3.7 / height))
    return ax


def plain_ticks(ax: Any) -> None:
    """Write every tick out: a power or an offset in the corner of the picture is overlooked."""
    for axis in (ax.xaxis, ax.yaxis, *((ax.zaxis,) if ax.name == "3d" else ())):
        # ticks that differ in the eighth digit would run into each other
        if axis.get_scale() == "linear" and np.ptp(axis.get_view_interval()) > 1e-6 * max(abs(axis.get_view_interval())):
            axis.set_major_formatter(lambda value, _, axis=axis: number_text(value, 9, max(abs(axis.get_view_interval()))))


def legend(ax: Axes, points: int, below: bool = False, own: bool = False) -> None:
    """Explain what is drawn: below the axes, if asked and if the figure makes room there, else in the emptiest corner."""
    handles, labels = ax.get_legend_handles_labels()
    layout = ax.figure.get_layout_engine()
    if own:
        place: Any = "outside lower center" if layout else "lower center"
        ax.figure.legend(handles, labels, loc=place, ncols=2, frameon=False, fontsize="small")
    elif below and layout and ax.name != "3d":
        # a distance in letters, not in parts of the axes: tick labels and the axis label are above it
        where: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "borderaxespad": 4.2}
        ax.legend(**where, ncols=2, frameon=False, fontsize="small")
    else:
        # the search takes seconds on long curves
        ax.legend(loc="best" if points <= 50_000 else "upper right", framealpha=0.9, fontsize="small")
