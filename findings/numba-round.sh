#!/usr/bin/env bash
# Numba: round(x, 2) of a compiled function is not Python's.
#
# Expected: the built-in round keeps Python's promise in a jitted function: the result is the double
# nearest to the decimal that is nearest to x. 2.675 is stored a little below 2.675, so round(2.675,
# 2) is 2.67.
#
# What happens: Numba multiplies by 100, rounds and divides, as Python 2.6 did. The product of 2.675
# and 100 is 267.5 exactly, after its own rounding, and comes out as 2.68; 0.15 rounds to 0.2
# instead of 0.1.
#
# Why it matters: rounded targets, prices and bins differ between the compiled run of a function and
# its run in Python, so a test under NUMBA_DISABLE_JIT=1 sees other numbers than the program.
#
# Source: Numba, numba/cpython/builtins.py, round_ndigits; Python documentation, round ("2.67
# instead of the expected 2.68 ... not a bug").
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    numba==0.68.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import numba


def to_digits(x, digits):
    return round(x, digits)


compiled = numba.njit(to_digits)
print("numba", numba.__version__)
for x, digits in ((2.675, 2), (0.15, 1), (1.005, 2)):
    print(f"round({x}, {digits}): Python {to_digits(x, digits)}, Numba {compiled(x, digits)}")
assert to_digits(2.675, 2) == 2.67 and compiled(2.675, 2) == 2.68, "round has changed"
assert to_digits(0.15, 1) == 0.1 and compiled(0.15, 1) == 0.2
assert to_digits(1.005, 2) == compiled(1.005, 2) == 1.0
EOF
