#!/usr/bin/env bash
# scikit-learn: rows of weight zero change what SGDRegressor learns.
#
# Expected: a row with sample_weight 0 is a row that is not there, as in LinearRegression, Ridge or
# Lasso.
#
# What happens: the row takes no step of its own, but it counts as a step of the clock. The learning
# rate eta0 / t**power_t falls as it passes, so 950 rows of weight zero in front of 50 others make
# those learn at less than half of their rate. With a constant rate and alpha=0 the rows are indeed
# gone.
#
# Why it matters: masks, folds and bootstrap samples are often written as weights of 0 and 1; for
# this estimator the result then depends on where the masked rows stand.
#
# Source: scikit-learn, user guide "Stochastic Gradient Descent", the schedule 'invscaling' (t
# counts the weight updates); nothing is said there of weights of zero.
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
from sklearn.linear_model import Ridge, SGDRegressor

rng = np.random.default_rng(0)
X = rng.normal(size=(1000, 2))
y = X @ [1.0, 2.0]
weight = np.repeat([0.0, 1.0], [950, 50])


def sgd(**kwargs):
    return SGDRegressor(max_iter=1, tol=None, shuffle=False, **kwargs)


print("scikit-learn", sklearn.__version__)
weighted, removed = sgd().fit(X, y, sample_weight=weight).coef_, sgd().fit(X[950:], y[950:]).coef_
print("weights 0 and 1:", weighted, "  rows removed:", removed)
flat = {"learning_rate": "constant", "alpha": 0}
print("constant rate:  ", sgd(**flat).fit(X, y, sample_weight=weight).coef_, sgd(**flat).fit(X[950:], y[950:]).coef_)
assert np.all(weighted < 0.6 * removed), "rows of weight zero no longer slow the others"
assert np.array_equal(sgd(**flat).fit(X, y, sample_weight=weight).coef_, sgd(**flat).fit(X[950:], y[950:]).coef_)
assert np.allclose(Ridge().fit(X, y, sample_weight=weight).coef_, Ridge().fit(X[950:], y[950:]).coef_)
EOF
