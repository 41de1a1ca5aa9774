"""fit_many: every row is the fit of its own, however many share the rows; what is refused, and what a table gives."""

import math
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest

import fastgd
from fastgd import Status


def problem(d=None, n=120, seed=5):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=n if d is None else (n, d)) + 0.5
    y = (x if d is None else x @ np.arange(1.0, d + 1)) + 0.3 + 0.5 * generator.normal(size=n)
    return x, y, generator.random(n)


def assert_rows_are_fits(x, y, grid, **fixed):
    table = fastgd.fit_many(x, y, grid, **fixed)
    assert len(table) == math.prod(len(values) for values in grid.values())
    for row in range(len(table)):
        own = {name: table.columns[name][row] for name in grid}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = fastgd.fit(x, y, **(fixed | own))
        assert table.status[row] is fit.status, own
        # Standing still is a matter of the last bit, and comes an epoch or two of thousands earlier or later.
        assert table.epochs[row] == pytest.approx(fit.epochs, rel=2e-3, abs=2), own
        size = max(np.abs(fit.w).max(), abs(fit.b), 1.0)
        assert np.abs(table.w[row] - fit.w).max() <= 1e-10 * size, own
        assert abs(table.b[row] - fit.b) <= 1e-10 * size, own
        assert table.cost[row] == pytest.approx(fit.cost, rel=1e-9), own
        assert table.learning_rate[row] == pytest.approx(fit.learning_rate, rel=1e-14), own
        assert table.max_learning_rate[row] == pytest.approx(fit.max_learning_rate, rel=1e-14, nan_ok=True), own
    return table


RATES = [0.01, "auto", 0.1, 0.4, 1.0, 3.0, 1e200]


@pytest.mark.parametrize("d", [None, 1, 3])
@pytest.mark.parametrize("extra", ["plain", "standardize", "no bias", "weights", "schedule", "tol", "start"])
def test_rows_are_fits_of_their_own(d, extra):
    x, y, weight = problem(d)
    extras = {
        "plain": {}, "standardize": {"standardize": True}, "no bias": {"bias": False}, "weights": {"sample_weight": weight},
        "schedule": {"schedule": "cosine"}, "tol": {"tol": 1e-3}, "start": {"w0": 0.5 if d is None else np.arange(d) + 1.0},
    }  # fmt: skip
    grid = {"learning_rate": RATES, "l2": [0.0, 0.1], "batch_size": [None, 1, 7], "shuffle": ["none", "each"]}
    table = assert_rows_are_fits(x, y, grid, epochs=20, seed=3, **extras[extra])
    assert {Status.MAX_EPOCHS, Status.DIVERGED} <= set(table.status)


@pytest.mark.parametrize("loss", ["huber", "absolute"])
def test_other_losses_and_optimizers_too(loss):
    x, y, weight = problem(2, 60)
    grid = {"learning_rate": [0.01, 0.1], "optimizer": ["plain", "adam", fastgd.Momentum(0.5)], "batch_size": [None, 5]}
    assert_rows_are_fits(x, y, grid, epochs=4, seed=0, loss=loss, sample_weight=weight)


def test_starts_and_biases_may_be_keys():
    x, y, _ = problem(2)
    for size in (None, 1):
        grid = {"w0": [[0.0, 1.0], [5.0, -5.0]], "b0": [0.0, 2.0], "learning_rate": [0.01]}
        assert_rows_are_fits(x, y, grid, epochs=3, batch_size=size, seed=1)


def test_a_long_full_batch_descent_ends_where_its_fit_ends():
    x, y, _ = problem(3)
    grid = {"learning_rate": np.geomspace(0.01, 0.3, 40), "l2": [0.0, 0.2]}
    table = assert_rows_are_fits(x, y, grid, epochs=20_000)
    assert Status.CONVERGED in table.status


@pytest.mark.compiled("a million epochs")
def test_raw_units_keep_their_digits():
    x, y = fastgd.penguins()
    quadratic = fastgd.QuadraticCost.of(x, y)
    table = fastgd.fit_many(x, y, {"learning_rate": [1e-5, 2.46e-5]}, epochs=1_000_000)
    for row, rate in enumerate(table.learning_rate):
        fit = fastgd.fit(x, y, learning_rate=rate, epochs=1_000_000)
        assert table.w[row] == pytest.approx(fit.w, rel=1e-9)
        assert table.cost[row] == pytest.approx(quadratic.mse(fit.w, fit.b), rel=1e-9)


def test_a_diverged_run_does_not_poison_its_neighbours():
    x, y, _ = problem(2, 400)
    rates = [0.01, 1e300, 0.02, 50.0, 0.03, 1e6, 0.04, 1e150, 0.05]
    for size in (None, 1, 8):
        table = fastgd.fit_many(x, y, {"learning_rate": rates}, epochs=5, batch_size=size, seed=1)
        alone = fastgd.fit_many(x, y, {"learning_rate": rates[::2]}, epochs=5, batch_size=size, seed=1)
        assert [status is Status.DIVERGED for status in table.status] == [False, True] * 4 + [False]
        assert np.array_equal(table.w[::2], alone.w)
        assert np.isfinite(table.w).all()
        assert (table.epochs[1::2] < 5).all()


def test_any_number_of_threads_gives_the_same_bits():
    x, y, _ = problem(3, 3000)
    grid = {"learning_rate": np.linspace(0.001, 0.05, 37), "batch_size": [None, 1, 16]}
    tables = [fastgd.fit_many(x, y, grid, epochs=2, seed=0, threads=threads) for threads in (1, 2, 3, 8)]
    for table in tables[1:]:
        assert np.array_equal(table.w, tables[0].w)
        assert np.array_equal(table.cost, tables[0].cost)


def test_paired_lists_run_together():
    x, y, _ = problem()
    table = fastgd.fit_many(
        x, y, {"learning_rate": [0.01, 0.02, 0.01], "batch_size": [1, 1, 16]}, paired=True, seed=0, epochs=2
    )
    assert table.columns == {"learning_rate": [0.01, 0.02, 0.01], "batch_size": [1, 1, 16]}
    assert table.w[2] == pytest.approx(fastgd.fit(x, y, learning_rate=0.01, batch_size=16, seed=0, epochs=2).w, rel=1e-12)


def test_histories_are_kept_when_asked_for():
    x, y, _ = problem()
    table = fastgd.fit_many(x, y, {"learning_rate": [0.01, 0.1]}, epochs=5, record="epoch")
    assert [len(fit.history) for fit in table.fits] == [6, 6]
    assert fastgd.fit_many(x, y, {"learning_rate": [0.01]}, epochs=5).fits is None
    judged = fastgd.fit_many(x, y, {"learning_rate": [0.01, 0.1]}, epochs=5, validation=0.25, record="epoch", seed=1)
    assert judged.fits[1].history.validation_cost.shape == (6,)


def test_one_seed_serves_all_and_is_kept():
    x, y, _ = problem()
    table = fastgd.fit_many(x, y, {"learning_rate": [0.01, 0.01]}, batch_size=1, epochs=2)
    assert table.w[0] == table.w[1]
    assert table.w[0] == pytest.approx(
        fastgd.fit(x, y, learning_rate=0.01, batch_size=1, epochs=2, seed=table.seed).w, rel=1e-12
    )
    seeds = fastgd.fit_many(x, y, {"seed": [1, 2]}, batch_size=1, learning_rate=0.01, epochs=2)
    assert seeds.w[0] != seeds.w[1]
    assert seeds.seed is None


def test_a_table_gives_rows_the_best_and_a_frame():
    pandas = pytest.importorskip("pandas", reason="the frame is pandas's own")
    x, y, _ = problem()
    table = fastgd.fit_many(x, y, {"learning_rate": [0.01, 0.1, 9.0], "l2": [0.0, 1.0]}, epochs=50)
    assert table.best == table[table.best_row]
    assert table.best["learning_rate"] == 0.1
    assert table.best["cost"] == min(table.cost[:4])
    assert list(table.best) == ["learning_rate", "l2", "w", "b", "cost", "status", "epochs"]
    frame = pandas.DataFrame(table.to_dict())
    assert frame.shape == (6, 7)
    assert frame.status.tolist()[-1] == "DIVERGED"
    assert "best learning_rate=0.1, l2=0, cost" in repr(table)
    several = fastgd.fit_many(np.column_stack([x, -x * x]), y, {"learning_rate": [0.01, 0.1]}, epochs=5)
    assert len(pandas.DataFrame(several.to_dict()).w[0]) == 2
    lost = fastgd.fit_many(x, y, {"learning_rate": [1e3, 1e4]}, epochs=5)
    with pytest.raises(ValueError, match="all of them diverged"):
        lost.best  # noqa: B018
    assert "2 DIVERGED" in repr(lost)


@pytest.mark.parametrize(
    ("grid", "fixed", "said"),
    [
        ([0.1], {}, r"grid is \[0.1\]: it must be a dict of lists"),
        ({}, {}, "grid is {}: it must be a dict of lists"),
        ({"learning_rate": 0.1}, {}, r"grid\['learning_rate'\] is 0.1: it must be a list of values"),
        ({"optimizer": "adam"}, {}, r"grid\['optimizer'\] is 'adam': it must be a list"),
        ({"learning_rate": []}, {}, r"grid\['learning_rate'\] is empty"),
        ({"learnin_rate": [0.1]}, {}, "'learnin_rate' is no argument of fit .did you mean 'learning_rate'"),
        ({"epochs": [5]}, {"epoch": 3}, "'epoch' is no argument of fit .did you mean 'epochs'"),
        ({"epochs": [5]}, {"epochs": 3}, "'epochs' is in the grid and an argument too"),
        ({"threads": [1, 2]}, {}, "grid has 'threads': it must be the same for all descents"),
        ({"learning_rate": [0.1, -1.0]}, {}, "learning_rate is -1: it must be above 0"),
        ({"learning_rate": [0.1, math.inf]}, {}, "learning_rate is inf: it must be a finite number"),
        ({"learning_rate": [0.1, math.nan]}, {"batch_size": 1}, "learning_rate is nan: it must be a finite number"),
        ({"learning_rate": [0.1, "fast"]}, {}, "learning_rate is 'fast': it must be a number above 0, or 'auto'"),
        ({"l2": [0.0, -1.0]}, {}, "l2 is -1: it must be 0 or above"),
        ({"batch_size": [0]}, {}, "batch_size is 0: it must be 1 or above"),
        ({"batch_size": [4]}, {}, "batch_size is 4: there are only 3 rows"),
        ({"b0": [1.0]}, {"bias": False}, "b0 is 1: with bias=False"),
        ({"learning_rate": [0.1], "l2": [1.0, 2.0]}, {"paired": True}, "learning_rate has 1, l2 has 2"),
    ],
)  # fmt: skip
def test_refuses_in_one_sentence(grid, fixed, said):
    with pytest.raises(ValueError, match=said) as caught:
        fastgd.fit_many([1, 2, 3], [2, 4, 6], grid, **fixed)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("size", [None, 1, 2])
def test_a_row_that_is_not_finite_is_named(size):
    with pytest.raises(ValueError, match="x is nan in row 2"):
        fastgd.fit_many([1, 2, math.nan, 3], [2, 4, 6, 8], {"learning_rate": [0.01, 0.02]}, batch_size=size, epochs=2)


def test_progress_counts_all_rows():
    x, y, _ = problem()
    seen = []
    fastgd.fit_many(
        x, y, {"learning_rate": [0.01]}, batch_size=1, epochs=3, progress=lambda done, total: seen.append((done, total))
    )
    assert seen[-1][0] == seen[-1][1] == 4 * len(x)


class TestPlots:
    def setup_method(self):
        x, y, _ = problem()
        self.table = fastgd.fit_many(x, y, {"learning_rate": np.geomspace(0.003, 3.0, 12), "l2": [0.0, 0.1, 1.0]}, epochs=30)

    def teardown_method(self):
        plt.close("all")

    def test_rate_draws_a_line_each_the_limit_and_the_lost(self):
        axes = self.table.plot(kind="rate")
        assert axes.get_xscale() == "log"
        said = " ".join(text.get_text() for text in axes.get_legend().get_texts())
        assert "l2 = 0.1" in said
        assert "diverged" in said
        assert "best" in said

    def test_one_limit_is_drawn_where_all_share_it(self):
        x, y, _ = problem()
        table = fastgd.fit_many(x, y, {"learning_rate": [0.01, 0.1]}, epochs=5)
        axes = table.plot()
        assert any("limit" in text.get_text() for text in axes.get_legend().get_texts())

    def test_heat_shows_every_cell(self):
        axes = self.table.plot()
        mesh = axes.collections[0].get_array()
        assert mesh.shape == (3, 12)
        assert axes.get_xlabel() == "learning rate"
        assert axes.get_ylabel() == "l2"

    def test_refusals(self):
        with pytest.raises(ValueError, match="kind is 'pie'"):
            self.table.plot(kind="pie")
        x, y, _ = problem()
        with pytest.raises(ValueError, match="it needs two keys that vary, and 1 do"):
            fastgd.fit_many(x, y, {"learning_rate": [0.01, 0.1]}, epochs=2).plot(kind="heat")
