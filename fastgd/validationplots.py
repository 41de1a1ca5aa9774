"""Draw how models were judged: fold by fold, epoch by epoch, over the grid that one was chosen from, and by training size.

Bands reach one standard error to either side of a mean over folds. What diverged has no cost: it is marked at the edge.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from .plotting import BLUE, GREY, LARGEST, VERMILLION, legend, new_axes, number_text, plain_ticks, require_within, within
from .tableplots import draw_cells, is_wide, mark_lost, text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from .learning import LearningCurve
    from .selection import Selection
    from .validation import CrossValidation

    Array = NDArray[np.float64]

_APART = 40  # folds: more cannot be told apart as points, and their distribution says more
_POINTS = 10_000  # more only blacken the picture
_EVEN = 1e-9  # costs that differ by less are the same to a reader


def folds(cv: CrossValidation, ax: Axes | None = None) -> Axes:
    """Draw each fold's training and validation cost and their means; of many folds how the errors are distributed."""
    ax = new_axes("", 1) if ax is None else ax
    lost = ~np.isfinite(cv.validation_cost)
    for costs in (cv.train_cost, cv.validation_cost):
        require_within(costs[~lost])
    (_points if len(cv) <= _APART else _histogram)(ax, cv, lost)
    if lost.any():
        said = f"{lost.sum():,} of {len(cv):,} diverged"
    else:
        said = f"validation cost {_number(cv.mean, cv.standard_error)}"
        said += f" ± {number_text(cv.standard_error)}" if len(cv) > 1 else ""
    ax.set_title(f"{_kind(cv)}: {said}")
    legend(ax, len(ax.lines), below=True)
    return ax


def epochs(cv: CrossValidation, ax: Axes | None = None) -> Axes:
    """Draw the mean training and validation cost against the epoch, and mark where to stop early."""
    ax = new_axes("", 1) if ax is None else ax
    curves = cv.curves
    if len(curves.epoch) > 50 and 20 * _fallen(curves.validation_cost) < len(curves.epoch):
        ax.set_xscale("symlog", linthresh=1.0)  # most happens in the first few epochs
    _cost_axis(ax, curves.validation_cost)
    _band(ax, curves.epoch, curves.train_cost, curves.train_error, BLUE, "training")
    _band(ax, curves.epoch, curves.validation_cost, curves.validation_error, VERMILLION, "validation", explain=True)
    best = curves.best_epoch
    least = float(curves.validation_cost[best])
    if math.isfinite(least):
        ax.axvline(best, color=GREY, linestyle=":", linewidth=1)
        last = "the last epoch," if best == len(curves.epoch) - 1 else "epoch"
        _star(ax, best, least, f"least at {last} {best:,}: {_number(least, float(curves.validation_error[best]))}")
    lost = int((~np.isfinite(cv.validation_cost)).sum())
    mark_lost(ax, curves.epoch[-1:] if lost else [], f"diverged ({lost:,} of {len(cv):,} folds)")
    ax.set(title=f"{_kind(cv)}: mean cost by epoch", xlabel="epoch", ylabel=_cost(cv.loss))
    _ticks(ax, whole=True)
    _lowest_shown(ax, curves.validation_cost)
    legend(ax, len(curves.epoch), below=True)
    return ax


def learning(curve: LearningCurve, ax: Axes | None = None) -> Axes:
    """Draw the mean training and validation cost against the size of the training set."""
    ax = new_axes("", 1) if ax is None else ax
    sizes = curve.sizes
    ax.set_xscale("log")
    _cost_axis(ax, curve.validation_mean)
    _band(ax, sizes, curve.train_mean, curve.train_error, BLUE, "training")
    _band(ax, sizes, curve.validation_mean, curve.validation_error, VERMILLION, "validation", explain=True)
    lost = sizes[~np.isfinite(curve.validation_mean)]
    mark_lost(ax, lost, "diverged in some fold")
    ax.set(title=f"Learning curve: {_count(len(curve.train_cost))}", xlabel="rows to train on", ylabel="cost")
    _ticks(ax)
    if len(sizes) <= 8 and np.all(sizes[1:] >= 1.3 * sizes[:-1]):
        ax.set_xticks(sizes)
        ax.minorticks_off()
    _lowest_shown(ax, curve.validation_mean)
    legend(ax, len(sizes), below=True)
    return ax


def curve(selection: Selection, key: str, ax: Axes | None = None) -> Axes:
    """Draw the mean validation cost against one key of the grid, the others as chosen, and as the least has them."""
    ax = new_axes("", 2) if ax is None else ax
    chosen, lowest = selection.place, selection.lowest
    axis = 0 if selection.paired else list(selection.grid).index(key)
    values = selection.grid[key]
    numeric = all(isinstance(value, (int, float, np.number)) and not isinstance(value, bool) for value in values)
    at = np.array(values, dtype=float) if numeric else np.arange(len(values), dtype=float)
    order = np.argsort(at, kind="stable")
    x = at[order]
    mean, error = (_along(costs, chosen, axis)[order] for costs in (selection.validation_cost, selection.standard_error))
    others = {name: i for i, name in enumerate(selection.grid) if name != key and not selection.paired}
    aside = _lower(selection) and any(chosen[i] != lowest[i] for i in others.values())
    through_least = _along(selection.validation_cost, lowest, axis)[order] if aside else mean
    _cost_axis(ax, np.concatenate([mean, through_least]))
    if numeric:
        _number_axis(ax, x)
    joined = numeric and bool((np.diff(x) > 0.0).all())
    if aside:
        name = _settings({name: selection.grid[name][lowest[i]] for name, i in others.items()})
        _band(ax, x, through_least, np.full(len(x), np.nan), GREY, name, joined)
    name = _settings({name: selection.best[name] for name in others})
    _band(ax, x, mean, error, BLUE, name or ("mean over folds" if selection.folds > 1 else "cost"), joined, explain=True)
    _marks(ax, selection, at[chosen[axis]], at[lowest[axis]])
    lost = x[~np.isfinite(mean)]
    mark_lost(ax, lost[:: _step(lost)], f"diverged ({len(lost):,})")
    many = f"{selection.validation_cost.size:,} {'pairs' if selection.paired else 'combinations'}"
    ax.set(title=f"{many}, {_count(selection.folds)}", xlabel=_plain(key), ylabel=_cost(selection.fit.loss))
    _ticks(ax, whole=numeric and bool((x == np.rint(x)).all()))
    if not numeric:
        _name_categories(ax, [_short(value) for value in values])
    legend(ax, len(x), below=numeric)
    return ax


def heat(selection: Selection, across: str, up: str, ax: Axes | None = None) -> Axes:
    """Draw the mean validation cost over two keys as coloured cells, the others as chosen; the chosen one has a star.

    Colours count the standard errors above the least cost, where they are known: so the cells that are as good as the least
    look alike, and the others do not.
    """
    ax = new_axes() if ax is None else ax
    keys = list(selection.grid)
    axes = [keys.index(up), keys.index(across)]
    orders = [_ascending(selection.grid[key]) for key in (up, across)]
    plane = tuple(slice(None) if axis in axes else i for axis, i in enumerate(selection.place))
    cells = selection.validation_cost[plane]
    cells = (cells if axes[0] < axes[1] else cells.T)[np.ix_(*orders)]
    marks = {"chosen": tuple(order.index(selection.place[axis]) for order, axis in zip(orders, axes))}
    least, error = (float(costs[selection.lowest]) for costs in (selection.validation_cost, selection.standard_error))
    inside = all(i == j for k, (i, j) in enumerate(zip(selection.place, selection.lowest)) if k not in axes)
    if inside and _lower(selection):
        marks["least"] = tuple(order.index(selection.lowest[axis]) for order, axis in zip(orders, axes))
    norm, what = None, _cost(selection.fit.loss)
    cells = within(cells)
    if 0.0 < error < LARGEST:
        cells = (cells - least) / error
        what = f"standard errors above the least, {_number(least, error)}"
        norm = _by_decades(cells)
    named = [(key, [_short(selection.grid[key][i]) for i in order]) for key, order in zip((up, across), orders)]
    bar = draw_cells(ax, named[1], named[0], cells, np.isnan(cells), marks, what, norm)
    if norm is not None:
        top = math.floor(math.log10(max(norm.vmax, 1.0)))
        bar.set_ticks([0.0, *(10.0**k for k in range(0, top + 1, 1 + top // 7))])
        bar.ax.minorticks_off()
        bar.ax.yaxis.set_major_formatter(lambda value, _: number_text(value))
    others = _settings({name: value for name, value in selection.best.items() if name not in (across, up)})
    ax.set_title(f"{_count(selection.folds)}{', ' if others else ''}{others}", loc="left", fontsize="medium")
    return ax


def _points(ax: Axes, cv: CrossValidation, lost: NDArray[np.bool_]) -> None:
    """Draw the two costs of each fold, joined, and their means."""
    fold, good = np.arange(len(cv)), ~lost
    train, found = cv.train_cost[good], cv.validation_cost[good]
    middle = np.median(found) if len(found) else 0.0
    _cost_axis(ax, found, log=bool(len(found) and found.max() > 100.0 * middle and found.min() > 0.0))
    ax.vlines(fold[good], train, found, color=GREY, linewidth=0.8, zorder=1)
    averaged = len(cv) > 1 and not lost.any() and math.isfinite(cv.standard_error)
    for name, colour, shape, costs in (("training", BLUE, "o", train), ("validation", VERMILLION, "s", found)):
        if not np.isfinite(costs).any():
            continue  # all diverged, or training costs that were not recorded
        if averaged:
            mean = float(costs.mean())
            ax.axhline(mean, color=colour, linestyle="--", linewidth=1)
            name = f"{name}, mean {_number(mean, cv.standard_error)}"
        ax.plot(fold[good], costs, shape, color=colour, label=name)
    if averaged:
        low, high = max(cv.mean - cv.standard_error, 0.0), cv.mean + cv.standard_error
        ax.axhspan(low, high, color=VERMILLION, alpha=0.15, linewidth=0, label="± one standard error")
    mark_lost(ax, fold[lost], f"diverged ({lost.sum()})")
    ax.set(xlabel="fold", ylabel=_cost(cv.loss), xlim=(-0.5, len(cv) - 0.5))
    ax.set_xticks(fold[:: max(1, len(cv) // 10)])
    _ticks(ax)
    _lowest_shown(ax, np.array([middle]))


def _histogram(ax: Axes, cv: CrossValidation, lost: NDArray[np.bool_]) -> None:
    """Draw how many folds have an error of each size."""
    single, square = len(cv) == cv.judge.data.n, cv.loss == "squared"
    who = "row left out" if single else "fold"
    what = ("absolute" if single else "root mean squared") + " error" if square else _cost(cv.loss)
    ax.set(xlabel=f"{what} of the {who}", ylabel=f"rows, of {len(cv):,}" if single else f"folds, of {len(cv):,}")
    if lost.any():
        label = f"diverged ({lost.sum():,} of {len(cv):,})"
        ax.plot(1.0, 0.97, "x", color=GREY, label=label, transform=ax.transAxes, clip_on=False)
    errors = cv.validation_cost[~lost]
    if not len(errors):
        ax.set(xticks=[], yticks=[])
        return
    root = np.sqrt if square else np.asarray
    errors = root(errors)
    high, usual = float(errors.max()), 3.0 * float(np.quantile(errors, 0.99))
    beyond = int((errors > usual).sum()) if usual > 0.0 else 0
    high = (usual if beyond else high) or 1.0  # a few large errors would leave the others no room
    bins = int(np.clip(2.0 * len(errors) ** (1 / 3), 10, 100))
    counts, edges = np.histogram(errors, bins, (0.0, high))
    ax.stairs(counts, edges, fill=True, color=BLUE, alpha=0.7)
    ax.set(xlim=(0.0, high), ylim=(0.0, None))
    if beyond:
        ax.plot(high, 0.0, ">", color=BLUE, clip_on=False, label=f"{beyond:,} beyond, up to {number_text(errors.max())}")
    middle = float(np.median(errors))
    ax.axvline(middle, color="black", linestyle=":", label=f"median, {number_text(middle)}")
    if not lost.any():
        low, mean, up = root(cv.mean + cv.standard_error * np.array([-1.0, 0.0, 1.0]))
        label = f"{'root mean square' if square else 'mean'}, {number_text(mean)}"
        if mean <= high:
            ax.axvline(mean, color=VERMILLION, linestyle="--", label=label)
            ax.axvspan(low, min(up, high), color=VERMILLION, alpha=0.2, linewidth=0, label="± one standard error")
        else:
            ax.plot([], [], color=VERMILLION, linestyle="--", label=f"{label}: beyond")
    _ticks(ax)


def _band(
    ax: Axes, x: NDArray[Any], mean: Array, error: Array, colour: str, name: str, joined: bool = True,
    *, explain: bool = False,
) -> None:  # fmt: skip
    """Draw means, and one standard error to either side of them where that is known."""
    step = 1 if joined else _step(mean)
    if step > 1:
        name = f"{name}, {len(mean[::step]):,} of {len(mean):,}"
    good = np.flatnonzero(np.isfinite(within(mean)))[::step]
    if not len(good):
        return
    x, mean, error = x[good], mean[good], error[good]
    look: dict[str, Any] = {"marker": ("." if len(x) <= 30 else "") if joined else "o", "markersize": 6 if joined else 5}
    ax.plot(x, mean, color=colour, label=name, linestyle="-" if joined else "", zorder=3, **look)
    known = np.isfinite(error)
    if not known.any():
        return
    x, mean, error = x[known], mean[known], error[known]
    low, high = np.maximum(mean - error, 0.01 * mean), np.minimum(mean + error, LARGEST)
    label = "± one standard error" if explain else None
    if joined:
        ax.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0, label=label)
    else:
        ax.errorbar(x, mean, (mean - low, high - mean), fmt="none", ecolor=colour, capsize=3, linewidth=1, label=label)


def _marks(ax: Axes, selection: Selection, chosen: float, lowest: float) -> None:
    """Mark the chosen combination and the least, and draw how far above the least the simplest may be."""
    costs, errors = selection.validation_cost, selection.standard_error
    least, error = float(costs[selection.lowest]), float(errors[selection.lowest])
    if error < LARGEST:
        label = f"least + one standard error, {_number(least + error, error)}"
        ax.axhline(least + error, color=GREY, linestyle="--", linewidth=1, label=label)
    cost = float(costs[selection.place])
    _star(ax, chosen, cost, f"chosen, {_number(cost, error)}")
    if _lower(selection):
        look: dict[str, Any] = {"color": "black", "linestyle": "", "markersize": 9, "fillstyle": "none", "zorder": 5}
        ax.plot(lowest, least, "o", label=f"least, {_number(least, error)}", **look)


def _star(ax: Axes, x: float, cost: float, label: str) -> None:
    look: dict[str, Any] = {"color": VERMILLION, "markeredgecolor": "black", "markersize": 13, "zorder": 5}
    ax.plot(x, cost, "*", linestyle="", label=label, clip_on=False, **look)


def _lower(selection: Selection) -> bool:
    """Whether another combination than the chosen one has the least cost."""
    chosen, least = selection.validation_cost[selection.place], selection.validation_cost[selection.lowest]
    return bool(least < chosen * (1.0 - _EVEN))


def _along(values: Array, place: tuple[int, ...], axis: int) -> Array:
    """The values along one axis of a grid through a place."""
    line: tuple[Any, ...] = (*place[:axis], slice(None), *place[axis + 1 :])
    return np.asarray(values[line])


def _ascending(values: list[Any]) -> list[int]:
    """The places of values in ascending order; as they come if they have none."""
    try:
        return sorted(range(len(values)), key=lambda i: values[i])
    except (TypeError, ValueError):
        return list(range(len(values)))


def _step(values: Array) -> int:
    return max(1, -(-len(values) // _POINTS))


def _fallen(cost: Array) -> int:
    """The epoch at which nine tenths of the whole fall are over."""
    good = cost[np.isfinite(cost)]
    return int(np.argmax(good <= 0.9 * good.min() + 0.1 * good[0])) if len(good) else len(cost)


def _by_decades(above: Array) -> Any:
    """Colours for costs above the least, in standard errors: even steps up to one, and then decades."""
    from matplotlib.colors import FuncNorm

    top = float(np.nanmax(above, initial=1.0))
    return FuncNorm((np.log1p, np.expm1), 0.0, top)


def _kind(cv: CrossValidation) -> str:
    return "Leave-one-out" if len(cv) == cv.judge.data.n else _count(len(cv)).capitalize()


def _count(folds: int) -> str:
    return f"{folds:,} folds" if folds > 1 else "hold-out"


def _settings(own: dict[str, Any]) -> str:
    return ", ".join(f"{_plain(name)} = {_short(value)}" for name, value in own.items())


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _short(value: Any) -> str:
    label = re.sub(r"\w+=", "", text(value))  # Momentum(0.5)
    return label if len(label) <= 20 else label[:19] + "…"


def _number(cost: float, error: float) -> str:
    """Write a cost with as many digits as its standard error leaves it."""
    if not (0.0 < error < LARGEST and cost > 0.0):
        return number_text(cost)
    return number_text(cost, min(max(2 + math.floor(math.log10(cost)) - math.floor(math.log10(error)), 3), 9))


def _cost(loss: str) -> str:
    return f"cost (mean {loss} loss)"


def _cost_axis(ax: Axes, costs: Array, log: bool | None = None) -> None:
    """Make the axis of costs logarithmic where they are far apart, and empty where there are none."""
    good = costs[np.isfinite(within(costs))]
    if is_wide(good) if log is None else log:
        ax.set_yscale("log")
    if not len(good):
        ax.set_yticks([])


def _lowest_shown(ax: Axes, costs: Array) -> None:
    """Cut a logarithmic axis where training costs fall far below these: to 1e-30 where a fit goes through all its rows."""
    least = float(costs[np.isfinite(costs)].min(initial=np.inf))
    if ax.get_yscale() == "log" and ax.get_ylim()[0] < least / 100.0:
        ax.set_ylim(least / 100.0, 2.0 * ax.dataLim.y1)


def _number_axis(ax: Axes, x: Array) -> None:
    """Make an axis of ascending numbers logarithmic where they span decades; 0 has a place beside the smallest."""
    positive = x[x > 0.0]
    if x[0] > 0.0 and is_wide(positive):
        ax.set_xscale("log")
    elif x[0] == 0.0 and is_wide(positive):
        ax.set_xscale("symlog", linthresh=positive[0])


def _name_categories(ax: Axes, texts: list[str]) -> None:
    shown = range(0, len(texts), max(1, -(-len(texts) // 10)))
    ax.set_xticks(list(shown), [texts[k] for k in shown])
    ax.set_xlim(-0.5, len(texts) - 0.5)
    if sum(len(texts[k]) + 2 for k in shown) > 45:
        ax.tick_params(axis="x", rotation=30)


def _ticks(ax: Axes, whole: bool = False) -> None:
    """Write every tick out, and few enough of them on logarithmic axes."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

    for axis in (ax.xaxis, ax.yaxis):
        if axis.get_scale() == "log":
            low, high = axis.get_view_interval()
            if high < 1e3 * low:
                axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        if axis.get_scale() != "linear":
            axis.set_major_formatter(lambda value, _: number_text(value))
            axis.set_minor_formatter(NullFormatter())
    if whole and ax.get_xscale() == "linear":
        ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    plain_ticks(ax)
