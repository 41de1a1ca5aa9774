#!/usr/bin/env bash
# scikit-learn: SGDRegressor gives another intercept for the same numbers when X is sparse.
#
# Expected: the container does not matter: a CSR matrix that stores every cell, none of them zero,
# is the same problem as the dense array, in the same order of rows, with the same seed.
#
# What happens: on sparse X each step of the intercept is multiplied by 0.01. After five epochs
# towards an intercept of 10 the dense fit is at about 9 and the sparse one at about 0.2; the
# feature weights then go where the wrong intercept sends them.
#
# Why it matters: one-hot or text features beside a target that is not centred. Centre y yourself,
# or add a column of ones and fit_intercept=False.
#
# Source: scikit-learn, sklearn/linear_model/_base.py, SPARSE_INTERCEPT_DECAY ("For sparse data
# intercept updates are scaled by this decay factor to avoid intercept oscillation").
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
from sklearn.linear_model import SGDRegressor

rng = np.random.default_rng(0)
X = rng.normal(size=(200, 5))
y = X @ [1.0, 2.0, 0.0, 0.0, -1.0] + 10


def fit(X):
    return SGDRegressor(max_iter=5, tol=None, random_state=0).fit(X, y).intercept_[0]


print("scikit-learn", sklearn.__version__)
dense, sparse = fit(X), fit(sp.csr_array(X))
print("intercept, dense:", dense, " sparse:", sparse, " true: 10")
assert 8 < dense < 10.5 and sparse < 0.5, "sparse rows no longer hold the intercept back"
EOF
