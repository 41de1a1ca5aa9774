#!/usr/bin/env bash
# Keras: with sample weights, the loss "mse" and the weighted metric "mse" of the same predictions
# are 84 and 21.
#
# Expected: both are the weighted mean of the squared errors, sum(w * e**2) / sum(w).
#
# What happens: the metric is. The loss divides by the number of rows, sum(w * e**2) / n, so it, its
# gradient, and with them the effective learning rate, grow with the average weight. Weights that
# sum to one, as many textbooks have them, divide the learning rate by n.
#
# Why it matters: early stopping and plots compare loss and metric; class weights or exposures that
# do not average one act as another learning rate. Use reduction="mean_with_sample_weight", or
# weights of mean one.
#
# Source: Keras, keras.losses, reduction ("sum_over_batch_size" and "mean_with_sample_weight").
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    keras==3.15.1 jax==0.10.2 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import os

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np

print("keras", keras.__version__)
x, y, weight = np.zeros((3, 1)), np.array([1.0, 1.0, 5.0]), np.array([1.0, 1.0, 10.0])


def evaluate(loss):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(loss=loss, weighted_metrics=["mse"])
    return model.evaluate(x, y, sample_weight=weight, verbose=0)


by_name = evaluate("mse")
by_weight = evaluate(keras.losses.MeanSquaredError(reduction="mean_with_sample_weight"))
print("loss='mse':", by_name[0], " weighted metric:", by_name[1], " mean_with_sample_weight:", by_weight[0])
print("sum(w e^2) / n:", (weight * y**2).sum() / 3, " sum(w e^2) / sum(w):", np.average(y**2, weights=weight))
assert by_name == [84.0, 21.0], "the loss is now a weighted mean"
assert by_weight[0] == 21.0
EOF
