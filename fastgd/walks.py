"""The ways down: full batches from the moments, full batches from the rows, and mini-batches or single samples.

A `Problem` holds data, cost and limits in the coordinates that the descent runs in (x as it is, or standardised); its
`descend` gives back the path, a row for every epoch.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import kernels
from .blocks import Floats, Table
from .mapreduce import Progress
from .objective import LOSSES, cost_sums, gradient_sums
from .quadratic import QuadraticCost

_EPS = float(np.finfo(float).eps)
_LARGEST = float(np.finfo(float).max)

# A descent whose cost passes a million times what any useless model costs will not come back.
CEILING = 1e6


@dataclass(frozen=True)
class Options:
    """The arguments of a fit, checked."""

    batch_size: int | None
    epochs: int
    bias: bool
    code: int
    delta: float
    l2: float
    shuffle: str
    seed: int
    tol: float | None
    record: bool
    moments: bool
    threads: int | None


@dataclass(frozen=True)
class Path:
    """A descent as it went, in its own coordinates: row t is after t epochs (without a record, the last row alone)."""

    w: Floats
    b: Floats
    cost: Floats
    epochs: int
    done: bool


@dataclass(frozen=True)
class Problem:
    """Data, cost and limits in the coordinates the descent runs in: x as it is, or standardised.

    `share` is 1 / mean weight, what a sample's weight is multiplied by in a batch.
    """

    options: Options
    data: Table
    quadratic: QuadraticCost | None
    rate: float
    max_rate: float
    condition: float
    minimum: float
    constant: float
    shift: Floats
    scale: Floats
    share: float

    def descend(self, w: Floats, b: float, progress: Progress) -> Path:
        """Run the epochs from (w, b) in the user's coordinates."""
        b = b + float(w @ self.shift)
        w = w * self.scale
        if self.options.moments:
            return self._by_moments(w, b)
        walk = self._full_batches if self.options.batch_size is None else self._batches
        return self._collect(walk(w, b, progress))

    def _limits(self, first: float) -> tuple[float, float, float]:
        """Objectives at or below which the descent is done, or done once it stands still; and the cost it never leaves."""
        if not self.options.record:
            return -math.inf, -math.inf, _LARGEST
        stop = -math.inf if self.options.tol is None else self.minimum + self.options.tol * self.constant
        if self.options.code != LOSSES["squared"]:
            stop = -math.inf
        near = self.minimum + 1e-12 * self.constant
        return stop, near, min(CEILING * max(first, self.constant), _LARGEST)

    def _still(self) -> Floats:
        """Changes of (w, b) below which they are rounding: two units in the last place of their typical sizes."""
        q = self.quadratic
        if q is None:
            return np.zeros(self.data.d + 1)
        column = q.factor[:, :-1]
        size_x = np.sqrt(np.sum(column * column, axis=0) / q.count + q.mean_x**2)
        return 2.0 * _EPS * math.sqrt(q.mean_square_y) / np.append(np.where(size_x > 0.0, size_x, 1.0), 1.0)

    def _by_moments(self, w: Floats, b: float) -> Path:
        q, options = self.quadratic, self.options
        assert q is not None
        epochs, d = options.epochs, q.d
        out_w, out_b, out_cost = np.empty((epochs + 1, d)), np.empty(epochs + 1), np.empty(epochs + 1)
        limits = np.array(self._limits(q.mse_at(w, b)))
        factor, target = np.ascontiguousarray(q.factor[:, :-1]), q.factor[:, -1].copy()
        piece = max(1, 20_000_000 // (d + 2) ** 2)  # epochs of about a tenth of a second: Ctrl-C is seen between two
        done = 0
        while True:
            last = min(done + piece, epochs)
            rows = slice(done, last + 1)
            steps = kernels.moments.descend(
                factor, target, q.mean_x, q.mean_y, q.count, self.rate, options.l2, options.bias, limits, self._still(),
                w.copy(), b, out_w[rows], out_b[rows], out_cost[rows],
            )  # fmt: skip
            done += steps
            if done < last or done == epochs:
                break
            w, b = out_w[done], float(out_b[done])
        rows = slice(0 if options.record else max(done - 1, 0), done + 1)  # the last may not be finite
        return Path(out_w[rows], out_b[rows], out_cost[rows], done, done < epochs)

    def _collect(self, walk: Iterator[tuple[Floats, float, float]]) -> Path:
        """Take epochs from `walk` until one of the limits is met."""
        options = self.options
        ws: list[Floats] = []
        bs: list[float] = []
        costs: list[float] = []
        stop, near, ceiling, before, moving = -math.inf, -math.inf, math.inf, math.inf, True
        still = self._still()
        ended = False
        for t, (w, b, cost) in enumerate(walk):
            if t == 0:
                stop, near, ceiling = self._limits(cost)
            if ws:
                moving = bool(np.any(np.abs(np.append(w - ws[-1], b - bs[-1])) > still))
            finite = math.isfinite(b) and bool(np.isfinite(w).all())
            if finite and not options.record:
                ws, bs, costs = [], [], []
            ws.append(w.copy())
            bs.append(b)
            costs.append(cost)
            objective = cost + penalty(options.l2, w) if finite else math.inf
            ended = options.record and (objective <= stop or (objective <= near and not moving))
            if options.tol is not None and options.code != LOSSES["squared"]:
                ended = ended or 0.0 <= before - objective <= options.tol * self.constant
            before = objective
            if t == options.epochs or ended or not finite or (options.record and not cost <= ceiling):
                break
        return Path(np.array(ws), np.array(bs), np.array(costs), t, ended)

    def _cost(self, w: Floats, b: float) -> float:
        if not self.options.record or not (math.isfinite(b) and np.isfinite(w).all()):
            return math.nan
        if self.quadratic is not None and self.options.code == LOSSES["squared"]:
            return self.quadratic.mse_at(w, b)
        total, count = cost_sums(self.data, w, b, self.options.code, self.options.delta, threads=self.options.threads)
        return total / count

    def _full_batches(self, w: Floats, b: float, progress: Progress) -> Iterator[tuple[Floats, float, float]]:
        options = self.options
        while True:
            with np.errstate(over="ignore", invalid="ignore"):
                sums = gradient_sums(
                    self.data, w, b, options.code, options.delta, threads=options.threads, progress=progress
                )
                slopes, cost = sums[:-2] / sums[-1], float(sums[-2] / sums[-1])
                yield w, b, cost if options.record else math.nan
                w = w - self.rate * (slopes[:-1] + 2.0 * options.l2 * w)
            if options.bias:
                b = b - self.rate * float(slopes[-1])

    def _batches(self, w: Floats, b: float, progress: Progress) -> Iterator[tuple[Floats, float, float]]:
        options, data = self.options, self.data
        batch = options.batch_size or data.n
        state = np.append(w, b)
        order = None
        rows = max(batch, data.block_rows // batch * batch)
        epoch = 0
        while True:
            yield state[:-1].copy(), float(state[-1]), self._cost(state[:-1], float(state[-1]))
            if options.shuffle == "each" or (options.shuffle == "once" and order is None):
                order = order_of(options.seed, epoch, data.n)
            for start in range(0, data.n, rows):
                stop = min(start + rows, data.n)
                block = data.read(start, stop) if order is None else data.take(order[start:stop])
                step = kernels.sgd.line_steps if data.d == 1 else kernels.sgd.plane_steps
                step(
                    block.x, block.y, block.weight, self.rate, batch, self.share, options.l2, options.bias, options.code,
                    options.delta, state,
                )  # fmt: skip
                progress.advance(stop - start)
            if not np.isfinite(state).all():
                for piece in data:  # the rate may be to blame, or a row
                    data.require_finite(piece.read())
            epoch += 1


def penalty(l2: float, w: Floats) -> float:
    """l2 w.w; no penalty is 0 even where w.w overflows."""
    with np.errstate(over="ignore"):
        return l2 * float(w @ w) if l2 > 0.0 else 0.0


def order_of(seed: int, epoch: int, n: int) -> Any:
    """A uniformly random order of n rows that depends on (seed, epoch) alone."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, epoch)))).permutation(n)
