"""What a figure was measured under: versions, processor, threads, and the read roof of the same run."""

import platform
import statistics
import time
from typing import Any

import numba
import numpy as np

from fastgd import kernels
from fastgd.door import table
from fastgd.environment import processor
from fastgd.mapreduce import run, thread_count

from .cases import rows


def conditions() -> dict[str, Any]:
    """Versions and machine, for the benchmark's extra_info and the README's line below the table."""
    return {
        "numba": numba.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "processor": processor(),
        "threads": thread_count(),
    }


def read(x: Any, y: Any) -> float:
    """Read x and y through the corridor and add them up: what any pass costs at the least."""
    return sum(run(lambda piece: kernels.moments.read(*piece.read()[1:3]), table(x, y)))


def roof(n: int) -> float:
    """Median seconds of `read` over the n rows that the cases take, measured now: memory has its moods."""
    x, y = rows(n)
    read(x, y)
    times = []
    for _ in range(31):
        started = time.perf_counter()
        read(x, y)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


@numba.njit(nogil=True, fastmath={"contract", "reassoc", "nsz", "arcp"})
def _chains(x: Any, c: float, d: float, repeats: int) -> float:
    """Two polynomials of degree 16 in every x: 32 fused multiply-adds an element, eight chains of them side by side."""
    total = 0.0
    for _ in range(repeats):
        for i in range(x.size):
            v = x[i]
            p, q = v, c
            # fmt: off
            p = p * v + c; q = q * v + d; p = p * v + c; q = q * v + d; p = p * v + c; q = q * v + d  # noqa: E702
            p = p * v + c; q = q * v + d; p = p * v + c; q = q * v + d; p = p * v + c; q = q * v + d  # noqa: E702
            p = p * v + c; q = q * v + d; p = p * v + c; q = q * v + d; p = p * v + c; q = q * v + d  # noqa: E702
            p = p * v + c; q = q * v + d; p = p * v + c; q = q * v + d; p = p * v + c; q = q * v + d  # noqa: E702
            p = p * v + c; q = q * v + d; p = p * v + c; q = q * v + d; p = p * v + c; q = q * v + d  # noqa: E702
            p = p * v + c; q = q * v + d  # noqa: E702
            # fmt: on
            total += p + q
    return total


def fused() -> float:
    """Fused multiply-adds a second, all threads together, on numbers that stay in registers: the machine's peak."""
    x, repeats, threads = np.linspace(0.0, 1.0, 1024), 2000, thread_count()
    best = 0.0
    for _ in range(20):
        started = time.perf_counter()
        run(lambda _: _chains(x, 0.5, 0.25, repeats), range(threads), threads=threads)
        best = max(best, 32 * x.size * repeats * threads / (time.perf_counter() - started))
    return best
