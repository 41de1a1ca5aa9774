"""The same bits every time: any number of threads, fresh processes, after fork and spawn, from many threads at once."""

import multiprocessing
import os
import subprocess
import sys
import threading
import warnings

import numba
import numpy as np
import pytest

import fastgd


def data(seed, rows, d=None):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=rows if d is None else (rows, d))
    return x, (x if d is None else x.sum(axis=1)) + generator.normal(size=rows), generator.integers(0, 3, rows) + 0.5


def bits(value):
    """Everything a result holds, as bytes."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return b"".join(bits(part) for part in value)
    if isinstance(value, (list, tuple)):
        return b"".join(bits(part) for part in value)
    return value if isinstance(value, bytes) else np.asarray(value, dtype=np.float64).tobytes()


def of_fit(fit):
    return [fit.w, fit.b, fit.cost, fit.epochs, *(() if fit.history is None else (fit.history.cost, fit.history.w))]


def of_quadratic(q):
    return [q.count, q.mean_x, q.mean_y, q.factor, q.mean_low]


def functions():
    """Every public function of rows, as (name, function of x, y, weight and threads), for one feature or several."""
    d0 = lambda x: 1.5 if x.ndim == 1 else np.full(x.shape[1], 1.5)  # noqa: E731
    return {
        "predict": lambda x, y, v, t: fastgd.predict(x, d0(x), 0.5, threads=t),
        "losses": lambda x, y, v, t: fastgd.losses(x, y, d0(x), 0.5, loss="huber", threads=t),
        "mse": lambda x, y, v, t: fastgd.mse(x, y, d0(x), 0.5, threads=t),
        "cost": lambda x, y, v, t: fastgd.cost(x, y, d0(x), 0.5, loss="absolute", sample_weight=v, threads=t),
        "gradient": lambda x, y, v, t: fastgd.gradient(x, y, d0(x), 0.5, sample_weight=v, threads=t),
        "of": lambda x, y, v, t: of_quadratic(fastgd.QuadraticCost.of(x, y, sample_weight=v, threads=t)),
        "sweep": lambda x, y, v, t: (
            fastgd.sweep(x, y, [0.0, 1.0, 2.0], 0.5, feature=None if x.ndim == 1 else 0, loss="huber", threads=t).cost
        ),
        "fit": lambda x, y, v, t: of_fit(fastgd.fit(x, y, epochs=20, sample_weight=v, threads=t)),
        "fit by rows": lambda x, y, v, t: of_fit(fastgd.fit(x, y, epochs=2, via="data", loss="huber", threads=t)),
        "fit by samples": lambda x, y, v, t: of_fit(
            fastgd.fit(x, y, epochs=2, batch_size=1, learning_rate=0.001, seed=3, threads=t)
        ),
        "fit by batches in order": lambda x, y, v, t: of_fit(
            fastgd.fit(x, y, epochs=2, batch_size=7, shuffle="none", learning_rate=0.01, threads=t)
        ),
        "fit by adam": lambda x, y, v, t: of_fit(
            fastgd.fit(x, y, epochs=2, batch_size=32, optimizer="adam", learning_rate=0.01, seed=1, threads=t)
        ),
        "fit_many": lambda x, y, v, t: (
            fastgd.fit_many(x, y, {"learning_rate": [0.001, 0.002, 0.003]}, batch_size=1, epochs=1, seed=0, threads=t).w
        ),
        "fit_many of full batches": lambda x, y, v, t: (
            fastgd.fit_many(x, y, {"learning_rate": [0.001, 0.002, 0.003], "l2": [0.0, 0.1]}, epochs=20, threads=t).w
        ),
        "stability": lambda x, y, v, t: fastgd.stability(x, batch_size=4, threads=t).max_learning_rate,
        "AffineMap": lambda x, y, v, t: fastgd.AffineMap.of(x, y, 0.001, threads=t).matrix,
        "cross_validate": lambda x, y, v, t: fastgd.cross_validate(x, y, folds=4, epochs=5, threads=t).validation_cost,
        "leave-one-out": lambda x, y, v, t: fastgd.cross_validate(x, y, folds="loo", epochs=5, threads=t).validation_cost,
        "select": lambda x, y, v, t: (
            fastgd.select(x, y, {"l2": [0.0, 0.1], "epochs": [2, 5]}, folds=3, learning_rate=0.05, threads=t).validation_cost
        ),
        "smooth": lambda x, y, v, t: fastgd.smooth(y, 0.1, debias=True),
        "learning_curve": lambda x, y, v, t: (
            fastgd.learning_curve(x, y, sizes=3, folds=3, epochs=5, seed=1, threads=t).validation_cost
        ),
        "range_test": lambda x, y, v, t: fastgd.range_test(x, y, points=4, batch_size=32, seed=0, threads=t).cost,
        "explore": lambda x, y, v, t: fastgd.explore(x, y, feature=None if x.ndim == 1 else 0, threads=t).html.encode(),
        # Of no rows: what differs from thread to thread is where they start.
        "descend": lambda x, y, v, t: (
            fastgd.descend(fastgd.gallery["himmelblau"], y[:2], learning_rate=0.005, steps=60, noise=0.1, seed=len(y)).points
        ),
        "basins": lambda x, y, v, t: (
            fastgd.basins(fastgd.gallery["himmelblau"], 5 + len(y) % 7, learning_rate=0.01, steps=500).labels
        ),
        "make_linear": lambda x, y, v, t: [*fastgd.make_linear(len(y), [1.0, 2.0], noise=0.5, seed=len(y))],
        "Synthetic": lambda x, y, v, t: of_quadratic(
            fastgd.QuadraticCost.of(fastgd.Synthetic(len(y), 2.0, seed=len(y)), None, threads=t)
        ),
    }


def found(name, seed, rows, d, threads):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # short descents, which say so
        return bits(functions()[name](*data(seed, rows, d), threads))


@pytest.mark.parametrize("d", [None, 3])
@pytest.mark.parametrize("name", functions())
def test_any_number_of_threads_and_any_repetition(rows, name, d):
    if numba.config.DISABLE_JIT and name in ("stability", "range_test"):
        pytest.skip("a simulated product of steps takes minutes as plain Python")
    rows = min(rows, 300_000)  # two blocks for one feature, five for three
    if name == "leave-one-out":
        rows //= 10
    one = found(name, 0, rows, d, 1)
    for threads in (1, 2, 3, 8, 8, None):
        assert found(name, 0, rows, d, threads) == one


@pytest.mark.parametrize("name", functions())
def test_many_threads_at_once_on_different_data(name):
    if numba.config.DISABLE_JIT and name in ("stability", "range_test"):
        pytest.skip("a simulated product of steps takes minutes as plain Python")
    cases = [(seed, 120 + 10 * seed, [None, 3][seed % 2]) for seed in range(8)]
    alone = [found(name, *case, 2) for case in cases]
    together: dict[int, list[bytes]] = {k: [] for k in range(8)}
    gate = threading.Barrier(8)

    def hammer(k):
        gate.wait()
        for _ in range(5):
            together[k].append(bits(functions()[name](*data(*cases[k]), 2)))

    with warnings.catch_warnings():  # warning filters are the process's, not the thread's
        warnings.simplefilter("ignore")
        crowd = [threading.Thread(target=hammer, args=(k,)) for k in range(8)]
        for one in crowd:
            one.start()
        for one in crowd:
            one.join()
    for k in range(8):
        assert together[k] == [alone[k]] * 5


def everything(seed):
    """All functions in one process, as bytes that another process may compare."""
    return {name: found(name, seed, 400, d, 2) for name in functions() for d in (None,)}


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # forking a process with threads is what is tested
@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_children_of_a_process_that_has_used_its_threads(way):
    if way not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system has no {way}")
    own = everything(5)
    found("of", 0, 300_000 if os.environ.get("NUMBA_DISABLE_JIT") != "1" else 2000, None, 4)  # the pool stands
    with multiprocessing.get_context(way).Pool(2) as pool:
        children = pool.map_async(everything, [5, 5]).get(timeout=300)
    assert children == [own, own]


def test_a_fresh_process_has_the_same_bits():
    code = (
        "import sys, hashlib; sys.path.insert(0, sys.argv[1]); import test_determinism as t;"
        "print(hashlib.sha256(b''.join(t.everything(5).values())).hexdigest())"
    )
    here = os.path.dirname(os.path.abspath(__file__))
    root = os.path.dirname(os.path.dirname(fastgd.__file__))
    runs = [
        subprocess.run([sys.executable, "-c", code, here], cwd=root, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    import hashlib

    own = hashlib.sha256(b"".join(everything(5).values())).hexdigest()
    assert [run.stdout.strip() for run in runs] == [own, own]
