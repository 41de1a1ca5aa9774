#!/usr/bin/env bash
# polars and SQLite: read_database turns 0.5 into 0 if a hundred whole numbers come before it.
#
# Expected: a column that holds a fraction is read as floats, or is an error, as it is with ADBC's
# reader of the same file ("expected INT64 but got DOUBLE").
#
# What happens: SQLite has no types of columns, only of values: 1.0 in a column of NUMERIC or
# DECIMAL affinity is stored as an integer, so that prices are a mixture. polars infers the type
# from the first 100 rows and casts the rest: 0.5 becomes 0, without a word. pandas reads floats.
#
# Why it matters: measurements that start out whole, prices, counts with corrections: the features
# are truncated. Pass infer_schema_length=None or schema_overrides.
#
# Source: polars, read_database, infer_schema_length; SQLite documentation, "Datatypes in SQLite",
# type affinity.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    polars==2.1.0 adbc-driver-sqlite==1.13.0 pyarrow==26.0.1 pandas==3.1.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import sqlite3

import adbc_driver_sqlite.dbapi
import pandas as pd
import polars as pl

connection = sqlite3.connect("prices.db")
connection.execute("create table prices (price decimal(10, 2))")
connection.executemany("insert into prices values (?)", [(float(i),) for i in range(3000)] + [(0.5,), (2.75,)])
connection.commit()
query = "select price from prices"
print("polars", pl.__version__, "SQLite", sqlite3.sqlite_version)
default = pl.read_database(query, connection)["price"]
full = pl.read_database(query, connection, infer_schema_length=None)["price"]
frame = pd.read_sql(query, connection)["price"]
print(
    "polars:", default.dtype, default[-2:].to_list(), " with infer_schema_length=None:", full.dtype, full[-2:].to_list()
)
print("pandas:", frame.dtype, frame.tolist()[-2:])
try:
    with adbc_driver_sqlite.dbapi.connect("prices.db") as other, other.cursor() as cursor:
        cursor.execute(query)
        cursor.fetch_arrow_table()
    raise AssertionError("ADBC now reads the mixture")
except OSError as error:
    print("ADBC:", str(error).splitlines()[0])
assert default.dtype == pl.Int64 and default[-2:].to_list() == [0, 2], "polars no longer truncates"
assert full[-2:].to_list() == frame.tolist()[-2:] == [0.5, 2.75]
EOF
