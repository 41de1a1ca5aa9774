#!/usr/bin/env bash
# scikit-learn and SciPy: Lasso and StandardScaler are wrong on a sparse matrix that stores a cell
# as two parts; Ridge is right.
#
# Expected: CSR allows several entries for one cell, and their sum is the value: SciPy's products,
# toarray, max and norm all say so. An estimator gives what it gives for the dense array.
#
# What happens: LinearRegression, Ridge, HuberRegressor and SGDRegressor do. Lasso and ElasticNet
# square the stored entries one by one for the length of a column, and do not get to the minimum
# (here the coefficients come out a hundred times too small, with a ConvergenceWarning that blames
# the scale of the features). StandardScaler(with_mean=False) takes the parts for values and gives a
# wrong scale, without any warning.
#
# Why it matters: matrices put together from counts, log lines or finite elements have such cells.
# Call sum_duplicates() first.
#
# Source: SciPy, csr_array ("Duplicate entries will be summed together"), has_canonical_format and
# sum_duplicates.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import warnings

import numpy as np
import scipy.sparse as sp
import sklearn
from sklearn.linear_model import Lasso, Ridge
from sklearn.preprocessing import StandardScaler

print("scikit-learn", sklearn.__version__)
n, p = 200, 3
rng = np.random.default_rng(0)
dense = rng.normal(size=(n, p))
y = dense @ [1.0, -2.0, 0.5] + 0.1 * rng.normal(size=n)
part = 3 * rng.normal(size=(n, p))


def in_parts():
    """The same matrix, every cell stored as (value - part) and part."""
    values = np.stack([dense - part, part], axis=-1).ravel()
    columns = np.tile(np.repeat(np.arange(p, dtype=np.int32), 2), n)
    return sp.csr_array((values, columns, np.arange(0, 2 * p * n + 1, 2 * p, dtype=np.int32)), (n, p))


assert np.allclose(in_parts().toarray(), dense)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    lasso = Lasso(0.1).fit(in_parts(), y).coef_
print("Lasso, one entry a cell:", Lasso(0.1).fit(sp.csr_array(dense), y).coef_)
print("Lasso, two parts a cell:", lasso, [w.category.__name__ for w in caught])
print("Ridge, one and two:     ", Ridge().fit(sp.csr_array(dense), y).coef_, Ridge().fit(in_parts(), y).coef_)
columns = np.array([0, 0, 1, 0, 1, 1, 1], np.int32)
small = sp.csr_array(([1.0, 2, 3, 4, 5, 1, 1], columns, np.array([0, 3, 5, 7], np.int32)), (3, 2))
with warnings.catch_warnings():
    warnings.simplefilter("error")
    scale = StandardScaler(with_mean=False).fit(small.copy()).scale_
true = StandardScaler(with_mean=False).fit(small.toarray()).scale_
print("StandardScaler, two parts:", scale, " right:", true)
assert np.allclose(Ridge().fit(sp.csr_array(dense), y).coef_, Ridge().fit(in_parts(), y).coef_)
assert np.abs(lasso).max() < 0.5 and caught, "Lasso now sums the parts of a cell"
assert not np.allclose(scale, true, rtol=0.1), "StandardScaler now sums the parts of a cell"
EOF
