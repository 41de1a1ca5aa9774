#!/usr/bin/env bash
# statsmodels: fit_regularized pulls the intercept to zero with the slopes.
#
# Expected: the constant that add_constant puts in front is not penalised, as in scikit-learn,
# glmnet and R.
#
# What happens: it is a column like any other. With alpha=1 and L1_wt=0 on standard normal features
# and a mean of y of 10 the intercept is halved, to 5, and the predictions with it; L1_wt=1 takes
# alpha off it. The formula interface does the same. A vector of alphas with a 0 for the constant is
# accepted and leaves it alone.
#
# Why it matters: the fit is biased by the mean of y divided by 1 + alpha, and a cross-validated
# alpha is chosen to avoid that, not to shrink slopes.
#
# Source: statsmodels, OLS.fit_regularized, alpha ("If a vector, it must have the same length as
# params, and contains a penalty weight for each coefficient").
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    statsmodels==0.15.0 scikit-learn==1.9.1 pandas==3.1.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import numpy as np
import pandas as pd
import statsmodels
import statsmodels.api as sm
import statsmodels.formula.api as smf
from sklearn.linear_model import Ridge

print("statsmodels", statsmodels.__version__)
rng = np.random.default_rng(0)
X = rng.normal(size=(200, 2))
y = 10 + X @ [1.0, 2.0] + 0.1 * rng.normal(size=200)
model = sm.OLS(y, sm.add_constant(X))
one = model.fit_regularized(alpha=1.0, L1_wt=0).params
formula = (
    smf.ols("y ~ a + b", pd.DataFrame({"y": y, "a": X[:, 0], "b": X[:, 1]})).fit_regularized(alpha=1.0, L1_wt=0).params
)
each = model.fit_regularized(alpha=np.array([0.0, 1.0, 1.0]), L1_wt=0).params
ridge = Ridge(alpha=200).fit(X, y)
print("alpha=1:       ", one, "\nby a formula:  ", np.asarray(formula), "\nalpha=[0, 1, 1]:", each)
print("scikit-learn:  ", ridge.intercept_, ridge.coef_)
assert 4.5 < one[0] < 5.5 and np.allclose(formula, one), "the intercept is no longer penalised"
assert np.allclose(each, [ridge.intercept_, *ridge.coef_])
EOF
