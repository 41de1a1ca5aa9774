#!/usr/bin/env bash
# polars: the sum of three billions in an Int32 column is negative; so is a dot product.
#
# Expected: sums of integers are taken in 64 bits, as in NumPy, pandas and Arrow, and as polars does
# for 8 and 16 bits.
#
# What happens: sum, cum_sum, rolling_sum and dot of Int32 stay in Int32 and wrap: 3 * 10**9 becomes
# -1294967296. mean of the same column is right, and so is product, which is taken in 64 bits.
#
# Why it matters: Int32 is what database drivers and Parquet files give; the columns of X'X and X'y
# for integer features are such dot products. Cast to Int64 or Float64 first.
#
# Source: polars, Expr.sum ("Dtypes in {Int8, UInt8, Int16, UInt16} are cast to Int64 before summing
# to prevent overflow issues").
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    polars==2.1.0 numpy==2.4.6 pyarrow==26.0.1
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import polars as pl
import pyarrow.compute

print("polars", pl.__version__)
billions = pl.Series([10**9] * 3, dtype=pl.Int32)
found = {
    "sum": billions.sum(),
    "cum_sum": billions.cum_sum()[-1],
    "rolling_sum": billions.rolling_sum(3)[-1],
    "dot": billions.dot(pl.Series([1, 1, 1], dtype=pl.Int32)),
}
print(found, " mean:", billions.mean(), " product of the first two:", billions[:2].product())
print(
    "NumPy:",
    billions.to_numpy().sum(),
    " Arrow:",
    pyarrow.compute.sum(billions.to_arrow()),
    " Int16:",
    pl.Series([30000] * 3, dtype=pl.Int16).sum(),
)
assert set(found.values()) == {3 * 10**9 - 2**32}, "Int32 sums no longer wrap"
assert billions.mean() == 1e9 and billions[:2].product() == 10**18
assert billions.to_numpy().sum() == 3 * 10**9 and pl.Series([30000] * 3, dtype=pl.Int16).sum() == 90000
EOF
