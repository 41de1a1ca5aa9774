#!/usr/bin/env bash
# SciPy: starting lsqr or lsmr from a guess changes the ridge solution.
#
# Expected: min |Ax - b|**2 + damp**2 |x|**2 is strictly convex, so x0 can only change how long it
# takes.
#
# What happens: with x0 the penalty is on x - x0: both solve for a correction to the guess and damp
# that. The result with x0 = (10, 10, 10, 10) is the minimum of another function, (A'A + damp**2
# I)**-1 (A'b + damp**2 x0); with damp = 0 the guess is harmless.
#
# Why it matters: warm starts along a path of penalties or over refits on new data, which then pull
# the coefficients towards the previous ones. Start from zero, or solve the augmented system [A;
# damp I] with x0.
#
# Source: SciPy, scipy.sparse.linalg.lsqr, notes ("If some initial estimate x0 is known and if damp
# == 0, one could proceed as follows"); the argument x0 itself is taken with any damp.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    scipy==1.17.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import numpy as np
import scipy
from scipy.sparse.linalg import lsmr, lsqr

print("scipy", scipy.__version__)
rng = np.random.default_rng(0)
A = rng.normal(size=(30, 4))
b = A @ [1.0, 2.0, 3.0, 4.0] + rng.normal(size=30)
guess, damp = np.full(4, 10.0), 2.0
ridge = np.linalg.solve(A.T @ A + damp**2 * np.eye(4), A.T @ b)
pulled = np.linalg.solve(A.T @ A + damp**2 * np.eye(4), A.T @ b + damp**2 * guess)
print("ridge solution:      ", ridge)
for solver in (lsqr, lsmr):
    cold = solver(A, b, damp=damp, atol=1e-12, btol=1e-12)[0]
    warm = solver(A, b, damp=damp, x0=guess, atol=1e-12, btol=1e-12)[0]
    print(f"{solver.__name__} from 0:         {cold}\n{solver.__name__} from the guess: {warm}")
    assert np.allclose(cold, ridge) and np.allclose(warm, pulled) and np.abs(warm - ridge).max() > 0.5, (
        "x0 no longer moves the solution"
    )
EOF
