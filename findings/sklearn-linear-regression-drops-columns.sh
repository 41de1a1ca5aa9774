#!/usr/bin/env bash
# scikit-learn 1.9: LinearRegression, on noise-free data, finds the coefficient of one column and
# sets the other to zero.
#
# Expected: ordinary least squares on two independent columns is exact to rounding, whatever their
# units; up to 1.8 it was.
#
# What happens: since 1.9 the argument tol (1e-6, until then only for sparse X) is the cut-off
# `cond` of scipy.linalg.lstsq on dense X too. A column whose spread is below a millionth of the
# widest one's is dropped without a word: R2 falls from 1 to one half. Sparse X is cut off at the
# same number by other means (lsqr stops there).
#
# Why it matters: money in cents beside a rate, microseconds beside a temperature. Scale the columns
# first, or pass tol=1e-15; a pipeline that was right under 1.8 can be wrong under 1.9.
#
# Source: scikit-learn, docstring of LinearRegression, "versionchanged:: 1.9 ... interpreted as the
# `cond` parameter".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import numpy as np
import scipy.sparse as sp
import sklearn
from sklearn.linear_model import LinearRegression

rng = np.random.default_rng(0)
X = rng.normal(size=(1000, 2)) * [1e7, 1.0]
y = X @ [1e-7, 1.0] + 3  # both columns move y by as much
print("scikit-learn", sklearn.__version__)
default = LinearRegression().fit(X, y)
exact = LinearRegression(tol=1e-15).fit(X, y)
sparse = LinearRegression().fit(sp.csr_array(X), y)
print("default  ", default.coef_, "R2", default.score(X, y))
print("sparse   ", sparse.coef_)
print("tol=1e-15", exact.coef_, "R2", exact.score(X, y))
assert abs(default.coef_[1]) < 1e-9 and default.score(X, y) < 0.6, "the narrow column is no longer dropped"
assert abs(sparse.coef_[1]) < 1e-9
assert np.allclose(exact.coef_, [1e-7, 1.0], rtol=1e-9)
EOF
