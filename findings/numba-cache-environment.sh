#!/usr/bin/env bash
# Numba: cache=True keeps the value that an environment variable had when somebody first ran the
# program.
#
# Expected: a global read from the environment (RATE = float(os.environ["RATE"])) is a compile-time
# constant within a process, as the documentation says; a new process with another setting compiles
# again or at least notices.
#
# What happens: the cache on disk is keyed by the source file's time and the types of the arguments.
# The global is not part of the key, so every later process runs with the first value, whatever RATE
# says, and `module.RATE` shows the new one. A value bound in a closure is part of the key and is
# right.
#
# Why it matters: hyperparameters and tolerances from the environment or from a configuration file,
# in jobs that share a cache directory: a sweep over learning rates runs with one. Pass such values
# as arguments.
#
# Source: Numba documentation, "Notes on Caching", "Global variables ... are treated as constants"
# and the cache index by the source file's time stamp.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-compile --disable-pip-version-check \
    numba==0.68.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'EOF'
import os
import pathlib
import subprocess
import sys

import numba

pathlib.Path("kernel.py").write_text("""
import os
from numba import njit

RATE = float(os.environ["RATE"])

@njit(cache=True)
def step(w, gradient):
    return w - RATE * gradient

def make(rate):
    @njit(cache=True)
    def step(w, gradient):
        return w - rate * gradient
    return step
""")
program = "import kernel; print(kernel.RATE, kernel.step(1.0, 1.0), kernel.make(kernel.RATE)(1.0, 1.0))"
print("numba", numba.__version__)
seen = []
for rate in ("0.1", "0.5"):
    environment = {**os.environ, "RATE": rate, "NUMBA_CACHE_DIR": "cache"}
    output = subprocess.run(
        [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
    ).stdout
    seen.append([float(v) for v in output.split()])
    print("a new process: RATE {}, step by the global {}, step by the closure {}".format(*seen[-1]))
assert seen[0] == [0.1, 0.9, 0.9]
assert seen[1] == [0.5, 0.9, 0.5], "the cache now notices the global"
EOF
