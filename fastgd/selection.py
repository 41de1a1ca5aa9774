"""Choose hyper-parameters by cross-validation: every combination on every fold, and the winner fitted to all rows.

Full-batch descents on the squared loss, over any grid of rates, epochs and penalties, are followed along the Hessians'
eigenvectors for all folds at once (kernels/paths.py): the cost after every number of epochs is read off one path, and a cell
of the grid costs a nanosecond or two, however many rows there are.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from . import kernels
from .checks import Floats, at_least_zero, one_of, truth, whole
from .descent import Known, rows_to_judge_by, solve, start_of, warn
from .door import table
from .ends import CEILING
from .folds import Folds, Splits, folds_of, tables_of
from .grids import ARGUMENTS, lists_of, numbers, places_of
from .judging import FoldJudge, Summaries, in_use, standard_errors
from .many import groups_of, run_groups
from .mapreduce import Progress, run
from .objective import cost_sums, loss_code
from .options import Options, options_of, rate_of, seed_of
from .quadratic import QuadraticCost
from .results import Fit
from .validation import judged

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIDE_BY_SIDE = 128
"""Rates of a piece of work: what they need of ten folds, 40 kB at d = 1, stays in the cache."""

_TOGETHER = 64
"""Penalties of a piece of work, at the most."""

_CLOSED = ("l2", "epochs", "learning_rate")
"""The axes of a grid that is followed in closed form."""

_EVEN = 1e-12


@dataclass(frozen=True, repr=False)
class Selection:
    """The result of `select`.

    Attributes
    ----------
    best : the chosen combination, a dict of the grid's keys. fit : the Fit of it to all rows.
    test_cost : its mean loss on the test data, NaN where none were given.
    grid : a list of values for each key. validation_cost : the mean over folds of every combination, an array with an axis
        for each key (one in all if they were paired); infinite where a descent diverged in some fold.
    standard_error : of those means, of the same shape. place : where in it the chosen combination is.
    rule : "best" or "one_se". folds : how many. seed : of folds and shuffles.

    >>> import fastgd
    >>> x, y = fastgd.penguins()
    >>> chosen = fastgd.select(x, y, {"l2": [0.0, 0.1, 1.0]}, folds=5, standardize=True)
    >>> chosen.best, len(chosen.table)
    ({'l2': 0.0}, 3)
    """

    best: dict[str, Any]
    fit: Fit
    test_cost: float
    grid: dict[str, list[Any]]
    validation_cost: Floats
    errors: Callable[[], Floats] = field(repr=False)
    place: tuple[int, ...]
    rule: str
    folds: int
    seed: int
    paired: bool = False

    @cached_property
    def standard_error(self) -> Floats:
        """The standard errors of the means over folds; NaN where there is one fold."""
        return self.errors().reshape(self.validation_cost.shape)

    @property
    def lowest(self) -> tuple[int, ...]:
        """Where the least mean validation cost is.

        >>> import fastgd
        >>> x, y = fastgd.penguins()
        >>> fastgd.select(x, y, {"l2": [0.0, 0.1, 1.0]}, folds=5, standardize=True).lowest
        (0,)
        """
        return tuple(int(i) for i in np.unravel_index(int(np.argmin(self.validation_cost)), self.validation_cost.shape))

    @cached_property
    def table(self) -> dict[str, list[Any]]:
        """All combinations as columns: the grid's keys, validation_cost and standard_error; a DataFrame takes them."""
        if self.paired:
            columns = {name: list(values) for name, values in self.grid.items()}
        else:
            rows = zip(*itertools.product(*self.grid.values()), strict=True)
            columns = {name: list(column) for name, column in zip(self.grid, rows, strict=True)}
        return columns | {
            "validation_cost": self.validation_cost.ravel().tolist(),
            "standard_error": self.standard_error.ravel().tolist(),
        }

    def plot(self, ax: "Axes | None" = None, kind: str | None = None, key: str | None = None) -> "Axes":
        """Draw the validation cost against one key ("curve") or over two ("heat"), others at their best; returns the Axes.

        kind None is "heat" where two keys vary, else "curve". key : of the curve, the first that varies if None.
        """
        from . import validationplots

        varying = [name for name, values in self.grid.items() if len(values) > 1]
        if kind is None:
            kind = "heat" if len(varying) == 2 and not self.paired and key is None else "curve"
        if kind == "heat":
            if len(varying) < 2 or self.paired:
                raise ValueError(f"kind is 'heat': it needs two keys that vary, and {len(varying)} do; use 'curve'")
            return validationplots.heat(self, varying[0], varying[1], ax)
        if kind == "curve":
            name = (varying or list(self.grid))[0] if key is None else key
            if name not in self.grid:
                raise ValueError(f"key is {name!r}: it must be one of {', '.join(map(repr, self.grid))}")
            return validationplots.curve(self, name, ax)
        raise ValueError(f"kind is {kind!r}: it must be 'curve', 'heat' or None")

    def __repr__(self) -> str:
        plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in self.best.items()}
        best = ", ".join(
            f"{name}={value:.6g}" if isinstance(value, float) else f"{name}={value!r}" for name, value in plain.items()
        )
        error = float(self.standard_error[self.place])
        said = f"validation cost {self.validation_cost[self.place]:.6g}" + (f" +- {error:.2g}" if error == error else "")
        test = "" if math.isnan(self.test_cost) else f"; test cost {self.test_cost:.6g}"
        how = "best" if self.rule == "best" else "simplest within a standard error of the best"
        return f"Selection({best}: {said}, {how} of {self.validation_cost.size} over {self.folds} folds{test})"


def select(
    x: Any,
    y: Any = None,
    grid: Any = None,
    *,
    folds: Any = 5,
    rule: str = "best",
    test: Any = None,
    paired: bool = False,
    **fit_options: Any,
) -> Selection:
    """Cross-validate every combination of some arguments of `fit`, and fit the winner to all rows.

    Parameters
    ----------
    x : (n,) or (n, d) numbers; y : (n,) numbers, or None where x is a source, which brings its own.
    grid : for each argument that varies a list of its values: {"learning_rate": [0.01, 0.1], "l2": [0.0, 0.1]}.
    folds : as for `cross_validate`.
    rule : "best", the least mean validation cost (of equal ones the simplest); or "one_se", the simplest whose mean is
        within a standard error of the least. Simpler is: a larger l2, then fewer epochs, then a smaller learning rate, then
        what comes first in the grid.
    test : (x, y) or (x, y, sample_weight) that take no part in choosing; the winner is judged by them once, at the end.
    paired : take the first values of all lists together, then the second, and so on, instead of every combination.
    fit_options : other arguments of `fit`, the same for all.

    Returns
    -------
    Selection

    Raises
    ------
    ValueError, TypeError : naming the argument, the first offending row, fold or entry and the rule; ValueError also if
        every combination diverged.

    Examples
    --------
    >>> import fastgd
    >>> x, y = fastgd.penguins()
    >>> x_train, x_test, y_train, y_test = fastgd.split(x, y, sizes=(0.8, 0.2), seed=1)
    >>> grid = {"epochs": [1, 2, 5, 10], "l2": [0.0, 0.01, 0.1, 1.0]}
    >>> chosen = fastgd.select(x_train, y_train, grid, standardize=True, test=(x_test, y_test))
    >>> chosen.best
    {'epochs': 10, 'l2': 0.01}

    References
    ----------
    Breiman, Friedman, Olshen and Stone, "Classification and Regression Trees", 1984, section 3.4.3: the rule of one error.
    """
    how = one_of(rule, "rule", ("best", "one_se"))
    paired = truth(paired, "paired")
    lists = lists_of(grid, paired, fit_options)
    given = ARGUMENTS | {"record": None} | fit_options
    if "seed" not in lists:
        given["seed"] = seed_of(given["seed"])
    data = table(x, y, given["sample_weight"])
    chosen = folds_of(folds, x, data)
    aside = None if test is None else rows_to_judge_by(data, test, "test")
    lengths = tuple(len(values) for values in lists.values())
    shape = lengths[:1] if paired else lengths
    known = Known(data, given["threads"])
    with Progress(given["progress"], data.rows, "select") as shown:
        means, errors = _search(known, chosen, lists, given, paired, shown)
    means = means.reshape(shape)
    place = _choose(how, lists, means, errors, paired)
    best = {name: values[place[0] if paired else place[axis]] for axis, (name, values) in enumerate(lists.items())}
    final = given | best | ({} if "record" in fit_options else {"record": "epoch"})
    fit = solve(data, final, known)
    warn(fit, final["learning_rate"] == "auto")
    cost = math.nan
    if aside is not None:
        code, delta = loss_code(final["loss"], final["delta"])
        w = np.asarray(fit.w, dtype=np.float64).reshape(-1)
        total, count = cost_sums(aside, w, fit.b, code, delta, threads=given["threads"])
        cost = total / count
    return Selection(best, fit, cost, lists, means, errors, place, how, len(chosen), fit.seed or 0, paired)


def _lost_if_no_number(costs: Floats) -> Floats:
    """Costs with infinity for what is no number: a model without a cost has none that could win."""
    return np.where(np.isnan(costs), math.inf, costs)


def _errors(squares: Floats, folds: int) -> Floats:
    """Standard errors from sums of squared deviations over folds."""
    with np.errstate(invalid="ignore"):
        return np.sqrt(squares / (folds - 1.0) / folds) if folds > 1 else np.full(squares.shape, math.nan)


def _choose(
    rule: str, lists: dict[str, list[Any]], means: Floats, errors: Callable[[], Floats], paired: bool
) -> tuple[int, ...]:  # fmt: skip
    """Where the chosen combination is."""
    lowest = float(means.min())
    if not lowest < math.inf:
        raise ValueError("no combination can be chosen: every one diverged in some fold; use smaller learning rates")
    bound = lowest * (1.0 + _EVEN)
    if rule == "one_se":
        bound = max(bound, lowest + float(np.nan_to_num(errors().reshape(means.shape)[means == lowest][0])))

    def complexity(place: tuple[int, ...]) -> tuple[float, float, float, tuple[int, ...]]:
        own = {name: values[place[0] if paired else place[axis]] for axis, (name, values) in enumerate(lists.items())}
        rate = own.get("learning_rate", 0.0)
        return (
            -float(own.get("l2", 0.0)),
            float(own.get("epochs", 0.0)),
            0.0 if isinstance(rate, str) else float(rate),
            place,
        )

    near = np.argwhere(means <= bound)
    if len(near) > 10_000:  # thousands of equals: by key, without looking at each
        near = _simplest(lists, near, paired)
    return min((tuple(int(i) for i in place) for place in near), key=complexity)


def _simplest(lists: dict[str, list[Any]], near: np.ndarray[Any, Any], paired: bool) -> np.ndarray[Any, Any]:
    """Of places in the grid those with the largest l2, and of them those with the fewest epochs."""
    for name, sign in (("l2", -1.0), ("epochs", 1.0)):
        if name in lists:
            column = near[:, 0 if paired else list(lists).index(name)]
            values = sign * np.array(lists[name], dtype=np.float64)[column]
            near = near[values == values.min()]
    return near


def _search(
    known: Known,
    folds: Splits,
    lists: dict[str, list[Any]],
    given: dict[str, Any],
    paired: bool,
    progress: Progress,
) -> tuple[Floats, Callable[[], Floats]]:
    """Mean validation costs over folds of all combinations, and what makes their standard errors."""
    data = known.data
    if isinstance(folds, Folds) and folds.leaves_one_out:
        return _rows_left_out(known, folds, lists, places_of(lists, paired), given, progress)
    summaries = Summaries(data, folds, given["threads"], progress)
    if (found := summaries.all) is not None:
        known.quadratics[True] = found
    if not paired and set(lists) <= set(_CLOSED):
        first = {name: values[0] for name, values in lists.items()}
        options = options_of(tables_of(folds, data, 0)[0].n, given["loss"], given | first)
        # Of a schedule that reckons with the epochs to come a shorter run is no part of a longer one.
        steady = options.schedule.name == "constant" or len(lists.get("epochs", [0])) == 1
        if options.moments and options.plain and options.tol is None and given["validation"] is None and steady:
            return _in_closed_form(summaries, lists, given, options)
    return _fold_by_fold(summaries, lists, places_of(lists, paired), given, progress)


def _fold_by_fold(
    summaries: Summaries,
    lists: dict[str, list[Any]],
    places: dict[str, np.ndarray[Any, Any]],
    given: dict[str, Any],
    progress: Progress,
) -> tuple[Floats, Callable[[], Floats]]:
    """Every combination fitted to every fold's rows."""
    data, folds = summaries.data, summaries.folds
    costs = np.empty((len(folds), len(next(iter(places.values())))))
    for i in range(len(folds)):
        known = Known(tables_of(folds, data, i)[0], given["threads"], summaries.train[i])
        groups = groups_of(known, lists, places, given | {"progress": False})
        found, _ = run_groups(groups, progress)
        for group in groups:
            judge = FoldJudge(summaries, group.settings)
            costs[i, group.members] = judge.costs_of(i, found.w[group.members], found.b[group.members])
        costs[i, found.lost] = math.inf
    means = _lost_if_no_number(costs.mean(axis=0))
    return means, lambda: np.where(np.isinf(means), math.inf, standard_errors(costs))


def _rows_left_out(
    known: Known,
    folds: Folds,
    lists: dict[str, list[Any]],
    places: dict[str, np.ndarray[Any, Any]],
    given: dict[str, Any],
    progress: Progress,
) -> tuple[Floats, Callable[[], Floats]]:
    """Every combination by leaving rows out one by one."""
    count = len(next(iter(places.values())))
    means, errors = np.empty(count), np.empty(count)
    for k in range(count):
        # What is not recorded would not be seen to diverge.
        own = given | {"record": "epoch"} | {name: values[places[name][k]] for name, values in lists.items()}
        result = judged(known.data, folds, own, progress, known)
        means[k], errors[k] = result.mean, result.standard_error
    return means, lambda: np.where(np.isinf(means), math.inf, errors)


def _in_closed_form(
    summaries: Summaries, lists: dict[str, list[Any]], given: dict[str, Any], options: Options
) -> tuple[Floats, Callable[[], Floats]]:
    """A grid of rates, epochs and penalties, by following all folds' descents along their eigenvectors."""
    rates = [rate_of(rate, "squared", options.optimizer) for rate in lists.get("learning_rate", [given["learning_rate"]])]
    penalties = numbers(lists.get("l2", [given["l2"]]), at_least_zero, "l2", 0.0)
    epochs = np.array([whole(epoch, "epochs", 0) for epoch in lists.get("epochs", [given["epochs"]])])
    wanted, back = np.unique(epochs, return_inverse=True)
    start = start_of(given["w0"], given["b0"], summaries.data)
    found = [_fold(*pair, given, start) for pair in zip(summaries.train, summaries.test, strict=True)]
    columns = [np.array(column) for column in zip(*found, strict=True)]
    width = min(len(rates), _SIDE_BY_SIDE)
    groups = -(-len(rates) // width)
    pace = np.full(groups * width, np.nan)
    pace[: len(rates)] = [math.nan if rate is None else rate for rate in rates]
    factors = np.ones(1) if options.schedule.name == "constant" else options.factors
    some = max(1, min(_TOGETHER, len(penalties) // 2))

    def search(errors: bool) -> tuple[Floats, Floats]:
        means = np.empty((groups, len(penalties), len(wanted), width))
        squares = np.empty(means.shape if errors else (groups, 1, 0, 0))

        def follow(piece: tuple[int, int]) -> None:
            group, first = piece
            part = slice(first, first + some)
            own = pace[group * width : (group + 1) * width]
            out = squares[group, part] if errors else squares[group]
            kernels.paths.grid(*columns, penalties[part], own, factors, wanted, means[group, part], out)

        run(follow, itertools.product(range(groups), range(0, len(penalties), some)), threads=given["threads"])
        return means, squares

    axes = [_CLOSED.index(name) for name in lists]
    axes += [axis for axis in range(3) if axis not in axes]

    def in_order(values: Floats) -> Floats:
        joined = np.moveaxis(values, 0, 2).reshape(len(penalties), len(wanted), -1)[:, :, : len(rates)]
        if len(wanted) < len(epochs) or (wanted != epochs).any():
            joined = joined[:, back]
        return np.transpose(joined, axes)

    # Memory never touched before costs more than what is written to it: errors are made when they are asked for.
    return in_order(search(False)[0]), lambda: _errors(in_order(search(True)[1]), len(found))


def _fold(
    train: QuadraticCost, test: QuadraticCost, given: dict[str, Any], start: tuple[Floats, float]
) -> tuple[Floats, Floats, Floats, Floats, Floats, float]:
    """A fold's training and validation costs about the training minimum, as kernels.paths.grid wants them."""
    train, shift, scale = in_use(train, given)
    test = test.rescaled(shift, scale)
    lowest = train.solve()
    d, size = train.d, train.d + train.bias
    theta = np.append(start[0] * scale, start[1] + float(start[0] @ shift))
    tables = []
    for one in (train, test):
        rows = np.zeros((d + 2, size + 1))
        rows[: d + 1, :d] = one.factor[:, :-1] / math.sqrt(one.count)
        rows[d + 1, :d] = one.mean_x
        rows[d + 1, d:size] = 1.0
        rows[: d + 1, size] = (one.factor[:, -1] - one.factor[:, :-1] @ lowest.w) / math.sqrt(one.count)
        rows[d + 1, size] = one.mean_residual(lowest.w, lowest.b)
        tables.append(rows)
    highest = CEILING * max(train.mse_at(theta[:-1], float(theta[-1])), train.constant_cost)
    begin = (theta - np.append(lowest.w, lowest.b))[:size]
    return (
        np.ascontiguousarray(tables[0][:, :size]), tables[0][:, size].copy(), begin, lowest.w, tables[1],
        min(highest, float(np.finfo(float).max)),
    )  # fmt: skip
