#!/usr/bin/env bash
# Numba: the difference of two bytes is 18,446,744,073,709,551,615, and adding an unsigned to a
# signed array can change the sign.
#
# Expected: for uint8 values 1 - 2, NumPy's 255 (wrapped to the type) or Python's -1. For uint64 +
# int64 arrays, NumPy's float64.
#
# What happens: Numba widens two unsigned scalars to uint64 and then subtracts, so the wrap is at
# 2**64; in a float expression the difference is 1.8e19. An unsigned scalar less an integer literal
# is signed (-1), so 1 - 2 has two answers in one function. With arrays, uint64 + int64 is float64
# as in NumPy, but 2**63 comes out as minus 9.2e18.
#
# Why it matters: gradients of images and of counts (x[i + 1] - x[i]), hashed features. Convert to
# float or int64 before subtracting.
#
# Source: Numba, "Numba Enhancement Proposal 1: Changes in integer typing" (operands are widened to
# at least 64 bits, unsigned if both are).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    numba==0.68.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import numba
import numpy as np


@numba.njit
def slope(x):
    return x[0] - x[1], (x[0] - x[1]) * 0.5, x[0] - 2


@numba.njit
def add(a, b):
    return a + b


print("numba", numba.__version__)
pixels = np.array([1, 2], np.uint8)
difference, half, literal = slope(pixels)
print(
    "uint8 1 - 2: Numba",
    difference,
    "times a half",
    half,
    "less the literal 2",
    literal,
    " NumPy",
    int(np.subtract(*pixels)),
)
large = np.array([2**63], np.uint64)
one = np.array([1], np.int64)
print("uint64 2**63 + int64 1: Numba", add(large, one), add(large, one).dtype, " NumPy", large + one)
assert difference == 2**64 - 1 and half > 9e18 and literal == -1, "differences of bytes have changed"
assert add(large, one)[0] == -(2.0**63) and (large + one)[0] == 2.0**63, "the sum of uint64 and int64 has changed"
EOF
