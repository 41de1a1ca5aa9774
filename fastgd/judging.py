"""What folds leave to be judged: a summary of each, the costs of models on rows that they have not seen, and means."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from .blocks import Table
from .checks import Floats
from .folds import Splits, partition, tables_of
from .mapreduce import Progress
from .objective import LOSSES, cost_sums, loss_code
from .pilot import Parts, parts_of
from .quadratic import QuadraticCost, of_moments, of_table
from .results import Fit, Status


@dataclass(frozen=True)
class Curves:
    """Means over folds after every epoch, with their standard errors, (epochs + 1,) each; row 0 is before the first update.

    A fold whose descent ended early stays as it ended.
    """

    epoch: np.ndarray[Any, Any]
    train_cost: Floats
    train_error: Floats
    validation_cost: Floats
    validation_error: Floats

    @property
    def best_epoch(self) -> int:
        """The epoch with the least mean validation cost: where to stop early."""
        finite = np.where(np.isfinite(self.validation_cost), self.validation_cost, np.inf)
        return int(self.epoch[np.argmin(finite)])


def standard_errors(values: Floats) -> Floats:
    """The standard errors of the means of columns (k, m); NaN for one row."""
    k = len(values)
    if k < 2:
        return np.full(values.shape[1], math.nan)
    # By a power of two, which rounds nothing, so that squares of large costs do not overflow.
    largest = values[np.isfinite(values)].max(initial=0.0)
    scale = math.ldexp(1.0, math.frexp(largest)[1]) if largest > 1e150 else 1.0
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray((values / scale).std(axis=0, ddof=1) / math.sqrt(k) * scale)


def in_use(quadratic: QuadraticCost, given: dict[str, Any]) -> tuple[QuadraticCost, Floats, Floats]:
    """A squared loss in the coordinates of a descent, with their shift and scale."""
    quadratic = replace(quadratic, bias=bool(given["bias"]))
    if given["standardize"]:
        return quadratic.standardized()
    return quadratic, np.zeros(quadratic.d), np.ones(quadratic.d)


ROLES = ("to train on", "to test")


def weightless(i: int, role: int) -> ValueError:
    """The error of a fold all of whose rows of a role weigh nothing."""
    return ValueError(f"fold {i}: sample_weight is 0 in every row {ROLES[role]}: at least one must weigh more than 0")


def minimum_of(quadratic: QuadraticCost, given: dict[str, Any]) -> tuple[Floats, float]:
    """The exact minimum that a descent on these rows would come to: w (d,) and b, in the user's units."""
    quadratic, shift, scale = in_use(quadratic, given)
    lowest = quadratic.solve(float(given["l2"]))
    w = lowest.w / scale
    return w, lowest.b - float(w @ shift)


class Summaries:
    """The squared loss of every fold's training rows and of its validation rows, from one pass where that is possible."""

    def __init__(self, data: Table, folds: Splits, threads: int | None = None, progress: Progress | None = None) -> None:
        self.data, self.folds, self.threads = data, folds, threads
        cut = partition(folds, data.n)
        self._parts: Parts | None = None
        if cut is not None:
            order, edges = cut
            self._parts = parts_of(data.ordered(order), edges.tolist(), threads=threads, progress=progress)

    @cached_property
    def test(self) -> list[QuadraticCost]:
        """Of the validation rows."""
        return self._of(1, None if self._parts is None else self._parts.grams)

    @cached_property
    def train(self) -> list[QuadraticCost]:
        """Of the training rows."""
        return self._of(0, None if self._parts is None else _others(self._parts.grams))

    @property
    def all(self) -> QuadraticCost | None:
        """Of all rows, where the folds' pass has found it."""
        found = None if self._parts is None else self._parts.moments(self._parts.grams.sum(axis=0))
        return None if found is None else of_moments(found, self.data)

    def _of(self, role: int, grams: Floats | None) -> list[QuadraticCost]:
        made = []
        for i in range(len(self.folds)):
            found = self._parts.moments(grams[i]) if self._parts is not None and grams is not None else None
            made.append(self._alone(i, role) if found is None else of_moments(found, self.data))
        return made

    def _alone(self, i: int, role: int) -> QuadraticCost:
        """The summary of a fold's rows about a pilot of their own."""
        try:
            return of_table(tables_of(self.folds, self.data, i)[role], threads=self.threads)
        except ValueError as error:
            if "every row" not in str(error):
                raise
            raise weightless(i, role) from None


def _others(grams: Floats) -> Floats:
    """For each of k summaries the sum of all others: those before it and those behind it, so that nothing is subtracted."""
    none = np.zeros_like(grams[:1])
    before = np.cumsum(np.concatenate([none, grams[:-1]]), axis=0)
    behind = np.cumsum(np.concatenate([none, grams[:0:-1]]), axis=0)[::-1]
    return np.asarray(before + behind)


class FoldJudge:
    """Judges models by the validation rows of their folds."""

    def __init__(self, summaries: Summaries, given: dict[str, Any]) -> None:
        self.data, self.folds, self.summaries, self.given = summaries.data, summaries.folds, summaries, given
        self.code, self.delta = loss_code(given["loss"], given["delta"])

    def costs(self, w: Floats, b: Floats) -> Floats:
        """The mean loss on each fold's validation rows of its model, w (k,) or (k, d) and b (k,)."""
        return self._fold_by_fold(w, b, self.code)

    def costs_of(self, i: int, w: Floats, b: Floats) -> Floats:
        """The mean losses on the validation rows of fold i of several models, w (m, d) and b (m,)."""
        if self.code == LOSSES["squared"]:
            return self.summaries.test[i].along(w, b)
        return np.array([self._cost(i, w[t], float(b[t]), self.code) for t in range(len(b))])

    def squares(self, result: Any) -> Floats:
        """The mean squared errors on validation rows."""
        return self._fold_by_fold(result.w, result.b, LOSSES["squared"])

    def absolutes(self, result: Any) -> Floats:
        """The mean absolute errors on validation rows."""
        return self._fold_by_fold(result.w, result.b, LOSSES["absolute"])

    def variances(self) -> Floats:
        """The variance of y in validation rows."""
        return np.array([one.variance_y for one in self.summaries.test])

    def at_minimum(self) -> Floats:
        """The mean squared errors on validation rows of the exact minima."""
        if self.code != LOSSES["squared"]:
            return np.full(len(self.folds), math.nan)
        found = [minimum_of(train, self.given) for train in self.summaries.train]
        w, b = (np.array(values) for values in zip(*found, strict=True))
        return self._fold_by_fold(w, b, LOSSES["squared"])

    def curves(self, result: Any) -> Curves:
        """Means over folds, epoch by epoch."""
        if self.given["record"] != "epoch":
            raise ValueError(f"record is {self.given['record']!r}: there are curves where it is 'epoch'")
        histories = [one.history for one in result.fits if one.history is not None]
        epochs = max(len(history) for history in histories)
        train, found = np.empty((len(histories), epochs)), np.empty((len(histories), epochs))
        for i, history in enumerate(histories):
            w, b = history.w.reshape(len(history), -1), history.b
            costs = self.costs_of(i, w, b)
            for out, values in ((train, history.cost), (found, costs)):
                out[i, : len(b)], out[i, len(b) :] = values, values[-1]
        with np.errstate(invalid="ignore", over="ignore"):
            return Curves(
                np.arange(epochs), train.mean(axis=0), standard_errors(train), found.mean(axis=0), standard_errors(found)
            )

    def _fold_by_fold(self, w: Floats, b: Floats, code: int) -> Floats:
        return np.array([self._cost(i, w[i].reshape(-1), float(b[i]), code) for i in range(len(b))])

    def _cost(self, i: int, w: Floats, b: float, code: int) -> float:
        if code == LOSSES["squared"]:
            return self.summaries.test[i].mse_at(w, b)
        rows = tables_of(self.folds, self.data, i)[1]
        total, count = cost_sums(rows, w, b, code, self.delta, threads=self.given["threads"])
        return total / count


def outcome_of(fits: Sequence[Fit]) -> tuple[Floats, Floats, Floats, np.ndarray[Any, Any]]:
    """What fits left: w (k,) or (k, d), b (k,), their costs, infinite where they diverged, and whether they did."""
    w, b = np.array([one.w for one in fits]), np.array([one.b for one in fits])
    lost = np.array([one.status is Status.DIVERGED for one in fits])
    return w, b, np.where(lost, math.inf, [one.cost for one in fits]), lost
