#!/usr/bin/env bash
# Dask: the 99th percentile of 10,000 numbers is 3.0, 4.6 or 6.1, by the function that is asked.
#
# Expected: percentiles of data in ten partitions are near those of all data, the more so for sorted
# data, whose partitions do not overlap.
#
# What happens: both functions merge the percentiles of the parts. On sorted exponential data the
# dataframe's quantile(0.99) is 3.01 and the array's percentile(99) is 6.08, while NumPy's is 4.56;
# describe takes the same road. The median is near in both. Shuffled data come out closer.
#
# Why it matters: clipping, winsorising and robust scaling of features use the tails, and data in
# files are often sorted (by time, by size). dask.array.percentile says "approximate"; the size of
# the error is not told.
#
# Source: Dask, dask.array.percentile ("Approximate percentile of 1-D array"), DataFrame.quantile
# ("Approximate row-wise and precise column-wise quantiles").
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    "dask[array,dataframe]==2026.8.0" pandas==3.1.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd

dask.config.set(scheduler="synchronous")
print("dask", dask.__version__)
data = np.sort(np.random.default_rng(0).exponential(size=10_000))
array = da.percentile(da.from_array(data, chunks=1000), [50, 99]).compute()
frame = dd.from_pandas(pd.Series(data), npartitions=10).quantile([0.5, 0.99]).compute().to_numpy()
true = np.percentile(data, [50, 99])
print("50th and 99th percentile: NumPy", true, " dask.array", array, " dask.dataframe", frame)
assert np.allclose(array[0], true[0], rtol=0.01) and np.allclose(frame[0], true[0], rtol=0.01)
assert array[1] > 1.2 * true[1] and frame[1] < 0.8 * true[1], "Dask's tails are nearer now"
EOF
