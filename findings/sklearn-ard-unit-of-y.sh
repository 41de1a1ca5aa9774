#!/usr/bin/env bash
# scikit-learn: ARDRegression drops every feature when the target is in other units.
#
# Expected: writing y in kilometres instead of metres, or X in grams instead of kilograms, scales
# the coefficients and changes nothing else, as it does for BayesianRidge and every least-squares
# fit.
#
# What happens: a feature is pruned when the estimated precision of its weight passes
# threshold_lambda, 10000. A precision has units (one over the coefficient squared), so coefficients
# below about 0.01 look like zeros: with y divided by 1000 all of them are, and predict gives the
# mean. Nothing is warned of.
#
# Why it matters: the model is used for choosing features; whether a feature survives depends on the
# unit it was written in. Scale X and y to unit variance, or set threshold_lambda to fit the units.
#
# Source: scikit-learn, ARDRegression, threshold_lambda ("Threshold for removing (pruning) weights
# with high precision from the computation").
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    scikit-learn==1.9.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import warnings

import numpy as np
import sklearn
from sklearn.linear_model import ARDRegression, BayesianRidge

warnings.simplefilter("error")
rng = np.random.default_rng(0)
X = rng.normal(size=(200, 4))
metres = X @ [1.0, 2.0, 0.0, -1.0] + 0.1 * rng.normal(size=200)
print("scikit-learn", sklearn.__version__)
for name, y in (("metres", metres), ("kilometres", metres / 1000)):
    print(f"y in {name:<10} ARD {ARDRegression().fit(X, y).coef_}  BayesianRidge {BayesianRidge().fit(X, y).coef_}")
assert np.allclose(ARDRegression().fit(X, metres).coef_, [1, 2, 0, -1], atol=0.05)
assert not ARDRegression().fit(X, metres / 1000).coef_.any(), "a change of unit no longer prunes all features"
assert np.allclose(BayesianRidge().fit(X, metres / 1000).coef_ * 1000, [1, 2, 0, -1], atol=0.05)
EOF
