#!/usr/bin/env bash
# Optax, Keras and autograd: SGD with rate 0.1 and momentum 0.9 is three algorithms.
#
# Expected: one of the textbook's: the velocity is 0.9 times itself plus the gradient, and the step
# is the rate times the velocity.
#
# What happens: that is Optax. Keras multiplies the gradient by the rate before it goes into the
# velocity: the same as long as the rate is constant, but when a schedule sets the rate to zero
# Keras goes on moving, on and on, on the steps of the old rate, while Optax stops at once. HIPS
# autograd's sgd(step_size=0.1, mass=0.9) multiplies the gradient by 1 - mass, so that its first
# step is a tenth, and so is the speed that it reaches.
#
# Why it matters: a falling rate with momentum is the usual recipe for linear models by SGD; a rate
# or a schedule carried over from one library does something else in the other.
#
# Source: Keras, keras/src/optimizers/sgd.py ("velocity = momentum * velocity - learning_rate * g");
# Optax, optax.trace before scale_by_learning_rate; autograd, autograd/misc/optimizers.py.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    optax==0.2.8 jax==0.10.2 keras==3.15.1 autograd==1.9.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import os

os.environ["KERAS_BACKEND"] = "jax"
import autograd.misc.optimizers
import jax.numpy as jnp
import keras
import numpy as np
import optax


def run_keras(rates):
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    w = keras.Variable(np.zeros(1, "float32"))
    optimizer.build([w])
    for rate in rates:
        optimizer.learning_rate = rate
        optimizer.apply([keras.ops.ones(1)], [w])
    return float(w.value[0])


def run_optax(rates):
    optimizer = optax.sgd(lambda step: jnp.array(rates)[step], momentum=0.9)
    w = jnp.zeros(1)
    state = optimizer.init(w)
    for _ in rates:
        update, state = optimizer.update(jnp.ones(1), state, w)
        w = optax.apply_updates(w, update)
    return float(w[0])


print("optax", optax.__version__, "keras", keras.__version__)
flat, falling = [0.1] * 4, [0.1] * 4 + [0.0] * 20
hips = float(
    autograd.misc.optimizers.sgd(lambda w, i: np.ones(1), np.zeros(1), num_iters=4, step_size=0.1, mass=0.9)[0]
)
print("gradient 1, four steps at rate 0.1:     Optax", run_optax(flat), "Keras", run_keras(flat), "autograd", hips)
print("and then twenty steps at a rate of zero: Optax", run_optax(falling), "Keras", run_keras(falling))
assert abs(run_optax(flat) + 0.9049) < 1e-6 and abs(run_keras(flat) + 0.9049) < 1e-6
assert abs(hips + 0.09049) < 1e-6, "autograd's momentum has changed"
assert abs(run_optax(falling) - run_optax(flat)) < 1e-6
assert run_keras(falling) < run_keras(flat) - 2, "Keras' momentum has changed"
EOF
