"""What a figure was measured under: versions, processor, threads, and the read roof of the same run."""

import platform
import statistics
import time
from typing import Any

import numba
import numpy as np

from fastgd import kernels
from fastgd.blocks import table
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
