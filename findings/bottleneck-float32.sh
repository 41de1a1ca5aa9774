#!/usr/bin/env bash
# pandas and Bottleneck: installing Bottleneck makes the variance of a float32 column twice as
# large.
#
# Expected: an optional accelerator gives the same numbers faster.
#
# What happens: pandas uses Bottleneck, once it can be imported, for var and std (not for sum and
# mean, which it keeps to itself because of rounding). Bottleneck adds float32 values one by one
# into a float32, which stops at 2**24: the variance of 2**25 ones and twos is 0.5 instead of 0.25,
# that of as many ones is 0.125. Its own nanmean of those ones is 0.5.
#
# Why it matters: the same script standardises a feature differently on a machine where some other
# package brought Bottleneck along. Turn it off by pd.set_option("compute.use_bottleneck", False),
# or use float64.
#
# Source: pandas, pandas/core/nanops.py, _bn_ok_dtype, which says that Bottleneck sums naively and
# for that reason excludes nansum, nanprod and nanmean, but not nanvar.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    pandas==3.1.1 bottleneck==1.6.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import bottleneck
import numpy as np
import pandas as pd

print("pandas", pd.__version__, "Bottleneck", bottleneck.__version__)
column = pd.Series(np.tile(np.array([1, 2], np.float32), 2**24))
ones = pd.Series(np.ones(2**25, np.float32))
results = {}
for use in (True, False):
    pd.set_option("compute.use_bottleneck", use)
    results[use] = float(column.var()), float(ones.var()), float(ones.mean())
    print(
        "Bottleneck",
        "on: " if use else "off:",
        "var of ones and twos {}, var of ones {}, mean of ones {}".format(*results[use]),
    )
print("bottleneck.nanmean of the ones:", bottleneck.nanmean(ones.to_numpy()))
assert abs(results[False][0] - 0.25) < 1e-3 and results[False][1:] == (0.0, 1.0)
assert results[True][0] > 0.4 and results[True][1] > 0.1, "pandas' variance no longer depends on Bottleneck"
assert results[True][2] == 1.0 and bottleneck.nanmean(ones.to_numpy()) == 0.5
EOF
