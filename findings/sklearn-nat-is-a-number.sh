#!/usr/bin/env bash
# scikit-learn with pandas or polars: a missing date is a number, and a large one.
#
# Expected: estimators refuse columns of dates, as they refuse text, or at least refuse a missing
# one, as they refuse NaN.
#
# What happens: a frame whose columns are all datetime64 is cast to float64, as whole units since
# 1970. NaT becomes -9.2e18, passes the check for NaN, and one such row decides the fit. The unit is
# the column's own, which pandas 3 made microseconds for parsed text: the slope is per microsecond,
# per nanosecond or per second, by how the frame was read. Polars dates with a null do the same.
#
# Why it matters: a slope of 1 per day comes out as -2.9e-19 with no warning. Convert dates to
# numbers yourself, with an origin and a unit, before they reach an estimator.
#
# Source: scikit-learn, check_array looks for NaN after the cast to float; pandas 3.0 release notes,
# "Datetime resolution inference".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    scikit-learn==1.9.1 numpy==2.4.6 pandas==3.1.1 polars==2.1.0
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import pandas as pd
import polars as pl
import sklearn
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import StandardScaler

print("scikit-learn", sklearn.__version__, "pandas", pd.__version__, "polars", pl.__version__)
day = pd.to_datetime(pd.Series(["2024-01-01", "2024-01-02", "2024-01-04", None], name="day"))
y = [0.0, 1.0, 3.0, 4.0]
slopes = {}
for unit in ("s", "us", "ns"):
    slopes[unit] = LinearRegression().fit(day[:3].astype(f"datetime64[{unit}]").to_frame(), y[:3]).coef_[0]
print("slope of one per day, by the column's unit:", slopes, " unit of pandas:", day.dtype)
missing = LinearRegression().fit(day.to_frame(), y).coef_[0]
mean = StandardScaler().fit(day.to_frame()).mean_[0]
dates = pl.from_pandas(day.to_frame()).select(pl.col("day").cast(pl.Date))
null = LinearRegression().fit(dates, y).coef_[0]
print("with one NaT: slope", missing, " StandardScaler.mean_", mean, " polars Date with a null: slope", null)
assert str(day.dtype) == "datetime64[us]"
assert abs(slopes["s"] * 86400 - 1) < 1e-6 and abs(slopes["ns"] * 86400e9 - 1) < 1e-6
assert -3e-19 < missing < -2e-19 and -3e-19 < null < -2e-19 and mean < -2e18, "NaT is no longer taken for a number"
EOF
