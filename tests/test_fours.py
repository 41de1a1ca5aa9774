"""Four samples at a time: exactly one update after the other, whatever the number of features, and nothing else is read."""

import os
import subprocess
import sys
from fractions import Fraction

import numba
import numpy as np
import pytest

import fastgd
from fastgd import kernels, reference

pytestmark = pytest.mark.filterwarnings("ignore::fastgd.RankWarning")  # tables of few rows, which is not what is tested

COMPILED = not numba.config.DISABLE_JIT
FEATURES = range(4, 34)  # every number of whole registers up to eight, with every rest
RATE = 2.0**-8

compiled = pytest.mark.skipif(not COMPILED, reason="nothing is compiled when the JIT is off")


def problem(d, n):
    """Rows in small binary fractions: what is exact of them stays short."""
    generator = np.random.default_rng([d, n])
    x = generator.integers(-16, 17, size=(n, d)) / 16.0
    y = x @ np.linspace(1.0, 2.0, d) + generator.integers(-8, 9, size=n) / 16.0 + 0.5
    return x, y, generator.integers(1, 9, size=n) / 4.0


def fours(x, y, weight, theta, bias):
    """Theta after the rows."""
    state = theta.copy()
    arrays = [np.ascontiguousarray(array) for array in (x, y, weight)]
    for array in arrays:
        array.flags.writeable = False
    share = len(y) / weight.sum() if weight.size else 1.0
    kernels.sgd.fours(*arrays, RATE, share, bias, state)
    return state


def exactly(x, y, weight, theta, bias):
    def rational(values):
        return [Fraction(value) for value in np.asarray(values).tolist()]

    w, b = reference.fit(
        [rational(row) for row in x], rational(y), w0=rational(theta[:-1]), b0=Fraction(theta[-1]),
        learning_rate=Fraction(RATE), epochs=1, batch_size=1, bias=bias,
        sample_weight=rational(weight) if weight.size else None,
    )[1]  # fmt: skip
    return np.array([float(value) for value in [*w, b]])


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("d", FEATURES)
def test_every_number_of_features_and_rest_of_rows_is_exact(d, weighted, bias):
    for n in (1, 2, 3, 4, 5, 6, 7, 8, 13):
        x, y, weight = problem(d, n)
        weight = weight if weighted else np.empty(0)
        theta = np.append(np.linspace(-0.5, 0.5, d), 0.25 if bias else 0.0)
        expected = exactly(x, y, weight, theta, bias)
        found = fours(x, y, weight, theta, bias)
        assert np.abs(found - expected).max() <= 1e-14 * np.abs(expected).max()
        fit = fastgd.fit(
            x, y, batch_size=1, shuffle="none", epochs=1, learning_rate=RATE, w0=theta[:-1], b0=theta[-1], bias=bias,
            sample_weight=weight if weighted else None, record=None,
        )  # fmt: skip
        assert np.abs(np.append(fit.w, fit.b) - expected).max() <= 1e-14 * np.abs(expected).max()


@pytest.mark.parametrize("d", FEATURES)
def test_what_lies_around_the_rows_is_not_read(d):
    for n in (4, 5, 7, 8):
        x, y, weight = problem(d, n)
        theta = np.linspace(-0.5, 0.5, d + 1)
        around = [np.full((n + 6, *array.shape[1:]), np.nan) for array in (x, y, weight)]
        for wide, array in zip(around, (x, y, weight)):
            wide[3:-3] = array
            wide.flags.writeable = False
        state = theta.copy()
        kernels.sgd.fours(*(wide[3:-3] for wide in around), RATE, n / weight.sum(), True, state)
        assert np.array_equal(state, fours(x, y, weight, theta, True))
        assert np.isfinite(state).all()


@pytest.mark.parametrize("d", [4, 6, 11, 32])
def test_one_bad_number_poisons_the_descent(d):
    # Also in a column that is read twice, as one of the last four and as one before them.
    for column in range(d):
        for bad in (np.nan, np.inf):
            x, y, _ = problem(d, 9)
            x[5, column] = bad
            assert not np.isfinite(fours(x, y, np.empty(0), np.zeros(d + 1), True)).all()


@pytest.mark.parametrize("d", [4, 5, 10, 12])
def test_a_row_of_weight_zero_is_no_step(d):
    x, y, weight = problem(d, 12)
    weight[[0, 3, 6, 7]] = 0.0
    theta, without = np.linspace(-0.5, 0.5, d + 1), weight > 0.0
    state, expected = theta.copy(), theta.copy()
    kernels.sgd.fours(*map(read_only, (x, y, weight)), RATE, 1.0, True, state)
    kernels.sgd.fours(*map(read_only, (x[without], y[without], weight[without])), RATE, 1.0, True, expected)
    np.testing.assert_allclose(state, expected, rtol=0, atol=1e-14)


def read_only(array):
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array


def test_four_numbers_at_once():
    from fastgd.kernels._vectors import drop, load, load_row, prefetch, splat, spread, store, sums

    @numba.njit
    def everything(table, line, count, out):
        a, b, c = load(line, 1), load_row(table, 1, 2), splat(10.0)
        prefetch(line, 0)
        total = a + b
        total += splat(0.0)
        total -= c
        total *= a
        store(out[0], 0, total)
        store(out[1], 0, a - b * c)
        store(out[2], 0, spread(b, 2))
        store(out[3], 0, drop(a, count))
        store(out[4], 0, sums(a, b, c, a + a))
        store(out[5], 0, a)

    out = np.empty((6, 4))
    everything(np.arange(12.0).reshape(2, 6), np.array([9.0, 1.0, 2.0, 3.0, np.nan]), 0, out)
    assert np.isnan(out[5, 3])
    everything(np.arange(12.0).reshape(2, 6), np.array([np.nan, 1.0, 2.0, 4.0, 8.0]), 1, out)
    assert out.tolist() == [
        [-1.0, 2.0, 16.0, 72.0],  # (a + b - c) a of a = 1, 2, 4, 8 and b = 8, 9, 10, 11
        [-79.0, -88.0, -96.0, -102.0],
        [10.0] * 4,
        [0.0, 2.0, 4.0, 8.0],
        [15.0, 38.0, 40.0, 30.0],
        [1.0, 2.0, 4.0, 8.0],
    ]
    everything(np.arange(12.0).reshape(2, 6), np.array([0.0, np.nan, np.inf, np.nan, 8.0]), 3, out)
    assert out[3].tolist() == [0.0, 0.0, 0.0, 8.0]


@compiled
def test_processors_without_wide_registers_agree(tmp_path):
    code = """
import numpy as np
from fastgd import kernels
x = np.sin(np.arange(130.0)).reshape(13, 10)
y = np.cos(np.arange(13.0))
weight = y * y
for array in (x, y, weight):
    array.flags.writeable = False
state = np.zeros(11)
kernels.sgd.fours(x, y, weight, 0.05, 1.0, True, state)
print(state.tolist())
"""
    generic = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path)}
    found = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        ).stdout
        for settings in (generic, {})
    ]
    old, here = (np.array([float(part) for part in text.strip("[]\n").split(",")]) for text in found)
    np.testing.assert_allclose(old, here, rtol=1e-13)


@compiled
def test_four_samples_fill_whole_registers():
    function = kernels.sgd.fours
    fresh_copy = numba.njit(nogil=True, error_model="numpy", fastmath=function.targetoptions["fastmath"])(function.py_func)
    x, y, weight = problem(10, 8)
    fresh_copy(*map(read_only, (x, y, weight)), RATE, 1.0, True, np.zeros(11))
    assembly = "".join(fresh_copy.inspect_asm().values())
    if "ymm" in assembly:  # x86 with AVX: elsewhere a vector takes two registers
        packed = [
            line for line in assembly.splitlines() if "pd" in line and "ymm" in line and ("vfm" in line or "mulpd" in line)
        ]
        assert len(packed) >= 20
