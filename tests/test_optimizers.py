"""Update rules against the specification; what keeps them stable; what is said of bad ones."""

import math
import warnings
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest

import fastgd
from fastgd import reference
from fastgd.kernels import optimizers as kernels
from fastgd.optimizers import RULES, optimizer_of

VIAS = ("moments", "data")
EXTRAS = {
    "plain": {},
    "weights": {"sample_weight": (np.random.default_rng(5).random(23) + 0.1).tolist()},
    "l2": {"l2": 0.3},
    "no bias": {"bias": False, "b0": 0.0},
    "standardize": {"standardize": True},
}
GIVEN = [
    ("plain", "plain"),
    ("momentum", ("momentum", 0.9)),
    ("nesterov", ("nesterov", 0.9)),
    ("adagrad", ("adagrad", 1e-10)),
    ("rmsprop", ("rmsprop", 0.99, 1e-8)),
    ("adam", ("adam", 0.9, 0.999, 1e-8)),
    ("implicit", "implicit"),
    (fastgd.Plain(), "plain"),
    (fastgd.Momentum(0.3), ("momentum", 0.3)),
    (fastgd.Nesterov(0.6), ("nesterov", 0.6)),
    (fastgd.Adagrad(0.1), ("adagrad", 0.1)),
    (fastgd.RMSProp(0.7, 0.01), ("rmsprop", 0.7, 0.01)),
    (fastgd.Adam(0.6, 0.8, 0.03), ("adam", 0.6, 0.8, 0.03)),
    (fastgd.Implicit(), "implicit"),
]
INSTANCES = [given for given, _ in GIVEN[7:]]


def problem(d=None, n=23, seed=2):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=n if d is None else (n, d)) + 0.5
    y = (x if d is None else x @ np.arange(1.0, d + 1)) + 0.3 + 0.5 * generator.normal(size=n)
    w0 = 0.1 if d is None else generator.normal(size=d).tolist()
    return x, y, w0


def rule_of(instance):
    """The reference's name for an instance."""
    return (instance.name, *(getattr(instance, field.name) for field in fields(instance)))


def allowed(rule, batch_size, loss):
    """Whether the rule has a formula: implicit steps solve one sample of any loss, or batches of the square."""
    return rule != "implicit" or batch_size == 1 or loss == "squared"


@pytest.mark.parametrize(("given", "rule"), GIVEN, ids=[repr(given) for given, _ in GIVEN])
@pytest.mark.parametrize("batch_size", [None, 1, 5])
@pytest.mark.parametrize("loss", ["squared", "huber", "absolute"])
@pytest.mark.parametrize("d", [None, 3])
@pytest.mark.parametrize("extra", EXTRAS)
def test_agrees_with_the_reference(given, rule, batch_size, loss, d, extra):
    x, y, w0 = problem(d)
    options = {"loss": loss, "delta": 0.4, "batch_size": batch_size, "learning_rate": 0.01, "epochs": 6, "b0": 0.2}
    options |= {"w0": w0} | EXTRAS[extra]
    if not allowed(rule, batch_size, loss):
        with pytest.raises(ValueError, match=f"optimizer is 'implicit'.*not the {loss} loss"):
            fastgd.fit(x, y, optimizer=given, **options)
        return
    expected = reference.fit(x.tolist(), y.tolist(), optimizer=rule, **options)
    weight = options.get("sample_weight")
    costs = [reference.cost(x.tolist(), y.tolist(), w, b, loss=loss, delta=0.4, sample_weight=weight) for w, b in expected]
    for via in VIAS if batch_size is None and loss == "squared" else ("auto",):
        fit = fastgd.fit(x, y, shuffle="none", via=via, optimizer=given, **options)
        assert fit.history.w == pytest.approx(np.array([w for w, _ in expected]), rel=1e-10, abs=1e-12)
        assert fit.history.b == pytest.approx(np.array([b for _, b in expected]), rel=1e-10, abs=1e-12)
        assert fit.history.cost == pytest.approx(costs, rel=1e-10)
        assert fit.optimizer == (rule if isinstance(rule, str) else rule[0])
        assert fit.epochs == 6


@pytest.mark.parametrize("optimizer", RULES)
def test_moments_and_data_are_the_same_path(optimizer):
    x, y, w0 = problem(3, 200)
    options = {"w0": w0, "learning_rate": 0.02, "epochs": 60, "l2": 0.01, "optimizer": optimizer}
    one, other = (fastgd.fit(x, y, via=via, **options) for via in VIAS)
    assert (one.via, other.via) == VIAS
    assert one.history.w == pytest.approx(other.history.w, rel=1e-10, abs=1e-12)
    assert one.history.cost == pytest.approx(other.history.cost, rel=1e-10)
    assert (one.status, one.epochs, one.max_learning_rate) == pytest.approx(
        (other.status, other.epochs, other.max_learning_rate), nan_ok=True
    )


@pytest.mark.parametrize("optimizer", RULES)
def test_shuffled_orders_carry_the_memory_across_epochs(optimizer):
    from fastgd.orders import order_of

    x, y, w0 = problem()
    orders = [order_of(7, epoch, len(x)).tolist() for epoch in range(5)]
    options = {"w0": w0, "learning_rate": 0.02, "epochs": 5, "batch_size": 4}
    rule = rule_of(optimizer_of(optimizer))
    expected = reference.fit(x.tolist(), y.tolist(), b0=0.0, orders=orders, optimizer=rule, **options)
    fit = fastgd.fit(x, y, seed=7, optimizer=optimizer, **options)
    assert fit.history.w == pytest.approx([w for w, _ in expected], rel=1e-10)


@pytest.mark.parametrize("optimizer", RULES)
@pytest.mark.parametrize("batch_size", [1, 1000])
def test_edges_of_blocks_do_not_show(optimizer, batch_size, rows):
    # The blocks of three features are smaller than these rows; integers are converted block by block.
    generator = np.random.default_rng(1)
    x = generator.integers(-3, 4, size=(rows, 3))
    y = x @ [1, 2, 3] + generator.integers(0, 3, size=rows)
    options = {"batch_size": batch_size, "shuffle": "none", "epochs": 1, "learning_rate": 1e-4, "optimizer": optimizer}
    options["record"] = None
    assert np.array_equal(fastgd.fit(x, y, **options).w, fastgd.fit(x.astype(float), y.astype(float), **options).w)


class TestStability:
    """Momentum's limits are exact; implicit steps have none."""

    @pytest.mark.parametrize("optimizer", ["plain", "momentum", "nesterov", fastgd.Momentum(0.4), fastgd.Nesterov(0.4)])
    @pytest.mark.parametrize("via", VIAS)
    @pytest.mark.parametrize("l2", [0.0, 0.2])
    def test_max_learning_rate_separates(self, optimizer, via, l2):
        x, y, w0 = problem(3)
        options = {"w0": w0, "epochs": 1500, "optimizer": optimizer, "via": via, "l2": l2}
        limit = fastgd.fit(x, y, **(options | {"epochs": 1}), learning_rate=1e-6).max_learning_rate
        below = fastgd.fit(x, y, learning_rate=0.99 * limit, **options)
        assert below.status is fastgd.Status.CONVERGED or below.excess < 1e-6
        assert below.max_learning_rate == limit
        with pytest.warns(fastgd.DivergenceWarning, match=f"above {limit:.6g}, the largest that works for a full batch"):
            above = fastgd.fit(x, y, learning_rate=1.01 * limit, **options)
        assert above.status is fastgd.Status.DIVERGED
        assert above.cost > 1e3 * above.history.cost[0]

    @pytest.mark.parametrize("m", [0.0, 0.5, 0.9])
    def test_limits_in_units_of_the_plain_one(self, m):
        x, y, _ = problem(3)
        plain, momentum, nesterov = (
            fastgd.fit(x, y, learning_rate=1e-6, epochs=1, optimizer=optimizer).max_learning_rate
            for optimizer in ("plain", fastgd.Momentum(m), fastgd.Nesterov(m))
        )
        assert momentum == pytest.approx(plain * (1 + m), rel=1e-14)
        assert nesterov == pytest.approx(plain * (1 + m) / (1 + 2 * m), rel=1e-14)

    @pytest.mark.parametrize("optimizer", ["adagrad", "rmsprop", "adam"])
    def test_no_limit_is_claimed_where_none_is_known(self, optimizer):
        x, y, _ = problem()
        assert math.isnan(fastgd.fit(x, y, learning_rate=0.1, epochs=2, optimizer=optimizer).max_learning_rate)

    @pytest.mark.parametrize("loss", ["squared", "huber", "absolute"])
    @pytest.mark.parametrize("batch_size", [1, 5, None])
    @pytest.mark.parametrize("d", [None, 3])
    def test_implicit_steps_never_diverge(self, loss, batch_size, d):
        if not allowed("implicit", batch_size, loss):
            return
        x, y, w0 = problem(d)
        fit = fastgd.fit(
            x, y, w0=w0, loss=loss, batch_size=batch_size, optimizer="implicit", learning_rate=1e6, epochs=40, seed=0
        )
        assert fit.status is not fastgd.Status.DIVERGED
        assert np.all(fit.history.cost < 1e3 * fit.history.cost[0])

    def test_implicit_steps_of_batches_smaller_than_the_parameters_never_diverge(self):
        x, y, w0 = problem(5)
        options = {"w0": w0, "batch_size": 2, "optimizer": "implicit", "epochs": 40, "seed": 0}
        for rate in (1.0, 1e3, 1e6):
            fit = fastgd.fit(x, y, learning_rate=rate, **options)
            assert fit.status is fastgd.Status.MAX_EPOCHS
            assert np.all(fit.history.cost < 1e3 * fit.history.cost[0])

    @pytest.mark.parametrize("via", VIAS)
    @pytest.mark.parametrize("d", [None, 3])
    @pytest.mark.parametrize("l2", [0.0, 0.3])
    def test_an_implicit_full_batch_goes_to_the_minimum_in_one_great_step(self, via, d, l2):
        x, y, w0 = problem(d)
        fit = fastgd.fit(x, y, w0=w0, optimizer="implicit", learning_rate=1e9, epochs=20, via=via, l2=l2)
        w, b, cost = reference.minimum(x.tolist(), y.tolist(), l2=l2)
        assert fit.history.w[1] == pytest.approx(w, rel=1e-7)
        assert fit.w == pytest.approx(w, rel=1e-12)
        assert fit.b == pytest.approx(b, rel=1e-12)
        assert fit.cost == pytest.approx(cost, rel=1e-12)
        assert fit.status is fastgd.Status.CONVERGED
        assert fit.max_learning_rate == math.inf

    @pytest.mark.filterwarnings("ignore::fastgd.RankWarning")
    def test_implicit_steps_of_the_absolute_loss_stand_a_row_of_zeros(self):
        x, y = np.array([[0.0, 0.0], [1.0, 2.0], [0.0, 0.0]]), np.array([0.0, 1.0, 2.0])
        options = {"loss": "absolute", "batch_size": 1, "learning_rate": 0.3, "epochs": 5, "w0": [0.5, 0.5], "bias": False}
        fit = fastgd.fit(x, y, shuffle="none", optimizer="implicit", **options)
        expected = reference.fit(x.tolist(), y.tolist(), b0=0.0, optimizer="implicit", **options)
        assert fit.history.w == pytest.approx(np.array([w for w, _ in expected]), rel=1e-12)


class TestNames:
    """Instances are values; bad ones are refused in a sentence."""

    @pytest.mark.parametrize(
        ("name", "nearest"),
        [("adm", "adam"), ("Adam", "adam"), ("momentun", "momentum"), ("nesterof", "nesterov"), ("RMSprop", "rmsprop"),
         ("ada grad", "adagrad"), ("implict", "implicit"), ("plane", "plain")],
    )  # fmt: skip
    def test_the_nearest_name_is_suggested(self, name, nearest):
        with pytest.raises(
            ValueError, match=f"optimizer is '{name}': it must be one of .*did you mean '{nearest}'"
        ) as caught:
            fastgd.fit([1, 2, 3], [2, 4, 6], optimizer=name)
        assert "\n" not in str(caught.value)
        assert all(repr(rule) in str(caught.value) for rule in RULES)

    @pytest.mark.parametrize("given", [None, 3, "xyzzy", fastgd.Adam, ("adam", 0.9)])
    def test_what_is_no_rule_is_refused(self, given):
        with pytest.raises(
            ValueError, match=r"optimizer is .*: it must be one of 'plain', .*or an instance such as"
        ) as caught:
            fastgd.fit([1, 2, 3], [2, 4, 6], optimizer=given)
        assert "did you mean" not in str(caught.value)

    @pytest.mark.parametrize(
        ("make", "sentence"),
        [
            (lambda: fastgd.Momentum(1.0), "momentum is 1: it must be at least 0 and below 1"),
            (lambda: fastgd.Momentum(-0.1), "momentum is -0.1: it must be at least 0 and below 1"),
            (lambda: fastgd.Nesterov(1.5), "momentum is 1.5: it must be at least 0 and below 1"),
            (lambda: fastgd.Adam(beta1=-1), "beta1 is -1: it must be at least 0 and below 1"),
            (lambda: fastgd.Adam(beta2=1), "beta2 is 1: it must be at least 0 and below 1"),
            (lambda: fastgd.Adam(epsilon=math.inf), "epsilon is inf: it must be a finite number"),
            (lambda: fastgd.Adam(epsilon=-1e-8), "epsilon is -1e-08: it must be 0 or above"),
            (lambda: fastgd.Adagrad(epsilon=math.nan), "epsilon is nan: it must be a finite number"),
            (lambda: fastgd.RMSProp(decay=1.0), "decay is 1: it must be at least 0 and below 1"),
            (lambda: fastgd.RMSProp(epsilon=math.inf), "epsilon is inf: it must be a finite number"),
        ],
    )
    def test_bad_constants(self, make, sentence):
        with pytest.raises(ValueError, match=sentence) as caught:
            make()
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("value", ["0.9", None, [0.9]])
    def test_a_constant_that_is_no_number_is_a_type_error(self, value):
        with pytest.raises(TypeError, match=r"momentum is .*: it must be a number"):
            fastgd.Momentum(value)

    @pytest.mark.parametrize("rule", INSTANCES, ids=repr)
    def test_instances_are_frozen_hashable_and_equal_by_value(self, rule):
        again = replace(rule)
        assert rule == again and hash(rule) == hash(again) and {rule: 1}[again] == 1
        for field in fields(rule):
            with pytest.raises(FrozenInstanceError):
                setattr(rule, field.name, 0.5)
        assert sum(rule == other for other in INSTANCES) == 1

    def test_equal_whatever_kind_of_number_was_given(self):
        assert fastgd.Momentum(0) == fastgd.Momentum(0.0) == fastgd.Momentum(np.float32(0.0))
        assert repr(fastgd.Momentum(np.float64(0.5))) == "Momentum(momentum=0.5)"

    def test_a_name_is_the_instance_of_the_defaults(self):
        for name, rule in RULES.items():
            assert optimizer_of(name) == rule()
            assert rule.name == name
        assert fastgd.Adam() != fastgd.Adam(beta1=0.8)

    def test_codes_are_those_of_the_kernels(self):
        assert {name.upper(): rule.code for name, rule in RULES.items()} == {
            name.upper(): getattr(kernels, name.upper()) for name in RULES
        }
        assert len({rule.code for rule in RULES.values()}) == len(RULES) == 7

    def test_constants_are_in_the_order_of_the_kernels(self):
        assert fastgd.Adam(0.1, 0.2, 0.3).constants == (0.1, 0.2, 0.3)
        assert fastgd.RMSProp(0.1, 0.2).constants == (0.1, 0.2, 0.0)
        assert fastgd.Plain().constants == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(("optimizer", "rate"), [("adam", 0.001), ("rmsprop", 0.01), ("adagrad", 0.01)])
@pytest.mark.parametrize("batch_size", [None, 1, 5])
@pytest.mark.parametrize("loss", ["squared", "huber", "absolute"])
def test_auto_is_the_usual_rate_where_curvature_says_nothing(optimizer, rate, batch_size, loss):
    x, y, _ = problem()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fastgd.ConvergenceWarning)
        fit = fastgd.fit(x, y, optimizer=optimizer, epochs=1, batch_size=batch_size, loss=loss)
    assert fit.learning_rate == rate


@pytest.mark.parametrize("optimizer", ["momentum", "nesterov", "implicit"])
def test_auto_is_the_plain_rate_elsewhere(optimizer):
    x, y, _ = problem()
    fit = fastgd.fit(x, y, optimizer=optimizer)
    assert fit.learning_rate == fastgd.fit(x, y).learning_rate
    assert fit.excess < 0.01


def test_a_batch_of_the_only_row_is_one_sample():
    # batch_size=1 is what the refusal of batches asks for, so it must be taken.
    fit = fastgd.fit(
        [2.0], [6.0], batch_size=1, optimizer="implicit", loss="absolute", learning_rate=1.0, epochs=1, bias=False
    )
    assert fit.w == pytest.approx(2.0, rel=1e-15)


@pytest.mark.parametrize("optimizer", [fastgd.Adagrad(0.0), fastgd.RMSProp(epsilon=0.0), fastgd.Adam(epsilon=0.0)], ids=repr)
@pytest.mark.parametrize("batch_size", [None, 5])
def test_without_epsilon_a_bias_that_is_not_fitted_stays(optimizer, batch_size):
    x, y, w0 = problem()
    options = {"w0": w0, "batch_size": batch_size, "learning_rate": 0.02, "epochs": 6, "bias": False}
    expected = reference.fit(x.tolist(), y.tolist(), b0=0.0, optimizer=rule_of(optimizer), **options)
    fit = fastgd.fit(x, y, optimizer=optimizer, shuffle="none", **options)
    assert fit.history.w == pytest.approx([w for w, _ in expected], rel=1e-10)
    assert np.all(fit.history.b == 0.0)


@pytest.mark.parametrize("optimizer", [rule for rule in RULES if rule != "implicit"])
def test_agrees_with_torch(optimizer):
    torch = pytest.importorskip("torch", reason="torch is not installed: its optimizers cannot be compared with")
    x, y, w0 = problem(3)
    w = torch.tensor(w0, dtype=torch.float64, requires_grad=True)
    b = torch.tensor(0.2, dtype=torch.float64, requires_grad=True)
    made = {
        "plain": lambda p: torch.optim.SGD(p, lr=0.02),
        "momentum": lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9),
        "nesterov": lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9, nesterov=True),
        "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.02),
        "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.02),
        "adam": lambda p: torch.optim.Adam(p, lr=0.02),
    }[optimizer]([w, b])
    for _ in range(20):
        made.zero_grad()
        torch.mean((torch.tensor(x) @ w + b - torch.tensor(y)) ** 2).backward()
        made.step()
    for via in VIAS:
        fit = fastgd.fit(x, y, w0=w0, b0=0.2, learning_rate=0.02, epochs=20, optimizer=optimizer, via=via)
        assert fit.w == pytest.approx(w.detach().numpy(), rel=1e-10)
        assert fit.b == pytest.approx(float(b), rel=1e-10)
