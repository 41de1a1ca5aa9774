"""Which rows train and which judge: against scikit-learn's splitters and the specification, and what is refused."""

import itertools
import time
import tracemalloc

import numpy as np
import pandas
import polars
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sklearn.model_selection import KFold, LeaveOneOut

import fastgd
from fastgd import reference


def lists(folds):
    return [(np.asarray(train).tolist(), np.asarray(test).tolist()) for train, test in folds]


@some.composite
def rows_and_folds(draw):
    n = draw(some.integers(2, 40))
    return n, draw(some.integers(2, n))


class TestKFold:
    @settings(deadline=None)
    @given(rows_and_folds())
    def test_consecutive_folds_are_those_of_scikit_learn_and_of_the_specification(self, sizes):
        n, k = sizes
        found = lists(fastgd.k_fold(n, k))
        assert found == lists(KFold(k).split(np.zeros(n))) == reference.k_fold(n, k)

    @settings(deadline=None)
    @given(rows_and_folds(), some.integers(0, 2**32))
    def test_shuffled_folds_have_the_sizes_of_scikit_learn_and_cover_every_row_once(self, sizes, seed):
        n, k = sizes
        found = fastgd.k_fold(n, k, shuffle=True, seed=seed)
        expected = list(KFold(k, shuffle=True, random_state=0).split(np.zeros(n)))
        assert [len(test) for _, test in found] == [len(test) for _, test in expected]
        assert sorted(np.concatenate([test for _, test in found])) == list(range(n))
        for train, test in found:
            assert sorted([*train, *test]) == list(range(n))
            assert (np.diff(train) > 0).all() and (np.diff(test) > 0).all()

    def test_the_seed_makes_the_folds(self):
        first, again, other = (lists(fastgd.k_fold(100, 5, shuffle=True, seed=seed)) for seed in (1, 1, 2))
        assert first == again != other
        assert lists(fastgd.k_fold(100, 5, shuffle=True)) != lists(fastgd.k_fold(100, 5, shuffle=True))

    def test_every_row_is_dealt_to_every_fold_alike(self):
        counts = np.zeros((10, 3))
        for seed in range(900):
            for fold, (_, test) in enumerate(fastgd.k_fold(10, 3, shuffle=True, seed=seed)):
                counts[test, fold] += 1
        assert np.abs(counts - 900 * np.array([0.4, 0.3, 0.3])).max() < 6 * np.sqrt(900 * 0.25)

    @pytest.mark.parametrize(
        ("n", "k", "error", "said"),
        [
            (3, 4, ValueError, "k is 4: there are only 3 rows, so a fold would be empty"),
            (3, 1, ValueError, "k is 1: it must be 2 or above"),
            (3, 0, ValueError, "k is 0: it must be 2 or above"),
            (0, 2, ValueError, "n is 0: it must be 1 or above"),
            (3, True, TypeError, "k is True: it must be a whole number"),
            (3, 2.5, TypeError, "k is 2.5: it must be a whole number"),
            ([1, 2, 3], 2, TypeError, "it must be a whole number"),
        ],
    )
    def test_refuses_what_scikit_learn_refuses(self, n, k, error, said):
        with pytest.raises(error, match=said):
            fastgd.k_fold(n, k)
        if isinstance(n, int):
            with pytest.raises((ValueError, TypeError)):
                list(KFold(k).split(np.zeros(n)))

    def test_folds_are_a_sequence(self):
        folds = fastgd.k_fold(7, 3)
        assert len(folds) == 3
        assert repr(folds) == "Folds(3 of 7 rows)"
        assert repr(fastgd.k_fold(7, 3, shuffle=True, seed=0)) == "Folds(3 of 7 rows, shuffled)"
        assert lists([folds[-1]]) == lists([folds[2]]) == lists(folds[2:]) == lists(folds)[2:]
        with pytest.raises(IndexError):
            folds[3]
        with pytest.raises(TypeError):
            folds[1.0]


class TestLeaveOneOut:
    @pytest.mark.parametrize("n", [2, 3, 10])
    def test_leaves_each_row_out_once(self, n):
        assert lists(fastgd.leave_one_out(n)) == lists(LeaveOneOut().split(np.zeros(n))) == reference.leave_one_out(n)

    @pytest.mark.parametrize(("n", "error"), [(1, ValueError), (0, ValueError), (2.0, TypeError), ("loo", TypeError)])
    def test_refuses_too_few_rows(self, n, error):
        with pytest.raises(error, match="n is "):
            fastgd.leave_one_out(n)

    def test_a_million_pairs_cost_nothing_until_looked_at(self):
        began = time.perf_counter()
        tracemalloc.start()
        one, ten = fastgd.leave_one_out(10**6), fastgd.k_fold(10**7, 5)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert time.perf_counter() - began < 0.5
        assert most < 40e6  # the pairs would be 8 TB
        assert (len(one), len(ten)) == (10**6, 5)
        train, test = one[-1]
        assert test.tolist() == [10**6 - 1] and len(train) == 10**6 - 1


class TestHoldOut:
    @settings(deadline=None)
    @given(some.integers(2, 60), some.floats(0.01, 0.99), some.booleans(), some.integers(0, 2**32))
    def test_holds_a_fraction_out(self, n, share, shuffle, seed):
        if not 0 < round(share * n) < n:
            with pytest.raises(ValueError, match="every part must have at least one row"):
                fastgd.hold_out(n, share, shuffle=shuffle, seed=seed)
            return
        train, test = fastgd.hold_out(n, share, shuffle=shuffle, seed=seed)
        assert len(test) == round(share * n)
        assert sorted([*train, *test]) == list(range(n))
        assert (np.diff(train) > 0).all() and (np.diff(test) > 0).all()
        if not shuffle:
            assert test.tolist() == list(range(n - len(test), n))

    def test_holds_a_count_out_by_a_seed(self):
        train, test = fastgd.hold_out(20, 7, seed=3)
        assert (len(train), len(test)) == (13, 7)
        assert np.array_equal(fastgd.hold_out(20, 7, seed=3)[1], test)
        assert not np.array_equal(fastgd.hold_out(20, 7, seed=4)[1], test)

    @pytest.mark.parametrize(
        ("arguments", "error", "said"),
        [
            ((10, 10), ValueError, "size is 10: of 10 rows that leaves 0 to train on"),
            ((10, 0), ValueError, "size is 0: of 10 rows that leaves 10 to train on"),
            ((10, 1.0), ValueError, "size is 1: a fraction must be above 0 and below 1"),
            ((10, 0.01), ValueError, "size would give parts of 10, 0 rows of 10: every part must have at least one row"),
            ((1,), ValueError, "every part must have at least one row"),
            ((0,), ValueError, "n is 0"),
            ((10, "a"), TypeError, "size is 'a': it must be a number"),
            ((10, None), TypeError, "size is None: it must be a number"),
            ((10, float("nan")), ValueError, "size is nan"),
        ],
    )
    def test_refuses_in_one_sentence(self, arguments, error, said):
        with pytest.raises(error, match=said) as caught:
            fastgd.hold_out(*arguments)
        assert "\n" not in str(caught.value)


N = 11
KINDS = {
    "list": lambda: [f"row {i}" for i in range(N)],
    "array": lambda: np.arange(N),
    "float32 array (n, 2)": lambda: np.arange(2 * N, dtype=np.float32).reshape(N, 2),
    "pandas frame": lambda: pandas.DataFrame({"a": range(N), "b": list("abcdefghijk")}, index=list("kjihgfedcba")),
    "pandas column": lambda: pandas.Series(range(N), index=range(100, 100 - N, -1), name="p"),
    "polars frame": lambda: polars.DataFrame({"a": range(N), "b": list("abcdefghijk")}),
    "polars column": lambda: polars.Series("p", range(N)),
    "arrow table": lambda: pyarrow.table({"a": range(N), "b": list("abcdefghijk")}),
    "arrow array": lambda: pyarrow.array(range(N)),
    "arrow column": lambda: pyarrow.chunked_array([list(range(4)), list(range(4, N))]),
}


def rows_of(array):
    """The rows as a list of tuples."""
    if isinstance(array, (pandas.DataFrame, pandas.Series)):
        array = array.reset_index()
        return list(array.itertuples(index=False, name=None))
    if isinstance(array, polars.DataFrame):
        return array.rows()
    if isinstance(array, (pyarrow.Table, pyarrow.RecordBatch)):
        return [tuple(row.values()) for row in array.to_pylist()]
    return [tuple(np.ravel(row)) for row in (array.to_pylist() if hasattr(array, "to_pylist") else array)]


class TestSplit:
    @pytest.mark.parametrize("shuffle", [True, False])
    @pytest.mark.parametrize("kind", KINDS)
    def test_parts_are_of_the_kind_given_and_keep_their_rows(self, kind, shuffle):
        numbers, array = np.arange(N), KINDS[kind]()
        before = rows_of(array)
        *parts, one, two, three = fastgd.split(array, numbers, shuffle=shuffle, seed=4)
        for part, chosen in zip(parts, (one, two, three), strict=True):
            assert type(part) is type(array)
            assert rows_of(part) == [before[i] for i in chosen]
        assert rows_of(array) == before

    def test_rows_of_all_kinds_go_together(self):
        parts = fastgd.split(*(make() for make in KINDS.values()), sizes=(6, 5), seed=0)
        train = [int(row.split()[1]) for row in parts[0]]
        for kind, part in zip(KINDS, parts[::2], strict=True):
            rows = rows_of(KINDS[kind]())
            assert rows_of(part) == [rows[i] for i in train], kind

    @settings(deadline=None)
    @given(some.integers(1, 60), some.lists(some.integers(1, 20), min_size=1, max_size=5), some.booleans(), some.integers(0))
    def test_fractions_round_to_nearest_and_the_first_takes_the_rest(self, n, shares, shuffle, seed):
        sizes = [share / sum(shares) for share in shares] if len(shares) > 1 else [1.0]
        counts = [round(size * n) for size in sizes]
        counts[0] = n - sum(counts[1:])
        if min(counts) < 1:
            with pytest.raises(ValueError, match="every part must have at least one row"):
                fastgd.split(range(n), sizes=sizes, shuffle=shuffle, seed=seed)
            return
        parts = fastgd.split(range(n), sizes=sizes, shuffle=shuffle, seed=seed)
        assert [len(part) for part in parts] == counts
        whole = list(itertools.chain(*parts))
        assert sorted(whole) == list(range(n))
        assert all(part == sorted(part) for part in parts)
        if not shuffle:
            assert whole == list(range(n))

    def test_counts(self):
        assert fastgd.split([5, 6, 7, 8], sizes=(1, 2, 1), shuffle=False) == [[5], [6, 7], [8]]
        assert fastgd.split([5, 6, 7, 8], sizes=np.array([0.5, 0.5]), shuffle=False) == [[5, 6], [7, 8]]
        assert fastgd.split([5, 6], sizes=(np.int64(1), 1), shuffle=False) == [[5], [6]]

    def test_the_seed_makes_the_split(self):
        rows = list(range(50))
        assert fastgd.split(rows, seed=1) == fastgd.split(rows, seed=1) != fastgd.split(rows, seed=2)
        assert fastgd.split(rows) != fastgd.split(rows)

    def test_does_not_write_to_the_data(self):
        x = np.arange(10.0)
        x.flags.writeable = False
        parts = fastgd.split(x, seed=0)
        parts[0][:] = -1.0
        assert np.array_equal(x, np.arange(10.0))

    @pytest.mark.parametrize(
        ("arrays", "sizes", "error", "said"),
        [
            ((), (0.5, 0.5), ValueError, "there is nothing to split"),
            ((range(10), range(9)), (0.5, 0.5), ValueError, "the arrays have 10, 9 rows"),
            ((range(10),), (5, 4), ValueError, "sizes add up to 9: counts must add up to the 10 rows there are"),
            ((range(10),), (5, 6), ValueError, "sizes add up to 11"),
            ((range(10),), (0.5, 0.6), ValueError, "sizes are 0.5, 0.6: fractions must add up to 1"),
            ((range(10),), (-0.5, 1.5), ValueError, "fractions must add up to 1"),
            ((range(10),), (10, 0), ValueError, "sizes would give parts of 10, 0 rows of 10: every part"),
            ((range(10),), (-1, 11), ValueError, "sizes would give parts of -1, 11 rows"),
            ((range(10),), (0.99, 0.01), ValueError, "sizes would give parts of 10, 0 rows of 10"),
            ((range(10),), (), ValueError, "sizes is empty"),
            ((range(10),), (float("nan"), 1), ValueError, "sizes is nan"),
            ((range(10),), 0.8, TypeError, "sizes is 0.8: it must be a sequence of fractions, or of counts"),
            ((range(10),), "ab", TypeError, "sizes is 'ab'"),
            ((range(10),), (None, 1.0), TypeError, "sizes is None: it must be a number"),
            ((range(2),), (0.6, 0.2, 0.2), ValueError, "sizes would give parts of 2, 0, 0 rows of 2"),
            ((5,), (0.5, 0.5), TypeError, "array 0 is a int: it must be an array, a frame or a sequence of rows"),
            ((range(3), "abc"), (2, 1), TypeError, "array 1 is a str"),
            ((None,), (0.5, 0.5), TypeError, "array 0 is a NoneType"),
            ((polars.DataFrame({"a": [1]}).lazy(),), (0.5, 0.5), TypeError, "array 0 is a LazyFrame"),
        ],
    )
    def test_refuses_in_one_sentence(self, arrays, sizes, error, said):
        with pytest.raises(error, match=said) as caught:
            fastgd.split(*arrays, sizes=sizes)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("value", [{0: 1, 1: 2, 2: 3, 3: 4}, {1, 2, 3, 4}, np.array(3.0)])
    def test_what_has_no_rows_in_order_is_refused_by_name(self, value):
        with pytest.raises(TypeError, match=r"array 0 is a (dict|set|ndarray)"):
            fastgd.split(value, sizes=(0.5, 0.5))
