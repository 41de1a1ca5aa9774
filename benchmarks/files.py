"""Files against pyarrow merely reading their columns: python -m benchmarks.files [--rows N].

A Parquet file and a CSV file of the same rows are made in a temporary folder, which is deleted. Their sums are compared
with those of the rows that were written before anything is timed; calls take turns. Peak memory is that of a fresh process
over that of an interpreter that does nothing.
"""

import argparse
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np

import fastgd

from .conditions import conditions
from .measure import Bound, medians, table

BATCH = 1_000_000
NAMES = ("a", "b", "y")

PEAK = """
def peak():
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
"""

WHOLE = """
import fastgd
rows = fastgd.scan(PATH, x=X, y="y")
fit = fastgd.fit(rows, None, learning_rate=0.1, epochs=200)
assert fit.status is fastgd.Status.CONVERGED, fit
assert fastgd.sweep(rows, None, feature=FEATURE).minimum.cost >= fit.cost
"""


def write(folder: str, rows: int) -> tuple[dict[str, str], dict[str, float]]:
    """Write the files batch by batch; return their paths and the sum of each column."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    paths = {"Parquet": os.path.join(folder, "rows.parquet"), "CSV": os.path.join(folder, "rows.csv")}
    schema = pa.schema([(name, pa.float64()) for name in NAMES])
    sums: dict[str, list[float]] = {name: [] for name in NAMES}
    with parquet.ParquetWriter(paths["Parquet"], schema) as packed, csv.CSVWriter(paths["CSV"], schema) as plain:
        for number, start in enumerate(range(0, rows, BATCH)):
            x, y = fastgd.make_linear(min(BATCH, rows - start), [2.0, -1.0], noise=0.5, seed=number)
            columns = (x[:, 0], x[:, 1], y)
            batch = pa.record_batch([pa.array(np.ascontiguousarray(values)) for values in columns], schema=schema)
            packed.write_batch(batch)
            plain.write_batch(batch)
            for name, values in zip(NAMES, columns, strict=True):
                sums[name].append(float(values.sum()))
    return paths, {name: math.fsum(parts) for name, parts in sums.items()}


def merely_reading(kind: str, path: str, names: list[str]) -> Callable[[], None]:
    """A call that has pyarrow read these columns and drops them."""
    from pyarrow import csv, parquet

    def batches() -> Any:
        if kind == "Parquet":
            return parquet.ParquetFile(path).iter_batches(columns=names)
        return csv.open_csv(path, convert_options=csv.ConvertOptions(include_columns=names))

    return lambda: [None for _ in batches()] and None


def agreed(source: Any, rows: int, sums: dict[str, float]) -> None:
    """Assert that a pass gives every row and the sums of what was written."""
    names = [*source.names, source.target]
    found: dict[str, list[float]] = {name: [] for name in names}
    count = 0
    for x, y, _ in source.chunks():
        count += len(y)
        columns = [x] if source.d == 1 else list(x.T)
        for name, values in zip(names, [*columns, y], strict=True):
            found[name].append(float(values.sum()))
    assert count == rows
    for name in names:
        np.testing.assert_allclose(math.fsum(found[name]), sums[name], rtol=0.0, atol=1e-12 * rows)


def peak(code: str) -> float:
    """Peak memory of a fresh process that runs this code, in MB."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{PEAK}\nprint(peak())"], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def files(rows: int = 20_000_000) -> list[Bound]:
    """A pass over a Parquet and a CSV file, of one feature and of two, and the memory of a process that fits and sweeps."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        paths, sums = write(folder, rows)
        own = peak("")
        for kind, path in paths.items():
            size = os.path.getsize(path) / 1e6
            for x in ("a", ["a", "b"]):
                source = fastgd.scan(path, x=x, y="y")
                agreed(source, rows, sums)
                ours, theirs = medians(
                    lambda source=source: [None for _ in source.chunks()],
                    merely_reading(kind, path, [*source.names, "y"]),
                    rounds=7 if kind == "Parquet" else 3,
                )
                code = WHOLE.replace("PATH", repr(path)).replace("X", repr(x))
                above = peak(code.replace("FEATURE", "None" if source.d == 1 else "0")) - own
                name = f"`scan`, {kind} of {rows:.0e} rows, d = {source.d}".replace("e+0", "e")
                print(f"{name}: {size:.0f} MB, {ours:.3f} s, pyarrow {theirs:.3f} s, {rows / ours / 1e6:.1f} million rows/s")
                found.append(Bound(name, "2 x pyarrow merely reading", ours / theirs, 2.0, "x"))
                found.append(
                    Bound("`fit` and `sweep` of it, peak memory above the interpreter's", "300 MB", above, 300.0, "MB")
                )
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.files", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000_000)
    options = parser.parse_args()
    print(", ".join(f"{name} {value}" for name, value in conditions().items()))
    print(table(files(options.rows)))


if __name__ == "__main__":
    main()
