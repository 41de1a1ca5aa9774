#!/usr/bin/env bash
# statsmodels: rows of weight zero make the standard errors of WLS smaller, and the likelihood minus
# infinity.
#
# Expected: a row of weight zero is no observation: estimates, standard errors, adjusted R2 and
# likelihood are those of the fit without it.
#
# What happens: the estimates are. The row counts for the degrees of freedom: 50 rows of weight zero
# among 200 shrink each standard error by sqrt(147 / 197), 14 percent, and nobs says 200. The
# log-likelihood takes the log of the weights and is -inf, and so AIC is infinite.
#
# Why it matters: masks as weights, robust weights that reach zero, matching weights: t values are
# too large, without a warning. Drop the rows.
#
# Source: statsmodels, WLS, loglike ("... 1/2 sum log w"), df_resid = nobs - rank.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    statsmodels==0.15.0 pandas==3.1.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import warnings

import numpy as np
import statsmodels
import statsmodels.api as sm

print("statsmodels", statsmodels.__version__)
rng = np.random.default_rng(0)
X = sm.add_constant(rng.normal(size=(200, 2)))
y = X @ [10.0, 1.0, 2.0] + rng.normal(size=200)
weight = rng.uniform(0.5, 2, 200)
weight[:50] = 0
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    zero, dropped = sm.WLS(y, X, weight).fit(), sm.WLS(y[50:], X[50:], weight[50:]).fit()
    print("weights of zero: bse", zero.bse, "nobs", zero.nobs, "log-likelihood", zero.llf, "AIC", zero.aic)
    print("rows dropped:    bse", dropped.bse, "nobs", dropped.nobs, "log-likelihood", dropped.llf, "AIC", dropped.aic)
    assert np.allclose(zero.params, dropped.params)
    assert np.allclose(zero.bse / dropped.bse, (147 / 197) ** 0.5), "rows of weight zero no longer count"
    assert zero.llf == -np.inf and np.isfinite(dropped.llf)
EOF
