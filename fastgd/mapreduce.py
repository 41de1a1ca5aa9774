"""The corridor: run a kernel over blocks on threads and hand back what it says of each, in block order.

Kernels are serial and release the GIL; the threads here share the blocks out. Block edges never depend on the number
of threads and results are merged in block order, so every number of threads gives the same bits; so no thread helps that
calculates otherwise than the caller's. This one works too: one block needs no pool, and Ctrl-C is seen between two blocks.
"""

import contextlib
import importlib
import itertools
import math
import os
import struct
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

from .checks import whole

T = TypeVar("T")
R = TypeVar("R")
S = TypeVar("S")

Arithmetic = tuple[bool, ...]

_pools: "dict[Arithmetic, tuple[int, ThreadPoolExecutor]]" = {}
_pool_lock = threading.Lock()


def _forget_pools() -> None:
    """Threads do not survive a fork: the child makes pools of its own."""
    global _pools, _pool_lock
    _pools, _pool_lock = {}, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pools)

# As names, since Python works out constants once.
_PROBES = (2.0**-1022, 0.5, 2.0**-1074, 2.0**100, 1.0, 2.0**-60)
_BITS = struct.Struct("d").pack
_ZERO = _BITS(0.0)


def arithmetic() -> Arithmetic:
    """How this thread calculates: whether results, and arguments, below 2.2e-308 count as 0, and where it rounds to.

    Libraries that are built with -ffast-math change it in the thread that loads them, and in no other that is there already.
    """
    small, half, least, large, one, speck = _PROBES
    lost = _BITS(small * half) == _ZERO  # where arguments count as 0, comparing says so in any case
    return lost, least * large == 0.0, one + speck > one, one - speck < one, -one - speck < -one


class _Here(threading.local):
    serial = False


_here = _Here()


@contextlib.contextmanager
def serially() -> Iterator[None]:
    """Use no other thread in here: a worker of a cluster shares its machine with others."""
    before, _here.serial = _here.serial, True
    try:
        yield
    finally:
        _here.serial = before


def thread_count(threads: int | None = None) -> int:
    """Return `threads`, else FASTGD_NUM_THREADS, else the processors this process may run on; 1 within `serially`."""
    if _here.serial:
        return 1
    if threads is None:
        setting = os.environ.get("FASTGD_NUM_THREADS")
        if setting is None:
            return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        if not setting.isdecimal() or int(setting) < 1:
            raise ValueError(f"the environment's FASTGD_NUM_THREADS is {setting!r}: it must be a whole number, 1 or above")
        return int(setting)
    return whole(threads, "threads", 1)


class Progress:
    """Tells how far a long run is: on a terminal or in a notebook after the first second, or by the caller's own function.

    Where tqdm is installed the bar is its own, else it is one plain line. A function is called with the rows done and those
    there are, None where that is not known; it is always called by the caller's own thread.
    """

    def __init__(self, option: Any, total: int | None, label: str) -> None:
        if option is not None and not isinstance(option, bool) and not callable(option):
            raise TypeError(f"progress is {option!r}: it must be True, False, None or a function of (done, total) rows")
        self.total, self.label, self.done = total, label, 0
        self.callback = option if callable(option) else None
        self.looked_at = sys.stderr is not None and (sys.stderr.isatty() or _in_notebook())
        self.drawn = option is True or (option is None and self.looked_at)
        self.started = self.shown = time.monotonic()
        self.line = False
        self.bar: Any = None

    def advance(self, rows: int) -> None:
        """Count `rows` more as done."""
        self.done += rows
        if self.callback is not None:
            self.callback(self.done, self.total)
        if not self.drawn:
            return
        now = time.monotonic()
        if now - self.started > 1.0 and now - self.shown > 0.1:
            self.shown = now
            if self.bar is None and self.looked_at and not self.line:
                self.bar = _bar(self.total, self.done, self.label)
            if self.bar is None:
                self._write(now - self.started)
            else:
                self.bar.update(self.done - self.bar.n)

    def _write(self, seconds: float) -> None:
        rate = self.done / seconds
        if self.total is None:
            text = f"{self.label}: {self.done:,} rows, {rate / 1e6:.4g} million rows/s"
        else:
            share = min(self.done / max(self.total, 1), 1.0)
            left = seconds * (1 - share) / max(share, 1e-9)
            text = f"{self.label}: {share:4.0%}, {rate / 1e6:.4g} million rows/s, {left:.0f} s left"
        self.line = True
        sys.stderr.write(f"\r{text:72}")
        sys.stderr.flush()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()
        if self.line:
            sys.stderr.write("\r" + " " * 72 + "\r")
            sys.stderr.flush()


def _in_notebook() -> bool:
    """Whether output is shown by a notebook, whose standard error is no terminal."""
    interactive = sys.modules.get("IPython")
    shell = None if interactive is None else interactive.get_ipython()
    return type(shell).__name__ == "ZMQInteractiveShell"


def _bar(total: int | None, done: int, label: str) -> Any:
    """A bar of tqdm's that goes away when it is closed, or None where tqdm is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # in a notebook without widgets it warns, and draws text
        try:
            kind = importlib.import_module("tqdm.auto").tqdm
        except ImportError:
            return None
        # Its monitor would be a thread that stays.
        own = type("Bar", (kind,), {"monitor_interval": 0})
        how = {"unit": " rows", "unit_scale": True, "leave": False, "mininterval": 0.0, "file": sys.stderr}
        return own(total=total, initial=done, desc=label, **how)


def run(
    task: Callable[[T], R],
    pieces: Iterable[T],
    *,
    threads: int | None = None,
    progress: Progress | None = None,
    rows: Callable[[T], int] | None = None,
) -> list[R]:
    """Return `[task(piece) for piece in pieces]`, worked out on several threads.

    `rows(piece)` is what a finished piece counts in `progress`. The error raised is that of the first piece that has
    one, whichever thread met it.
    """
    found: list[R] = []
    fold(task, pieces, found.append, threads=threads, progress=progress, rows=rows)
    return found


def fold(
    task: Callable[[T], R],
    pieces: Iterable[T],
    take: Callable[[R], object],
    *,
    threads: int | None = None,
    progress: Progress | None = None,
    rows: Callable[[T], int] | None = None,
) -> None:
    """Call `take(task(piece))` for every piece, in the order of the pieces; a result waits only for those before it.

    Pieces that are on a cluster bring a `fold` of their own: the tasks go to them.
    """
    workers = thread_count(threads)
    away = getattr(pieces, "fold", None)
    if away is not None:
        away(task, take, progress=progress, rows=rows)
        return
    head = list(itertools.islice(source := iter(pieces), 2))
    if len(head) < 2:  # nothing to share out, and a small call should stay small
        for piece in head:
            take(task(piece))
            if progress is not None and rows is not None:
                progress.advance(rows(piece))
        return
    queue, ticket, stop = enumerate(itertools.chain(head, source)), threading.Lock(), threading.Event()
    del head  # a piece of a stream holds its rows
    waiting: dict[int, R] = {}
    expected = 0
    errors: dict[float, BaseException] = {}
    counted: list[int] = []  # rows done and not yet reported: only the caller's thread calls a progress function
    kind = arithmetic()

    def work(own: bool) -> None:
        nonlocal expected
        while not stop.is_set() and (own or arithmetic() == kind):
            index = math.inf  # a source that cannot be read on fails after all its blocks
            try:
                with ticket:
                    entry = next(queue, None)
                if entry is None:
                    return
                index, piece = entry
                result = task(piece)
                with ticket:
                    waiting[index] = result
                    while expected in waiting:
                        take(waiting.pop(expected))
                        expected += 1
            except BaseException as error:
                errors[index] = error
                stop.set()
                return
            if progress is not None and rows is not None:
                counted.append(rows(piece))
                if own:
                    report()

    def report() -> None:
        if progress is not None:
            done = 0
            while counted:
                done += counted.pop()
            progress.advance(done)

    helpers: list[Future[None]] = []
    try:
        for _ in range(workers - 1):  # an interrupt in between must stop those that run
            helpers.append(_submit(work, workers - 1, kind))
        work(own=True)
    except BaseException:
        stop.set()
        raise
    finally:
        for helper in helpers:
            if not helper.cancel():
                helper.result()
    report()
    for error in errors.values():
        if isinstance(error, KeyboardInterrupt):
            raise error
    if errors:
        raise errors[min(errors)]


def carry(
    step: Callable[[Any, S], S],
    pieces: Iterable[Any],
    state: S,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
    rows: Callable[[Any], int] | None = None,
) -> S:
    """Take a state through all pieces in order, state = step(piece.read(), state), while pieces to come are read on threads.

    Pieces that are on a cluster bring a `carry` of their own: the state goes to them.
    """
    away = getattr(pieces, "carry", None)
    if away is not None:
        final: S = away(step, state, progress=progress, rows=rows)
        return final

    def take(block: Any) -> None:
        nonlocal state
        state = step(block, state)

    fold(lambda piece: piece.read(), pieces, take, threads=threads, progress=progress, rows=rows)
    return state


def _submit(work: Callable[[bool], None], helpers: int, kind: Arithmetic) -> "Future[None]":
    """Have a thread work that calculates as this one does: it made it, and on most systems that is how it begins."""
    from concurrent.futures import ThreadPoolExecutor  # 3 ms of start-up that one thread does not need

    with _pool_lock:
        size, pool = _pools.get(kind, (0, None))
        if pool is None or size < helpers:
            pool = ThreadPoolExecutor(helpers, thread_name_prefix="fastgd")
            _pools[kind] = helpers, pool
        return pool.submit(work, False)
