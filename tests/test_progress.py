"""Progress: a bar where somebody looks, a function for programs, silence otherwise; and what breaks off leaves no trace."""

import io
import sys
import threading
import warnings

import numpy as np
import pytest

import fastgd
from fastgd import mapreduce
from fastgd.blocks import ROWS
from fastgd.mapreduce import Progress

pytestmark = pytest.mark.compiled("it needs runs that take a while, which kernels as plain Python turn into minutes")

N = 5 * ROWS + 17
ROWS_MADE = fastgd.Synthetic(N, seed=2)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Makes standard error a terminal, in the test itself: pytest puts its own there between a fixture and its test."""

    def begin():
        shown = Terminal()
        monkeypatch.setattr(sys, "stderr", shown)
        return shown

    return begin


def three_steps(option, total):
    """A run of 30 rows that began long ago."""
    with Progress(option, total, "fit") as shown:
        shown.started -= 10.0
        for _ in range(3):
            shown.shown -= 1.0
            shown.advance(10)
    return shown


def test_a_terminal_gets_a_bar_with_rate_and_time(terminal):
    shown = terminal()
    three_steps(None, 100)
    text = shown.getvalue()
    assert "fit:  10%" in text
    assert "fit:  20%" in text
    assert "20.0/100" in text
    assert " rows/s" in text
    assert text.rsplit("\r", 2)[-2].strip() == ""  # and it goes away


def test_a_bar_without_an_end_counts(terminal):
    shown = terminal()
    three_steps(None, None)
    assert "fit: 20.0 rows [" in shown.getvalue()


@pytest.mark.parametrize(
    ("total", "said"), [(100, "fit:  20%, 2e-06 million rows/s, 40 s left"), (None, "fit: 20 rows, 2e-06")]
)
def test_without_tqdm_it_is_a_plain_line(terminal, monkeypatch, total, said):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    shown = terminal()
    three_steps(None, total)
    assert said in shown.getvalue()
    assert shown.getvalue().endswith("\r" + " " * 72 + "\r")


def test_a_bar_starts_no_thread(terminal):
    before, shown = threading.active_count(), terminal()
    three_steps(None, 100)
    assert shown.getvalue()
    assert threading.active_count() == before


def test_it_is_silent_where_nobody_looks(monkeypatch):
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    three_steps(None, 100)
    three_steps(False, 100)
    assert shown.getvalue() == ""
    three_steps(True, 100)
    assert "20%" in shown.getvalue()
    monkeypatch.setattr(sys, "stderr", None)  # as a program without a console has it
    assert three_steps(None, 100).done == 30


def test_a_notebook_gets_a_bar(monkeypatch):
    class ZMQInteractiveShell:
        pass

    class Notebook:
        get_ipython = staticmethod(ZMQInteractiveShell)

    shown = io.StringIO()
    monkeypatch.setitem(sys.modules, "IPython", Notebook)
    monkeypatch.setattr(sys, "stderr", shown)
    assert mapreduce._in_notebook()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        three_steps(None, 100)
    assert "20%" in shown.getvalue()


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_function_is_told_rows_done_and_rows_in_all(threads):
    told = []
    fastgd.QuadraticCost.of(ROWS_MADE, None, threads=threads, progress=lambda *now: told.append(now))
    done = [now[0] for now in told]
    assert done == sorted(done)
    assert done[-1] == N
    assert {now[1] for now in told} == {N}


def test_a_function_is_told_none_where_the_end_is_unknown():
    x, y = fastgd.make_linear(N, seed=2)
    told = []
    blocks = ((x[i : i + 100_000], y[i : i + 100_000]) for i in range(0, N, 100_000))
    fastgd.QuadraticCost.of(blocks, None, progress=lambda *now: told.append(now))
    assert told[-1] == (N, None)


CALLS = {
    "QuadraticCost.of": lambda **options: fastgd.QuadraticCost.of(ROWS_MADE, None, **options).minimum.w,
    "mse": lambda **options: fastgd.mse(ROWS_MADE, None, 1.0, **options),
    "sgd": lambda **options: (
        fastgd.fit(ROWS_MADE, None, batch_size=1, learning_rate=0.01, epochs=2, shuffle="none", **options).w
    ),
    "stream": lambda **options: fastgd.mse([fastgd.make_linear(ROWS, seed=k) for k in range(4)], None, 1.0, **options),
    "sweep": lambda **options: fastgd.sweep(ROWS_MADE, None, [1.0, 2.0], 0.5, loss="absolute", **options).cost[0],
}


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
@pytest.mark.parametrize("call", CALLS)
def test_what_breaks_off_in_a_function_leaves_threads_and_state_sound(call, error):
    right = CALLS[call](threads=3)
    before = threading.active_count()
    for k in (1, 2, 4):
        calls = []

        def progress(done, total, k=k, calls=calls):
            assert threading.current_thread() is threading.main_thread()
            calls.append(done)
            if len(calls) == k:
                raise error

        try:
            CALLS[call](threads=3, progress=progress)
        except error:
            assert len(calls) == k  # and it is not called again
        else:
            assert len(calls) < k
        assert threading.active_count() == before
        assert CALLS[call](threads=3) == right


def test_rows_come_in_pieces_that_take_no_time():
    sources = [ROWS_MADE, fastgd.Synthetic(N, w=np.ones(30)), fastgd.Synthetic(20_000, w=np.ones(999))]
    x, y = fastgd.make_linear(N)
    tables = [source.table() for source in sources] + [fastgd.streams.Blocks([(x, y)]).table()]
    for table in tables:
        # 8 MB at most are made or read at a time: hundredths of a second.
        assert max(piece.count_rows() * (table.d + 1) for piece in table) <= 4 * ROWS
