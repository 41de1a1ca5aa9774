"""Cross-validation: what a model costs on rows that it was not trained on.

On the squared loss one pass summarises every fold, and a training set is the sum of the other folds' summaries: prefixes and
suffixes are added, nothing is subtracted. A full-batch descent on it then costs nothing per row. Everything else is fitted
fold by fold, a fold on each thread.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .blocks import Table
from .checks import Floats
from .descent import Known, solve
from .door import table
from .folds import Folds, Made, Splits, folds_of, tables_of
from .grids import ARGUMENTS, check_names
from .judging import Curves, FoldJudge, Summaries, outcome_of, standard_errors
from .leaveout import RowJudge
from .mapreduce import Progress, run
from .options import Options, options_of, seed_of
from .results import ConvergenceWarning, DivergenceWarning, Fit, Status, falls_short

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class CrossValidation:
    """The result of `cross_validate`: for each of k folds a model of its training rows, judged by its validation rows.

    Attributes
    ----------
    w, b : (k,), or (k, d) for x (n, d), and (k,): the models' parameters, in the user's units.
    train_cost, validation_cost : (k,) mean losses, without the penalty; infinite where the descent diverged.
    fits : a sequence of k Fit, made when looked at where rows are left out one by one.
    loss : its name.

    >>> import fastgd
    >>> x, y = fastgd.penguins()
    >>> result = fastgd.cross_validate(x, y, folds=5, standardize=True)
    >>> result.validation_cost.shape, round(result.mean)
    ((5,), 173027)
    """

    w: Floats
    b: Floats
    train_cost: Floats
    validation_cost: Floats
    fits: Sequence[Fit]
    loss: str
    judge: "FoldJudge | RowJudge" = field(repr=False)

    def __len__(self) -> int:
        return len(self.b)

    @property
    def mean(self) -> float:
        """The mean of the folds' validation costs.

        >>> import fastgd
        >>> fastgd.cross_validate([1, 2, 3, 4], [1, 2, 3, 5], folds=2, standardize=True).mean
        1.5
        """
        return float(self.validation_cost.mean())

    @property
    def standard_error(self) -> float:
        """The standard error of that mean: the folds' standard deviation (k - 1) over the square root of k.

        >>> import fastgd
        >>> fastgd.cross_validate([1, 2, 3, 4], [1, 2, 3, 5], folds=2, standardize=True).standard_error
        1.0
        """
        return float(standard_errors(self.validation_cost[:, None])[0])

    @cached_property
    def rmse(self) -> Floats:
        """The root mean squared error on each fold's validation rows, (k,), in units of y."""
        return np.sqrt(self._squares)

    @cached_property
    def mae(self) -> Floats:
        """The mean absolute error on each fold's validation rows, (k,), in units of y. It takes a pass over the rows."""
        return np.where(np.isinf(self.validation_cost), np.inf, self.judge.absolutes(self))

    @property
    def _squares(self) -> Floats:
        """Mean squared errors, infinite where the descent diverged, as its cost is."""
        return np.where(np.isinf(self.validation_cost), np.inf, self.judge.squares(self))

    @cached_property
    def r2(self) -> Floats:
        """1 - squared error / variance of y on each fold's validation rows, (k,); NaN where y does not vary."""
        variance = self.judge.variances()
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(variance > 0.0, 1.0 - self._squares / variance, np.nan)

    @cached_property
    def at_minimum(self) -> Floats:
        """The validation cost of the exact minimum of each fold's objective, (k,): what descending for ever would lead to.

        NaN for other losses than the square.
        """
        return self.judge.at_minimum()

    @cached_property
    def curves(self) -> Curves:
        """Mean training and validation costs after every epoch; for other losses than the square it takes passes."""
        return self.judge.curves(self)

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the folds as columns; pandas.DataFrame takes them as they are.

        >>> import fastgd
        >>> list(fastgd.cross_validate([1, 2, 3, 4], [1, 2, 3, 5], folds=2, standardize=True).to_dict())
        ['w', 'b', 'train_cost', 'validation_cost', 'rmse', 'mae', 'r2']
        """
        return {
            "w": self.w.tolist() if self.w.ndim == 1 else list(self.w),
            "b": self.b.tolist(),
            "train_cost": self.train_cost.tolist(),
            "validation_cost": self.validation_cost.tolist(),
            "rmse": self.rmse.tolist(),
            "mae": self.mae.tolist(),
            "r2": self.r2.tolist(),
        }

    def plot(self, ax: "Axes | None" = None, kind: str = "folds") -> "Axes":
        """Draw each fold's costs ("folds"), or the mean costs epoch by epoch ("epochs"); returns the Axes."""
        from . import validationplots

        if kind == "folds":
            return validationplots.folds(self, ax)
        if kind == "epochs":
            return validationplots.epochs(self, ax)
        raise ValueError(f"kind is {kind!r}: it must be 'folds' or 'epochs'")

    def __repr__(self) -> str:
        lost = int(np.isinf(self.validation_cost).sum())
        error = f" +- {self.standard_error:.2g}" if math.isfinite(self.standard_error) else ""
        return (
            f"CrossValidation({len(self)} folds: validation cost {self.mean:.6g}{error}, training cost "
            f"{float(self.train_cost.mean()):.6g}{f'; {lost} diverged' if lost else ''})"
        )


def cross_validate(x: Any, y: Any = None, *, folds: Any = 5, **fit_options: Any) -> CrossValidation:
    """Fit on the training rows of every fold, and judge each model by the rows that it has not seen.

    Parameters
    ----------
    x : (n,) or (n, d) numbers; y : (n,) numbers, or None where x is a source, which brings its own.
    folds : a number of folds (consecutive rows), "loo" (leave one out), an iterable of pairs (train, test) of row numbers,
        such as `k_fold` and scikit-learn's splitters make them, or a splitter itself.
    fit_options : arguments of `fit`. `standardize` is learnt from each fold's training rows alone; `validation`, a fraction
        of the training rows, and `patience` never see a fold's validation rows. One seed serves all folds.

    Returns
    -------
    CrossValidation

    Raises
    ------
    ValueError, TypeError : naming the argument, the first offending row or fold and the rule.

    Warns
    -----
    DivergenceWarning, ConvergenceWarning : as `fit`, once for all folds.

    Examples
    --------
    >>> import fastgd
    >>> x, y = fastgd.penguins()
    >>> fastgd.cross_validate(x, y, folds="loo", standardize=True)
    CrossValidation(342 folds: validation cost 156285 +- 1.2e+04, training cost 154544)

    References
    ----------
    Hastie, Tibshirani and Friedman, "The Elements of Statistical Learning", 2009, section 7.10.
    """
    data, chosen, given = asked(x, y, folds, fit_options)
    with Progress(given["progress"], data.rows, "cross_validate") as shown:
        result = judged(data, chosen, given, shown)
    warn(result, given["learning_rate"] == "auto")
    return result


def asked(x: Any, y: Any, folds: Any, options: dict[str, Any]) -> tuple[Table, Splits, dict[str, Any]]:
    """The table, the folds and all arguments of `fit`, checked, with one seed for all folds."""
    check_names(options)
    given = ARGUMENTS | options
    data = table(x, y, given["sample_weight"])
    chosen = folds_of(folds, x, data)
    return data, chosen, given | {"seed": seed_of(given["seed"])}


def judged(
    data: Table, folds: Splits, given: dict[str, Any], progress: Progress, known: Known | None = None
) -> CrossValidation:  # fmt: skip
    """Do what `cross_validate` was asked to do with a table, without a warning."""
    if isinstance(folds, Folds) and folds.leaves_one_out:
        options = options_of(data.n - 1, given["loss"], given)
        if options.moments and options.plain and options.tol is None and given["validation"] is None:
            return _left_out(data, folds, given, options, known or Known(data, given["threads"]), progress)
    return _fold_by_fold(data, folds, given, progress)


def warn(result: CrossValidation, auto: bool) -> None:
    """Warn once of folds that diverged, or that an automatic rate did not bring far."""
    lost = np.flatnonzero(np.isinf(result.validation_cost))
    if len(lost):
        said = "; ".join(result.fits[int(lost[0])].sentences(short=True))
        warnings.warn(f"{len(lost)} of {len(result)} folds diverged; fold {lost[0]} {said}", DivergenceWarning, stacklevel=3)
    elif auto and result.loss == "squared":
        fits = result.fits
        if isinstance(result.judge, RowJudge):
            # Models that leave one row out differ by little: where costs are suspicious, the first speaks for all.
            fits = fits[:1] if result.train_cost.mean() > 1.005 * result.judge.least else []
        slow = [i for i, one in enumerate(fits) if one.epochs > 0 and one.status is Status.MAX_EPOCHS and falls_short(one)]
        if slow:
            said = result.fits[slow[0]].explain()
            warnings.warn(
                f"{len(slow)} of {len(fits)} folds looked at ended far from the minimum; fold {slow[0]} {said}",
                ConvergenceWarning, stacklevel=3,
            )  # fmt: skip


def _fold_by_fold(data: Table, folds: Splits, given: dict[str, Any], progress: Progress) -> CrossValidation:
    judge = FoldJudge(Summaries(data, folds, given["threads"], progress), given)
    tasks, each = data.shared_out(given["threads"])
    train, alone = judge.summaries.train, given | {"threads": each, "progress": False}

    def descend_on(i: int) -> Fit:
        rows = tables_of(folds, data, i)[0]
        return solve(rows, alone, Known(rows, each, train[i]))

    fits = tuple(run(descend_on, range(len(folds)), threads=tasks))
    w, b, costs, lost = outcome_of(fits)
    return CrossValidation(w, b, costs, np.where(lost, math.inf, judge.costs(w, b)), fits, given["loss"], judge)


def _left_out(
    data: Table, folds: Folds, given: dict[str, Any], options: Options, known: Known, progress: Progress
) -> CrossValidation:  # fmt: skip
    """All n descents without a row, at once; the few that cannot be had so are run one by one."""
    progress.total = 2 * data.n  # the rows are walked twice
    judge = RowJudge(data, folds, given, options, known, progress)
    found, special = judge.descend(progress)
    train, error = found.train, found.error
    train[found.lost] = error[found.lost] = math.inf
    w = found.w[:, 0].copy() if data.flat else found.w
    fits = LazyFits(judge)
    for row in special:
        one = fits[row]
        w[row], found.b[row], train[row] = one.w, one.b, one.cost
        error[row] = judge.error(row, one.w, one.b)
        if one.status is Status.DIVERGED:
            train[row] = error[row] = math.inf
    return CrossValidation(w, found.b, train, error**2, fits, "squared", judge)


class LazyFits(Made[Fit]):
    """Fits that are made when they are looked at."""

    def __init__(self, judge: RowJudge) -> None:
        self.judge = judge

    def __len__(self) -> int:
        return self.judge.data.n

    def make(self, i: int) -> Fit:
        """The fit of fold i."""
        return self.judge.fit(i)

    def __repr__(self) -> str:
        return f"<{len(self)} fits, made when looked at>"
