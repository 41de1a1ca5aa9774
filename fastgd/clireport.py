"""What the command line says of a result: a few aligned lines for people, one JSON object for programs, a picture."""

import dataclasses
import enum
import io
import json
import math
import os
import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from .limits import Stability
from .names import labels
from .optimizers import Optimizer
from .results import Fit
from .saving import write_whole
from .schedules import Schedule
from .surface import Curve, Surface

Lines = list[tuple[str, str]]


def as_json(result: Any, said: str | None = None, **more: Any) -> str:
    """The fields of a result as one JSON object, with what is said of it as `explain`.

    Arrays are lists, NaN is null, and what is infinite is the string "inf" or "-inf", which JSON's numbers are not.
    """
    found = {name: value for name, value in _plain(result).items() if more.get(name, True)}
    if said is not None:
        found["explain"] = said
    found.update({name: _plain(value) for name, value in more.items() if not isinstance(value, bool)})
    return json.dumps(found, allow_nan=False, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if isinstance(value, enum.Enum):
        return value.name
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        named = {"name": value.name} if isinstance(value, (Optimizer, Schedule)) else {}
        value = named | {part.name: getattr(value, part.name) for part in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value


def of_fit(fit: Fit, rows: int | None, notes: list[str]) -> str:
    """A fit for people."""
    weights = np.atleast_1d(fit.w)
    names = labels(fit.names, len(weights), np.ndim(fit.w) == 0)
    lines: Lines = [(name, _number(weight)) for name, weight in zip(names, weights.tolist(), strict=True)]
    if fit.bias:
        lines.append(("bias", _number(fit.b)))
    lines.append(("", ""))
    if rows is not None:
        lines.append(("rows", f"{rows:,}"))
    if not math.isnan(fit.cost):
        kind = "mean squared error" if fit.loss == "squared" else f"mean {fit.loss} loss"
        lines.append(("cost", f"{_number(fit.cost)}   ({kind})"))
    if fit.validation_rows:
        which = "the last" if fit.settings is not None and fit.settings.shuffle == "none" else "drawn at random"
        lines.append(
            ("validation cost", f"{_number(fit.validation_cost)}   ({fit.validation_rows:,} rows put aside, {which})")
        )
    if not math.isnan(fit.minimum_cost):
        lines.append(("least possible", _number(fit.minimum_cost) + ("   (with the penalty)" if fit.l2 else "")))
    if not math.isnan(fit.r2):
        lines.append(("R squared", f"{fit.r2:.6f}"))
    batch = "full batch" if fit.batch_size is None else f"batches of {fit.batch_size}"
    lines.append(("epochs", f"{fit.epochs:,}   ({batch}, {fit.optimizer}, schedule {fit.schedule})"))
    limit = f"   (full batches work below {fit.max_learning_rate:.6g})" if math.isfinite(fit.max_learning_rate) else ""
    lines.append(("learning rate", f"{fit.learning_rate:.6g}{limit}"))
    if fit.condition > 1.0 and math.isfinite(fit.condition):
        lines.append(("condition", f"{fit.condition:.6g}"))
    if fit.batch_size is not None and fit.settings is not None and fit.settings.shuffle != "none":
        lines.append(("seed", str(fit.seed)))
    title = f"{fit.target} by gradient descent: {fit.status.name.lower().replace('_', ' ')}"
    return _report(title, lines, [*notes, fit.explain()])


def of_sweep(found: Curve | Surface, rows: int | None, notes: list[str]) -> str:
    """A sweep for people."""
    loss = "mean squared error" if found.loss == "squared" else f"mean {found.loss} loss"
    lines: Lines = [] if rows is None else [("rows", f"{rows:,}")]
    for name, values in (("w", found.w), ("b", found.b)):
        axis = np.atleast_1d(values)
        span = f"{_number(axis[0])} to {_number(axis[-1])}, {len(axis):,} values" if len(axis) > 1 else _number(axis[0])
        lines.append((f"{name} of {found.label}" if name == "w" else name, span))
    lines.append(("best on the grid", f"{_number(found.best.cost)}   at {_place(found.best.w, found.best.b)}"))
    if found.minimum is not None:
        w = np.atleast_1d(found.minimum.w)
        own = w[0] if len(w) == 1 or found.feature is None else w[found.feature]
        lines.append(("exact minimum", f"{_number(found.minimum.cost)}   at {_place(own, found.minimum.b)}"))
    if isinstance(found, Curve):
        lines.append(("", ""))
        lines.append((found.axis, "cost"))
        for k in np.unique(np.linspace(0, len(found.values) - 1, 11).round().astype(int)):
            lines.append((_number(float(found.values[k])), _number(float(found.cost[k]))))
    return _report(f"cost of {found.target} ({loss})", lines, notes)


def of_stability(found: Stability, rows: int | None, rate: float | None, notes: list[str]) -> str:
    """The stability of learning rates for people."""
    lines: Lines = [] if rows is None else [("rows", f"{rows:,}")]
    lines.append(("safe below", f"{found.max_learning_rate:.6g}"))
    if found.diverging_rate != found.max_learning_rate:
        lines.append(("diverges from", f"{found.diverging_rate:.6g}"))
    lines.append(("fastest full batch", f"{found.best_learning_rate:.6g}"))
    lines.append(("condition", f"{found.condition:.6g}"))
    if found.standardized is not None:
        lines.append(("if standardised", f"{found.standardized.max_learning_rate:.6g}"))
    if rate is not None:
        lines.append((f"rate {rate:.6g}", found.verdict(rate)))
    kind = "full batch" if found.batch_size is None else f"batches of {found.batch_size}"
    return _report(f"learning rates ({kind})", lines, [*notes, found.explain()])


def draw(result: Any, path: Path) -> None:
    """Draw a result into a file, as a whole or not at all; no window is ever opened."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 4.5), layout="constrained")
    result.plot(ax=figure.subplots())
    data = io.BytesIO()
    figure.savefig(data, format=path.suffix[1:].lower(), dpi=150)
    write_whole(os.fspath(path), data.getvalue())


def _place(w: float, b: float) -> str:
    return f"w = {_number(w)}, b = {_number(b)}"


def _number(value: float) -> str:
    return f"{value:.7g}"


def _report(title: str, lines: Lines, sentences: list[str]) -> str:
    width = max((len(name) for name, _ in lines), default=0)
    body = [f"  {name:{width}}  {value}".rstrip() for name, value in lines]
    said = [textwrap.fill(sentence[:1].upper() + sentence[1:] + ".", 96, break_on_hyphens=False) for sentence in sentences]
    return "\n".join([title, "", *body, "", *said]).rstrip()
