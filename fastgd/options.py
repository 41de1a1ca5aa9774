"""The arguments of a fit, checked: each bad one is refused in a sentence that names it and the rule."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .checks import Floats, at_least_zero, number, one_of, require_memory, truth, whole
from .objective import LOSSES, loss_code
from .optimizers import Optimizer, optimizer_of
from .results import Settings
from .schedules import Schedule, factors_of, schedule_of

if TYPE_CHECKING:
    from .blocks import Table

_NEVER = 1 << 62


@dataclass(frozen=True)
class Options:
    """How to descend. `batch_size` None is full batch; `factors` (epochs,) and `power` are the schedule's; `record` tells
    whether there is a history, `every` after how many updates its rows are (0: after every epoch); `moments` whether the
    rows are left alone after one pass; `first` how many epochs were run before.
    """

    batch_size: int | None
    epochs: int
    bias: bool
    code: int
    delta: float
    l2: float
    optimizer: Optimizer
    schedule: Schedule
    factors: Floats
    shuffle: str
    seed: int
    average: float | None
    tol: float | None
    patience: int | None
    record: bool
    every: int
    moments: bool
    threads: int | None
    first: int = 0

    @property
    def power(self) -> float:
        """The rate of update t = 1, 2, ... is divided by t^power."""
        return self.schedule.power

    @property
    def plain(self) -> bool:
        """Whether an update is nothing but rate times gradient, at one rate for a whole epoch, and only epochs are seen."""
        return self.optimizer.name == "plain" and not self.power and self.average is None and not self.every

    @property
    def settings(self) -> Settings:
        """What a result keeps of them to go on by."""
        record = (self.every or "epoch") if self.record else None
        return Settings(self.delta, self.shuffle, self.optimizer, self.schedule, self.tol, record)

    def begin(self, updates: int) -> int:
        """The update after which averaging begins, of so many in all."""
        return _NEVER if self.average is None else int(self.average * updates)


def options_of(rows: "int | Table", loss: str, given: dict[str, Any]) -> Options:
    """Check the arguments of `fit` for so many rows, which are not counted where full batches do not need it."""
    n = _count(rows, given["batch_size"])
    code, width = loss_code(loss, given["delta"])
    epochs, first = whole(given["epochs"], "epochs", 0), given.get("first", 0)
    d = 1 if isinstance(rows, int) else rows.d
    require_memory(8 * (d + 4) * epochs, f"epochs is {given['epochs']}: what is kept of each")
    schedule = schedule_of(given["schedule"])
    average, tol, patience, record = (given[name] for name in ("average", "tol", "patience", "record"))
    truth(given["standardize"], "standardize")
    options = Options(
        batch_size=_batch_size(given["batch_size"], n),
        epochs=epochs,
        bias=truth(given["bias"], "bias"),
        code=code,
        delta=width,
        l2=at_least_zero(given["l2"], "l2"),
        optimizer=optimizer_of(given["optimizer"]),
        schedule=schedule,
        factors=factors_of(schedule, epochs, first),
        shuffle=shuffle_of(given["shuffle"]),
        seed=seed_of(given["seed"]),
        average=None if average is None else _fraction(average, "average"),
        tol=None if tol is None else at_least_zero(tol, "tol"),
        patience=None if patience is None else whole(patience, "patience", 1),
        record=record is not None,
        every=_every(record),
        moments=_uses_moments(one_of(given["via"], "via", ("auto", "moments", "data")), given["batch_size"], n, loss),
        threads=given["threads"],
        first=first,
    )
    if first and options.power and options.every:
        raise ValueError(
            f"record is {record} and schedule is 'inverse_scaling', which counts updates on: use record='epoch' or None"
        )
    if options.tol is not None and not options.record:
        raise ValueError("tol is given and record is None: the tolerance is on the cost, so it must be recorded")
    if given["validation"] is not None and not options.record:
        raise ValueError("validation is given and record is None: its cost must be recorded to be of use")
    if options.patience is not None and given["validation"] is None:
        raise ValueError("patience is given and validation is None: it waits for the validation cost, so there must be one")
    if not options.bias and number(given["b0"], "b0") != 0.0:
        raise ValueError(f"b0 is {given['b0']}: with bias=False the model has no b, so it must be 0")
    if options.optimizer.name == "implicit" and options.batch_size != 1 and code != LOSSES["squared"]:
        raise ValueError(
            f"optimizer is 'implicit': of batches it solves the squared loss only, not the {loss} loss; use batch_size=1"
        )
    return options


def rate_of(learning_rate: Any, loss: str, optimizer: Optimizer) -> float | None:
    """The rate as a number, or None for "auto" where curvature chooses it."""
    if isinstance(learning_rate, str):
        if learning_rate != "auto":
            raise ValueError(f"learning_rate is {learning_rate!r}: it must be a number above 0, or 'auto'")
        if optimizer.auto is not None:
            return optimizer.auto
        if loss == "absolute":
            raise ValueError(
                "learning_rate is 'auto': the absolute loss has no curvature to choose a rate from; give a number"
            )
        return None
    rate = number(learning_rate, "learning_rate")
    if rate <= 0.0:
        raise ValueError(f"learning_rate is {rate:g}: it must be above 0")
    return rate


def seed_of(seed: Any) -> int:
    """A seed: the one given, or one drawn."""
    return int.from_bytes(os.urandom(4)) if seed is None else whole(seed, "seed", 0)


def shuffle_of(shuffle: Any) -> str:
    """When rows are put into a new order."""
    return str(one_of(shuffle, "shuffle", ("each", "once", "none")))


def _count(rows: "int | Table", batch_size: Any) -> int | None:
    if isinstance(rows, int) or batch_size is None:
        return rows if isinstance(rows, int) else rows.rows
    return rows.n


def _batch_size(batch_size: Any, n: int | None) -> int | None:
    if batch_size is None or n is None:
        return None
    size = whole(batch_size, "batch_size", 1)
    if size > n:
        raise ValueError(f"batch_size is {size}: there are only {n} rows; None is full batch")
    return None if size == n > 1 else size


def _uses_moments(via: str, batch_size: int | None, n: int | None, loss: str) -> bool:
    possible = batch_size in (None, n) and loss == "squared"
    if via == "moments" and not possible:
        reason = f"the {loss} loss" if loss != "squared" else f"batches of {batch_size}"
        raise ValueError(f"via is 'moments': {reason} cannot be summarised in moments; use 'data' or 'auto'")
    return possible and via != "data"


def _every(record: Any) -> int:
    if record is None or (isinstance(record, str) and record == "epoch"):
        return 0
    if isinstance(record, str):
        raise ValueError(f"record is {record!r}: it must be 'epoch', a number of updates, or None")
    return whole(record, "record", 1)


def _fraction(value: Any, name: str) -> float:
    fraction = number(value, name)
    if isinstance(value, (bool, np.bool_)) or not 0.0 <= fraction < 1.0:
        raise ValueError(f"{name} is {value!r}: it must be a fraction of the run, at least 0 and below 1")
    return fraction
