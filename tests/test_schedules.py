"""Schedules: their formulas, their use in a descent against the specification, and what is said of bad ones."""

import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

import fastgd
from fastgd import reference
from fastgd.schedules import SCHEDULES, factors_of, schedule_of

EPOCHS = 7
FORMULAS = [
    ("constant", lambda t: 1.0),
    (fastgd.Constant(), lambda t: 1.0),
    ("inverse_time", lambda t: 1 / (1 + t)),
    (fastgd.InverseTime(decay=0.3), lambda t: 1 / (1 + 0.3 * t)),
    ("step", lambda t: 0.5 ** (t // 10)),
    (fastgd.Step(every=2, factor=0.3), lambda t: 0.3 ** (t // 2)),
    (fastgd.Step(every=1, factor=1.1), lambda t: 1.1**t),
    ("exponential", lambda t: 0.95**t),
    (fastgd.Exponential(factor=0.6), lambda t: 0.6**t),
    ("cosine", lambda t: (1 + math.cos(math.pi * t / EPOCHS)) / 2),
    (fastgd.Cosine(final=0.2), lambda t: 0.2 + 0.8 * (1 + math.cos(math.pi * t / EPOCHS)) / 2),
    (fastgd.Cosine(final=1.0), lambda t: 1.0),
    ("warm_up", lambda t: (t + 1) / 6 if t < 5 else 1.0),
    (fastgd.WarmUp(epochs=3), lambda t: (t + 1) / 4 if t < 3 else 1.0),
    (fastgd.WarmUp(epochs=20), lambda t: (t + 1) / 21),
    (fastgd.WarmUp(2, then="exponential"), lambda t: (t + 1) / 3 if t < 2 else 0.95 ** (t - 2)),
    (fastgd.WarmUp(2, then=fastgd.Step(2, 0.1)), lambda t: (t + 1) / 3 if t < 2 else 0.1 ** ((t - 2) // 2)),
    (fastgd.WarmUp(2, then="cosine"), lambda t: (t + 1) / 3 if t < 2 else (1 + math.cos(math.pi * (t - 2) / 5)) / 2),
    (fastgd.WarmUp(1, then=fastgd.WarmUp(2)), lambda t: [1 / 2, 1 / 3, 2 / 3, 1, 1, 1, 1][t]),
    (fastgd.WarmUp(1, then=lambda t: 0.5**t), lambda t: 0.5 if t == 0 else 0.5 ** (t - 1)),
    ([1.0, 2.0, 0.5, 0.25, 3.0, 1.0, 0.1], lambda t: [1.0, 2.0, 0.5, 0.25, 3.0, 1.0, 0.1][t]),
    ((3, 1, 1, 2, 1, 1, 1), lambda t: (3, 1, 1, 2, 1, 1, 1)[t]),
    (np.linspace(1, 0.1, EPOCHS, dtype=np.float32), lambda t: float(np.linspace(1, 0.1, EPOCHS, dtype=np.float32)[t])),
    (lambda t: 2.0 / (t + 2), lambda t: 2.0 / (t + 2)),
    (lambda t: 1, lambda t: 1.0),
    ("inverse_scaling", lambda t: 1.0),  # which counts updates
]
IDS = [given if isinstance(given, str) else f"{type(given).__name__}-{i}" for i, (given, _) in enumerate(FORMULAS)]


def problem(d=None, n=23, seed=2):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=n if d is None else (n, d)) + 0.5
    y = (x if d is None else x @ np.arange(1.0, d + 1)) + 0.3 + 0.5 * generator.normal(size=n)
    w0 = 0.1 if d is None else generator.normal(size=d).tolist()
    return x, y, w0


def agree(fit, expected):
    assert fit.history.w == pytest.approx(np.array([w for w, _ in expected]), rel=1e-11, abs=1e-13)
    assert fit.history.b == pytest.approx(np.array([b for _, b in expected]), rel=1e-11, abs=1e-13)


@pytest.mark.parametrize(("given", "formula"), FORMULAS, ids=IDS)
def test_formulas(given, formula):
    factors = factors_of(schedule_of(given), EPOCHS)
    assert factors.dtype == np.float64
    assert factors == pytest.approx([formula(t) for t in range(EPOCHS)], rel=1e-14)


@pytest.mark.parametrize("epochs", [0, 1, 4])
@pytest.mark.parametrize("name", SCHEDULES)
def test_there_is_a_factor_for_each_epoch(name, epochs):
    assert factors_of(schedule_of(name), epochs).shape == (epochs,)
    assert fastgd.fit([1, 2, 3], [2, 4, 6], schedule=name, epochs=epochs, learning_rate=0.01).epochs == epochs


@pytest.mark.parametrize(("given", "formula"), FORMULAS[:-1], ids=IDS[:-1])
@pytest.mark.parametrize(
    ("batch_size", "via"), [(None, "moments"), (None, "data"), (1, "auto"), (5, "auto")], ids=["moments", "data", "1", "5"]
)
@pytest.mark.parametrize("d", [None, 3])
def test_a_descent_agrees_with_the_reference(given, formula, batch_size, via, d):
    x, y, w0 = problem(d)
    options = {"w0": w0, "b0": 0.2, "learning_rate": 0.02, "epochs": EPOCHS, "batch_size": batch_size}
    expected = reference.fit(x.tolist(), y.tolist(), factors=[formula(t) for t in range(EPOCHS)], **options)
    agree(fastgd.fit(x, y, schedule=given, via=via, shuffle="none", **options), expected)


@pytest.mark.parametrize("optimizer", ["momentum", "adam", "implicit"])
@pytest.mark.parametrize("batch_size", [None, 1, 5])
@pytest.mark.parametrize("loss", ["squared", "huber"])
def test_a_descent_with_an_optimizer_agrees_with_the_reference(optimizer, batch_size, loss):
    if optimizer == "implicit" and loss == "huber":
        batch_size = 1
    rule = {"momentum": ("momentum", 0.9), "adam": ("adam", 0.9, 0.999, 1e-8), "implicit": "implicit"}[optimizer]
    x, y, w0 = problem(3)
    options = {"w0": w0, "b0": 0.2, "learning_rate": 0.02, "epochs": EPOCHS, "batch_size": batch_size, "loss": loss}
    expected = reference.fit(x.tolist(), y.tolist(), factors=[0.6**t for t in range(EPOCHS)], optimizer=rule, **options)
    agree(fastgd.fit(x, y, schedule=fastgd.Exponential(0.6), shuffle="none", optimizer=optimizer, **options), expected)


@pytest.mark.parametrize("power", [0.25, 1.0, 2.5])
@pytest.mark.parametrize(
    ("batch_size", "via"), [(None, "moments"), (None, "data"), (1, "auto"), (5, "auto")], ids=["moments", "data", "1", "5"]
)
@pytest.mark.parametrize("optimizer", ["plain", "momentum", "implicit"])
@pytest.mark.parametrize("d", [None, 3])
def test_inverse_scaling_counts_updates_across_epochs(power, batch_size, via, optimizer, d):
    x, y, w0 = problem(d)
    options = {"w0": w0, "b0": 0.2, "learning_rate": 0.05, "epochs": EPOCHS, "batch_size": batch_size}
    rule = ("momentum", 0.9) if optimizer == "momentum" else optimizer
    expected = reference.fit(x.tolist(), y.tolist(), power=power, optimizer=rule, **options)
    given = "inverse_scaling" if power == 0.25 else fastgd.InverseScaling(power)
    fit = fastgd.fit(x, y, schedule=given, via=via, optimizer=optimizer, shuffle="none", **options)
    agree(fit, expected)
    assert fit.schedule == "inverse_scaling"


@pytest.mark.parametrize("shuffle", ["each", "once", "none"])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_in_any_order_the_rate_is_that_of_the_epoch(shuffle, batch_size):
    from fastgd.orders import order_of

    x, y, w0 = problem()
    orders = None
    if shuffle != "none":
        orders = [order_of(7, epoch if shuffle == "each" else 0, len(x)).tolist() for epoch in range(EPOCHS)]
    options = {"w0": w0, "learning_rate": 0.02, "epochs": EPOCHS, "batch_size": batch_size}
    # The same rate for some epochs, another, and the first again: an epoch's map must not outlive its rate.
    factors = [1.0, 1.0, 0.5, 0.5, 2.0, 1.0, 1.0]
    expected = reference.fit(x.tolist(), y.tolist(), b0=0.0, orders=orders, factors=factors, **options)
    agree(fastgd.fit(x, y, schedule=factors, shuffle=shuffle, seed=7, **options), expected)


@pytest.mark.parametrize("via", ["moments", "data"])
def test_a_factor_can_bring_the_rate_above_the_limit_for_a_while(via):
    x, y, w0 = problem(3)
    limit = fastgd.fit(x, y, epochs=1, learning_rate=1e-6).max_learning_rate
    schedule = [3.0] * 3 + [0.5] * 3000
    fit = fastgd.fit(x, y, w0=w0, learning_rate=limit, schedule=schedule, epochs=len(schedule), via=via)
    assert fit.history.cost[3] > fit.history.cost[0]
    assert fit.status is fastgd.Status.CONVERGED
    assert fit.excess < 1e-9


@pytest.mark.parametrize("via", ["moments", "data"])
def test_a_rate_whose_last_factor_is_above_the_limit_diverges(via):
    with pytest.warns(fastgd.DivergenceWarning):
        fit = fastgd.fit(
            [1, 2, 3], [2, 4, 6], bias=False, w0=1.0, learning_rate=0.1, schedule=[1, 3, 3, 3], epochs=4, via=via
        )
    assert fit.status is fastgd.Status.DIVERGED
    assert "batches of None" not in fit.explain()


def test_the_rate_kept_is_the_one_before_the_factors_and_the_schedule_is_named():
    fit = fastgd.fit([1, 2, 3], [2, 4, 6], learning_rate=0.01, schedule=fastgd.Step(5, 0.1), epochs=20)
    assert (fit.learning_rate, fit.schedule) == (0.01, "step")
    assert fastgd.fit([1, 2, 3], [2, 4, 6], learning_rate=0.01, schedule=np.ones(3), epochs=3).schedule == "given"
    assert fastgd.fit([1, 2, 3], [2, 4, 6], learning_rate=0.01).schedule == "constant"


def test_a_function_sees_every_epoch_once():
    seen = []

    def schedule(t):
        seen.append(t)
        return 1.0

    fastgd.fit([1, 2, 3], [2, 4, 6], learning_rate=0.01, schedule=schedule, epochs=5)
    assert seen == list(range(5))


@pytest.mark.parametrize("made", [schedule() for schedule in SCHEDULES.values()], ids=repr)
def test_instances_are_frozen_hashable_and_equal_by_value(made):
    again = type(made)()
    assert made == again and hash(made) == hash(again)
    assert schedule_of(made.name) == made
    assert schedule_of(made) is made
    with pytest.raises(FrozenInstanceError):
        made.anything = 1


def test_equal_whatever_kind_of_number_was_given():
    assert fastgd.Exponential(1) == fastgd.Exponential(np.float64(1.0))
    assert fastgd.InverseScaling(0.5) != fastgd.InverseScaling()
    assert {fastgd.Step(2), fastgd.Step(2, 0.5)} == {fastgd.Step(every=2)}


@pytest.mark.parametrize(
    ("schedule", "sentence"),
    [
        ([1.0, 0.5], r"schedule has shape \(2,\): it must be \(3,\), a factor for each epoch"),
        (np.ones((3, 1)), r"schedule has shape \(3, 1\): it must be \(3,\)"),
        ([1.0, 0.0, 1.0], "schedule is 0 in epoch 1: every factor must be a finite number above 0"),
        ([1.0, 1.0, -2.0], "schedule is -2 in epoch 2: every factor must be"),
        ([math.nan, 1.0, 1.0], "schedule is nan in epoch 0: every factor must be"),
        ([1.0, math.inf, 1.0], "schedule is inf in epoch 1: every factor must be"),
        (lambda t: 1.0 - t, "schedule is 0 in epoch 1: every factor must be"),
        (lambda t: -1.0, "schedule is -1 in epoch 0: every factor must be"),
        (lambda t: math.nan, r"schedule\(0\) is nan"),
        (lambda t: math.inf if t == 2 else 1.0, r"schedule\(2\) is inf"),
        (fastgd.Exponential(1e-200), "schedule is 0 in epoch 2: every factor must be"),
        (fastgd.WarmUp(1, then=[1.0]), r"schedule has shape \(1,\): it must be \(2,\)"),
        ("cosin", r"schedule is 'cosin': it must be one of .* \(did you mean 'cosine'\?\)"),
        ("Exponential", r"did you mean 'exponential'\?"),
        ("invscaling", r"did you mean 'inverse_scaling'\?"),
        ("warmup", r"did you mean 'warm_up'\?"),
        ("zzz", "schedule is 'zzz': it must be one of 'constant', 'inverse_time', .*a function of the epoch"),
        (None, "schedule is None: it must be one of"),
        (fastgd.Step, "schedule is <class .*Step'>: it must be one of .*an instance such as Step"),
    ],
)
def test_bad_schedules(schedule, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        fastgd.fit([1, 2, 3], [2, 4, 6], learning_rate=0.01, epochs=3, schedule=schedule)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("schedule", [lambda t: "fast", lambda t: None, lambda t: [1.0], ["a", "b", "c"]])
def test_what_is_no_number_is_a_type_error(schedule):
    with pytest.raises((TypeError, ValueError), match="schedule") as caught:
        fastgd.fit([1, 2, 3], [2, 4, 6], learning_rate=0.01, epochs=3, schedule=schedule)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "kind", "sentence"),
    [
        (lambda: fastgd.InverseTime(0), ValueError, "decay is 0: it must be above 0"),
        (lambda: fastgd.InverseTime(math.nan), ValueError, "decay is nan: it must be a finite number"),
        (lambda: fastgd.Step(every=0), ValueError, "every is 0: it must be 1 or above"),
        (lambda: fastgd.Step(every=2.5), TypeError, "every is 2.5: it must be a whole number"),
        (lambda: fastgd.Step(factor=-1), ValueError, "factor is -1: it must be above 0"),
        (lambda: fastgd.Exponential(0.0), ValueError, "factor is 0: it must be above 0"),
        (lambda: fastgd.Exponential(math.inf), ValueError, "factor is inf: it must be a finite number"),
        (lambda: fastgd.Cosine(1.5), ValueError, "final is 1.5: it must be from 0 to 1"),
        (lambda: fastgd.Cosine(-0.5), ValueError, "final is -0.5: it must be from 0 to 1"),
        (lambda: fastgd.WarmUp(0), ValueError, "epochs is 0: it must be 1 or above"),
        (lambda: fastgd.WarmUp(5, then="cosin"), ValueError, "then is 'cosin': it must be one of .*did you mean 'cosine'"),
        (lambda: fastgd.WarmUp(5, then="inverse_scaling"), ValueError, "then is InverseScaling: .*cannot follow a warm-up"),
        (lambda: fastgd.InverseScaling(0), ValueError, "power is 0: it must be above 0"),
        (lambda: fastgd.InverseScaling("1"), TypeError, "power is '1': it must be a number"),
    ],
)
def test_bad_constants(make, kind, sentence):
    with pytest.raises(kind, match=sentence) as caught:
        make()
    assert "\n" not in str(caught.value)
