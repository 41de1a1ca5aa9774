"""Rows put aside of a source, drawn at random while they are read: the ones that would be put aside of an array."""

import json

import numpy as np
import pytest

import fastgd
from fastgd.cli import main
from fastgd.door import table
from fastgd.orders import end_of_order, order_of
from fastgd.runs import Runs
from fastgd.streams import Blocks

pytestmark = pytest.mark.filterwarnings("ignore::fastgd.ConvergenceWarning")  # a few epochs are enough to compare

N = 2000
SORTED = np.sort(np.random.default_rng(0).exponential(size=N)) * 100.0
Y = SORTED**2


def stream(size=71):
    return [(SORTED[start : start + size], Y[start : start + size]) for start in range(0, N, size)]


@pytest.mark.parametrize(
    ("n", "share"),
    [*[(n, share) for n in (2, 3, 5, 100, 12_287, 12_288, 30_000) for share in (0.01, 0.2, 0.5, 0.99)], (300_001, 0.2)],
)
def test_the_end_of_an_order_is_told_row_by_row(n, share):
    count = min(max(round(share * n), 1), n - 1)
    order = order_of(5, 9, n)
    left, taken = end_of_order(5, 9, n, count)
    for found, right in ((left, np.sort(order[:-count])), (taken, np.sort(order[-count:]))):
        assert len(found) == len(right)
        assert np.array_equal(found[:], right)
        assert np.array_equal(found[1:-1], right[1:-1])
        assert found[len(right) - 1] == right[-1]
        some = np.unique(np.random.default_rng(1).integers(0, len(right), 7))
        assert np.array_equal(found[some], right[some])
        start, stop = n // 3, n // 3 + n // 2
        assert np.array_equal(np.flatnonzero(found.picked(start, stop)) + start, right[(right >= start) & (right < stop)])


@pytest.mark.compiled("millions of rows in many buckets")
def test_the_end_of_a_large_order_is_part_of_a_small_bucket():
    n, count = 50_000_000, 1_234_567
    _, taken = end_of_order(0, 1, n, count)
    assert int(sum(taken.picked(start, min(start + (1 << 20), n)).sum() for start in range(0, n, 1 << 20))) == count


OPTIONS = [{}, {"standardize": True, "patience": 2}, {"loss": "huber"}, {"loss": "huber", "average": 0.5}, {"via": "data"}]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("share", [0.2, 0.003, 0.9])
def test_rows_of_a_source_are_put_aside_as_those_of_an_array(options, share):
    asked = {"epochs": 4, "learning_rate": 1e-6, "validation": share, "seed": 7} | options
    here = fastgd.fit(SORTED, Y, **asked)
    aside = round(share * N)
    assert here.validation_rows == aside
    rows = order_of(7, (1 << 32) - 1, N)[-aside:]
    if here.loss == "squared":
        right = np.mean((here.w * SORTED[rows] + here.b - Y[rows]) ** 2)
        assert np.isclose(here.validation_cost, right, rtol=1e-10)
    for source in (stream(), stream(N), stream(1), Again(stream(300))):
        there = fastgd.fit(source, **asked)
        assert (there.w, there.b, there.cost) == (here.w, here.b, here.cost)
        assert np.array_equal(there.history.validation_cost, here.history.validation_cost)
        assert (there.validation_cost, there.validation_rows) == (here.validation_cost, aside)


class Again:
    def __init__(self, blocks):
        self.blocks = blocks

    def __iter__(self):
        return iter(self.blocks)


@pytest.mark.parametrize("d", [1, 3])
def test_made_rows_are_put_aside_as_those_of_an_array(d):
    w = 2.0 if d == 1 else [1.0, 2.0, 3.0]
    asked = {"epochs": 4, "learning_rate": 0.1, "seed": 7}
    for n, share in ((3000, 0.2), (30_000, 0.001)):
        here = fastgd.fit(*fastgd.make_linear(n, w, seed=3), validation=share, **asked)
        there = fastgd.fit(fastgd.Synthetic(n, w, seed=3), validation=share, **asked)
        assert np.array_equal(here.w, there.w)
        assert np.array_equal(here.history.validation_cost, there.history.validation_cost)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_folds_put_rows_of_their_own_aside(threads):
    asked = {"folds": 4, "epochs": 3, "learning_rate": 1e-6, "validation": 0.1, "seed": 1, "threads": threads}
    for loss in ("squared", "huber"):
        here = fastgd.cross_validate(SORTED, Y, loss=loss, **asked)
        there = fastgd.cross_validate(stream(), loss=loss, **asked)
        assert np.array_equal(here.w, there.w)
        assert np.array_equal(here.validation_cost, there.validation_cost)


def test_rows_put_aside_are_rows_of_runs_and_can_be_cut():
    runs = Runs((100, 900), (1100, 1900))
    numbers = np.concatenate([np.arange(100, 900), np.arange(1100, 1900)])
    left, taken = end_of_order(3, 1, 1600, 400)
    rows = table(Blocks(Again(stream())), None).ordered(runs)
    for sieve, places in ((left, left[:]), (taken, taken[:])):
        part = rows.ordered(sieve)
        right = SORTED[numbers[places]]
        assert part.n == len(right)
        assert np.array_equal(np.concatenate([piece.read().x for piece in part.pieces(33)]), right)
        assert np.array_equal(part.gather(np.array([5, 3, 3, 200])).x, right[[5, 3, 3, 200]])
        assert part.row_name(17) == f"row {numbers[places[17]]}"
        few = part.ordered(Runs((0, 50)))
        assert np.array_equal(few.gather(np.arange(50)).x, right[:50])


def test_a_row_that_is_not_finite_is_named_by_its_own_number():
    x = SORTED.copy()
    row = int(order_of(7, (1 << 32) - 1, N)[-3])
    x[row] = np.nan
    for validation in (0.2, 0.9):
        with pytest.raises(ValueError, match=f"x is nan in row {row}:"):
            fastgd.fit([(x[:900], Y[:900]), (x[900:], Y[900:])], validation=validation, seed=7, learning_rate=1e-6)


@pytest.mark.parametrize("record", ["epoch", 3])
@pytest.mark.parametrize("options", [{}, {"patience": 2}, {"loss": "huber", "patience": 1}, {"learning_rate": 5.0}])
@pytest.mark.filterwarnings("ignore::fastgd.DivergenceWarning")
def test_the_validation_cost_is_that_of_the_result(record, options):
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(60, 5)), rng.normal(size=60)
    asked = {"validation": (x[40:], y[40:]), "epochs": 30, "learning_rate": 0.05, "batch_size": 5, "seed": 1}
    fit = fastgd.fit(x[:40], y[:40], record=record, **asked | options)
    e = x[40:] @ fit.w + fit.b - y[40:]
    right = np.where(np.abs(e) <= 1.0, e**2, 2.0 * np.abs(e) - 1.0) if fit.loss == "huber" else e**2
    assert np.isclose(fit.validation_cost, right.mean(), rtol=1e-12)
    assert fit.validation_rows == 20
    assert (fit.status.name == "DIVERGED") == ("learning_rate" in options)


def test_the_order_given_puts_the_last_rows_aside():
    fit = fastgd.fit(stream(), validation=0.2, shuffle="none", epochs=2, learning_rate=1e-6)
    w, b = fit.w, fit.b
    assert np.isclose(fit.validation_cost, np.mean((w * SORTED[1600:] + b - Y[1600:]) ** 2), rtol=1e-10)


def test_batches_of_a_source_say_what_they_need():
    with pytest.raises(ValueError, match="x is not in memory: its rows come in sequence"):
        fastgd.fit(stream(), validation=0.2, batch_size=10)
    with pytest.raises(ValueError, match="can be gone through only once"):
        fastgd.fit(iter(stream()), validation=0.2)


def test_a_dask_collection_says_what_it_needs():
    da = pytest.importorskip("dask.array", reason="Dask is not installed")
    with pytest.raises(ValueError, match=r"x is a Dask collection, .* give validation=\(x, y\), or use shuffle='none'"):
        fastgd.fit(da.from_array(SORTED, chunks=500), da.from_array(Y, chunks=500), validation=0.2)


class TestCommandLine:
    @pytest.fixture
    def words(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        np.savez("sorted.npz", x=SORTED, y=Y)
        return ["fit", "sorted.npz", "--x", "x", "--y", "y", "--standardize", "--epochs", "50"]

    def test_the_rows_put_aside_of_a_sorted_file_are_not_its_end(self, words, capsys):
        """Training cost 9.8e8, validation cost 3.2e9, which was not even shown."""
        assert main([*words, "--validation", "0.2", "--seed", "3", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        fit = fastgd.fit(SORTED, Y, standardize=True, epochs=50, validation=0.2, seed=3)
        assert told["validation_cost"] == fit.validation_cost
        assert told["validation_rows"] == 400
        assert told["w"] == fit.w
        assert main([*words, "--validation", "0.2", "--seed", "3", "--load", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["validation_cost"] == fit.validation_cost

    @pytest.mark.parametrize(("more", "said"), [([], "drawn at random"), (["--shuffle", "none"], "the last")])
    def test_the_report_says_the_cost_and_the_rows(self, words, capsys, more, said):
        assert main([*words, "--validation", "0.2", "--seed", "3", *more]) == 0
        out = capsys.readouterr().out
        shuffle = "none" if more else "each"
        fit = fastgd.fit(SORTED, Y, standardize=True, epochs=50, validation=0.2, seed=3, shuffle=shuffle)
        assert f"validation cost  {fit.validation_cost:.7g}   (400 rows put aside, {said})" in out
        assert f"{fit.cost:.7g}   (mean squared error)" in out

    def test_batches_in_order_are_refused(self, words, capsys):
        assert main([*words, "--validation", "0.2", "--batch-size", "10"]) == 2
        error = capsys.readouterr().err
        assert error.startswith(
            "fastgd: --validation puts random rows aside, and these batches take the rows in their order"
        )
        assert error.count("\n") == 1
        assert main([*words, "--validation", "0.2", "--batch-size", "10", "--load", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["validation_rows"] == 400

    def test_a_resumed_fit_puts_random_rows_aside_too(self, words, capsys):
        assert main([*words, "--save", "fit.npz", "--json"]) == 0
        capsys.readouterr()
        rest = [*words[:-3], "--epochs", "5", "--resume", "fit.npz", "--validation", "0.2", "--seed", "3"]
        assert main([*rest, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["settings"]["shuffle"] == "each"
        right = fastgd.Fit.load("fit.npz").resume(SORTED, Y, epochs=5, validation=0.2, seed=3, shuffle="each")
        assert told["validation_cost"] == right.validation_cost

    def test_without_validation_nothing_is_said(self, words, capsys):
        assert main(words) == 0
        assert "validation" not in capsys.readouterr().out
