#!/usr/bin/env bash
# Numba and numexpr: the sum of float32 ones stops at 16,777,216, so a mean is half of what it is.
#
# Expected: np.sum, np.mean and np.var in a jitted function are as good as NumPy's, which adds in
# pairs and is exact here.
#
# What happens: Numba adds one by one in the type of the array. From 2**24 on, adding 1 to a float32
# changes nothing: the mean of 2**25 ones is 0.5, and the variance of as many ones and twos 0.5
# instead of 0.25. Compiled np.nanmean and np.dot are right, so two ways to write a mean disagree by
# a factor of two. numexpr's sum stops at the same number.
#
# Why it matters: a cost or a gradient averaged over 30 million float32 samples. Sum in float64:
# x.sum(dtype=np.float64).
#
# Source: Numba, numba/np/arraymath.py, array_sum; NumPy, np.sum, notes on pairwise summation.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    numba==0.68.1 scipy==1.17.1 numexpr==2.14.2 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import numba
import numexpr
import numpy as np

ones = np.ones(2**25, np.float32)
ones_and_twos = np.tile(np.array([1, 2], np.float32), 2**24)


@numba.njit
def measure(x):
    return x.sum(), np.mean(x), np.nanmean(x), np.dot(x, x), x.sum(dtype=np.float64)


@numba.njit
def variance(x):
    return x.var()


print("numba", numba.__version__, "numexpr", numexpr.__version__)
total, mean, nanmean, dot, double = measure(ones)
print("Numba: sum", total, "mean", mean, "nanmean", nanmean, "dot", dot, "sum in float64", double)
print("NumPy: sum", ones.sum(), "mean", ones.mean())
print("variance: Numba", variance(ones_and_twos), "NumPy", ones_and_twos.var())
print("numexpr: sum", numexpr.evaluate("sum(ones)"))
assert total == 2**24 and mean == 0.5 and variance(ones_and_twos) > 0.4, "float32 sums no longer stop at 2**24"
assert nanmean == 1.0 and double == 2**25 and ones.mean() == 1.0
assert numexpr.evaluate("sum(ones)") == 2**24
EOF
