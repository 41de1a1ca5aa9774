#!/usr/bin/env bash
# JAX: the least-squares line through 25 years has a slope of 0.012, where it should be 2.
#
# Expected: jnp.linalg.lstsq on the columns (1, year) for 2000 to 2024 gives intercept -4000 and
# slope 2, to the few digits that float32 has, as jnp.polyfit does.
#
# What happens: the default rcond is epsilon times the longer side, 3e-6 in float32, and the smaller
# singular value of these two columns is 2e-6 of the larger. It is cut off: rank 1, intercept 6e-6,
# slope 0.012, and a prediction that is a constant. polyfit scales its columns first and is not cut
# off; with jax_enable_x64 lstsq is right.
#
# Why it matters: calendar years, temperatures in kelvin, pressures: any column whose mean is a
# thousand times its spread, beside a column of ones. The rank that is returned is the only sign.
# Centre the columns.
#
# Source: JAX, jax/_src/numpy/linalg.py, _lstsq (rcond = eps * max(n, m)); the docstring says of the
# default "the optimal value will be used to reduce floating point errors".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    jax==0.10.2 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import jax
import jax.numpy as jnp
import numpy as np

print("jax", jax.__version__)
years = np.arange(2000.0, 2025)
X, y = np.column_stack([np.ones(25), years]), 2 * (years - 2000)
single, _, rank, _ = jnp.linalg.lstsq(jnp.asarray(X), jnp.asarray(y))
line = jnp.polyfit(jnp.asarray(years), jnp.asarray(y), 1)
print("lstsq:", single, "rank", rank, "  polyfit:", line[::-1])
jax.config.update("jax_enable_x64", True)
double = jnp.linalg.lstsq(jnp.asarray(X), jnp.asarray(y))[0]
print("lstsq in float64:", double)
assert rank == 1 and abs(single[1]) < 0.1, "the slope is no longer cut off"
assert abs(line[0] - 2) < 0.01 and np.allclose(double, [-4000, 2])
EOF
