"""The corridor on Dask: rows of arrays and dataframes stay on the workers of a cluster, and summaries travel.

Rows are cut at the edges that an array in memory would be cut at, wherever partitions end: a task takes the pieces that are
mostly in one partition, runs where that is, and has the few rows that it lacks sent from the worker that holds them. So
results have the same bits as in one process, mini-batches and folds never straddle, and the order of rows is kept. Every
pass submits tasks on the collection's own graph: what a lost worker held is made again from there. A collection that is not
persisted is made anew in every pass.
"""

import atexit
import bisect
import copy
import itertools
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from .blocks import Block, Columns, Piece, Runs, Table, consecutive, joined, same_length
from .checks import nearest
from .mapreduce import Progress, fold, serially

T = TypeVar("T")
S = TypeVar("S")

_AT_ONCE = 256  # results fetched together
_KEPT = 16  # states of a walk that are kept on the workers, so that a lost one is not walked to from the first row again

_local: Any = None
_local_lock = threading.Lock()


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
            "x is a Dask collection, and this needs its rows one by one in any order, as leaving each of them out does: load "
            "them into arrays with .compute()"
        )

    def require_here(self, alternative: str) -> None:
        """Refuse to bring one number for each row here."""
        raise ValueError(
            "x is a Dask collection, and this would bring a number for each of its rows here: "
            f"use x.map_blocks or x.map_partitions with {alternative}"
        )

    def ordered(self, order: "NDArray[np.intp] | Runs") -> Table:
        """Return the rows of some runs, each behind the one before it."""
        return super().ordered(consecutive(order))

    def parts(self, rows: int, edges: Sequence[int | None]) -> "Remote":  # type: ignore[override]
        """Cut the rows between each two of `edges` into pieces of `rows`."""
        return Remote(self, rows, edges, numbered=True)

    def pieces(self, rows: int | None = None, start: int = 0, stop: int | None = None) -> "Remote":  # type: ignore[override]
        """Cut rows `start` to `stop` into pieces of `rows`."""
        return Remote(self, rows or self.block_rows, [start, stop], numbered=False)

    def again(self, piece: Piece) -> "Remote":  # type: ignore[override]
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
                tasks[key] = (partial(_take, self, rows), self.held.keys[segment.partition])
        last = (name, len(segments))
        tasks[last] = (partial(_look, self, look, back), found)
        result: list[T] = []
        _collect(self.held.graph | tasks, [last], result.append)
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
        graph, keys = self._graph(shares, partial(_map, task), chained=False)
        waiting = iter(shares)

        def take_all(results: list[T]) -> None:
            for result in results:
                take(result)
            self._advance(next(waiting), progress, rows)

        _collect(graph, keys, take_all)

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
        graph, keys = self._graph(shares, partial(_walk, step), chained=True, first=state)
        waiting = iter(shares)
        final: list[S] = []
        _collect(graph, keys, final.append, passed=lambda: self._advance(next(waiting), progress, rows))
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
            bounds, chunks = [], []
            k = bisect.bisect_right(firsts, start) - 1
            while k < len(segments) and firsts[k] < stop:
                a = max(start - firsts[k], 0) + segments[k].offset
                b = min(stop, firsts[k + 1]) - firsts[k] + segments[k].offset
                keys = table.held.keys[segments[k].partition]
                size = _size(table.held, segments[k].partition)
                if k == home or b - a == size:
                    bounds.append((a, b, size))
                    chunks.append(keys)
                else:  # only the rows that are wanted are sent
                    tasks[(f"{name}-rows", i, k)] = (partial(_take, table, slice(a, b)), keys)
                    bounds.append((0, b - a, b - a))
                    chunks.append((f"{name}-rows", i, k))
                k += 1
            run = partial(_run, work, table, cuts, self.numbered, bounds)
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
    needed: dict[Any, Any] = dict(cull(held.graph, list(keys))[0])
    return needed


# What runs on workers.


def _columns(table: DaskTable, chunk: Sequence[Any], size: int | None = None) -> Columns:
    """A partition as x (m,) or (m, d), y (m,) and weight (m,) or None."""
    for values in chunk:
        if isinstance(values, np.ma.MaskedArray):
            raise ValueError("x, y or sample_weight has a masked partition: drop or fill the masked rows first")
        if size is not None and len(values) != size:
            raise ValueError(f"a partition has {len(values)} rows now and had {size} before: x changed while it was in use")
    columns = [np.asarray(values) for values in chunk]
    if len(columns) < 1 + table.answered + table.weighted:
        joined_ = columns[0]
        columns = [joined_[:, : table.d]] + [joined_[:, j] for j in range(table.d, joined_.shape[1])]
    x = columns[0]
    if table.d == 1 and x.ndim == 2:
        x = x[:, 0]
    return x, columns[1] if table.answered else np.broadcast_to(0.0, len(x)), columns[-1] if table.weighted else None


def _rows_of(columns: Columns, rows: Any) -> Columns:
    x, y, weight = columns
    return x[rows], y[rows], None if weight is None else weight[rows]


def _take(table: DaskTable, rows: Any, chunk: Sequence[Any]) -> list[Any]:
    """Some rows of a partition, in the form of one."""
    x, y, weight = _rows_of(_columns(table, chunk), rows)
    return [x, *([y] if table.answered else []), *([] if weight is None else [weight])]


def _look(table: DaskTable, look: Callable[[Block], T], back: NDArray[np.intp], chunks: list[Any]) -> T:
    with serially():
        return look(table.convert(0, *_rows_of(joined([_columns(table, chunk) for chunk in chunks]), back)))


def _run(
    work: Callable[..., Any],
    table: DaskTable,
    cuts: list[tuple[int, int, int]],
    numbered: bool,
    bounds: list[tuple[int, int, int]],
    chunks: list[Any],
    state: Any = None,
) -> Any:
    """Do the work on the pieces of a share, whose rows are those within bounds of the chunks, one after the other."""
    rows = [_rows_of(_columns(table, chunk, size), slice(a, b)) for chunk, (a, b, size) in zip(chunks, bounds, strict=True)]
    with serially():
        return work(_pieces(table, cuts, numbered, rows), state)


def _pieces(table: DaskTable, cuts: list[tuple[int, int, int]], numbered: bool, rows: list[Columns]) -> Iterator[Any]:
    k = used = 0
    for part, start, stop in cuts:
        found, missing = [], stop - start
        while missing:
            taken = min(missing, len(rows[k][1]) - used)
            found.append(_rows_of(rows[k], slice(used, used + taken)))
            missing, used = missing - taken, used + taken
            if used == len(rows[k][1]):
                k, used = k + 1, 0
        piece = Piece(table, start, stop, joined(found))
        yield (part, piece) if numbered else piece


def _map(task: Callable[[Any], T], pieces: Iterator[Any], _: None) -> list[T]:
    return [task(piece) for piece in pieces]


def _walk(step: Callable[[Block, S], S], pieces: Iterator[Piece], state: S) -> S:
    state = copy.deepcopy(state)  # a step writes to it, and the task may have to be run again
    for piece in pieces:
        state = step(piece.read(), state)
    return state


# What runs on the client.


def _client() -> Any:
    """The user's client; where there is none, that of a cluster on this machine, which ends with the process."""
    global _local
    import distributed

    try:
        return distributed.get_client()
    except ValueError:
        pass
    with _local_lock:
        if _local is None or _local.status != "running":
            from .mapreduce import thread_count

            cluster = distributed.LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=thread_count(), threads_per_worker=1, processes=True, dashboard_address=None
            )
            _local = distributed.Client(cluster, set_as_default=False)  # type: ignore[no-untyped-call]
            atexit.register(cluster.close)
            atexit.register(_local.close)
        return _local


def _collect(
    graph: dict[Any, Any], keys: list[Any], take: Callable[[Any], object], passed: Callable[[], object] | None = None
) -> None:
    """Run tasks and take their results in order, those that are there together at once; on an error the rest is cancelled.

    Where `passed` is given, it is called for each of them, and only the last result is fetched.
    """
    from distributed import wait

    client = _client()
    left = deque(client.get(graph, keys, sync=False))
    kept: deque[Any] = deque(maxlen=_KEPT)
    try:
        while left:
            with client.as_current():
                wait([left[0]])  # type: ignore[no-untyped-call]
            ready = [left[0]]
            while len(ready) < min(len(left), _AT_ONCE) and left[len(ready)].status == "finished":
                ready.append(left[len(ready)])
            if passed is None:
                for result in client.gather(ready):
                    take(result)
                    left.popleft()
                continue
            for future in ready:
                if future.status == "error" or len(left) == 1:
                    take(future.result())
                passed()
                kept.append(left.popleft())
    except BaseException:
        client.cancel([*left, *kept])
        raise


# The door.


def collected(x: Any, y: Any, sample_weight: Any = None, *, answered: bool = True) -> DaskTable:
    """Validate Dask arrays, or a dataframe and series or the names of its columns, as a table."""
    names = _columns_of(x)
    target = y if isinstance(y, str) else _series_name(y)
    others = {"y": y, "sample_weight": sample_weight} if answered else {"sample_weight": sample_weight}
    if answered and y is None:
        raise TypeError("y is None: it must be a Dask array or series, or the name of a column of x")
    named = {name: values for name, values in others.items() if isinstance(values, str)}
    for name, values in named.items():
        if names is None or values not in names:
            said = "no columns with names" if names is None else f"no such column{nearest(values, names)}"
            raise ValueError(f"{name} is {values!r}: x has {said}")
    given = {name: values for name, values in others.items() if values is not None}
    if named:
        names = [name for name in names or () if name not in named.values()]
        if not names:
            raise ValueError("x has no columns besides those of y and sample_weight: at least one feature is needed")
        together = len(named) == len(given)
        frame, x = x, x[names + list(named.values())] if together else x[names]
        given = {} if together else {name: frame[values] if name in named else values for name, values in given.items()}
    flat = x.ndim == 1
    arrays = [_array(x, "x"), *(_array(values, name) for name, values in given.items())]
    width = 1 if flat else len(names) if names is not None else arrays[0].shape[1]
    if width == 0:
        raise ValueError(f"x has shape {arrays[0].shape}: it must have at least one column")
    arrays = _with_lengths(arrays)
    features = arrays[0]
    if features.shape[0] == 0:
        raise ValueError("x is empty: at least one row is needed")
    for name, values in zip(given, arrays[1:], strict=True):
        same_length(features, values, name)
    arrays = [values.rechunk({0: features.chunks[0]}) for values in arrays]
    edges, keys = [0], []
    for k, size in enumerate(features.chunks[0]):
        if size:
            edges.append(edges[-1] + size)
            keys.append([(values.name, k, *([0] if values.ndim == 2 else [])) for values in arrays])
    graph: dict[Any, Any] = {}
    for values in arrays:
        graph.update(values.__dask_graph__())
    numbered = names == [str(j) for j in range(width)]  # a number is no name
    return DaskTable(
        flat=flat, names=None if names is None or numbered else tuple(names), target=target or "y",
        held=Held(graph, keys, edges), total=edges[-1], width=width, weighted_=sample_weight is not None, answered=answered,
    )  # fmt: skip


def _series_name(values: Any) -> str | None:
    """The name of a series; that of a Dask array is a key and no name."""
    name = getattr(values, "name", None) if hasattr(values, "to_dask_array") else None
    return name if isinstance(name, str) and name else None


def _columns_of(x: Any) -> list[Any] | None:
    if not hasattr(x, "to_dask_array"):
        return None
    if x.ndim == 1:
        name = _series_name(x)
        return None if name is None else [name]
    return list(x.columns)


def _array(values: Any, name: str) -> Any:
    """A Dask array (n,), or (n, d) for x, of numbers, in chunks of whole rows."""
    import dask.array

    if hasattr(values, "to_dask_array"):
        values = _array_of_frame(values, name)
    if not isinstance(values, dask.array.Array):
        raise TypeError(
            f"{name} is a {type(values).__name__}: x, y and sample_weight must all be Dask arrays, dataframes or series where "
            "one of them is; write dask.array.from_array"
        )
    if isinstance(values._meta, np.ma.MaskedArray):
        raise ValueError(f"{name} is a masked array: drop or fill the masked rows first")
    if values.dtype.kind == "c":
        raise TypeError(f"{name} is complex: every value must be a real number")
    if values.dtype.kind not in "biuf":
        raise TypeError(f"{name} has dtype {values.dtype}: every value must be a number")
    if name == "x":
        if values.ndim not in (1, 2):
            raise ValueError(f"x has {values.ndim} dimensions: it must be (n,) for one feature, or (n, d) for d features")
        if values.ndim == 2 and values.numblocks[1] != 1:
            values = values.rechunk({1: -1})
    elif values.ndim != 1:
        hint = f"; write {name}[:, 0]" if values.ndim == 2 and values.shape[1] == 1 else ", one value for each row of x"
        raise ValueError(f"{name} has shape {values.shape}: it must be one-dimensional{hint}")
    return values


def _array_of_frame(frame: Any, name: str) -> Any:
    """A dataframe or series as an array; what is not a number is refused by its column's name."""
    from pandas.api.types import is_complex_dtype, is_numeric_dtype

    kinds = [(frame.name, frame.dtype)] if frame.ndim == 1 else list(frame.dtypes.items())
    for column, kind in kinds:
        if not is_numeric_dtype(kind) or is_complex_dtype(kind):
            raise TypeError(f"{name} has dtype {kind} in column {column}: every value must be a real number")
    if len({kind for _, kind in kinds}) != 1 or not isinstance(kinds[0][1], np.dtype):
        frame = frame.astype("float64")  # missing values become NaN, and are named
    return frame.to_dask_array()


def _with_lengths(arrays: list[Any]) -> list[Any]:
    """The arrays with the sizes of their chunks; those that are not known are counted, where the chunks are."""
    import dask.array

    name = f"fastgd-lengths-{uuid.uuid4().hex}"
    graph: dict[Any, Any] = {}
    counts: dict[Any, int] = {}
    unknown = [values for values in arrays if np.isnan(values.shape[0])]
    for values in unknown:
        graph.update(values.__dask_graph__())
        for k in range(values.numblocks[0]):
            graph[(name, values.name, k)] = (len, (values.name, k, *([0] if values.ndim == 2 else [])))
            counts[(name, values.name, k)] = 0
    if counts:
        found: list[int] = []
        _collect(graph, list(counts), found.append)
        counts = dict(zip(counts, found, strict=True))
    known = []
    for values in arrays:
        if np.isnan(values.shape[0]):
            sizes = tuple(counts[(name, values.name, k)] for k in range(values.numblocks[0]))
            values = dask.array.Array(values.dask, values.name, (sizes, *values.chunks[1:]), meta=values._meta)
        known.append(values)
    return known
