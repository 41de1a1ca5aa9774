"""What folds leave to be judged: a summary of each, the costs of models on rows that they have not seen, and means."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .blocks import Floats, Table
from .folds import Folds, Pair, partition, tables_of
from .mapreduce import Progress
from .objective import LOSSES, cost_sums, loss_code
from .pilot import Parts, parts_of
from .quadratic import QuadraticCost, of_moments, of_table


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
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(values.std(axis=0, ddof=1) / math.sqrt(k))


def in_use(quadratic: QuadraticCost, given: dict[str, Any]) -> tuple[QuadraticCost, Floats, Floats]:
    """A squared loss in the coordinates of a descent, with their shift and scale."""
    quadratic = replace(quadratic, bias=bool(given["bias"]))
    if given["standardize"]:
        return quadratic.standardized()
    return quadratic, np.zeros(quadratic.d), np.ones(quadratic.d)


class Summaries:
    """The squared loss of every fold's training rows and of its validation rows."""

    def __init__(
        self, data: Table, folds: "Folds | list[Pair]", threads: int | None = None, progress: Progress | None = None
    ) -> None:
        self.data, self.folds, self.threads = data, folds, threads
        cut = partition(folds, data.n)
        if cut is None:
            pairs = [tables_of(folds, data, i) for i in range(len(folds))]
            found = [
                [self._alone(rows, i, name) for rows, name in zip(pair, ROLES, strict=True)] for i, pair in enumerate(pairs)
            ]
            self.train, self.test = [pair[0] for pair in found], [pair[1] for pair in found]
            self.all: QuadraticCost | None = None
            return
        order, edges = cut
        parts = parts_of(data.ordered(order), edges.tolist(), threads=threads, progress=progress)
        whole = parts.grams.sum(axis=0)
        self.all = of_moments(parts.moments(whole), data) if parts.keeps_digits(whole) else None
        self.test = [self._of(parts, gram, i, 1) for i, gram in enumerate(parts.grams)]
        self.train = [self._of(parts, gram, i, 0) for i, gram in enumerate(_others(parts.grams))]

    @classmethod
    def of_tests(cls, data: Table, folds: "Folds | list[Pair]", threads: int | None = None) -> "Summaries":
        """Summarise validation rows alone."""
        made = object.__new__(cls)
        made.data, made.folds, made.threads, made.all, made.train = data, folds, threads, None, []
        made.test = [made._alone(tables_of(folds, data, i)[1], i, ROLES[1]) for i in range(len(folds))]
        return made

    def _of(self, parts: Parts, gram: Floats, i: int, role: int) -> QuadraticCost:
        if parts.keeps_digits(gram):
            return of_moments(parts.moments(gram), self.data)
        return self._alone(tables_of(self.folds, self.data, i)[role], i, ROLES[role])

    def _alone(self, rows: Table, i: int, role: str) -> QuadraticCost:
        """The summary of some rows about a pilot of their own."""
        try:
            return of_table(rows, threads=self.threads)
        except ValueError as error:
            if "every row" not in str(error):
                raise
            raise ValueError(
                f"fold {i}: sample_weight is 0 in every row {role}: at least one must weigh more than 0"
            ) from None


ROLES = ("to train on", "to test")


def _others(grams: Floats) -> Floats:
    """For each of k summaries the sum of all others: those before it and those behind it, so that nothing is subtracted."""
    none = np.zeros_like(grams[:1])
    before = np.cumsum(np.concatenate([none, grams[:-1]]), axis=0)
    behind = np.cumsum(np.concatenate([none, grams[:0:-1]]), axis=0)[::-1]
    return np.asarray(before + behind)


class FoldJudge:
    """Judges models by the validation rows of their folds."""

    def __init__(self, data: Table, folds: "Folds | list[Pair]", summaries: Summaries, given: dict[str, Any]) -> None:
        self.data, self.folds, self.summaries, self.given = data, folds, summaries, given
        self.code, self.delta = loss_code(given["loss"], given["delta"])

    def costs(self, w: Floats, b: Floats) -> Floats:
        """The mean loss on each fold's validation rows of its model, w (k,) or (k, d) and b (k,)."""
        if self.code == LOSSES["squared"]:
            return self._squares(w, b)
        return self._walk(w, b, self.code, self.delta)

    def costs_of(self, i: int, w: Floats, b: Floats) -> Floats:
        """The mean losses on the validation rows of fold i of several models, w (m, d) and b (m,)."""
        if self.code == LOSSES["squared"]:
            return self.summaries.test[i].along(w, b)
        return np.array([self._walk_fold(i, w[t], float(b[t]), self.code, self.delta) for t in range(len(b))])

    def squares(self, result: Any) -> Floats:
        """The mean squared errors on validation rows."""
        return self._squares(result.w, result.b)

    def absolutes(self, result: Any) -> Floats:
        """The mean absolute errors on validation rows."""
        return self._walk(result.w, result.b, LOSSES["absolute"], 1.0)

    def variances(self) -> Floats:
        """The variance of y in validation rows; 0 where it is nothing but rounding."""
        sizes = [(one.variance_y, one.mean_square_y) for one in self.summaries.test]
        return np.array([0.0 if spread <= 1e-30 * size else spread for spread, size in sizes])

    def at_minimum(self) -> Floats:
        """The mean squared errors on validation rows of the exact minima."""
        if self.code != LOSSES["squared"]:
            return np.full(len(self.folds), math.nan)
        ws, bs = [], []
        for train in self.summaries.train:
            quadratic, shift, scale = in_use(train, self.given)
            lowest = quadratic.solve(float(self.given["l2"]))
            ws.append(lowest.w / scale)
            bs.append(lowest.b - float(ws[-1] @ shift))
        return self._squares(np.array(ws), np.array(bs))

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

    def _squares(self, w: Floats, b: Floats) -> Floats:
        return np.array(
            [one.mse_at(w[i].reshape(-1), float(b[i])) for i, one in enumerate(self.summaries.test)], dtype=np.float64
        )

    def _walk(self, w: Floats, b: Floats, code: int, delta: float) -> Floats:
        return np.array([self._walk_fold(i, w[i].reshape(-1), float(b[i]), code, delta) for i in range(len(b))])

    def _walk_fold(self, i: int, w: Floats, b: float, code: int, delta: float) -> float:
        rows = tables_of(self.folds, self.data, i)[1]
        total, count = cost_sums(rows, w, b, code, delta, threads=self.given["threads"])
        return total / count
