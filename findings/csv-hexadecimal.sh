#!/usr/bin/env bash
# pyarrow and DuckDB: identifiers such as 0x1F in a CSV file become the numbers 31; pandas and
# polars keep them as text.
#
# Expected: a CSV field is a decimal number, or text.
#
# What happens: both parse 0x1F as an integer, and infer a column of such fields as int64, unasked.
# In pandas, polars and the csv module it is text, so the same file has one numeric feature more for
# the first two.
#
# Why it matters: device addresses, colours, hashes and error codes enter a model as huge numbers
# without order. Give the column's type.
#
# Source: Apache Arrow, cpp/src/arrow/util/value_parsing.h (StringConverter of integers accepts 0x);
# neither the docs of ConvertOptions nor those of DuckDB's sniffer tell it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    pyarrow==26.0.1 duckdb==2.0.1 pandas==3.1.1 polars==2.1.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import duckdb
import pandas as pd
import polars as pl
import pyarrow
import pyarrow.csv

print("pyarrow", pyarrow.__version__, "duckdb", duckdb.__version__, "pandas", pd.__version__, "polars", pl.__version__)
with open("x.csv", "w") as file:
    file.write("device,x\n0x1F,1\n0x2A,2\n")
found = {
    "pyarrow": pyarrow.csv.read_csv("x.csv")["device"].to_pylist(),
    "DuckDB": [row[0] for row in duckdb.sql("select device from 'x.csv'").fetchall()],
    "pandas": pd.read_csv("x.csv")["device"].tolist(),
    "polars": pl.read_csv("x.csv")["device"].to_list(),
}
print(found)
assert found["pyarrow"] == found["DuckDB"] == [31, 42], "0x1F is text now"
assert found["pandas"] == found["polars"] == ["0x1F", "0x2A"]
EOF
