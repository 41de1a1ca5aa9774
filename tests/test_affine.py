"""AffineMap: the laws of composition, exact arithmetic, and what it says of bad arguments."""

from fractions import Fraction

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import fastgd
from fastgd import AffineMap, reference

EPS = float(np.finfo(float).eps)
COMPILED = not numba.config.DISABLE_JIT
many_rows = pytest.mark.skipif(not COMPILED, reason="blocks have up to 262144 rows: several of them only when compiled")


def data(n, d, seed=0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, d)) + 0.3
    return x, x @ np.arange(1.0, d + 1) + 0.5 + 0.3 * generator.normal(size=n), generator.random(n) + 0.1


def augmented(f):
    """The map as one matrix [[A, c], [0, 1]], so that composition is its product."""
    size = len(f.offset)
    return np.block([[f.matrix, f.offset[:, None]], [np.zeros((1, size)), np.ones((1, 1))]])


def close(one, other, bound, products):
    """Whether two maps agree to the rounding of so many products whose absolute values multiply to `bound`."""
    terms = len(one.offset) + 2
    return bool((np.abs(augmented(one) - augmented(other)) <= 2 * products * terms * EPS * bound + 1e-280).all())


numbers = st.floats(-10.0, 10.0, allow_subnormal=False)


def maps(count):
    def of_size(size):
        one = st.builds(AffineMap, arrays(float, (size, size), elements=numbers), arrays(float, size, elements=numbers))
        return st.tuples(*[one] * count)

    return st.integers(1, 4).flatmap(of_size)


class TestLaws:
    """Tolerances are the rounding of the products, elementwise: 2 products (size + 2) 2^-52 times those of |f|, |g|, |h|."""

    @settings(deadline=None)
    @given(maps(3))
    def test_composition_is_associative(self, fgh):
        f, g, h = fgh
        bound = np.abs(augmented(f)) @ np.abs(augmented(g)) @ np.abs(augmented(h))
        assert close(f.after(g).after(h), f.after(g.after(h)), bound, 2)

    @settings(deadline=None)
    @given(maps(1))
    def test_the_identity_is_neutral_on_both_sides(self, one):
        (f,) = one
        identity = AffineMap.identity(len(f.offset))
        for same in (f.after(identity), identity.after(f), f.power(1)):
            assert np.array_equal(same.matrix, f.matrix)
            assert np.array_equal(same.offset, f.offset)
        assert np.array_equal(identity(f.offset), f.offset)

    @settings(deadline=None)
    @given(maps(2), st.data())
    def test_after_is_function_application(self, fg, drawn):
        f, g = fg
        theta = drawn.draw(arrays(float, len(f.offset), elements=numbers))
        bound = np.abs(augmented(f)) @ np.abs(augmented(g)) @ np.append(np.abs(theta), 1.0)
        allowed = 4 * (len(theta) + 2) * EPS * bound[:-1] + 1e-280
        assert (np.abs(f.after(g)(theta) - f(g(theta))) <= allowed).all()

    @settings(deadline=None)
    @given(maps(1), st.integers(0, 12))
    def test_a_power_is_repeated_composition(self, one, times):
        (f,) = one
        repeated = AffineMap.identity(len(f.offset))
        for _ in range(times):
            repeated = f.after(repeated)
        bound = np.linalg.matrix_power(np.abs(augmented(f)), times)
        assert close(f.power(times), repeated, bound, times)

    @settings(deadline=None)
    @given(maps(1), st.integers(0, 8), st.integers(0, 8))
    def test_powers_add(self, one, a, b):
        (f,) = one
        bound = np.linalg.matrix_power(np.abs(augmented(f)), a + b)
        assert close(f.power(a + b), f.power(a).after(f.power(b)), bound, a + b + 1)
        assert close(f.power(a + b), f.power(b).after(f.power(a)), bound, a + b + 1)

    def test_composition_is_not_commutative(self):
        half, shift = AffineMap([[0.5]], [0.0]), AffineMap([[1.0]], [1.0])
        assert half.after(shift)([0.0]) == [0.5]
        assert shift.after(half)([0.0]) == [1.0]
        # nor are the updates of two samples: the order of the rows matters
        one, other = (AffineMap.of(x, y, 0.1) for x, y in (([1, 2], [3, 1]), ([2, 1], [1, 3])))
        assert np.abs(one.matrix - other.matrix).max() > 0.1

    def test_no_power_is_the_identity_and_high_powers_reach_the_fixed_point(self):
        epoch = AffineMap.of([1, 2, 3], [2, 4, 6], 0.01)
        assert np.array_equal(epoch.power(0).matrix, np.eye(2))
        assert epoch.power(10**6)([5.0, -7.0]) == pytest.approx([2.0, 0.0], abs=1e-12)


class TestSpectralRadius:
    @pytest.mark.parametrize(
        ("matrix", "radius"),
        [
            (np.eye(3), 1.0),
            (np.zeros((2, 2)), 0.0),
            (np.diag([2.0, -3.0, 0.5]), 3.0),
            ([[0.0, 1.0], [0.0, 0.0]], 0.0),
            ([[0.25, 100.0], [0.0, -0.5]], 0.5),
            (0.9 * np.array([[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]]), 0.9),
            ([[2.0, 1.0], [1.0, 2.0]], 3.0),
            ([[np.inf, 0.0], [0.0, 1.0]], np.inf),
            ([[np.nan, 0.0], [0.0, 1.0]], np.inf),
        ],
    )
    def test_of_known_matrices(self, matrix, radius):
        assert AffineMap(matrix, np.zeros(len(matrix))).spectral_radius == pytest.approx(radius, rel=1e-14)

    @pytest.mark.parametrize("rate", [0.001, 0.01, 0.1, 1.0])
    @pytest.mark.parametrize("d", [1, 3, 6])
    def test_of_one_sample(self, rate, d):
        # I - 2a z z' has the eigenvalues 1 - 2a z'z and, d times, 1
        x, y, _ = data(1, d)
        expected = max(1.0, abs(1.0 - 2.0 * rate * (1.0 + float(x[0] @ x[0]))))
        assert AffineMap.of(x, y, rate).spectral_radius == pytest.approx(expected, rel=1e-13)

    @pytest.mark.parametrize("d", [1, 3, 6])
    @pytest.mark.parametrize("batch_size", [1, 3])
    def test_of_a_map_beyond_all_numbers_is_infinite_and_silent(self, d, batch_size):
        x, y, _ = data(30, d)
        assert AffineMap.of(x, y, 1e100, batch_size=batch_size).spectral_radius == np.inf

    def test_is_in_the_repr(self):
        assert repr(AffineMap([[0.5]], [1.0])) == "AffineMap(1 parameters, spectral radius 0.5)"


def fitted(found, matrix, offset):
    """The part of (w, b) that is fitted: without a bias, w."""
    k = len(found.offset)
    return matrix[:k, :k], offset[:k]


def by_the_specification(x, y, rate, batch, bias, l2, weight):
    """The map by the reference descent on fractions, exactly: where 0 goes is c, and where unit vectors go is A + c."""
    d = x.shape[1]

    def fractions(values):
        return [Fraction(value) for value in values]

    def go(theta):
        (_, (w, b)) = reference.fit(
            [fractions(row) for row in x.tolist()], fractions(y.tolist()), w0=theta[:d], b0=theta[d],
            learning_rate=Fraction(rate), epochs=1, batch_size=batch, bias=bias, l2=Fraction(l2),
            sample_weight=None if weight is None else fractions(weight.tolist()),
        )  # fmt: skip
        return np.array([*w, b], dtype=object)

    offset = go([Fraction(0)] * (d + 1))
    columns = [go([Fraction(int(i == j)) for i in range(d + 1)]) - offset for j in range(d + 1)]
    return np.column_stack(columns), offset


BITS = 320  # fractions in units of 2^-320: a run of rows is off by some n 2^-320, and its numbers stay short


def by_long_integers(x, y, rate, batch, bias, l2, weight):
    """The same in fixed point: as exact for our purposes, and not slower with every row."""
    n, d = x.shape

    def units(values):
        return np.vectorize(lambda value: int(Fraction(value) * 2**BITS), otypes=[object])(values)

    gain = np.full(n, Fraction(2 * Fraction(rate)))
    if weight is not None:
        exact = [Fraction(value) for value in weight.tolist()]
        gain = gain * (np.array(exact, dtype=object) * n / sum(exact))
    z, targets, gain = units(np.column_stack([x, np.ones(n)])), units(y), units(gain)
    decay = int((1 - 2 * Fraction(rate) * Fraction(l2)) * 2**BITS)
    state = units(np.eye(d + 1, d + 2))
    for start in range(0, n, batch):
        rows = slice(start, start + batch)
        error = (z[rows] @ state) >> BITS
        error[:, -1] -= targets[rows]
        change = (z[rows].T @ ((gain[rows, None] * error) >> BITS) >> BITS) // len(error)
        state[:d] = (state[:d] * decay >> BITS) - change[:d]
        if bias:
            state[d] -= change[d]
    fractions = np.vectorize(lambda value: Fraction(value, 2**BITS), otypes=[object])(state)
    return fractions[:, :-1], fractions[:, -1]


def relative_error(found, exact):
    """The largest error relative to the largest number, worked out in fractions."""
    exact_found = np.vectorize(Fraction, otypes=[object])(found)
    return float(np.abs(exact_found - exact).max() / np.abs(exact).max())


OPTIONS = [(True, 0.0, False), (False, 0.0, False), (True, 0.2, True), (False, 0.3, True)]


@pytest.mark.parametrize("d", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("batch_size", [1, 3, None])
@pytest.mark.parametrize(("bias", "l2", "weighted"), OPTIONS)
class TestExactArithmetic:
    def both(self, n, d, batch_size, bias, l2, weighted, rate):
        x, y, weight = data(n, d)
        weight = weight if weighted else None
        batch = n if batch_size is None else batch_size
        found = AffineMap.of(x, y, rate, batch_size=batch, bias=bias, l2=l2, sample_weight=weight)
        return found, (x, y, rate, batch, bias, l2, weight)

    def test_few_rows(self, d, batch_size, bias, l2, weighted):
        found, arguments = self.both(10, d, batch_size, bias, l2, weighted, 0.05)
        matrix, offset = fitted(found, *by_the_specification(*arguments))
        assert relative_error(found.matrix, matrix) <= 1e-13
        assert relative_error(found.offset, offset) <= 1e-13
        # and the long integers, which alone reach further, are right
        for exact, value in zip((matrix, offset), fitted(found, *by_long_integers(*arguments)), strict=True):
            assert float(np.abs(value - exact).max()) < 2.0**-300

    @pytest.mark.parametrize("n", [300, 1500, 3100] if COMPILED else [60])
    def test_several_tiles_and_a_remainder(self, n, d, batch_size, bias, l2, weighted):
        # A tile has 1024 rows of one feature, 512 of two, 256 of three and four. The rate leaves some of A.
        found, arguments = self.both(n, d, batch_size, bias, l2, weighted, 5.0 / n if batch_size == 1 else 0.05)
        matrix, offset = fitted(found, *by_long_integers(*arguments))
        assert relative_error(found.matrix, matrix) <= 1e-12
        assert relative_error(found.offset, offset) <= 1e-12


@pytest.mark.parametrize("d", [1, 2, 3])
def test_one_whole_tile_and_one_row_more_or_less(d):
    tile = {1: 1024, 2: 512, 3: 256}[d]
    for n in (tile - 1, tile, tile + 1) if COMPILED or d == 3 else (tile,):
        x, y, weight = data(n, d)
        found = AffineMap.of(x, y, 0.003, sample_weight=weight, l2=0.1)
        matrix, offset = by_long_integers(x, y, 0.003, 1, True, 0.1, weight)
        assert relative_error(found.matrix, matrix) <= 1e-12
        assert relative_error(found.offset, offset) <= 1e-12


@pytest.mark.parametrize("d", [1, 2, 4, 6])
@pytest.mark.parametrize("batch_size", [1, 3, "all"])
def test_an_epoch_of_the_map_is_an_epoch_of_fit(d, batch_size):
    x, y, weight = data(200 if not COMPILED else 2_000, d)
    theta = np.linspace(-1.0, 2.0, d + 1)
    batch = len(y) if batch_size == "all" else batch_size
    for options in ({}, {"bias": False}, {"l2": 0.1, "sample_weight": weight}):
        start = theta if options.get("bias", True) else np.append(theta[:-1], 0.0)
        epoch = AffineMap.of(x, y, 0.01, batch_size=batch, **options)
        found = np.append(epoch(start[: len(epoch.offset)]), start[len(epoch.offset) :])  # without a bias b is not in it
        fit = fastgd.fit(
            x, y, w0=start[:-1], b0=start[-1], batch_size=batch, learning_rate=0.01, epochs=1, shuffle="none", **options
        )
        assert np.abs(np.append(fit.w, fit.b) - found).max() <= 1e-12 * np.abs(found).max()


def test_one_feature_may_be_flat():
    x, y, _ = data(40, 1)
    one, other = (AffineMap.of(values, y, 0.01) for values in (x, x[:, 0]))
    assert np.array_equal(one.matrix, other.matrix)
    assert np.array_equal(one.offset, other.offset)


@pytest.mark.parametrize("d", [1, 2, 4, 6])
@pytest.mark.parametrize("batch_size", [1, 7])
def test_any_number_of_threads_gives_the_same_bits(rows, d, batch_size):
    rows = rows if COMPILED else rows // 5
    x, y, weight = data(rows, d)
    for sample_weight in (None, weight):
        one, *others = (
            AffineMap.of(x, y, 3.0 / rows, batch_size=batch_size, sample_weight=sample_weight, threads=threads)
            for threads in (1, 2, 3, 8)
        )
        for other in others:
            assert np.array_equal(other.matrix, one.matrix)
            assert np.array_equal(other.offset, one.offset)


@many_rows
@pytest.mark.parametrize("d", [1, 2, 4, 6])
@pytest.mark.parametrize("batch_size", [1, 7, 1000, 300_000])
def test_edges_of_blocks_do_not_show(rows, d, batch_size):
    x, y, _ = data(rows, d)
    rate = 3.0 / rows if batch_size < 1000 else 0.01
    whole = AffineMap.of(x, y, rate, batch_size=batch_size)
    composed = AffineMap.identity(d + 1)
    size = max(31_000 // batch_size, 1) * batch_size  # pieces that end where a batch ends, and no block does
    for start in range(0, rows, size):
        part = slice(start, start + size)
        length = min(batch_size, len(y[part]))
        composed = AffineMap.of(x[part], y[part], rate, batch_size=length).after(composed)
    # 400 000 roundings of half a unit at random are some 1e-13
    assert np.abs(whole.matrix - composed.matrix).max() <= 1e-12 * np.abs(composed.matrix).max()
    assert np.abs(whole.offset - composed.offset).max() <= 1e-12 * np.abs(composed.offset).max()


def test_a_contraction_beyond_all_digits_still_leads_to_the_end():
    x, y, _ = data(3_000 if COMPILED else 1_100, 1)
    epoch = AffineMap.of(x, y, 0.3)
    assert epoch.spectral_radius < 1e-80
    one, other = epoch([1e3, -1e3]), epoch([0.0, 0.0])
    assert one == pytest.approx(other, rel=1e-13)


def test_what_is_given_is_neither_kept_nor_written():
    matrix, offset = np.eye(2), np.ones(2)
    made = AffineMap(matrix, offset)
    made.matrix[0, 0] = 5.0
    made.offset[0] = 5.0
    assert np.array_equal(matrix, np.eye(2))
    assert np.array_equal(offset, np.ones(2))
    x, y, weight = data(50, 3)
    kept = x.copy(), y.copy(), weight.copy()
    AffineMap.of(x, y, 0.1, sample_weight=weight)
    assert all(np.array_equal(now, before) for now, before in zip((x, y, weight), kept))


@pytest.mark.parametrize(
    ("options", "kind", "sentence"),
    [
        ({"learning_rate": 0.0}, ValueError, "learning_rate is 0: it must be above 0"),
        ({"learning_rate": -0.1}, ValueError, "learning_rate is -0.1: it must be above 0"),
        ({"learning_rate": np.nan}, ValueError, "learning_rate is nan: it must be a finite number"),
        ({"learning_rate": "auto"}, TypeError, "learning_rate is 'auto': it must be a number"),
        ({"l2": -1.0}, ValueError, "l2 is -1: it must be 0 or above"),
        ({"l2": np.inf}, ValueError, "l2 is inf"),
        ({"batch_size": 0}, ValueError, "batch_size is 0: it must be from 1 to 3"),
        ({"batch_size": 4}, ValueError, "batch_size is 4: it must be from 1 to 3"),
        ({"batch_size": 1.0}, TypeError, "batch_size is 1.0: it must be a whole number"),
        ({"sample_weight": [1, -1, 1]}, ValueError, "sample_weight is -1 in row 1"),
        ({"sample_weight": [0, 0, 0]}, ValueError, "sample_weight is 0 in every row"),
        ({"sample_weight": [1, np.nan, 1]}, ValueError, "sample_weight is nan in row 1"),
        ({"sample_weight": [1, 1]}, ValueError, "x has 3 rows and sample_weight has 2"),
        ({"threads": 0}, ValueError, "threads is 0"),
    ],
)
def test_bad_options(options, kind, sentence):
    with pytest.raises(kind, match=sentence):
        AffineMap.of([1, 2, 3], [2, 4, 6], **{"learning_rate": 0.1} | options)


@pytest.mark.parametrize("d", [1, 3, 6])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_row_that_is_no_number_is_named(rows, d, batch_size):
    n = rows if d < 6 else rows // 4
    x, y, _ = data(n, d)
    row = n - 5
    x[row, d - 1] = np.nan
    column = f", column x\\[{d - 1}\\]" if d > 1 else ""
    with pytest.raises(ValueError, match=f"x is nan in row {row}{column}: every value must be a finite number"):
        AffineMap.of(x, y, 1e-6, batch_size=batch_size)
    x[row, d - 1] = 0.0
    y[row] = -np.inf
    with pytest.raises(ValueError, match=f"y is -inf in row {row}: "):
        AffineMap.of(x, y, 1e-6, batch_size=batch_size)


@pytest.mark.parametrize(
    ("matrix", "offset", "shapes"),
    [
        ([[1.0, 2.0]], [1.0], r"matrix has shape \(1, 2\) and offset \(1,\)"),
        (np.eye(2), np.ones(3), r"matrix has shape \(2, 2\) and offset \(3,\)"),
        (np.eye(2), np.ones((2, 1)), r"matrix has shape \(2, 2\) and offset \(2, 1\)"),
        (np.ones(2), np.ones(2), r"matrix has shape \(2,\) and offset \(2,\)"),
    ],
)
def test_shapes_that_do_not_fit(matrix, offset, shapes):
    with pytest.raises(ValueError, match=shapes + r": they must be \(k, k\) and \(k,\) for one k"):
        AffineMap(matrix, offset)


def test_parts_of_a_wrong_kind():
    with pytest.raises(TypeError, match="matrix is None"):
        AffineMap(None, [1.0])
    with pytest.raises(TypeError, match="offset holds 1j in row 0"):
        AffineMap([[1.0]], [1j])
    with pytest.raises(ValueError, match="times is -1"):
        AffineMap.identity(2).power(-1)
    with pytest.raises(ValueError, match="size is 0"):
        AffineMap.identity(0)
