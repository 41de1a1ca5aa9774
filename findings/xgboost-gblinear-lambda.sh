#!/usr/bin/env bash
# XGBoost: reg_lambda=1 of the linear booster is a ridge penalty of n, and weights of ten change
# nothing.
#
# Expected: with the squared loss, booster gblinear and reg_lambda=1 minimise the sum over rows of
# (p - y)**2 / 2 plus w**2 / 2, as the formula of the tree booster has it, which is Ridge(alpha=1).
#
# What happens: lambda and alpha are multiplied by the sum of the weights. For 500 rows reg_lambda=1
# halves every coefficient of standardised features, and the result is scikit-learn's
# Ridge(alpha=500) to six digits. Multiplying all the weights by ten therefore changes nothing here,
# and much in Ridge.
#
# Why it matters: a lambda tuned on a sample of the data means the same on all of it, unlike in
# Ridge, and one carried over from the tree booster or from Ridge is off by a factor of n.
#
# Source: XGBoost documentation, "Parameters for Linear Booster" ("Normalised to number of training
# examples").
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    xgboost-cpu==3.2.0 scikit-learn==1.9.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import json

import numpy as np
import xgboost
from sklearn.linear_model import Ridge

print("xgboost", xgboost.__version__)
rng = np.random.default_rng(0)
X = rng.normal(size=(500, 3))
y = 5 + X @ [1.0, 2.0, -1.0]


def gblinear(weight):
    options = {"booster": "gblinear", "updater": "coord_descent", "eta": 1.0, "reg_lambda": 1.0, "nthread": 1}
    booster = xgboost.train(options, xgboost.DMatrix(X, y, weight=np.full(500, weight)), 200)
    return np.array(json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]["model"]["weights"][:3])


print("gblinear, reg_lambda=1:", gblinear(1.0), " all weights 10:", gblinear(10.0))
print("Ridge(alpha=1):        ", Ridge(1).fit(X, y).coef_, " Ridge(alpha=500):", Ridge(500).fit(X, y).coef_)
assert np.allclose(gblinear(1.0), Ridge(500).fit(X, y).coef_, rtol=1e-4), "lambda is no longer multiplied by n"
assert np.allclose(gblinear(10.0), gblinear(1.0), rtol=1e-4)
EOF
