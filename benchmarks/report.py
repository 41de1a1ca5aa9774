"""Run the benchmarks, write their tables into the README, between its markers, and draw the figures.

python -m benchmarks.report            all sizes, some minutes
python -m benchmarks.report --json F   the tables of an earlier run, kept by --benchmark-json=F
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from .cases import OPERATIONS, SIZES

HERE = pathlib.Path(__file__).parent
README = HERE.parent / "README.md"


def measure(quick: bool) -> list[dict[str, Any]]:
    """Run pytest over this folder and return what it measured."""
    with tempfile.TemporaryDirectory() as folder:
        kept = pathlib.Path(folder) / "run.json"
        command = [
            sys.executable,
            "-m",
            "pytest",
            str(HERE),
            "-q",
            f"--benchmark-json={kept}",
            *(["--quick"] if quick else []),
        ]
        subprocess.run(command, check=True, cwd=HERE.parent)
        return load(kept)


def load(path: pathlib.Path) -> list[dict[str, Any]]:
    """Return the measurements of a run kept as JSON."""
    found: list[dict[str, Any]] = json.loads(path.read_text())["benchmarks"]
    return found


def duration(seconds: float) -> str:
    """Three digits and a unit."""
    unit, size = next((unit, size) for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 0.0)) if seconds >= size)
    size = size or 1e-6
    return f"{float(f'{seconds / size:.3g}'):g} {unit}"


def tables(measured: list[dict[str, Any]]) -> str:
    """One table an operation: a row for each size, a column for each implementation, medians."""
    median = {
        (info["operation"], info["implementation"], info["rows"]): entry["stats"]["median"]
        for entry in measured
        for info in [entry["extra_info"]]
    }
    above = {
        (info["operation"], info["implementation"], info["rows"]): info["times the read roof"]
        for entry in measured
        for info in [entry["extra_info"]]
    }
    parts = []
    for operation in OPERATIONS:
        names = [implementation.name for implementation in operation.implementations]
        lines = [f"**{operation.title}**", "", f"| rows | {' | '.join(names)} | times the read roof |"]
        lines.append("|---:" * (len(names) + 2) + "|")
        for n in SIZES:
            times = [median.get((operation.name, name, n)) for name in names]
            cells = ["-" if seconds is None else duration(seconds) for seconds in times]
            ratio = above.get((operation.name, names[-1], n))
            share = "-" if ratio is None else f"{ratio:.3g}"
            lines.append(f"| {n:,} | {' | '.join(cells)} | {share} |")
        parts.append("\n".join(lines))
    info = measured[0]["extra_info"]
    parts.append(
        f"Medians of one run on {info['processor']}, {info['threads']} threads, Python {info['python']}, "
        f"numba {info['numba']}, NumPy {info['numpy']}. The read roof is the time of merely reading and adding up x and y, "
        "measured right after each implementation; the last column is for the implementation beside it. A dash: too slow "
        "to be asked."
    )
    return "\n\n".join(parts)


def start_up() -> str:
    """Whole processes: import alone, the first call with kernels in the cache, and the first call ever."""
    code = {
        "`import numpy`": "import numpy",
        "`import fastgd`": "import numpy, fastgd",
        "and a first `mse`": "import numpy, fastgd; x = numpy.ones(3); fastgd.mse(x, x, 1.0, 0.0)",
        "and a first `fit`": "import numpy, fastgd; x = numpy.arange(3.0); fastgd.fit(x, x, learning_rate=0.1)",
    }
    lines = ["**a fresh process**", "", "| it does | kernels in the cache | for the first time ever |", "|---|---:|---:|"]
    with tempfile.TemporaryDirectory() as kept:
        for name, program in code.items():
            whole(program, kept)
            warm = statistics.median(whole(program, kept) for _ in range(7))
            cold = []
            for _ in range(3):
                with tempfile.TemporaryDirectory() as empty:
                    cold.append(whole(program, empty))
            lines.append(f"| {name} | {duration(warm)} | {duration(statistics.median(cold))} |")
    return "\n".join(lines)


# Modules are compiled to bytecode by an installation; here by the first process.
BYTECODE = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": os.path.join(tempfile.gettempdir(), "fastgd-bytecode")}


def whole(program: str, cache: str) -> float:
    """Seconds of a whole Python process."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        env={**os.environ, **BYTECODE, "NUMBA_CACHE_DIR": cache},
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - started


def write(text: str, name: str) -> None:
    """Put text between the README's markers of that name."""
    marked = re.compile(rf"(<!-- {name}: .*?-->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    before = README.read_text()
    if not marked.search(before):
        raise SystemExit(f"README.md has no markers for {name}")
    README.write_text(marked.sub(lambda match: f"{match[1]}\n{text}\n\n{match[2]}", before))


def main() -> None:
    """Measure, or read a run, and write the README."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=pathlib.Path, help="a run kept by pytest benchmarks --benchmark-json=FILE")
    parser.add_argument("--quick", action="store_true", help="sizes up to 1e5 rows only; print the tables, write nothing")
    options = parser.parse_args()
    text = tables(load(options.json) if options.json else measure(options.quick))
    text += "\n\n" + start_up()
    if options.quick:
        print(text)
    else:
        write(text, "benchmarks")
        if options.json is None:
            for module in ("bounds", "figures", "scaling"):
                command = [sys.executable, "-m", f"benchmarks.{module}", *(["--write"] if module == "bounds" else [])]
                subprocess.run(command, check=True, cwd=HERE.parent)


if __name__ == "__main__":
    main()
