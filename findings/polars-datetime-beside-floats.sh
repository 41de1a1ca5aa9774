#!/usr/bin/env bash
# polars, pandas and scikit-learn: a frame of a float and a datetime column is refused from pandas
# and fitted from polars.
#
# Expected: the two frames hold the same values, so both are refused or both are fitted.
#
# What happens: pandas has no common type for float64 and datetime64 and scikit-learn raises
# DTypePromotionError. Polars' to_numpy makes one float64 array in which the dates are microseconds
# since 1970, about 1.7e15, and LinearRegression fits it: beside such a column the float column
# falls under the cut-off of 1e-6 and gets a coefficient of zero.
#
# Why it matters: changing the reader of a file from pandas to polars turns an error into a model
# that has lost its real features.
#
# Source: polars, DataFrame.to_numpy ("If the DataFrame contains different numeric data types, the
# resulting data type will be the supertype"), which says nothing of dates beside numbers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    scikit-learn==1.9.1 numpy==2.4.6 pandas==3.1.1 polars==2.1.0
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
from datetime import datetime

import numpy as np
import pandas as pd
import polars as pl
import sklearn
from sklearn.linear_model import LinearRegression

print("scikit-learn", sklearn.__version__, "pandas", pd.__version__, "polars", pl.__version__)
rng = np.random.default_rng(0)
x = rng.normal(size=50)
when = [datetime(2024, 1, int(d)) for d in rng.integers(1, 29, 50)]
frame = pl.DataFrame({"x": x, "when": when})
try:
    LinearRegression().fit(pd.DataFrame({"x": x, "when": when}), 3 * x)
    raise AssertionError("pandas' frame is no longer refused")
except TypeError as error:
    print("pandas:", type(error).__name__)
model = LinearRegression().fit(frame, 3 * x)
print("polars:", frame.to_numpy()[0], "coefficients", model.coef_, "(true: 3 and 0)")
assert frame.to_numpy().dtype == np.float64 and frame.to_numpy()[0, 1] > 1.7e15
assert abs(model.coef_[0]) < 1e-6, "the float column is no longer lost"
EOF
