#!/usr/bin/env bash
# SciPy: curve_fit with bounds returns the starting values, as a success, when the target is small.
#
# Expected: bounds that are far from binding change nothing, and the fit of a line scales with y.
#
# What happens: with bounds the method is not Levenberg-Marquardt any more but 'trf', whose test on
# the gradient (gtol, 1e-8) is absolute. For y of order 1e-12 (farads, amperes) the gradient at the
# start already passes: the starting values come back, with a covariance beside them. Without bounds
# the same data give the right line, as MINPACK's tests are relative.
#
# Why it matters: bounds are added to make a fit safer. Scale y to order one, or pass gtol=None and
# small ftol and xtol.
#
# Source: SciPy, curve_fit, method ("'lm' for unconstrained problems and 'trf' if bounds are
# provided"); least_squares, gtol.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    scipy==1.17.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import numpy as np
import scipy
from scipy.optimize import curve_fit


def line(x, slope, intercept):
    return slope * x + intercept


print("scipy", scipy.__version__)
x = np.arange(5.0)
y = np.array([1, 2, 2.5, 4, 5])
for scale in (1.0, 1e-12):
    free = curve_fit(line, x, y * scale, p0=[0, 0])[0] / scale
    bounded, _, _, message, status = curve_fit(line, x, y * scale, p0=[0, 0], bounds=(-100, 100), full_output=True)
    print(f"y times {scale:.0e}: free {free}, with bounds {bounded / scale} ({message})")
    assert np.allclose(free, np.polyfit(x, y, 1), rtol=1e-4) and status > 0
    assert np.allclose(bounded / scale, free, rtol=1e-4) == (scale == 1.0), "small targets are now fitted with bounds"
EOF
