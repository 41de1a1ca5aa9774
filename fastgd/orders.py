"""Random orders of rows. An order depends on (seed, epoch) alone: not on threads, blocks or what the rows hold."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from . import kernels
from .blocks import NO_WEIGHT, ROWS, Arrays, Table
from .checks import Floats
from .mapreduce import run

_BUCKET = 12_288
"""Rows of a bucket at most: 200 kB of (x, y), which a second-level cache holds while they are shuffled."""

_MOVED = 32
"""Up to this many features rows are moved: gathering them one by one costs 40 ns each."""


def order_of(seed: int, epoch: int, n: int, *, threads: int | None = None) -> NDArray[np.intp]:
    """Return the order of n rows in an epoch: a uniformly random permutation of 0 .. n - 1."""

    def numbers(start: int, stop: int) -> tuple[Floats, Floats, Floats]:
        return np.arange(start, stop, dtype=np.float64)[:, None], NO_WEIGHT, NO_WEIGHT

    return _shuffled(numbers, n, 1, seed, epoch, threads)[:, 0].astype(np.intp)


def reorder(data: Table, seed: int, epoch: int, *, threads: int | None = None) -> Table:
    """Return the rows of a table in the order of an epoch.

    The rows are copied, and then read in sequence. Rows of more than 32 features stay where they are; the order takes 8
    bytes a row, and a block is gathered when it is read.
    """
    require_memory(data)
    d = data.d
    if d > _MOVED:
        return data.ordered(order_of(seed, epoch, data.n, threads=threads))

    def rows(start: int, stop: int) -> tuple[Floats, Floats, Floats]:
        block = data.read(start, stop)
        return block.x.reshape(-1, d), block.y, block.weight

    moved = _shuffled(rows, data.n, d + 2 if data.weighted else d + 1, seed, epoch, threads)
    weight = moved[:, d + 1] if data.weighted else None
    x = moved[:, 0] if d == 1 else moved[:, :d]
    return Arrays(x=x, y=moved[:, d], weight=weight, flat=data.flat, names=data.names, target=data.target)


def require_memory(data: Table) -> None:
    """Raise unless rows can be put into a random order."""
    if not data.in_memory:
        raise ValueError(
            "shuffle is not 'none' and x is not in memory: its rows come in sequence and cannot be put into a random order; "
            "use shuffle='none', or load them into arrays"
        )


def _shuffled(
    read: Callable[[int, int], tuple[Floats, Floats, Floats]],
    n: int,
    columns: int,
    seed: int,
    epoch: int,
    threads: int | None,
) -> Floats:
    """Read rows in sequence and return them, (n, columns), in the order of (seed, epoch)."""
    key = [int(word) for word in np.random.SeedSequence(seed, spawn_key=(epoch,)).generate_state(2, np.uint32)]
    bits = (n // _BUCKET).bit_length()
    starts = range(0, n, ROWS)
    bucket = np.empty(n, np.uint16 if bits <= 16 else np.uint32)
    counts = np.zeros((len(starts), 1 << bits), np.int64)

    def count(k: int) -> None:
        part = bucket[k * ROWS : (k + 1) * ROWS]
        kernels.orders.buckets(k * ROWS, *key, bits, part)
        kernels.orders.count(part, counts[k])

    run(count, range(len(starts)), threads=threads)
    first = np.concatenate([[0], np.cumsum(counts.sum(axis=0))])
    place = first[:-1] + np.cumsum(counts, axis=0) - counts  # of each block's first row in each bucket
    out = np.empty((n, columns))

    def throw(k: int) -> None:
        start, stop = k * ROWS, min((k + 1) * ROWS, n)
        kernels.orders.throw(bucket[start:stop], *read(start, stop), place[k], out)

    run(throw, range(len(starts)), threads=threads)
    group = max(1, (1 << bits) // 64)

    def shuffle(k: int) -> None:
        kernels.orders.shuffle(k, first[k : k + group + 1], *key, out)

    run(shuffle, range(0, 1 << bits, group), threads=threads)
    return out
