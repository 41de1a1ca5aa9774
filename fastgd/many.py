"""Many descents on the same data, sharing every row that they read.

- full batches: one pass, then each descent is d + 1 numbers, multiplied by 1 - rate h once an epoch (h the Hessian's
  eigenvalues)
- batches of the squared loss, few features: the descents side by side in a register, along every row
- anything else: one fit after the other on each thread, of what passes found only once
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from . import kernels
from .affine import advance, put_runs, whole_batches
from .blocks import Block, Table
from .checks import Floats, at_least_zero, truth
from .descent import Known, prepare, solve, start_of
from .door import table
from .ends import CEILING
from .grids import ARGUMENTS, COLUMNS, Places, alike, axis, lists_of, numbers, places_of
from .mapreduce import Progress, carry, run, thread_count
from .options import options_of, rate_of, seed_of
from .orders import reorder
from .results import Fit, Status
from .tables import FitTable
from .verdicts import limit_of_batches
from .walks import Limits, Problem

_SIDE_BY_SIDE = 16
"""Up to this many features descents along the same rows are faster together: 2 ns a row and run at d = 10, against 6."""

_TOGETHER = 256  # full-batch descents in one array

Codes = np.ndarray[Any, Any]
_STATUSES = tuple(Status)
_CONVERGED, _MAX_EPOCHS, _DIVERGED = (_STATUSES.index(s) for s in (Status.CONVERGED, Status.MAX_EPOCHS, Status.DIVERGED))


def fit_many(x: Any, y: Any = None, grid: Any = None, *, paired: bool = False, **fixed: Any) -> FitTable:
    """Run a descent for every combination of some arguments of `fit`.

    Parameters
    ----------
    x : (n,) or (n, d) numbers; y : (n,) numbers, or None where x is a source, which brings its own.
    grid : for each argument that varies a list of its values: {"learning_rate": [0.01, 0.1], "batch_size": [1, 32]}.
    paired : run the first values of all lists together, then the second, and so on, instead of every combination.
    fixed : other arguments of `fit`, the same for all. Without `record` there are no histories. One seed serves all.

    Returns
    -------
    FitTable : a row for each descent; w, b, cost, status and epochs are those that `fit` would give.

    Raises
    ------
    ValueError, TypeError : naming the argument, the first offending row or entry and the rule.

    Examples
    --------
    >>> import fastgd
    >>> table = fastgd.fit_many([1, 2, 3], [2, 4, 6], {"learning_rate": [0.01, 0.1, 0.2]})
    >>> [status.name for status in table.status]
    ['MAX_EPOCHS', 'MAX_EPOCHS', 'DIVERGED']
    >>> table.best["learning_rate"]
    0.1

    References
    ----------
    Bergstra and Bengio, "Random search for hyper-parameter optimization", JMLR 13, 2012: why paired random values.
    """
    paired = truth(paired, "paired")
    lists = lists_of(grid, paired, fixed)
    places = places_of(lists, paired)
    given = ARGUMENTS | {"record": None} | fixed
    data = table(x, y, given["sample_weight"])
    seed = None
    if "seed" not in lists:
        seed = given["seed"] = seed_of(given["seed"])
    groups = groups_of(Known(data, given["threads"]), lists, places, given)
    walked = sum(group.rows() for group in groups)
    with Progress(given["progress"], None if data.rows is None else data.rows + walked, "fit_many") as shown:
        found, fits = run_groups(groups, shown)
    sizes = {group.options.batch_size for group in groups}
    kept = tuple(one for one in fits if one is not None) if given["record"] is not None else None
    columns = {name: [values[place] for place in places[name]] for name, values in lists.items()}
    status = tuple(np.array(_STATUSES, dtype=object)[found.status].tolist())
    return FitTable(
        columns, found.w[:, 0].copy() if data.flat else found.w, found.b, found.cost, status, found.epochs,
        found.rate, found.limit, seed, kept, sizes.pop() if len(sizes) == 1 else None,
    )  # fmt: skip


def groups_of(known: Known, lists: dict[str, list[Any]], places: Places, given: dict[str, Any]) -> "list[_Group]":
    """The descents of a grid on the rows that are known, those together that can run side by side."""
    axes = {name: axis(name, values, known.data) for name, values in lists.items() if name in ("l2", "w0", "b0")}
    groups = []
    for members in alike(lists, places):
        settings = given | {name: lists[name][places[name][members[0]]] for name in lists if name not in COLUMNS}
        groups.append(_Group(known.data, known, lists, axes, places, members, settings))
    return groups


def run_groups(groups: "list[_Group]", progress: Progress) -> "tuple[Found, list[Fit | None]]":
    """Run the descents; what ran on its own left a fit."""
    data, count = groups[0].data, sum(len(group.members) for group in groups)
    found = Found(
        np.empty((count, data.d)), np.empty(count), np.empty(count), np.full(count, _MAX_EPOCHS), np.zeros(count, np.int64),
        np.empty(count), np.empty(count),
    )  # fmt: skip
    fits: list[Fit | None] = [None] * count
    groups[0].known.quadratic(groups[0].options.bias, progress)
    for group in groups:
        if group.together and group.options.moments:
            _full_batches(group, found, progress)
        elif group.together:
            _along_rows(group, found, progress)
        else:
            _one_by_one(group, found, fits, progress)
    return found, fits


@dataclass
class Found:
    """The table's columns, filled group by group."""

    w: Floats
    b: Floats
    cost: Floats
    status: Codes
    epochs: np.ndarray[Any, Any]
    rate: Floats
    limit: Floats

    @property
    def lost(self) -> np.ndarray[Any, Any]:
        """Which descents diverged."""
        return np.asarray(self.status == _DIVERGED)


class _Group:
    """Descents that differ in rate, penalty and start at most: `members` (m,) are their rows in the table."""

    def __init__(
        self,
        data: Table,
        known: Known,
        lists: dict[str, list[Any]],
        axes: dict[str, Floats],
        places: dict[str, np.ndarray[Any, Any]],
        members: Codes,
        settings: dict[str, Any],
    ) -> None:
        self.data, self.known, self.lists, self.places = data, known, lists, places
        self.members, record = members, settings["record"]
        self.settings = settings | {"record": "epoch" if record is None else record, "progress": False}
        self.options = options_of(data, settings["loss"], self.settings | {"l2": 0.0, "b0": 0.0})
        few = self.options.batch_size is None or data.d <= _SIDE_BY_SIDE
        self.together = (
            self.options.plain and record is None and settings["validation"] is None and settings["loss"] == "squared"
            and few and (self.options.moments or self.options.batch_size is not None)
        )  # fmt: skip
        self.l2 = self._column(axes, "l2", lambda value: at_least_zero(value, "l2"))
        self.b0 = self._column(axes, "b0", lambda value: start_of(None, value, data)[1])
        self.w0 = self._column(axes, "w0", lambda value: start_of(value, 0.0, data)[0]).reshape(len(members), -1)
        if self.w0.shape[1] != data.d:
            self.w0 = np.repeat(self.w0, data.d, axis=1)
        if not self.options.bias and self.b0.any():
            raise ValueError(f"b0 is {self.b0[self.b0 != 0.0][0]:g}: with bias=False the model has no b, so it must be 0")
        self.rates = self._rates()

    def rows(self) -> int:
        """How many rows the group will walk, at the most."""
        if self.together and self.options.moments:
            return 0
        return self.data.n * self.options.epochs * (1 if self.together else len(self.members))

    def _column(self, axes: dict[str, Floats], name: str, check: Callable[[Any], Any]) -> Floats:
        if name in axes:
            return np.asarray(axes[name][self.places[name][self.members]])
        return np.array([check(self.settings[name])] * len(self.members), dtype=np.float64)

    def _rates(self) -> Floats:
        """The rates, NaN for those that curvature is to choose."""
        if "learning_rate" not in self.lists:
            rate = rate_of(self.settings["learning_rate"], self.settings["loss"], self.options.optimizer)
            return np.full(len(self.members), math.nan if rate is None else rate)
        values = self.lists["learning_rate"]

        def check(value: Any, _: str) -> float:
            rate = rate_of(value, self.settings["loss"], self.options.optimizer)
            return math.nan if rate is None else rate

        # What is above 0 is no smaller than the least number above 0.
        found = numbers(values, check, "learning_rate", 5e-324)
        chosen: Floats = found[self.places["learning_rate"][self.members]]
        return chosen

    def settings_of(self, k: int) -> dict[str, Any]:
        """All arguments of the group's descent k."""
        row = self.members[k]
        own = {name: self.lists[name][self.places[name][row]] for name in self.lists if name in COLUMNS}
        return self.settings | own | {"threads": self.data.shared_out(self.settings["threads"])[1]}

    def problems(self, progress: Progress) -> "list[tuple[Codes, Problem]]":
        """For each penalty the descents (m,) that have it, and their common problem; rates that were "auto" are set."""
        found = []
        for l2 in np.unique(self.l2):
            members = np.flatnonzero(self.l2 == l2)
            options = options_of(self.data, "squared", self.settings | {"l2": float(l2), "b0": 0.0})
            rate = None if np.isnan(self.rates[members]).any() else 1.0
            problem = prepare(self.data, None, options, rate, self.settings["standardize"], progress, self.known)
            if rate is None:
                self.rates[members] = np.where(np.isnan(self.rates[members]), problem.rate, self.rates[members])
            found.append((members, problem))
        return found

    def starts(self, problem: Problem, members: Codes) -> Floats:
        """Where descents start, (m, d + 1), in the problem's coordinates."""
        return np.column_stack([self.w0[members] * problem.scale, self.b0[members] + self.w0[members] @ problem.shift])


def _limits(problem: Problem, theta: Floats) -> tuple[Limits, Floats]:
    """Problem.limits, and the ceilings of many starts."""
    assert problem.quadratic is not None
    with np.errstate(over="ignore"):
        first = problem.quadratic.along(theta[:, :-1], theta[:, -1])
        ceiling = CEILING * np.maximum(first, problem.measure.size)
    return problem.limits(0.0), np.minimum(ceiling, np.finfo(float).max)


def _write(
    group: _Group, found: Found, problem: Problem, members: Codes, theta: Floats, status: Codes, epochs: Codes
) -> None:  # fmt: skip
    """Put descents, theta (m, d + 1) in the problem's coordinates, into the table."""
    assert problem.quadratic is not None
    rows = group.members[members]
    found.w[rows] = theta[:, :-1] / problem.scale
    found.b[rows] = theta[:, -1] - found.w[rows] @ problem.shift
    found.cost[rows] = problem.quadratic.along(theta[:, :-1], theta[:, -1])
    found.epochs[rows] = epochs
    found.rate[rows] = group.rates[members]
    found.limit[rows] = problem.max_rate
    found.status[rows] = status


def _full_batches(group: _Group, found: Found, progress: Progress) -> None:
    """Descents on the moments: along the Hessian's eigenvectors each coordinate goes its own way."""
    for members, problem in group.problems(progress):
        _write(group, found, problem, members, *_by_spectrum(problem, group.rates[members], group.starts(problem, members)))


@np.errstate(over="ignore", invalid="ignore")  # what is not finite is told apart below
def _by_spectrum(problem: Problem, rates: Floats, start: Floats) -> tuple[Floats, Codes, Codes]:
    """Where full-batch descents from start (m, d + 1) end, how, and after how many epochs."""
    q, options, count = problem.quadratic, problem.options, len(rates)
    assert q is not None
    spectrum = q.spectrum(options.l2)
    curvature, basis = spectrum
    size = len(curvature)
    solution = q.solve(options.l2)
    lowest = np.append(solution.w, solution.b)
    first = basis.T @ (start - lowest)[:, :size].T
    # Along eigenvectors a descent has no floor of rounding: it comes as near as one likes.
    (stop, near, _, _), ceiling = _limits(problem, start)
    still, factors = problem.still()[:size], options.factors
    floor = np.full(count, max(stop, near) - problem.minimum)
    columns = np.vstack([first, rates, ceiling - problem.minimum, floor, np.zeros((2, count))])
    epochs, ends, rising = np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count, np.bool_)

    def descend(low: int) -> None:
        part = follow[low : low + _TOGETHER]
        own = np.ascontiguousarray(columns[:, part])  # 14 kB at d = 1: they stay in the first cache
        outs = np.zeros(len(part), np.int64), np.zeros(len(part), np.int64), np.zeros(len(part), np.bool_)
        kernels.runs.full_batches(
            basis, curvature, own, factors, stop - problem.minimum, near - problem.minimum, still, *outs
        )
        columns[:, part] = own
        epochs[part], ends[part], rising[part] = outs

    if options.epochs and (factors == factors[0]).all():
        # What only fell, and not to the floor, met nothing on the way: it need not be followed, epoch by epoch.
        end, left, falling = spectrum.ahead(first, rates * factors[0], options.epochs)
        steady = np.asarray(falling, bool) & (left > floor) & (0.5 * curvature @ first**2 <= columns[size + 1])
        columns[:size, steady], epochs[steady] = end[:, steady], options.epochs
    else:
        steady = np.zeros(count, np.bool_)
    follow = np.flatnonzero(~steady)
    run(descend, range(0, len(follow), _TOGETHER), threads=options.threads)
    u = columns[:size]
    with np.errstate(over="ignore", invalid="ignore"):
        finite = np.isfinite(curvature @ u**2)
    for k in np.flatnonzero(~finite):  # the last finite one, as a fit's record has it
        steps = 1.0 - rates[k] * np.outer(curvature, factors[: epochs[k] - 1])
        u[:, k] = first[:, k] * np.prod(steps, axis=1)
    theta = np.tile(lowest, (count, 1))
    theta[:, :size] += (basis @ u).T
    unmoved = (epochs == 0) | (~finite & (epochs == 1))
    theta[unmoved] = start[unmoved]
    last = rates * (factors[np.maximum(epochs - 1, 0)] if options.epochs else 1.0)
    lost = (ends == kernels.runs.LOST) | (rising & (last > problem.max_rate))
    if options.epochs and problem.max_rate < math.inf:
        end, start_cost = (problem.minimum + 0.5 * curvature @ at**2 for at in (u, first))
        ran = (ends == 0) & problem.grown(end, start_cost, last, rates * factors.max(), lambda: math.inf)
        lost |= ran & finite
    return theta, np.where(lost, _DIVERGED, np.where(ends == kernels.runs.DONE, _CONVERGED, _MAX_EPOCHS)), epochs


def _along_rows(group: _Group, found: Found, progress: Progress) -> None:
    """Batches: the descents are columns of one array, and every block of rows moves all of them."""
    options, data = group.options, group.data
    problems = group.problems(progress)
    count, d = len(group.members), data.d
    theta = np.empty((count, d + 1))
    stop, near, level, ceiling = np.empty(count), np.empty(count), np.empty(count), np.empty(count)
    for members, problem in problems:
        theta[members] = group.starts(problem, members)
        (stop[members], near[members], level[members], _), ceiling[members] = _limits(problem, theta[members])
    problem = problems[0][1]
    q, still = problem.quadratic, problem.still()
    assert q is not None
    batch = options.batch_size or data.n
    left = np.arange(count)  # the descents under way
    status = np.full(count, _MAX_EPOCHS)
    epochs = np.full(count, options.epochs)
    before, rows, first, last = theta, problem.data, np.empty(count), np.full(count, math.inf)
    risen = np.zeros(count, np.bool_)
    for epoch in range(options.epochs + 1):
        with np.errstate(over="ignore", invalid="ignore"):
            now = theta[left]
            cost = q.along(now[:, :-1], now[:, -1])
            objective = cost + group.l2[left] * np.sum(now[:, :-1] ** 2, axis=1)
            moving = np.ones(len(left), bool) if epoch == 0 else (np.abs(now - before) > still).any(axis=1)
        if epoch == 0:
            first[:], first_cost = objective, cost
        done = (objective <= stop[left]) | ((objective <= near[left]) & ~moving)
        done |= (last[left] <= objective) & (objective <= level[left])
        risen[left] = (objective > last[left]) | (cost > first_cost[left])
        last[left] = objective
        lost = ~(cost <= ceiling[left])
        for k in np.flatnonzero(done | lost):
            status[left[k]] = _DIVERGED if lost[k] else _CONVERGED
            epochs[left[k]] = epoch
            if not np.isfinite(cost[k]):
                data.require_all_finite()  # the rate may be to blame, or a row
                theta[left[k]] = before[k]
        left = left[~(done | lost)]
        if epoch == options.epochs or not len(left):
            break
        before = theta[left].copy()
        if options.shuffle == "each" or (options.shuffle == "once" and epoch == 0):
            rows = reorder(problem.data, options.seed, epoch, threads=options.threads)
        rates = group.rates[left] * options.factors[epoch]
        theta[left] = _epoch(rows, theta[left], rates, group.l2[left], batch, problem)
        progress.advance(data.n)
    end = np.full(count, -math.inf)  # of those that ran all their epochs
    end[left] = last[left] if options.epochs else -math.inf
    for members, own in problems:
        rates = group.rates[members] * (options.factors[-1] if options.epochs else 1.0)
        grown = own.grown(end[members], first[members], rates, rates, partial(limit_of_batches, own))
        status[members] = np.where(grown, _DIVERGED, status[members])
        if options.shuffle != "each" and options.epochs:
            # A fit knows where an order leads in the long run. Few rise without having diverged, so each may ask one.
            for k in members[np.isfinite(end[members]) & risen[members] & ~grown]:
                status[k] = _STATUSES.index(solve(group.data, group.settings_of(int(k)), group.known).status)
        _write(group, found, own, members, theta[members], status[members], epochs[members])


def _epoch(rows: Table, theta: Floats, rates: Floats, l2: Floats, batch: int, problem: Problem) -> Floats:
    """Move descents, theta (m, d + 1), along all rows."""
    options, d, count = problem.options, rows.d, len(theta)
    groups = thread_count(options.threads)
    width = -(-count // (8 * groups)) * 8  # whole registers, so that a column's bits do not depend on its neighbours
    columns = np.zeros((groups, d + 5, width))
    for g in range(groups):
        own = slice(g * width, min((g + 1) * width, count))
        part = columns[g, :, : max(own.stop - own.start, 0)]
        put_runs(part, theta[own].T, rates[own], l2[own], options.bias)
    used = [g for g in range(groups) if g * width < count]
    move = _Columns(batch, problem.share, len(used), options.threads)
    columns = carry(move, rows.pieces(whole_batches(rows.block_rows, batch)), columns, threads=1)
    return np.concatenate([columns[g, : d + 1].T for g in used])[:count]


@dataclass(frozen=True)
class _Columns:
    """Moves descents, the columns of `used` arrays, along the rows of a block: an array on each thread."""

    batch: int
    share: float
    used: int
    threads: int | None

    def __call__(self, block: Block, columns: Floats) -> Floats:
        d = columns.shape[1] - 5

        def move(g: int) -> None:
            if d == 1 and self.batch == 1:
                kernels.runs.line_runs(block.x, block.y, block.weight, self.share, columns[g])
            else:
                advance(block.x.reshape(-1, d), block.y, block.weight, self.batch, self.share, columns[g])

        run(move, range(self.used), threads=self.threads)
        return columns


def _one_by_one(group: _Group, found: Found, fits: list[Fit | None], progress: Progress) -> None:
    """Fits of their own, one on each thread."""
    group.known.quadratic(group.options.bias)  # before threads would each make it

    def descend(k: int) -> Fit:
        return solve(group.data, group.settings_of(k), group.known)

    results = run(
        descend, range(len(group.members)), threads=group.data.shared_out(group.settings["threads"])[0], progress=progress,
        rows=lambda _: group.rows() // len(group.members),
    )  # fmt: skip
    for row, one in zip(group.members, results, strict=True):
        fits[row] = one
        found.w[row], found.b[row], found.cost[row] = one.w, one.b, one.cost
        found.status[row], found.epochs[row] = _STATUSES.index(one.status), one.epochs
        found.rate[row], found.limit[row] = one.learning_rate, one.max_learning_rate
