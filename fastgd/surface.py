"""The cost over a grid of w, of b, or of both, with the exact minimum beside the best grid point.

For the squared loss one pass over the rows makes the six numbers that are the whole surface (quadratic.py); a grid of
any size then costs about a nanosecond a cell, whatever the number of rows.
"""

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import kernels
from .blocks import Piece, Table
from .checks import Floats, is_single, number
from .door import table
from .mapreduce import Progress, fold
from .names import labels, said
from .objective import LOSSES, loss_code
from .quadratic import Minimum, QuadraticCost, axis, of_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .results import Fit

CURVE_POINTS, SURFACE_POINTS = 201, 101
"""Points of an axis chosen for the caller: of a curve, and of each side of a surface."""

_LARGEST = 1 << 31  # cells: 16 GiB
_BAND = 1 << 17  # cells that rows pass over at a time: 1 MB
_EVALUATIONS = 1 << 30  # of a loss, in a piece: some 0.1 s


class Cell(NamedTuple):
    """A point of the grid: its index (an int, or (i, j)), w, b and the cost there.

    >>> import fastgd
    >>> fastgd.sweep([1, 2, 3], [2, 4, 6], [1.0, 2.5, 4.0]).best
    Cell(index=1, w=2.5, b=0.0, cost=1.1666666666666665)
    """

    index: Any
    w: float
    b: float
    cost: float


@dataclass(frozen=True)
class Curve:
    """The cost along one axis.

    Attributes: `w` and `b`, one of them the swept (k,) array and the other a float; `cost` (k,); `best` the grid point
    of least cost; `minimum` the exact one along the axis (None for losses other than the square); `feature` the column of
    x whose weight `w` is, the others standing at the minimum (None for x (n,)); `label` and `target` the names of the
    feature and of y; `loss`.

    >>> import fastgd
    >>> curve = fastgd.sweep([1, 2, 3], [2, 4, 6], [1.0, 2.0, 3.0])
    >>> curve.axis, curve.values, curve.cost
    ('w', array([1., 2., 3.]), array([4.66666667, 0.        , 4.66666667]))
    """

    w: Any
    b: Any
    cost: Floats
    best: Cell
    minimum: Minimum | None
    feature: int | None = None
    label: str = "x"
    target: str = "y"
    loss: str = "squared"

    @property
    def axis(self) -> str:
        """Which parameter was swept: "w" or "b"."""
        return "w" if np.ndim(self.w) else "b"

    @property
    def values(self) -> Floats:
        """The swept values (k,)."""
        values: Floats = self.w if np.ndim(self.w) else self.b
        return values

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the cost against the swept parameter; returns the Axes."""
        from . import plotting

        return plotting.curve(self, ax)


@dataclass(frozen=True)
class Surface:
    """The cost over a grid: `cost[i, j]` belongs to (`w[i]`, `b[j]`).

    Attributes: `w` (m,), `b` (k,), `cost` (m, k); `best` the cell of least cost, its index (i, j); `minimum` the exact
    one (None for losses other than the square); `feature` the column of x whose weight was swept, the others standing at
    the minimum (None for x (n,)); `label` and `target` the names of the feature and of y; `loss`.

    >>> import fastgd
    >>> surface = fastgd.sweep([1, 2, 3], [3, 5, 7], [1.0, 2.0], [0.0, 1.0])
    >>> surface.best.index, surface.cost.shape
    ((1, 1), (2, 2))
    """

    w: Floats
    b: Floats
    cost: Floats
    best: Cell
    minimum: Minimum | None
    feature: int | None = None
    label: str = "x"
    target: str = "y"
    loss: str = "squared"

    def plot(self, ax: "Axes | None" = None, kind: str = "contour", fits: "Fit | Sequence[Fit]" = ()) -> "Axes":
        """Draw the surface, as "contour" or "3d", with the paths of fits over it; returns the Axes."""
        from . import plotting

        return plotting.surface(self, ax, kind, fits)


def sweep(
    x: Any,
    y: Any = None,
    w: Any = None,
    b: Any = 0.0,
    *,
    feature: int | None = None,
    loss: str = "squared",
    delta: float = 1.0,
    sample_weight: Any = None,
    threads: int | None = None,
    progress: Any = None,
) -> Curve | Surface:
    """Return the cost at every point of a grid of w, of b, or of (w, b).

    Parameters
    ----------
    x : (n,) or (n, d) numbers; y : (n,) numbers, or None where x is a source, which brings its own.
    w, b : an array is an axis, a number is fixed, None is a range chosen around the minimum.
    feature : with x (n, d), the column whose weight is swept; the other weights stand at the minimum.
    loss : "squared", "absolute" or "huber"; delta : in units of y.
    sample_weight : (n,) numbers of 0 or above, or None for equal weights.
    threads, progress : as for `cost`.

    Returns
    -------
    Curve for one axis, Surface for two: `cost[i, j]` belongs to (`w[i]`, `b[j]`).

    Raises
    ------
    ValueError, TypeError : naming the argument, the first offending row and the rule.

    Examples
    --------
    >>> import numpy as np, fastgd
    >>> curve = fastgd.sweep([1, 2, 3], [2, 4, 6], np.linspace(0, 4, 41))
    >>> curve.best
    Cell(index=20, w=2.0, b=0.0, cost=0.0)
    >>> fastgd.sweep([1, 2, 3], [2.5, 4.5, 6.5], None, None).cost.shape
    (101, 101)
    """
    code, width = loss_code(loss, delta)
    data = table(x, y, sample_weight)
    column = column_of(data, feature)
    with Progress(progress, data.rows, "sweep") as shown:
        quadratic = of_table(data, threads=threads, progress=shown)
        ws, bs = _grid(quadratic, column, w, b)
        if code != LOSSES["squared"]:
            shown.total = data.n * (1 + math.ceil(len(ws) / max(1, _BAND // len(bs))))
        points = np.tile(quadratic.solve().w, (len(ws), 1))
        points[:, column] = ws
        if code == LOSSES["squared"]:
            cost, (i, j) = quadratic.plane(points, bs)
        else:
            cost = _grid_costs(data, points, column, bs, code, width, threads, shown)
            i, j = (int(index) for index in np.unravel_index(int(np.argmin(cost)), cost.shape))
    fixed_w, fixed_b = _is_fixed(w), _is_fixed(b)
    minimum = _minimum(quadratic, column, ws[0] if fixed_w else None, bs[0] if fixed_b else None)
    exact = minimum if code == LOSSES["squared"] else None
    names = (None if data.flat else column, data.label(column), data.target, loss)
    if not fixed_w and not fixed_b:
        best = Cell((int(i), int(j)), float(ws[i]), float(bs[j]), float(cost[i, j]))
        return Surface(ws, bs, cost, best, exact, *names)
    best = Cell(int(j if fixed_w else i), float(ws[i]), float(bs[j]), float(cost[i, j]))
    if fixed_w:
        return Curve(float(ws[0]), bs, cost[0], best, exact, *names)
    return Curve(ws, float(bs[0]), cost[:, 0], best, exact, *names)


def surface_of(quadratic: QuadraticCost, w: Floats, b: Floats) -> Surface:
    """The surface of a squared loss that is known, of one feature."""
    cost, (i, j) = quadratic.plane(w[:, None], b)
    best = Cell((int(i), int(j)), float(w[i]), float(b[j]), float(cost[i, j]))
    label = labels(quadratic.names, 1, quadratic.flat)[0]
    minimum = _minimum(quadratic, 0, None, None)
    return Surface(w, b, cost, best, minimum, None if quadratic.flat else 0, label, quadratic.target)


def column_of(data: Table, feature: int | None) -> int:
    """Validate a feature's number or name: which column it is."""
    if feature is None:
        if data.d > 1:
            raise ValueError(f"feature is None: x has {data.d} columns, so say which one's weight is swept, feature=0 or so")
        return 0
    if isinstance(feature, str):
        if data.names is None or feature not in data.names:
            columns = ", ".join(map(said, data.names or ())) or "not named"
            raise ValueError(f"feature is {feature!r}: the columns of x are {columns}")
        return data.names.index(feature)
    try:
        if isinstance(feature, bool):
            raise TypeError
        feature = operator.index(feature)
    except TypeError:
        raise TypeError(f"feature is {feature!r}: it must be a column number, or a column's name") from None
    if not -data.d <= feature < data.d:
        raise ValueError(f"feature is {feature}: x has {data.d} columns, numbered from 0 to {data.d - 1}")
    return int(feature) % data.d


def _is_fixed(parameter: Any) -> bool:
    return parameter is not None and is_single(parameter)


def _grid(quadratic: QuadraticCost, column: int, w: Any, b: Any) -> tuple[Floats, Floats]:
    """The axes as arrays; a fixed parameter is an axis of one value."""
    if _is_fixed(w) and _is_fixed(b):
        raise ValueError("w and b are both numbers: a sweep needs an axis, an array or None; for one point use cost()")
    fixed_w = np.array([number(w, "w")]) if _is_fixed(w) else None
    fixed_b = np.array([number(b, "b")]) if _is_fixed(b) else None
    points = CURVE_POINTS if fixed_w is not None or fixed_b is not None else SURFACE_POINTS
    ws = fixed_w if fixed_w is not None else None if w is None else axis(w, "w")
    bs = fixed_b if fixed_b is not None else None if b is None else axis(b, "b")
    if ws is None or bs is None:
        centre = _minimum(
            quadratic, column, None if fixed_w is None else fixed_w[0], None if fixed_b is None else fixed_b[0]
        )
        curvature = np.diagonal(quadratic.hessian)[[column, -1]] / 2.0
        # Along either axis alone the cost rises from the minimum by four times the variance of y.
        rise = 4.0 * quadratic.constant_cost or 1.0
        reach = np.sqrt(rise / np.where(curvature > 0.0, curvature, 1.0))
        middle = centre.w if np.ndim(centre.w) == 0 else centre.w[column]
        if ws is None:
            ws = np.linspace(middle - reach[0], middle + reach[0], points)
        if bs is None:
            bs = np.linspace(centre.b - reach[1], centre.b + reach[1], points)
    if len(ws) * len(bs) > _LARGEST:
        raise ValueError(f"the grid has {len(ws)} x {len(bs)} cells: more than {_LARGEST} would not fit in memory")
    return ws, bs


def _minimum(quadratic: QuadraticCost, column: int, w: float | None, b: float | None) -> Minimum:
    """The exact minimum over the swept parameters, the others standing at the minimum of all or at what was given."""
    solution = quadratic.solve()
    weights, offset = solution.w.copy(), solution.b
    if w is not None:
        weights[column] = w
        offset = quadratic.mean_residual(weights, 0.0)
    if b is not None:
        offset = b
        # One Newton step along w is exact on a quadratic.
        slope, _ = quadratic.gradient_at(weights, offset)
        curvature = quadratic.hessian[column, column]
        if w is None and curvature > 0.0:
            weights[column] -= slope[column] / curvature
    cost = solution.cost if w is None and b is None else quadratic.mse_at(weights, offset)
    return Minimum(float(weights[0]) if quadratic.flat else weights, float(offset), cost)


def _grid_costs(
    data: Table,
    points: Floats,
    column: int,
    bs: Floats,
    code: int,
    delta: float,
    threads: int | None,
    progress: Progress,
) -> Floats:
    """The mean loss at every cell, straight from the rows: a band of the grid at a time, over pieces of the rows.

    Bands bound the memory, pieces the time between two looks for Ctrl-C; both are fixed by the sizes alone.
    """
    others = points[0].copy()
    others[column] = 0.0
    ws = np.ascontiguousarray(points[:, column])
    cost = np.zeros((len(ws), len(bs)))
    counts = np.zeros(len(ws))
    band = max(1, _BAND // len(bs))
    rows = _EVALUATIONS // (min(band, len(ws)) * len(bs))
    rows = min(max(rows // 1024, 1) * 1024, 1 << 14)
    for low in range(0, len(ws), band):
        part = slice(low, low + band)
        axis_w = ws[part]

        def summarise(piece: Piece, axis_w: Floats = axis_w) -> tuple[Floats, float]:
            block = piece.read()
            x, y = block.x, block.y
            if x.ndim == 2:
                y = y - x @ others
                x = np.ascontiguousarray(x[:, column])
            total = np.zeros((len(axis_w), len(bs)))
            count = kernels.direct.grid_costs(x, y, block.weight, axis_w, bs, code, delta, total)
            if not np.isfinite(total).all():
                data.require_finite(block)
            return total, count

        def add(found: tuple[Floats, float], part: slice = part) -> None:
            cost[part] += found[0]
            counts[part] += found[1]

        fold(summarise, data.pieces(rows), add, threads=threads, progress=progress, rows=Piece.count_rows)
    data.require_weight(float(counts[0]))
    return cost / counts[:, None]
