#!/usr/bin/env bash
# xarray: the slope from polyfit is per nanosecond, and the one from differentiate is per whatever
# unit the times are stored in.
#
# Expected: one unit of time for both ways to take a slope, whatever the resolution of datetime64.
#
# What happens: polyfit turns times into nanoseconds since 1970 whatever their type; differentiate
# and integrate use the array's own unit unless datetime_unit is given. With times of pandas 3,
# which are microseconds, the two differ by a thousand; the same series written to netCDF and read
# back is nanoseconds, and its derivative is a thousandth of what it was.
#
# Why it matters: a trend per day comes from one constant for polyfit and from another, which
# changes with the pandas release and with a round trip to disk, for differentiate. Give
# datetime_unit always.
#
# Source: xarray, DataArray.differentiate, datetime_unit; xarray release notes on non-nanosecond
# datetimes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    xarray==2026.9.0 netcdf4==1.7.5.1.post1 pandas==3.1.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import pandas as pd
import xarray as xr

print("xarray", xr.__version__, "pandas", pd.__version__)
times = pd.to_datetime(["2000-01-01", "2000-01-02", "2000-01-03", "2000-01-05"])
y = xr.Dataset({"y": ("t", [0.0, 1.0, 2.0, 4.0])}, coords={"t": times})
y.to_netcdf("y.nc")
results = []
for name, data in (("in memory", y.y), ("from netCDF", xr.open_dataset("y.nc").y)):
    fitted = float(data.polyfit("t", 1).polyfit_coefficients[0])
    differentiated = float(data.differentiate("t")[0])
    results.append((data.t.dtype, fitted * 86400e9, differentiated * 86400e9))
    print(
        "{:<12} times {}: slope in units of one per day, taken as per ns: polyfit {:.6f}, differentiate {:.6f}".format(
            name, *results[-1]
        )
    )
assert abs(results[0][1] - 1) < 1e-6 and abs(results[1][1] - 1) < 1e-6
assert abs(results[0][2] - 1000) < 1e-6 and abs(results[1][2] - 1) < 1e-9, "the unit of differentiate has changed"
EOF
