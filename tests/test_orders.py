"""Random orders: permutations, of (seed, epoch) alone, every one equally likely; and rows that are moved in them.

Statistical tests have fixed seeds and a significance of 1e-6 each: a correct generator passes them all.
"""

import itertools
import math
from collections import Counter

import numba
import numpy as np
import pytest
from scipy import stats

from fastgd.door import table
from fastgd.orders import order_of, reorder

COMPILED = not numba.config.DISABLE_JIT
LEVEL = 1e-6
BUCKET = 12_288  # rows of a bucket at most; the buckets are a power of two
SIZES = [1, 2, 3, 4, 5, 7, 64, 1000, BUCKET - 1, BUCKET, BUCKET + 1]
if COMPILED:  # several buckets, and several blocks of rows that are thrown into them
    SIZES += [2 * BUCKET - 1, 2 * BUCKET, 100_000, 2**18, 2**18 + 1, 600_001]


@pytest.mark.parametrize("n", SIZES)
def test_an_order_is_a_permutation(n):
    for seed, epoch in ((0, 0), (1, 5), (2**70, 2**32 - 1)):
        order = order_of(seed, epoch, n)
        assert order.dtype == np.intp
        assert np.array_equal(np.sort(order), np.arange(n))


@pytest.mark.parametrize("n", [1000, BUCKET + 1])
def test_an_order_depends_on_seed_and_epoch_alone(n):
    orders = {}
    seeds = (0, 1, 2, 2**31, 2**32 - 1, 2**64 + 3, 2**70) if COMPILED else (0, 1, 2**70)
    for seed, epoch in itertools.product(seeds, (0, 1, 2, 2**32 - 1)):
        order = order_of(seed, epoch, n)
        assert np.array_equal(order, order_of(seed, epoch, n))
        orders[seed, epoch] = order.tobytes()
    assert len(set(orders.values())) == len(orders)


@pytest.mark.parametrize("k", [1, 2, 7])
def test_a_seed_of_two_words_does_not_repeat_the_epochs_of_one_of_one(k):
    assert not np.array_equal(order_of(2**32 * k + 3, 0, 1000), order_of(3, k, 1000))


@pytest.mark.parametrize("n", [1, 1000, 30_000 if COMPILED else BUCKET + 5])
def test_any_number_of_threads_gives_the_same_order(n):
    orders = [order_of(3, 4, n, threads=threads) for threads in (1, 2, 3, 8, None)]
    assert all(np.array_equal(order, orders[0]) for order in orders)


@pytest.mark.skipif(not COMPILED, reason="several blocks of 262144 rows only when compiled")
def test_any_number_of_threads_gives_the_same_order_of_several_blocks():
    orders = [order_of(3, 4, 700_000, threads=threads) for threads in (1, 2, 3, 8)]
    assert all(np.array_equal(order, orders[0]) for order in orders)


KINDS = {
    "float64": lambda values: values,
    "float32": lambda values: values.astype(np.float32),
    "integers": lambda values: values.astype(np.int32),
    "strided": lambda values: np.repeat(values, 2, axis=0)[::2],
    "backwards": lambda values: values[::-1].copy()[::-1],
    "columns first": np.asfortranarray,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("d", [None, 1, 2, 3, 32, 33])
def test_rows_are_moved_as_the_order_says(kind, weighted, d):
    n = 30_001 if COMPILED and (d or 1) < 32 else 700
    generator = np.random.default_rng(0)
    x = KINDS[kind](generator.integers(-1000, 1000, size=n if d is None else (n, d)).astype(float))
    y = KINDS[kind](generator.integers(-1000, 1000, size=n).astype(float))
    weight = KINDS[kind](generator.integers(0, 9, size=n).astype(float)) if weighted else None
    before = x.copy(), y.copy()
    data = table(x, y, weight)
    moved = reorder(data, 5, 6)
    order = order_of(5, 6, n)
    assert (moved.n, moved.d, moved.flat) == (n, d or 1, d is None)
    for start, stop in ((0, n), (1, 2), (n // 3, n - 5)):
        block = moved.read(start, stop)
        rows = order[start:stop]
        assert np.array_equal(block.x, x[rows] if d != 1 else x[rows, 0])
        assert np.array_equal(block.y, y[rows])
        assert np.array_equal(block.weight, [] if weight is None else weight[rows])
    assert np.array_equal(x, before[0])
    assert np.array_equal(y, before[1])


@pytest.mark.parametrize("d", [1, 3, 33])
def test_rows_of_a_table_that_is_standardised_or_ordered_already(d):
    n = 500
    x, y = np.random.default_rng(0).normal(size=(n, d)), np.arange(float(n))
    rows = np.arange(n)[::3]
    data = table(x, y).standardized(np.full(d, 0.5), np.full(d, 2.0)).ordered(rows)
    block = reorder(data, 1, 2).read(0, len(rows))
    chosen = rows[order_of(1, 2, len(rows))]
    assert np.array_equal(block.y, y[chosen])
    assert np.array_equal(block.x.reshape(-1, d), (x[chosen] - 0.5) / 2.0)


@pytest.mark.parametrize("d", [1, 32, 33])
def test_threads_do_not_show_in_moved_rows(d):
    n = 40_000 if COMPILED else 600
    data = table(np.random.default_rng(0).normal(size=(n, d)), np.arange(float(n)))
    blocks = [reorder(data, 1, 0, threads=threads).read(0, n) for threads in (1, 2, 3, 8)]
    for block in blocks[1:]:
        assert np.array_equal(block.x, blocks[0].x)
        assert np.array_equal(block.y, blocks[0].y)


def uniform(counts):
    """Whether a chi-square test lets the counts be equally likely, from both sides: too even is not random either."""
    counts = np.asarray(counts)
    statistic = float(((counts - counts.mean()) ** 2).sum() / counts.mean())
    return LEVEL / 2 < stats.chi2.sf(statistic, counts.size - 1) < 1 - LEVEL / 2


def normal(sum_of_values, mean, variance):
    """Whether a sum of many values is where its mean and variance say; 4.89 standard deviations have the level 1e-6."""
    return abs(sum_of_values - mean) < stats.norm.isf(LEVEL / 2) * math.sqrt(variance)


def poisson(count, mean):
    return stats.poisson.cdf(count, mean) > LEVEL / 2 and stats.poisson.sf(count - 1, mean) > LEVEL / 2


@pytest.mark.parametrize("n", [2, 3, 4])
def test_all_permutations_of_a_few_rows_are_equally_likely(n):
    repeats = 48_000 if COMPILED else 2_400
    every = list(itertools.permutations(range(n)))
    found = Counter(tuple(order_of(11, epoch, n, threads=1).tolist()) for epoch in range(repeats))
    assert uniform([found[order] for order in every])
    # and from seed to seed, at one epoch
    found = Counter(tuple(order_of(seed, 3, n, threads=1).tolist()) for seed in range(repeats // 4))
    assert uniform([found[order] for order in every])
    assert set(found) == set(every)


def test_successive_epochs_of_a_few_rows_are_independent():
    repeats = 30_000 if COMPILED else 2_000
    orders = [tuple(order_of(12, epoch, 3, threads=1).tolist()) for epoch in range(repeats)]
    found = Counter(itertools.pairwise(orders))
    every = list(itertools.permutations(range(3)))
    assert uniform([found[pair] for pair in itertools.product(every, every)])


N, EPOCHS = 30_000, 1_000


@pytest.fixture(scope="module")
def orders():
    return np.array([order_of(2026, epoch, N).astype(np.uint16) for epoch in range(EPOCHS)])


@pytest.fixture(scope="module")
def places(orders):
    """places[t, i]: where row i is in epoch t."""
    places = np.empty_like(orders)
    for place, order in zip(places, orders):
        place[order] = np.arange(N, dtype=np.uint16)
    return places


@pytest.mark.skipif(not COMPILED, reason="30 million rows to shuffle: compiled, a second; as plain Python, an hour")
class TestSeveralBuckets:
    """1000 orders of 30000 rows, in four buckets."""

    @pytest.mark.parametrize("row", [0, 1, 2, 3, 4, 7_499, 7_500, 12_287, 12_288, 15_000, 29_998, 29_999])
    def test_a_row_may_be_anywhere_and_any_row_at_a_place(self, orders, places, row):
        for values in (places[:, row], orders[:, row]):
            assert uniform(np.bincount(values.astype(int) * 50 // N, minlength=50))
            assert uniform(np.bincount(values % 8, minlength=8))

    def test_rows_and_places_are_independent(self, orders):
        # 30 million pairs (row, place) in a table of 40 x 40; its margins are fixed: 39^2 degrees of freedom are left
        row = orders.astype(int) * 40 // N
        cells = row * 40 + np.arange(N) * 40 // N
        counts = np.bincount(cells.ravel(), minlength=1600)
        mean = N * EPOCHS / 1600
        # Without replacement a cell's variance is smaller by (1 - 1/40)^2 n / (n - 1): that of 39^2 of 40^2.
        statistic = ((counts - mean) ** 2).sum() / mean
        assert LEVEL / 2 < stats.chi2.sf(statistic * (N - 1) / N, 39**2) < 1 - LEVEL / 2

    def test_two_rows_stand_in_either_order_and_at_any_distance(self, places):
        for one, other in ((0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (0, 29_999), (5, 12_293), (100, 101)):
            a, b = places[:, one].astype(int), places[:, other].astype(int)
            assert normal((a < b).sum(), EPOCHS / 2, EPOCHS / 4)
            # the difference modulo n is uniform on 1 .. n - 1
            assert uniform(np.bincount(((a - b) % N - 1) * 25 // (N - 1), minlength=25))
            quarters = a * 4 // N * 4 + b * 4 // N
            assert uniform(np.bincount(quarters, minlength=16))

    def test_neighbours_stay_neighbours_as_often_as_chance_has_it(self, orders):
        for step, lag in itertools.product((1, -1, 2, 4), (1, 2, 4)):
            moved = orders[:, lag:].astype(int) - orders[:, :-lag]
            # each of the n - lag pairs of places holds one of the n - |step| pairs of rows with probability 1 / (n (n - 1))
            expected = EPOCHS * (N - lag) * (N - abs(step)) / (N * (N - 1))
            assert poisson(int((moved == step).sum()), expected)

    def test_fixed_points_are_poisson(self, orders):
        fixed = (orders == np.arange(N)).sum(axis=1)
        expected = np.array([math.exp(-1) / math.factorial(k) for k in range(6)])
        expected = EPOCHS * np.append(expected, 1 - expected.sum())
        counts = np.bincount(np.minimum(fixed, 6), minlength=7)
        assert stats.chi2.sf(((counts - expected) ** 2 / expected).sum(), 6) > LEVEL
        assert poisson(int(fixed.sum()), EPOCHS)
        # rows that successive epochs have at the same place are fixed points of one after the other's inverse
        assert poisson(int((orders[1:] == orders[:-1]).sum()), EPOCHS - 1)

    def test_rows_move_as_far_as_chance_has_it(self, orders):
        # Spearman's footrule of one order: mean (n^2 - 1) / 3, variance (n + 1)(2 n^2 + 7) / 45
        total = np.abs(orders.astype(np.int64) - np.arange(N)).sum()
        assert normal(total, EPOCHS * (N * N - 1) / 3, EPOCHS * (N + 1) * (2 * N * N + 7) / 45)

    @pytest.mark.parametrize("lag", [1, 2, 4])
    def test_epochs_are_uncorrelated(self, places, lag):
        # Spearman's coefficient: mean 0, variance 1 / (n - 1)
        centred = (places - (N - 1) / 2).astype(np.float32) / math.sqrt((N**2 - 1) / 12)
        found = np.einsum("ij,ij->i", centred[lag:], centred[:-lag]) / N
        pairs = EPOCHS - lag
        assert normal(float(found.sum()), 0.0, pairs / (N - 1))
        # and the sum of squares, of nearly chi-square values with one degree of freedom
        assert LEVEL / 2 < stats.chi2.cdf(float((found**2).sum()) * (N - 1), pairs) < 1 - LEVEL / 2

    def test_places_of_one_epoch_are_uncorrelated_with_those_of_neighbours(self, orders):
        # The serial correlation of a random permutation: mean -1 / n and a variance of about 1 / n
        centred = (orders - (N - 1) / 2).astype(np.float32) / math.sqrt((N**2 - 1) / 12)
        for lag in (1, 2, 3, 4, 8):
            found = np.einsum("ij,ij->i", centred[:, lag:], centred[:, :-lag]) / N
            assert normal(float(found.sum()), -EPOCHS / N, EPOCHS / N)

    def test_ascents_are_as_many_as_chance_has_it(self, orders):
        # Eulerian: mean (n - 1) / 2, variance (n + 1) / 12
        rises = (orders[:, 1:] > orders[:, :-1]).sum(axis=1)
        assert normal(int(rises.sum()), EPOCHS * (N - 1) / 2, EPOCHS * (N + 1) / 12)
        spread = ((rises - (N - 1) / 2) ** 2).sum() / ((N + 1) / 12)
        assert LEVEL / 2 < stats.chi2.cdf(spread, EPOCHS) < 1 - LEVEL / 2

    def test_cycles_are_as_many_as_chance_has_it(self, orders):
        # As many as records: mean the sum of 1 / k, variance the sum of 1 / k - 1 / k^2, 10.9 and 9.2
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        rows, ones, total = np.arange(N), np.ones(N, np.int8), 0
        for order in orders[:200]:
            graph = coo_array((ones, (rows, order.astype(np.int32))), shape=(N, N))
            total += connected_components(graph)[0]
        k = 1.0 / np.arange(1, N + 1)
        assert normal(total, 200 * k.sum(), 200 * (k - k * k).sum())

    def test_inversions_are_as_many_as_chance_has_it(self, orders):
        # Kendall's tau is 1 - 4 inversions / (n (n - 1)): mean 0, variance 2 (2 n + 5) / (9 n (n - 1))
        taus = [stats.kendalltau(np.arange(N), order).statistic for order in orders[:100]]
        variance = 2 * (2 * N + 5) / (9 * N * (N - 1))
        assert normal(sum(taus), 0.0, 100 * variance)
        assert LEVEL / 2 < stats.chi2.cdf(float(np.square(taus).sum()) / variance, 100) < 1 - LEVEL / 2

    def test_seeds_are_as_independent_as_epochs(self):
        orders = np.array([order_of(seed, 0, N) for seed in range(200)])
        assert poisson(int((orders[1:] == orders[:-1]).sum()), 199)
        for row in (0, 1, 29_999):
            assert uniform(np.bincount(orders[:, row] * 10 // N, minlength=10))


@pytest.mark.skipif(not COMPILED, reason="some 30 million rows to shuffle: compiled, seconds; as plain Python, an hour")
@pytest.mark.parametrize("n", [BUCKET - 1, BUCKET, 2 * BUCKET, 100_000])
def test_at_the_edges_of_bucket_counts_places_are_uniform(n):
    orders = np.array([order_of(77, epoch, n) for epoch in range(300)])
    for place in (0, 1, n // 4, n // 2 - 1, n // 2, n - 1):
        assert uniform(np.bincount(orders[:, place] * 20 // n, minlength=20))
    assert poisson(int((orders == np.arange(n)).sum()), 300)
    assert poisson(int((np.diff(orders, axis=1) == 1).sum()), 300 * (n - 1) / n)
    rises = int((np.diff(orders, axis=1) > 0).sum())
    assert normal(rises, 300 * (n - 1) / 2, 300 * (n + 1) / 12)
