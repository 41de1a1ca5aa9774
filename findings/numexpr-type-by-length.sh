#!/usr/bin/env bash
# pandas and numexpr: with numexpr installed, the type of `column * 0.1` depends on how many rows
# there are.
#
# Expected: float32 times a Python number is float32, and int32 plus 1 is int32, whatever the
# length.
#
# What happens: above a million cells pandas hands arithmetic to numexpr, whose constants are double
# and whose integers are widened. The same line gives float32 for a short column and float64 for a
# long one; 2**31 - 1 plus 1 wraps to a negative number in the short column and is 2147483648 in the
# long one; and x ** 3, which numexpr turns into products, differs in the last bit in some rows.
#
# Why it matters: tests on small samples see other types, memory and bits than the run on all the
# data, and the machine without numexpr others again. Turn it off by
# pd.set_option("compute.use_numexpr", False).
#
# Source: pandas, pandas/core/computation/expressions.py, _MIN_ELEMENTS = 1_000_000; numexpr user
# guide, "Casting rules".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    pandas==3.1.1 numexpr==2.14.2 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import numexpr
import numpy as np
import pandas as pd

print("pandas", pd.__version__, "numexpr", numexpr.__version__)
long = 1_000_001
singles = pd.Series(np.ones(long, np.float32))
integers = pd.Series(np.full(long, 2**31 - 1, np.int32))
doubles = pd.Series(np.random.default_rng(0).uniform(0.5, 2.0, long))


def run(n):
    return (singles[:n] * 0.1).dtype, (integers[:n] + 1).iloc[0], (doubles[:n] ** 3).iloc[:1000].to_numpy()


results = {}
for use, n in ((True, 1000), (True, long), (False, long)):
    pd.set_option("compute.use_numexpr", use)
    results[use, n] = run(n)
    other = (results[use, n][2] != results[True, 1000][2]).sum()
    print(f"numexpr {'on ' if use else 'off'} {n:>8} rows: float32 * 0.1 is {results[use, n][0]},", end=" ")
    print(f"int32 + 1 is {results[use, n][1]}, {other} of 1000 cubes differ from the short column's")
assert results[True, 1000][0] == results[False, long][0] == np.float32 and results[True, 1000][1] == -(2**31)
assert results[True, long][0] == np.float64 and results[True, long][1] == 2**31, (
    "numexpr's types no longer show in pandas"
)
assert (results[True, long][2] != results[True, 1000][2]).any() and np.array_equal(
    results[False, long][2], results[True, 1000][2]
)
EOF
