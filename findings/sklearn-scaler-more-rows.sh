#!/usr/bin/env bash
# scikit-learn: StandardScaler scales a column of times, until there are more rows of the same, and
# then it does not.
#
# Expected: a column of epoch seconds spread evenly over one second has a standard deviation of
# 0.29, and the scaler divides by it, for a hundred thousand rows as for a million.
#
# What happens: a column counts as constant, and is divided by 1, if its variance is below (n * mean
# * eps)**2, the square of a worst-case error of summation; n is the number of rows. At a mean of
# 1.7e9 and a million rows that bound passes 0.29**2, and scale_ is 1.0, although var_ is right to
# ten digits.
#
# Why it matters: timestamps, Julian dates, frequencies, identifiers with a large offset: the scale
# of a feature, and with it the step size and the penalty, jumps as data are added. Subtract an
# origin before scaling.
#
# Source: scikit-learn, sklearn/preprocessing/_data.py, _is_constant_feature.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    scikit-learn==1.9.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import numpy as np
import sklearn
from sklearn.preprocessing import StandardScaler

print("scikit-learn", sklearn.__version__)
for n in (10_000, 100_000, 1_000_000):
    seconds = 1.7e9 + np.random.default_rng(0).uniform(0, 1, n)
    scaler = StandardScaler().fit(seconds[:, None])
    print(f"{n:>9} rows: scale_ {scaler.scale_[0]:.6f}, sqrt(var_) {scaler.var_[0] ** 0.5:.6f}")
    assert np.isclose(scaler.var_[0] ** 0.5, (seconds - 1.7e9).std(), rtol=1e-6)
    assert (scaler.scale_[0] == 1.0) == (n == 1_000_000), "the bound for a constant column has changed"
EOF
