"""Laws over random shapes, scales, ties, constants, collinear columns and weights of zero, from one row up."""

import warnings

import numba
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fastgd

FEW = 8 if numba.config.DISABLE_JIT else 60
EPS = float(np.finfo(float).eps)


def law(function):
    function = settings(
        deadline=None, derandomize=True, max_examples=FEW, suppress_health_check=[HealthCheck.too_slow], database=None
    )(function)
    return pytest.mark.filterwarnings("ignore::UserWarning")(function)  # ours about rank and descents; NumPy's are not


@st.composite
def tables(draw, least=1, scales=True):
    """x (n,) or (n, d), y (n,), sizes of both: normal, tied, constant, collinear, far from 0; scaled by powers of two."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.one_of(st.integers(least, 6), st.integers(7, 60)))
    d = draw(st.sampled_from([None, 1, 2, 3, 5]))
    x = generator.normal(size=n if d is None else (n, d))
    kind = draw(st.sampled_from(["plain", "plain", "ties", "constant", "collinear", "offset"]))
    if kind == "ties":
        x = np.round(x)
    elif kind == "constant":
        x.reshape(n, -1)[:, 0] = 0.5
    elif kind == "collinear" and d is not None and d > 1:
        x[:, 1] = 2.0 * x[:, 0]
    elif kind == "offset":
        x += 1000.0
    y = generator.normal(size=n) + (x if d is None else x.sum(axis=1))
    powers = st.integers(-495, 480) if scales else st.just(0)
    return np.ldexp(x, draw(powers)), np.ldexp(y, draw(powers))


def size(q):
    """The mean square of y: what costs are rounded against."""
    return q.mean_square_y


@law
@given(tables(least=2), st.data())
def test_merge_is_refit(case, data):
    x, y = case
    cut = data.draw(st.integers(1, len(y) - 1))
    of = fastgd.QuadraticCost.of
    whole, merged = of(x, y), of(x[:cut], y[:cut]).merge(of(x[cut:], y[cut:]))
    grown = of(x[:cut], y[:cut])
    grown += x[cut:], y[cut:]
    scale = np.sqrt(np.diagonal(whole.factor.T @ whole.factor) / whole.count) + np.abs([*whole.mean_x, whole.mean_y])
    for other in (merged, grown):
        assert other.count == whole.count
        assert np.all(np.abs(np.append(other.mean_x - whole.mean_x, other.mean_y - whole.mean_y)) <= 8 * EPS * scale)
        unit = (other.factor.T @ other.factor - whole.factor.T @ whole.factor) / whole.count / scale / scale[:, None]
        assert np.abs(unit).max() <= 64 * EPS


@law
@given(tables(), st.data())
def test_weights_are_repeats_and_rows_of_weight_zero_are_no_rows(case, data):
    x, y = case
    weight = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(y), max_size=len(y))))
    weight[data.draw(st.integers(0, len(y) - 1))] = 1
    rx, ry = np.repeat(x, weight, axis=0), np.repeat(y, weight)
    w = np.zeros(()) if x.ndim == 1 else np.zeros(x.shape[1])
    w = float(w) if x.ndim == 1 else w
    weighted = fastgd.QuadraticCost.of(x, y, sample_weight=weight)
    repeated = fastgd.QuadraticCost.of(rx, ry)
    assert weighted.count == repeated.count
    assert weighted.solve().cost == pytest.approx(repeated.solve().cost, rel=1e-9, abs=1e-13 * size(repeated))
    for loss in ("squared", "absolute", "huber"):
        found = fastgd.cost(x, y, w, 0.25, loss=loss, sample_weight=weight)
        assert found == pytest.approx(fastgd.cost(rx, ry, w, 0.25, loss=loss), rel=1e-13, abs=5e-324)
        slopes = fastgd.gradient(x, y, w, 0.25, loss=loss, sample_weight=weight)
        expected = fastgd.gradient(rx, ry, w, 0.25, loss=loss)
        steep = 4.0 * (np.abs(ry).max() + 1.0)
        assert slopes.b == pytest.approx(expected.b, abs=64 * EPS * steep)
        assert np.abs(np.asarray(slopes.w) - expected.w).max() <= 64 * EPS * steep * np.abs(x).max() + 5e-324


@law
@given(tables(scales=False), st.integers(-400, 400), st.integers(-400, 400))
def test_powers_of_two_scale_the_minimum_to_the_bit(case, px, py):
    x, y = case
    plain, scaled = fastgd.QuadraticCost.of(x, y).minimum, fastgd.QuadraticCost.of(np.ldexp(x, px), np.ldexp(y, py)).minimum
    if x.ndim == 1:
        assert np.array_equal(scaled.w, np.ldexp(plain.w, py - px))
        assert np.array_equal(scaled.b, np.ldexp(plain.b, py))
        assert np.array_equal(scaled.cost, np.ldexp(plain.cost, 2 * py))
    else:  # the pilot of several features looks at lengths, whose roots are not powers of two
        assert scaled.cost == pytest.approx(np.ldexp(plain.cost, 2 * py), rel=1e-9, abs=np.ldexp(1e-26 * (y @ y), 2 * py))


@law
@given(tables(scales=False), st.integers(-1000, 1000), st.integers(-1000, 1000))
def test_moving_the_data_moves_the_minimum(case, dx, dy):
    x, y = case
    plain, moved = fastgd.QuadraticCost.of(x, y), fastgd.QuadraticCost.of(x + dx, y + dy)
    w, v = plain.solve(), moved.solve()
    far = 1.0 + abs(dx) + abs(dy) + np.abs(x).max() + np.abs(y).max()
    assert v.cost == pytest.approx(w.cost, rel=1e-8, abs=256 * EPS * far * np.sqrt(w.cost) + (64 * EPS * far) ** 2)
    if not w.problem and not v.problem and w.condition < 1e3:
        spread = plain.standardized()[2].min()
        slack = 256 * EPS * far * w.condition * (1.0 + np.abs(w.w).max() + np.abs(y).max() / spread) / min(spread, 1.0)
        assert np.abs(w.w - v.w).max() <= slack
        assert abs(v.b - (w.b + dy - dx * np.sum(w.w))) <= slack * far


@law
@given(tables(), st.sampled_from([0.0, 0.1]), st.booleans(), st.booleans())
def test_a_batch_of_all_rows_is_the_full_batch_and_moments_are_data(case, l2, bias, standardize):
    x, y = case
    options = {"epochs": 4, "l2": l2 if standardize else 0.0, "bias": bias, "standardize": standardize, "shuffle": "none"}
    moments = fastgd.fit(x, y, via="moments", **options)
    rate = moments.learning_rate
    near = 1e-11 * fastgd.QuadraticCost.of(x, y).mean_square_y
    for way in ({"via": "data"}, {"batch_size": len(y)}):
        found = fastgd.fit(x, y, learning_rate=rate, **options, **way)
        k = min(len(found.history.cost), len(moments.history.cost))
        assert np.abs(found.history.cost[:k] - moments.history.cost[:k]).max() <= near
        assert abs(found.cost - moments.cost) <= near


@law
@given(tables(), st.sampled_from([None, 1, 2]))
def test_blocks_are_arrays_and_nothing_is_written_to(case, batch):
    x, y = case
    batch = None if batch is None else min(batch, len(y))
    kept = x.copy(), y.copy()
    cut = len(y) // 2
    blocks = [(x[:cut], y[:cut]), (x[cut:], y[cut:])] if cut else [(x, y)]
    one, other = fastgd.QuadraticCost.of(x, y), fastgd.QuadraticCost.of(blocks, None)
    assert np.array_equal(one.factor, other.factor)
    assert np.array_equal(one.mean_x, other.mean_x)
    options = {"batch_size": batch, "shuffle": "none", "epochs": 3, "learning_rate": "auto"}
    fit, same = fastgd.fit(x, y, **options), fastgd.fit(blocks, None, **options)
    assert np.array_equal(fit.w, same.w)
    assert (fit.b, fit.status) == (same.b, same.status)
    for given_array, copy in zip((x, y), kept, strict=True):
        assert np.array_equal(given_array, copy)


@law
@given(tables())
def test_the_minimum_is_one(case):
    x, y = case
    q = fastgd.QuadraticCost.of(x, y)
    low = q.solve()
    assert 0.0 <= low.cost <= q.constant_cost * (1.0 + 1e-12)
    spread = np.where(q.standardized()[2] > 0.0, q.standardized()[2], 1.0)
    step = np.sqrt(size(q)) * 1e-3
    for sign in (-1.0, 1.0):
        for j in range(q.d):
            w = low.w.copy()
            w[j] += sign * step / spread[j]
            assert q.mse_at(w, low.b) >= low.cost * (1.0 - 1e-9)
        assert q.mse_at(low.w, low.b + sign * step) >= low.cost * (1.0 - 1e-9)


@law
@given(st.lists(st.floats(-1e-300, 1e-300), min_size=1, max_size=20), st.data())
def test_denormals(values, data):
    y = np.array(data.draw(st.lists(st.floats(-1e-300, 1e-300), min_size=len(values), max_size=len(values))))
    x = np.array(values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fastgd.RankWarning)
        minimum = fastgd.QuadraticCost.of(x, y).minimum
    assert minimum.cost == 0.0  # all squares vanish
    # As good a line as the best constant, and a better one where x has digits.
    assert np.all(np.abs(x * minimum.w + minimum.b - y) <= 2.0 * np.ptp(y) + 4 * EPS * np.abs(y).max() + 1e-322)
    with pytest.raises(ValueError, match="y is too small") if y.any() else warnings.catch_warnings():
        warnings.simplefilter("ignore", fastgd.RankWarning)
        assert np.isfinite(fastgd.fit(x, y, epochs=3).w)
    assert fastgd.mse(x, y, 1.0) == 0.0
