#!/usr/bin/env bash
# xarray and numbagg: one large value changes every rolling mean after it, if numbagg is installed.
#
# Expected: a rolling mean of three values is the mean of those three, wherever the window stands;
# xarray's optional accelerators change only the time.
#
# What happens: with numbagg xarray hands rolling means to a running sum, which never gets rid of
# what was rounded away while a value of 1e17 was in the window: all later means are too small by a
# third. With Bottleneck instead they are off by another constant. A single infinity turns all later
# means into NaN. Without both, xarray builds the windows and is right; pandas compensates its sums
# and is right; polars too.
#
# Why it matters: a glitch of a sensor, or a fill value that was not masked, spoils a feature far
# beyond its window, on the machines that have the accelerator. xr.set_options(use_numbagg=False,
# use_bottleneck=False).
#
# Source: xarray, "Installation", optional dependencies "for accelerating xarray" and
# set_options(use_numbagg).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    xarray==2026.9.0 numbagg==0.9.6 bottleneck==1.6.0 pandas==3.1.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import numpy as np
import pandas as pd
import xarray as xr

print("xarray", xr.__version__)
glitch = np.concatenate([np.arange(5.0), [1e17], np.arange(10.0)])
data = xr.DataArray(glitch, dims="t")
results = {}
for name, options in {
    "numbagg": {"use_numbagg": True},
    "bottleneck": {"use_numbagg": False, "use_bottleneck": True},
    "neither": {"use_numbagg": False, "use_bottleneck": False},
}.items():
    with xr.set_options(**options):
        results[name] = data.rolling(t=3).mean().values[-3:]
        infinite = xr.where(data == 1e17, np.inf, data).rolling(t=3).mean().values[-3:]
    print(f"{name:<10} last means {results[name]}, after an infinity {infinite}")
results["pandas"] = pd.Series(glitch).rolling(3).mean().to_numpy()[-3:]
print("pandas    ", results["pandas"])
assert np.array_equal(results["neither"], [6, 7, 8]) and np.allclose(results["pandas"], [6, 7, 8])
assert np.all(np.abs(results["numbagg"] - [6, 7, 8]) > 0.3), "numbagg's rolling mean has changed"
assert np.all(np.abs(results["bottleneck"] - [6, 7, 8]) > 0.3), "Bottleneck's rolling mean has changed"
EOF
