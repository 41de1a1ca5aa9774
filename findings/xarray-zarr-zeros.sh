#!/usr/bin/env bash
# xarray and Zarr: zeros written by zarr-python come back from xarray as NaN, if the format is
# version 2.
#
# Expected: what zarr-python reads, xarray reads: an integer array [0, 1, 2, 3] is int32 [0, 1, 2,
# 3].
#
# What happens: zarr-python gives every array a fill_value, 0 by default, the value of chunks not
# yet written. For format 2 xarray takes that for _FillValue, the mark of missing data: every 0 and
# -0.0 becomes NaN, and integers become float64. For format 3 it does not, so the same two calls
# give other values with zarr_format=2 and 3.
#
# Why it matters: counts, one-hot columns, rain amounts: the mean and every fit on them leaves out
# the zeros. The documented way out, use_zarr_fill_value_as_mask=False, changes nothing in this
# version; mask_and_scale=False does, as does writing with fill_value=None.
#
# Source: xarray, open_zarr, use_zarr_fill_value_as_mask ("defaults to True for zarr_format=2 and
# False for zarr_format=3").
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    xarray==2026.9.0 zarr==3.1.6 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import warnings

import numpy as np
import xarray as xr
import zarr

warnings.simplefilter("error", UserWarning)
print("xarray", xr.__version__, "zarr", zarr.__version__)
results = {}
for version in (2, 3):
    group = zarr.open_group(f"v{version}.zarr", mode="w", zarr_format=version)
    named = {"attributes": {"_ARRAY_DIMENSIONS": ["x"]}} if version == 2 else {"dimension_names": ["x"]}
    group.create_array("count", shape=(4,), chunks=(4,), dtype="i4", **named)[:] = [0, 1, 2, 3]
    seen = xr.open_zarr(f"v{version}.zarr", consolidated=False)["count"]
    results[version] = seen.values
    print(f"format {version}: zarr {group['count'][:]}, xarray {seen.values} {seen.dtype}, mean {float(seen.mean())}")
    assert np.array_equal(group["count"][:], [0, 1, 2, 3])
assert np.isnan(results[2][0]) and results[2].dtype == np.float64, "zeros of format 2 are zeros now"
assert np.array_equal(results[3], [0, 1, 2, 3]) and results[3].dtype == np.int32
switched = xr.open_zarr("v2.zarr", consolidated=False, use_zarr_fill_value_as_mask=False)["count"].values
raw = xr.open_zarr("v2.zarr", consolidated=False, mask_and_scale=False)["count"].values
print("format 2, use_zarr_fill_value_as_mask=False:", switched, " mask_and_scale=False:", raw)
assert np.isnan(switched[0]), "the switch works now"
assert np.array_equal(raw, [0, 1, 2, 3])
EOF
