"""A descent as a moving picture: its path on the cost surface, and the cost beside it, frame by frame.

Frames follow the epochs at first and then in growing steps, since descents are fast where they begin.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import plotting
from .saving import write_whole
from .surface import Surface, surface_of

if TYPE_CHECKING:
    from .results import Fit

_FRAMES = 90
_SECOND = 15  # frames
_REST = 15  # frames that the last one stays
_DOTS = 80  # pixels per inch
_POINTS = 121  # of each side of the surface


def animate(fit: Fit, path: Any, surface: Surface | None) -> Path:
    """Write the descent of `fit` as a GIF; see `Fit.animate`."""
    from matplotlib import pyplot
    from matplotlib.animation import PillowWriter

    history = fit.history
    if history is None:
        raise ValueError("this fit has no history to animate: fit with record='epoch'")
    out = Path(os.fspath(path))
    if out.suffix.lower() != ".gif":
        raise ValueError(f"path is {str(out)!r}: a moving picture is written as .gif")
    surface = _surface(fit) if surface is None else surface
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 4), dpi=_DOTS, layout="constrained", width_ratios=(1.2, 1.0))
    try:
        surface.plot(left)
        fit.plot(right)
        track = np.array([history.w.reshape(len(history), -1)[:, surface.feature or 0], history.b])
        inside = _within(track, surface)
        (line,) = left.plot([], [], color=plotting.VERMILLION, linewidth=1.5, zorder=4)
        (here,) = left.plot([], [], "o", color=plotting.VERMILLION, markeredgecolor="black", markersize=8, zorder=6)
        (now,) = right.plot([], [], "o", color=plotting.VERMILLION, markeredgecolor="black", markersize=8, zorder=6)
        title = right.get_title()
        if right.legend_ is not None:
            right.legend_.remove()  # it would take the room of the curve
        right.set(ylabel="", title=f"{title}\n")
        figure.canvas.draw()
        figure.set_layout_engine("none")  # the frames' places stay: each layout would take as long as ten frames
        writer = PillowWriter(fps=_SECOND)
        with tempfile.TemporaryDirectory() as folder:
            draft = Path(folder, "draft.gif")
            with writer.saving(figure, draft, _DOTS):
                for k in _chosen(len(history)):
                    line.set_data(*inside[:, : k + 1])
                    here.set_data(*inside[:, k : k + 1])
                    cost = history.cost[k]
                    now.set_data([history.epoch[k]], [cost if cost > 0.0 or right.get_yscale() == "linear" else np.nan])
                    right.set_title(
                        f"{title}\nepoch {history.epoch[k]}, cost {plotting.number_text(float(cost), 4)}", fontsize="medium"
                    )
                    writer.grab_frame()
                for _ in range(_REST):
                    writer.grab_frame()
            write_whole(str(out), draft.read_bytes())
    finally:
        pyplot.close(figure)
    return out


def _surface(fit: Fit) -> Surface:
    """The cost about the path and the minimum."""
    quadratic = fit.quadratic
    if quadratic is None or fit.loss != "squared" or quadratic.d != 1:
        what = f"the {fit.loss} loss" if fit.loss != "squared" else "more than one feature"
        raise ValueError(f"surface is None: that of {what} is not known to the fit; give one, as sweep() makes it")
    assert fit.history is not None
    solution = quadratic.solve()
    axes = []
    for values, middle in ((fit.history.w.reshape(-1), float(solution.w[0])), (fit.history.b, solution.b)):
        away = np.abs(values[np.isfinite(values)] - middle)
        # Of a descent that diverged, what comes after its first steps would leave nothing else to be seen.
        reach = float(min(away.max(), 3.0 * away[0] if away[0] > 0.0 else np.inf))
        axes.append((middle, reach))
    spread = np.sqrt(max(quadratic.constant_cost, 1e-300) / (np.diagonal(quadratic.hessian) / 2.0 + 1e-300))
    sides = []
    for (middle, reach), wide in zip(axes, (*spread, 1.0), strict=False):
        half = 1.25 * reach if reach > 1e-3 * wide else wide
        sides.append(np.linspace(middle - half, middle + half, _POINTS))
    return surface_of(quadratic, sides[0], sides[1])


def _within(track: Any, surface: Surface) -> Any:
    """The path with what lies outside the surface brought to just beyond its edge."""
    low = np.array([[surface.w.min()], [surface.b.min()]])
    high = np.array([[surface.w.max()], [surface.b.max()]])
    margin = 0.05 * (high - low)
    return np.clip(np.nan_to_num(track, posinf=np.inf, neginf=-np.inf), low - margin, high + margin)


def _chosen(rows: int) -> list[int]:
    """Rows of the history for the frames: every one at first, and in growing steps later."""
    if rows <= _FRAMES:
        return list(range(rows))
    steps = np.geomspace(1.0, rows, _FRAMES) - 1.0
    straight = np.arange(_FRAMES)
    return [int(row) for row in np.unique(np.maximum(straight, steps.round().astype(int)).clip(0, rows - 1))]
