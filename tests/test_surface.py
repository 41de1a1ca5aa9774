"""Grids of costs: agreement with single costs, ranges, exact minima."""

from fractions import Fraction

import numpy as np
import pytest

import fastgd
from fastgd import reference


def problem(n=40, d=None):
    generator = np.random.default_rng(5)
    x = generator.normal(size=n if d is None else (n, d)) * 3.0 + 10.0
    return x, (x if d is None else x @ np.arange(1.0, d + 1)) + generator.normal(size=n), generator.random(n)


def cost_in_fractions(x, y, w, b):
    return reference.mse([Fraction(v) for v in x], [Fraction(v) for v in y], Fraction(w), Fraction(b))


@pytest.mark.parametrize(("loss", "delta"), [("squared", 1.0), ("absolute", 1.0), ("huber", 0.5)])
@pytest.mark.parametrize("weighted", [False, True])
def test_agrees_with_the_reference(loss, delta, weighted):
    x, y, weight = problem()
    weight = weight if weighted else None
    w, b = np.linspace(0.0, 2.0, 6), np.linspace(-3.0, 3.0, 4)
    surface = fastgd.sweep(x, y, w, b, loss=loss, delta=delta, sample_weight=weight)
    share = None if weight is None else weight.tolist()
    expected = [
        [reference.cost(x.tolist(), y.tolist(), u, v, loss=loss, delta=delta, sample_weight=share) for v in b.tolist()]
        for u in w.tolist()
    ]
    assert surface.cost == pytest.approx(np.array(expected), rel=1e-12)
    assert surface.best.cost == surface.cost.min()
    assert surface.cost[surface.best.index] == surface.best.cost
    assert (surface.minimum is None) == (loss != "squared")


def test_one_axis_is_a_curve():
    x, y, _ = problem()
    along_w = fastgd.sweep(x, y, [0.0, 1.0, 2.0], 0.5)
    along_b = fastgd.sweep(x, y, 1.0, [0.0, 1.0])
    assert (along_w.axis, along_b.axis) == ("w", "b")
    assert along_w.values.tolist() == [0.0, 1.0, 2.0]
    assert along_b.w == 1.0
    assert along_w.cost[1] == pytest.approx(fastgd.mse(x, y, 1.0, 0.5), rel=1e-13)
    assert along_b.cost[1] == pytest.approx(fastgd.mse(x, y, 1.0, 1.0), rel=1e-13)
    assert along_b.best.index in (0, 1)


def test_the_minimum_along_an_axis_is_where_the_gradient_along_it_is_zero():
    x, y, _ = problem()
    along_w, along_b = fastgd.sweep(x, y, None, 0.5), fastgd.sweep(x, y, 0.9, None)
    scale = np.mean(x * x)
    assert fastgd.gradient(x, y, along_w.minimum.w, 0.5).w == pytest.approx(0.0, abs=1e-12 * scale)
    assert fastgd.gradient(x, y, 0.9, along_b.minimum.b).b == pytest.approx(0.0, abs=1e-12)
    for curve in (along_w, along_b):
        # The middle cell is the minimum: two roundings of one number, either of which may be the smaller.
        least = cost_in_fractions(x, y, curve.minimum.w, curve.minimum.b)
        assert abs(Fraction(curve.minimum.cost) / least - 1) <= 2.5e-15
        assert abs(Fraction(curve.cost.min()) / least - 1) <= 2.5e-15
        cells = [cost_in_fractions(x, y, *at) for at in np.broadcast(curve.w, curve.b)]
        assert min(cells) >= least * (1 - Fraction(1, 10**28))


def test_ranges_chosen_for_the_caller_lie_about_the_minimum():
    x, y, _ = problem()
    surface = fastgd.sweep(x, y, None, None)
    exact = fastgd.QuadraticCost.of(x, y).minimum
    assert surface.cost.shape == (101, 101)
    assert surface.w[50] == pytest.approx(exact.w)
    assert surface.b[50] == pytest.approx(exact.b)
    assert surface.best.index == (50, 50)
    assert tuple(surface.minimum) == tuple(exact)
    assert fastgd.sweep(x, y).cost.shape == (201,)
    flat = fastgd.sweep([1, 2, 3], [0, 0, 0], None, None)
    assert flat.w[0] < flat.w[-1]


def test_one_feature_of_several_is_swept_and_the_others_stand_at_the_minimum():
    x, y, _ = problem(60, 3)
    exact = fastgd.QuadraticCost.of(x, y).minimum
    surface = fastgd.sweep(x, y, None, None, feature=1)
    assert surface.feature == 1
    assert surface.w[50] == pytest.approx(exact.w[1])
    w = exact.w.copy()
    w[1] = surface.w[7]
    assert surface.cost[7, 3] == pytest.approx(fastgd.mse(x, y, w, surface.b[3]), rel=1e-12)
    huber = fastgd.sweep(x, y, surface.w[:4], surface.b[:3], feature=1, loss="huber")
    w[1] = surface.w[2]
    assert huber.cost[2, 1] == pytest.approx(fastgd.cost(x, y, w, surface.b[1], loss="huber"), rel=1e-12)


def test_any_number_of_threads_gives_the_same_bits(rows):
    x, y, _ = problem(rows // 10)
    for loss in ("squared", "huber"):
        one, *others = (fastgd.sweep(x, y, [0.0, 1.0], [0.0, 1.0], loss=loss, threads=k).cost for k in (1, 2, 8))
        assert all(np.array_equal(other, one) for other in others)


@pytest.mark.parametrize(
    ("arguments", "options", "kind", "sentence"),
    [
        ((1.0, 2.0), {}, ValueError, "w and b are both numbers"),
        (([],), {}, ValueError, "w has shape"),
        (([[1.0]],), {}, ValueError, "an axis must be one-dimensional"),
        (([1.0, np.nan],), {}, ValueError, r"w\[1\] is nan"),
        ((None, "b"), {}, TypeError, "b is"),
        ((), {"feature": 3}, ValueError, "feature is 3: x has 1 columns"),
        ((), {"feature": 0.5}, TypeError, "feature is 0.5"),
        ((), {"feature": "age"}, ValueError, "feature is 'age'"),
        ((np.zeros(100_000), np.zeros(100_000)), {}, ValueError, "would not fit in memory"),
    ],
)
def test_bad_arguments(arguments, options, kind, sentence):
    with pytest.raises(kind, match=sentence):
        fastgd.sweep([1, 2, 3], [2, 4, 6], *arguments, **options)


def test_several_features_need_a_choice():
    x, y, _ = problem(20, 2)
    with pytest.raises(ValueError, match="x has 2 columns, so say which"):
        fastgd.sweep(x, y)


def test_costs_too_large_for_a_float_are_infinite():
    curve = fastgd.sweep([1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1e160, 2.0])
    assert curve.cost.tolist() == [np.inf, 0.0]


def test_a_surface_keeps_the_rounding_errors_of_its_offsets():
    # Reordered sums once dropped them: (offset - b) + lost became offset + (lost - b), 1e-8 off at this offset.
    x = np.arange(5.0) + 1e8
    y = 3.0 * x + 0.25 * np.array([1.0, -1.0, 0.0, 2.0, -2.0])
    w = np.array([3.0, 3.0 + 2.0**-20, 3.0000001])
    b = np.array([0.0, -95.0, 1.0 / 3.0])
    surface = fastgd.sweep(x, y, w, b)
    exact_x, exact_y = [list(map(Fraction, values.tolist())) for values in (x, y)]
    for i, u in enumerate(w.tolist()):
        for j, v in enumerate(b.tolist()):
            exact = reference.mse(exact_x, exact_y, Fraction(u), Fraction(v))
            assert abs(Fraction(surface.cost[i, j].item()) / exact - 1) < 1e-13
