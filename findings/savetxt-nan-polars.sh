#!/usr/bin/env bash
# NumPy and polars: one NaN in a file of np.savetxt makes the whole column text.
#
# Expected: polars' read_csv reads the "nan" that NumPy, C and Fortran write, as it reads "inf" and
# its own "NaN".
#
# What happens: "NaN", "inf" and "-inf" are numbers, "nan" is not, nor is "Infinity". The column is
# inferred as strings; pandas, DuckDB and pyarrow read it as numbers (pyarrow takes nan for null).
#
# Why it matters: the feature changes its type with the first missing value, by a reader that is
# otherwise strict about columns; with a schema of floats it is an error instead. Pass
# null_values="nan".
#
# Source: polars, read_csv and the float pattern of its schema inference (crates/polars-io, csv
# schema inference).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    numpy==2.4.6 polars==2.1.0 pandas==3.1.1 pyarrow==26.0.1 duckdb==2.0.1
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import io

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.csv

print("numpy", np.__version__, "polars", pl.__version__)
np.savetxt("x.csv", [1.5, np.nan, np.inf], header="x", comments="")
column = pl.read_csv("x.csv")["x"]
print(
    "polars:", column.dtype, column.to_list(), " null_values='nan':", pl.read_csv("x.csv", null_values="nan")["x"].dtype
)
for text in ("nan", "NaN", "inf", "Infinity"):
    print("1.5 and", text, "in polars:", pl.read_csv(io.StringIO("x\n1.5\n" + text + "\n"))["x"].dtype)
print(
    "pandas:",
    pd.read_csv("x.csv")["x"].dtype,
    " DuckDB:",
    duckdb.sql("from 'x.csv'").types,
    " pyarrow:",
    pyarrow.csv.read_csv("x.csv").schema.types,
)
assert column.dtype == pl.String, "polars now reads nan as a number"
assert pl.read_csv(io.StringIO("x\n1.5\nNaN\ninf\n"))["x"].dtype == pl.Float64
assert (
    pl.read_csv("x.csv", null_values="nan")["x"].dtype == pl.Float64 and pd.read_csv("x.csv")["x"].dtype == np.float64
)
EOF
