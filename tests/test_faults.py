"""What goes wrong around a computation: interrupts in callbacks, two compilers at once, sizes beyond any memory, leaks."""

import os
import subprocess
import sys
import threading

import numba
import numpy as np
import pytest

import fastgd

X, Y = fastgd.make_linear(3_000 if numba.config.DISABLE_JIT else 900_000, noise=0.5)

CALLS = {
    "of": lambda **o: fastgd.QuadraticCost.of(X, Y, **o).mse(1.0, 0.5),
    "cost": lambda **o: fastgd.cost(X, Y, 1.0, loss="huber", **o),
    "gradient": lambda **o: fastgd.gradient(X, Y, 1.0, **o).w,
    "samples": lambda **o: fastgd.fit(X, Y, batch_size=1, learning_rate=0.01, epochs=2, seed=0, **o).w,
    "rows": lambda **o: fastgd.fit(X, Y, via="data", learning_rate=0.1, epochs=2, **o).w,
    "folds": lambda **o: fastgd.cross_validate(X, Y, learning_rate=0.1, epochs=3, **o).mean,
}


def raising(kind):
    raise kind("from the callback")


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("kind", [KeyboardInterrupt, ZeroDivisionError, SystemExit])
def test_an_exception_in_a_callback_comes_out_and_leaves_all_sound(name, kind):
    known = CALLS[name]()
    moments = []  # on one thread: on several, what is done between two calls is a matter of chance
    CALLS[name](progress=lambda done, total: moments.append(done), threads=1)
    assert moments
    before = threading.active_count()
    for moment in {0, 1, len(moments) // 2, len(moments) - 1}:
        seen = []

        def interrupt(done, total, seen=seen, moment=moment):
            seen.append(done)
            if len(seen) > moment:
                raise kind("from the callback")

        if moment < len(moments):
            with pytest.raises(kind, match="from the callback"):
                CALLS[name](progress=interrupt, threads=1)
            assert len(seen) == moment + 1  # it is not called again
            assert CALLS[name]() == known
    with pytest.raises(kind, match="from the callback"):
        CALLS[name](progress=lambda done, total: raising(kind), threads=2)
    assert CALLS[name](threads=2) == known
    assert threading.active_count() <= before + 1  # the pool's own, which may have been made in between


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled when the JIT is off")
def test_processes_that_compile_at_the_same_moment_do_not_harm_each_other(tmp_path):
    code = "import fastgd; print(fastgd.fit([1, 2, 3], [2, 4, 6], learning_rate=0.01, bias=False, via='data', w0=1.0).w)"
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}

    def both():
        running = [
            subprocess.Popen([sys.executable, "-W", "error", "-c", code], env=environment, stdout=-1, stderr=-1, text=True)
            for _ in range(3)
        ]
        return [process.communicate() + (process.returncode,) for process in running]

    for out, error, status in both() + both():
        assert (out, status) == ("1.9999444396553017\n", 0), error


SIZES = [
    (
        lambda: fastgd.sweep([1, 2, 3], [2, 4, 6], np.zeros(10**6), np.zeros(10**6)),
        ValueError,
        "the grid has 1000000 x 1000000",
    ),
    (lambda: fastgd.fit([1, 2, 3], [2, 4, 6], epochs=10**12), MemoryError, "epochs is 1000000000000: what is kept of each"),
    (lambda: fastgd.fit([1, 2, 3], [2, 4, 6], epochs=10**400), MemoryError, "epochs is 1000"),
    (lambda: fastgd.make_linear(10**15), MemoryError, "n is 1000000000000000"),
    (lambda: fastgd.basins(fastgd.gallery["himmelblau"], 10**7), (ValueError, MemoryError), "10000000"),
]


@pytest.mark.parametrize(("call", "kind", "sentence"), SIZES)
def test_what_no_memory_holds_is_refused_in_a_sentence(call, kind, sentence):
    with pytest.raises(kind, match=sentence):
        call()


LEAK = """
import warnings, numpy as np, fastgd
warnings.simplefilter("ignore")
x, y = np.arange(50.0), np.arange(50.0)[::-1] * 2.0
bad = np.where(np.arange(50) == 7, np.nan, x)
def once():
    fastgd.mse(x, y, 1.0, 0.5); fastgd.gradient(x.tolist(), y, 1.0); fastgd.QuadraticCost.of(x, y).minimum
    fastgd.fit(x, y, learning_rate=1e-4, epochs=2); fastgd.fit(x, y, batch_size=1, learning_rate=1e-4, epochs=1)
    fastgd.fit(x, y, learning_rate=1.0, epochs=5)
    for call in (lambda: fastgd.mse(bad, y, 1.0), lambda: fastgd.fit(x, y[:-1]), lambda: fastgd.sweep(x, y, loss="hubr")):
        try:
            call()
        except ValueError:
            pass
        else:
            raise SystemExit("accepted")
def size():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6
for _ in range(200):
    once()
before = size()
for _ in range(1100):  # nine calls each
    once()
print(size() - before)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="the system does not tell the memory of a process")
@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="what could leak is compiled code")
def test_memory_does_not_grow_over_ten_thousand_calls_errors_included():
    done = subprocess.run([sys.executable, "-c", LEAK], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 5.0  # megabytes; a hundred bytes a call would be one
