#!/usr/bin/env bash
# skl2onnx: a linear model on integer columns is exported in single precision, the same model on
# doubles is not.
#
# Expected: the exported model predicts in double precision as the Python model does; integers below
# 2**53 are exact in it.
#
# What happens: for float64 input the graph is MatMul and Add in double, right to 1e-10. For int64
# input it is a Cast to float and a LinearRegressor, which has float32 coefficients and results:
# epoch seconds are rounded to 128 seconds, and a slope of one per hour is off by minutes. The type
# is chosen from the sample passed to to_onnx.
#
# Why it matters: an int64 column is what pandas makes of seconds, counts and identifiers; the
# served predictions differ from the tested ones. Cast to float64 before the export, and in front of
# the served model.
#
# Source: ONNX ml operators, LinearRegressor (its output is a tensor of floats); skl2onnx, "Issues
# when switching to float".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    skl2onnx==1.20.0 onnxruntime==1.32.0 onnx==1.23.2 scikit-learn==1.9.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import numpy as np
import onnxruntime
import skl2onnx
from sklearn.linear_model import LinearRegression

print("skl2onnx", skl2onnx.__version__, "onnxruntime", onnxruntime.__version__)
rng = np.random.default_rng(0)
seconds = 1_700_000_000 + rng.integers(0, 86_400, size=(500, 1))
hours = (seconds[:, 0] - 1_700_000_000) / 3600
errors = {}
for X in (seconds, seconds.astype(np.float64)):
    model = LinearRegression().fit(X, hours)
    graph = skl2onnx.to_onnx(model, X[:1])
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    served = session.run(None, {session.get_inputs()[0].name: X})[0].ravel()
    errors[X.dtype.name] = np.abs(served - model.predict(X)).max()
    nodes = [n.op_type for n in graph.graph.node]
    print(f"{X.dtype}: {nodes}, result {served.dtype}, off by at most {errors[X.dtype.name]:.2g} hours")
assert errors["float64"] < 1e-6 and errors["int64"] > 0.01, "integer columns are now exported in double"
EOF
