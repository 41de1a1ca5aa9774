"""What fastgd promises of its speed, measured: python -m benchmarks.bounds [--write].

Each promise is a ratio to something measured in the same run: the read roof R (a corridor kernel that only reads and adds
up x and y) or a peer. Rounds of both alternate, so that a machine that changes its pace changes both.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np

import fastgd

from .conditions import conditions, fused, read
from .descents import batches, many, stochastic
from .estimators import estimators
from .explorer import explorer
from .files import files
from .measure import Bound, medians, table
from .selections import choices


def ten_million_rows() -> list[Bound]:
    """Passes over 10 million rows of one feature against the read roof."""
    x, y = fastgd.make_linear(10_000_000, noise=0.5)
    w, b = np.linspace(0.0, 4.0, 1001), np.linspace(-1.0, 2.0, 1001)
    roof, of, mse, gradient, sweep, fit = medians(
        lambda: read(x, y),
        lambda: fastgd.QuadraticCost.of(x, y),
        lambda: fastgd.mse(x, y, 1.5, 0.25),
        lambda: fastgd.gradient(x, y, 1.5, 0.25),
        lambda: fastgd.sweep(x, y, w, b),
        lambda: fastgd.fit(x, y, learning_rate=1e-3, epochs=1000),
        rounds=31,
    )
    cells = 1e-9 * len(w) * len(b)
    return [
        Bound("`QuadraticCost.of`, 1e7 rows, d = 1", "1.25 R", of / roof, 1.25, "R"),
        Bound("`mse`, via data, 1e7 rows", "1.15 R", mse / roof, 1.15, "R"),
        Bound("`gradient`, via data, 1e7 rows", "1.15 R", gradient / roof, 1.15, "R"),
        Bound("`sweep` 1001 x 1001, 1e7 rows", "1.25 R + 1 ns a cell", sweep * 1e3, (1.25 * roof + cells) * 1e3, "ms"),
        Bound("`fit` full batch, 1000 epochs, 1e7 rows", "1.3 R", fit / roof, 1.3, "R"),
    ]


def planes() -> list[Bound]:
    """Several features, against NumPy's product Z'Z and scikit-learn's LinearRegression."""
    from sklearn.linear_model import LinearRegression

    found = []
    for n, d, factor in ((1_000_000, 10, 1.0), (100_000, 100, 2.0)):
        x, y = fastgd.make_linear(n, np.linspace(1.0, 2.0, d), noise=0.5)
        z = np.column_stack([x, y])
        ours = fastgd.QuadraticCost.of(x, y).minimum
        theirs = LinearRegression().fit(x, y)
        np.testing.assert_allclose(ours.w, theirs.coef_, rtol=1e-9)
        of, product = medians(lambda x=x, y=y: fastgd.QuadraticCost.of(x, y), lambda z=z: z.T @ z)
        of_again, peer = medians(
            lambda x=x, y=y: fastgd.QuadraticCost.of(x, y).minimum, lambda x=x, y=y: LinearRegression().fit(x, y), rounds=5
        )
        name = f"`QuadraticCost.of`, {n:.0e} rows, d = {d}".replace("e+0", "e")
        found.append(Bound(name, f"{factor:g} x NumPy's Z'Z", of / product, factor, "x"))
        found.append(Bound(name, "3 x faster than LinearRegression", peer / of_again, 3.0, "x", at_least=True))
    return found


def huber(points: int = 101) -> list[Bound]:
    """The sweep of Huber's loss against NumPy's vectorised loop, and against what a fused multiply-add could do."""
    x, y = fastgd.make_linear(100_000, noise=0.5)
    w, b = np.linspace(0.0, 4.0, points), np.linspace(-1.0, 2.0, points)

    def vectorised(ws: Any, bs: Any) -> Any:
        cells = []
        for u in ws:
            for v in bs:
                size = np.abs(x * u + v - y)
                cells.append(np.mean(np.where(size <= 1.0, size * size, 2.0 * size - 1.0)))
        return np.reshape(cells, (len(ws), len(bs)))

    few = slice(0, None, 20)
    ours = fastgd.sweep(x, y, w, b, loss="huber").cost
    np.testing.assert_allclose(ours[few, few], vectorised(w[few], b[few]), rtol=1e-10)
    (sweep,) = medians(lambda: fastgd.sweep(x, y, w, b, loss="huber"), rounds=9)
    (part,) = medians(lambda: vectorised(w[few], b[few]), rounds=5)
    peer = part * (len(w) * len(b)) / (len(w[few]) * len(b[few]))
    # A loss takes three of them (residual, 2 |e| - near, product and sum), a subtraction, a size and a minimum.
    share = 3 * len(x) * len(w) * len(b) / sweep / fused()
    return [
        Bound("huber sweep 101 x 101, 1e5 rows", "60 x NumPy's loop", peer / sweep, 60.0, "x", at_least=True),
        Bound("its fused multiply-adds, of the peak", "reported", 100.0 * share, 0.0, "%", at_least=True),
    ]


def small_calls() -> list[Bound]:
    """Three rows: a call and NumPy's one line."""
    x, y = np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 7.0])

    def many(call: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: [call() for _ in range(10_000)]

    ours, theirs = medians(many(lambda: fastgd.mse(x, y, 1.5, 0.5)), many(lambda: np.mean((x * 1.5 + 0.5 - y) ** 2)))
    return [
        Bound("`mse` on 3 rows", "2 us a call", ours * 1e2, 2.0, "us"),
        Bound("`mse` on 3 rows", "0.4 x NumPy's line", ours / theirs, 0.4, "x"),
    ]


COLD = """
import time
started = time.perf_counter()
import numpy
numpy_done = time.perf_counter()
import fastgd
imported = time.perf_counter()
x = numpy.array([1.0, 2.0, 3.0])
fastgd.mse(x, x, 1.5, 0.5)
print(imported - numpy_done, time.perf_counter() - started)
"""


def cold_start() -> list[Bound]:
    """Fresh processes with a warm kernel cache."""
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        # As after an installation, which compiles the modules to bytecode; the first run, not counted, does so here.
        env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": folder}
        for _ in range(12):
            done = subprocess.run([sys.executable, "-c", COLD], check=True, capture_output=True, text=True, env=env)
            runs.append([float(word) for word in done.stdout.split()])
    imported, first = (statistics.median(values) for values in list(zip(*runs[1:], strict=True)))
    return [
        Bound("`import fastgd` over `import numpy`", "30 ms", imported * 1e3, 30.0, "ms"),
        Bound("first `mse` in a fresh process, warm cache", "0.8 s in all", first, 0.8, "s"),
    ]


MEMORY = """
import numpy as np, fastgd
def peak():
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
x, y = fastgd.make_linear(ROWS, W)
fastgd.warmup()
with open("/proc/self/clear_refs", "w") as command:
    command.write("5")  # the peak starts again from what is held now
before = peak()
CALL
print(peak() - before)
"""


def memory() -> list[Bound]:
    """Peak memory of a call above that of its arrays and the loaded kernels."""
    axis = "np.linspace(0.0, 4.0, 1001)"
    calls = [
        ("10_000_000", "2.0", "fastgd.QuadraticCost.of(x, y)"),
        ("10_000_000", "2.0", "fastgd.mse(x, y, 1.5, 0.5); fastgd.gradient(x, y, 1.5, 0.5)"),
        ("10_000_000", "2.0", f"fastgd.sweep(x, y, {axis}, {axis})"),
        ("10_000_000", "2.0", "fastgd.fit(x, y, epochs=1000, learning_rate=0.01)"),
        ("1_000_000", "[1.0] * 10", "fastgd.QuadraticCost.of(x, y)"),
        ("100_000", "[1.0] * 100", "fastgd.QuadraticCost.of(x, y)"),
        ("100_000", "2.0", f"fastgd.sweep(x, y, {axis}[::10], {axis}[::10], loss='huber')"),
    ]
    most = 0.0
    for rows, w, call in calls:
        code = MEMORY.replace("ROWS", rows).replace("W)", f"{w})").replace("CALL", call)
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        most = max(most, float(done.stdout))
    return [Bound("peak memory of any of these above the arrays", "100 MB", most, 100.0, "MB")]


PARTS = (
    ten_million_rows, planes, huber, stochastic, batches, many, choices, estimators, files, explorer, small_calls,
    cold_start, memory,
)  # fmt: skip


def main() -> None:
    """Measure every promise; print the table, or write it into the README."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bounds", description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the table into the README")
    parser.add_argument("--only", nargs="*", choices=[part.__name__ for part in PARTS], help="measure these parts alone")
    options = parser.parse_args()
    fastgd.warmup()
    bounds = [bound for part in PARTS if not options.only or part.__name__ in options.only for bound in part()]
    text = table(bounds)
    print(", ".join(f"{name} {value}" for name, value in conditions().items()))
    print(f"peak of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    print(text)
    if options.write:
        from .report import write

        write(text, "bounds")


if __name__ == "__main__":
    main()
