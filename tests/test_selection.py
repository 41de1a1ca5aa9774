"""Choosing settings: every combination costs what cross-validation says, the right one wins, and test data take no part."""

import itertools
import math
import warnings

import numba
import numpy as np
import pandas
import pytest

import fastgd
from fastgd import ConvergenceWarning, DivergenceWarning, reference

PLAIN = numba.config.DISABLE_JIT


def problem(d=None, n=17, seed=5):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=n if d is None else (n, d)) + 0.5
    y = (x if d is None else x @ np.arange(1.0, d + 1)) + 0.3 + 0.5 * generator.normal(size=n)
    return x, y, generator.random(n) + 0.01


def quietly(call, *arguments, **options):
    """Call without the warnings that a test is not about."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", DivergenceWarning)
        warnings.simplefilter("ignore", fastgd.RankWarning)
        return call(*arguments, **options)


def select(x, y, grid, **options):
    return quietly(fastgd.select, x, y, grid, **options)


def combinations(grid, paired=False):
    rows = zip(*grid.values(), strict=True) if paired else itertools.product(*grid.values())
    return [dict(zip(grid, row, strict=True)) for row in rows]


def assert_costs_are_those_of_cross_validation(x, y, grid, *, paired=False, rel=1e-10, **options):
    """Every cell against cross_validate; returns the selection."""
    chosen = select(x, y, grid, paired=paired, **options)
    lengths = tuple(len(values) for values in grid.values())
    assert chosen.validation_cost.shape == chosen.standard_error.shape == (lengths[:1] if paired else lengths)
    costs, errors = chosen.validation_cost.ravel(), chosen.standard_error.ravel()
    settings = combinations(grid, paired)
    for k, own in enumerate(settings):
        cv = quietly(fastgd.cross_validate, x, y, **(options | own))
        assert costs[k] == pytest.approx(cv.mean, rel=rel), own
        if math.isfinite(cv.mean):
            assert errors[k] == pytest.approx(cv.standard_error, rel=1e-6, abs=1e-9 * cv.mean, nan_ok=True), own
        else:
            assert not math.isfinite(errors[k])
    assert {name: chosen.table[name] for name in grid} == {name: [own[name] for own in settings] for name in grid}
    assert chosen.table["validation_cost"] == costs.tolist()
    assert np.array_equal(chosen.table["standard_error"], errors, equal_nan=True)
    assert chosen.best == settings[int(np.ravel_multi_index(chosen.place, chosen.validation_cost.shape))]
    return chosen


def folds_for(kind, n):
    sorts = [(np.arange(n // 2), np.arange(n // 2, n)), (np.arange(n // 3, n), np.arange(n // 3))]
    kinds = {"in order": 3, "loo": "loo", "shuffled": fastgd.k_fold(n, 4, shuffle=True, seed=2), "pairs": sorts}
    return kinds[kind] if kind in kinds else sorts[:1]


KINDS = ("in order", "shuffled", "pairs", "one pair", "loo")

EXTRAS = {
    "plain": {}, "standardize": {"standardize": True}, "no bias": {"bias": False}, "start": {"w0": 0.5, "b0": -2.0},
    "standardize, no bias": {"standardize": True, "bias": False}, "start, standardize": {"w0": 0.5, "standardize": True},
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("d", [None, 3])
def test_a_grid_of_rates_epochs_and_penalties_costs_what_cross_validation_says(d, extra, kind):
    n = 11 if kind == "loo" else 17
    x, y, weight = problem(d, n)
    options = dict(EXTRAS[extra], folds=folds_for(kind, n))
    if d is not None and "w0" in options:
        options["w0"] = np.full(d, options["w0"])
    # In any order, some twice, some that diverge at once, late, or hardly.
    grid = {"learning_rate": [0.3, "auto", 0.01, 5.0, 1.02], "l2": [0.2, 0.0], "epochs": [30, 1, 4, 0, 4]}
    if PLAIN:
        grid = {"learning_rate": [0.3, "auto", 5.0], "l2": [0.2, 0.0], "epochs": [9, 1, 0, 1]}
    for weights, names in ((None, ["learning_rate", "l2", "epochs"]), (weight, ["epochs", "learning_rate", "l2"])):
        own = {name: grid[name] for name in names}
        assert_costs_are_those_of_cross_validation(x, y, own, sample_weight=weights, **options)


@pytest.mark.parametrize("kind", ["shuffled", "pairs", "loo"])
@pytest.mark.parametrize(
    ("grid", "options"),
    [
        ({"epochs": [5, 2, 5, 0]}, {"learning_rate": 0.1}),
        ({"l2": [1.0, 0.0]}, {"learning_rate": 0.1, "epochs": 3}),
        ({"learning_rate": [0.1, 0.5]}, {"schedule": "cosine", "epochs": 6}),
        ({"epochs": [6, 3], "l2": [0.0, 1.0]}, {"schedule": "cosine", "learning_rate": 0.2}),
        ({"epochs": [6, 3]}, {"schedule": "exponential", "learning_rate": 0.2}),
        ({"epochs": [0]}, {"schedule": "cosine", "learning_rate": 0.2}),
        ({"learning_rate": [0.1, 0.2], "epochs": [4, 9]}, {"tol": 0.05, "record": "epoch"}),
        ({"learning_rate": [0.1, 0.2], "standardize": [True, False], "epochs": [2, 5]}, {}),
        ({"bias": [True, False], "l2": [0.0, 0.5]}, {"epochs": 4, "learning_rate": 0.1}),
        ({"w0": [[0.0, 0.0], [3.0, -1.0]], "epochs": [1, 3]}, {"learning_rate": 0.05}),
        ({"learning_rate": [0.02, "auto", 9.0], "batch_size": [1, None, 4], "epochs": [3, 1]}, {"seed": 1}),
        ({"learning_rate": [0.02, 0.1], "shuffle": ["none", "once"]}, {"batch_size": 2, "seed": 1, "epochs": 2}),
        ({"loss": ["huber", "squared", "absolute"], "learning_rate": [0.1, 0.02]}, {"epochs": 4}),
        ({"delta": [0.2, 2.0], "batch_size": [2, None]}, {"loss": "huber", "seed": 1, "epochs": 2, "learning_rate": 0.05}),
        ({"optimizer": ["plain", "adam", fastgd.Momentum(0.5)]}, {"epochs": 4, "learning_rate": 0.05}),
        ({"average": [0.5, None], "batch_size": [2]}, {"epochs": 4, "learning_rate": 0.05, "seed": 1}),
        ({"patience": [1, 3], "learning_rate": [0.1, 0.3]},
         {"validation": 0.3, "record": "epoch", "seed": 1, "batch_size": 1, "epochs": 12}),
        ({"via": ["data", "moments"], "epochs": [3, 1]}, {"learning_rate": 0.1}),
        ({"seed": [1, 2], "epochs": [2]}, {"batch_size": 1, "learning_rate": 0.05}),
    ],
)  # fmt: skip
def test_any_argument_may_vary(grid, options, kind):
    x, y, weight = problem(2, 11)
    for weights in (None, weight):
        assert_costs_are_those_of_cross_validation(
            x, y, grid, folds=folds_for(kind, 11), sample_weight=weights, **options
        )  # fmt: skip


@pytest.mark.parametrize("kind", ["in order", "shuffled", "loo"])
def test_paired_lists_go_together(kind):
    x, y, _ = problem(2, 11)
    grid = {"learning_rate": [0.1, 0.02, "auto", 0.1], "epochs": [5, 9, 2, 5], "l2": [0.0, 0.1, 1.0, 0.0]}
    chosen = assert_costs_are_those_of_cross_validation(x, y, grid, paired=True, folds=folds_for(kind, 11))
    assert len(chosen.table["l2"]) == 4
    assert chosen.paired


@pytest.mark.parametrize("rates", [127, 128, 129, 300])
def test_more_rates_than_go_side_by_side(rates):
    x, y, _ = problem(None, 20)
    grid = {"epochs": [7, 3], "learning_rate": np.geomspace(1e-3, 2.0, rates), "l2": [0.0, 0.1]}
    chosen = select(x, y, grid, folds=4)
    assert chosen.validation_cost.shape == (2, rates, 2)
    for place in [(0, 0, 0), (1, 127 % rates, 1), (0, rates // 2, 1), (1, rates - 1, 0), (0, 128 % rates, 0)]:
        own = {name: grid[name][i] for name, i in zip(grid, place, strict=True)}
        cv = quietly(fastgd.cross_validate, x, y, folds=4, **own)
        assert chosen.validation_cost[place] == pytest.approx(cv.mean, rel=1e-10)
        if math.isfinite(cv.mean):
            assert chosen.standard_error[place] == pytest.approx(cv.standard_error, rel=1e-7)


def test_many_penalties_many_epochs():
    x, y, _ = problem(2, 20)
    grid = {"l2": np.geomspace(1e-6, 10.0, 150), "epochs": [1, 1000, 10, 100_000]}
    chosen = select(x, y, grid, folds=4, standardize=True, learning_rate=0.1)
    for i, j in itertools.product([0, 63, 64, 100, 149], range(4)):
        if PLAIN and j == 3:
            continue
        cv = quietly(
            fastgd.cross_validate,
            x,
            y,
            folds=4,
            standardize=True,
            learning_rate=0.1,
            l2=grid["l2"][i],
            epochs=grid["epochs"][j],
        )
        assert chosen.validation_cost[i, j] == pytest.approx(cv.mean, rel=1e-9)


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize(
    "case",
    ["constant", "constant tenths", "two columns alike", "nearly collinear", "more columns than rows", "one row's column"],
)
def test_columns_that_do_not_determine_the_minimum(case, standardize):
    x, y, _ = problem(2, 12)
    lone = np.column_stack([x, np.full(12, 0.1)])
    lone[5, 2] = 1.0
    x = {
        "constant": np.column_stack([x, np.full(12, 2.0)]),
        "constant tenths": np.column_stack([x, np.full(12, 0.1)]),
        "two columns alike": np.column_stack([x, x[:, 0]]),
        "nearly collinear": np.column_stack([x, x[:, 0] + 1e-5 * np.cos(np.arange(12.0))]),
        "more columns than rows": np.random.default_rng(0).normal(size=(12, 14)),
        "one row's column": lone,
    }[case]
    grid = {"learning_rate": [0.1, "auto"], "epochs": [0, 1, 40], "l2": [0.0, 0.1]}
    for folds in (3, "loo"):
        assert_costs_are_those_of_cross_validation(x, y, grid, folds=folds, standardize=standardize, rel=1e-8)


def test_parts_far_apart():
    generator = np.random.default_rng(1)
    x = generator.normal(size=24) + np.repeat([0.0, 1e3, 1e5], 8)
    y = 2.0 * x + 1.0 + 0.01 * generator.normal(size=24)
    grid = {"learning_rate": [0.1, 0.4], "epochs": [3, 40], "l2": [0.0, 1e-6]}
    assert_costs_are_those_of_cross_validation(x, y, grid, folds=3, standardize=True, rel=1e-6)


class TestWinner:
    """Which of the combinations is chosen."""

    @pytest.mark.parametrize("rule", ["best", "one_se"])
    @pytest.mark.parametrize("kind", ["in order", "shuffled", "loo"])
    @pytest.mark.parametrize("seed", range(6))
    def test_is_the_specification_s(self, seed, kind, rule):
        x, y, _ = problem(None, 12, seed)
        generator = np.random.default_rng(seed)
        grid = {
            "epochs": generator.permutation([1, 3, 10, 30]).tolist(), "l2": generator.permutation([0.0, 0.1, 1.0]).tolist(),
            "learning_rate": generator.permutation([0.05, 0.2, 0.4]).tolist(),
        }  # fmt: skip
        grid = {name: grid[name] for name in generator.permutation(list(grid)).tolist()}
        folds = folds_for(kind, 12)
        chosen = select(x, y, grid, folds=folds, rule=rule)
        settings = combinations(grid)
        costs = [
            quietly(fastgd.cross_validate, x, y, folds=folds, **own).validation_cost.round(14).tolist() for own in settings
        ]
        assert chosen.best == settings[reference.select(settings, costs, rule)]
        assert chosen.lowest == np.unravel_index(int(np.argmin(chosen.validation_cost)), chosen.validation_cost.shape)

    def test_of_equals_the_simplest(self):
        x, y = [-1.0, 1.0, -1.0, 1.0], [0.0, 0.0, 0.0, 0.0]  # from 0 nothing moves, so all cost 0
        grid = {"learning_rate": [0.2, "auto", 0.1, 0.3], "l2": [0.0, 0.5, 0.1, 0.5], "epochs": [7, 3, 5]}
        assert select(x, y, grid, folds=2).best == {"learning_rate": "auto", "l2": 0.5, "epochs": 3}
        assert select(x, y, grid, folds=2).place == (1, 1, 1)
        del grid["learning_rate"]
        assert select(x, y, grid, folds=2, learning_rate=0.1).best == {"l2": 0.5, "epochs": 3}
        assert select(x, y, {"learning_rate": [0.2, 0.1, 0.3]}, folds=2).best == {"learning_rate": 0.1}
        assert select(x, y, {"batch_size": [2, 1, None]}, folds=2, learning_rate=0.1).best == {"batch_size": 2}
        paired = {"l2": [0.0, 0.1, 0.1], "epochs": [1, 9, 8]}
        assert select(x, y, paired, folds=2, paired=True).place == (2,)

    def test_of_ten_thousands_of_equals_too(self):
        x, y = [-1.0, 1.0, -1.0, 1.0], [0.0, 0.0, 0.0, 0.0]
        grid = {"learning_rate": np.linspace(0.9, 0.1, 400), "epochs": [9, 4, 7], "l2": [0.0, 0.1, 0.2, 0.1, 0.0] * 3}
        best = select(x, y, grid, folds=2).best
        assert (best["epochs"], best["l2"]) == (4, 0.2)
        assert best["learning_rate"] == pytest.approx(0.1)

    def test_the_rule_of_one_error_takes_the_simplest_within_it_and_nothing_beyond(self):
        x, y, _ = problem(None, 40, 3)
        grid = {"l2": np.geomspace(1e-4, 10.0, 30)}
        best = select(x, y, grid, folds=8, standardize=True)
        simple = select(x, y, grid, folds=8, standardize=True, rule="one_se")
        costs, bound = best.validation_cost, best.validation_cost[best.place] + best.standard_error[best.place]
        assert simple.place[0] == np.flatnonzero(costs <= bound).max() > best.place[0]
        assert simple.validation_cost[simple.place] <= bound < costs[simple.place[0] + 1]
        assert simple.lowest == best.place
        assert (best.rule, simple.rule) == ("best", "one_se")

    def test_by_hand(self):
        # One feature of ones, no bias: after an epoch at rate r from 0, w is 2 r times the mean of y in the training rows.
        x, y = np.ones(4), np.array([1.0, 3.0, 2.0, 2.0])
        grid = {"learning_rate": [0.1, 0.25, 0.45]}
        chosen = fastgd.select(x, y, grid, folds=2, bias=False, epochs=1, rule="one_se")
        w = 2.0 * np.array(grid["learning_rate"])[:, None] * 2.0  # both training sets have the mean 2
        first, second = ((y[:2] - w) ** 2).mean(axis=1), ((y[2:] - w) ** 2).mean(axis=1)
        assert chosen.validation_cost == pytest.approx((first + second) / 2.0, rel=1e-14)
        assert chosen.standard_error == pytest.approx(np.abs(first - second) / 2.0, rel=1e-14)
        # 1.36 +- 0.5, 1.5 at 0.25: the least is 0.54 +- 0.5 at 0.45, so no other is within an error of it.
        assert chosen.place == (2,)
        wide = fastgd.select(x, [0.0, 4.0, 2.0, 2.0], grid, folds=2, bias=False, epochs=1, rule="one_se")
        assert wide.standard_error[2] == pytest.approx(2.0)
        assert wide.place == (1,)  # 3 is within 2 of 2.04, and 4.56 is not

    def test_one_fold_has_no_error_and_the_least_wins(self):
        x, y, _ = problem(None, 20)
        for rule in ("best", "one_se"):
            chosen = select(x, y, {"epochs": [1, 50]}, folds=[fastgd.hold_out(20, seed=0)], rule=rule)
            assert np.isnan(chosen.standard_error).all()
            assert chosen.place == chosen.lowest

    def test_a_combination_that_diverged_in_one_fold_does_not_win(self):
        x = np.tile([1.0, -1.0], 5)
        x[4:6] = 0.01, -0.01  # the rows of fold 2 of 5, without which the mean square is larger
        y = 2.0 * x
        for folds in (5, "loo", fastgd.k_fold(10, 5), list(fastgd.k_fold(10, 5))):
            chosen = select(x, y, {"learning_rate": [1.2, 0.01]}, folds=folds, bias=False, epochs=60)
            assert chosen.validation_cost[0] == math.inf
            assert chosen.best == {"learning_rate": 0.01}
            assert not math.isfinite(chosen.table["standard_error"][0])

    @pytest.mark.parametrize("options", [{}, {"batch_size": 1, "seed": 0}, {"loss": "huber", "delta": 1e9}])
    @pytest.mark.parametrize("folds", [3, "loo"])
    def test_all_diverged(self, folds, options):
        x, y, _ = problem(None, 12)
        with pytest.raises(ValueError, match="every one diverged in some fold; use smaller learning rates"):
            select(x, y, {"learning_rate": [10.0, 1e3]}, folds=folds, epochs=300, **options)


class TestFit:
    @pytest.mark.parametrize("kind", ["in order", "shuffled", "loo"])
    @pytest.mark.parametrize(
        "options",
        [
            {}, {"standardize": True, "bias": False}, {"batch_size": 2, "learning_rate": 0.05, "seed": 4},
            {"loss": "huber", "learning_rate": 0.1}, {"record": "epoch"}, {"optimizer": "adam", "learning_rate": 0.1},
        ],
    )  # fmt: skip
    def test_the_winner_is_fitted_to_all_rows(self, options, kind):
        x, y, weight = problem(2, 12)
        chosen = select(
            x, y, {"epochs": [2, 5], "l2": [0.0, 0.1]}, folds=folds_for(kind, 12), sample_weight=weight, **options
        )
        fit = quietly(fastgd.fit, x, y, sample_weight=weight, **(options | chosen.best))
        assert chosen.fit.w == pytest.approx(fit.w, rel=1e-11)
        assert chosen.fit.b == pytest.approx(fit.b, rel=1e-11)
        assert chosen.fit.cost == pytest.approx(fit.cost, rel=1e-11)
        assert (chosen.fit.status, chosen.fit.epochs, chosen.fit.l2) == (fit.status, fit.epochs, fit.l2)
        assert len(chosen.fit.history) == len(fit.history)
        assert (chosen.folds, chosen.rule) == ({"in order": 3, "shuffled": 4, "loo": 12}[kind], "best")

    def test_one_seed_serves_folds_and_fit(self):
        x, y, _ = problem(None, 20)
        chosen = select(x, y, {"learning_rate": [0.01, 0.1]}, batch_size=1, epochs=2)
        again = select(x, y, {"learning_rate": [0.01, 0.1]}, batch_size=1, epochs=2, seed=chosen.seed)
        assert chosen.fit.seed == chosen.seed
        assert np.array_equal(chosen.validation_cost, again.validation_cost)
        assert chosen.fit.w == again.fit.w

    def test_warns_of_the_winner_alone_and_once(self):
        x, y = fastgd.penguins()
        with pytest.warns(ConvergenceWarning, match="ran the 100 epochs asked") as caught:
            fastgd.select(x, y, {"l2": [0.0, 0.1]})
        assert len(caught) == 1
        assert caught[0].filename == __file__
        x, y, _ = problem(None, 20)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fastgd.select(x, y, {"learning_rate": [0.1, 50.0]})


class TestTestData:
    @pytest.mark.parametrize("loss", ["squared", "huber"])
    def test_cost_is_the_mean_loss_of_the_winner(self, loss):
        x, y, weight = problem(2, 30)
        options = {"learning_rate": 0.1, "loss": loss}
        grid = {"epochs": [2, 20], "l2": [0.0, 0.1]}
        for test in ((x[20:], y[20:]), [x[20:], y[20:]], (x[20:], y[20:], weight[20:])):
            chosen = select(x[:20], y[:20], grid, test=test, **options)
            expected = fastgd.cost(
                x[20:], y[20:], chosen.fit.w, chosen.fit.b, loss=loss, sample_weight=None if len(test) == 2 else test[2]
            )
            assert chosen.test_cost == pytest.approx(expected, rel=1e-12)
        if loss == "squared":
            chosen = select(x[:20], y[:20], grid, test=(x[20:], y[20:]), **options)
            assert chosen.test_cost == pytest.approx(fastgd.mse(x[20:], y[20:], chosen.fit.w, chosen.fit.b), rel=1e-12)

    @pytest.mark.parametrize("folds", [4, "loo"])
    @pytest.mark.parametrize("rule", ["best", "one_se"])
    def test_take_no_part_in_choosing(self, rule, folds):
        x, y, _ = problem(2, 20)
        generator = np.random.default_rng(0)
        grid = {"epochs": [2, 20, 200], "l2": [0.0, 0.1, 1.0]}
        options = {"folds": folds, "rule": rule, "standardize": True}
        without = select(x, y, grid, **options)
        assert math.isnan(without.test_cost)
        for _ in range(3):
            test = (1e3 * generator.normal(size=(7, 2)), 1e3 * generator.normal(size=7))
            chosen = select(x, y, grid, test=test, **options)
            assert chosen.best == without.best
            assert np.array_equal(chosen.validation_cost, without.validation_cost)
            assert np.array_equal(chosen.standard_error, without.standard_error)
            assert np.array_equal(chosen.fit.w, without.fit.w)
            assert math.isfinite(chosen.test_cost)

    @pytest.mark.parametrize(
        ("test", "said"),
        [
            (3.0, "test is a float: it must be"),
            (([1.0],), "test has 1 parts: it must be"),
            (([1.0], [2.0], [1.0], [3.0]), "test has 4 parts"),
            (([1.0, 2.0], [1.0]), "test: x has 2 rows and y has 1"),
            (([1.0, math.nan], [1.0, 2.0]), "test: x is nan in row 1"),
            (([1.0, 2.0], [1.0, math.inf]), "test: y is inf in row 1"),
            (([[1.0, 2.0]], [1.0]), r"x of test has shape \(n, 2\) and x \(n,\): both must have the same features"),
            (([], []), "test: x is empty"),
            (([1.0], [1.0], [-1.0]), "test: sample_weight is -1 in row 0"),
        ],
    )
    def test_refusals(self, test, said):
        x, y, _ = problem(None, 20)
        with pytest.raises(ValueError, match=said):
            fastgd.select(x, y, {"epochs": [2, 20]}, test=test)


class TestRefusals:
    @pytest.mark.parametrize(
        ("grid", "options", "said"),
        [
            ([0.1], {}, r"grid is \[0.1\]: it must be a dict of lists"),
            ({}, {}, "grid is {}: it must be a dict of lists"),
            ({"learning_rate": 0.1}, {}, r"grid\['learning_rate'\] is 0.1: it must be a list of values"),
            ({"learning_rate": []}, {}, r"grid\['learning_rate'\] is empty"),
            ({"learnin_rate": [0.1]}, {}, "'learnin_rate' is no argument of fit .did you mean 'learning_rate'"),
            ({"epochs": [5]}, {"standardise": True}, "'standardise' is no argument of fit .did you mean 'standardize'"),
            ({"epochs": [5]}, {"epochs": 3}, "'epochs' is in the grid and an argument too"),
            ({"threads": [1, 2]}, {}, "grid has 'threads': it must be the same for all"),
            ({"sample_weight": [None]}, {}, "grid has 'sample_weight'"),
            ({"learning_rate": [0.1, -1.0]}, {}, "learning_rate is -1: it must be above 0"),
            ({"learning_rate": [0.1, math.inf]}, {}, "learning_rate is inf: it must be a finite number"),
            ({"learning_rate": [0.1, "fast"]}, {}, "learning_rate is 'fast': it must be a number above 0, or 'auto'"),
            ({"l2": [0.0, -1.0]}, {}, "l2 is -1: it must be 0 or above"),
            ({"epochs": [3, -1]}, {}, "epochs is -1: it must be 0 or above"),
            ({"batch_size": [4, 0]}, {}, "batch_size is 0: it must be 1 or above"),
            ({"batch_size": [17]}, {}, "batch_size is 17: there are only"),
            ({"loss": ["squared", "hubber"]}, {"learning_rate": 0.1}, "loss is 'hubber'"),
            ({"l2": [0.0, 1.0]}, {"rule": "1se"}, "rule is '1se': it must be one of 'best', 'one_se'"),
            ({"l2": [0.0, 1.0]}, {"rule": "one se"}, "rule is 'one se': .* .did you mean 'one_se'"),
            ({"l2": [0.0, 1.0], "epochs": [1]}, {"paired": True}, "l2 has 2, epochs has 1"),
            ({"b0": [0.0, 1.0]}, {"bias": False}, "with bias=False"),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("folds", [4, "loo"])
    def test_in_one_sentence(self, grid, options, said, folds):
        x, y, _ = problem(None, 17)
        with pytest.raises(ValueError, match=said) as caught:
            fastgd.select(x, y, grid, folds=folds, **options)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("epochs", [2.5, "ten", True, None])
    def test_epochs_that_are_no_number(self, epochs):
        x, y, _ = problem(None, 17)
        with pytest.raises(TypeError, match=r"epochs is .*: it must be a whole number"):
            fastgd.select(x, y, {"epochs": [1, epochs]})

    @pytest.mark.parametrize("options", [{}, {"batch_size": 1}, {"loss": "huber"}])
    def test_rows_are_named_by_the_users_numbers(self, options):
        x, y, _ = problem(2, 24)
        x[17, 1] = math.nan
        for folds in (5, "loo", fastgd.k_fold(24, 4, shuffle=True, seed=1), [([17, 3, 2], [5, 6])]):
            with pytest.raises(ValueError, match=r"x is nan in row 17, column x\[1\]"):
                fastgd.select(x, y, {"epochs": [1, 2]}, folds=folds, learning_rate=0.1, **options)


class TestContracts:
    @pytest.mark.parametrize("options", [{}, {"batch_size": 4}, {"loss": "huber"}, {"schedule": "cosine"}])
    @pytest.mark.parametrize("folds", [5, "loo"])
    def test_any_number_of_threads_gives_the_same_bits(self, folds, options):
        n = 3000 if not PLAIN and folds != "loo" else 16 if options else 200
        x, y, weight = problem(2, n)
        grid = {
            "learning_rate": np.geomspace(0.001, 0.1, 3 if PLAIN or options else 200),
            "l2": [0.0, 0.1],
            "epochs": [1, 3],
        }
        found = [
            select(x, y, grid, folds=folds, sample_weight=weight, seed=0, threads=threads, **options)
            for threads in (1, 2, 3)
        ]
        for chosen in found[1:]:
            assert np.array_equal(chosen.validation_cost, found[0].validation_cost)
            assert np.array_equal(chosen.standard_error, found[0].standard_error)
            assert np.array_equal(chosen.fit.w, found[0].fit.w)

    def test_data_are_not_written_to(self):
        x, y, weight = problem(2, 12)
        before = [values.copy() for values in (x, y, weight)]
        for values in (x, y, weight):
            values.flags.writeable = False
        rates = np.array([0.1, 0.2])
        rates.flags.writeable = False
        for folds in (3, "loo"):
            for options in ({}, {"batch_size": 1}):
                select(
                    x,
                    y,
                    {"learning_rate": rates},
                    folds=folds,
                    sample_weight=weight,
                    test=(x, y, weight),
                    epochs=2,
                    **options,
                )
        assert all(np.array_equal(*pair) for pair in zip((x, y, weight), before, strict=True))

    def test_a_frame_takes_the_table(self):
        x, y, _ = problem(None, 20)
        grid = {"l2": [0.0, 1.0], "learning_rate": [0.1, "auto", 50.0], "epochs": [3, 4]}
        chosen = select(x, y, grid)
        frame = pandas.DataFrame(chosen.table)
        assert list(frame) == ["l2", "learning_rate", "epochs", "validation_cost", "standard_error"]
        assert len(frame) == 12
        best = frame.loc[frame.validation_cost.idxmin()]
        assert {name: best[name] for name in grid} == chosen.best
        paired = select(x, y, {"l2": [0.0, 1.0, 2.0], "epochs": [3, 4, 5]}, paired=True)
        assert pandas.DataFrame(paired.table).shape == (3, 4)

    def test_says_what_was_chosen(self):
        x, y, _ = problem(None, 20)
        said = repr(select(x, y, {"l2": [0.0, 1.0], "epochs": [0, 3]}, standardize=True, test=(x, y)))
        assert said.startswith("Selection(l2=0, epochs=3: validation cost ")
        assert "best of 4 over 5 folds; test cost " in said
        assert "simplest within a standard error" in repr(select(x, y, {"l2": [0.0, 1.0]}, rule="one_se"))

    def test_says_numbers_of_numpy_as_numbers(self):
        x, y, _ = problem(None, 20)
        said = repr(select(x, y, {"l2": np.array([0.0, 1.0]), "epochs": np.array([0, 3])}, learning_rate=0.1))
        assert said.startswith("Selection(l2=0, epochs=3: ")

    @pytest.mark.skipif(PLAIN, reason="a hundred thousand cells are a compiled kernel's work")
    def test_a_hundred_thousand_cells_are_right_at_random_places(self):
        x, y, _ = problem(2, 200)
        generator = np.random.default_rng(0)
        grid = {
            "epochs": generator.integers(0, 300, 50), "l2": generator.uniform(0.0, 1.0, 10),
            "learning_rate": generator.uniform(0.01, 0.9, 200),
        }  # fmt: skip
        chosen = select(x, y, grid, folds=fastgd.k_fold(200, 5, shuffle=True, seed=0))
        for _ in range(20):
            place = tuple(int(generator.integers(size)) for size in chosen.validation_cost.shape)
            own = {name: grid[name][i].item() for name, i in zip(grid, place, strict=True)}
            cv = quietly(fastgd.cross_validate, x, y, folds=fastgd.k_fold(200, 5, shuffle=True, seed=0), **own)
            assert chosen.validation_cost[place] == pytest.approx(cv.mean, rel=1e-9)


def test_choosing_rates_on_pure_noise_does_not_look_good_on_test_data():
    generator = np.random.default_rng(2)
    x, y = generator.normal(size=(60, 20)), generator.normal(size=60)
    chosen = select(x[:30], y[:30], {"epochs": [0, 1, 10, 1000]}, folds=5, standardize=True, test=(x[30:], y[30:]))
    long = quietly(fastgd.fit, x[:30], y[:30], epochs=1000, standardize=True)
    assert long.cost < 0.5 * y[:30].var()  # it remembers
    assert chosen.best["epochs"] <= 1
    assert chosen.test_cost < fastgd.mse(x[30:], y[30:], long.w, long.b)
