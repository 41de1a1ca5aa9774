#!/usr/bin/env bash
# Vowpal Wabbit: a linear regression that does not extrapolate.
#
# Expected: after learning y = 2 a from a in [0, 1], the prediction at a = 2 is 4: the model is
# linear.
#
# What happens: predictions are clipped to the range of the labels seen so far. At a = 2 the answer
# is 2, at a = -2 it is 0; the weights are right and nobody is told. With --min_prediction and
# --max_prediction the same model gives 4 and -4.
#
# Why it matters: the model compares well on held-out rows inside the range and is flat outside it,
# and the weights read from the model do not reproduce its predictions.
#
# Source: Vowpal Wabbit wiki, "Command line arguments", --min_prediction and --max_prediction
# ("smallest prediction to output").
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    vowpalwabbit==9.11.9
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import vowpalwabbit

rows = [f"{2 * a} |f a:{a}" for a in (0.5, 1.0, 0.0, 0.75, 0.25)] * 200


def predictions(arguments):
    model = vowpalwabbit.Workspace("--quiet " + arguments)
    for row in rows:
        model.learn(row)
    found = [model.predict(f"|f a:{a}") for a in (1, 2, -2)]
    model.finish()
    return found


print("vowpalwabbit", vowpalwabbit.__version__)
clipped, free = predictions(""), predictions("--min_prediction -100 --max_prediction 100")
print("predictions at 1, 2 and -2:", clipped, " with wide bounds:", free)
assert clipped[1:] == [2.0, 0.0], "predictions are no longer clipped"
assert all(abs(p - t) < 1e-3 for p, t in zip(free, (2, 4, -4)))
EOF
