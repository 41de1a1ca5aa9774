"""Learning curves: what more rows are worth, from prefixes of every fold's training rows."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .blocks import Floats, Runs, Table, table, whole
from .descent import Known, solve
from .folds import folds_of, tables_of
from .grids import ARGUMENTS, check_names
from .judging import FoldJudge, Summaries, standard_errors
from .mapreduce import Progress, run
from .options import seed_of
from .pilot import parts_of
from .quadratic import of_moments, of_table
from .results import Fit, Status

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class LearningCurve:
    """The result of `learning_curve`.

    Attributes: `sizes` (m,) of the training sets; `train_cost` and `validation_cost` (k, m) of each of k folds, infinite
    where a descent diverged.
    """

    sizes: np.ndarray[Any, Any]
    train_cost: Floats
    validation_cost: Floats

    @property
    def train_mean(self) -> Floats:
        """The mean training cost of each size, (m,)."""
        return np.asarray(self.train_cost.mean(axis=0))

    @property
    def train_error(self) -> Floats:
        """The standard error of that mean, (m,)."""
        return standard_errors(self.train_cost)

    @property
    def validation_mean(self) -> Floats:
        """The mean validation cost of each size, (m,)."""
        return np.asarray(self.validation_cost.mean(axis=0))

    @property
    def validation_error(self) -> Floats:
        """The standard error of that mean, (m,)."""
        return standard_errors(self.validation_cost)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw mean training and validation costs against the size of the training set; returns the Axes."""
        from . import validationplots

        return validationplots.learning(self, ax)

    def __repr__(self) -> str:
        k, m = self.train_cost.shape
        return (
            f"LearningCurve({m} sizes from {self.sizes[0]} to {self.sizes[-1]} rows, {k} folds: validation cost "
            f"{self.validation_mean[0]:.6g} to {self.validation_mean[-1]:.6g})"
        )


def learning_curve(x: Any, y: Any, *, sizes: Any = 8, folds: Any = 5, **fit_options: Any) -> LearningCurve:
    """Fit on more and more of each fold's training rows, and judge every model by the fold's validation rows.

    Parameters
    ----------
    x : (n,) or (n, d) numbers; y : (n,) numbers.
    sizes : how many sizes, each half of the next, the last all training rows of the smallest fold; or an ascending sequence
        of counts, or of fractions of that (above 0, up to 1). A smaller training set is the beginning of a larger one.
    folds, fit_options : as for `cross_validate`. Where rows are sorted use shuffled folds.

    Returns
    -------
    LearningCurve

    Raises
    ------
    ValueError, TypeError : naming the argument, the first offending row, fold or entry and the rule.

    Examples
    --------
    >>> import fastgd
    >>> x, y = fastgd.make_linear(10_000, seed=0)
    >>> found = fastgd.learning_curve(x, y, sizes=[10, 100, 1000], learning_rate=0.3)
    >>> bool(found.validation_mean[0] > found.validation_mean[-1])
    True

    References
    ----------
    Hastie, Tibshirani and Friedman, "The Elements of Statistical Learning", 2009, section 7.10.1.
    """
    check_names(fit_options)
    given = ARGUMENTS | fit_options
    data = table(x, y, given["sample_weight"])
    chosen = folds_of(folds, x, data)
    given["seed"] = seed_of(given["seed"])
    pairs = [tables_of(chosen, data, i) for i in range(len(chosen))]
    wanted = _sizes(sizes, min(train.n for train, _ in pairs))
    alone = given | {"threads": 1, "progress": False}
    train_cost, validation_cost = np.empty((2, len(pairs), len(wanted)))
    with Progress(given["progress"], sum(train.n for train, _ in pairs), "learning_curve") as shown:
        judge = FoldJudge(data, chosen, Summaries.of_tests(data, chosen, given["threads"]), given)
        for i, (train, _) in enumerate(pairs):
            fits = _grow(train, wanted, alone, given["threads"], shown)
            w, b = np.array([np.reshape(one.w, -1) for one in fits]), np.array([one.b for one in fits])
            lost = np.array([one.status is Status.DIVERGED for one in fits])
            train_cost[i] = np.where(lost, math.inf, [one.cost for one in fits])
            validation_cost[i] = np.where(lost, math.inf, judge.costs_of(i, w, b))
    return LearningCurve(wanted, train_cost, validation_cost)


def _grow(
    train: Table, sizes: np.ndarray[Any, Any], given: dict[str, Any], threads: int | None, progress: Progress
) -> list[Fit]:
    """Fit to the first rows, as many as each of `sizes` says: one pass, for each is the one before and what was added."""
    prefixes = [train.ordered(Runs((0, int(size)))) for size in sizes]
    parts = parts_of(prefixes[-1], [0, *sizes.tolist()], threads=threads, progress=progress)
    grams = np.cumsum(parts.grams, axis=0)

    def descend(k: int) -> Fit:
        known = Known(prefixes[k], 1)
        if parts.keeps_digits(grams[k]):
            known.quadratics[True] = of_moments(parts.moments(grams[k]), train)
        else:
            known.quadratics[True] = of_table(prefixes[k], threads=1)
        return solve(prefixes[k], given, known)

    return run(descend, range(len(sizes)), threads=threads)


def _sizes(sizes: Any, n: int) -> np.ndarray[Any, Any]:
    """The sizes of training sets, at most n rows, ascending."""
    if not hasattr(sizes, "__iter__"):
        halves = n / 2.0 ** np.arange(whole(sizes, "sizes", 1) - 1, -1, -1)
        return np.unique(np.maximum(np.rint(halves).astype(np.int64), 1))
    values = np.asarray(list(sizes))
    if values.ndim != 1 or not len(values) or values.dtype.kind not in "iuf":
        raise ValueError(f"sizes is {sizes!r}: it must be a number of sizes, or a sequence of counts or of fractions")
    if values.dtype.kind == "f":
        if not ((values > 0.0) & (values <= 1.0)).all():
            raise ValueError(
                f"sizes are {', '.join(f'{value:g}' for value in values)}: fractions must be above 0 and up to 1"
            )
        values = np.maximum(np.rint(values * n), 1.0)
    counts = values.astype(np.int64)
    if counts[0] < 1 or counts[-1] > n:
        raise ValueError(f"sizes are from {counts.min()} to {counts.max()}: training sets have from 1 to {n} rows")
    if (np.diff(counts) <= 0).any():
        raise ValueError(f"sizes are {', '.join(map(str, counts.tolist()))}: they must ascend")
    return counts
