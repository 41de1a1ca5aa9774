#!/usr/bin/env bash
# SciPy and MATLAB: a matrix of doubles in a .mat file is loaded as bytes, and twice 200 is 144.
#
# Expected: the class of the variable in the file is double, so loadmat gives float64.
#
# What happens: version 5 files keep whole-numbered doubles in the smallest integer type that holds
# them, to save space (MATLAB and Octave both write them so), beside the class, which says double.
# loadmat returns the type of storage, here uint8; products and differences then wrap. With the
# first fraction in the matrix the same variable is float64.
#
# Why it matters: counts, pixel values and labels from .mat data sets: X * 2 or X[1:] - X[:-1] is
# wrong for one data set and right for the next. Pass mat_dtype=True.
#
# Source: SciPy, loadmat, mat_dtype ("instead of the dtype with which they are saved"); MATLAB,
# "MAT-File Format", automatic compression of numeric data.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    scipy==1.17.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import io
import struct

import numpy as np
import scipy
from scipy.io import loadmat


def element(kind, data):
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def double_matrix(storage, data):
    """A version 5 file with one 1 x 3 variable x of class double (6), its numbers stored as `storage`."""
    body = (
        element(6, struct.pack("<II", 6, 0))
        + element(5, struct.pack("<ii", 1, 3))
        + element(1, b"x")
        + element(storage, data)
    )
    header = b"MATLAB 5.0 MAT-file".ljust(116) + bytes(8) + struct.pack("<H", 0x0100) + b"IM"
    return io.BytesIO(header + element(14, body))


print("scipy", scipy.__version__)
whole = double_matrix(2, bytes([200, 100, 3]))
fraction = double_matrix(9, struct.pack("<3d", 200, 100, 3.5))
x = loadmat(whole)["x"]
print(
    "whole numbers:", x, x.dtype, " twice:", x * 2, " with mat_dtype=True:", loadmat(whole, mat_dtype=True)["x"].dtype
)
print("with a fraction:", loadmat(fraction)["x"], loadmat(fraction)["x"].dtype)
assert x.dtype == np.uint8 and (x * 2).tolist() == [[144, 200, 6]], "doubles are now loaded as doubles"
assert loadmat(whole, mat_dtype=True)["x"].dtype == loadmat(fraction)["x"].dtype == np.float64
EOF
