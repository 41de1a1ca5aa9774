#!/usr/bin/env bash
# netCDF4 and xarray: two readers of one file disagree on which cells are missing, both ways.
#
# Expected: a value is missing if it equals the variable's _FillValue or missing_value attribute;
# these variables have neither.
#
# What happens: netCDF4-python also masks the type's default fill value (-32767 for 16-bit, -127 for
# bytes, 9.97e36 for doubles), although the attribute is not set and -32767 may have been measured,
# and everything outside valid_range. xarray does none of this: cells that were never written are
# the number 9.97e36, and invalid ones are data. NumPy sees what is under the mask: np.asarray of
# the masked array, which scikit-learn also takes, brings the fill value back as a number.
#
# Why it matters: the slope is decided by one cell of 9.97e36, or a true extreme is left out, by the
# choice of reader. Check both before a fit.
#
# Source: netCDF4-python, Variable.set_auto_mask ("the netCDF _FillValue attribute (which has a
# default value for each data type)"; the range is to be masked "if the variable has
# valid_min/valid_max and missing_value attributes", and is masked without them); NetCDF User's
# Guide, "Attribute conventions".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    netcdf4==1.7.5.1.post1 xarray==2026.9.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import netCDF4
import numpy as np
import xarray as xr

print("netCDF4", netCDF4.__version__, "xarray", xr.__version__)
with netCDF4.Dataset("cells.nc", "w") as file:
    file.createDimension("x", 3)
    file.createVariable("measured", "i2", ("x",))[:] = [-32767, 1, 2]
    file.createVariable("unwritten", "f8", ("x",))[:2] = [1, 2]
    ranged = file.createVariable("ranged", "f8", ("x",))
    ranged.valid_range = np.array([0.0, 10.0])
    ranged[:] = [-5, 1, 2]
with netCDF4.Dataset("cells.nc") as file, xr.open_dataset("cells.nc") as data:
    for name in ("measured", "unwritten", "ranged"):
        masked = file[name][:]
        print(f"{name:<10} netCDF4 {masked}  xarray {data[name].values}  np.asarray(netCDF4) {np.asarray(masked)}")
    masks = {name: np.ma.getmaskarray(file[name][:]).tolist() for name in file.variables}
    assert masks == {
        "measured": [True, False, False],
        "unwritten": [False, False, True],
        "ranged": [True, False, False],
    }
    assert data.measured[0] == -32767 and data.unwritten[2] > 9e36 and data.ranged[0] == -5, (
        "xarray masks these cells now"
    )
    assert np.asarray(file["unwritten"][:])[2] > 9e36
EOF
