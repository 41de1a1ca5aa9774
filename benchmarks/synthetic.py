"""Time rows that are made in the kernel and never stored, beside NumPy's generator.

    python -m benchmarks.synthetic [--rows N] [--write]

n goes from 1e6 to --rows (default 1e8; 1e9 takes some 2 s a call, and NumPy 16) in constant memory. NumPy's
`default_rng` makes two normal numbers a row, on one thread and into one buffer again and again, and does nothing with
them; ours makes the rows and sums them up, on two.
"""

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

import fastgd

from .conditions import conditions
from .measure import medians
from .report import write

AXIS = np.linspace(-5.0, 10.0, 201)
BUFFER = 1 << 17  # rows: 2 MB, which a second-level cache holds


def agree(n: int) -> None:
    """Made rows are those of `make_linear`, to the last bit of what is found in them; and NumPy's are normal."""
    x, y = fastgd.make_linear(n)
    made, stored = (fastgd.QuadraticCost.of(*rows) for rows in ((fastgd.Synthetic(n), None), (x, y)))
    np.testing.assert_array_equal(made.factor, stored.factor)
    curves = [fastgd.sweep(*rows, AXIS, 0.5) for rows in ((fastgd.Synthetic(n), None), (x, y))]
    np.testing.assert_array_equal(curves[0].cost, curves[1].cost)
    buffer = np.empty((n, 2))
    np.random.default_rng(0).standard_normal(out=buffer)
    for z in (buffer[:, 0], buffer[:, 1], x, (y - 2.0 * x - 0.5) / 0.1):
        assert abs(z.mean()) < 6.0 / n**0.5
        assert abs(z.var() - 1.0) < 6.0 * (2.0 / n) ** 0.5


def numpy_normals(n: int) -> None:
    """Two normal numbers for each of n rows."""
    generator, buffer = np.random.default_rng(0), np.empty((BUFFER, 2))
    for start in range(0, n, BUFFER):
        generator.standard_normal(out=buffer[: min(BUFFER, n - start)])


def calls(n: int) -> dict[str, Callable[[], Any]]:
    """What is timed."""
    rows = fastgd.Synthetic(n)
    uniform = fastgd.Synthetic(n, x="uniform", outliers=0.1)
    return {
        "NumPy's default_rng, 2 normals a row, 1 thread": lambda: numpy_normals(n),
        "QuadraticCost.of, 2 threads": lambda: fastgd.QuadraticCost.of(rows, None, threads=2),
        "sweep of 201 values of w, 2 threads": lambda: fastgd.sweep(rows, None, AXIS, 0.5, threads=2),
        "the same, uniform x and outliers": lambda: fastgd.sweep(uniform, None, AXIS, 0.5, threads=2),
        "sweep, 1 thread": lambda: fastgd.sweep(rows, None, AXIS, 0.5, threads=1),
    }


def main() -> None:
    """Print a table of million rows a second."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10**8, help="the most rows (%(default)s)")
    parser.add_argument("--write", action="store_true", help="write the table into the README")
    options = parser.parse_args()
    agree(1_000_003)
    print(conditions())
    lines = ["| rows | work | million rows/s | x NumPy |", "|---:|---|---:|---:|"]
    for n in [size for size in (10**6, 10**7, 10**8, 10**9, 10**10) if size <= options.rows]:
        work = calls(n)
        seconds = medians(*work.values(), rounds=11 if n < 10**8 else 3 if n < 10**9 else 1)
        for name, spent in zip(work, seconds, strict=True):
            lines.append(f"| {n:,} | {name} | {n / spent / 1e6:.4g} | {seconds[0] / spent:.2f} |")
    print("\n".join(lines))
    if options.write:
        write("\n".join(lines), "synthetic")


if __name__ == "__main__":
    main()
