"""A descent goes on: the options of the first run, the epoch it had reached, and where it stood."""

import inspect
from typing import Any

import numpy as np

from .checks import nearest, whole
from .descent import fit, solve, warn, warn_of_rank
from .door import Features, in_order, table
from .results import Fit
from .schedules import Given


def resumed(before: Fit, x: Any, y: Any, epochs: int, changes: dict[str, Any]) -> Fit:
    """Do what `Fit.resume` was asked to do; it is the caller that a warning points at."""
    settings = before.settings
    if settings is None:
        raise ValueError("this fit does not say how it was made, so it cannot be resumed: resume one that `fit` returned")
    defaults = {name: value.default for name, value in inspect.signature(fit).parameters.items()}
    allowed = [name for name in defaults if name not in ("x", "y", "w0", "b0", "epochs")]
    for name in changes:
        if name in ("w0", "b0"):
            raise TypeError(f"{name} is given: a fit is resumed from where it stands; call fit to start elsewhere")
        if name not in allowed:
            raise TypeError(f"{name} is not an argument of fit{nearest(name, allowed)}")
    if (
        epochs
        and "schedule" not in changes
        and isinstance(settings.schedule, Given)
        and not callable(settings.schedule.values)
    ):
        raise ValueError(
            "schedule was an array, with a factor for each of the epochs that were run: give another for those to come"
        )
    data = in_order(
        table(x, y, changes.get("sample_weight")),
        Features(np.size(before.w), isinstance(before.w, float), before.names),
        "x",
        "the rows of the fit",
    )
    size = changes.get("batch_size", before.batch_size)
    walked = before.via == "data" and before.batch_size is None and size is None
    given = defaults | {
        "batch_size": before.batch_size,
        "learning_rate": before.learning_rate,
        "bias": before.bias,
        "loss": before.loss,
        "delta": settings.delta,
        "l2": before.l2,
        "optimizer": settings.optimizer,
        "schedule": settings.schedule,
        "shuffle": settings.shuffle,
        "seed": before.seed,
        "standardize": before.standardized,
        "tol": settings.tol,
        "record": settings.record,
        "via": "data" if walked else "auto",
    }
    given |= changes | {"w0": before.w, "b0": before.b, "epochs": whole(epochs, "epochs", 0), "first": before.epochs}
    result = solve(data, given)
    warn(result, given["learning_rate"] == "auto", level=4)
    warn_of_rank(result, level=4)
    return result
