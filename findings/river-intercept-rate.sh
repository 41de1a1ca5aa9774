#!/usr/bin/env bash
# River: LinearRegression(optimizer=SGD(0.1)) moves its intercept at a rate of 0.01, and its weights
# at 0.2.
#
# Expected: the optimizer moves all parameters; from zero, with x = 1 and y = 3, a rate of 0.1 on
# the loss (p - y)**2 / 2 makes both the weight and the intercept 0.3.
#
# What happens: the squared loss has no half, so the gradient is twice the error: the weight is 0.6.
# The intercept is not the optimizer's at all: it moves by intercept_lr, 0.01 by default, and
# becomes 0.06, whatever optimizer, schedule or rate is chosen. scikit-learn's SGDRegressor gives
# 0.3 and 0.3.
#
# Why it matters: rates cannot be carried over from papers or from other libraries, and on targets
# far from zero the weights compensate for an intercept that lags behind by a factor of ten. Set
# intercept_lr, and halve the rate.
#
# Source: River, linear_model.LinearRegression, intercept_lr; optim.losses.Squared.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    river==0.26.1 scikit-learn==1.9.1 pandas==3.1.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import river
from river import linear_model, optim
from sklearn.linear_model import SGDRegressor

print("river", river.__version__)
model = linear_model.LinearRegression(optimizer=optim.SGD(0.1), l2=0.0)
model.learn_one({"x": 1.0}, 3.0)
flat = SGDRegressor(learning_rate="constant", eta0=0.1, alpha=0, max_iter=1, tol=None).fit([[1.0]], [3.0])
print("River after one row:        weight", model.weights["x"], "intercept", model.intercept)
print("scikit-learn after one row: weight", flat.coef_[0], "intercept", flat.intercept_[0])
assert abs(model.weights["x"] - 0.6) < 1e-12 and abs(model.intercept - 0.06) < 1e-12, "River's rates have changed"
assert abs(flat.coef_[0] - 0.3) < 1e-12 and abs(flat.intercept_[0] - 0.3) < 1e-12
EOF
