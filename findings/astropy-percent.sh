#!/usr/bin/env bash
# Astropy: 50 percent is 0.5 for float(), for exp() and in a list, and 50 for np.asarray and for
# scikit-learn.
#
# Expected: a dimensionless quantity converted to plain numbers is the number, the same by every
# road, as there is no unit to lose.
#
# What happens: ratios keep the scale of their units (percent, cm / m, km / m). float(q[0]),
# np.exp(q), 1 + q and np.array([q[0], q[1]]) apply it; np.asarray(q), np.array(q), and so every
# estimator, take the bare 50. For quantities with dimensions the elementwise road is an error, and
# for these it silently gives other numbers.
#
# Why it matters: a column of ratios, the usual feature, is off by 100 or 1000, or not, by how the
# array was put together. Use q.to_value("").
#
# Source: Astropy documentation, "Quantity", "Converting to plain Python scalars" and "Known
# issues".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    astropy==8.0.2 scikit-learn==1.9.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import astropy
import astropy.units as u
import numpy as np
from sklearn.linear_model import LinearRegression

print("astropy", astropy.__version__)
share = np.array([50.0, 100.0]) * u.percent
listed = np.array([share[0], share[1]])
print(
    "np.asarray(q):",
    np.asarray(share),
    " np.array([q[0], q[1]]):",
    listed,
    " float(q[0]):",
    float(share[0]),
    " 1 + q:",
    1 + share,
)
slopes = [float(LinearRegression().fit(np.reshape(x, (-1, 1)), [0.5, 1.0]).coef_[0]) for x in (share, listed)]
print("slope of 0.5, 1 on the array:", slopes[0], " on the list:", slopes[1])
ratio = np.array([100.0, 205.0]) * u.cm / (np.array([1.0, 2.0]) * u.m)
print("cm / m: np.asarray", np.asarray(ratio), " float of the first:", float(ratio[0]))
assert np.array_equal(np.asarray(share), [50, 100]), "asarray now applies the scale"
assert np.array_equal(listed, [0.5, 1.0]) and float(share[0]) == 0.5
assert np.allclose(slopes, [0.01, 1.0]) and np.asarray(ratio)[0] == 100 and float(ratio[0]) == 1.0
EOF
