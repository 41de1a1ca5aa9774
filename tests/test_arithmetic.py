"""Threads that calculate otherwise: the same bits for every number of threads, whatever another library did to one of them.

A library built with -ffast-math has numbers below 2.2e-308 count as 0, in the thread that loads it alone; one of interval
arithmetic leaves another rounding behind. The C library can do both to a thread, and undo it.
"""

import os
import platform
import subprocess
import sys

import pytest

from fastgd.mapreduce import arithmetic

pytestmark = [
    pytest.mark.skipif(
        platform.libc_ver()[0] != "glibc" or platform.machine() not in ("x86_64", "AMD64"),
        reason="how a thread calculates is set here through what glibc keeps of it on x86",
    ),
    pytest.mark.compiled("several blocks take minutes as plain Python"),
]

CHANGE = """
import ctypes
m = ctypes.CDLL("libm.so.6")
kept = (ctypes.c_uint8 * 32)()
m.fegetenv(ctypes.byref(kept))
def change(how):
    m.fesetenv(ctypes.byref(kept))
    if how in ("results", "arguments", "both"):  # bits of MXCSR, which stands behind 28 bytes of the older unit's
        bits = (ctypes.c_uint8 * 32).from_buffer_copy(kept)
        register = int.from_bytes(bytes(bits[28:]), "little") | {"results": 0x8000, "arguments": 0x40, "both": 0x8040}[how]
        bits[28:] = list(register.to_bytes(4, "little"))
        m.fesetenv(ctypes.byref(bits))
    elif how:
        m.fesetround({"up": 0x800, "down": 0x400, "to 0": 0xC00}[how])
"""
HOW = ["results", "arguments", "both", "up", "down", "to 0"]

# In every other stretch of rows squares are below 2.2e-308 and their sum is above: it tells how it was made, as it does by
# its rounding. The other rows keep the mean above.
WALK = """
import numpy as np, fastgd
i = np.arange(1_500_000)
y = np.random.default_rng(0).uniform(2e-155, 3e-155, i.size) * (1 + 9 * (i >> 17 & 1))
x = np.sin(i)
def show():
    print(*{
        (
            fastgd.mse(x, y, 0.0, 0.0, threads=threads).hex(),
            fastgd.gradient(x, y, 1e-155, 0.0, threads=threads).b.hex(),
            fastgd.sweep(x, y, [0.0, 1e-155], loss="huber", threads=threads).cost[1].hex(),
            fastgd.cost(x, y, 1.5, 0.0, loss="absolute", threads=threads).hex(),
        )
        for threads in (1, 2, 3, 8, 2, 2)
    })
"""


def lines(code):
    done = subprocess.run(
        [sys.executable, "-c", CHANGE + WALK + code], env={**os.environ, "PYTHONWARNINGS": "ignore"}, capture_output=True,
        text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_results_depended_on_threads_where_one_calculates_otherwise():
    found = lines("".join(f"show(); change({how!r}); show(); change('')\n" for how in HOW) + "show()")
    assert all(line.count("(") == 1 for line in found), found  # one set of bits for all numbers of threads
    usual, other = found[::2], found[1::2]
    assert len(set(usual)) == 1
    assert not {usual[0]} & set(other)


@pytest.mark.parametrize("how", ["both", "up"])
def test_threads_that_began_to_calculate_otherwise_are_not_kept_for_others(how):
    other, usual = lines(f"change({how!r}); show(); change(''); show()")
    assert [usual] == lines("show()")
    assert other.count("(") == usual.count("(") == 1


def test_helpers_still_help_where_all_calculate_otherwise():
    code = """
import threading
from fastgd.mapreduce import run
def together(threads):
    barrier, seen = threading.Barrier(2, timeout=30), set()
    def task(k):
        if k < 2:
            barrier.wait()  # passes only if two threads are at work at once
        seen.add(threading.get_ident())
    run(task, range(10), threads=threads)
    return len(seen)
print(together(2)); change("both"); print(together(2)); change("up"); print(together(2)); change(""); print(together(2))
"""
    assert lines(code) == ["2"] * 4


def test_each_way_to_calculate_is_told_from_each_other():
    code = f"""
from fastgd.mapreduce import arithmetic
for how in ["", *{HOW!r}]:
    change(how)
    found = arithmetic()
    change("")
    print(found)
"""
    found = lines(code)
    assert found[0] == str((False,) * 5) == str(arithmetic())
    assert len(set(found)) == 7
