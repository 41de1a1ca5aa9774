"""Digits reached on NIST's certified regressions: python -m benchmarks.digits [--write].

Digits are the log relative error, -log10(|found - certified| / |certified|), of the worst coefficient; the certified values
have 15 digits, so more cannot be seen.
"""

import argparse
import json
import math
import pathlib
import warnings

import numpy as np

import fastgd

from .report import write

DATA = pathlib.Path(__file__).parent.parent / "tests" / "data" / "nist"


def digits(found: float | np.ndarray, certified: float | np.ndarray) -> float:
    """Digits of the worst number; 15 at the most, and where a certified 0 was found to rounding."""
    found, certified = np.atleast_1d(found), np.atleast_1d(certified)
    error = float(np.max(np.abs(found - certified) / np.where(certified == 0.0, 1.0, np.abs(certified))))
    return min(15.0, -math.log10(error)) if error > 0.0 else 15.0


def table() -> str:
    """The table: coefficients and residual deviation by fastgd, and by NumPy's lstsq on the same columns."""
    lines = [
        "| data | rows, columns | condition | digits of w and b | NumPy's lstsq | digits of the residual deviation |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for path in sorted(DATA.glob("*.json")):
        known = json.loads(path.read_text())
        x, y, bias = np.array(known["x"], dtype=float), np.array(known["y"], dtype=float), known["intercept"]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            quadratic = fastgd.QuadraticCost.of(x, y, bias=bias)
            minimum = quadratic.minimum
        condition = quadratic.solve().condition
        columns = x.reshape(len(x), -1)
        full = np.column_stack([np.ones(len(x)), columns]) if bias else columns
        peer = np.linalg.lstsq(full, y, rcond=None)[0]
        found = np.append(minimum.b, minimum.w) if bias else np.atleast_1d(minimum.w)
        freedom = len(y) - len(known["params"])
        deviation = digits(math.sqrt(minimum.cost * len(y) / freedom), known["sd"])
        certified = np.array(known["params"])
        reached = f"{digits(found, certified):.1f} | {digits(peer, certified):.1f} | {deviation:.1f}"
        lines.append(f"| {path.stem} | {len(x)}, {columns.shape[1]} | {condition:.2g} | {reached} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table, or write it into the README."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="into the README, between its markers")
    if parser.parse_args().write:
        write(table(), "digits")
    else:
        print(table())


if __name__ == "__main__":
    main()
