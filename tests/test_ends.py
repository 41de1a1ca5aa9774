"""How descents end: near enough to be left in peace, or so far off that it must be said."""

import json
import math
import warnings

import numpy as np
import pytest

import fastgd
from fastgd import ConvergenceWarning, DivergenceWarning, Status, cli, reference
from fastgd.orders import order_of


def heard(call, *args, **options):
    """What a call returns, and the kinds of what it warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call(*args, **options)
    return result, [one.category for one in caught]


def quietly(call, *args, **options):
    return heard(call, *args, **options)[0]


GRID = np.linspace(0.0, 1.0, 50)
LINE = 3.0 * GRID + 1.0


def exact_cases():
    """Data without noise, and how to fit them so that next to nothing of what a constant costs is left."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(60, 5))
    few = generator.normal(size=(4, 7))
    w = generator.normal(size=7)
    return {
        "the line of the issue": (GRID, LINE, {"epochs": 410}),
        "five features": (x, x @ w[:5] + 2.0, {"epochs": 120}),
        "five features, in batches": (x, x @ w[:5] + 2.0, {"epochs": 25, "batch_size": 16, "seed": 0}),
        "weights of any size": (GRID, LINE, {"epochs": 410, "sample_weight": 1e-100 * (1.0 + np.arange(50) % 3)}),
        "no bias": (x, x @ w[:5], {"epochs": 90, "bias": False}),
        "fewer rows than features": (few, few @ w, {"epochs": 520}),
        "far from 0": (GRID, 1e6 + GRID, {"epochs": 520}),
        "very far from 0": (GRID, 1e12 + GRID, {"epochs": 800}),
        "a constant": (GRID, np.full(50, 0.1), {"epochs": 500}),
        "units of 1e-140": (GRID, 1e-140 * LINE, {"epochs": 410}),
        "units of 1e150": (GRID, 1e150 * LINE, {"epochs": 410}),
        "a penalty next to 0": (GRID, LINE, {"epochs": 410, "l2": 1e-40}),
        "noise of the thirteenth digit": (GRID, LINE + 1e-13 * generator.normal(size=50), {"epochs": 410}),
        "zeros, from elsewhere": (GRID, np.zeros(50), {"epochs": 410, "w0": 2.0}),
    }  # fmt: skip


@pytest.mark.parametrize("name", exact_cases())
def test_data_without_noise_were_told_to_go_on_at_a_cost_of_5e_20(name):
    x, y, options = exact_cases()[name]
    fit, kinds = heard(fastgd.fit, x, y, **options)
    weight = options.get("sample_weight", np.ones(len(y)))
    left = np.average((y - fit.predict(x)) ** 2, weights=weight)
    useless = (
        np.average((y - np.average(y, weights=weight)) ** 2, weights=weight) if options.get("bias", True) else np.mean(y**2)
    )
    if not useless > 1e-30 * np.mean(y**2):
        useless = np.mean(y**2) or np.mean((2.0 * x) ** 2)  # nothing but the start says what is large
    assert left <= (1e-5 if name == "very far from 0" else 1e-10) * useless
    assert kinds == ([fastgd.RankWarning] if name == "fewer rows than features" else [])
    assert "use " not in fit.explain().replace("or use l2 > 0", "")
    assert "reached the minimum" in fit.explain() or fit.epochs == options["epochs"]


def test_what_is_left_of_data_without_noise_is_warned_of_while_it_is_something():
    for epochs, told in ((100, True), (150, True), (230, False)):
        fit, kinds = heard(fastgd.fit, GRID, LINE, epochs=epochs)
        assert bool(np.mean((LINE - fit.predict(GRID)) ** 2) > 1e-10 * np.var(LINE)) is told
        assert kinds == [ConvergenceWarning] * told
        assert ("use standardize=True, or more epochs" in fit.explain()) is told
        assert "where 0 is the minimum" in fit.explain()
        assert fit.excess == math.inf


def test_noise_of_the_thirteenth_digit_made_a_cost_of_1e_15_billions_of_percent():
    y = LINE + 1e-13 * np.random.default_rng(1).normal(size=50)
    fit = fastgd.fit(GRID, y, epochs=300)
    assert 1e-27 < fit.minimum_cost < 1e-25 and fit.excess > 1e9
    assert "%" not in fit.explain() and "%" not in repr(fit)
    assert f"{fit.cost:.3g}, where {fit.minimum_cost:.3g} is the minimum" in fit.explain()
    assert fastgd.Fit.__repr__(fit).split("minimum ")[1].startswith(f"{fit.minimum_cost:.3g};")


def test_noise_of_any_size_is_warned_of_at_more_than_a_hundredth():
    for noise in (1.0, 1e-2, 1e-3):
        y = LINE + noise * np.random.default_rng(2).normal(size=50)
        least = np.mean((y - np.polyval(np.polyfit(GRID, y, 1), GRID)) ** 2)
        for epochs in (5, 20, 60, 150):
            fit, kinds = heard(fastgd.fit, GRID, y, epochs=epochs)
            far = np.mean((y - fit.predict(GRID)) ** 2) > 1.01 * least
            assert kinds == [ConvergenceWarning] * int(far), (noise, epochs)


@pytest.mark.parametrize("batch_size", [None, 1, 7])
@pytest.mark.parametrize("y", [0.1, 5.0, -1e9, 1e-140, 1e140])
def test_a_constant_y_never_converged_and_had_an_r2_of_minus_4e32(batch_size, y):
    fit, kinds = heard(fastgd.fit, GRID, np.full(50, y), epochs=2000, batch_size=batch_size, seed=0)
    assert fit.status is Status.CONVERGED
    assert fit.epochs < 700
    assert fit.r2 == 1.0
    assert kinds == []
    table = fastgd.fit_many(GRID, np.full(50, y), {"learning_rate": ["auto"]}, epochs=2000, batch_size=batch_size, seed=0)
    assert table.status == (Status.CONVERGED,)


@pytest.mark.parametrize("batch_size", [None, 1, 7])
@pytest.mark.parametrize("offset", [0.0, 1e3, 1e9, 1e12])
def test_what_stands_still_at_the_floor_of_rounding_has_converged(batch_size, offset):
    y = offset + LINE
    for standardize in (False, True):
        options = {"epochs": 5000, "batch_size": batch_size, "seed": 0, "standardize": standardize}
        fit, kinds = heard(fastgd.fit, GRID, y, **options)
        assert fit.status is Status.CONVERGED
        assert np.mean((y - fit.predict(GRID)) ** 2) <= max(1e-9, 1e-30 * offset**2)
        assert kinds == []
        assert fastgd.fit_many(GRID, y, {"learning_rate": ["auto"]}, **options).status == (Status.CONVERGED,)


@pytest.mark.parametrize("batch_size", [None, 1, 7])
@pytest.mark.parametrize(
    ("y", "size"), [(np.full(50, 5.0), 25.0), (1e12 + LINE, 0.75), (LINE, 0.75), (1e-140 * LINE, 0.75e-280)]
)
def test_tol_could_not_be_met_where_the_minimum_is_rounding(batch_size, y, size):
    options = {"epochs": 3000, "batch_size": batch_size, "seed": 0, "tol": 1e-8}
    fit = fastgd.fit(GRID, y, **options)
    assert fit.status is Status.CONVERGED
    assert fit.epochs < 700
    assert np.mean((y - fit.predict(GRID)) ** 2) <= 2e-6 * size
    assert fastgd.fit_many(GRID, y, {"learning_rate": ["auto"]}, **options).status == (Status.CONVERGED,)


def test_a_constant_prediction_of_whole_numbers_far_from_0_was_0_percent_above_a_minimum_of_0():
    x = np.arange(12.0)
    y = 4e15 + 2.0 * x  # exact floats; the best constant costs 47.7
    fit = fastgd.fit(x, y, b0=float(y.mean()), epochs=0, learning_rate=1e-3)
    assert fit.cost == np.mean((y - y.mean()) ** 2)
    assert fit.excess == math.inf


@pytest.mark.parametrize("unit", [1e-160, 1e-200, 5e-324])
def test_a_y_whose_squares_vanish_was_met_by_every_model(unit):
    y = np.maximum(unit * (1.0 + np.arange(50.0)), 5e-324)
    for options in ({}, {"batch_size": 1}, {"standardize": True}, {"loss": "huber"}, {"bias": False}):
        with pytest.raises(ValueError, match=r"y is too small: the mean of its squares is .* multiply y by a power of ten"):
            fastgd.fit(GRID, y, **options)
    with pytest.raises(ValueError, match="y is too small"):
        fastgd.fit_many(GRID, y, {"learning_rate": [0.1]})
    assert math.isfinite(fastgd.fit(GRID, y, loss="absolute", learning_rate=unit, epochs=3).w)


def test_the_estimator_folds_and_the_command_line_are_left_in_peace_too(tmp_path, capsys):
    sklearn = pytest.importorskip("fastgd.sklearn", reason="the estimator needs scikit-learn")
    _, kinds = heard(sklearn.GradientDescentRegressor(epochs=410).fit, GRID[:, None], LINE)
    assert kinds == []
    _, kinds = heard(fastgd.cross_validate, GRID, LINE, folds=fastgd.k_fold(50, 5, shuffle=True, seed=0), epochs=410)
    assert kinds == []
    path = tmp_path / "line.csv"
    path.write_text("x,y\n" + "".join(f"{x!r},{y!r}\n" for x, y in zip(GRID.tolist(), LINE.tolist())))
    assert cli.main(["fit", str(path), "--x", "x", "--y", "y", "--epochs", "410"]) == 0
    told = capsys.readouterr()
    assert "use " not in told.out + told.err
    assert "where 0 is the minimum" in told.out


# ---- diverged --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def issue():
    """100,000 rows whose limit for single samples is 0.294; the rate of the issue."""
    x, y = fastgd.make_linear(100_000, seed=0)
    return x, y, {"batch_size": 1, "learning_rate": 0.535, "epochs": 1}


@pytest.mark.compiled("single samples of 100,000 rows")
def test_single_samples_went_from_4_to_a_million_without_a_word(issue):
    x, y, options = issue
    with pytest.warns(DivergenceWarning) as caught:
        fit = fastgd.fit(x, y, seed=0, **options)
    assert fit.history.cost[0] == pytest.approx(4.25, abs=0.01)
    assert np.mean((y - fit.predict(x)) ** 2) > 1e6
    assert fit.status is Status.DIVERGED
    said = str(caught[0].message)
    assert "learning_rate 0.535 is above 0.294067, below which batches of 1 are stable" in said
    assert "jumping" not in fit.explain()
    assert "the cost passed its start in epoch 1" in fit.explain()
    table = fastgd.fit_many(x, y, {"learning_rate": [0.535, 0.1]}, batch_size=1, epochs=1, seed=0)
    assert table.status == (Status.DIVERGED, Status.MAX_EPOCHS)


@pytest.mark.compiled("single samples of 100,000 rows")
def test_the_estimator_and_partial_fit_said_nothing_either(issue):
    sklearn = pytest.importorskip("fastgd.sklearn", reason="the estimator needs scikit-learn")
    x, y, options = issue
    for method in ("fit", "partial_fit"):
        model = sklearn.GradientDescentRegressor(random_state=0, **options)
        model, kinds = heard(getattr(model, method), x[:, None], y)
        assert kinds == [DivergenceWarning], method
        assert model.status_ is Status.DIVERGED
        assert "learning_rate 0.535 is above 0.294067, below which batches of 1 are stable" in model.explain()


def test_the_command_line_ended_with_0_after_a_divergence(tmp_path, capsys):
    x, y = fastgd.make_linear(3000, seed=0)
    path = tmp_path / "rows.csv"
    path.write_text("x,y\n" + "".join(f"{one!r},{two!r}\n" for one, two in zip(x.tolist(), y.tolist())))
    words = f"fit {path} --x x --y y --load --batch-size 1 --learning-rate 0.55 --epochs 1 --seed 0 --json".split()
    assert cli.main(words) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["status"] == "DIVERGED"
    assert told["cost"] > 10.0 * np.mean(y**2)


def random_problem(generator):
    """Rows on which steps behave: no row is far from the others, little noise."""
    d, n = int(generator.integers(1, 4)), int(generator.integers(20, 60))
    x = generator.uniform(-1.0, 1.0, (n, d)) * 10.0 ** generator.uniform(-0.3, 0.3, d) + generator.uniform(-0.3, 0.3)
    y = x @ generator.normal(size=d) + generator.normal() + 0.02 * generator.normal(size=n)
    weight = generator.uniform(0.5, 1.5, n) if generator.random() < 0.3 else None
    return x, y, weight


def grows_in_mean_square(x, weight, batch, rate, l2, bias):
    """Whether E[A kron A] has a spectral radius above 1, A the map of a random batch: the definition, written out."""
    z = np.column_stack([x, np.ones(len(x))]) if bias else x
    share = np.ones(len(x)) if weight is None else weight / weight.mean()
    k = z.shape[1]
    mean = (z * share[:, None]).T @ z / len(x)
    fourth = np.mean([s * s * np.kron(np.outer(r, r), np.outer(r, r)) for r, s in zip(z, share)], axis=0)
    half = mean + l2 * np.diag([1.0] * x.shape[1] + [0.0] * bias)
    spread = (fourth - np.kron(mean, mean)) / batch + np.kron(half, half)
    eye = np.eye(k)
    radius = np.abs(
        np.linalg.eigvals(np.eye(k * k) - 2.0 * rate * (np.kron(half, eye) + np.kron(eye, half)) + 4.0 * rate**2 * spread)
    )
    return radius.max() > 1.0


@pytest.mark.compiled("hundreds of stabilities, each a product of thousands of steps")
def test_what_plain_python_finds_far_above_its_start_has_diverged_and_nothing_stable_has(tries):
    counts = {"far": 0, "stable": 0}
    for seed in tries(150):
        generator = np.random.default_rng(seed)
        x, y, weight = random_problem(generator)
        batch, epochs, l2 = (
            int(generator.choice([1, 1, 2, 5])),
            int(generator.integers(1, 5)),
            float(generator.choice([0.0, 0.05])),
        )
        bias = bool(generator.random() < 0.8)
        known = fastgd.stability(x, batch_size=batch, sample_weight=weight, l2=l2, bias=bias)
        rate = known.max_learning_rate * 10.0 ** generator.uniform(-1.0, 1.0)
        start = {"w0": [0.0] * x.shape[1], "b0": 0.0}
        options = {"batch_size": batch, "learning_rate": rate, "epochs": epochs, "l2": l2, "bias": bias}
        orders = [order_of(seed, epoch, len(y)).tolist() for epoch in range(epochs)]
        shares = None if weight is None else weight.tolist()
        path = reference.fit(x.tolist(), y.tolist(), orders=orders, sample_weight=shares, **start, **options)
        with np.errstate(all="ignore"):
            try:
                costs = [reference.cost(x.tolist(), y.tolist(), w, b, sample_weight=shares) for w, b in path]
            except OverflowError:
                costs = [0.0, math.inf]
        fit, kinds = heard(fastgd.fit, x, y, seed=seed, sample_weight=weight, **options)
        share = np.ones(len(y)) if weight is None else weight
        middle = np.average(y, weights=share) if bias else 0.0
        useless = max(costs[0], np.average((y - middle) ** 2, weights=share))
        w = np.atleast_1d(fit.w)
        if not costs[-1] + l2 * float(w @ w) <= 10.0 * useless:
            counts["far"] += 1
            assert fit.status is Status.DIVERGED, seed
        if not grows_in_mean_square(x, weight, batch, rate, l2, bias):
            counts["stable"] += 1
            assert fit.status is not Status.DIVERGED, seed
        elif costs[-1] <= useless and rate < known.full_batch_limit:
            assert fit.status is not Status.DIVERGED, seed
        assert (DivergenceWarning in kinds) is (fit.status is Status.DIVERGED), seed
    assert min(counts.values()) >= 0.15 * sum(counts.values()) > 0 or sum(counts.values()) < 20


def test_fit_and_fit_many_call_the_same_runs_diverged(tries):
    found = []
    for seed in tries(60):
        generator = np.random.default_rng(1000 + seed)
        x, y, weight = random_problem(generator)
        y = y + generator.choice([0.0, 0.5, 3.0]) * generator.normal(size=len(y))
        batch = [None, 1, 4, 16][int(generator.integers(4))]
        limit = fastgd.stability(x, batch_size=batch, sample_weight=weight).max_learning_rate
        grid = {"learning_rate": (limit * 10.0 ** generator.uniform(-1.0, 1.0, 5)).tolist(), "l2": [0.0, 0.3]}
        fixed = {
            "batch_size": batch, "epochs": int(generator.integers(1, 6)), "sample_weight": weight, "seed": seed,
            "standardize": bool(generator.random() < 0.3),
            "shuffle": ["each", "each", "once", "none"][int(generator.integers(4))],
            "optimizer": [fastgd.Momentum(0.8), "plain", "plain", "adam"][int(generator.integers(4))],
            "schedule": [[10.0, 1.0, 0.1, 0.01, 0.001], "cosine", "constant"][int(generator.integers(3))],
            "w0": generator.normal(size=x.shape[1]) if generator.random() < 0.5 else None,
        }  # fmt: skip
        if not isinstance(fixed["schedule"], str):
            fixed["schedule"] = fixed["schedule"][: fixed["epochs"]]
        table = quietly(fastgd.fit_many, x, y, grid, **fixed)
        for row in range(len(table)):
            own = {name: table.columns[name][row] for name in grid}
            fit = quietly(fastgd.fit, x, y, **(fixed | own))
            assert table.status[row] is fit.status, (seed, own, fixed, fit.history.cost, table.cost[row])
            found.append(fit.status)
    assert {Status.DIVERGED, Status.MAX_EPOCHS} <= set(found) or len(found) < 100


@pytest.mark.parametrize("noise", [0.0, 1e-10, 0.5])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_start_at_the_minimum_that_jumps_to_the_floor_of_its_batches_has_not_diverged(noise, batch_size):
    generator = np.random.default_rng(3)
    x = generator.uniform(-1.0, 1.0, (200, 2))
    y = x @ [1.0, -2.0] + 0.5 + noise * generator.normal(size=200)
    lowest = fastgd.QuadraticCost.of(x, y).minimum
    for w0, b0 in ((lowest.w, lowest.b), ([1.0, -2.0], 0.5)):
        fit, kinds = heard(
            fastgd.fit, x, y, w0=w0, b0=b0, batch_size=batch_size, learning_rate=0.1, epochs=5, seed=0, tol=None
        )
        assert fit.status is not Status.DIVERGED
        assert kinds == []


def test_momentum_that_carries_a_full_batch_up_comes_back_and_has_not_diverged():
    x = np.array([[1.0, 0.0], [0.0, 0.03]])
    y = np.array([1.0, 0.0])
    rule = fastgd.Momentum(0.99)
    limit = quietly(fastgd.fit, x, y, optimizer=rule, learning_rate=0.1, bias=False, epochs=0).max_learning_rate
    options = {"optimizer": rule, "learning_rate": 0.999 * limit, "bias": False, "w0": [1.0, 20.0]}
    costs = quietly(fastgd.fit, x, y, epochs=3000, **options).history.cost
    top = int(np.argmax(costs))
    for epochs in (top, len(costs) - 1):
        fit, kinds = heard(fastgd.fit, x, y, epochs=epochs, **options)
        assert fit.status is not Status.DIVERGED
        assert DivergenceWarning not in kinds


def test_only_the_end_of_a_run_counts():
    x, y = fastgd.make_linear(200, seed=1)
    limit = fastgd.stability(x, batch_size=4).max_learning_rate
    rates = [30.0] * 2 + [0.3] * 40
    fit, kinds = heard(fastgd.fit, x, y, batch_size=4, learning_rate=limit, schedule=rates, epochs=42, seed=0)
    there, _ = heard(fastgd.fit, x, y, batch_size=4, learning_rate=limit, schedule=[30.0, 30.0], epochs=2, seed=0)
    if math.isfinite(there.cost) and there.cost < 1e6 * np.var(y):
        assert there.status is Status.DIVERGED
    assert fit.status is Status.DIVERGED or fit.cost < 10.0 * np.mean(y**2)
    assert (fit.status is Status.DIVERGED) is (kinds == [DivergenceWarning])


def test_a_schedule_of_full_batches_that_ends_below_the_limit_far_above_the_start_has_diverged():
    x, y = fastgd.make_linear(200, seed=1)
    limit = fastgd.stability(x).max_learning_rate
    rates = [3.0] * 4 + [1e-3]
    costs = [np.mean(y**2)]
    w = b = 0.0
    for factor in rates:
        error = x * w + b - y
        w, b = w - factor * limit * 2.0 * np.mean(error * x), b - factor * limit * 2.0 * np.mean(error)
        costs.append(np.mean((x * w + b - y) ** 2))
    assert 10.0 * costs[0] < costs[-1] < costs[-2] < 1e6 * costs[0]  # falling at the end, and not lost for good
    for options in ({}, {"via": "data"}, {"average": 0.9}):
        fit, kinds = heard(fastgd.fit, x, y, learning_rate=limit, schedule=rates, epochs=5, **options)
        assert (fit.status, kinds) == (Status.DIVERGED, [DivergenceWarning]), options
        assert "the schedule takes the rate above" in fit.explain()
    table = fastgd.fit_many(x, y, {"learning_rate": [limit, 0.01 * limit]}, schedule=rates, epochs=5)
    assert table.status == (Status.DIVERGED, Status.MAX_EPOCHS)


def test_a_penalty_that_raises_the_cost_of_a_full_batch_has_not_diverged():
    generator = np.random.default_rng(4)
    x = 100.0 + generator.normal(size=50)
    y = 3.0 * x + 1e-3 * generator.normal(size=50)
    for via in ("moments", "data"):
        fit, kinds = heard(fastgd.fit, x, y, w0=3.0, l2=1e4, epochs=3, via=via)
        assert fit.cost > 10.0 * np.var(y)
        assert np.all(np.diff(fit.history.cost + 1e4 * fit.history.w**2) < 0.0)  # what is minimised only falls
        assert fit.status is not Status.DIVERGED
        assert DivergenceWarning not in kinds


@pytest.mark.parametrize(
    "options",
    [
        {"loss": "absolute", "learning_rate": 300.0, "batch_size": 1},
        {"loss": "huber", "learning_rate": 300.0, "batch_size": 1},
        {"loss": "absolute", "learning_rate": 300.0},
        {"optimizer": "adam", "learning_rate": 1000.0, "epochs": 1, "batch_size": 1},
        {"optimizer": "adagrad", "learning_rate": 1000.0, "epochs": 1},
        {"optimizer": "rmsprop", "learning_rate": 1000.0, "epochs": 1, "standardize": True},
        {"optimizer": fastgd.Momentum(0.9), "learning_rate": 0.12, "epochs": 1, "batch_size": 1},
    ],
)
def test_other_losses_and_optimizers_that_end_far_above_their_start_are_told_of(options):
    x, y = fastgd.make_linear(100, seed=2)
    fit, kinds = heard(fastgd.fit, x, y, **({"epochs": 3, "seed": 0} | options))
    loss = options.get("loss", "squared")
    assert fit.cost > 10.0 * fastgd.cost(x, y, 0.0, 0.0, loss=loss)
    assert (fit.status, kinds) == (Status.DIVERGED, [DivergenceWarning])
    assert "learning_rate" in fit.explain()
    table = quietly(fastgd.fit_many, x, y, {"seed": [0]}, **({"epochs": 3} | options))
    assert table.status == (Status.DIVERGED,)


def test_patience_returned_the_start_of_a_run_that_diverged_and_said_nothing():
    x, y = fastgd.make_linear(2000, seed=3)
    options = {"batch_size": 1, "validation": 0.25, "patience": 2, "epochs": 10, "seed": 0}
    fit, kinds = heard(fastgd.fit, x, y, learning_rate=0.7, **options)
    assert (fit.status, kinds) == (Status.DIVERGED, [DivergenceWarning])
    lowest = fastgd.QuadraticCost.of(x, y).minimum
    stays, kinds = heard(fastgd.fit, x, y, learning_rate=0.05, w0=lowest.w, b0=lowest.b, **options)
    assert stays.status is Status.STOPPED_EARLY and kinds == []


def test_without_a_record_nothing_is_claimed_of_a_cost_that_is_finite():
    x, y = fastgd.make_linear(300, seed=0)
    fit, kinds = heard(fastgd.fit, x, y, batch_size=1, learning_rate=0.6, epochs=1, seed=0, record=None)
    assert fit.status is Status.MAX_EPOCHS and kinds == [] and math.isnan(fit.cost)


def test_records_of_updates_are_judged_as_those_of_epochs():
    x, y = fastgd.make_linear(3000, seed=0)
    for record in ("epoch", 7, 3000):
        fit, kinds = heard(fastgd.fit, x, y, batch_size=1, learning_rate=0.8, epochs=1, seed=0, record=record)
        assert (fit.status, kinds) == (Status.DIVERGED, [DivergenceWarning]), record


def test_a_run_that_ends_far_off_below_its_limit_was_told_that_its_rate_is_above_it():
    # Mostly noise, and a rate so near the limit that what remains of every step is many times the noise.
    generator = np.random.default_rng(5)
    x, y = generator.normal(size=400), generator.normal(size=400)
    limit = fastgd.stability(x, batch_size=1).max_learning_rate
    for seed in range(200):
        fit = quietly(fastgd.fit, x, y, batch_size=1, learning_rate=0.99 * limit, epochs=3, seed=seed)
        if fit.cost > 10.0 * np.mean(y**2):
            break
    assert fit.status is Status.DIVERGED
    said = fit.explain()
    assert (
        f"up to {limit:.6g} batches of 1 are stable in the long run, but at learning_rate {0.99 * limit:.6g} a run" in said
    )
    assert f"from a cost of {np.mean(y**2):.6g} to {fit.cost:.6g}" in said
    assert "is above" not in said


# ---- partial_fit -----------------------------------------------------------------------------------------------------


def test_a_first_row_of_zeros_made_every_other_row_a_divergence():
    sklearn = pytest.importorskip("fastgd.sklearn", reason="the estimator needs scikit-learn")
    generator = np.random.default_rng(6)
    x = generator.normal(size=(200, 2))
    y = x @ [2.0, -1.0] + 0.5
    y[0], x[0] = 0.0, 0.0
    model = sklearn.GradientDescentRegressor(learning_rate=0.05, batch_size=1, shuffle="none")
    for row in range(200):
        _, kinds = heard(model.partial_fit, x[row : row + 1], y[row : row + 1])
        assert kinds == [], row
        assert model.status_ is not Status.DIVERGED
    assert np.mean((y - model.predict(x)) ** 2) < 0.1


@pytest.mark.parametrize("rows", [1, 2, 5, 50])
def test_streams_of_few_rows_are_told_of_where_they_diverge_and_only_there(rows):
    sklearn = pytest.importorskip("fastgd.sklearn", reason="the estimator needs scikit-learn")
    generator = np.random.default_rng(7)
    x = generator.uniform(-1.0, 1.0, (400, 3))
    y = x @ [2.0, -1.0, 0.3] + 0.5 + 0.1 * generator.normal(size=400)
    limit = fastgd.stability(x, batch_size=1).max_learning_rate
    for factor in (0.1, 0.5, 6.0):
        model = sklearn.GradientDescentRegressor(learning_rate=factor * limit, batch_size=1, random_state=0)
        kinds = []
        for start in range(0, 400, rows):
            kinds += heard(model.partial_fit, x[start : start + rows], y[start : start + rows])[1]
        assert (DivergenceWarning in kinds) is (factor > 1.0), factor


def test_a_whole_epoch_of_partial_fit_is_judged_as_that_of_fit():
    sklearn = pytest.importorskip("fastgd.sklearn", reason="the estimator needs scikit-learn")
    for seed in range(60):
        generator = np.random.default_rng(seed)
        x, y, weight = random_problem(generator)
        rate = fastgd.stability(x, batch_size=1).max_learning_rate * 10.0 ** generator.uniform(-1.0, 1.0)
        options = {"batch_size": 1, "learning_rate": rate, "epochs": 1, "random_state": seed}
        once = quietly(sklearn.GradientDescentRegressor(**options).fit, x, y, weight)
        part = quietly(sklearn.GradientDescentRegressor(**options).partial_fit, x, y, weight)
        assert once.status_ is part.status_, seed


def test_a_cost_that_grew_beyond_the_floats_in_an_epoch_let_an_overflow_error_out():
    x, y = np.array([1.0, 2.0, 4.0]), np.array([1e-5, 3e-5, 2e-5])
    fit = quietly(fastgd.fit, x, y, learning_rate=1e156, epochs=1)
    assert fit.status is Status.DIVERGED
    assert math.log10(fit.cost) - math.log10(fit.history.cost[0]) > 308.3
    assert "grew more than 1e+307-fold an epoch" in fit.explain()
