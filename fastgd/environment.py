"""What fastgd runs on, and making its kernels ready before they are needed."""

import platform
import sys
import time
import warnings

import numpy as np

from .datasets import make_linear
from .descent import fit
from .folds import k_fold
from .kernels import cache_folder
from .many import fit_many
from .mapreduce import thread_count
from .objective import cost, gradient, losses, mse, predict
from .quadratic import QuadraticCost
from .quotes import Cutter, Dialect
from .results import ConvergenceWarning
from .selection import select
from .smoothing import smooth
from .surface import sweep
from .validation import cross_validate


def warmup() -> float:
    """Load every kernel, compiling those that this machine has not compiled yet; return the seconds it took.

    A program that must answer fast calls this at its start; an image that is built once calls it while it is built.

    Examples
    --------
    >>> import fastgd
    >>> fastgd.warmup() >= 0.0
    True
    """
    started = time.perf_counter()
    line, y = make_linear(4)
    plane, _ = make_linear(4, [1.0, 2.0])
    weight = np.ones(4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        Cutter(Dialect(",")).take(bytearray(b'"'), 0, 1, 0)
        smooth(y, 0.5)
        smooth(y, 0.5, debias=True)
        mse(line, y, 1.0, 0.0)
        gradient(line, y, 1.0, 0.0)
        sweep(line, y, None, None)
        sweep(line, y, loss="huber")
        for x, w in ((line, 1.0), (plane, [1.0, 2.0])):
            predict(x, w)
            losses(x, y, w)
            cost(x, y, w, loss="huber", sample_weight=weight)
            gradient(x, y, w, loss="huber", sample_weight=weight)
            QuadraticCost.of(x, y, sample_weight=weight)
            fit(x, y, epochs=1)
            fit(x, y, epochs=1, via="data")
            fit(x, y, epochs=1, batch_size=2, optimizer="adam")
            fit(x, y, epochs=1, batch_size=2)
            fit(x, y, epochs=1, batch_size=1, loss="huber")
            for size in (1, 2, None):
                fit_many(x, y, {"learning_rate": [0.1, 0.2]}, epochs=1, batch_size=size)
        for weights in (None, weight):
            cross_validate(line, y, folds="loo", epochs=1, sample_weight=weights)
        select(line, y, {"epochs": [0, 1]}, folds=k_fold(4, 2, shuffle=True), rule="one_se")
        for d in range(1, 6):
            x, y = make_linear(8, np.ones(d))  # more rows than columns, or fit would say so
            fit(x, y, epochs=2, batch_size=1, shuffle="none")
    return time.perf_counter() - started


def versions() -> dict[str, str]:
    """Return the versions and the machine that results and speed depend on."""
    from importlib import metadata  # 10 ms of start-up

    found = {"fastgd": metadata.version("fastgd"), "python": platform.python_version()}
    for package in ("numba", "llvmlite", "numpy", "matplotlib"):
        found[package] = metadata.version(package)
    found["processor"] = processor()
    found["threads"] = str(thread_count())
    found["kernel cache"] = cache_folder() or "none can be written: kernels compile in every process"
    return found


def show_versions() -> None:
    """Print the versions, processor, threads and kernel cache: what a report of a defect should carry.

    Examples
    --------
    >>> import fastgd
    >>> fastgd.show_versions()
    fastgd        ...
    """
    for name, value in versions().items():
        print(f"{name:13} {value}")


def processor() -> str:
    """Return the processor's name, as Linux says it, or the machine's."""
    if sys.platform == "linux":
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = {line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")}
        if names:
            return ", ".join(sorted(names))
    return platform.processor() or platform.machine()
