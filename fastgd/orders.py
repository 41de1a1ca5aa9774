"""Random orders of rows. An order depends on (seed, epoch) alone: not on threads, blocks or what the rows hold."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import kernels
from .blocks import ROWS, Arrays, Piece, Table
from .mapreduce import run
from .runs import Sieve

_BUCKET = 12_288
"""Rows of a bucket at most, where there are many: 200 kB of (x, y), which stay in a cache while they are shuffled."""

_FEW, _ROOM = 6, 3 << 20
"""To throw into up to 2^6 buckets, of up to 3 MB, costs 2 ns a row; more of them at once miss the processor's list of pages,
and cost 12."""


def order_of(seed: int, epoch: int, n: int, *, threads: int | None = None) -> NDArray[np.intp]:
    """Return the order of n rows in an epoch: a uniformly random permutation of 0 .. n - 1."""
    return _numbers(seed, epoch, n, threads).astype(np.intp)


def end_of_order(seed: int, epoch: int, n: int, count: int) -> tuple[Sieve, Sieve]:
    """The rows but for the last `count` of an epoch's order, and these, both ascending, without the order's memory.

    An order has its buckets one behind the other, so its end is some whole buckets, which a row's own random word tells, and
    part of one, which is shuffled here.
    """
    key, bits = _key(seed, epoch), _bits(n, 4 if n <= 1 << 32 else 8)

    def buckets(start: int, stop: int) -> NDArray[Any]:
        first = start // 4 * 4
        out = np.empty(stop - first, np.uint16 if bits <= 16 else np.uint32)
        kernels.orders.buckets(first, *key, bits, out)
        return out[start - first :]

    parts = [(start, min(start + ROWS, n)) for start in range(0, n, ROWS)]
    counts = np.zeros(1 << bits, np.int64)
    for start, stop in parts:
        kernels.orders.count(buckets(start, stop), counts)
    first = np.concatenate([[0], np.cumsum(counts)])
    cut = int(np.searchsorted(first, n - count, side="right")) - 1
    rows = np.concatenate([np.flatnonzero(buckets(start, stop) == cut) + start for start, stop in parts])
    rows = rows.astype(np.uint32 if n <= 1 << 32 else np.int64)
    kernels.orders.shuffle(cut, np.array([0, len(rows)]), *key, rows)
    some = np.sort(rows[n - count - first[cut] :]).astype(np.int64)

    def at_the_end(start: int, stop: int) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = buckets(start, stop) > cut
        low, high = np.searchsorted(some, [start, stop])
        found[some[low:high] - start] = True
        return found

    return Sieve(n, lambda start, stop: ~at_the_end(start, stop), n - count), Sieve(n, at_the_end, count)


def reorder(data: Table, seed: int, epoch: int, *, threads: int | None = None, keep: bool = False) -> Table:
    """Return the rows of a table in the order of an epoch.

    Rows of one feature without weights are copied, and then read in sequence. Of others the order takes 4 bytes a row, and
    a block is gathered when it is read, which is twice as fast; an order to `keep` for many epochs has all rows copied.
    """
    require_memory(data)
    n = data.n
    if data.d == 1 and not data.weighted:
        pairs = np.empty(n, np.complex128)

        def throw(bucket: NDArray[Any], start: int, place: NDArray[Any]) -> None:
            block = data.read(start, start + len(bucket))
            kernels.orders.throw_pairs(bucket, block.x, block.y, place, pairs)

        _shuffled(pairs, throw, seed, epoch, threads)
        x, y, weight = pairs.real, pairs.imag, None
    else:
        ordered = data.ordered(_numbers(seed, epoch, n, threads))
        if not keep:
            return ordered
        x = np.empty((n, data.d) if data.d > 1 else n)
        y, weight = np.empty(n), np.empty(n) if data.weighted else None

        def copy(piece: Piece) -> None:
            block, part = piece.read(), slice(piece.start, piece.stop)
            x[part], y[part] = block.x, block.y
            if weight is not None:
                weight[part] = block.weight

        run(copy, ordered.pieces(), threads=threads)
    return Arrays(x=x, y=y, weight=weight, flat=data.flat, names=data.names, target=data.target)


def require_memory(data: Table) -> None:
    """Raise unless rows can be put into a random order."""
    if not data.in_memory:
        raise ValueError(
            "shuffle is not 'none' and x is not in memory: its rows come in sequence and cannot be put into a random order; "
            "use shuffle='none', or load them into arrays"
        )


def _numbers(seed: int, epoch: int, n: int, threads: int | None) -> NDArray[Any]:
    """The order of an epoch in as few bytes as hold the numbers."""
    numbers = np.empty(n, np.uint32 if n <= 1 << 32 else np.int64)

    def throw(bucket: NDArray[Any], start: int, place: NDArray[Any]) -> None:
        kernels.orders.throw_numbers(bucket, start, place, numbers)

    _shuffled(numbers, throw, seed, epoch, threads)
    return numbers


def _key(seed: int, epoch: int) -> list[int]:
    """The key of an epoch's random words."""
    return [int(word) for word in np.random.SeedSequence(seed, spawn_key=(epoch,)).generate_state(2, np.uint32)]


def _bits(n: int, size: int) -> int:
    """The logarithm of the number of buckets for n elements of so many bytes."""
    bits = (n // _BUCKET).bit_length()
    return min(bits, _FEW) if n * size <= _ROOM << _FEW else bits


def _shuffled(
    out: NDArray[Any],
    throw: Callable[[NDArray[Any], int, NDArray[Any]], None],
    seed: int,
    epoch: int,
    threads: int | None,
) -> None:
    """Fill `out`, an element for each row, by throwing blocks of rows into buckets, and shuffle these."""
    n = len(out)
    key, bits = _key(seed, epoch), _bits(n, out.itemsize)
    starts = range(0, n, ROWS)
    bucket = np.empty(n, np.uint16 if bits <= 16 else np.uint32)
    counts = np.zeros((len(starts), 1 << bits), np.int64)

    def count(k: int) -> None:
        part = bucket[k * ROWS : (k + 1) * ROWS]
        kernels.orders.buckets(k * ROWS, *key, bits, part)
        kernels.orders.count(part, counts[k])

    run(count, range(len(starts)), threads=threads)
    first = np.concatenate([[0], np.cumsum(counts.sum(axis=0))])
    place = (first[:-1] + np.cumsum(counts, axis=0) - counts).astype(np.uint64)  # each block's first row in each bucket
    run(
        lambda k: throw(bucket[k * ROWS : (k + 1) * ROWS], k * ROWS, place[k]), range(len(starts)), threads=threads,
    )  # fmt: skip
    group = max(1, (1 << bits) // 64)

    def shuffle(k: int) -> None:
        kernels.orders.shuffle(k, first[k : k + group + 1], *key, out)

    run(shuffle, range(0, 1 << bits, group), threads=threads)
