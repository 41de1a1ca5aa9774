"""Work on a cluster of Dask's: tasks that are given to its client, and what they do on its workers."""

import atexit
import copy
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from .blocks import Block, Columns, Piece
from .cells import Place, bare
from .mapreduce import serially, thread_count
from .sources import joined

if TYPE_CHECKING:
    from .distributed import DaskTable

T = TypeVar("T")
S = TypeVar("S")

_AT_ONCE = 256  # results fetched together
_KEPT = 16  # states of a walk that are kept on the workers, so that a lost one is not walked to from the first row again

_local: Any = None
_local_lock = threading.Lock()


def _client() -> Any:
    """The user's client; where there is none, that of a cluster on this machine, which ends with the process."""
    global _local
    try:
        import distributed
    except ImportError:
        raise ImportError("x is a Dask collection, and dask.distributed is missing: pip install 'fastgd[dask]'") from None

    try:
        return distributed.get_client()
    except ValueError:
        pass
    with _local_lock:
        if _local is None or _local.status != "running":
            cluster = distributed.LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=thread_count(), threads_per_worker=1, processes=True, dashboard_address=":0"
            )
            _local = distributed.Client(cluster, set_as_default=False)  # type: ignore[no-untyped-call]
            atexit.register(cluster.close)
            atexit.register(_local.close)
        return _local


class _Refused(NamedTuple):
    """The sentence of a task that met bad rows: no failure of the cluster's, and nothing for a worker's log."""

    error: ValueError


def collect(
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
                    take(_accepted(result))
                    left.popleft()
                continue
            for future in ready:
                if future.status == "error" or len(left) == 1:
                    take(_accepted(future.result()))
                passed()
                kept.append(left.popleft())
    except BaseException:
        client.cancel([*left, *kept])
        raise


def _accepted(result: Any) -> Any:
    if isinstance(result, _Refused):
        raise result.error
    return result


# On the workers.


def columns_of(table: "DaskTable", chunk: Sequence[Any], size: int | None = None) -> Columns:
    """A partition as x (m,) or (m, d), y (m,) and weight (m,) or None."""
    for values in chunk:
        if size is not None and len(values) != size:
            raise ValueError(f"a partition has {len(values)} rows now and had {size} before: x changed while it was in use")
    # What is under a mask becomes NaN, which is named by its row when rows are looked at.
    columns = [bare(values, Place("x, y or sample_weight", holes=True)) for values in chunk]
    if len(columns) < 1 + table.answered + table.weighted:
        joined_ = columns[0]
        columns = [joined_[:, : table.d]] + [joined_[:, j] for j in range(table.d, joined_.shape[1])]
    x = columns[0]
    if table.d == 1 and x.ndim == 2:
        x = x[:, 0]
    return x, columns[1] if table.answered else np.broadcast_to(0.0, len(x)), columns[-1] if table.weighted else None


def _some(columns: Columns, rows: Any) -> Columns:
    x, y, weight = columns
    return x[rows], y[rows], None if weight is None else weight[rows]


def take_rows(table: "DaskTable", rows: Any, chunk: Sequence[Any]) -> list[Any]:
    """Some rows of a partition, in the form of one."""
    x, y, weight = _some(columns_of(table, chunk), rows)
    return [x, *([y] if table.answered else []), *([] if weight is None else [weight])]


def look_at(table: "DaskTable", look: Callable[[Block], Any], back: NDArray[np.intp], chunks: Any) -> Any:
    """Look at rows that are those of the chunks, each as often and where `back` says."""
    with serially():
        return look(table.convert(0, *_some(joined([columns_of(table, chunk) for chunk in chunks]), back)))


def run_share(
    work: Callable[..., Any],
    table: "DaskTable",
    cuts: list[tuple[int, int, int]],
    numbered: bool,
    bounds: list[tuple[int, int]],
    sizes: list[int],
    chunks: list[Any],
    state: Any = None,
) -> Any:
    """Do the work on the pieces of a share, whose rows are those within bounds of the chunks, one after the other."""
    if isinstance(state, _Refused):
        return state
    try:
        rows = [_some(columns_of(table, *one), slice(a, b)) for *one, (a, b) in zip(chunks, sizes, bounds, strict=True)]
        with serially():
            return work(_pieces(table, cuts, numbered, rows), state)
    except ValueError as error:
        return _Refused(error)


def _pieces(table: "DaskTable", cuts: list[tuple[int, int, int]], numbered: bool, rows: list[Columns]) -> Iterator[Any]:
    k = used = 0
    for part, start, stop in cuts:
        found, missing = [], stop - start
        while missing:
            taken = min(missing, len(rows[k][1]) - used)
            found.append(_some(rows[k], slice(used, used + taken)))
            missing, used = missing - taken, used + taken
            if used == len(rows[k][1]):
                k, used = k + 1, 0
        piece = Piece(table, start, stop, joined(found))
        yield (part, piece) if numbered else piece


def every(task: Callable[[Any], T], pieces: Iterator[Any], _: None) -> list[T]:
    """What a task says of every piece; a piece that it gives back is kept without its rows."""
    found: list[Any] = [task(piece) for piece in pieces]
    light: list[Any] = [one._replace(columns=None) if isinstance(one, Piece) else one for one in found]
    return light


def walk(step: Callable[[Block, S], S], pieces: Iterator[Piece], state: S) -> S:
    """The state that a state becomes along the pieces."""
    state = copy.deepcopy(state)  # a step writes to it, and the task may have to be run again
    for piece in pieces:
        state = step(piece.read(), state)
    return state
