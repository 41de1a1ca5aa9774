#!/usr/bin/env bash
# River: StandardScaler.learn_many finds a variance of minus four.
#
# Expected: learning a data frame in one call is learning its rows one after the other, faster;
# learn_one uses Welford's update and is right at any offset.
#
# What happens: learn_many merges variances by means of squares, uncentred. For a column at 1e8 with
# a spread of 1 the variance comes out negative (or otherwise wrong, by the numbers), and
# transform_one divides by its square root and returns a complex number.
#
# Why it matters: the mini-batch interface is there for large data, whose columns (times,
# identifiers, coordinates) look like this. Subtract an origin first.
#
# Source: River, river/preprocessing/scale.py, StandardScaler.learn_many.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    river==0.26.1 pandas==3.1.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import numpy as np
import pandas as pd
import river
from river import preprocessing

print("river", river.__version__)
noise = np.random.default_rng(0).normal(size=1000)
variances = {}
for offset in (0.0, 1e8):
    one, many = preprocessing.StandardScaler(), preprocessing.StandardScaler()
    for value in offset + noise:
        one.learn_one({"x": float(value)})
    many.learn_many(pd.DataFrame({"x": offset + noise}))
    variances[offset] = one.vars["x"], many.vars["x"]
    print(
        f"offset {offset:.0e}: variance by learn_one {one.vars['x']:.6f}, by learn_many {many.vars['x']:.6f},", end=" "
    )
    print(f"true {noise.var():.6f}")
print("transform_one:", many.transform_one({"x": 1e8 + 1}))
assert np.allclose(variances[0.0], noise.var()) and np.isclose(variances[1e8][0], noise.var(), rtol=1e-6)
assert abs(variances[1e8][1] / noise.var() - 1) > 0.5, "learn_many is now centred"
EOF
