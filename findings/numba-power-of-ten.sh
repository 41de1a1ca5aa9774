#!/usr/bin/env bash
# Numba: 10 ** -2 is 0.01 in a compiled function, and 10 ** -n with n = 2 is 0.
#
# Expected: one of Python's answer (0.01) or NumPy's (ValueError: integers to negative integer
# powers are not allowed), and the same one for a literal as for a variable.
#
# What happens: a literal exponent is compiled apart and gives 0.01. An exponent that is a variable
# takes the integers' power, whose result is an integer: 1 // 100, that is 0, and 0 for arrays too,
# without an error.
#
# Why it matters: a grid of learning rates or penalties written 10 ** -k in a jitted loop is all
# zeros: nothing is learnt, or nothing is penalised. Write 10.0 ** -k.
#
# Source: Numba, numba/cpython/numbers.py, int_power_impl beside static_power_impl; Numba deviation
# list, "Integer width" (which does not tell of powers).
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
def literal():
    return 10**-2


@numba.njit
def variable(n):
    return 10**-n


@numba.njit
def array(x):
    return np.power(x, -1)


print("numba", numba.__version__)
print("10 ** -2 compiled:", literal(), "  10 ** -n with n = 2 compiled:", variable(2), "  Python:", 10**-2)
print(
    "rates 10 ** -k for k = 0, 1, 2:",
    [variable(k) for k in range(3)],
    " np.power([2, 4], -1):",
    array(np.array([2, 4])),
)
assert literal() == 0.01
assert [variable(k) for k in range(3)] == [1, 0, 0], "integer powers now give fractions"
assert not array(np.array([2, 4])).any()
EOF
