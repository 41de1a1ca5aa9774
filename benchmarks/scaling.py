"""Time one pass against the number of rows and of features, on synthetic data, beside the read roof.

    python -m benchmarks.scaling [--rows N] [--features D] [--noise S] [--out FILE.png|svg]

n goes from 1e3 to --rows (default 1e7; 1e8 takes 1.6 GB) and d over 1, 2, 5, 10 ... to --features (default 100); sizes
that would need more than --memory GB are left out, and said.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import fastgd

from .conditions import conditions, roof


def median_time(call: Callable[[], Any], *, seconds: float = 1.0) -> float:
    """Median seconds of a call, of three runs at the least."""
    call()
    times: list[float] = []
    while len(times) < 3 or (sum(times) < seconds and len(times) < 100):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def powers(most: int, steps: tuple[int, ...] = (1, 2, 5), least: int = 1) -> list[int]:
    """1, 2, 5, 10, 20, 50 ... up to `most`."""
    found = [step * 10**power for power in range(10) for step in steps]
    return [value for value in found if least <= value <= most]


def measure(rows: int, features: int, noise: float, memory: float) -> dict[int, list[tuple[int, float, float]]]:
    """For every d, (n, seconds of QuadraticCost.of, seconds of a fit of 100 epochs)."""
    found: dict[int, list[tuple[int, float, float]]] = {}
    for d in powers(features):
        w: Any = 2.0 if d == 1 else np.linspace(1.0, 2.0, d)
        for n in powers(rows, (1,), 1000):
            if 8e-9 * n * (d + 1) > memory:
                print(f"{n:>13,} rows x {d:3} features: left out, more than {memory:g} GB")
                continue
            x, y = fastgd.make_linear(n, w, noise=noise)
            one = median_time(lambda x=x, y=y: fastgd.QuadraticCost.of(x, y))
            descent = median_time(lambda x=x, y=y: fastgd.fit(x, y, learning_rate=0.01, epochs=100))
            found.setdefault(d, []).append((n, one, descent))
            print(f"{n:>13,} rows x {d:3} features: one pass {one * 1e3:10.3f} ms, 100 epochs {descent * 1e3:10.3f} ms")
    return found


def draw(found: dict[int, list[tuple[int, float, float]]], roofs: list[tuple[int, float]], path: str) -> None:
    """Time against rows, a line for each d, the roof dashed."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
    colours = plt.get_cmap("viridis")(np.linspace(0.0, 0.85, len(found)))
    for colour, (d, points) in zip(colours, found.items(), strict=True):
        ax.plot(*np.array([(n, one) for n, one, _ in points]).T, "o-", color=colour, markersize=4, label=f"d = {d}")
    ax.plot(*np.array(roofs).T, "k--", linewidth=1.2, label="merely reading, d = 1")
    ax.set(xscale="log", yscale="log", xlabel="rows", ylabel="seconds", title="One pass: QuadraticCost.of")
    ax.grid(alpha=0.3)
    ax.legend(fontsize=8)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main() -> None:
    """Parse, measure, draw."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--features", type=int, default=100)
    parser.add_argument("--noise", type=float, default=0.1)
    parser.add_argument("--memory", type=float, default=2.0, help="GB that the rows may take")
    parser.add_argument("--out", default="benchmarks/figures/scaling.png")
    options = parser.parse_args()
    print(", ".join(f"{name} {value}" for name, value in conditions().items()))
    found = measure(options.rows, options.features, options.noise, options.memory)
    roofs = [(n, roof(n)) for n in powers(options.rows, (1,), 1000)]
    draw(found, roofs, options.out)
    print(options.out)


if __name__ == "__main__":
    main()
