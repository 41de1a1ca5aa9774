#!/usr/bin/env bash
# Numba: np.linalg.lstsq takes collinear columns for independent ones where NumPy does not.
#
# Expected: a compiled np.linalg.lstsq(X, y) gives what NumPy's gives. With a column that is another
# one to rounding, that is the solution of least norm, with coefficients of order one, and a rank
# one short.
#
# What happens: Numba's default rcond is that of NumPy 1, the machine's epsilon, and not NumPy 2's,
# epsilon * max(X.shape). Singular values between the two are kept: full rank is reported, and the
# coefficients are large and cancel each other.
#
# Why it matters: a fit moved into a jitted loop goes from 0.5 and 0.5 to plus and minus tens of
# millions. Pass rcond.
#
# Source: Numba, numba/np/linalg.py, lstsq_impl (rcond=-1.0 as default); NumPy 2.0 release notes,
# "np.linalg.lstsq ... rcond".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    numba==0.68.1 scipy==1.17.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import numba
import numpy as np

print("numba", numba.__version__, "numpy", np.__version__)
rng = np.random.default_rng(0)
x = rng.normal(size=1000)
noise = rng.normal(size=1000)
X = np.column_stack([x, x + 2e-14 * noise])  # between eps and 1000 eps of the first column
y = x + 1e-6 * noise


@numba.njit
def lstsq(X, y):
    coefficients, _, rank, _ = np.linalg.lstsq(X, y)
    return coefficients, rank


true, _, rank, _ = np.linalg.lstsq(X, y)
compiled, compiled_rank = lstsq(X, y)
print("NumPy lstsq:", true, "rank", rank)
print("Numba lstsq:", compiled, "rank", compiled_rank)
assert rank == 1 and np.allclose(true, 0.5, atol=1e-3)
assert compiled_rank == 2 and np.abs(compiled).max() > 1e6, "Numba's lstsq now drops the column"
EOF
