"""QuadraticCost: certified answers, exact arithmetic, and the laws of merging."""

import json
import pathlib
from fractions import Fraction

import numba
import numpy as np
import pandas
import pytest

import fastgd
from fastgd import reference
from fastgd.quadratic import RankWarning

NIST = pathlib.Path(__file__).parent / "data" / "nist"


def fractions(values):
    return [Fraction(float(value)) for value in values]


def relative_error(value, exact):
    return float(abs(Fraction(float(value)) - exact) / abs(exact))


def data(n, d=None, *, offset=0.0, noise=1.0, seed=0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=n if d is None else (n, d)) + offset
    return x, (2.0 * x if d is None else x @ np.arange(1.0, d + 1)) + 0.5 + noise * generator.normal(size=n)


@pytest.mark.parametrize(
    ("name", "digits"), [("norris", 12), ("noint1", 12), ("longley", 12), ("wampler1", 9), ("wampler4", 7)]
)
def test_nist(name, digits):
    certified = json.loads((NIST / f"{name}.json").read_text())
    minimum = fastgd.QuadraticCost.of(certified["x"], certified["y"], bias=certified["intercept"]).minimum
    found = np.append(minimum.b, minimum.w) if certified["intercept"] else minimum.w
    error = np.abs(found - certified["params"]) / np.abs(certified["params"])
    assert -np.log10(max(error.max(), 1e-17)) >= digits
    freedom = len(certified["y"]) - len(certified["params"])
    assert np.sqrt(minimum.cost * len(certified["y"]) / freedom) == pytest.approx(certified["sd"], rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("point", [(1.5, 0.3), (2.1, -4.0), (2.0, 0.0)])
def test_mse_and_gradient_against_exact_arithmetic(point):
    x, y = data(1500)
    exact_x, exact_y, (w, b) = fractions(x), fractions(y), fractions(point)
    quadratic = fastgd.QuadraticCost.of(x, y)
    mse = reference.mse(exact_x, exact_y, w, b)
    slope_w, slope_b = reference.gradient(exact_x, exact_y, w, b)
    for cost, slopes in (
        (fastgd.mse(x, y, *point), fastgd.gradient(x, y, *point)),
        (quadratic.mse(*point), quadratic.gradient(*point)),
    ):
        assert relative_error(cost, mse) <= 1e-13
        assert relative_error(slopes.w, slope_w) <= 1e-13
        assert relative_error(slopes.b, slope_b) <= 1e-13


@pytest.mark.parametrize(("offset", "noise"), [(0.0, 1e-9), (1e6, 1e-7), (1e8, 1e-3), (1e8, 1.0), (-1e8, 0.1)])
def test_the_minimum_is_at_least_as_exact_as_the_residuals_in_float64(offset, noise):
    # Compiled, slope * u is fused with its subtraction; as plain Python it is rounded once more.
    rounding = 8 * np.finfo(float).eps / noise if numba.config.DISABLE_JIT else 0.0
    for seed in range(3):
        x, y = data(300, offset=offset, noise=noise, seed=seed)
        w, b, least = reference.minimum(fractions(x), fractions(y))
        minimum = fastgd.QuadraticCost.of(x, y).minimum
        direct = np.mean((y - (float(w) * x + float(b))) ** 2)
        assert relative_error(minimum.cost, least) <= max(relative_error(direct, least), 1e-15) + rounding
        assert relative_error(minimum.cost, least) <= 1e-12 + rounding
        # and so is the cost at any (w, b), as that of the (w, b) found
        exact = reference.mse(fractions(x), fractions(y), Fraction(minimum.w), Fraction(minimum.b))
        direct = np.mean((y - (minimum.w * x + minimum.b)) ** 2)
        found = fastgd.QuadraticCost.of(x, y).mse(minimum.w, minimum.b)
        assert relative_error(found, exact) <= max(relative_error(direct, exact), 1e-14) + rounding


def test_several_features_against_exact_arithmetic():
    x, y = data(200, 3, offset=5.0)
    rows = [fractions(row) for row in x]
    w, b, least = reference.minimum(rows, fractions(y))
    minimum = fastgd.QuadraticCost.of(x, y).minimum
    assert max(map(relative_error, minimum.w, w)) <= 1e-12
    assert relative_error(minimum.b, b) <= 1e-11
    assert relative_error(minimum.cost, least) <= 1e-13
    hessian = np.array(reference.hessian(x.tolist()))
    assert fastgd.QuadraticCost.of(x, y).hessian == pytest.approx(hessian, rel=1e-13)


@pytest.mark.parametrize("d", [None, 1, 2, 3, 8, 25])
@pytest.mark.parametrize("parts", [(1, 499), (250, 250), (3, 200, 297), (20,) * 25])
def test_merge_is_refit(d, parts):
    x, y = data(500, d, offset=3.0)
    whole = fastgd.QuadraticCost.of(x, y)
    edges = np.cumsum((0, *parts))
    pieces = [fastgd.QuadraticCost.of(x[i:j], y[i:j]) for i, j in zip(edges, edges[1:], strict=False)]
    for order in (pieces, pieces[::-1]):
        merged = order[0]
        for piece in order[1:]:
            merged = merged.merge(piece)
        assert merged.count == whole.count
        assert merged.mean_x == pytest.approx(whole.mean_x, rel=1e-14)
        assert merged.factor == pytest.approx(whole.factor, rel=1e-11, abs=1e-11)
        assert merged.minimum.cost == pytest.approx(whole.minimum.cost, rel=1e-12)
        assert merged.minimum.w == pytest.approx(whole.minimum.w, rel=1e-12)


def test_merge_keeps_the_digits_that_rounded_means_would_lose():
    # With means rounded to floats the merged minimum is off by 7e-4 here.
    x, y = data(400, offset=1e6, noise=1e-7)
    *_, least = reference.minimum(fractions(x), fractions(y))
    of = fastgd.QuadraticCost.of
    merged = of(x[:150], y[:150]).merge(of(x[150:], y[150:]))
    assert relative_error(merged.minimum.cost, least) <= 1e-8


def test_merge_refuses_what_does_not_fit():
    of = fastgd.QuadraticCost.of
    with pytest.raises(ValueError, match="other has 2 features"):
        of([1, 2, 3], [1, 2, 3]).merge(of([[1, 2], [3, 5], [5, 4]], [1, 2, 3]))
    with pytest.raises(ValueError, match="bias=False"):
        of([1, 2], [1, 2]).merge(of([1, 2], [1, 2], bias=False))
    with pytest.raises(TypeError, match="must be a QuadraticCost"):
        of([1, 2], [1, 2]).merge(3)


@pytest.mark.parametrize("d", [None, 3])
@pytest.mark.parametrize("bias", [True, False])
def test_integer_weights_are_repeated_rows(d, bias):
    x, y = data(300, d, offset=1.0)
    weight = np.random.default_rng(1).integers(0, 4, 300)
    weighted = fastgd.QuadraticCost.of(x, y, sample_weight=weight, bias=bias)
    repeated = fastgd.QuadraticCost.of(np.repeat(x, weight, axis=0), np.repeat(y, weight), bias=bias)
    assert weighted.count == repeated.count
    assert weighted.minimum.w == pytest.approx(repeated.minimum.w, rel=1e-12)
    assert weighted.minimum.b == pytest.approx(repeated.minimum.b, rel=1e-12)
    assert weighted.minimum.cost == pytest.approx(repeated.minimum.cost, rel=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("offset", [0.1, 3.0, 1e6])
def test_many_features_by_blas_are_as_exact_as_by_the_kernel(monkeypatch, weighted, offset):
    x, y = data(700, 30, offset=offset)
    weight = np.random.default_rng(4).random(700) if weighted else None
    wide = fastgd.QuadraticCost.of(x, y, sample_weight=weight)
    monkeypatch.setattr(fastgd.pilot, "_WIDE", 1000)
    narrow = fastgd.QuadraticCost.of(x, y, sample_weight=weight)
    assert wide.factor == pytest.approx(narrow.factor, rel=1e-12, abs=1e-12)
    assert wide.minimum.w == pytest.approx(narrow.minimum.w, rel=1e-13)
    assert wide.minimum.cost == pytest.approx(narrow.minimum.cost, rel=1e-14)


def test_many_collinear_features_keep_the_digits_of_a_least_squares_solver():
    # By matrix products alone, the minimum's cost has 11 digits here, and w 11.
    x, y = data(60, 24, offset=3.0)
    x[:, 1:] += 999.0 * x[:, :1]
    w, _, least = reference.minimum([fractions(row) for row in x], fractions(y))
    minimum = fastgd.QuadraticCost.of(x, y).minimum
    peer = np.linalg.lstsq(np.column_stack([x, np.ones(60)]), y, rcond=None)[0][:-1]
    assert relative_error(minimum.cost, least) <= 5e-12
    assert max(map(relative_error, minimum.w, w)) <= max(map(relative_error, peer, w))


@pytest.mark.parametrize("d", [None, 2, 5, 25])
def test_any_number_of_threads_gives_the_same_bits(rows, d):
    x, y = data(rows, d)
    weight = np.random.default_rng(2).random(rows)
    for sample_weight in (None, weight):
        one, *others = (
            fastgd.QuadraticCost.of(x, y, sample_weight=sample_weight, threads=threads) for threads in (1, 2, 3, 8)
        )
        for other in others:
            assert np.array_equal(other.factor, one.factor)
            assert np.array_equal(other.mean_x, one.mean_x)
            assert (other.mean_y, other.count) == (one.mean_y, one.count)


def test_moving_and_scaling_the_data_moves_and_scales_the_answer():
    x, y = data(500)
    minimum = fastgd.QuadraticCost.of(x, y).minimum
    moved = fastgd.QuadraticCost.of(4.0 * x + 3.0, 2.0 * y - 1.0).minimum
    assert moved.w == pytest.approx(minimum.w / 2.0, rel=1e-13)
    assert moved.b == pytest.approx(2.0 * minimum.b - 1.0 - 3.0 * minimum.w / 2.0, rel=1e-12)
    assert moved.cost == pytest.approx(4.0 * minimum.cost, rel=1e-13)


@pytest.mark.parametrize("d", [None, 4])
def test_a_first_block_unlike_the_rest_costs_a_second_pass_and_no_digits(rows, d):
    x, y = data(rows, d)
    size = rows * 2 // 3
    x[:size] *= 1e-6  # the pilot sees none of the spread
    x[-1] = 1e3
    whole = fastgd.QuadraticCost.of(x, y).minimum
    turned = fastgd.QuadraticCost.of(x[::-1], y[::-1]).minimum
    assert whole.w == pytest.approx(turned.w, rel=1e-11)
    assert whole.cost == pytest.approx(turned.cost, rel=1e-12)


def test_a_first_block_of_constants():
    x = np.concatenate([np.full((300_000, 2), 7.0), np.random.default_rng(0).normal(size=(1000, 2))])
    x = x[-2000:] if numba.config.DISABLE_JIT else x
    y = x @ [1.0, -2.0] + 3.0
    minimum = fastgd.QuadraticCost.of(x, y).minimum
    assert minimum.w == pytest.approx([1.0, -2.0], rel=1e-11)
    assert minimum.b == pytest.approx(3.0, rel=1e-11)


def test_sorted_data():
    x = np.linspace(0.0, 1.0, 1001)
    minimum = fastgd.QuadraticCost.of(x, x**2).minimum
    w, b, least = reference.minimum(fractions(x), fractions(x**2))
    assert relative_error(minimum.cost, least) < 1e-13
    assert relative_error(minimum.w, w) < 1e-14
    assert relative_error(minimum.b, b) < 1e-13


class TestRank:
    def test_constant_column(self):
        x = np.column_stack([np.arange(10.0), np.full(10, 0.1)])
        y = 3.0 * x[:, 0] + 1.0
        with pytest.warns(RankWarning, match=r"constant: x\[1\]"):
            minimum = fastgd.QuadraticCost.of(x, y).minimum
        assert minimum.w == pytest.approx([3.0, 0.0], abs=1e-12)
        assert minimum.b == pytest.approx(1.0, abs=1e-12)

    def test_constant_feature(self):
        with pytest.warns(RankWarning, match=r"constant: x\b"):
            minimum = fastgd.QuadraticCost.of([5, 5, 5], [1, 2, 6]).minimum
        assert (minimum.w, minimum.b) == (0.0, 3.0)
        assert minimum.cost == pytest.approx(14 / 3)

    @pytest.mark.parametrize("scale", [1.0, 1e-9, 1e9])
    def test_collinear_columns_give_the_shortest_w(self, scale):
        x, y = data(50, 3)
        x[:, 2] = (x[:, 0] + 2.0 * x[:, 1]) * scale
        with pytest.warns(RankWarning, match=r"collinear: x\[0\], x\[1\], x\[2\]"):
            minimum = fastgd.QuadraticCost.of(x, y).minimum
        centred = x - x.mean(axis=0)
        expected = np.linalg.lstsq(centred, y - y.mean(), rcond=1e-12 if scale == 1.0 else None)[0]
        if scale == 1.0:
            assert minimum.w == pytest.approx(expected, rel=1e-9)
        residual = y - x @ minimum.w - minimum.b
        assert np.mean(residual**2) == pytest.approx(minimum.cost, rel=1e-9)
        assert np.abs(centred.T @ residual / scale**0.5).max() < 1e-6 * max(1.0, scale**0.5)

    def test_fewer_rows_than_parameters(self):
        x, y = data(3, 5)
        with pytest.warns(RankWarning, match="more rows than columns"):
            minimum = fastgd.QuadraticCost.of(x, y).minimum
        expected = np.linalg.lstsq(x - x.mean(axis=0), y - y.mean(), rcond=None)[0]
        assert minimum.w == pytest.approx(expected, rel=1e-9)
        assert minimum.cost < 1e-24

    def test_one_row(self):
        with pytest.warns(RankWarning):
            assert fastgd.QuadraticCost.of([3.0], [5.0]).minimum == (0.0, 5.0, 0.0)

    def test_column_names_are_used(self):
        frame = pandas.DataFrame({"age": [1.0, 2.0, 4.0], "twice": [2.0, 4.0, 8.0]})
        with pytest.warns(RankWarning, match="collinear: age, twice"):
            _ = fastgd.QuadraticCost.of(frame, [1.0, 2.0, 3.0]).minimum

    def test_a_penalty_determines_everything(self):
        x, y = data(40, 2)
        x[:, 1] = x[:, 0]
        solution = fastgd.QuadraticCost.of(x, y).solve(l2=0.1)
        assert solution.problem == ""
        assert solution.w[0] == pytest.approx(solution.w[1], rel=1e-12)


def test_l2_is_ridge():
    x, y = data(100, 3, offset=2.0)
    rows = [fractions(row) for row in x]
    w, b, _ = reference.minimum(rows, fractions(y), l2=Fraction(0.3))
    solution = fastgd.QuadraticCost.of(x, y).solve(0.3)
    assert solution.w == pytest.approx([float(v) for v in w], rel=1e-12)
    assert solution.b == pytest.approx(float(b), rel=1e-12)


def test_surface_agrees_with_single_costs():
    x, y = data(100, offset=1e4)
    quadratic = fastgd.QuadraticCost.of(x, y)
    w, b = np.linspace(1.9, 2.1, 7), np.linspace(-1000.0, 1000.0, 5)
    surface = quadratic.surface(w, b)
    expected = [[quadratic.mse(u, v) for v in b] for u in w]
    assert surface == pytest.approx(np.array(expected), rel=1e-13)
    with pytest.raises(ValueError, match="2 features"):
        fastgd.QuadraticCost.of([[1, 2], [3, 5], [5, 4]], [1, 2, 3]).surface(w, b)


def test_repr_says_what_it_holds():
    assert repr(fastgd.QuadraticCost.of([1, 2], [3, 4])) == "QuadraticCost(2 rows, w a number, with bias)"


def test_a_cost_that_overflows_is_infinite_and_no_error():
    quadratic = fastgd.QuadraticCost.of([1.0, 2.0, 3.0], [2.0, 4.0, 7.0])
    assert quadratic.mse(0.0, 1e200) == np.inf
    assert quadratic.mse(1e200, 1e200) == np.inf


def test_weights_of_several_features_are_counted_as_they_are_and_not_as_squares_of_roots():
    # Weights of 1 and 2 counted 3.0000000000000004 rows.
    x = np.array([[0.5, 1.0], [2.0, -1.0], [1.0, 3.0]])
    for weight in ([0, 1, 2], [3, 2, 2], [5, 7, 6]):
        assert fastgd.QuadraticCost.of(x, [1.0, 2.0, 4.0], sample_weight=weight).count == sum(weight)
