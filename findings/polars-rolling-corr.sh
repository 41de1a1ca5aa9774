#!/usr/bin/env bash
# polars: a rolling correlation above 1, from columns whose plain correlation polars gets right.
#
# Expected: pl.rolling_corr lies between -1 and 1, and equals pl.corr of the last window, up to
# rounding.
#
# What happens: the window's sums of products are kept uncentred and their large parts cancel. At an
# offset of 1e8 and a spread of 1 (identifiers, meters of easting, epoch seconds) the covariance is
# anything between zero and twice the right one, and the correlation goes above 1. pl.cov, pl.corr,
# and rolling_var on the same data are right; so are pandas' rolling cov and corr.
#
# Why it matters: rolling betas, cov / var, are slopes of linear models. Subtract a constant from
# each column first.
#
# Source: polars, rolling_cov and rolling_corr are composed of rolling means of x * y, x and y
# (crates/polars-plan, rolling expressions).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    polars==2.1.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import numpy as np
import polars as pl

print("polars", pl.__version__)
rng = np.random.default_rng(0)
noise = rng.normal(size=(2, 200))
worst = {}
for offset in (0.0, 1e6, 1e8):
    x = offset + noise[0]
    frame = pl.DataFrame({"x": x, "y": 2 * x + noise[1]})
    rolling = frame.select(
        cov=pl.rolling_cov("x", "y", window_size=100), corr=pl.rolling_corr("x", "y", window_size=100)
    ).tail(101)
    plain = pl.concat([frame[i : i + 100].select(cov=pl.cov("x", "y"), corr=pl.corr("x", "y")) for i in range(101)])
    error = float(np.nanmax(np.abs(rolling["cov"].to_numpy() / plain["cov"].to_numpy() - 1)))
    worst[offset] = float(np.nanmax(rolling["corr"].to_numpy())), plain["corr"].max(), error
    print(
        "offset {:.0e}: largest rolling corr {:.4f}, largest plain corr {:.4f}, relative error of cov {:.1e}".format(
            offset, *worst[offset]
        )
    )
assert worst[0.0][2] < 1e-9 and abs(worst[0.0][0] - worst[0.0][1]) < 1e-9
assert worst[1e8][0] > 1.2 and worst[1e8][2] > 0.5, "the sums are now centred"
assert abs(worst[1e8][1] - worst[0.0][1]) < 1e-6
EOF
