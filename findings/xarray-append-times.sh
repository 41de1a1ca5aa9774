#!/usr/bin/env bash
# xarray: appending noon and the next morning to a daily series moves them by weeks.
#
# Expected: to_zarr(append_dim="time") stores the appended times, or says that they cannot be stored
# in the array's units.
#
# What happens: the first write chose "days since 2000-01-01" as integers. Noon has no integer
# there, so the new times are encoded by themselves, as hours, and the numbers 36 and 54 are
# appended to the days: 2 January 12:00 is read back as 6 February, and 3 January 06:00 as 24
# February. The warning that is given says that hours are used; the array's attribute still says
# days.
#
# Why it matters: a regression on time, or a join by time, uses other dates. Give encoding={"time":
# {"units": "seconds since ..."}} at the first write.
#
# Source: xarray documentation, "Modifying existing Zarr stores" and "Time units" (the units are
# inferred from the data of the write).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    xarray==2026.9.0 zarr==3.1.6 pandas==3.1.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import warnings

import numpy as np
import xarray as xr


def series(*times):
    return xr.Dataset({"y": ("time", np.arange(len(times)))}, coords={"time": np.array(times, "datetime64[us]")})


print("xarray", xr.__version__)
later = series("2000-01-02T12:00", "2000-01-03T06:00")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    series("2000-01-01", "2000-01-02").to_zarr("days.zarr", mode="w", consolidated=False)
    later.to_zarr("days.zarr", append_dim="time", consolidated=False)
found = xr.open_zarr("days.zarr", consolidated=False)
print(
    "appended:",
    later.time.values.astype("datetime64[m]"),
    "units:",
    found.time.encoding["units"],
    "\nwarning:",
    str(caught[0].message)[:130],
)
print("read:    ", found.time.values[2:].astype("datetime64[m]"))
expected = np.array(["2000-02-06", "2000-02-24"], "datetime64[us]")
assert np.array_equal(found.time.values[2:], expected), "appended times have changed"
assert "Serializing with units 'hours since 2000-01-01' instead" in str(caught[0].message)
EOF
