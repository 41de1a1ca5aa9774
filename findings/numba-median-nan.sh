#!/usr/bin/env bash
# Numba: np.median of values with a NaN is a number, and which one depends on their order.
#
# Expected: NaN, as NumPy gives, and as Numba's own np.mean, np.max and np.percentile give.
#
# What happens: the compiled np.median selects by comparisons, and every comparison with NaN is
# false, so the NaN stays wherever the partition leaves it. The same five values in other orders
# give other medians.
#
# Why it matters: a median of residuals (robust scale, early stopping, Theil-Sen slopes) hides that
# a fit has diverged, where the mean would have shown it.
#
# Source: Numba, numba/np/arraymath.py, _partition with less_than (np.percentile uses
# _partition_w_nan).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    numba==0.68.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import itertools

import numba
import numpy as np

values = [1.0, np.nan, 3.0, 2.0, 5.0]


@numba.njit
def median(x):
    return np.median(x)


@numba.njit
def percentile(x):
    return np.percentile(x, 50.0)


print("numba", numba.__version__)
medians = [float(median(np.array(order))) for order in itertools.permutations(values)]
numbers = sorted({m for m in medians if m == m})
print("np.median over all orders, Numba:", numbers, "or NaN;  NumPy:", np.median(values))
print("Numba's np.percentile:", percentile(np.array(values)))
assert np.isnan(np.median(values)) and np.isnan(percentile(np.array(values)))
assert len(numbers) > 1, "np.median now looks for NaN"
EOF
