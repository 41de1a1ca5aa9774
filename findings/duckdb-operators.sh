#!/usr/bin/env bash
# DuckDB: -x^2 is positive, 2^3^2 is 64, and 7.5 // 2 is 3.75.
#
# Expected: a formula carried over from Python or from paper: the power binds tighter than the sign
# and to the right, and // gives a whole number.
#
# What happens: in DuckDB the sign binds tighter (as in PostgreSQL), also for **, so exp(-x^2 / 2)
# grows without bound; powers group to the left; // is integer division for integers only (and
# rounds to zero: -7 // 2 is -3), for fractions it is a plain division.
#
# Why it matters: kernels, Gaussian weights and losses written in SQL: the weights of far points are
# the largest. Write -(x^2).
#
# Source: PostgreSQL documentation, "Operator precedence"; DuckDB documentation, "Numeric
# functions", the operators // and **.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    duckdb==2.0.1
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import math

import duckdb

print("duckdb", duckdb.__version__)
found = {}
for expression in ("-x^2", "-x**2", "2^3^2", "exp(-x^2 / 2)", "7.5 // x", "-7 // 2"):
    found[expression] = float(duckdb.sql(f"select {expression} from (values (2.0::double)) t(x)").fetchall()[0][0])
    python = eval(expression.replace("^", "**"), {"x": 2.0, "exp": math.exp})
    print(f"{expression:<14} with x = 2: DuckDB {found[expression]}, Python {python}")
assert found["-x^2"] == found["-x**2"] == 4.0 and found["2^3^2"] == 64.0, "the precedence has changed"
assert abs(found["exp(-x^2 / 2)"] - math.exp(2)) < 1e-9
assert found["7.5 // x"] == 3.75 and found["-7 // 2"] == -3.0, "integer division has changed"
EOF
