"""A promise with what was measured, and medians of calls that take turns."""

import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple


class Bound(NamedTuple):
    """A promise and what was measured: `found` must not exceed `allowed` (or not fall below it, if `at_least`)."""

    work: str
    promise: str
    found: float
    allowed: float
    unit: str
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the promise is kept."""
        return self.found >= self.allowed if self.at_least else self.found <= self.allowed


def medians(*calls: Callable[[], Any], rounds: int = 15) -> list[float]:
    """Median seconds of each call, the calls taking turns."""
    for call in calls:
        call()
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, spent in zip(calls, times, strict=True):
            started = time.perf_counter()
            call()
            spent.append(time.perf_counter() - started)
    return [statistics.median(spent) for spent in times]


def table(bounds: list[Bound]) -> str:
    """The bounds as a README table."""
    lines = ["| work | promise | measured | kept |", "|---|---|---:|---|"]
    for bound in bounds:
        allowed = f" of {bound.allowed:.3g}" if bound.unit == "ms" else ""
        verdict = "" if bound.allowed == 0.0 else "yes" if bound.met else "no"
        lines.append(f"| {bound.work} | {bound.promise} | {bound.found:.3g}{allowed} {bound.unit} | {verdict} |")
    return "\n".join(lines)
