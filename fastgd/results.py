"""What a descent leaves behind: a frozen record of where it ended, how, and what to do about it."""

import enum
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .checks import Floats
from .door import by_names
from .ends import ENOUGH, measure_of
from .names import labels
from .objective import predictions
from .optimizers import RULES, Optimizer
from .quadratic import QuadraticCost
from .saving import Saved
from .schedules import SCHEDULES, Given, Schedule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .surface import Surface


class DivergenceWarning(UserWarning):
    """A descent diverged: its cost grew instead of falling.

    >>> import fastgd
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     fit = fastgd.fit([1, 2, 3], [2, 4, 6], learning_rate=1.0)
    >>> caught[0].category.__name__, fit.status.name
    ('DivergenceWarning', 'DIVERGED')
    """


class ConvergenceWarning(UserWarning):
    """A descent with an "auto" rate ended far from the minimum.

    >>> import fastgd
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", fastgd.ConvergenceWarning)
    ...     fit = fastgd.fit([1000, 1001, 1002], [2, 4, 7])
    >>> fit.status.name
    'MAX_EPOCHS'
    """


class DivergenceError(ArithmeticError):
    """Raised by Fit.raise_for_status() for a descent that diverged.

    >>> import fastgd
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", fastgd.DivergenceWarning)
    ...     fit = fastgd.fit([1, 2, 3], [2, 4, 6], learning_rate=1.0)
    >>> try:
    ...     fit.raise_for_status()
    ... except fastgd.DivergenceError:
    ...     print("diverged")
    diverged
    """


class Status(enum.Enum):
    """How a descent ended; a member's value is its sentence.

    DIVERGED is what became infinite or passed a million times its start; a full batch that rose at the end at a rate above
    its exact limit, and an epoch's order that grows in the long run; any run but those of full batches within their limit
    that ended at more than ten times its start; and single samples or batches that ended above their start at a rate beyond
    the mean-square limit of their batch size. A start that costs less than the best constant counts as that constant: to
    rise from the minimum to the floor that batches jump about is no divergence. Only the end counts, and where `patience`
    found a better epoch than the start, not even that. Without a record nothing but infinity is seen.

    >>> import fastgd
    >>> fastgd.fit([1, 2, 3], [2, 4, 7], learning_rate=0.1, epochs=5).status.name
    'MAX_EPOCHS'
    >>> fastgd.Status.MAX_EPOCHS.value
    'ran the {epochs} epochs asked; cost is {above} the minimum'
    """

    CONVERGED = "reached the minimum after {epochs} epochs; cost is {above} the minimum"
    MAX_EPOCHS = "ran the {epochs} epochs asked; cost is {above} the minimum"
    DIVERGED = "diverged after {epochs} epochs: the cost grew instead of falling"
    STOPPED_EARLY = "stopped early after {epochs} epochs; cost is {above} the minimum"


@dataclass(frozen=True)
class History:
    """A descent epoch by epoch, or every so many updates; row 0 is before the first update.

    Attributes: `epoch` (k,) the epochs completed, `cost` (k,), `w` (k,) or (k, d), `b` (k,), all in the user's units;
    `validation_cost` (k,) or None; `update` (k,) the updates made.

    >>> import fastgd
    >>> fastgd.fit([1, 2, 3], [2, 4, 6], learning_rate=0.1, epochs=3).history.cost.round(4)
    array([18.6667,  0.2963,  0.0734,  0.0674])
    """

    epoch: np.ndarray[Any, Any]
    cost: Floats
    w: Floats
    b: Floats
    validation_cost: Floats | None = None
    update: np.ndarray[Any, Any] | None = None

    def __len__(self) -> int:
        return len(self.epoch)


@dataclass(frozen=True)
class Advice:
    """What would have worked: the `limit` of learning rates and one that is safe, `rate`; the feature that makes up `share`
    of the steepest direction; and the limit on standardised features.
    """

    limit: float
    rate: float
    feature: str
    share: float
    standardized_limit: float


@dataclass(frozen=True)
class Settings:
    """The arguments of `fit` that a `Fit` says nowhere else: what `resume` needs."""

    delta: float
    shuffle: str
    optimizer: Optimizer
    schedule: Schedule
    tol: float | None
    record: "str | int | None"


@dataclass(frozen=True, repr=False)
class Fit(Saved):
    """The result of `fit`.

    Attributes
    ----------
    w, b : the parameters, in the user's units: w a float for x (n,), else (d,).
    cost : the mean loss there, without the penalty; status : a Status; epochs : those run.
    learning_rate : the one used; max_learning_rate : the exact full-batch limit (an upper bound for batches).
    condition : largest over smallest eigenvalue of the Hessian, where the descent ran.
    excess : objective / exact minimum - 1 (infinite if the minimum is 0 but for rounding and was not reached; NaN for other
        losses).
    r2 : 1 - cost / cost of the best constant prediction. minimum_cost : the exact minimum of the objective.
    seed : of the shuffles. history : a History, or None. batch_size : None is full batch.
    standardized : whether rate and l2 acted on standardised x. via : "moments" or "data".
    optimizer, schedule : their names. best_epoch : that w and b are of, if patience ended the descent, else None.
    validation_cost : the mean loss at w, b on rows not trained on, NaN without any; validation_rows : how many they are.
    spectral_radius : of an epoch's map, where a fixed order (shuffle "none" or "once") of few features made it known: above
        1 that order and rate diverge; else NaN. advice : what would have worked, of a squared-loss descent that diverged.
    quadratic : the squared loss of the rows, a QuadraticCost, or None where they were not summarised.
    settings : the arguments of `fit` that are said nowhere else. undetermined : what is to be said of columns that do not
        determine w; empty where they do, or where the rows were not summarised.

    >>> import fastgd
    >>> fit = fastgd.fit([1, 2, 3], [2.5, 4.5, 6.5], learning_rate=0.1, epochs=2000)
    >>> round(fit.w, 6), round(fit.b, 6), fit.status.name
    (2.0, 0.5, 'CONVERGED')
    """

    parts = (Status, History, Advice, Settings, Given, QuadraticCost, *RULES.values(), *SCHEDULES.values())

    w: Any
    b: float
    cost: float
    status: Status
    epochs: int
    learning_rate: float
    seed: int | None
    excess: float
    r2: float
    history: History | None
    batch_size: int | None = None
    loss: str = "squared"
    l2: float = 0.0
    bias: bool = True
    standardized: bool = False
    max_learning_rate: float = math.nan
    condition: float = math.nan
    minimum_cost: float = math.nan
    validation_cost: float = math.nan
    validation_rows: int = 0
    via: str = "data"
    names: tuple[str, ...] | None = None
    target: str = "y"
    optimizer: str = "plain"
    schedule: str = "constant"
    best_epoch: int | None = None
    spectral_radius: float = math.nan
    advice: "Advice | None" = None
    quadratic: "QuadraticCost | None" = field(default=None, compare=False)
    settings: "Settings | None" = None
    undetermined: str = ""

    def sound(self) -> bool:
        """Whether the fields of a file that was read fit together."""
        w, history = np.asarray(self.w), self.history
        names = self.names is None or (len(self.names) == w.size and all(isinstance(name, str) for name in self.names))
        floats = (self.b, self.cost, self.learning_rate, self.excess, self.r2, self.condition, self.max_learning_rate)
        numbers = w.dtype == np.float64 and w.ndim < 2 and all(isinstance(value, float) for value in floats)
        kinds = isinstance(self.status, Status) and isinstance(self.epochs, int) and isinstance(self.target, str)
        whole = history is None or all(
            len(column) == len(history)
            for column in (history.cost, history.w, history.b, history.validation_cost, history.update)
            if column is not None
        )
        return names and numbers and kinds and whole

    def __getstate__(self) -> dict[str, Any]:
        """The fields, the status by its name: what makes objects of fields, as skops does, makes no enum's member."""
        return {**vars(self), "status": self.status.name}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state | {"status": Status[state["status"]]})

    def resume(self, x: Any, y: Any = None, *, epochs: int = 100, **changes: Any) -> "Fit":
        """Descend on from here, on the same rows or on others, as this fit did.

        Epochs are counted on: random orders and schedules go on as in one longer run, and with a plain optimizer on the
        same rows the result is that of one. An optimizer's memory begins anew, and "adam" with "inverse_scaling" counts its
        updates anew; "cosine" goes on as if all epochs had been planned. `average`, `validation` and `patience` are not
        carried over, and weights belong to the rows: give them again. The learning rate is the number that was used. A fit
        that diverged goes on from its last finite (w, b): give a smaller one.

        Parameters
        ----------
        x, y : rows as for `fit`, with the same features, which may be in another order where they have names (y None where x
            is a source). epochs : how many more.
        changes : arguments of `fit` that shall be others from here on.

        Returns
        -------
        Fit : its `epochs` are all that were run; its history begins here.

        Raises
        ------
        ValueError, TypeError : naming the argument and the rule.

        Examples
        --------
        >>> import fastgd
        >>> x, y = fastgd.penguins()
        >>> begun = fastgd.fit(x, y, epochs=10, learning_rate=1e-5)
        >>> begun.resume(x, y, epochs=20).w == fastgd.fit(x, y, epochs=30, learning_rate=1e-5).w
        True
        """
        from .resuming import resumed

        return resumed(self, x, y, epochs, changes)

    def predict(self, x: Any) -> Any:
        """Return the predictions x.w + b for (n,) or (n, d) numbers, in units of y; of a single number, a float.

        Columns with names are known by them: a frame's may be in another order than those of the fit.

        >>> import fastgd
        >>> fastgd.fit([1, 2, 3], [2.5, 4.5, 6.5], epochs=2000).predict([4, 5]).round(4)
        array([ 8.5, 10.5])
        >>> round(fastgd.fit([1, 2, 3], [2.5, 4.5, 6.5], epochs=2000).predict(4), 4)
        8.5
        """
        return predictions(x, lambda rows: by_names(rows, self.names, "x", "the rows of the fit"), self.w, self.b)

    def raise_for_status(self) -> "Fit":
        """Raise DivergenceError if the descent diverged; otherwise return this fit.

        >>> import fastgd
        >>> fastgd.fit([1, 2, 3], [2.5, 4.5, 6.5], epochs=2000).raise_for_status().status.name
        'CONVERGED'
        """
        if self.status is Status.DIVERGED:
            raise DivergenceError(self.explain())
        return self

    def explain(self) -> str:
        """Say in plain sentences how the descent went, and what to do if it did not go well.

        >>> import fastgd
        >>> print(fastgd.fit([1, 2, 3], [2, 4, 7], learning_rate=0.1, epochs=100).explain())
        ran the 100 epochs asked; cost is 4.4 % above the minimum; the condition number is 46.1, so the
        flattest direction is that much slower than the steepest:
        use standardize=True, or more epochs (some 30 more for 1 %)
        """
        return "; ".join(self.sentences())

    def sentences(self, short: bool = False) -> list[str]:
        """The sentences of explain(), or those of a warning."""
        sentences = [self.status.value.format(epochs=self.epochs, above=self._above())]
        limited = math.isfinite(self.max_learning_rate)
        if self.status is Status.DIVERGED:
            if limited and self.learning_rate > self.max_learning_rate:
                bound = "the largest that works for a full batch" if self.batch_size is None else "even a full batch's limit"
                sentences.append(f"learning_rate {self.learning_rate:.6g} is above {self.max_learning_rate:.6g}, {bound}")
            elif self.spectral_radius > 1.0:
                sentences.append(
                    f"at learning_rate {self.learning_rate:.6g} an epoch in this order stretches distances up to "
                    f"{self.spectral_radius:.6g} times in the long run"
                )
            elif limited and self.batch_size is None and self.schedule != "constant":
                sentences.append(
                    f"the schedule takes the rate above {self.max_learning_rate:.6g}, the largest that works for a full "
                    "batch"
                )
            elif self.batch_size is not None and self.advice is not None:
                sentences.append(self._beyond_batches(self.advice.limit))
            elif limited and self.batch_size is not None:
                sentences.append(
                    f"learning_rate {self.learning_rate:.6g} is below {self.max_learning_rate:.6g}, the limit for a full "
                    f"batch, which is an upper bound: batches of {self.batch_size} need a smaller rate"
                )
            else:
                sentences.append(f"learning_rate {self.learning_rate:.6g} is too large")
            if not short:
                sentences += self._growth()
            if self.advice is not None:
                if self.batch_size is not None and limited and self.learning_rate > self.max_learning_rate:
                    sentences.append(f"batches of {self.batch_size} are stable below {self.advice.limit:.6g}")
                if self.advice.share > 0.5 and self.condition > 10.0 and not self.standardized:
                    sentences.append(f"{self.advice.feature} is {self.advice.share:.0%} of the steepest direction")
            automatic = self.loss != "absolute" and self.optimizer not in ("adagrad", "rmsprop", "adam")
            automatic = automatic and (self.advice is None or self.advice.rate < self.learning_rate)
            cure = "use learning_rate='auto'" if automatic else "use a smaller learning_rate"
            if automatic and self.advice is not None:
                cure += f" ({self.advice.rate:.6g} here)"
            if not self.standardized:
                known = self.advice is not None and self.advice.standardized_limit > 2.0 * self.advice.limit
                cure += (
                    f", or standardize=True, which takes the limit to {self.advice.standardized_limit:.3g}"
                    if known and self.advice is not None
                    else ", and standardize=True if features differ in scale"
                )
            sentences.append(cure)
        elif self.status is Status.STOPPED_EARLY:
            sentences.append(f"the validation cost was least after epoch {self.best_epoch}, and w and b are that epoch's")
        elif self.status is not Status.CONVERGED and falls_short(self):
            if self.batch_size is not None:
                sentences.append(
                    f"batches of {self.batch_size} at a constant rate keep jumping about the minimum: use a smaller "
                    "learning_rate or larger batches to come closer, more epochs if the cost was still falling"
                )
            if self.condition > 10.0 and not self.standardized:
                sentences.append(
                    f"the condition number is {self.condition:.3g}, so the flattest direction is that much slower than the "
                    "steepest: use standardize=True, or more epochs" + self._epochs_left()
                )
            elif self.batch_size is None:
                sentences.append("use more epochs" + self._epochs_left())
        if self.standardized:
            sentences.append("the rate and l2 acted on standardised x")
        if self.undetermined and not short:
            sentences.append(self.undetermined)
        return sentences

    def plot(
        self,
        ax: "Axes | None" = None,
        kind: str = "cost",
        x: Any = None,
        y: Any = None,
        smooth: float | None = None,
    ) -> "Axes":
        """Draw the cost against the epoch ("cost"), or the prediction over the data x, y ("line"); returns the Axes.

        smooth : alpha of an exponentially weighted mean drawn over the costs.
        """
        from . import plotting

        if kind == "cost":
            return plotting.cost_history(self, ax, smooth)
        if kind == "line":
            return plotting.line(self, x, y, ax)
        raise ValueError(f"kind is {kind!r}: it must be 'cost' or 'line'")

    def animate(self, path: Any, surface: "Surface | None" = None) -> Path:
        """Write the descent as a moving picture: its path on the cost surface, and the cost beside it.

        path : a file that ends in .gif. surface : as `sweep` makes it, for other losses than the square and several
        features; None is the square's about the path, of one feature. Returns the path. The file is whole or not there.

        >>> import fastgd, tempfile, pathlib
        >>> fit = fastgd.fit([1, 2, 3], [2.5, 4.5, 6.5], learning_rate=0.1, epochs=20)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     fit.animate(pathlib.Path(folder, "descent.gif")).name
        'descent.gif'
        """
        from . import animation

        return animation.animate(self, path, surface)

    def _beyond_batches(self, limit: float) -> str:
        """What is wrong with the rate, where batches are stable below a limit."""
        rate, batches = f"learning_rate {self.learning_rate:.6g}", f"batches of {self.batch_size} are stable"
        if self.learning_rate > limit:
            return f"{rate} is above {limit:.6g}, below which {batches}"
        if self.schedule != "constant":
            return f"{rate} is too large with this schedule: {batches} at rates up to {limit:.6g}"
        went = ""
        if self.history is not None:
            went = f": this one went from a cost of {self.history.cost[0]:.6g} to {self.cost:.6g}"
        return f"up to {limit:.6g} {batches} in the long run, but at {rate} a run may be thrown far off on its way{went}"

    def _above(self) -> str:
        if math.isnan(self.cost):
            return "not recorded, so nothing is known of its distance from"
        if self.loss != "squared":
            return f"{self.cost:.6g}, and nothing is known of its distance from"
        if math.isinf(self.excess):
            return f"{self.cost:.3g}, where 0 is"
        if self._tiny_minimum():
            return f"{self.cost:.3g}, where {self.minimum_cost:.3g} is"
        percent = 100.0 * self.excess
        return f"{percent:.1f} % above" if percent < 1e5 else f"{percent:.1e} % above"

    def _tiny_minimum(self) -> bool:
        """Whether the cost is far above a minimum that is next to nothing of what a constant costs: no percentage helps."""
        small = self.quadratic is not None and self.minimum_cost <= ENOUGH * measure_of(self.quadratic).size
        return small and self.l2 == 0.0 and self.excess > 0.01

    def _growth(self) -> list[str]:
        """When the cost passed its start, and how fast it grew."""
        if self.history is None or len(self.history) < 2:
            return []
        cost, epoch = self.history.cost, self.history.epoch
        above = np.flatnonzero(cost > cost[0])
        finite = np.flatnonzero(np.isfinite(cost) & (cost > 0.0))
        if not len(above) or len(finite) < 2:
            return []
        low, high = (
            (int(finite[0]), int(finite[-1])) if int(above[0]) >= int(finite[-1]) else (int(above[0]), int(finite[-1]))
        )
        span = int(epoch[high] - epoch[low])
        said = [f"the cost passed its start in epoch {epoch[above[0]]}"]
        if span > 0:
            power = (math.log(cost[high]) - math.log(cost[low])) / span
            times = f"{math.exp(power):.3g}" if power < 709.0 else "more than 1e+307"  # which no float is much above
            said[0] += f" and grew {times}-fold an epoch"
        return said

    def _epochs_left(self) -> str:
        """An estimate from the slowest direction, whose part of the excess falls by (1 - rate h_min)^2 an epoch."""
        if self.batch_size is not None or not math.isfinite(self.excess) or not math.isfinite(self.condition):
            return ""
        share = self.learning_rate * 2.0 / self.max_learning_rate / self.condition
        if not 0.0 < share < 1.0:
            return ""
        more = math.log(self.excess / 0.01) / (-2.0 * math.log1p(-share))
        return f" (some {float(f'{more:.1g}'):,.0f} more for 1 %)" if more < 1e12 else ""

    def _formula(self) -> str:
        weights = np.atleast_1d(self.w)
        if len(weights) > 4:
            return f"{self.target} = w.x {_signed(self.b)}, w of {len(weights)} features"
        names = labels(self.names, len(weights), np.ndim(self.w) == 0)
        terms = f"{weights[0]:.4g} {names[0]}"
        for weight, name in zip(weights[1:], names[1:], strict=True):
            terms += f" {_signed(weight, 4)} {name}"
        return f"{self.target} = {terms}" + (f" {_signed(self.b)}" if self.bias else "")

    def _repr_html_(self) -> str:
        from . import notebook

        return notebook.fit(self, self._formula())

    def __repr__(self) -> str:
        if math.isnan(self.cost):
            cost = "cost not recorded"
        else:
            cost = f"cost {self.cost:.6g}"
            if math.isinf(self.excess):
                cost += ", minimum 0"
            elif self._tiny_minimum():
                cost += f", minimum {self.minimum_cost:.3g}"
            elif not math.isnan(self.excess):
                cost += f", {self._above()} the minimum"
        rate = f"{self.epochs} epochs at rate {self.learning_rate:.6g}" + (", standardised" if self.standardized else "")
        return f"Fit({self._formula()}; {cost}; {rate}; {self.status.name})"


def falls_short(fit: Fit) -> bool:
    """Whether a squared loss ended more than 1 % above its minimum, and by more than is nothing of what a constant costs."""
    if not fit.excess > 0.01:
        return False
    if fit.quadratic is None:
        return True
    # Of a y that is 0 in every row nothing but the start says what is large.
    size = measure_of(fit.quadratic).size or (0.0 if fit.history is None else float(fit.history.cost[0]))
    return (fit.cost if math.isinf(fit.excess) else fit.excess * fit.minimum_cost) > ENOUGH * size


def _signed(value: float, digits: int = 5) -> str:
    return f"{'-' if value < 0 else '+'} {abs(value):.{digits}g}"
