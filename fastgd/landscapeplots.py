"""Draw descents on functions of one or two variables, and which start leads to which minimum."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from . import plotting
from .differences import Function
from .evaluation import name_of
from .functions import Landscape
from .plotting import BLUE, GREY, legend, new_axes, number_text, plain_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .checks import Floats
    from .journeys import Basins, Path

_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
_ON_WHITE = ("#D55E00", "#000000", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")  # beside a blue curve
_POINTS = {1: 600, 2: 200}  # per axis: as fine as the pixels


def paths(paths: tuple[Path, ...], ax: Axes | None = None, kind: str | None = None) -> Axes:
    """Draw descents on the function that they share: on its curve, its contours ("contour") or its surface ("3d")."""
    dims = paths[0].points.ndim
    for path in paths:
        if path.f is not paths[0].f or path.points.ndim != dims:
            raise ValueError("paths has one of another function: all that are drawn together must share f")
    allowed = ("curve",) if dims == 1 else ("contour", "3d")
    kind = allowed[0] if kind is None else kind
    if kind not in allowed:
        raise ValueError(f"kind is {kind!r}: for {dims} variable(s) it must be {' or '.join(map(repr, allowed))}")
    if ax is not None and (ax.name == "3d") != (kind == "3d"):
        make = 'add_subplot(projection="3d")' if kind == "3d" else "add_subplot()"
        raise ValueError(f"kind={kind!r} cannot be drawn on these Axes: make them with plt.figure().{make}")
    own, ax = ax is None, new_axes("3d" if kind == "3d" else "", len(paths)) if ax is None else ax
    axes = [np.linspace(low, high, _POINTS[dims] if kind != "3d" else 100) for low, high in _window(paths)]
    grid = (*axes, _heights(paths[0].f, axes))
    {"curve": _draw_curve, "contour": _draw_contour, "3d": _draw_3d}[kind](ax, grid, paths[0].f)
    for marker, label in (("o", "start"), ("s", "end")):
        ax.plot(*[[]] * (3 if kind == "3d" else 2), marker, color="white", markeredgecolor="black", label=label)
    colours = _ON_WHITE if dims == 1 else plotting._PATHS
    for i, path in enumerate(paths):
        columns = np.array([*np.reshape(path.points, (-1, dims)).T, path.values])
        plotting._draw_path(ax, _clip(columns, grid, kind), colours[i % len(colours)], _label(path))
    ax.set(title=_title(paths[0].f), xlabel="x", ylabel="f(x)" if dims == 1 else "y")
    plain_ticks(ax)
    legend(ax, sum(len(path.points) for path in paths), below=True, own=own)
    return ax


def basins(found: Basins, ax: Axes | None = None) -> Axes:
    """Draw every start in the colour of the minimum that it leads to, grey for none, and the minima as stars."""
    from matplotlib.colors import ListedColormap

    count = len(found.minima)
    own, ax = ax is None, new_axes("", (count + 1) // 2) if ax is None else ax
    colours = [_COLOURS[row % len(_COLOURS)] for row in range(count)]
    minima = np.reshape(found.minima, (count, 1 if found.y is None else 2))
    if found.y is None:
        ax.plot(found.x, _heights(found.f, [found.x]), color=GREY, linewidth=1, zorder=1)
        at = _heights(found.f, [found.x])
        for row, colour in [*enumerate(colours), (-1, GREY)]:
            mine = found.labels == row
            ax.plot(found.x[mine], at[mine], ".", color=colour, markersize=5)
        stars = np.column_stack([minima, found.values])
        ax.set(xlabel="start x", ylabel="f(x)")
    else:
        cells = np.ma.masked_less(found.labels, 0)
        # labels[i, j] belongs to (x[i], y[j]), and matplotlib wants the rows of its matrix along y
        palette = ListedColormap(colours or [GREY])
        ax.pcolormesh(found.x, found.y, cells.T, cmap=palette, vmin=-0.5, vmax=max(count, 1) - 0.5, rasterized=True)
        ax.set_facecolor("#bbbbbb")
        stars = minima
        ax.set(xlabel="start x", ylabel="start y")
        _outline(ax, found)
    for row, colour in enumerate(colours):
        text = ", ".join(number_text(float(part)) for part in minima[row])
        text = f"({text})" if found.y is not None else f"x = {text}"
        share = f"{100.0 * np.mean(found.labels == row):.0f} %"
        look: dict[str, Any] = {
            "color": colour,
            "markeredgecolor": "white" if found.y is not None else "black",
            "markersize": 14,
        }
        ax.plot(*stars[row], "*", **look, label=f"{text}, f = {_tiny(found.values[row])}: {share}", linestyle="", zorder=3)
    lost = np.mean(found.labels < 0)
    if lost > 0.0:
        ax.plot(
            [], [], "s", color="#bbbbbb" if found.y is not None else GREY, label=f"no minimum reached: {100.0 * lost:.0f} %"
        )
    ax.set_title(f"Which start leads to which minimum: {name_of(found.f)}", fontsize="medium")
    plain_ticks(ax)
    legend(ax, found.labels.size, below=True, own=own)
    return ax


def _outline(ax: Axes, found: Basins) -> None:
    """Faint contours of f over the basins."""
    heights = _heights(found.f, [found.x, found.y])
    if np.isfinite(heights).any() and np.ptp(heights[np.isfinite(heights)]) > 0.0:
        ax.contour(
            found.x,
            found.y,
            heights.T,
            _levels((found.x, found.y, heights), found.f)[1:-1],
            colors="white",
            linewidths=0.5,
            alpha=0.6,
        )


def _draw_curve(ax: Axes, grid: tuple[Floats, ...], _: Any) -> None:
    x, heights = grid
    # broad and pale, so that it shows beside a path that lies on it
    ax.plot(x, heights, color=BLUE, linewidth=4, alpha=0.45, label="f")
    ax.set_xlim(x[0], x[-1])
    finite = heights[np.isfinite(heights)]
    if finite.size:
        margin = 0.05 * float(np.ptp(finite)) or 0.5
        ax.set_ylim(finite.min() - margin, finite.max() + margin)


def _draw_contour(ax: Axes, grid: tuple[Floats, ...], f: Any) -> None:
    from matplotlib.colors import BoundaryNorm

    x, y, heights = grid
    levels = _levels(grid, f)
    filled = ax.contourf(x, y, heights.T, levels, cmap="cividis", norm=BoundaryNorm(levels, 256))
    ax.contour(x, y, heights.T, levels[1:-1], colors="white", linewidths=0.4, alpha=0.6)
    bar = ax.figure.colorbar(filled, ax=ax, label="f(x, y)", ticks=levels, spacing="uniform")
    bar.ax.set_yticklabels(plotting._numbers(levels))
    bar.ax.minorticks_off()
    ax.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))


def _draw_3d(ax: Any, grid: tuple[Floats, ...], f: Any) -> None:
    from matplotlib.colors import BoundaryNorm
    from matplotlib.ticker import MaxNLocator

    x, y, heights = grid
    levels = _levels(grid, f)
    rows, columns = np.meshgrid(x, y, indexing="ij")
    # as many colours as levels would show as steps: four shades between each two
    fine = np.unique(np.interp(np.arange(0, len(levels) - 1 + 1e-9, 0.25), np.arange(len(levels)), levels))
    look = {"cmap": "cividis", "norm": BoundaryNorm(fine, 256), "antialiased": False, "zorder": 1}
    ax.plot_surface(rows, columns, heights, rcount=len(x), ccount=len(y), **look)
    # matplotlib would sort whole artists by their distance, and hide a path behind the surface it lies on
    ax.computed_zorder = False
    ax.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]), zlim=(levels[0], levels[-1]), zlabel="f(x, y)")
    for axis, prune in ((ax.xaxis, None), (ax.yaxis, "lower"), (ax.zaxis, None)):
        axis.set_major_locator(MaxNLocator(4, prune=prune))
    ax.tick_params(labelsize="small", pad=0)
    ax.tick_params("z", pad=6)
    ax.zaxis.labelpad = 8
    ax.set_box_aspect((5, 5, 3.5))
    ax.view_init(elev=45, azim=-60)


def _levels(grid: tuple[Any, ...], f: Any) -> Floats:
    """Levels of f: by the logarithm of the height over the floor where f has deep valleys, else evenly spaced."""
    from matplotlib.ticker import MaxNLocator

    heights = grid[-1]
    finite = heights[np.isfinite(heights)]
    if not finite.size:
        return np.array([0.0, 1.0])
    floor, top = float(finite.min()), float(finite.max())
    if top - floor > 4.0 * (float(np.median(finite)) - floor):
        shown: Any = (*grid[:-1], np.where(np.isfinite(heights), heights, np.nan))
        lowest: Any = SimpleNamespace(minimum=None, feature=None)
        if isinstance(f, Landscape) and f.global_minima:  # the grid comes near it, and its lowest value is no round number
            w, b = f.global_minima[0]
            lowest.minimum = SimpleNamespace(w=w, b=b, cost=float(f((w, b))))
        return plotting._levels(lowest, shown)
    between = np.asarray(MaxNLocator(12).tick_values(floor, top))
    levels = np.unique([floor, *between[(between > floor) & (between < top)], top])
    return levels if len(levels) > 1 else floor + np.array([0.0, abs(floor) or 1.0])


def _heights(f: Any, axes: list[Floats | Any]) -> Floats:
    """f on a grid (m,) or (m, k); NaN where it has no value."""
    points = np.column_stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")])
    values = np.full(len(points), np.nan)
    if isinstance(f, Landscape):
        values = Function(f, points[0]).values(points)
    else:
        function = None
        for row in range(len(points)):
            try:
                if function is None:
                    function = Function(f, points[row])
                    values[row:] = function.values(points[row:])
                    break
                values[row] = function.values(points[row : row + 1])[0]
            except ValueError:
                continue  # outside of where f is defined
    heights: Floats = np.where(np.abs(values) <= plotting.LARGEST, values, np.nan).reshape([len(axis) for axis in axes])
    return heights


def _window(paths: tuple[Path, ...]) -> list[tuple[float, float]]:
    """Low and high of each variable: the gallery's window, and all points of the paths that stay near."""
    f, dims = paths[0].f, paths[0].points.ndim
    known = np.array(f.window) if isinstance(f, Landscape) else None
    near = np.concatenate([_near(np.reshape(path.points, (-1, dims)), path.status.name == "DIVERGED") for path in paths])
    if known is not None:
        width = np.ptp(known, axis=1)
        near = near[np.all((near > known[:, 0] - width) & (near < known[:, 1] + width), axis=1)]
        near = np.concatenate([near, known.T])
    low, high = near.min(axis=0), near.max(axis=0)
    if known is None:
        widest = float((high - low).max()) or max(1.0, float(np.abs(low).max()))
        width = np.maximum(high - low, 0.5 * widest)
        middle = (low + high) / 2.0
        low, high = middle - 0.75 * width, middle + 0.75 * width
    return list(zip(low.tolist(), high.tolist()))


def _near(points: Floats, diverged: bool) -> Floats:
    """The points that a picture should hold: all, or of a descent that diverged those within 20 of its first steps."""
    if not diverged or len(points) < 2:
        return points
    with np.errstate(over="ignore"):
        away = np.abs(points - points[0]).max(axis=1)
    near: Floats = points[away <= 20.0 * max(away[1], 1e-3)]
    return near


def _clip(path: Floats, grid: tuple[Any, ...], kind: str) -> Floats:
    """Blank what of a path (rows: its variables, f) lies outside, or cut it where lines may leave the axes."""
    if kind == "curve":
        clipped: Floats = np.where((path[0] >= grid[0][0]) & (path[0] <= grid[0][-1]), path, np.nan)
        return clipped
    x, y, heights = grid
    if kind == "contour":
        return plotting._tame(path, (x, y, heights))[:2]
    # between the points of the grid f may be a little lower, as where a path ends in a minimum
    low, high = np.nanmin(heights), np.nanmax(heights)
    margin = 0.05 * (high - low)
    return plotting._blank(path, (x, y, np.array([low - margin, high + margin])))


def _label(path: Path) -> str:
    noise = f", noise {number_text(path.noise)}" if path.noise else ""
    if path.status.name == "DIVERGED":
        ended = "diverged"
    elif path.kind == "minimum":
        ended = {True: "global minimum", False: "local minimum", None: "minimum"}[path.is_global]
    else:
        ended = {"not stationary": "not arrived", "flat": "flat point"}.get(path.kind, path.kind)
    return f"{path.optimizer}, rate {number_text(path.learning_rate)}{noise}: {ended}"


def _title(f: Any) -> str:
    if not isinstance(f, Landscape):
        return f"Descent on {name_of(f)}".replace("$", r"\$")
    formula = f.formula
    for typed, written in (("^2", "²"), ("^3", "³"), ("^4", "⁴"), ("-", "−")):
        formula = formula.replace(typed, written)
    return f"{f.name[0].upper()}{f.name[1:]}: {formula}"


def _tiny(value: float) -> str:
    """The value of f at a minimum: 1e-20 is 0 after rounding."""
    return number_text(0.0 if abs(value) < 1e-12 else float(value))
