"""Epochs of batches: which kernel takes the rows, in which order, and what is left where the descent stands.

The choice is by measurement, and does not show in the result:

- one sample at a time, squared loss: up to 3 features on lanes, as affine maps (kernels/affine.py); then four samples at a
  time (kernels.sgd.fours), up to 64 features and without a penalty; plain steps else
- mini-batches, squared loss: one feature as affine maps, made of block sums; plain steps else
- an order that stays for several epochs: the epoch's map is made once, and then an epoch costs (d + 1)^2, up to 16 features
- everything else - other losses, optimizers, averages, records of updates - one step after the other (kernels.sgd.steps)
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import kernels
from .affine import LANES, AffineMap, Rule, block_map
from .blocks import ROWS, Block, Piece
from .checks import Floats
from .mapreduce import Progress, carry, fold
from .objective import LOSSES
from .orders import reorder

if TYPE_CHECKING:
    from .options import Options
    from .walks import Problem

_MOST_COLUMNS = 16
_FOUR = 4  # features at the least: that kernel takes four numbers of a row at a time
_FOURS = 64  # measured: 1.4 times as fast as plain steps there, 1.2 times at 200
_ROUNDING = 1e-12


class Stand(NamedTuple):
    """Where a descent stands after an epoch: theta = (w, b), the updates made, and those that were recorded on the way.

    `cost` is given where the way knows it; `radius` is the spectral radius of the epoch's map where there is one.
    """

    theta: Floats
    updates: int
    records: Floats = np.empty((0, 0))
    cost: float = math.nan
    radius: float = math.nan


def batches(problem: "Problem", theta: Floats, progress: Progress) -> Iterator[Stand]:
    """Descend by batches: where it stands before the first update and after every epoch."""
    walk = Walk(problem, theta.copy(), progress)
    yield walk.stand()
    for epoch in range(problem.options.epochs):
        walk.run(epoch, problem.rate * float(problem.options.factors[epoch]))
        yield walk.stand()


@dataclass
class State:
    """What a descent carries from row to row: theta = (w, b), an optimizer's `memory` (2, d + 1), the `mean` of thetas, the
    `clock` of updates and records made, and the `records` (k, d + 1) of an epoch.
    """

    theta: Floats
    memory: Floats
    mean: Floats
    clock: np.ndarray[Any, Any]
    records: Floats


@dataclass(frozen=True)
class Walker:
    """Moves a state along the rows of a block, one batch after the other; averages from update `begin` + 1 on."""

    options: "Options"
    rule: Rule
    begin: int

    def __call__(self, block: Block, state: State) -> State:
        """Return the state behind the block; the one before it is written to."""
        options, rule = self.options, self.rule
        d = len(state.theta) - 1
        squared = options.code == LOSSES["squared"]
        if not np.isfinite(state.theta).all():
            return state  # what is lost is lost: the rest of the epoch need not be walked
        if options.plain and d == 1:
            kernels.sgd.line_steps(
                block.x, block.y, block.weight, rule.rate, rule.batch, rule.share, rule.l2, rule.bias, options.code,
                options.delta, state.theta,
            )  # fmt: skip
        elif options.plain and squared and rule.batch == 1 and rule.l2 == 0.0 and _FOUR <= d <= _FOURS:
            kernels.sgd.fours(block.x, block.y, block.weight, rule.rate, rule.share, rule.bias, state.theta)
        else:
            kernels.sgd.steps(
                block.x.reshape(-1, d), block.y, block.weight, rule.rate, options.power, rule.batch, rule.share, rule.l2,
                rule.bias, options.code, options.delta, options.optimizer.code, np.array(options.optimizer.constants),
                state.theta, state.memory, state.clock, options.every, state.records, self.begin, state.mean,
            )  # fmt: skip
        return state


class Walk:
    """A descent under way."""

    def __init__(self, problem: "Problem", theta: Floats, progress: Progress) -> None:
        options = problem.options
        self.problem, self.options, self.progress = problem, options, progress
        self.batch = options.batch_size or problem.data.n
        self.per_epoch = -(-problem.data.n // self.batch)
        self.data = problem.data
        self.epoch_map: AffineMap | None = None
        self.map_rate = math.nan
        self.by_maps = self._by_maps()
        self.radius = math.nan
        k = len(theta)
        # Updates are counted on where the rate depends on them; Adam's memory, which begins anew, depends on them, too.
        self.before = options.first * self.per_epoch if options.power and options.optimizer.name != "adam" else 0
        clock = np.array([self.before, 0], np.int64)
        self.state = State(theta, np.zeros((2, k)), np.zeros(k), clock, np.empty((0, k)))
        self.begin = options.begin(self.per_epoch * options.epochs) + self.before
        self.updates = 0

    def stand(self) -> Stand:
        """Where the descent stands, as it would be given to the user: the mean once averaging has begun."""
        state = self.state
        theta = state.mean if self.updates + self.before > self.begin else state.theta
        return Stand(theta.copy(), self.updates, state.records, radius=self.radius)

    def _by_maps(self) -> bool:
        options, d = self.options, self.data.d
        if options.code != LOSSES["squared"] or not options.plain:
            return False
        factors = options.factors
        # A map column by column costs some 2 (d + 2) times the epoch.
        repeated = options.shuffle != "each" and len(factors) > 1 and bool((factors == factors[0]).all())
        if repeated and d <= _MOST_COLUMNS and (d <= LANES or options.epochs > 2 * (d + 2)):
            return True
        return d < LANES if self.batch == 1 else d == 1

    def run(self, epoch: int, rate: float) -> None:
        """Walk the rows once, in the order of an epoch."""
        options = self.options
        self.updates += self.per_epoch
        if self.epoch_map is not None and rate == self.map_rate:
            self.state.theta = self.epoch_map(self.state.theta)
            self.progress.advance(self.data.n)
            return
        if options.shuffle == "each" or (options.shuffle == "once" and epoch == 0):
            turn = options.first + epoch if options.shuffle == "each" else 0
            once = options.shuffle == "once"
            self.data = reorder(self.problem.data, options.seed, turn, threads=options.threads, keep=once)
        rule = Rule(rate, self.batch, self.problem.share, options.l2, options.bias)
        if self.by_maps:
            self._maps(rule)
        else:
            self._steps(rule)
        if not np.isfinite(self.state.theta).all():
            self.problem.data.require_all_finite()  # the rate may be to blame, or a row

    def _maps(self, rule: Rule) -> None:
        """The epoch as affine maps, made on threads and applied in order; a block whose map grew is walked instead."""
        total: AffineMap | None = AffineMap.identity(self.data.d + 1)
        start, walker = self.state.theta, Walker(self.options, rule, self.begin)

        def summarise(piece: Piece) -> Piece | AffineMap:
            return block_map(piece.read(), rule) or piece

        def take(found: Piece | AffineMap) -> None:
            nonlocal total
            if isinstance(found, Piece):
                self.state.theta = self.state.theta.copy()
                self.state = carry(walker, self.data.again(found), self.state)
                total = None
            else:
                self.state.theta = found(self.state.theta)
                total = None if total is None else found.after(total)

        fold(
            summarise, self.data.pieces(rule.rows(self.data.block_rows)), take,
            threads=self.options.threads, progress=self.progress, rows=Piece.count_rows,
        )  # fmt: skip
        if self.options.shuffle != "each" and total is not None:
            self.radius = (total if rule.bias else total.of_weights()).spectral_radius
            if self.radius <= 1.0 + _ROUNDING:
                self.epoch_map, self.map_rate = total, rule.rate
            else:
                # What stretches distances stretches the map's own rounding, too, and would leave an exact solution.
                self.state.theta, self.by_maps = start.copy(), False
                self._steps(rule)

    def _steps(self, rule: Rule) -> None:
        """The epoch step by step; a block to be converted is read on one thread while another walks the one before."""
        options, at_hand = self.options, self.data.in_place
        # Four rows at a time go together wherever the rows come from.
        rows = ROWS if at_hand else self.data.block_rows // 4 * 4
        state = self.state
        if options.every:
            state.records = np.empty((self.per_epoch // options.every + 1, len(state.theta)))
            state.clock[1] = 0
        self.state = carry(
            Walker(options, rule, self.begin), self.data.pieces(rule.rows(rows)), state,
            threads=1 if at_hand else options.threads, progress=self.progress, rows=Piece.count_rows,
        )  # fmt: skip
        if options.every:
            self.state.records = self.state.records[: self.state.clock[1]]
