"""Time passes and sweeps over synthetic data against rows, features, cells and threads, the read roof drawn in.

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
from fastgd.mapreduce import thread_count

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


def grids(noise: float) -> dict[str, list[tuple[int, float]]]:
    """(cells, seconds) of square sweeps: of the squared loss over 1e6 rows, of Huber's over 1e5."""
    found: dict[str, list[tuple[int, float]]] = {}
    for loss, n, sides in (
        ("squared", 1_000_000, (10, 30, 100, 300, 1000, 3000)),
        ("huber", 100_000, (3, 10, 30, 100, 300)),
    ):
        x, y = fastgd.make_linear(n, noise=noise)
        for side in sides:
            w, b = np.linspace(0.0, 4.0, side), np.linspace(-1.0, 2.0, side)
            seconds = median_time(lambda x=x, y=y, w=w, b=b, loss=loss: fastgd.sweep(x, y, w, b, loss=loss))
            found.setdefault(f"{loss} loss, {n:.0e} rows".replace("e+0", "e"), []).append((side * side, seconds))
            print(f"sweep of {side} x {side}, {loss} loss, {n:,} rows: {seconds * 1e3:.3f} ms")
    return found


def widths(features: int, noise: float) -> dict[str, list[tuple[int, float]]]:
    """(d, seconds) over 1e5 rows, beside NumPy's product Z'Z of the same numbers."""
    found: dict[str, list[tuple[int, float]]] = {"QuadraticCost.of": [], "NumPy, Z'Z": []}
    for d in powers(features):
        x, y = fastgd.make_linear(100_000, np.linspace(1.0, 2.0, d), noise=noise)
        z = np.column_stack([x, y])
        found["QuadraticCost.of"].append((d, median_time(lambda x=x, y=y: fastgd.QuadraticCost.of(x, y))))
        found["NumPy, Z'Z"].append((d, median_time(lambda z=z: z.T @ z)))
    return found


def shares(noise: float) -> dict[str, list[tuple[int, float]]]:
    """(threads, times as fast as one thread), from 1 to the processors there are."""
    x, y = fastgd.make_linear(10_000_000, noise=noise)
    w = np.linspace(0.0, 4.0, 60)
    calls = {
        "mse": lambda k: fastgd.mse(x, y, 1.5, 0.25, threads=k),
        "QuadraticCost.of": lambda k: fastgd.QuadraticCost.of(x, y, threads=k),
        "huber sweep": lambda k: fastgd.sweep(x[:100_000], y[:100_000], w, w, loss="huber", threads=k),
    }
    found: dict[str, list[tuple[int, float]]] = {}
    for name, call in calls.items():
        seconds = [median_time(lambda k=k, call=call: call(k)) for k in range(1, thread_count() + 1)]
        found[name] = [(k, seconds[0] / spent) for k, spent in enumerate(seconds, 1)]
        print(f"{name}: " + ", ".join(f"{k} threads {ratio:.2f} x" for k, ratio in found[name]))
    return found


def draw(passes: dict[int, list[tuple[int, float, float]]], roofs: list[tuple[int, float]], panels: Any, path: str) -> None:
    """Four panels: time against rows (a line for each d, the roof dashed), cells, features, and speed against threads."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator

    figure, ((rows, cells), (features, threads)) = plt.subplots(2, 2, figsize=(10, 7.5), layout="constrained")
    colours = plt.get_cmap("viridis")(np.linspace(0.0, 0.85, len(passes)))
    for colour, (d, points) in zip(colours, passes.items(), strict=True):
        rows.plot(*np.array([(n, one) for n, one, _ in points]).T, "o-", color=colour, markersize=4, label=f"d = {d}")
    rows.plot(*np.array(roofs).T, "k--", linewidth=1.2, label="merely reading, d = 1")
    rows.set(xlabel="rows", title="One pass: QuadraticCost.of")
    cells.set(xlabel="cells of the grid", title="Sweeps")
    features.set(xlabel="features", title="One pass over 1e5 rows")
    threads.set(xlabel="threads", ylabel="times as fast as one thread", title="Threads")
    # Okabe and Ito's colours, told apart by all eyes; markers tell them apart in print
    for ax, lines in zip((cells, features, threads), panels, strict=True):
        for (name, points), colour, marker in zip(lines.items(), ("#0072B2", "#D55E00", "#009E73"), "os^", strict=False):
            ax.plot(*np.array(points).T, marker + "-", color=colour, markersize=5, label=name)
    for ax in (rows, cells, features):
        ax.set(xscale="log", yscale="log", ylabel="seconds")
    threads.xaxis.set_major_locator(MaxNLocator(integer=True))
    threads.set_ylim(bottom=0.0)
    for ax in (rows, cells, features, threads):
        ax.grid(alpha=0.3)
        ax.legend(fontsize=8)
    rows.legend(fontsize=7, ncol=2, loc="upper left")
    rows.set_ylim(top=30.0 * max(one for points in passes.values() for _, one, _ in points))
    figure.savefig(path, dpi=80)
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
    panels = (grids(options.noise), widths(options.features, options.noise), shares(options.noise))
    draw(found, roofs, panels, options.out)
    print(options.out)


if __name__ == "__main__":
    main()
