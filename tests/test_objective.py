"""Predictions, losses, costs and gradients of every loss against the plain-Python specification."""

import math
from fractions import Fraction

import numpy as np
import pytest

import fastgd
from fastgd import reference

LOSSES = [("squared", 1.0), ("absolute", 1.0), ("huber", 0.75), ("huber", np.inf)]


def problem(d=None, n=60, seed=3):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=n if d is None else (n, d)).round(3)
    y = generator.normal(size=n).round(3)
    w = 0.5 if d is None else generator.normal(size=d).round(2)
    return x, y, w, 0.25, generator.integers(0, 4, n)


@pytest.mark.parametrize(("loss", "delta"), LOSSES)
@pytest.mark.parametrize("d", [None, 1, 2, 3, 7])
@pytest.mark.parametrize("weighted", [False, True])
def test_agrees_with_the_reference(loss, delta, d, weighted):
    x, y, w, b, weight = problem(d)
    plain = [list(map(Fraction, row)) for row in x.tolist()] if d else list(map(Fraction, x.tolist()))
    exact_w = list(map(Fraction, w.tolist())) if d else Fraction(w)
    exact_y = list(map(Fraction, y.tolist()))
    share = weight.tolist() if weighted else None
    arguments = (plain, exact_y, exact_w, Fraction(b))
    width = Fraction(delta) if delta < np.inf else 10**9
    options = {"loss": loss, "delta": width}
    given = {"loss": loss, "delta": delta}
    assert fastgd.predict(x, w, b) == pytest.approx([float(v) for v in reference.predict(plain, *arguments[2:])], rel=1e-14)
    exact = [float(v) for v in reference.losses(*arguments, **options)]
    assert fastgd.losses(x, y, w, b, **given) == pytest.approx(exact, rel=1e-12, abs=1e-15)
    cost = fastgd.cost(x, y, w, b, **given, sample_weight=weight if weighted else None)
    assert cost == pytest.approx(float(reference.cost(*arguments, **options, sample_weight=share)), rel=1e-13)
    slopes = fastgd.gradient(x, y, w, b, **given, sample_weight=weight if weighted else None)
    exact_slopes, exact_slope = reference.gradient(*arguments, **options, sample_weight=share)
    expected = [float(v) for v in exact_slopes] if d else float(exact_slopes)
    assert slopes.w == pytest.approx(expected, rel=1e-12, abs=1e-14)
    assert slopes.b == pytest.approx(float(exact_slope), rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("d", [None, 3])
def test_integer_weights_are_repeated_rows(d):
    x, y, w, b, weight = problem(d)
    many = (np.repeat(x, weight, axis=0), np.repeat(y, weight), w, b)
    for loss, delta in LOSSES:
        one = fastgd.cost(x, y, w, b, loss=loss, delta=delta, sample_weight=weight)
        assert one == pytest.approx(fastgd.cost(*many, loss=loss, delta=delta), rel=1e-13)


@pytest.mark.parametrize("d", [None, 3])
def test_any_number_of_threads_gives_the_same_bits(rows, d):
    x, y, w, b, _ = problem(d, rows)
    for loss, delta in LOSSES:
        costs = {fastgd.cost(x, y, w, b, loss=loss, delta=delta, threads=threads) for threads in (1, 2, 3, 8)}
        slopes = {fastgd.gradient(x, y, w, b, loss=loss, delta=delta, threads=threads).b for threads in (1, 2, 3, 8)}
        assert len(costs) == len(slopes) == 1


def test_the_shortcut_for_few_rows_gives_the_bits_of_the_corridor(rows):
    for n in (1, 3, 1000, 5000, 9000):
        x, y, w, b, _ = problem(None, min(n, rows))
        assert fastgd.mse(x, y, w, b) == fastgd.mse(x.tolist(), y, w, b) == fastgd.cost(x, y, w, b)


def test_many_rows_agree_with_numpy(rows):
    x, y, w, b, _ = problem(None, rows)
    assert fastgd.mse(x, y, w, b) == pytest.approx(np.mean((w * x + b - y) ** 2), rel=1e-12)
    x, y, w, b, _ = problem(4, rows)
    assert fastgd.mse(x, y, w, b) == pytest.approx(np.mean((x @ w + b - y) ** 2), rel=1e-12)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"loss": "square"}, r"loss is 'square': it must be one of 'squared', .* \(did you mean 'squared'\?\)"),
        ({"loss": "hubr"}, r"loss is 'hubr': .* \(did you mean 'huber'\?\)"),
        ({"loss": ["huber"]}, r"loss is \['huber'\]: it must be one of"),
        ({"loss": "huber", "delta": 0.0}, "delta is 0"),
        ({"loss": "huber", "delta": np.nan}, "delta is nan"),
        ({"threads": 0}, "threads is 0"),
    ],
)
def test_bad_options(options, sentence):
    for function in (fastgd.cost, fastgd.losses, fastgd.gradient):
        with pytest.raises(ValueError, match=sentence):
            function([1, 2], [3, 4], 1.0, **options)


def test_gradient_unpacks():
    gw, gb = fastgd.gradient([1, 2, 3], [2, 4, 6], 1.0)
    assert (gw, gb) == (pytest.approx(-28 / 3), pytest.approx(-4.0))


def test_huber_with_an_infinite_delta_is_the_square_and_too_large_a_cost_is_infinite():
    x, y = [1.0, 2.0, 3.0], [2.0, 4.0, 7.0]
    assert fastgd.cost(x, y, 1.5, 0.5, loss="huber", delta=math.inf) == fastgd.mse(x, y, 1.5, 0.5)
    assert fastgd.cost(x, y, 1e308, loss="huber", delta=math.inf) == math.inf
    assert fastgd.cost(x, y, 1e308, loss="huber") == math.inf
