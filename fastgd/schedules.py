"""Learning rates that change: what the rate is multiplied by in each epoch, counted from 0.

As in PyTorch's `lr_scheduler`, stepped once per epoch; `InverseScaling` counts updates, as scikit-learn's "invscaling".
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .checks import Floats, nearest, number, whole
from .containers import as_numbers


@dataclass(frozen=True)
class Schedule:
    """A sequence of factors of the learning rate."""

    name: ClassVar[str] = "constant"
    power: ClassVar[float] = 0.0
    """The rate of update t = 1, 2, ... is divided by t^power."""

    def factors(self, epochs: int) -> Floats:
        """Return the factor of each of `epochs` epochs."""
        return np.ones(epochs)

    def _above_zero(self, *names: str) -> None:
        for name in names:
            value = number(getattr(self, name), name)
            if value <= 0.0:
                raise ValueError(f"{name} is {value:g}: it must be above 0")
            object.__setattr__(self, name, value)


@dataclass(frozen=True)
class Constant(Schedule):
    """1: the rate stays as it is.

    >>> import fastgd
    >>> fastgd.Constant().factors(3)
    array([1., 1., 1.])
    """


@dataclass(frozen=True)
class InverseTime(Schedule):
    """1 / (1 + decay t).

    >>> import fastgd
    >>> fastgd.InverseTime(decay=1.0).factors(3)
    array([1.        , 0.5       , 0.33333333])
    """

    decay: float = 1.0
    name = "inverse_time"

    def __post_init__(self) -> None:
        self._above_zero("decay")

    def factors(self, epochs: int) -> Floats:
        """Return the factor of each of `epochs` epochs."""
        return np.asarray(1.0 / (1.0 + self.decay * np.arange(epochs)), dtype=np.float64)


@dataclass(frozen=True)
class Step(Schedule):
    """factor^(t // every): a fall after every `every` epochs. PyTorch's StepLR(step_size, gamma).

    >>> import fastgd
    >>> fastgd.Step(every=2, factor=0.1).factors(5)
    array([1.  , 1.  , 0.1 , 0.1 , 0.01])
    """

    every: int = 10
    factor: float = 0.5
    name = "step"

    def __post_init__(self) -> None:
        whole(self.every, "every", 1)
        self._above_zero("factor")

    def factors(self, epochs: int) -> Floats:
        """Return the factor of each of `epochs` epochs."""
        return _powers(self.factor, np.arange(epochs) // self.every)


@dataclass(frozen=True)
class Exponential(Schedule):
    """factor^t. PyTorch's ExponentialLR(gamma).

    >>> import fastgd
    >>> fastgd.Exponential(0.5).factors(4)
    array([1.   , 0.5  , 0.25 , 0.125])
    """

    factor: float = 0.95
    name = "exponential"

    def __post_init__(self) -> None:
        self._above_zero("factor")

    def factors(self, epochs: int) -> Floats:
        """Return the factor of each of `epochs` epochs."""
        return _powers(self.factor, np.arange(epochs))


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a cosine from 1 at the first epoch to `final` after the last. PyTorch's CosineAnnealingLR(T_max=epochs).

    >>> import fastgd
    >>> fastgd.Cosine().factors(4)
    array([1.        , 0.85355339, 0.5       , 0.14644661])
    """

    final: float = 0.0
    name = "cosine"

    def __post_init__(self) -> None:
        if not 0.0 <= number(self.final, "final") <= 1.0:
            raise ValueError(f"final is {self.final:g}: it must be from 0 to 1")

    def factors(self, epochs: int) -> Floats:
        """Return the factor of each of `epochs` epochs."""
        share = np.arange(epochs) / max(epochs, 1)
        return self.final + (1.0 - self.final) * 0.5 * (1.0 + np.cos(math.pi * share))


@dataclass(frozen=True)
class WarmUp(Schedule):
    """1/(k+1), 2/(k+1), ... over the first k = `epochs` epochs, then the schedule `then`, from its own beginning.

    >>> import fastgd
    >>> fastgd.WarmUp(2, fastgd.Exponential(0.5)).factors(5)
    array([0.33333333, 0.66666667, 1.        , 0.5       , 0.25      ])
    """

    epochs: int = 5
    then: Any = "constant"
    name = "warm_up"

    def __post_init__(self) -> None:
        whole(self.epochs, "epochs", 1)
        try:
            power = schedule_of(self.then).power
        except ValueError as error:
            raise ValueError(str(error).replace("schedule is", "then is", 1)) from None
        if power:
            raise ValueError("then is InverseScaling: it counts updates from the first on, and cannot follow a warm-up")

    def factors(self, epochs: int) -> Floats:
        """Return the factor of each of `epochs` epochs."""
        rise = np.arange(1, self.epochs + 1) / (self.epochs + 1)
        rest = factors_of(schedule_of(self.then), max(epochs - self.epochs, 0))
        return np.concatenate([rise, rest])[:epochs]


@dataclass(frozen=True)
class InverseScaling(Schedule):
    """1 / t^power for update t = 1, 2, ..., across epochs. scikit-learn's "invscaling", whose power_t is 0.25 too.

    >>> import fastgd
    >>> fastgd.fit([1, 2, 4], [3, 5, 9], schedule=fastgd.InverseScaling(0.5), learning_rate=0.1, epochs=2).settings.schedule
    InverseScaling(power=0.5)
    """

    power: float = 0.25  # type: ignore[misc]
    name = "inverse_scaling"

    def __post_init__(self) -> None:
        self._above_zero("power")


def _powers(factor: float, exponents: Any) -> Floats:
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(np.power(factor, exponents), dtype=np.float64)


@dataclass(frozen=True)
class Given(Schedule):
    """The user's own factors: an array, one for each epoch, or a function of the epoch."""

    values: Any = None
    name = "given"

    def factors(self, epochs: int) -> Floats:
        """Return the factor of each of `epochs` epochs."""
        if callable(self.values):
            return np.array([number(self.values(t), f"schedule({t})") for t in range(epochs)], dtype=np.float64)
        numbers = as_numbers(self.values, "schedule")
        if numbers.shape != (epochs,):
            raise ValueError(f"schedule has shape {numbers.shape}: it must be ({epochs},), a factor for each epoch")
        return numbers.astype(np.float64)


SCHEDULES = {
    schedule.name: schedule for schedule in (Constant, InverseTime, Step, Exponential, Cosine, WarmUp, InverseScaling)
}


def schedule_of(given: "str | Schedule | Callable[[int], float] | Any") -> Schedule:
    """Return the schedule of a name, the instance given, or one of an array or function of the epoch."""
    if isinstance(given, Schedule):
        return given
    if isinstance(given, str) and given in SCHEDULES:
        return SCHEDULES[given]()
    if given is None or isinstance(given, (str, type)):
        raise ValueError(
            f"schedule is {given!r}: it must be one of {', '.join(map(repr, SCHEDULES))}{nearest(given, SCHEDULES)}, an "
            "instance such as Step(every=10), an array of factors, or a function of the epoch"
        )
    return Given(given)


def factors_of(schedule: Schedule, epochs: int, first: int = 0) -> Floats:
    """Return a schedule's factors of `epochs` epochs behind the `first` ones, checked: finite and above 0.

    An array has those of the epochs to come.
    """
    if type(schedule) is Constant:
        return np.ones(epochs)
    own = isinstance(schedule, Given) and not callable(schedule.values)
    factors = schedule.factors(epochs) if own else schedule.factors(first + epochs)[first:]
    bad = ~((factors > 0.0) & np.isfinite(factors))
    if bad.any():
        t = int(np.flatnonzero(bad)[0])
        raise ValueError(f"schedule is {factors[t]:g} in epoch {first + t}: every factor must be a finite number above 0")
    return factors
