#!/usr/bin/env bash
# pandas 3: ewm(adjust=False) weights values across a gap otherwise than pandas 2, polars, and its
# own documentation.
#
# Expected: for [x0, NaN, x2] with alpha 1/2 the documentation gives the weights (1 - alpha)**2 and
# alpha, so that [1, NaN, 3] ends at (0.25 * 1 + 0.5 * 3) / 0.75 = 2.333. pandas 2.3 and polars give
# that.
#
# What happens: pandas 3 gives 2.5: the weights are (1 - alpha)**2 and 1 - (1 - alpha)**2. Nothing
# else changes (adjust=True agrees in all three), and there is no warning.
#
# Why it matters: smoothed targets and features, and the moving averages of losses or of weights,
# change with an upgrade as soon as one value is missing; a model fed by pandas and served by polars
# sees two numbers.
#
# Source: pandas 3.1, docstring of DataFrame.ewm, ignore_na ("(1-alpha)^2 and alpha if
# adjust=False").
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    pandas==3.1.1 polars==2.1.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import subprocess
import sys

import pandas as pd
import polars as pl

subprocess.run([sys.executable, "-m", "venv", "old"], check=True)
subprocess.run(
    ["old/bin/pip", "install", "-q", "--no-compile", "--disable-pip-version-check", "pandas==2.3.3", "numpy==2.4.6"],
    check=True,
)
print("pandas", pd.__version__, "polars", pl.__version__)
results = {}
for adjust in (True, False):
    program = f"import pandas as pd; print(pd.Series([1.0, None, 3.0]).ewm(alpha=0.5, adjust={adjust}).mean().iloc[-1])"
    old = subprocess.run(["old/bin/python", "-c", program], check=True, capture_output=True, text=True).stdout
    results[adjust] = (
        float(old),
        float(pd.Series([1.0, None, 3.0]).ewm(alpha=0.5, adjust=adjust).mean().iloc[-1]),
        pl.Series([1.0, None, 3.0]).ewm_mean(alpha=0.5, adjust=adjust, ignore_nulls=False)[-1],
    )
    print("adjust={}: pandas 2.3.3 {:.6f}, pandas 3 {:.6f}, polars {:.6f}".format(adjust, *results[adjust]))
weights = 0.25, 0.5
documented = (weights[0] * 1 + weights[1] * 3) / sum(weights)
assert max(results[True]) - min(results[True]) < 1e-12
assert abs(results[False][0] - documented) < 1e-12 and abs(results[False][2] - documented) < 1e-12
assert results[False][1] == 2.5, "pandas 3 is back at its documentation"
EOF
