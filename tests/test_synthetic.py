"""Random rows: Philox against its published vectors, Box-Muller against the maths, and the laws of chance."""

import itertools
import math
import platform
import re

import numba
import numpy as np
import pytest
from scipy import special, stats

from fastgd import Synthetic, make_linear
from fastgd.kernels import synthetic

# The uncompiled run walks every row in the interpreter, 0.1 ms each.
N = 2_000 if numba.config.DISABLE_JIT else 200_000
MASK = 0xFFFFFFFF


def rows(n, start=0, *, w=(0.0,), b=0.0, noise=1.0, seed=0):
    x, y = np.full((n, len(w)), np.nan), np.full(n, np.nan)
    synthetic.linear_rows(start, x, y, np.array(w, dtype=float), b, noise, False, 0.0, seed & MASK, seed >> 32)
    return x, y


def x_and_e(n, seed=0):
    """The feature and the noise of n rows of one feature, as two columns of independent normal numbers."""
    x, y = rows(n, seed=seed)
    return x[:, 0], y


def philox_by_the_paper(counter, key):
    """Ten rounds as Salmon et al. print them, in Python's integers."""
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(10):
        left, right = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (right >> 32) ^ c1 ^ k0, right & MASK, (left >> 32) ^ c3 ^ k1, left & MASK
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


def normal_pair_by_the_maths(row, pair, seed):
    """What the module's docstring promises, by the logarithm, cosine and sine of the C library."""
    w0, w1, w2, w3 = philox_by_the_paper((row & MASK, row >> 32, pair, 0), (seed & MASK, seed >> 32))
    one, other = w1 << 32 | w0, w3 << 32 | w2
    radius = math.sqrt(-2 * math.log(((one >> 12) + 0.5) / 2**52))
    angle = math.pi / 2 * (((other >> 12) + 0.5) / 2**52 - 0.5)
    first, second = radius * math.cos(angle), radius * math.sin(angle)
    if other & 2:
        first, second = second, first
    return (-first, -second) if other & 1 else (first, second)


# Random123, tests/kat_vectors: philox4x32 with 10 rounds; counter, key, result.
VECTORS = [
    ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([MASK] * 4, [MASK] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        [0xA4093822, 0x299F31D0],
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), VECTORS)
def test_philox_has_the_published_words(counter, key, words):
    assert list(philox_by_the_paper(counter, key)) == words
    made = synthetic.philox(*[np.uint64(value) for value in (*counter, *key)])
    assert [int(value) for value in made] == words


@pytest.mark.parametrize("start", [0, 2**32 - 7, 2**40 + 12345, 2**63 - 20])
@pytest.mark.parametrize("seed", [0, 1, 2**32, 2**64 - 1])
def test_rows_are_those_of_the_maths(start, seed):
    x, y = rows(19, start, w=(0.0, 0.0, 0.0), seed=seed)
    for i in range(19):
        e, x0 = normal_pair_by_the_maths(start + i, 0, seed)
        x1, x2 = normal_pair_by_the_maths(start + i, 1, seed)
        assert [y[i], *x[i]] == pytest.approx([e, x0, x1, x2], rel=2e-15)


def test_the_bits_are_the_same_on_every_machine_compiled_or_not():
    x, y = rows(2, 2**33, w=(1.5, -0.5), b=0.25, noise=0.125, seed=20_260_101)
    assert [value.hex() for value in (*x.ravel().tolist(), *y.tolist())] == [
        "-0x1.088687aaa3179p+1",
        "0x1.8af346416e75cp-2",
        "-0x1.cda8e76f9f5eep-1",
        "0x1.c24030a7a1cacp+0",
        "-0x1.6f8fd54367738p+1",
        "-0x1.1637d8acf42f4p+1",
    ]


def as_in_its_kernel(helper):
    """The helper compiled without fast-math, as it is where it is inlined; called alone it would have other flags."""
    return helper if numba.config.DISABLE_JIT else numba.njit(error_model="numpy")(helper.py_func)


def test_logarithm_is_good_to_two_ulp():
    powers = 2.0 ** np.arange(1, 53)
    u = np.concatenate([powers, 2.0**53 - powers, powers + 1, np.linspace(1, 2**53 - 1, 999).round()]) / 2**53
    log = as_in_its_kernel(synthetic.log)
    ours = np.array([log(value) for value in u])
    assert np.all(np.abs(ours - np.log(u)) <= 2 * np.spacing(np.abs(np.log(u))))


def test_cosine_and_sine_are_good_to_three_ulp():
    r = np.concatenate([np.linspace(-0.5, 0.5, 1001), 2.0 ** -np.arange(1.0, 54.0)])
    cos_sin = as_in_its_kernel(synthetic.cos_sin)
    c, s = np.array([cos_sin(value) for value in r]).T
    angle = np.asarray(np.pi / 2 * r.astype(np.longdouble))
    assert np.all(np.abs(c - np.cos(angle)) <= 3 * np.spacing(c))
    assert np.all(np.abs(s - np.sin(angle)) <= 3 * np.spacing(np.maximum(np.abs(s), 1e-300)))


def test_the_extreme_words_make_finite_numbers():
    ends = [np.uint64(0), np.uint64(2**64 - 1), np.uint64(2**63), np.uint64(2**63 - 1)]
    box_muller = as_in_its_kernel(synthetic.box_muller)
    made = np.array([box_muller(one, other) for one in ends for other in ends])
    assert np.isfinite(made).all()
    # u >= 2^-53 bounds every number.
    assert np.abs(made).max() == pytest.approx(math.sqrt(2 * 53 * math.log(2)), rel=1e-12)


@pytest.mark.parametrize("w", [(2.0,), (1.0, -2.0), (0.5, 1.0, -1.0, 3.0)])
def test_pieces_have_the_bits_of_the_whole(w):
    n, start = min(N, 3_000), 2**32 - 1_000
    model = {"w": w, "b": 0.5, "noise": 0.1, "seed": 7}
    x, y = rows(n, start, **model)
    cuts = np.unique(np.r_[0, 1, 2, 513, 1000, np.random.default_rng(0).integers(0, n, 5), n])
    cuts = cuts[cuts <= n].tolist()
    for low, high in itertools.pairwise(cuts):
        x_piece, y_piece = rows(high - low, start + low, **model)
        np.testing.assert_array_equal(x_piece, x[low:high])
        np.testing.assert_array_equal(y_piece, y[low:high])


def test_features_and_noise_do_not_depend_on_how_many_there_are():
    x5, e5 = rows(100, w=(0.0,) * 5, seed=3)
    for d in range(1, 5):
        x, e = rows(100, w=(0.0,) * d, seed=3)
        np.testing.assert_array_equal(x, x5[:, :d])
        np.testing.assert_array_equal(e, e5)


def test_y_is_the_model_of_x():
    x, y = rows(1000, w=(2.0,), b=0.5, noise=0.0)
    np.testing.assert_array_equal(y, x[:, 0] * 2.0 + 0.5)
    _, e = rows(1000, w=(0.0, 0.0, 0.0))
    w = np.array([1.0, -3.0, 0.5])
    x, y = rows(1000, w=w, b=-2.0, noise=0.25)
    np.testing.assert_allclose(y, x @ w - 2.0 + 0.25 * e, rtol=0, atol=4e-15)


def test_moments_are_normal():
    for z in x_and_e(N, seed=11):
        # Standard errors of the first four moments of N normal numbers: sqrt of 1, 2, 15, 96 over N.
        moments = [z.mean(), (z**2).mean() - 1, (z**3).mean(), (z**4).mean() - 3]
        assert np.all(np.abs(moments) < 4 * np.sqrt(np.array([1, 2, 15, 96]) / N))


def test_distribution_is_normal():
    for z in x_and_e(N, seed=12):
        assert stats.kstest(z, "norm").pvalue > 1e-3
        share = np.bincount((special.ndtr(z) * 50).astype(int), minlength=50)
        assert stats.chisquare(share).pvalue > 1e-3


def test_radius_and_angle_are_uniform():
    x, e = x_and_e(N, seed=13)
    assert stats.kstest(np.exp(-(x**2 + e**2) / 2), "uniform").pvalue > 1e-3
    assert stats.kstest(np.arctan2(e, x) / (2 * np.pi) + 0.5, "uniform").pvalue > 1e-3


def uncorrelated(one, other):
    """No correlation of the numbers, nor of their sizes, beyond 4 standard errors."""
    pairs = [(one, other), (np.abs(one), np.abs(other)), (one, np.abs(other))]
    return all(abs(np.corrcoef(a, b)[0, 1]) < 4 / math.sqrt(len(one)) for a, b in pairs)


@pytest.mark.parametrize("lag", [1, 2, 8, 512])
def test_neighbours_are_independent(lag):
    for z in x_and_e(N, seed=14):
        assert uncorrelated(z[lag:], z[:-lag])


def test_features_and_noise_are_independent():
    x, e = rows(N // 5, w=(0.0,) * 4, seed=15)
    columns = [*x.T, e]
    assert all(uncorrelated(a, b) for a, b in itertools.combinations(columns, 2))
    table = np.histogram2d(special.ndtr(x[:, 0]), special.ndtr(e), bins=5, range=[[0, 1], [0, 1]])[0]
    assert stats.chi2_contingency(table).pvalue > 1e-3


def test_seeds_are_independent():
    seeds = [0, 1, 2, 2**32, 2**32 + 1, 2**63, 2**64 - 1]
    columns = [x_and_e(N // 10, seed)[0] for seed in seeds]
    assert all(uncorrelated(a, b) for a, b in itertools.combinations(columns, 2))


def test_the_two_halves_of_a_row_number_are_both_used():
    columns = [rows(100, start)[0][:, 0] for start in (0, 1 << 32, 1 << 33, 1 << 62)]
    for a, b in itertools.combinations(columns, 2):
        assert not np.any(a == b)


@pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT) or platform.machine() not in ("x86_64", "AMD64"),
    reason="whether a 64-bit product is worth packing depends on the processor; uncompiled, nothing is packed",
)
def test_several_rows_are_made_at_a_time():
    x, y = np.empty(8), np.empty(8)
    normals = as_in_its_kernel(synthetic.normals)  # a fresh one: the cache keeps no listing
    normals(0, 0, 1, 2, x, y)
    (code,) = normals.inspect_llvm().values()
    for operation in ("mul <[0-9]+ x i64>", "fmul <[0-9]+ x double>", "fdiv <[0-9]+ x double>"):
        assert re.search(operation, code), operation


def made(n, **options):
    """Rows of a source as columns: x (n,) or (n, d), and the noise in its own units."""
    options = {"w": 0.0, "b": 0.0, "noise": 1.0} | options
    block = Synthetic(n, **options).table().read(0, n)
    return block.x, block.y


def test_uniform_features_are_uniform_and_the_noise_stays_normal():
    x, e = made(N, x="uniform", seed=21)
    assert 0.0 <= x.min() < 0.01
    assert 0.99 < x.max() < 1.0
    # Standard errors of the mean, variance and third central moment of N uniform numbers.
    moments = [x.mean() - 1 / 2, x.var() - 1 / 12, ((x - 0.5) ** 3).mean()]
    assert np.all(np.abs(moments) < 4 * np.sqrt(np.array([1 / 12, 1 / 180, 1 / 448]) / N))
    assert stats.kstest(x, "uniform").pvalue > 1e-3
    assert stats.kstest(e, "norm").pvalue > 1e-3
    assert uncorrelated(x - 0.5, e)


@pytest.mark.parametrize("lag", [1, 2, 512])
def test_uniform_neighbours_are_independent(lag):
    x, e = made(N, x="uniform", seed=22)
    assert uncorrelated(x[lag:] - 0.5, x[:-lag] - 0.5)
    assert uncorrelated(x[lag:] - 0.5, e[:-lag])


def test_uniform_features_of_a_row_are_independent():
    x, e = made(N // 5, w=np.zeros(5), x="uniform", seed=23)
    columns = [*(x - 0.5).T, e]
    assert all(uncorrelated(a, b) for a, b in itertools.combinations(columns, 2))
    assert all(stats.kstest(column, "uniform").pvalue > 1e-4 for column in x.T)


@pytest.mark.parametrize("x", ["normal", "uniform"])
@pytest.mark.parametrize("share", [0.01, 0.3])
def test_outliers_are_a_share_of_the_rows_with_ten_times_the_noise(x, share):
    feature, e = made(N, x=x, outliers=share, seed=24)
    same_feature, plain = made(N, x=x, seed=24)
    np.testing.assert_array_equal(feature, same_feature)
    out = e != plain
    np.testing.assert_allclose(e[out], 10.0 * plain[out], rtol=1e-15)
    assert abs(out.mean() - share) < 4 * math.sqrt(share * (1 - share) / N)
    mixture = (1 - share) + 100 * share
    fourth = 3 * ((1 - share) + 1e4 * share)
    assert abs((e**2).mean() - mixture) < 4 * math.sqrt((fourth - mixture**2) / N)
    assert stats.kstest(e, lambda v: (1 - share) * special.ndtr(v) + share * special.ndtr(v / 10)).pvalue > 1e-3
    # Who is an outlier has to do neither with x, nor with e, nor with the rows beside.
    centred = feature - feature.mean()
    assert uncorrelated(out - out.mean(), centred)
    assert uncorrelated(out - out.mean(), plain)
    for lag in (1, 2, 512):
        assert abs(np.corrcoef(out[lag:], out[:-lag])[0, 1]) < 4 / math.sqrt(N)
    assert stats.kstest(plain[out], "norm").pvalue > 1e-3


def test_streams_of_other_seeds_are_independent_outliers_too():
    seeds = [0, 1, 2**32, 2**64 - 1]
    streams = [made(N // 4, x="uniform", outliers=0.3, seed=seed) for seed in seeds]
    for (x0, e0), (x1, e1) in itertools.combinations(streams, 2):
        assert uncorrelated(x0 - 0.5, x1 - 0.5)
        assert uncorrelated(np.abs(e0) > 3, np.abs(e1) > 3)


def test_all_and_none_are_outliers():
    plain = made(500, seed=25)[1]
    np.testing.assert_array_equal(made(500, outliers=0.0, seed=25)[1], plain)
    np.testing.assert_allclose(made(500, outliers=1.0, seed=25)[1], 10.0 * plain, rtol=1e-15)


@pytest.mark.parametrize("w", [2.0, [1.0], [1.0, -2.0, 0.5]])
def test_the_normal_rows_are_those_of_make_linear(w):
    n = min(N, 30_000)
    x, y = make_linear(n, w, -0.25, noise=0.125, seed=26)
    block = Synthetic(n, w, -0.25, noise=0.125, seed=26).table().read(0, n)
    np.testing.assert_array_equal(block.x.reshape(x.shape), x)
    np.testing.assert_array_equal(block.y, y)


@pytest.mark.parametrize("options", [{}, {"x": "uniform", "outliers": 0.2}, {"w": [1.0, 2.0, 3.0], "outliers": 0.2}])
def test_any_edges_of_blocks_give_the_same_rows(options):
    n = min(N, 3_000)
    rows = Synthetic(n, seed=27, **options).table()
    whole = rows.read(0, n)
    for size in (1, 7, 512, 999):
        start = 0 if size > 1 else n - 50
        blocks = [piece.read() for piece in rows.pieces(size, start)]
        np.testing.assert_array_equal(np.concatenate([block.x for block in blocks]), whole.x[start:])
        np.testing.assert_array_equal(np.concatenate([block.y for block in blocks]), whole.y[start:])
