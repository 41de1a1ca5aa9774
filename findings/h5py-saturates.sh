#!/usr/bin/env bash
# h5py: dataset.astype("i1")[...] and dataset[...].astype("i1") are different numbers.
#
# Expected: the conversion on reading is the one that NumPy does after reading.
#
# What happens: HDF5 converts by its own rules: out-of-range integers are set to the ends of the
# range, where NumPy wraps around: 300 is 127 as int8 for one and 44 for the other. The same holds
# for read_direct into a narrower array and for assignment into a narrower dataset, without an error
# or a warning.
#
# Why it matters: targets or labels read into a smaller type to save memory get a pile of values at
# the ends; a test that writes with NumPy and reads with h5py looks for the wrong fault. Compare the
# range first.
#
# Source: HDF5 documentation, "Datatype conversion" (overflow and underflow: the maximum or minimum
# representable value), h5py, Dataset.astype.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    h5py==3.16.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import h5py
import numpy as np

print("h5py", h5py.__version__, "HDF5", h5py.version.hdf5_version)
values = np.array([300, -5, 70000, 2**40])
with h5py.File("x.h5", "w") as file:
    data = file.create_dataset("x", data=values)
    for kind in ("i1", "u1", "i2"):
        direct = np.empty(4, kind)
        data.read_direct(direct)
        stored = file.create_dataset(kind, (4,), dtype=kind)
        stored[...] = values
        print(
            f"{kind}: h5py {data.astype(kind)[...]}, read_direct {direct}, stored {stored[...]}, NumPy {values.astype(kind)}"
        )
        ends = np.clip(values, np.iinfo(kind).min, np.iinfo(kind).max)
        assert np.array_equal(data.astype(kind)[...], ends) and np.array_equal(direct, ends)
        assert np.array_equal(stored[...], ends), "h5py no longer saturates"
        assert not np.array_equal(values.astype(kind), ends)
EOF
