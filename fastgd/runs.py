"""Orders of rows that take no memory: a few runs of consecutive ones, and those of them that a rule picks."""

import itertools
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Runs:
    """Row numbers as a few runs of consecutive ones, (start, stop): an order that takes no memory.

    It is indexed as an array of them would be; a slice within one run is given back as a slice, which copies no row.
    """

    def __init__(self, *runs: tuple[int, int]) -> None:
        full = [(start, stop) for start, stop in runs if stop > start]
        self.before = np.cumsum([0] + [stop - start for start, stop in full])
        self.offset = np.array([start for start, _ in full], dtype=np.intp) - self.before[:-1]

    def __len__(self) -> int:
        return int(self.before[-1])

    def slices(self) -> list[slice]:
        """The runs as slices of row numbers."""
        edges = zip(self.before[:-1].tolist(), self.before[1:].tolist(), self.offset.tolist(), strict=True)
        return [slice(start + offset, stop + offset) for start, stop, offset in edges]

    def of(self, inner: "Runs") -> "Runs":
        """The rows that `inner` lists by their places among these."""
        found = []
        for part in inner.slices():
            for run, first in zip(self.slices(), self.before.tolist(), strict=False):
                start, stop = max(part.start - first, 0), min(part.stop - first, run.stop - run.start)
                found.append((run.start + start, run.start + stop))
        return Runs(*found)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            first, last, _ = place.indices(len(self))
            run = int(np.searchsorted(self.before, first, side="right")) - 1
            if last <= self.before[min(run + 1, len(self.offset))]:
                offset = int(self.offset[min(run, len(self.offset) - 1)]) if len(self) else 0
                return slice(first + offset, max(last, first) + offset)
            place = np.arange(first, last)
        return place + self.offset[np.searchsorted(self.before, place, side="right") - 1]


_STEP = 1 << 18  # places whose picks are told together


class Sieve:
    """Some of n rows, ascending: those where `picked(start, stop)`, (stop - start,) of places, is True, `count` of them.

    It is indexed as an array of their numbers would be. `base` holds the rows' own numbers where they are those of runs.
    """

    def __init__(
        self, n: int, picked: Callable[[int, int], NDArray[np.bool_]], count: int, base: Runs | None = None
    ) -> None:  # fmt: skip
        self.n, self.picked, self.count, self.base = n, picked, count, base or Runs((0, n))

    def __len__(self) -> int:
        return self.count

    def within(self, runs: Runs) -> "Sieve":
        """The same places among the rows of some runs."""
        return Sieve(self.n, self.picked, self.count, runs)

    @cached_property
    def _before(self) -> NDArray[np.intp]:
        """How many are picked before each step of places."""
        counts = [int(self.picked(start, min(start + _STEP, self.n)).sum()) for start in range(0, self.n, _STEP)]
        return np.cumsum([0, *counts])

    def __getitem__(self, place: Any) -> Any:
        wanted = np.arange(*place.indices(self.count)) if isinstance(place, slice) else np.asarray(place)
        step = np.searchsorted(self._before, wanted, side="right") - 1
        found = np.empty(wanted.shape, dtype=np.intp)
        for k in np.unique(step).tolist():
            rows = np.flatnonzero(self.picked(k * _STEP, min((k + 1) * _STEP, self.n))) + k * _STEP
            found[step == k] = rows[wanted[step == k] - self._before[k]]
        return self.base[found]


def consecutive(order: NDArray[np.intp] | Runs) -> Runs:
    """An order of rows that are read in sequence as a few runs; raises where it goes to and fro."""
    if not isinstance(order, Runs):
        steps = np.flatnonzero(np.diff(order) != 1) + 1
        cuts = [0, *steps.tolist(), len(order)]
        if len(cuts) > 1000:
            raise ValueError(
                "x is read in sequence, so its rows cannot be put into a random order: use shuffle='none' and folds of "
                "consecutive rows, or load them into arrays"
            )
        order = Runs(*((int(order[a]), int(order[b - 1]) + 1) for a, b in itertools.pairwise(cuts) if b > a))
    if any(a.stop > b.start for a, b in itertools.pairwise(order.slices())):
        raise ValueError("x is read in sequence, so its rows cannot go backwards: use rows in ascending order")
    return order
