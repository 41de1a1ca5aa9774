"""Learning curves: what more rows are worth, from prefixes of every fold's training rows."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .blocks import Table
from .checks import Floats, whole
from .descent import Known, solve
from .folds import tables_of
from .judging import FoldJudge, Summaries, outcome_of, standard_errors
from .mapreduce import Progress, run
from .pilot import parts_of
from .quadratic import of_moments, of_table
from .results import Fit
from .runs import Runs
from .validation import asked

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class LearningCurve:
    """The result of `learning_curve`.

    Attributes: `sizes` (m,) of the training sets; `train_cost` and `validation_cost` (k, m) of each of k folds, infinite
    where a descent diverged.

    >>> import fastgd
    >>> x, y = fastgd.penguins()
    >>> curve = fastgd.learning_curve(x, y, standardize=True)
    >>> curve.sizes, curve.validation_mean.shape
    (array([  2,   4,   9,  17,  34,  68, 136, 273]), (8,))
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


def learning_curve(x: Any, y: Any = None, *, sizes: Any = 8, folds: Any = 5, **fit_options: Any) -> LearningCurve:
    """Fit on more and more of each fold's training rows, and judge every model by the fold's validation rows.

    Parameters
    ----------
    x : (n,) or (n, d) numbers; y : (n,) numbers, or None where x is a source, which brings its own.
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
    data, chosen, given = asked(x, y, folds, fit_options)
    pairs = [tables_of(chosen, data, i) for i in range(len(chosen))]
    wanted = _sizes(sizes, min(train.n for train, _ in pairs))
    alone = given | {"threads": data.shared_out(given["threads"])[1], "progress": False}
    train_cost, validation_cost = np.empty((2, len(pairs), len(wanted)))
    with Progress(given["progress"], sum(train.n for train, _ in pairs), "learning_curve") as shown:
        judge = FoldJudge(Summaries(data, chosen, given["threads"]), given)
        for i, (train, _) in enumerate(pairs):
            w, b, train_cost[i], lost = outcome_of(_grow(train, wanted, alone, given["threads"], shown))
            validation_cost[i] = np.where(lost, math.inf, judge.costs_of(i, w.reshape(len(b), -1), b))
    return LearningCurve(wanted, train_cost, validation_cost)


def _grow(
    train: Table, sizes: np.ndarray[Any, Any], given: dict[str, Any], threads: int | None, progress: Progress
) -> list[Fit]:
    """Fit to the first rows, as many as each of `sizes` says: one pass, for each is the one before and what was added."""
    prefixes = [train.ordered(Runs((0, int(size)))) for size in sizes]
    parts = parts_of(prefixes[-1], [0, *sizes.tolist()], threads=threads, progress=progress)
    grams = np.cumsum(parts.grams, axis=0)

    def descend(k: int) -> Fit:
        found = parts.moments(grams[k])
        quadratic = of_table(prefixes[k], threads=given["threads"]) if found is None else of_moments(found, train)
        return solve(prefixes[k], given, Known(prefixes[k], given["threads"], quadratic))

    return run(descend, range(len(sizes)), threads=train.shared_out(threads)[0])


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
