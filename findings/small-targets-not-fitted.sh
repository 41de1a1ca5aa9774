#!/usr/bin/env bash
# skglm, glum and scikit-learn: models that do not move off zero when the target is small, and say
# nothing.
#
# Expected: y and alpha both times 1e-6 is the same Lasso, with coefficients times 1e-6. A Poisson
# regression without penalty has the same coefficients whatever the unit of y: only the intercept
# moves.
#
# What happens: these solvers stop when the gradient is below an absolute tolerance (1e-4). For y of
# order 1e-6 it is from the start: skglm's and glum's Lasso return zeros, and scikit-learn's
# PoissonRegressor returns zeros and an intercept. No warning of convergence is given, as the test
# was passed. scikit-learn's Lasso and celer's, of the same objective, scale their tolerance by y
# and are right.
#
# Why it matters: rates per person, concentrations, returns per second: the model says that no
# feature matters. Bring y to order one first.
#
# Source: scikit-learn, PoissonRegressor, tol ("max{|g_j|, ...} <= tol"); glum, gradient_tol; skglm,
# AndersonCD, tol.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    skglm==0.5 glum==3.4.1 celer==0.7.4 scikit-learn==1.9.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import warnings

import celer
import glum
import numpy as np
import skglm
import sklearn
from sklearn.linear_model import Lasso, PoissonRegressor

rng = np.random.default_rng(0)
X = rng.normal(size=(200, 3))
line = X @ [1.0, 2.0, -1.0] + 0.1 * rng.normal(size=200)
rate = rng.poisson(np.exp(X @ [0.1, 0.2, -0.1])).astype(float)
models = {
    "skglm Lasso": lambda s: skglm.Lasso(alpha=0.1 * s).fit(X, line * s).coef_ / s,
    "glum, l1_ratio=1": lambda s: glum.GeneralizedLinearRegressor(alpha=0.1 * s, l1_ratio=1).fit(X, line * s).coef_ / s,
    "celer Lasso": lambda s: celer.Lasso(alpha=0.1 * s).fit(X, line * s).coef_ / s,
    "sklearn Lasso": lambda s: Lasso(alpha=0.1 * s).fit(X, line * s).coef_ / s,
    "sklearn PoissonRegressor": lambda s: PoissonRegressor(alpha=0).fit(X, rate * s).coef_,
}
print(
    "skglm",
    skglm.__version__,
    "glum",
    glum.__version__,
    "celer",
    celer.__version__,
    "scikit-learn",
    sklearn.__version__,
)
small = {}
for name, fit in models.items():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        small[name] = fit(1e-6)
    assert not [w for w in caught if "onverge" in str(w.message)]
    print(f"{name:<25} y as it is {np.round(fit(1.0), 4)}, y times 1e-6 {np.round(small[name], 4)}")
    right = np.allclose(small[name], fit(1.0), rtol=1e-3, atol=1e-3)
    assert right == (name in ("celer Lasso", "sklearn Lasso")), name
    assert right or not small[name].any()
EOF
