#!/usr/bin/env bash
# Arrow: casting decimals to double misses the nearest double for a third of the prices; so does
# DuckDB's data frame.
#
# Expected: decimal128 0.1 to float64 gives what float("0.1") gives, the nearest double: the
# integers are below 2**53 and the power of ten is exact, so one division does it.
#
# What happens: pyarrow's cast multiplies by a rounded 10**-scale instead. With one digit after the
# point about a third of the values are off by a unit in the last place (at most two), so equal
# columns from CSV and from a decimal file do not compare equal. Polars' cast and DuckDB's own
# CAST(x AS DOUBLE) are exact; DuckDB's .df() of a DECIMAL(38, 18) column is not, though its SQL is.
#
# Why it matters: decimal is the type of money in Parquet and in databases; joins, groups and exact
# tests on the doubles fail. Cast to string and parse, or cast in polars or in SQL.
#
# Source: Apache Arrow, cpp/src/arrow/util/decimal.cc, Decimal128::ToDouble (a table of powers of
# ten, also negative ones).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    pyarrow==26.0.1 polars==2.1.0 duckdb==2.0.1 pandas==3.1.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import random
from decimal import Decimal

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

print("pyarrow", pa.__version__, "polars", pl.__version__, "duckdb", duckdb.__version__)
random.seed(1)
wrong = {}
for scale, digits in ((1, 5), (2, 6), (18, 17)):
    values = [Decimal(random.randrange(10**digits)).scaleb(-scale) for _ in range(2000)]
    nearest = np.array([float(v) for v in values])
    money = pa.table({"x": pa.array(values, pa.decimal128(38, scale))})
    found = {
        "pyarrow cast": money["x"].cast(pa.float64()).to_numpy(),
        "polars cast": pl.from_arrow(money)["x"].cast(pl.Float64).to_numpy(),
        "DuckDB CAST": duckdb.sql("select cast(x as double) x from money").fetchnumpy()["x"],
        "DuckDB .df()": duckdb.sql("select x from money").df()["x"].to_numpy(),
    }
    wrong[scale] = {name: float((doubles != nearest).mean()) for name, doubles in found.items()}
    ulps = np.abs(found["pyarrow cast"] - nearest) / np.spacing(nearest)
    print(f"scale {scale}: share that is not the nearest double {wrong[scale]}, at most {ulps.max():.0f} ulp")
assert all(wrong[s]["pyarrow cast"] > 0.1 for s in wrong), "pyarrow's cast now rounds to the nearest"
assert all(wrong[s][name] == 0 for s in wrong for name in ("polars cast", "DuckDB CAST"))
assert wrong[18]["DuckDB .df()"] > 0.1 and wrong[1]["DuckDB .df()"] == 0
EOF
