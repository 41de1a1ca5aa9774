#!/usr/bin/env bash
# statsmodels 0.15, patsy and formulaic: an environment variable changes the slope of y ~ scale(x).
#
# Expected: statsmodels 0.15 can evaluate formulas by either of two packages; a formula that both
# accept means the same in both.
#
# What happens: SM_FORMULA_ENGINE (patsy, or formulaic, which is taken anyway where patsy is absent)
# decides. Patsy's scale divides by the standard deviation with n in the denominator, formulaic's,
# as R's, by the one with n - 1: the slope grows by sqrt(n / (n - 1)), 5 percent for ten rows. The
# fit, its R2 and the summary's column names are the same.
#
# Why it matters: standardised coefficients of small studies change in the second digit from one
# machine to the next. Write the standardisation into the data.
#
# Source: patsy, standardize ("ddof=0"); formulaic, transforms/scale.py ("default=1"); statsmodels,
# statsmodels/formula/_manager.py, DEFAULT_FORMULA_ENGINE.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    statsmodels==0.15.0 formulaic==1.2.2 patsy==1.0.3 pandas==3.1.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import os
import subprocess
import sys

program = """
import numpy as np, pandas as pd, statsmodels
import statsmodels.formula.api as smf
frame = pd.DataFrame({"x": np.arange(10.0), "y": 3 * np.arange(10.0)})
fit = smf.ols("y ~ scale(x)", frame).fit()
print(statsmodels.__version__, fit.params.iloc[1], fit.rsquared, fit.params.index[1])
"""
slopes = {}
for engine in ("patsy", "formulaic"):
    environment = {**os.environ, "SM_FORMULA_ENGINE": engine}
    output = subprocess.run(
        [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
    ).stdout
    version, slope, r2, name = output.split()
    slopes[engine] = float(slope)
    print(f"statsmodels {version} by {engine}: slope of {name} {slope}, R2 {r2}")
ratio = slopes["formulaic"] / slopes["patsy"]
print("ratio", ratio, " sqrt(10 / 9) =", (10 / 9) ** 0.5)
assert abs(ratio - (10 / 9) ** 0.5) < 1e-9, "the two scales agree now"
EOF
