#!/usr/bin/env bash
# scikit-learn: multiplying all sample weights by ten changes Ridge, HuberRegressor and RidgeCV's
# choice, but not Lasso, QuantileRegressor or TweedieRegressor.
#
# Expected: weights mean the same in all the penalised linear models of one library: either only
# their ratios count, or ten times the weight is ten times the data.
#
# What happens: both occur. Lasso, ElasticNet, QuantileRegressor and the generalised linear models
# divide by the sum of the weights; Ridge, HuberRegressor and LogisticRegression sum. RidgeCV picks
# an alpha ten times as large, and SGDRegressor takes steps ten times as long.
#
# Why it matters: inverse variances, exposures or survey weights have a unit: with it changes how
# much Ridge shrinks, and whether SGDRegressor converges. Scale weights to a mean of one for the
# second group.
#
# Source: scikit-learn, the objectives in the docstrings of Ridge (a sum) and Lasso (divided by 2
# n_samples); Lasso.fit, sample_weight ("internally rescaled to sum to n_samples").
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
from sklearn.linear_model import (
    ElasticNet,
    HuberRegressor,
    Lasso,
    QuantileRegressor,
    Ridge,
    RidgeCV,
    SGDRegressor,
    TweedieRegressor,
)

print("scikit-learn", sklearn.__version__)
rng = np.random.default_rng(0)
X = rng.normal(size=(100, 2))
y = X @ [1.0, 2.0] + 0.5 * rng.normal(size=100)
weight = rng.uniform(0.5, 1.5, 100)
sgd = SGDRegressor(max_iter=1, tol=None, eta0=1e-4, learning_rate="constant", random_state=0)
models = [
    Lasso(0.1),
    ElasticNet(0.1),
    QuantileRegressor(alpha=0.1),
    TweedieRegressor(power=0, alpha=1.0),
    Ridge(10.0),
    HuberRegressor(alpha=10.0),
    sgd,
]
moved = set()
for model in models:
    one, ten = (model.fit(X, y, sample_weight=k * weight).coef_.copy() for k in (1, 10))
    print(f"{type(model).__name__:<18} weights {one}, ten times the weights {ten}")
    if not np.allclose(one, ten, rtol=1e-3):
        moved.add(type(model).__name__)
alphas = [RidgeCV([0.1, 0.3, 1, 3, 10, 30, 100]).fit(X, y, sample_weight=k * weight).alpha_ for k in (1, 10)]
print("RidgeCV picks", alphas)
assert moved == {"Ridge", "HuberRegressor", "SGDRegressor"}, "the meaning of weights has changed"
assert np.isclose(alphas[1], 10 * alphas[0])
EOF
