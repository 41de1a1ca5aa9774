"""Draw what learning rates do: the final cost of many descents against the rate and over two settings, and safe zones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .plotting import BLUE, GREY, VERMILLION, legend, new_axes, number_text, require_within

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from .limits import Stability
    from .tables import FitTable

_SHAPES = "osD^vP"


def rate(table: FitTable, ax: Axes | None = None) -> Axes:
    """Draw the final cost against the learning rate, a line for each combination of the other keys, and the limit."""
    ax = new_axes() if ax is None else ax
    others = [name for name in table.columns if name != "learning_rate"]
    labels = [", ".join(f"{name} = {text(table.columns[name][row])}" for name in others) for row in range(len(table))]
    lost = np.array([status.name == "DIVERGED" for status in table.status]) | ~np.isfinite(table.cost)
    require_within(table.cost[~lost])
    kinds = list(dict.fromkeys(labels))
    colours = (BLUE, VERMILLION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
    dots = len(table) / len(kinds) <= 80
    for k, label in enumerate(kinds[: len(colours)]):
        mine = np.flatnonzero([own == label for own in labels] & ~lost)
        mine = mine[np.argsort(table.learning_rate[mine], kind="stable")]
        ax.plot(
            table.learning_rate[mine], table.cost[mine], color=colours[k], marker=_SHAPES[k] if dots else "",
            markersize=4, linewidth=1.5, label=label or None,
        )  # fmt: skip
    if len(kinds) > len(colours):
        ax.plot([], [], " ", label=f"(the first {len(colours)} of {len(kinds)})")
    ax.set_xscale("log")
    if is_wide(table.cost[~lost]):
        ax.set_yscale("log")
    mark_lost(ax, table.learning_rate[lost], f"diverged ({lost.sum()})")
    limits = np.unique(table.max_learning_rate[np.isfinite(table.max_learning_rate)])
    if len(limits) and limits[-1] <= limits[0] * (1.0 + 1e-9):
        what = "limit" if table.batch_size is None or table.limit_of is not None else "limit of full batches"
        ax.axvline(limits[0], color=GREY, linestyle="--", linewidth=1, label=f"{what}, {number_text(limits[0])}")
    try:
        best = table.best_row
        ax.plot(
            table.learning_rate[best], table.cost[best], "*", color=VERMILLION, markersize=12,
            label=f"best, {number_text(table.learning_rate[best])}",
        )  # fmt: skip
    except ValueError:
        pass  # all diverged
    ax.set(xlabel="learning rate", ylabel="final cost", title=f"{len(table)} descents")
    if ax.get_legend_handles_labels()[0]:
        legend(ax, len(table), below=True)
    return ax


def heat(table: FitTable, across: str, up: str, ax: Axes | None = None) -> Axes:
    """Draw the final cost over two keys as coloured cells; the best has a star, a diverged one a cross."""
    ax = new_axes() if ax is None else ax
    columns, rows = (_distinct(table.columns[name]) for name in (across, up))
    cells = np.full((len(rows), len(columns)), np.nan)
    lost = np.zeros(cells.shape, np.bool_)
    for k in range(len(table)):
        place = rows.index(text(table.columns[up][k])), columns.index(text(table.columns[across][k]))
        if table.status[k].name == "DIVERGED" or not np.isfinite(table.cost[k]):
            lost[place] = True
        elif not cells[place] <= table.cost[k]:
            cells[place] = table.cost[k]  # where further keys vary, the best of them
    require_within(cells)
    good = np.isfinite(cells)
    marks = {"best": np.unravel_index(np.nanargmin(cells), cells.shape)} if good.any() else {}
    draw_cells(ax, (across, columns), (up, rows), cells, lost & ~good, marks, "final cost")
    ax.set_title(f"{len(table)} descents", loc="left")
    return ax


def is_wide(values: NDArray[np.float64]) -> bool:
    """Whether costs are read better on a logarithmic axis."""
    return bool(len(values) and values.min() > 0.0 and values.max() > 20.0 * values.min())


def mark_lost(ax: Axes, at: Any, label: str) -> None:
    """Mark what diverged at the upper edge, at the places that did: its cost says nothing but that it is large."""
    if len(at):
        ax.plot(
            at, np.full(len(at), 0.97), "x", color=GREY, markersize=6, transform=ax.get_xaxis_transform(), label=label,
            clip_on=False,
        )  # fmt: skip


def draw_cells(
    ax: Axes,
    across: tuple[str, list[str]],
    up: tuple[str, list[str]],
    cells: NDArray[np.float64],
    lost: NDArray[np.bool_],
    marks: dict[str, Any],
    what: str,
    norm: Any = None,
) -> Any:
    """Draw costs (rows, columns) over the values of two keys, a mark for each place named, and crosses for the diverged.

    norm : how costs become colours; None: by their size, logarithmic where that reads better. Returns the colour bar.
    """
    from matplotlib.colors import LogNorm, Normalize

    good = cells[np.isfinite(cells)]
    if norm is None:
        norm = (LogNorm if is_wide(good) else Normalize)(good.min(), good.max()) if len(good) else Normalize(0.0, 1.0)
    image = ax.pcolormesh(np.ma.masked_invalid(cells), cmap="cividis", norm=norm, edgecolors="face")
    ax.set_facecolor("#dddddd")
    if lost.any():
        y, x = np.nonzero(lost)
        ax.plot(x + 0.5, y + 0.5, "x", color=GREY, markersize=7 if cells.size < 400 else 3, label="diverged")
    for (label, (y, x)), shape, size in zip(marks.items(), "*o", (14, 9)):
        ax.plot(x + 0.5, y + 0.5, shape, color="white", markeredgecolor="black", markersize=size, label=label)
    bar = ax.figure.colorbar(image, ax=ax, label=what) if len(good) else None
    for axis, (_, texts) in ((ax.xaxis, across), (ax.yaxis, up)):
        shown = range(0, len(texts), max(1, -(-len(texts) // 10)))
        axis.set_ticks([k + 0.5 for k in shown], [texts[k] for k in shown])
    if max((len(value) for value in across[1]), default=0) > 6:
        ax.tick_params(axis="x", rotation=45)
    ax.set(xlabel=across[0].replace("_", " "), ylabel=up[0].replace("_", " "))
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False, handletextpad=0.2)
    return bar


def _distinct(values: list[Any]) -> list[str]:
    """The values as texts, each once: numbers in ascending order, others as they come."""
    try:
        return list(dict.fromkeys(text(value) for value in sorted(values)))
    except (TypeError, ValueError):
        return list(dict.fromkeys(text(value) for value in values))


def text(value: Any) -> str:
    """Write a setting as a label."""
    if isinstance(value, (float, np.floating)):
        return f"{value:.3g}"
    return "full" if value is None else str(value)


def zones(stability: Stability, epochs: int, ax: Axes | None = None) -> Axes:
    """Draw the share of the cost above the minimum that full-batch epochs leave, over the zones of safe and other rates."""
    ax = new_axes() if ax is None else ax
    limit, turning = stability.max_learning_rate, stability.diverging_rate
    rates = np.geomspace(limit / 1e3, turning * 10.0, 600)
    left = np.clip(stability.cost_left(rates, epochs), 1e-12, 1e12)
    ax.plot(rates, left, color=BLUE, label=f"after {epochs} full-batch epochs")
    ax.set(xscale="log", yscale="log", xlim=(rates[0], rates[-1]), ylim=(max(left.min() / 3.0, 1e-12), 1e3))
    ends = [rates[0], limit, turning, rates[-1]]
    colours = ("#009E73", "#E69F00", VERMILLION)
    for name, low, high, colour in zip(("safe", "risky", "diverges"), ends, ends[1:], colours):
        if high > low * (1.0 + 1e-9):
            ax.axvspan(low, high, color=colour, alpha=0.18, linewidth=0, label=name)
    ax.axhline(1.0, color=GREY, linewidth=0.8)
    ax.axvline(limit, color=GREY, linestyle="--", linewidth=1, label=f"limit, {number_text(limit)}")
    if stability.batch_size is None:
        best = stability.best_learning_rate
        ax.axvline(best, color=GREY, linestyle=":", linewidth=1, label=f"fastest, {number_text(best)}")
    kind = {None: "full batches", 1: "single samples"}.get(stability.batch_size, f"batches of {stability.batch_size}")
    ax.set(xlabel="learning rate", ylabel="share of the cost left", title=f"Learning rates of {kind}")
    legend(ax, len(rates), below=True)
    return ax
