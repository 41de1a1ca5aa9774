"""The corridor on Dask: rows of arrays and dataframes stay on the workers of a cluster, and summaries travel.

Rows are cut at the edges that an array in memory would be cut at, wherever partitions end: a task takes the pieces that are
mostly in one partition, runs where that is, and has the few rows that it lacks sent from the worker that holds them. So
results have the same bits as in one process, mini-batches and folds never straddle, and the order of rows is kept. Every
pass submits tasks on the collection's own graph: what a lost worker held is made again from there. A collection that is not
persisted is made anew in every pass.
"""

import bisect
import itertools
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from .blocks import Block, Piece, Table
from .cluster import collect, every, look_at, run_share, take_rows, walk
from .mapreduce import Progress, fold
from .runs import Runs, Sieve, consecutive

T = TypeVar("T")
S = TypeVar("S")


@dataclass
class Held:
    """What only the client knows: the `graph` that makes the partitions, their `keys`, and the row `edges` between them.

    It takes nothing along to a worker.
    """

    graph: dict[Any, Any] = field(default_factory=dict)
    keys: list[list[Any]] = field(default_factory=list)
    edges: list[int] = field(default_factory=list)

    def __reduce__(self) -> Any:
        return Held, ()


class Segment(NamedTuple):
    """Rows `first` and on of a table that are those from `offset` on of a partition."""

    first: int
    partition: int
    offset: int


class Share(NamedTuple):
    """The pieces, (part, start, stop) each, that one task takes, and the number of the segment that most of them are in."""

    cuts: list[tuple[int, int, int]]
    home: int


@dataclass(frozen=True, kw_only=True)
class DaskTable(Table):
    """Rows on the workers of a cluster. A copy that travels to a worker is without them, and knows how to convert some.

    A partition is x, y where it is `answered`, and weights where there are; or one array of all these columns.
    """

    held: Held = field(compare=False)
    total: int
    width: int
    weighted_: bool = False
    answered: bool = True

    @property
    def n(self) -> int:
        """The number of rows."""
        return self.total if self.order is None else len(self.order)

    @property
    def d(self) -> int:
        """The number of features."""
        return self.width

    @property
    def weighted(self) -> bool:
        """Whether rows have weights."""
        return self.weighted_

    def read(self, start: int, stop: int) -> Block:  # noqa: ARG002
        """Refuse to bring rows here."""
        raise ValueError(
            "x is a Dask collection, and this needs its rows one by one in any order, as leaving each of them out does: "
            "load them into arrays with .compute()"
        )

    def require_here(self, alternative: str) -> None:
        """Refuse to bring one number for each row here."""
        raise ValueError(
            "x is a Dask collection, and this would bring a number for each of its rows here: "
            f"use x.map_blocks or x.map_partitions with {alternative}"
        )

    def ordered(self, order: "NDArray[np.intp] | Runs | Sieve") -> Table:
        """Return the rows of some runs, each behind the one before it."""
        if isinstance(order, Sieve):
            raise ValueError(
                "validation is a fraction and x is a Dask collection, whose rows come in their order: give "
                "validation=(x, y), or use shuffle='none', which puts the last rows aside"
            )
        return super().ordered(consecutive(order))

    def parts(self, rows: int, edges: Sequence[int | None]) -> "Remote":
        """Cut the rows between each two of `edges` into pieces of `rows`."""
        return Remote(self, rows, edges, numbered=True)

    def pieces(self, rows: int | None = None, start: int = 0, stop: int | None = None) -> "Remote":
        """Cut rows `start` to `stop` into pieces of `rows`."""
        return Remote(self, rows or self.block_rows, [start, stop], numbered=False)

    def again(self, piece: Piece) -> "Remote":
        """Return the rows of a piece that came back from a worker without them."""
        return self.pieces(piece.count_rows(), piece.start, piece.stop)

    def on_first(self, look: Callable[[Block], T]) -> T:
        """Look at the first block, on the worker that has it."""
        found: list[T] = []
        rows = min(self.block_rows, self.n)
        fold(lambda piece: look(piece.read()), self.pieces(rows, 0, rows), found.append)
        return found[0]

    def on_rows(self, order: NDArray[np.intp], look: Callable[[Block], T]) -> T:
        """Look at a few rows, in the order of their numbers, on one of the workers."""
        wanted, back = np.unique(order, return_inverse=True)
        segments, name = self.segments(), f"fastgd-rows-{uuid.uuid4().hex}"
        places = np.searchsorted(wanted, [segment.first for segment in segments] + [self.n])
        tasks, found = {}, []
        for k, (low, high) in enumerate(itertools.pairwise(places.tolist())):
            if high > low:
                segment = segments[k]
                rows = wanted[low:high] - segment.first + segment.offset
                key = (name, k)
                found.append(key)
                tasks[key] = (partial(take_rows, self, rows), self.held.keys[segment.partition])
        last = (name, len(segments))
        tasks[last] = (partial(look_at, self, look, back), found)
        result: list[T] = []
        collect(self.held.graph | tasks, [last], result.append)
        return result[0]

    def gather(self, order: NDArray[np.intp]) -> Block:  # noqa: ARG002
        """Refuse to bring rows here."""
        return self.read(0, 0)

    def mean_weight(self) -> float:
        """Check every weight and return their mean, 1 where there are none."""
        if not self.weighted:
            return 1.0
        sums: list[float] = []

        def weigh(piece: Piece) -> float:
            block = piece.read()
            total = float(block.weight.sum())
            if not np.isfinite(total):
                self.require_finite(block)
            return total

        fold(weigh, self.pieces(), sums.append)
        total = float(sum(sums))
        self.require_weight(total)
        return total / self.n

    def require_all_finite(self) -> None:
        """Raise the sentence that names the first non-finite value, if there is one."""
        fold(lambda piece: self.require_finite(piece.read()), self.pieces(), lambda _: None)

    def segments(self) -> list[Segment]:
        """Where the table's rows are, in its order."""
        edges = self.held.edges
        runs = [slice(0, self.total)] if self.order is None else self.order.slices()  # type: ignore[union-attr]
        found, done = [], 0
        for run in runs:
            place = run.start
            while place < run.stop:
                partition = bisect.bisect_right(edges, place) - 1
                found.append(Segment(done, partition, place - edges[partition]))
                end = min(edges[partition + 1], run.stop)
                done, place = done + end - place, end
        return found


@dataclass(frozen=True)
class Remote:
    """Pieces of a table that are on a cluster, to which tasks and states go; `numbered` ones are (part, piece)."""

    table: DaskTable
    rows: int
    edges: Sequence[int | None]
    numbered: bool

    def __iter__(self) -> NoReturn:
        self.table.read(0, 0)
        raise AssertionError

    def fold(
        self,
        task: Callable[[Any], T],
        take: Callable[[T], object],
        *,
        progress: Progress | None = None,
        rows: Callable[[Any], int] | None = None,
    ) -> None:
        """Call `take(task(piece))` for every piece, in the order of the pieces; tasks run where the pieces are."""
        shares = self._shares()
        graph, keys = self._graph(shares, partial(every, task), chained=False)
        waiting = iter(shares)

        def take_all(results: list[T]) -> None:
            for result in results:
                take(result)
            self._advance(next(waiting), progress, rows)

        collect(graph, keys, take_all)

    def carry(
        self,
        step: Callable[[Block, S], S],
        state: S,
        *,
        progress: Progress | None = None,
        rows: Callable[[Any], int] | None = None,
    ) -> S:
        """Take a state through all pieces in order, from worker to worker."""
        shares = self._shares()
        if not shares:
            return state
        graph, keys = self._graph(shares, partial(walk, step), chained=True, first=state)
        waiting = iter(shares)
        final: list[S] = []
        collect(graph, keys, final.append, passed=lambda: self._advance(next(waiting), progress, rows))
        return final[0]

    def _advance(self, share: Share, progress: Progress | None, rows: Callable[[Any], int] | None) -> None:
        if progress is not None and rows is not None:
            pieces = (Piece(self.table, start, stop) for _, start, stop in share.cuts)
            progress.advance(sum(rows((0, piece) if self.numbered else piece) for piece in pieces))

    def _shares(self) -> list[Share]:
        """Consecutive pieces that are mostly in the same segment go together."""
        firsts = [segment.first for segment in self.table.segments()]
        shares: list[Share] = []
        for part, (start, stop) in enumerate(itertools.pairwise(self.edges)):
            end = self.table.n if stop is None else stop
            for first in range(start or 0, end, self.rows):
                last = min(first + self.rows, end)
                home = bisect.bisect_right(firsts, (first + last - 1) // 2) - 1
                if not shares or shares[-1].home != home:
                    shares.append(Share([], home))
                shares[-1].cuts.append((part, first, last))
        return shares

    def _graph(
        self, shares: list[Share], work: Callable[..., Any], *, chained: bool, first: Any = None
    ) -> tuple[dict[Any, Any], list[Any]]:
        """A task for each share, on the partitions; a chained one has the result of the one before as well."""
        table, segments, name = self.table, self.table.segments(), f"fastgd-{uuid.uuid4().hex}"
        firsts = [segment.first for segment in segments] + [table.n]
        tasks: dict[Any, Any] = {}
        for i, (cuts, home) in enumerate(shares):
            start, stop = cuts[0][1], cuts[-1][2]
            bounds: list[tuple[int, int]] = []
            sizes: list[int] = []
            chunks: list[Any] = []
            k = bisect.bisect_right(firsts, start) - 1
            while k < len(segments) and firsts[k] < stop:
                a = max(start - firsts[k], 0) + segments[k].offset
                b = min(stop, firsts[k + 1]) - firsts[k] + segments[k].offset
                keys: Any = table.held.keys[segments[k].partition]
                size = _size(table.held, segments[k].partition)
                if k != home and b - a < size:  # only the rows that are wanted are sent
                    few = (f"{name}-rows", i, k)
                    tasks[few] = (partial(take_rows, table, slice(a, b)), keys)
                    a, b, size, keys = 0, b - a, b - a, few
                bounds.append((a, b))
                sizes.append(size)
                chunks.append(keys)
                k += 1
            run = partial(run_share, work, table, cuts, self.numbered, bounds, sizes)
            if not chained:
                tasks[(name, i)] = (run, chunks)
            elif i:
                tasks[(name, i)] = (run, chunks, (name, i - 1))
            else:
                tasks[(name, i)] = (partial(run, state=first), chunks)
        return _needed(table.held, segments, shares) | tasks, [(name, i) for i in range(len(shares))]


def _size(held: Held, partition: int) -> int:
    return held.edges[partition + 1] - held.edges[partition]


def _needed(held: Held, segments: list[Segment], shares: list[Share]) -> dict[Any, Any]:
    """The part of the graph that some rows need: all of it, but for a look at a few."""
    if 2 * len(shares) > len(segments):
        return held.graph
    from dask.optimization import cull

    start, stop = shares[0].cuts[0][1], shares[-1].cuts[-1][2]
    firsts = [segment.first for segment in segments]
    near = segments[max(bisect.bisect_right(firsts, start) - 1, 0) : bisect.bisect_left(firsts, stop)]
    keys = {key for segment in near for key in held.keys[segment.partition]}
    needed: dict[Any, Any] = dict(cull(held.graph, list(keys))[0])  # type: ignore[no-untyped-call]
    return needed
