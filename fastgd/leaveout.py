"""Leave-one-out of full-batch descents on the squared loss: n descents, each without one row, for little more than one pass.

Without row i the scatter of x is S - k d d', d the row less the mean and k = weight W / (W - weight): a descent on all rows
but one needs S, which all share, and the row. Where a row has nearly all of the scatter of some direction, or of the weight,
that difference would lose digits; there are at most a few such rows, and each gets a pass of its own (`special`).
"""

import math
from typing import Any, NamedTuple

import numpy as np

from . import kernels
from .blocks import Table
from .checks import Floats
from .descent import Known, solve, start_of
from .ends import CEILING
from .folds import Folds, tables_of
from .judging import Curves, FoldJudge, Summaries, minimum_of, weightless
from .linalg import lengths
from .mapreduce import Progress, run
from .options import Options, rate_of
from .quadratic import QuadraticCost, of_table
from .results import Fit

_CELLS = 1 << 17  # of a chunk's arrays: what NumPy makes of them stays in the second-level cache

_MOST = 0.9
"""A row is special that has more than this of the weight, or of the scatter in a direction and the squares left together.

Whatever w is, it has no larger share of the squared errors (by Cauchy and Schwarz), so subtracting it loses a digit at most;
all shares add up to d + 1.
"""


class LeftOut(NamedTuple):
    """Descents without row i: w (n, d), b (n,), training costs, errors of row i and whether each diverged, (n,) all.

    `curve` (epochs + 1, 4): the sums over rows of training costs and squared errors after each epoch, and of their squares.
    """

    w: Floats
    b: Floats
    train: Floats
    error: Floats
    lost: np.ndarray[Any, Any]
    curve: Floats


class _Rows(NamedTuple):
    """What is needed of m rows: x less its mean, and how far the mean moves without the row, (d, m); the rest (m,).

    `own` is weight W / (W - weight), `inverse` 1 / (W - weight), `growth` weight / (W - weight), and `leverage` the share of
    the scatter that the row has in some direction. Rows that need a pass of their own are `special`.
    """

    delta: Floats
    lean: Floats
    special: np.ndarray[Any, Any]
    residual: Floats
    own: Floats
    inverse: Floats
    growth: Floats
    leverage: Floats


class Rows:
    """A table and its squared loss, from which rows are left out.

    Coordinates of w are the axes of the scatter, except where x is standardised, whose penalty and rate act on each feature.
    `spread` (d, d) is the scatter, `root` a factor of it, `target` (d,) the minimum on all rows, there.
    """

    def __init__(self, data: Table, quadratic: QuadraticCost, standardize: bool, threads: int | None) -> None:
        self.data, self.quadratic, self.standardize, self.threads = data, quadratic, standardize, threads
        self.bias = quadratic.bias
        lowest = quadratic.solve()
        self.w, self.b, self.problem = lowest.w, lowest.b, lowest.problem
        self.rss = lowest.cost * quadratic.count
        root = quadratic.triangle[: data.d, : data.d]
        self.axes = _axes(root)
        self.turned = not standardize
        if data.d == 1:
            along, right = lengths(root), np.ones((1, 1))
        else:
            _, along, right = np.linalg.svd(root)
        # Where columns differ much in scale, turning them would round the large weights of small ones into those of large.
        self.diagonal = self.turned and bool(along[-1] > 1e-6 * along[0])
        self.turn = np.ascontiguousarray(right.T) if self.diagonal else np.eye(data.d)
        self.root = np.diag(along) if self.diagonal else np.ascontiguousarray(root)
        self.spread = self.root.T @ self.root
        self.target = self.turn.T @ self.w
        none = np.zeros(data.d)
        self.centre, self.centre_low = (quadratic.mean_x, quadratic.low[:-1].copy()) if self.bias else (none, none)
        self.b_low = quadratic.mean_residual(self.w, self.b) if self.bias else 0.0
        self.middle = self.turn.T @ quadratic.mean_x
        rounding = quadratic.count * quadratic.rounding
        self.bounds = _MOST, self.rss if self.rss > rounding else math.inf, 1.0 / (1.0 - _MOST) / quadratic.count

    @property
    def step(self) -> int:
        """Rows of a chunk."""
        return max(64, _CELLS // (8 * (self.data.d + 1)))

    def chunks(self) -> range:
        """Where chunks of rows start."""
        return range(0, self.data.n, self.step)

    def read(self, start: int) -> _Rows:
        """The rows of a chunk."""
        d, q = self.data.d, self.quadratic
        block = self.data.read(start, min(start + self.step, self.data.n))
        m = len(block.y)
        x = block.x.reshape(m, d)
        delta, lean, parts, special = np.empty((d, m)), np.empty((d, m)), np.empty((5, m)), np.empty(m, np.bool_)
        kernels.leaveout.gather(
            x, block.y, block.weight, self.centre, self.centre_low, self.w, self.b, self.b_low, q.count, self.bias,
            self.turn, self.axes, *self.bounds, delta, lean, special, parts,
        )  # fmt: skip
        return _Rows(delta, lean, special, *parts)

    def scale(self, rows: _Rows) -> Floats:
        """The squared standard deviations of x without each row, (d, m); 1 for a column without any spread."""
        size = np.diagonal(self.spread)
        squares = (size[:, None] - rows.own * rows.delta**2) * rows.inverse
        return np.where((size == 0.0)[:, None], 1.0, np.maximum(squares, 0.0))

    def curvature(self, rows: _Rows, l2: float) -> Floats:
        """The largest eigenvalue of the Hessian without each row, (m,)."""
        d, m = rows.delta.shape
        size = d + self.bias
        hessian = np.zeros((m, size, size))
        second = self._scatter(rows) * rows.inverse[:, None, None]
        if self.standardize:
            scale = np.sqrt(self.scale(rows)).T
            second /= scale[:, :, None] * scale[:, None, :]
        elif self.bias:
            mean = rows.lean.T + self.middle
            second += mean[:, :, None] * mean[:, None, :]
            hessian[:, :d, d] = hessian[:, d, :d] = mean
        hessian[:, :d, :d] = second
        hessian[:, range(d), range(d)] += l2
        if self.bias:
            hessian[:, d, d] = 1.0
        if size == 1:
            return 2.0 * hessian[:, 0, 0]
        if size == 2:
            a, b, c = hessian[:, 0, 0], hessian[:, 0, 1], hessian[:, 1, 1]
            return np.asarray((a + c) + np.hypot(a - c, 2.0 * b))
        return np.asarray(2.0 * np.linalg.eigvalsh(_usable(hessian))[:, -1])

    def _scatter(self, rows: _Rows) -> Floats:
        """The scatter without each row, (m, d, d)."""
        delta = rows.delta.T
        return np.asarray(self.spread - rows.own[:, None, None] * delta[:, :, None] * delta[:, None, :])

    def errors_at_minimum(self, rows: _Rows, l2: float) -> Floats:
        """The error of each row at the minimum on all others."""
        if l2 == 0.0:
            error = rows.residual / (1.0 - rows.leverage)
            return np.asarray(error + rows.growth * error)
        d, delta = self.data.d, rows.delta.T
        penalty = l2 * (self.scale(rows) if self.standardize else 1.0) / rows.inverse * np.ones((d, 1))
        matrix = self._scatter(rows)
        matrix[:, range(d), range(d)] += penalty.T
        scale = np.sqrt(np.diagonal(matrix, axis1=1, axis2=2))
        matrix /= scale[:, :, None] * scale[:, None, :]
        right = -(rows.own * rows.residual)[:, None] * delta - penalty.T * self.target
        change = np.linalg.solve(_usable(matrix), (right / scale)[:, :, None])[:, :, 0] / scale
        error = rows.residual - np.einsum("ij,ij->i", delta, change)
        return np.asarray(error + rows.growth * error)

    def may_diverge(self, rate: float, l2: float) -> bool:
        """Whether a rate may be too large without some row, the special rows aside."""
        if self.standardize:
            return rate * 2.0 * (self.data.d + l2) > 2.0
        worst = 1.0 / (1.0 - _MOST) if self.data.weighted else self.quadratic.count / (self.quadratic.count - 1.0)
        size = self.quadratic.mean_x
        trace = float(np.trace(self.spread)) / self.quadratic.count + (float(size @ size) + 1.0 if self.bias else 0.0)
        if rate * (worst * 2.0 * trace + 2.0 * l2) <= 2.0:
            return False
        return rate * (worst * self.quadratic.spectrum().steepest + 2.0 * l2) > 2.0


def descend(
    rows: Rows, options: Options, rate: float | None, w0: Floats, b0: float, progress: Progress, *, curve: bool = False
) -> "tuple[LeftOut, list[int]]":
    """Run the descents without each row; the special rows, which must be left out one by one, are listed with them."""
    n, d, bias = rows.data.n, rows.data.d, rows.bias
    largest = float(np.abs(options.factors).max()) if options.epochs else 0.0
    watched = rate is not None and rows.may_diverge(rate * largest, options.l2)
    found = LeftOut(
        np.empty((n, d)), np.empty(n), np.empty(n), np.empty(n), np.zeros(n, np.bool_),
        np.zeros((options.epochs + 1 if curve else 0, 4)),
    )  # fmt: skip
    begin = rows.turn.T @ w0 - rows.target
    # What is predicted at the mean, less what the minimum predicts there.
    middle_begin = -rows.quadratic.mean_residual(w0, b0) if bias else 0.0
    middle = rows.middle if bias and rows.turned else np.zeros(d)

    def part(start: int) -> "tuple[list[int], Floats]":
        own = rows.read(start)
        count = len(own.own)
        here = slice(start, start + count)
        none = np.zeros(count)
        z = np.empty((d + 1, count))
        z[:d], z[d] = begin[:, None], middle_begin
        shift, lean, condition = none, np.zeros((d, count)), own.inverse.reshape(1, count)
        if rows.turned and bias:
            shift, lean = own.growth * own.residual, own.lean
        if not rows.turned:
            condition = own.inverse / rows.scale(own)
            if bias:  # of standardised x the bias is the prediction at the mean, and goes its own way
                z[d] += own.growth * (own.residual - begin @ own.delta)
        elif d > 1:
            condition = np.repeat(condition, d, axis=0)
        curvature = rows.curvature(own, options.l2) if watched or rate is None else none
        pace = np.divide(1.0, curvature, out=np.ones(count), where=curvature > 0.0) if rate is None else none + rate
        limits, ceilings = np.empty(0), np.empty(0)
        if watched:
            limits = 2.0 / curvature
            y = own.residual + rows.target @ own.delta  # less its mean
            squares = rows.quadratic.constant_cost * rows.quadratic.count
            ceilings = np.maximum(squares - own.own * y * y, 0.0) * own.inverse
        sums = np.zeros_like(found.curve)
        kernels.leaveout.left_out(
            own.delta, middle, lean, condition, own.residual, shift, own.own, own.inverse, own.growth, pace, options.factors,
            options.l2, rows.target, rows.root, rows.diagonal, rows.rss, CEILING, ceilings, limits, z, found.train[here],
            found.error[here], found.lost[here], own.special, sums,
        )  # fmt: skip
        np.matmul(z[:d].T, rows.turn.T, out=found.w[here])
        found.w[here] += rows.w
        found.b[here] = (rows.b + z[d]) - z[:d].T @ rows.middle if bias else 0.0
        if bias and not rows.turned:
            error = own.residual - np.einsum("ji,ji->i", own.delta, z[:d])
            found.b[here] -= own.growth * error
        return (np.flatnonzero(own.special) + start).tolist(), sums

    # A special row's numbers are not used, and those of a descent that diverges may be infinite.
    quiet = np.errstate(all="ignore")(part)
    results = run(
        quiet, rows.chunks(), threads=rows.threads, progress=progress, rows=lambda start: min(rows.step, n - start)
    )
    for _, sums in results:
        found.curve[:] += sums
    return found, [row for special, _ in results for row in special]


def _axes(root: Floats) -> Floats:
    """A matrix (d, d) that turns a row's x less the mean into shares of the scatter whose triangle is given.

    As for the minimum's rank, columns count as dependent when they are scaled to one length.
    """
    length = lengths(root)
    inverse = np.divide(1.0, length, out=np.zeros(len(length)), where=length > 0.0)
    if len(root) == 1:
        return inverse.reshape(1, 1)
    _, singular, right = np.linalg.svd(root * inverse)
    kept = singular > 1e-13 * len(root) * singular[0]
    return np.ascontiguousarray(inverse[:, None] * right.T * np.where(kept, 1.0 / np.where(kept, singular, 1.0), 0.0))


def _usable(matrices: Floats) -> Floats:
    """Matrices (m, k, k) with the identity for those of special rows that are not finite: one would fail all others."""
    bad = ~np.isfinite(matrices).all(axis=(1, 2))
    if bad.any():
        matrices[bad] = np.eye(matrices.shape[1])
    return matrices


def errors_at_minimum(rows: Rows, l2: float) -> "tuple[Floats, list[int]]":
    """The error of each row at the minimum on all others, (n,), and the special rows, whose errors are not right."""
    found = np.empty(rows.data.n)

    @np.errstate(all="ignore")
    def part(start: int) -> list[int]:
        own = rows.read(start)
        found[start : start + len(own.own)] = rows.errors_at_minimum(own, l2)
        return [int(row) for row in np.flatnonzero(own.special) + start]

    lists = run(part, rows.chunks(), threads=rows.threads)
    return found, [row for special in lists for row in special]


class RowJudge:
    """Judges models by the one row that each has not seen."""

    def __init__(
        self, data: Table, folds: Folds, given: dict[str, Any], options: Options, known: Known, progress: Progress
    ) -> None:  # fmt: skip
        self.data, self.folds, self.given, self.options = data, folds, given, options
        if data.weighted:
            for piece in data:
                weight = piece.read().weight
                if not weight.all():
                    row = piece.start + int(np.argmin(weight))
                    raise weightless(row, 1)
        self.start = start_of(given["w0"], given["b0"], data)
        quadratic = known.quadratic(self.options.bias, progress)
        self.rows = Rows(data, quadratic, given["standardize"], given["threads"])

    def descend(self, progress: Progress, *, curve: bool = False) -> Any:
        """Run the descents."""
        rate = rate_of(self.given["learning_rate"], "squared", self.options.optimizer)
        return descend(self.rows, self.options, rate, *self.start, progress, curve=curve)

    def others(self, row: int) -> Table:
        """All rows but one."""
        return tables_of(self.folds, self.data, row)[0]

    def fit(self, row: int, **changed: Any) -> Fit:
        """The fit to all rows but one, by a pass of its own."""
        return solve(self.others(row), self.given | {"progress": False} | changed)

    @property
    def least(self) -> float:
        """The exact minimum of the cost on all rows."""
        return self.rows.rss / self.rows.quadratic.count

    def error(self, row: int, w: Any, b: float) -> float:
        """y - prediction of a row."""
        block = self.data.read(row, row + 1)
        return float(block.y[0] - float(np.sum(block.x.reshape(-1) * w)) - b)

    def squares(self, result: Any) -> Floats:
        """The squared errors of the rows left out."""
        return np.asarray(result.validation_cost)

    def absolutes(self, result: Any) -> Floats:
        """The absolute errors of the rows left out."""
        return np.asarray(np.sqrt(result.validation_cost))

    def variances(self) -> Floats:
        """The variance of y in one row."""
        return np.zeros(self.data.n)

    def at_minimum(self) -> Floats:
        """The squared errors of the rows left out, at the exact minima on all others."""
        if self.rows.problem:
            return FoldJudge(Summaries(self.data, self.folds, self.given["threads"]), self.given).at_minimum()
        errors, special = errors_at_minimum(self.rows, self.options.l2)
        for row in special:
            errors[row] = self.error(row, *minimum_of(of_table(self.others(row), threads=self.given["threads"]), self.given))
        return np.asarray(errors**2)

    def curves(self, _: Any) -> Curves:
        """Means over rows, epoch by epoch; rows that were fitted one by one are added."""
        with Progress(False, self.data.n, "cross_validate") as shown:
            found, special = self.descend(shown, curve=True)
        n, sums = self.data.n, found.curve
        for row in special:
            history = self.fit(row, record="epoch").history
            assert history is not None
            place = np.minimum(np.arange(len(sums)), len(history) - 1)
            block = self.data.read(row, row + 1)
            error = block.y[0] - history.w.reshape(len(history), -1) @ block.x.reshape(-1) - history.b
            costs = np.column_stack([history.cost, error**2])[place]
            sums += np.hstack([costs, costs**2])
        means = sums / n
        with np.errstate(invalid="ignore", over="ignore"):
            errors = np.sqrt(np.maximum(means[:, 2:] - means[:, :2] ** 2, 0.0) / (n - 1))
        return Curves(np.arange(len(sums)), means[:, 0], errors[:, 0], means[:, 1], errors[:, 1])
