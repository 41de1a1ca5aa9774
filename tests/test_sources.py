"""Rows that are not arrays: the same rows give the same bits, whatever they come from and however they are cut."""

import itertools
import pickle

import numpy as np
import pytest

import fastgd
from fastgd.blocks import Runs
from fastgd.door import table
from fastgd.sources import Chunks


class Cut:
    """Arrays as blocks of some rows each, again and again."""

    def __init__(self, size, *arrays):
        self.size, self.arrays, self.passes = size, arrays, 0

    def __iter__(self):
        self.passes += 1
        for start in range(0, len(self.arrays[1]), self.size):
            yield tuple(values[start : start + self.size] for values in self.arrays)


def data(rows, d, seed=3):
    w = 1.5 if d == 0 else np.linspace(1.0, 2.0, d)
    x, y = fastgd.make_linear(rows, w, noise=0.5, seed=seed)
    return x, y


FITS = [
    {},
    {"standardize": True, "l2": 0.1},
    {"loss": "huber", "epochs": 3},
    {"batch_size": 1, "shuffle": "none", "learning_rate": 0.001, "epochs": 2},
    {"batch_size": 1, "shuffle": "none", "learning_rate": 0.001, "epochs": 2, "l2": 0.01, "record": None},
    {"batch_size": 32, "shuffle": "none", "learning_rate": 0.01, "epochs": 2},
    {"batch_size": 7, "shuffle": "none", "optimizer": "adam", "epochs": 2, "standardize": True, "record": 100},
    {
        "batch_size": 3,
        "shuffle": "none",
        "learning_rate": 0.01,
        "epochs": 3,
        "validation": 0.25,
        "patience": 1,
        "average": 0.5,
    },
]


@pytest.mark.parametrize("d", [0, 1, 3, 10, 30])
@pytest.mark.parametrize("kind", ["blocks", "made"])
@pytest.mark.filterwarnings("ignore::fastgd.ConvergenceWarning", "ignore::fastgd.DivergenceWarning")
def test_a_fit_of_a_source_has_the_bits_of_one_of_arrays(rows, d, kind):
    n = rows // 4 + 1
    x, y = data(n, d)
    w = 1.5 if d == 0 else np.linspace(1.0, 2.0, d)
    source = Cut(997, x, y) if kind == "blocks" else fastgd.Synthetic(n, w, noise=0.5, seed=3)
    for options in FITS:
        ours, theirs = (fastgd.fit(*given, seed=0, **options) for given in ((source, None), (x, y)))
        assert np.array_equal(ours.w, theirs.w), options
        assert np.ndim(ours.w) == np.ndim(theirs.w)
        assert (ours.b, ours.status, ours.epochs) == (theirs.b, theirs.status, theirs.epochs)
        assert ours.cost == theirs.cost or options.get("record", "") is None


@pytest.mark.parametrize("d", [0, 3])
def test_every_function_of_rows_takes_a_source(rows, d):
    n = rows // 4 + 1
    x, y = data(n, d)
    weight = np.abs(y)
    w = 1.0 if d == 0 else np.ones(d)
    for sample_weight in (None, weight):
        source = Cut(1003, x, y) if sample_weight is None else Cut(1003, x, y, weight)

        def same(function, *arguments, source=source, sample_weight=sample_weight, **options):
            ours = function(source, None, *arguments, **options)
            theirs = function(x, y, *arguments, sample_weight=sample_weight, **options)
            return ours, theirs

        for loss in ("squared", "huber"):
            ours, theirs = same(fastgd.cost, w, 0.5, loss=loss)
            assert ours == theirs
            ours, theirs = same(fastgd.gradient, w, 0.5, loss=loss)
            assert np.array_equal(ours.w, theirs.w)
            assert ours.b == theirs.b
        ours, theirs = same(fastgd.sweep, None, None, feature=None if d == 0 else 1)
        assert np.array_equal(ours.cost, theirs.cost)
        ours, theirs = same(fastgd.QuadraticCost.of)
        assert np.array_equal(ours.factor, theirs.factor)
        ours, theirs = same(fastgd.cross_validate, folds=4, epochs=5, learning_rate=0.01)
        assert np.array_equal(ours.validation_cost, theirs.validation_cost)
        ours, theirs = same(
            fastgd.fit_many, {"learning_rate": [0.001, 0.01]}, batch_size=4, epochs=2, shuffle="none", seed=0
        )
        assert np.array_equal(ours.w, theirs.w)
    assert np.array_equal(fastgd.losses(Cut(1003, x, y), None, w), fastgd.losses(x, y, w))
    made = fastgd.Synthetic(n, 1.5 if d == 0 else np.linspace(1.0, 2.0, d), noise=0.5, seed=3)
    assert np.array_equal(fastgd.predict(made, w), fastgd.predict(x, w))
    for options in ({}, {"batch_size": 4}, {"batch_size": 2, "shuffle": "none"}):
        ours, theirs = (fastgd.stability(given, **options) for given in (made, x))
        # Not to the last bit: y comes along where it is 0 otherwise.
        assert ours.max_learning_rate == pytest.approx(theirs.max_learning_rate, rel=1e-12)
        assert ours.diverging_rate == pytest.approx(theirs.diverging_rate, rel=1e-12)


def test_a_stream_tells_which_rates_are_stable(rows):
    class Rows(Chunks):
        def chunks(self):
            return ((x[i : i + 100], y[i : i + 100], None) for i in range(0, len(y), 100))

    x, y = data(min(rows, 5000), 0)
    ours, theirs = (fastgd.stability(given, batch_size=4) for given in (Rows(), x))
    assert ours.max_learning_rate == pytest.approx(theirs.max_learning_rate, rel=1e-12)
    assert ours.diverging_rate == pytest.approx(theirs.diverging_rate, rel=1e-12)


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_any_number_of_threads_reads_a_stream_in_order(rows, threads):
    x, y = data(rows, 3)
    found = fastgd.fit(Cut(777, x, y), None, batch_size=1, shuffle="none", learning_rate=0.01, epochs=1, threads=threads)
    known = fastgd.fit(x, y, batch_size=1, shuffle="none", learning_rate=0.01, epochs=1, threads=1)
    assert np.array_equal(found.w, known.w)


def test_an_iterator_is_gone_through_once(rows):
    x, y = data(rows, 3)
    exact = fastgd.QuadraticCost.of(x, y)
    found = fastgd.QuadraticCost.of(iter(Cut(1234, x, y)), None)
    assert np.array_equal(found.factor, exact.factor)
    fit = fastgd.fit(iter(Cut(1234, x, y)), None, learning_rate=0.01, epochs=5)
    assert np.array_equal(fit.w, fastgd.fit(x, y, learning_rate=0.01, epochs=5).w)
    assert fastgd.mse(iter(Cut(1234, x, y)), None, np.ones(3), 0.5) == fastgd.mse(x, y, np.ones(3), 0.5)
    with pytest.raises(ValueError, match="an iterator that can be gone through only once"):
        fastgd.fit(iter(Cut(1234, x, y)), None, batch_size=1, shuffle="none")
    with pytest.raises(ValueError, match="an iterator that can be gone through only once"):
        (
            fastgd.cost(iter(Cut(1234, x, y)), None, [1, 2, 3])
            + fastgd.fit(iter(Cut(9, x, y)), None, loss="huber", epochs=3).cost
        )


@pytest.mark.parametrize("d", [1, 3])
def test_an_iterator_whose_first_rows_are_far_from_the_rest_keeps_most_digits(rows, d):
    # The common pilot is of no use for what comes later: its blocks get pilots of their own, and merging them keeps the
    # cost to an epsilon of the square of the step between their means, here 1e7, over the cost, about 50.
    n = 2000 if rows < 10_000 else 600_000
    x, y = data(n, d)
    x = x.reshape(n, -1).copy()
    x[: n // 2] = x[: n // 2] * 1e-6 + 1e6
    y = y.copy()
    y[n // 2 :] += 1e7
    exact = fastgd.QuadraticCost.of(x[::-1].copy(), y[::-1].copy())
    found = fastgd.QuadraticCost.of(iter(Cut(50_000, x, y)), None)
    assert found.count == n
    assert found.minimum.cost == pytest.approx(exact.minimum.cost, rel=1e-7)
    assert np.allclose(found.minimum.w, exact.minimum.w, rtol=1e-10)


def test_rows_are_read_as_often_as_they_are_needed_and_no_more(rows):
    x, y = data(rows, 0)
    passes = {}
    for name, call in {
        "of": lambda s: fastgd.QuadraticCost.of(s, None),
        "mse": lambda s: fastgd.mse(s, None, 1.0),
        "fit": lambda s: fastgd.fit(s, None, learning_rate=0.01),
        "sweep": lambda s: fastgd.sweep(s, None),
    }.items():
        source = Cut(5000, x, y)
        call(source)
        passes[name] = source.passes - 1  # one is begun to see what blocks look like
    # The first block is looked at for a pilot, and comes again in the pass.
    assert passes == {"of": 2, "mse": 1, "fit": 2, "sweep": 2}


BAD = [
    (lambda: [(1.0, 2.0)], ValueError, r"block 0: x is a single float"),
    (lambda: [([1.0], [2.0], [1.0], [1.0])], ValueError, r"block 0 of x has 4 parts"),
    (lambda: iter([[1.0, 2.0]]), ValueError, r"block 0: x is a single float"),
    (lambda: iter([3.0]), ValueError, r"block 0 of x is a float: where y is None, x gives blocks"),
    (lambda: [([1.0], [2.0]), ([[1.0, 2.0]], [3.0])], ValueError, r"block 1 of x has rows of shape \(2,\) without weights"),
    (lambda: [([1.0], [2.0]), ([1.0], [3.0], [1.0])], ValueError, r"block 1 of x has rows of shape \(\) with weights"),
    (lambda: [([1.0], [2.0]), ([1.0, 2.0], [3.0])], ValueError, r"block 1: x has 2 rows and y has 1: row 1 is in one only"),
    (lambda: [([1.0], [2.0]), ([1.0, np.nan], [3.0, 4.0])], ValueError, r"x is nan in row 2: every value must be"),
    (lambda: [([1.0], [2.0], [1.0]), ([1.0], [4.0], [-1.0])], ValueError, r"sample_weight is -1 in row 1"),
    (lambda: [([1.0], [2.0], [0.0]), ([1.0], [4.0], [0.0])], ValueError, r"sample_weight is 0 in every row"),
    (lambda: iter([]), ValueError, r"x has no blocks: at least one row is needed"),
    (lambda: {"a": 1}, TypeError, r"y is None"),
    (lambda: "rows.csv", TypeError, r"y is None"),
    (lambda: np.ones(3), TypeError, r"y is None"),
    (lambda: [1.0, 2.0], TypeError, r"y is None"),
    (lambda: fastgd.textbook, TypeError, r"y is None"),
]


@pytest.mark.parametrize(("make", "kind", "sentence"), BAD)
def test_bad_blocks_are_named(make, kind, sentence):
    for call in (lambda s: fastgd.QuadraticCost.of(s, None), lambda s: fastgd.mse(s, None, 1.0)):
        with pytest.raises(kind, match=sentence):
            call(make())


def test_a_source_brings_y_and_weights():
    rows = fastgd.Synthetic(10)
    with pytest.raises(ValueError, match="y is given and x is a Synthetic, which brings its own: y must be None"):
        fastgd.mse(rows, [1.0], 2.0)
    with pytest.raises(ValueError, match="sample_weight is given and x is a Synthetic"):
        fastgd.mse(rows, None, 2.0, sample_weight=[1.0])
    with pytest.raises(ValueError, match="sample_weight is given and x is a stream of blocks"):
        fastgd.mse([([1.0], [2.0])], None, 2.0, sample_weight=[1.0])


def test_what_needs_rows_in_memory_says_so():
    x, y = data(60, 0)
    for source in (Cut(7, x, y), fastgd.Synthetic(60)):
        for shuffle in ("each", "once"):
            with pytest.raises(ValueError, match=r"x is not in memory.*use shuffle='none'"):
                fastgd.fit(source, None, batch_size=2, shuffle=shuffle)
            with pytest.raises(ValueError, match="x is not in memory"):
                fastgd.fit_many(source, None, {"learning_rate": [0.1]}, batch_size=2, shuffle=shuffle)
    rows, order = table(Cut(7, *data(5000, 0)), None), np.random.default_rng(0).permutation(5000)
    with pytest.raises(ValueError, match="cannot be put into a random order"):
        rows.ordered(order)
    with pytest.raises(ValueError, match="cannot go backwards"):
        rows.ordered(np.arange(60)[::-1])
    with pytest.raises(ValueError, match="as leaving each of them out does"):
        fastgd.cross_validate(Cut(7, x, y), None, folds="loo", learning_rate=0.1, epochs=2)
    left_out = fastgd.cross_validate(fastgd.Synthetic(60), None, folds="loo", learning_rate=0.1, epochs=2)
    xs, ys = fastgd.make_linear(60)
    assert left_out.mean == fastgd.cross_validate(xs, ys, folds="loo", learning_rate=0.1, epochs=2).mean


def test_a_source_that_changes_between_passes_is_refused():
    class Growing(Chunks):
        calls, step = 0, 1

        def chunks(self):
            self.calls += 1
            n = 40 + self.step * self.calls
            yield np.arange(n, dtype=float), np.arange(n, dtype=float), None

    for step in (1, -1):
        rows = Growing()
        rows.step = step
        with pytest.raises(ValueError, match="it changed while it was in use"):
            fastgd.fit(rows, None, batch_size=1, shuffle="none", learning_rate=1e-5)


def test_runs_and_pieces_of_a_stream_are_those_of_arrays():
    rng = np.random.default_rng(1)
    x, y = data(300, 0)
    arrays = table(x, y)
    for trial in range(30):
        edges = np.sort(rng.integers(0, 301, 4)).tolist()
        runs = Runs((edges[0], edges[1]), (edges[2], edges[3]))
        stream = table(Cut(int(rng.integers(1, 50)), x, y), None)
        if trial % 2:
            stream, known = stream.ordered(runs), arrays.ordered(runs)
        else:
            known = arrays
        cuts = np.unique(rng.integers(0, known.n + 1, 3)).tolist()
        for size, places in itertools.product((1, 7, 400), ([0, None], cuts)):
            if len(places) < 2:
                continue
            ours = [(part, piece.start, piece.read()) for part, piece in stream.parts(size, places)]
            theirs = [(part, piece.start, piece.read()) for part, piece in known.parts(size, places)]
            assert [(a, b) for a, b, _ in ours] == [(a, b) for a, b, _ in theirs]
            assert all(np.array_equal(a[2].x, b[2].x) and np.array_equal(a[2].y, b[2].y) for a, b in zip(ours, theirs))
        if known.n:
            wanted = rng.integers(0, known.n, 20)
            assert np.array_equal(stream.gather(wanted).y, known.gather(wanted).y)


def test_synthetic_rows_are_those_of_make_linear_from_any_row_on():
    for w in (2.0, [1.0, -1.0, 3.0]):
        made = fastgd.Synthetic(1000, w, 0.25, noise=0.3, seed=9).table()
        x, y = fastgd.make_linear(1000, w, 0.25, noise=0.3, seed=9)
        for start, stop in ((0, 1000), (513, 514), (77, 700)):
            block = made.read(start, stop)
            assert np.array_equal(block.x, x[start:stop])
            assert np.array_equal(block.y, y[start:stop])
        order = np.array([5, 6, 7, 999, 0, 0])
        assert np.array_equal(made.ordered(order).read(0, 6).y, y[order])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"n": 0}, "n is 0"),
        ({"n": 1, "w": []}, "w has shape"),
        ({"n": 1, "noise": -1}, "noise is -1: it is a standard deviation"),
        ({"n": 1, "x": "norml"}, r"x is 'norml': it must be one of 'normal', 'uniform' \(did you mean 'normal'\?\)"),
        ({"n": 1, "outliers": 1.5}, "outliers is 1.5: it is a share of the rows, from 0 to 1"),
        ({"n": 1, "seed": -1}, "seed is -1"),
    ],
)
def test_synthetic_names_what_is_wrong(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        fastgd.Synthetic(**arguments)


def test_synthetic_takes_no_memory_and_tells_what_it_is():
    rows = fastgd.Synthetic(10**12, [1.0, 2.0], x="uniform", outliers=0.1)
    assert repr(rows) == "Synthetic(1000000000000, w=[1.0, 2.0], b=0.5, noise=0.1, x='uniform', outliers=0.1, seed=0)"
    assert len(pickle.dumps(rows)) < 1000


def test_a_cost_grows_by_blocks():
    x, y = data(90, 2)
    cost = fastgd.QuadraticCost.of(x[:30], y[:30])
    first = cost
    cost += x[30:60], y[30:60], np.full(30, 2.0)
    cost += fastgd.QuadraticCost.of(x[60:], y[60:])
    weight = np.repeat([1.0, 2.0, 1.0], 30)
    whole = fastgd.QuadraticCost.of(x, y, sample_weight=weight)
    assert first.count == 30
    assert cost.count == 120
    assert np.allclose(cost.minimum.w, whole.minimum.w, rtol=1e-13)
    assert cost.minimum.cost == pytest.approx(whole.minimum.cost, rel=1e-13)
    cost += fastgd.Synthetic(10, [1.0, 1.0])
    assert cost.count == 130
    for rows, kind in ((3.0, TypeError), ((x,), TypeError), ((x[:, 0], y), ValueError)):
        with pytest.raises(kind):
            cost += rows
