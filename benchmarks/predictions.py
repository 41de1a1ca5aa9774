"""What stability() predicts and what descent does, over 500 random problems: python -m benchmarks.predictions [--write].

Features are normal, heavy-tailed (Student's t with 2.5 degrees of freedom) or skewed, 1 to 8 of them, half of the problems
with scales from 1e-3 to 1e3. Each is descended at rates beside the limits that are predicted, and it is counted how often
the descent diverged.
"""

import argparse
import warnings
from typing import Any

import numpy as np

import fastgd


def problem(seed: int) -> tuple[Any, Any]:
    """A random problem."""
    generator = np.random.default_rng(seed)
    d, n = int(generator.integers(1, 9)), int(generator.integers(20, 300))
    kind = int(generator.integers(3))
    draws = (generator.standard_normal, lambda size: generator.standard_t(2.5, size), generator.standard_exponential)
    x = draws[kind]((n, d))
    x = x * 10.0 ** generator.uniform(-3, 3, d) if generator.integers(2) else x + generator.normal(size=d)
    return x, x @ (generator.normal(size=d) / np.abs(x).mean(axis=0)) + generator.normal(size=n)


def diverged(x: Any, y: Any, rate: float, **options: Any) -> bool:
    """Whether a descent at a rate diverges."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fastgd.fit(x, y, learning_rate=rate, **options).status is fastgd.Status.DIVERGED


def count(problems: int) -> list[tuple[str, str, str, int, int]]:
    """Rows of the table: what runs, at which rate, what is predicted, how many were as predicted, of how many."""
    found: dict[tuple[str, str, str], list[bool]] = {}
    for seed in range(problems):
        x, y = problem(seed)
        full = fastgd.stability(x)
        limit = full.max_learning_rate
        for factor, expected in ((0.5, False), (0.999, False), (1.001, True), (1.5, True)):
            key = ("full batch", f"{factor:g} x the limit", "diverges" if expected else "safe")
            found.setdefault(key, []).append(diverged(x, y, factor * limit, epochs=5000) == expected)
        for batch in (1, 8):
            kind = "single samples" if batch == 1 else f"batches of {batch}"
            known = fastgd.stability(x, batch_size=batch)
            for factor in (0.5, 1.0):
                run = diverged(x, y, factor * known.max_learning_rate, batch_size=batch, epochs=100, seed=seed)
                found.setdefault((kind, f"{factor:g} x the mean-square limit", "safe"), []).append(not run)
            run = diverged(x, y, 1.25 * known.diverging_rate, batch_size=batch, epochs=1000, seed=seed)
            found.setdefault((kind, '1.25 x where the verdict turns to "diverges"', "diverges"), []).append(run)
    return [(*key, sum(right), len(right)) for key, right in found.items()]


def main() -> None:
    """Count, print the table, or write it into the README."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.predictions", description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the table into the README")
    parser.add_argument("--problems", type=int, default=500, help="how many random problems")
    options = parser.parse_args()
    lines = ["| descent | learning rate | predicted | observed so |", "|---|---|---|---:|"]
    for kind, rate, predicted, right, of in count(options.problems):
        lines.append(f"| {kind} | {rate} | {predicted} | {right} of {of} |")
    text = "\n".join(lines)
    print(text)
    if options.write:
        from .report import write

        write(text, "predictions")


if __name__ == "__main__":
    main()
