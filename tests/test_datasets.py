"""The data to learn on: the textbook's numbers, the penguins' certified line, and rows that follow their model."""

from fractions import Fraction

import numba
import numpy as np
import pytest

from fastgd import reference
from fastgd.datasets import Penguins, make_linear, penguins, textbook

N = 1_000 if numba.config.DISABLE_JIT else 300_000  # several blocks where the kernels are compiled


def fractions(values):
    return [Fraction(value) for value in values.tolist()]


@pytest.mark.parametrize("section", [1, 2, 4, 6])
def test_textbook_line_through_the_origin(section):
    x, y = textbook(section)
    assert x.tolist() == [1.0, 2.0, 3.0]
    assert y.tolist() == [2.0, 4.0, 6.0]
    assert x.dtype == y.dtype == np.float64


def test_textbook_line_with_an_intercept():
    x, y = textbook(np.int64(3))
    assert reference.minimum(fractions(x), fractions(y)) == (2, Fraction(1, 2), 0)


@pytest.mark.parametrize("section", [0, 5, 7, "1", None, 1.0, True, [1]])
def test_textbook_names_the_sections(section):
    with pytest.raises(ValueError, match="the sections with data are 1, 2, 3, 4 and 6"):
        textbook(section)


def test_textbook_data_may_be_written_to():
    textbook(1)[0][0] = 9.0
    assert textbook(1)[0][0] == 1.0


def test_penguins_have_their_published_line():
    x, y = data = penguins()
    assert isinstance(data, Penguins)
    assert data.x.shape == data.y.shape == (342,)
    assert x.flags.c_contiguous and y.flags.c_contiguous
    w, b, cost = reference.minimum(fractions(x), fractions(y))
    assert [float(w), float(b), float(cost)] == [49.685566406100085, -5780.831358077062, 154546.18604782113]
    assert reference.learning_rate_limit(x.tolist()) == pytest.approx(2.46517519483e-05, rel=1e-11)


def test_penguins_without_a_measurement_are_left_out():
    x, y = penguins()
    assert (x[0], y[0]) == (181.0, 3750.0)
    assert (x[3], y[3]) == (193.0, 3450.0)  # the fourth of the file was not measured
    assert (x[-1], y[-1]) == (198.0, 3775.0)


def test_make_linear_follows_its_model():
    x, y = make_linear(N, w=2.0, b=0.5, noise=0.1)
    e = (y - 2.0 * x - 0.5) / 0.1
    assert x.shape == y.shape == (N,)
    assert abs(e.mean()) < 4 / N**0.5
    assert abs(e.var() - 1) < 4 * (2 / N) ** 0.5
    slope, intercept = np.polyfit(x, y, 1)
    assert abs(slope - 2.0) < 0.4 / N**0.5
    assert abs(intercept - 0.5) < 0.4 / N**0.5


def test_make_linear_of_several_features():
    w = [1.0, -2.0, 0.5]
    x, y = make_linear(500, w=w, b=-1.0, noise=0.0)
    assert x.shape == (500, 3)
    np.testing.assert_allclose(y, x @ w - 1.0, rtol=0, atol=4e-15)
    one, _ = make_linear(500, w=[1.0])
    assert one.shape == (500, 1)
    np.testing.assert_array_equal(one[:, 0], x[:, 0])
    np.testing.assert_array_equal(make_linear(500, w=1)[0], x[:, 0])


def test_make_linear_has_the_same_bits_for_any_number_of_threads():
    x, y = make_linear(N, threads=1)
    for threads in (2, 3):
        again = make_linear(N, threads=threads)
        np.testing.assert_array_equal(again[0], x)
        np.testing.assert_array_equal(again[1], y)


def test_more_rows_continue_the_same_data():
    few, many = make_linear(100, seed=5), make_linear(N, seed=5)
    np.testing.assert_array_equal(few[0], many[0][:100])
    np.testing.assert_array_equal(few[1], many[1][:100])


def test_another_seed_makes_other_data():
    seeds = [0, 1, 2**32, np.uint64(2**63), 2**64 - 1]
    starts = {make_linear(1, seed=seed)[0][0] for seed in seeds}
    assert len(starts) == len(seeds)


def test_the_weights_given_are_only_read():
    w = np.arange(6.0)[::2]
    w.flags.writeable = False
    x, y = make_linear(10, w=w, noise=0)
    np.testing.assert_allclose(y, x @ [0.0, 2.0, 4.0] + 0.5, rtol=0, atol=1e-14)


def test_progress_ends_at_all_rows():
    seen = []
    make_linear(N, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (N, N)
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"n": 0}, ValueError, "n is 0"),
        ({"n": 2.5}, TypeError, "n is 2.5: it must be a whole number"),
        ({"n": True}, TypeError, "n is True"),
        ({"n": None}, TypeError, "n is None"),
        ({"seed": -1}, ValueError, "seed is -1: it must be from 0 to 18446744073709551615"),
        ({"seed": 2**64}, ValueError, "seed is 18446744073709551616"),
        ({"seed": None}, TypeError, "seed is None"),
        ({"noise": -0.1}, ValueError, "noise is -0.1"),
        ({"noise": np.nan}, ValueError, "noise is nan"),
        ({"noise": "a"}, TypeError, "noise is 'a'"),
        ({"b": np.inf}, ValueError, "b is inf"),
        ({"w": np.nan}, ValueError, "w is nan"),
        ({"w": [1.0, np.inf]}, ValueError, r"w\[1\] is inf"),
        ({"w": []}, ValueError, r"w has shape \(0,\)"),
        ({"w": [[1.0]]}, ValueError, r"w has shape \(1, 1\)"),
        ({"w": None}, TypeError, "w is None"),
        ({"w": "2"}, TypeError, "w is '2'"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, words):
    with pytest.raises(error, match=words):
        make_linear(**{"n": 10, **arguments})
