"""The corridor: order, errors, progress, Ctrl-C, forks."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import fastgd
from fastgd.mapreduce import Progress, run, thread_count


def test_results_come_in_the_order_of_the_pieces():
    for threads in (1, 2, 7):
        assert run(lambda k: k * k, range(200), threads=threads) == [k * k for k in range(200)]
    assert run(lambda k: k, []) == []


def test_the_first_error_is_raised_whichever_thread_met_it():
    def task(k):
        if k >= 10:
            raise ValueError(f"piece {k}")
        return k

    for threads in (1, 2, 8):
        with pytest.raises(ValueError, match=r"piece 10$"):
            run(task, range(100), threads=threads)


def test_a_source_that_fails_midway():
    def pieces():
        yield from range(5)
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        run(lambda k: k, pieces(), threads=2)


def test_several_threads_work():
    seen = set()
    barrier = threading.Barrier(2, timeout=20)

    def task(k):
        if k < 2:
            barrier.wait()  # passes only if two threads are at work at once
        seen.add(threading.get_ident())

    run(task, range(10), threads=2)
    assert len(seen) == 2


def test_nested_runs_do_not_wait_for_each_other():
    assert run(lambda k: sum(run(lambda i: i, range(50), threads=3)), range(20), threads=3) == [1225] * 20


def test_thread_count(monkeypatch):
    assert thread_count(5) == 5
    assert thread_count() >= 1
    monkeypatch.setenv("FASTGD_NUM_THREADS", "3")
    assert thread_count() == 3
    monkeypatch.setenv("FASTGD_NUM_THREADS", "many")
    with pytest.raises(ValueError, match="FASTGD_NUM_THREADS is 'many'"):
        fastgd.mse([1, 2], [3, 4], 1.0)
    monkeypatch.setenv("FASTGD_NUM_THREADS", "0")
    with pytest.raises(ValueError, match="1 or above"):
        thread_count()


def test_progress_counts_every_row(rows):
    x = np.arange(float(rows))
    for function in (
        lambda report: fastgd.mse(x, x, 1.0, progress=report),
        lambda report: fastgd.QuadraticCost.of(x, x, progress=report),
        lambda report: fastgd.predict(x, 1.0, progress=report),
        lambda report: fastgd.sweep(x, x, progress=report),
    ):
        done, totals = [], []
        function(lambda *counts, done=done, totals=totals: (done.append(counts[0]), totals.append(counts[1])))
        assert done == sorted(done)
        assert done[-1] == rows
        assert set(totals) == {rows}


def test_a_progress_function_may_stop_the_run(rows):
    def stop(done, total):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        fastgd.mse(np.ones(rows), np.ones(rows), 1.0, progress=stop)
    assert fastgd.mse(np.ones(rows), np.ones(rows), 1.0) == 0.0


def test_progress_line(capsys, monkeypatch):
    clock = iter(np.arange(100.0))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with Progress(True, 300, "walk") as shown:
        for _ in range(3):
            shown.advance(100)
    assert "walk:  67%" in capsys.readouterr().err


ENDLESS = """
import sys, threading, fastgd
def started(done, total):
    if done and not hasattr(started, "said"):
        started.said = True
        print("started", flush=True)
x, y = fastgd.make_linear(ROWS)
fastgd.fit(x, y, via="data", epochs=10**8, learning_rate=1e-9, progress=started, **OPTIONS)
"""


@pytest.mark.parametrize("options", ["{}", "{'batch_size': 1}", "{'loss': 'huber'}"])
@pytest.mark.compiled("a block takes seconds as plain Python")
def test_ctrl_c_ends_a_long_run_within_half_a_second(rows, options):
    code = ENDLESS.replace("ROWS", str(rows)).replace("OPTIONS", options)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "started\n"
    pressed = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=30)
    assert "KeyboardInterrupt" in error
    assert time.monotonic() - pressed < 10  # a hang, not slowness, is what this must catch on a busy machine


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_makes_threads_of_its_own(rows):
    code = f"""
import os, numpy as np, fastgd
x = np.arange({float(rows)!r})
before = fastgd.mse(x, x, 0.5, threads=2)
child = os.fork()
if child == 0:
    os._exit(0 if fastgd.mse(x, x, 0.5, threads=2) == before else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], timeout=120, check=False)
    assert done.returncode == 0
