#!/usr/bin/env bash
# LIBSVM files: scikit-learn reads three columns from a file in which XGBoost and LightGBM see four;
# and a part of the file has other columns than the whole.
#
# Expected: the indices of this format start at 1, so a file with indices 1 to 3 has three features
# for every reader, and reading it in two pieces gives the rows of reading it at once.
#
# What happens: XGBoost and LightGBM take indices as counted from 0, and train with an empty column
# 0. scikit-learn guesses: no 0 in the file means counting from 1. With offset or length it does not
# guess, and counts from 0, so that pieces are shifted by one against the whole file, without an
# error as n_features has to be given anyway.
#
# Why it matters: a model trained from the file and asked for predictions on the matrix that
# scikit-learn read uses each weight for its neighbour's feature, if the shapes are made to fit.
# Pass zero_based=False.
#
# Source: scikit-learn, load_svmlight_file, zero_based ("If offset or length are passed, the auto
# mode falls back to zero_based=True"); the README of LIBSVM, "index is an integer starting from 1".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    lightgbm==4.7.0 xgboost-cpu==3.2.0 scikit-learn==1.9.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import lightgbm
import numpy as np
import sklearn
import xgboost
from sklearn.datasets import load_svmlight_file

print("scikit-learn", sklearn.__version__, "xgboost", xgboost.__version__, "lightgbm", lightgbm.__version__)
rng = np.random.default_rng(0)
X = rng.normal(size=(200, 3))
lines = [f"{x.sum():.6f} " + " ".join(f"{j + 1}:{v:.6f}" for j, v in enumerate(x)) + "\n" for x in X]
with open("x.svm", "w") as file:
    file.writelines(lines)
whole = load_svmlight_file("x.svm")[0]
piece = load_svmlight_file("x.svm", n_features=4, offset=0, length=10**6)[0]
columns = {
    "scikit-learn": whole.shape[1],
    "XGBoost": xgboost.DMatrix("x.svm?format=libsvm").num_col(),
    "LightGBM": lightgbm.Dataset("x.svm", params={"verbose": -1}).construct().num_feature(),
}
print("columns:", columns)
print("first row, whole file:", whole.toarray()[0], " as a piece:", piece.toarray()[0])
assert columns == {"scikit-learn": 3, "XGBoost": 4, "LightGBM": 4}, "the readers' counts have changed"
assert np.allclose(whole.toarray(), X, atol=1e-6) and not piece.toarray()[:, 0].any()
assert np.array_equal(piece.toarray()[:, 1:], whole.toarray()), "pieces are no longer shifted"
EOF
