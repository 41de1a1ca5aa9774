"""The ways down: full batches from the moments, full batches from the rows, and batches (epochs.py).

A `Problem` holds data, cost and limits in the coordinates that the descent runs in (x as it is, or standardised). A way is
an iterator of `Stand`s, one before the first update and one after every epoch; `descend` follows it to its end and gives
back the path.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from . import kernels
from .blocks import Table
from .checks import Floats
from .ends import CEILING, FAR, NEAR, Measure
from .epochs import Stand, batches
from .mapreduce import Progress
from .objective import LOSSES, cost_sums, gradient_sums
from .options import Options
from .quadratic import QuadraticCost

_EPS = float(np.finfo(float).eps)
_LARGEST = float(np.finfo(float).max)


class Best(NamedTuple):
    """The epoch with the least validation cost: its parameters and their cost on the training data."""

    theta: Floats
    cost: float
    epoch: int


class Path(NamedTuple):
    """A descent as it went, in its own coordinates: `theta` (k, d + 1) row by row, with the epoch and update of each.

    Row 0 is the start (without a record, the last row alone is kept). `done` tells that the minimum was reached, `best`
    is there where patience ended the descent, `radius` is the spectral radius of an epoch where a fixed order made it known.
    """

    theta: Floats
    cost: Floats
    epoch: np.ndarray
    update: np.ndarray
    validation: Floats | None
    epochs: int
    done: bool
    best: Best | None = None
    radius: float = math.nan


class Limits(NamedTuple):
    """A descent is done where its objective is at most `stop`; where it is at most `near`, and an epoch moves nothing but
    last digits; or where it is at most `floor`, all of it rounding, and falls no more. Above the cost `ceiling` it is lost.
    """

    stop: float
    near: float
    floor: float
    ceiling: float


@dataclass(frozen=True)
class Costs:
    """The mean loss over a table, of parameters in the coordinates of a descent.

    The squared loss comes from `quadratic` where there is one, already in those coordinates; else the rows are walked, in
    the user's: w = w' / scale, b = b' - w . shift.
    """

    options: Options
    data: Table
    quadratic: QuadraticCost | None
    shift: Floats
    scale: Floats

    def __call__(self, theta: Floats) -> Floats:
        """Return the cost of every row of theta (k, d + 1); NaN where it is not finite."""
        if self.quadratic is not None and self.options.code == LOSSES["squared"]:
            if len(theta) == 1:
                return np.array([self.quadratic.mse_at(theta[0, :-1], float(theta[0, -1]))])
            return self.quadratic.along(theta[:, :-1], theta[:, -1])
        found = np.full(len(theta), math.nan)
        for row in np.flatnonzero(np.isfinite(theta).all(axis=1)):
            w = theta[row, :-1] / self.scale
            b = float(theta[row, -1] - w @ self.shift)
            total, count = cost_sums(self.data, w, b, self.options.code, self.options.delta, threads=self.options.threads)
            found[row] = total / count
        return found


@dataclass(frozen=True)
class Problem:
    """Data, cost and limits in the coordinates the descent runs in: x as it is, or standardised.

    `measure` is what costs are measured by, `share` 1 / mean weight, what a sample's weight is multiplied by in a batch;
    `user` the squared loss in the user's coordinates; `undetermined` what is to be said of columns that do not determine w.
    """

    options: Options
    data: Table
    quadratic: QuadraticCost | None
    rate: float
    max_rate: float
    condition: float
    minimum: float
    constant: float
    measure: Measure
    shift: Floats
    scale: Floats
    share: float
    costs: Costs
    validation: Costs | None = None
    user: QuadraticCost | None = None
    undetermined: str = ""

    def descend(self, w: Floats, b: float, progress: Progress) -> Path:
        """Run the epochs from (w, b) in the user's coordinates."""
        options = self.options
        theta = np.append(w * self.scale, b + float(w @ self.shift))
        if options.moments:
            if options.average is None and self.validation is None and not options.every:
                return self._by_moments(theta)
            return self._collect(self._averaged(self._moments(theta)))
        if options.batch_size is None:
            return self._collect(self._averaged(self._full_batches(theta, progress)))
        return self._collect(batches(self, theta, progress))

    def rates(self, first: int, last: int) -> Floats:
        """The rates of full-batch epochs `first` .. `last` - 1, where an epoch is an update."""
        rates: Floats = self.rate * self.options.factors[first:last]
        if self.options.power:
            before = 0 if self.options.optimizer.name == "adam" else self.options.first
            rates = rates / np.arange(before + first + 1, before + last + 1, dtype=np.float64) ** self.options.power
        return rates

    def limits(self, first: float) -> "Limits":
        """What ends a descent whose first cost is given."""
        if not self.options.record:
            return Limits(-math.inf, -math.inf, -math.inf, _LARGEST)
        size, rounding = self.measure
        stop, tol, zero = -math.inf, self.options.tol, self.minimum <= rounding
        if tol is not None and self.options.code == LOSSES["squared"]:
            stop = self.minimum + max(tol * size, rounding if tol and zero else 0.0)
        near = self.minimum + NEAR * size
        floor = self.minimum + rounding if zero and rounding > NEAR * size else -math.inf
        return Limits(stop, near, floor, min(CEILING * max(first, size), _LARGEST))

    def grown(
        self, objective: Any, first: Any, last: Any, largest: Any, limit: Callable[[], float]
    ) -> "np.ndarray[Any, Any]":
        """Whether descents that ran all their epochs have diverged so far: they ended far above their start, or above it at
        a rate beyond the limit of their batches.

        `objective` and `first` are cost and penalty at the end and at the start, `last` and `largest` the rates of the last
        update and of any, (m,) each or numbers; `limit` is asked only where something rose, for it costs a pass.
        """
        options, level = self.options, np.maximum(first, self.measure.size)
        risen, far = np.asarray(objective > level), np.asarray(objective > FAR * level)
        squared = options.code == LOSSES["squared"]
        if options.batch_size is None:
            # What a full batch does is known exactly: up to its limit it comes back, however far momentum carries it.
            known = squared and math.isfinite(self.max_rate)
            return far & np.asarray(largest > self.max_rate) if known else far
        if risen.any() and squared and options.optimizer.name == "plain" and options.shuffle == "each":
            far = far | (risen & np.asarray(last > limit()))
        return far

    def still(self) -> Floats:
        """Changes of (w, b) below which they are rounding: two units in the last place of their typical sizes."""
        q = self.quadratic
        if q is None:
            return np.zeros(self.data.d + 1)
        column = q.factor[:, :-1]
        size_x = np.sqrt(np.sum(column * column, axis=0) / q.count + q.mean_x**2)
        return 2.0 * _EPS * math.sqrt(q.mean_square_y) / np.append(np.where(size_x > 0.0, size_x, 1.0), 1.0)

    def hessian(self) -> Floats:
        """Second derivatives of the objective by (w, b), zeros for a bias that is not fitted."""
        assert self.quadratic is not None
        d = self.data.d
        matrix = np.zeros((d + 1, d + 1))
        second = self.quadratic.hessian
        matrix[: len(second), : len(second)] = second
        matrix[range(d), range(d)] += 2.0 * self.options.l2
        return matrix

    def _spectrum(self) -> tuple[Floats, Floats]:
        """What an implicit full-batch step needs: the Hessian's eigenvectors and eigenvalues."""
        if self.options.optimizer.name != "implicit":
            return np.empty((0, 0)), np.empty(0)
        curvature, basis = np.linalg.eigh(self.hessian())
        return np.ascontiguousarray(basis), np.maximum(curvature, 0.0)

    def _by_moments(self, theta: Floats) -> Path:
        d, epochs = self.data.d, self.options.epochs
        out = np.empty((epochs + 1, d)), np.empty(epochs + 1), np.empty(epochs + 1)
        assert self.quadratic is not None
        limits = self.limits(self.quadratic.mse_at(theta[:-1], float(theta[-1])))
        done = 0
        for done, stopped in self._pieces(theta, limits, *out):  # noqa: B007
            if stopped:
                break
        first = 0 if self.options.record else max(done - 1, 0)  # the last may not be finite
        rows = slice(first, done + 1)
        steps = np.arange(first, done + 1)
        return Path(np.column_stack([out[0][rows], out[1][rows]]), out[2][rows], steps, steps, None, done, done < epochs)

    def _pieces(self, theta: Floats, limits: Limits, w: Floats, b: Floats, cost: Floats) -> Iterator[tuple[int, bool]]:
        """Fill w, b, cost with the states after every epoch; between pieces of a tenth of a second, tell how many."""
        q, options = self.quadratic, self.options
        assert q is not None
        factor, target = np.ascontiguousarray(q.factor[:, :-1]), q.factor[:, -1].copy()
        piece = max(1, 20_000_000 // (q.d + 2) ** 2)
        theta, memory = theta.copy(), np.zeros((2, q.d + 1))
        basis, curvature = self._spectrum()
        constants = np.array(options.optimizer.constants)
        still, bounds = self.still(), np.array(limits)
        done = 0
        while True:
            last = min(done + piece, options.epochs)
            rows = slice(done, last + 1)
            steps = kernels.moments.descend(
                factor, target, q.mean_x, q.mean_y, q.count, self.rates(done, last), options.l2, options.bias,
                options.optimizer.code, constants, basis, curvature, done, bounds, still, memory, theta,
                w[rows], b[rows], cost[rows],
            )  # fmt: skip
            done += steps
            yield done, done < last
            if done < last or done == options.epochs:
                return

    def _moments(self, theta: Floats) -> Iterator[Stand]:
        epochs, d = self.options.epochs, self.data.d
        w, b, cost = np.empty((epochs + 1, d)), np.empty(epochs + 1), np.empty(epochs + 1)
        first = 0
        for done, _ in self._pieces(theta, Limits(-math.inf, -math.inf, -math.inf, math.inf), w, b, cost):
            for t in range(first, done + 1):
                yield Stand(np.append(w[t], b[t]), t)
            first = done + 1

    def _full_batches(self, theta: Floats, progress: Progress) -> Iterator[Stand]:
        options = self.options
        theta = theta.copy()
        memory, constants = np.zeros((2, len(theta))), np.array(options.optimizer.constants)
        basis, curvature = self._spectrum()
        for t in range(options.epochs + 1):
            if t == options.epochs and not options.record:
                yield Stand(theta.copy(), t)
                return
            with np.errstate(over="ignore", invalid="ignore"):
                sums = gradient_sums(
                    self.data, theta[:-1], float(theta[-1]), options.code, options.delta,
                    threads=options.threads, progress=progress,
                )  # fmt: skip
                slopes, cost = sums[:-2] / sums[-1], float(sums[-2] / sums[-1])
                yield Stand(theta.copy(), t, cost=cost)
                slopes[:-1] += 2.0 * options.l2 * theta[:-1]
            if t == options.epochs:
                return
            if not options.bias:
                slopes[-1] = 0.0
            rate = float(self.rates(t, t + 1)[0])
            if len(curvature):
                kernels.optimizers.proximal(basis, curvature, rate, slopes, theta)
            else:
                kernels.optimizers.move(options.optimizer.code, constants, rate, t + 1, slopes, theta, memory)

    def _averaged(self, stands: Iterable[Stand]) -> Iterator[Stand]:
        """Full batches: from the given fraction of the run on, the mean of all parameters since; and records."""
        every, mean = self.options.every, np.zeros(self.data.d + 1)
        begin = self.options.begin(self.options.epochs)
        for stand in stands:
            if stand.updates > begin:
                mean += (stand.theta - mean) / (stand.updates - begin)
                stand = Stand(mean.copy(), stand.updates)
            if every and stand.updates and stand.updates % every == 0:
                stand = stand._replace(records=stand.theta[None])
            yield stand

    def _collect(self, stands: Iterable[Stand]) -> Path:
        """Take epochs until one of the limits is met."""
        options = self.options
        kept: list[Stand] = []
        costs: list[float] = []
        judged: list[float] = []
        limits, before, moving = self.limits(0.0), math.inf, True
        still = self.still()
        ended, out_of_patience, waited, best = False, False, 0, 0
        t, stand = 0, Stand(np.zeros(0), 0)
        for t, stand in enumerate(stands):
            theta = stand.theta
            if kept:
                moving = bool((np.abs(theta - kept[-1].theta) > still).any())
            finite = bool(np.isfinite(theta).all())
            cost = math.nan
            if options.record and finite:
                cost = float(self.costs(theta[None])[0]) if math.isnan(stand.cost) else stand.cost
            if t == 0:
                limits = self.limits(cost)
            if finite and not options.record:
                kept = []
                costs = []
            kept.append(stand)
            costs.append(cost)
            objective = cost + penalty(options.l2, theta[:-1]) if finite else math.inf
            ended = options.record and (
                objective <= limits.stop or (objective <= limits.near and not moving) or before <= objective <= limits.floor
            )
            if options.tol is not None and options.code != LOSSES["squared"]:
                ended = ended or 0.0 <= before - objective <= options.tol * self.constant
            before = objective
            if self.validation is not None and options.record:
                judged.append(float(self.validation(theta[None])[0]) if finite else math.nan)
                # One that fell by nothing but rounding has not improved.
                improved = t == 0 or judged[-1] < judged[best] * (1.0 - 4.0 * _EPS)
                best, waited = (t, 0) if improved else (best, waited + 1)
            out_of_patience = options.patience is not None and waited >= options.patience
            if out_of_patience:
                break
            if t == options.epochs or ended or not finite or (options.record and not cost <= limits.ceiling):
                break
        path = Path(
            np.array([stand.theta for stand in kept]),
            np.array(costs),
            np.arange(t + 1 - len(kept), t + 1),
            np.array([stand.updates for stand in kept]),
            np.array(judged) if judged else None,
            t,
            ended,
            Best(kept[best].theta, costs[best], best) if out_of_patience else None,
            stand.radius,
        )
        return self._with_records(path, kept) if options.every else path

    def _with_records(self, path: Path, kept: list[Stand]) -> Path:
        """The path with a row for every record instead of every epoch: the start, the records, and the end."""
        every = self.options.every
        theta, update = [path.theta[:1]], [0]
        for stand in kept:
            if not len(stand.records):
                continue
            theta.append(stand.records)
            last = update[-1]
            update.extend(last + every * (i + 1) for i in range(len(stand.records)))
        if update[-1] != kept[-1].updates:
            theta.append(path.theta[-1:])
            update.append(kept[-1].updates)
        rows = np.vstack(theta)
        updates = np.array(update)
        epoch = np.searchsorted(path.update, updates, side="right") - 1
        whole = np.isfinite(rows).all(axis=1)
        cost = np.full(len(rows), math.nan)
        cost[whole] = self.costs(rows[whole])
        judged = None
        if self.validation is not None:
            judged = np.full(len(rows), math.nan)
            judged[whole] = self.validation(rows[whole])
        return path._replace(theta=rows, cost=cost, epoch=epoch, update=updates, validation=judged)


def penalty(l2: float, w: Floats) -> float:
    """l2 w.w; no penalty is 0 even where w.w overflows."""
    with np.errstate(over="ignore"):
        return l2 * float(w @ w) if l2 > 0.0 else 0.0
