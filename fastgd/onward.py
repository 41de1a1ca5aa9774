"""A descent that goes on over other rows: an epoch at a time, from where it stands, with all that the next one depends on.

What a whole run would know before it starts is learnt from the first rows and kept: the "auto" rate, the standardisation.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .blocks import Table
from .checks import Floats, whole
from .descent import prepare, report, start_of
from .ends import FAR
from .epochs import Walk
from .mapreduce import Progress
from .objective import LOSSES
from .options import Options, options_of, rate_of
from .results import Fit
from .verdicts import limit_of_batches
from .walks import Path, Problem

_NEVER = 1 << 62


@dataclass(frozen=True)
class Standing:
    """Where a descent stands.

    `theta` (d + 1,) and `mean`, which averages it after update `begin`, are in the coordinates (x - shift) / scale; `memory`
    (2, d + 1) is the optimizer's; `epochs` and `updates` are those made, `first_cost` was the cost before them, and
    `useless` the largest cost of a useless model on any rows so far.
    """

    theta: Floats
    rate: float
    shift: Floats
    scale: Floats
    memory: Floats
    mean: Floats
    first_cost: float
    epochs: int = 0
    updates: int = 0
    begin: int = _NEVER
    useless: float = 0.0


def standing_of(fit: Fit, problem: Problem) -> Standing:
    """Where a fit ended: the optimizer's memory and the mean begin anew, epochs and updates are counted on."""
    w = np.atleast_1d(fit.w) * problem.scale
    theta = np.append(w, fit.b + float(np.atleast_1d(fit.w) @ problem.shift))
    rows = problem.data.n
    return Standing(
        theta, problem.rate, problem.shift, problem.scale, np.zeros((2, len(theta))), np.zeros(len(theta)),
        np.nan if fit.history is None else float(fit.history.cost[0]), fit.epochs,
        fit.epochs * -(-rows // (problem.options.batch_size or rows)), useless=problem.measure.size,
    )  # fmt: skip


def go_on(data: Table, given: dict[str, Any], standing: Standing | None) -> tuple[Fit, Standing]:
    """Walk the rows of a table once, from where a descent stands, by the arguments of `fit`.

    `tol`, `validation`, `patience` and `record=k` are a run's and are not looked at. A batch has `batch_size` rows, or all
    of them where there are fewer. The schedule is in the epoch that is next; after `epochs` of them it stays in the last.
    """
    options = _options(data, given, standing)
    rate = rate_of(given["learning_rate"], given["loss"], options.optimizer)
    if rate is None and standing is not None:
        rate = standing.rate
    with Progress(given["progress"], 2 * data.n, "partial_fit") as shown:
        scaling = None if standing is None else (standing.shift, standing.scale)
        problem = prepare(data, None, options, rate, given["standardize"], shown, scaling=scaling)
        if standing is None:
            standing = _beginning(problem, *start_of(given["w0"], given["b0"], data))
        if options.average is not None and standing.begin == _NEVER:
            reached = standing.epochs >= int(options.average * int(given["epochs"]))
            standing = replace(standing, begin=standing.updates if reached else _NEVER)
        walk = Walk(problem, standing.theta.copy(), shown)
        walk.state.memory, walk.state.mean, walk.begin = standing.memory.copy(), standing.mean.copy(), standing.begin
        walk.state.clock[0] = walk.updates = standing.updates
        before = walk.stand()
        walk.run(0 if options.shuffle == "once" else standing.epochs, problem.rate * float(options.factors[0]))
        after = walk.stand()
    rows = np.array([before.theta, after.theta])
    costs = np.full(2, np.nan)
    whole_rows = np.isfinite(rows).all(axis=1)
    if options.record:
        costs[whole_rows] = [float(problem.costs(row[None])[0]) for row in rows[whole_rows]]
    # One epoch, as far as the rates are concerned; the result counts them all.
    path = Path(rows, costs, np.array([0, 1]), np.array([before.updates, after.updates]), None, 1, False)
    first = float(costs[0] if np.isnan(standing.first_cost) else standing.first_cost)
    useless = float(np.fmax(standing.useless, problem.measure.size))
    fit = report(
        problem, path, data, given["loss"], options.record and _has_diverged(problem, costs[1], max(first, useless))
    )
    epochs = standing.epochs + 1
    history = fit.history and replace(fit.history, epoch=np.array([epochs - 1, epochs]))
    fit = replace(fit, epochs=epochs, history=history, undetermined="")  # a call has few rows
    moved = replace(
        standing, theta=walk.state.theta, memory=walk.state.memory, mean=walk.state.mean, rate=problem.rate, epochs=epochs,
        updates=walk.updates, first_cost=first, useless=useless,
    )  # fmt: skip
    # What is lost is lost: it goes on, if it is to go on, from the last numbers that were finite.
    return fit, moved if whole_rows[1] else standing


def _has_diverged(problem: Problem, cost: float, level: float) -> bool:
    """Whether a descent has diverged whose cost on these rows is given: `level` is what it began with, or what a useless
    model costs, on these rows or any before them.

    A few rows have costs and limits of their own that say nothing of those to come: less than the level is never judged,
    and no limit is taken from fewer rows than there are parameters.
    """
    options, rows, batch = problem.options, problem.data, problem.options.batch_size
    known = options.code == LOSSES["squared"] and options.optimizer.name == "plain" and rows.n > rows.d + 1
    if cost > FAR * level or not cost > level or not known or (batch is not None and options.shuffle != "each"):
        return cost > FAR * level
    limit = problem.max_rate if batch is None else limit_of_batches(problem)
    return problem.rate * float(options.factors[0]) > limit


def _options(data: Table, given: dict[str, Any], standing: Standing | None) -> Options:
    """The options of the one epoch that is next."""
    batch = given["batch_size"]
    settings = given | {
        "batch_size": batch if batch is None else min(whole(batch, "batch_size", 1), data.n),
        "record": None if given["record"] is None else "epoch",
        "tol": None,
        "validation": None,
        "patience": None,
    }
    options = options_of(data, given["loss"], settings)
    factors = options.factors if len(options.factors) else np.ones(1)
    place = min(0 if standing is None else standing.epochs, len(factors) - 1)
    return replace(options, epochs=1, factors=factors[place : place + 1], moments=False)


def _beginning(problem: Problem, w: Floats, b: float) -> Standing:
    theta = np.append(w * problem.scale, b + float(w @ problem.shift))
    return Standing(
        theta, problem.rate, problem.shift, problem.scale, np.zeros((2, len(theta))), np.zeros(len(theta)), np.nan
    )
