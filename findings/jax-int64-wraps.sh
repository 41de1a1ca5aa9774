#!/usr/bin/env bash
# JAX: an int64 array becomes int32 with its high bits cut off, in silence; the same number in a
# list is an error.
#
# Expected: OverflowError, or float32, or at least a warning, for an array of epoch milliseconds:
# they do not fit into JAX's default int32.
#
# What happens: jnp.asarray(numpy_array) and every operation that takes NumPy arrays keep the low 32
# bits: 1700000000000 becomes -807049216. A Python list of the same number raises OverflowError, so
# tests with lists see the guard and data do not.
#
# Why it matters: times, identifiers and hashed features come as int64 arrays from pandas, Arrow and
# NumPy; they turn into noise before they are cast to float. Cast to float in NumPy first (float32
# has 24 bits), or enable x64.
#
# Source: JAX documentation, "Common Gotchas in JAX", "Double (64 bit) precision".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    jax==0.10.2 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import warnings

import jax
import jax.numpy as jnp
import numpy as np

print("jax", jax.__version__)
milliseconds = np.array([1_700_000_000_000, 2**40 + 5])
with warnings.catch_warnings():
    warnings.simplefilter("error")
    array = jnp.asarray(milliseconds)
    product = jnp.dot(milliseconds, np.array([1, 0]))
try:
    jnp.asarray(milliseconds.tolist())
    listed = "accepted"
except OverflowError as error:
    listed = f"OverflowError: {error}"
print("NumPy", milliseconds, "becomes", array, array.dtype, " dot:", product, " as a list:", listed)
assert array.dtype == np.int32 and array.tolist() == [-807049216, 5], "int64 arrays are no longer cut off"
assert int(product) == -807049216 and listed.startswith("OverflowError")
EOF
