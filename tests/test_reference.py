"""The specification against the textbook, the certified values of NIST, and itself: laws that hold exactly."""

import itertools
import json
import math
import pathlib
from fractions import Fraction

import pytest

from fastgd import reference

X = [1, 2, 3]
Y = [2, 4, 6]
EXACT_X = [Fraction(v) for v in X]
EXACT_Y = [Fraction(v) for v in Y]
NIST = pathlib.Path(__file__).parent / "data" / "nist"


def exact(values):
    """The numbers as they are written, so that 83.1 is 831/10; rows of numbers too."""
    return [exact(value) if isinstance(value, list) else Fraction(str(value)) for value in values]


SOME_X = exact([[0.5, 2.0], [1.5, -1.0], [-2.0, 3.5], [4.0, 0.25], [2.5, 2.5]])
SOME_Y = exact([1.0, -2.0, 0.5, 3.0, 7.0])
SOME_W = exact([0.75, -1.25])
SOME_WEIGHTS = [2, 0, 1, 3, 1]


def test_textbook_loss_and_cost():
    assert reference.predict(X, 3) == [3, 6, 9]
    assert reference.losses(X, Y, 3) == [1, 4, 9]
    assert reference.losses(X, Y, 4) == [4, 16, 36]
    assert reference.cost(EXACT_X, EXACT_Y, 3) == Fraction(14, 3)
    assert reference.mse(EXACT_X, EXACT_Y, 4) == Fraction(56, 3)


def test_textbook_sweep_of_w():
    ws = [Fraction(i, 10) for i in range(41)]
    costs = [row[0] for row in reference.sweep(X, Y, ws, [0])]
    assert costs[0] == costs[40] == Fraction(56, 3)
    assert costs[20] == 0 == min(costs)
    assert costs.count(0) == 1


def test_textbook_sweep_of_w_and_b():
    axis = [Fraction(i, 10) for i in range(40)]
    costs = reference.sweep(X, exact([2.5, 4.5, 6.5]), axis, axis)
    assert costs[20][5] == 0 == min(min(row) for row in costs)
    corners = [float(costs[i][j]) for i in (0, 39) for j in (0, 39)]
    expected = [22.916666666666668, 3.026666666666666, 13.296666666666672, 54.24666666666669]
    assert corners == pytest.approx(expected, rel=1e-15)


def test_textbook_descent_on_floats():
    path = reference.fit(X, Y, w0=1.0, b0=0, learning_rate=0.01, epochs=100, bias=False)
    ws = [w for w, _ in path]
    assert len(ws) == 101
    assert reference.cost(X, Y, ws[0]) == 14 / 3
    assert ws[1] == 1.0933333333333333
    assert ws[10] == 1.6246153643467005
    assert ws[50] == 1.9925461188164473
    assert ws[100] == 1.9999444396553017
    assert reference.cost(X, Y, ws[99]) == 1.752432687141379e-08
    assert reference.predict([4], ws[0]) == [4.0]
    assert reference.predict([4], ws[100]) == [7.999777758621207]


def test_textbook_descent_is_exact_on_fractions():
    rate = Fraction(1, 100)
    path = reference.fit(EXACT_X, EXACT_Y, w0=Fraction(1), b0=0, learning_rate=rate, epochs=100, bias=False)
    # The error shrinks by 1 - rate * 28/3 in every update.
    assert [w for w, _ in path] == [2 - (1 - rate * Fraction(28, 3)) ** k for k in range(101)]


def test_textbook_stochastic_descent():
    path = reference.fit(X, Y, w0=1.0, b0=0, learning_rate=0.01, epochs=100, batch_size=1, bias=False)
    assert path[-1] == (1.9999999999999236, 0)


def test_textbook_limits():
    assert reference.learning_rate_limit(X, bias=False) == pytest.approx(3 / 14, rel=1e-15)
    assert reference.learning_rate_limit(X) == pytest.approx(0.1802948509750734, rel=1e-15)


@pytest.mark.parametrize("bias", [True, False])
def test_the_limit_separates_descent_that_ends_from_descent_that_explodes(bias):
    limit = reference.learning_rate_limit(X, bias=bias)
    for factor, stable in ((0.99, True), (1.01, False)):
        path = reference.fit(X, Y, w0=1.0, b0=0.5, learning_rate=factor * limit, epochs=2000, bias=bias)
        assert (abs(path[-1][0]) < 10) is stable


@pytest.mark.parametrize("name", ["norris", "noint1", "longley", "wampler1", "wampler4"])
def test_minimum_has_the_certified_values(name):
    data = json.loads((NIST / f"{name}.json").read_text())
    x, y, bias = exact(data["x"]), exact(data["y"]), data["intercept"]
    w, b, cost = reference.minimum(x, y, bias=bias)
    params = [float(v) for v in ([b, *w] if bias else w)]
    assert params == pytest.approx(data["params"], rel=1e-13)
    freedom = len(y) - len(params)
    assert math.sqrt(cost * len(y) / freedom) == pytest.approx(data["sd"], rel=1e-13, abs=1e-300)
    gw, gb = reference.gradient(x, y, w, b)
    assert gw == [0] * len(w)
    assert gb == 0 or not bias


@pytest.mark.parametrize("loss", ["squared", "absolute", "huber"])
@pytest.mark.parametrize("sample_weight", [None, SOME_WEIGHTS])
def test_gradient_is_the_slope_of_the_cost(loss, sample_weight):
    # Central differences of a quadratic, and of a line, are exact on fractions; no error is near a corner.
    h, l2, b = Fraction(1, 1000), Fraction(1, 7), Fraction(1, 3)

    def objective(w, b):
        mean = reference.cost(SOME_X, SOME_Y, w, b, loss, 3, sample_weight)
        return mean + l2 * sum(v * v for v in w)

    gw, gb = reference.gradient(SOME_X, SOME_Y, SOME_W, b, loss, 3, sample_weight, l2)
    w0, w1 = SOME_W
    assert gw[0] == (objective([w0 + h, w1], b) - objective([w0 - h, w1], b)) / (2 * h)
    assert gw[1] == (objective([w0, w1 + h], b) - objective([w0, w1 - h], b)) / (2 * h)
    assert gb == (objective(SOME_W, b + h) - objective(SOME_W, b - h)) / (2 * h)


def test_losses_of_one_error():
    errors = [-3, -1, 0, 1, 3]
    zeros = [0] * 5
    assert reference.losses(errors, zeros, 1, loss="absolute") == [3, 1, 0, 1, 3]
    assert reference.losses(errors, zeros, 1, loss="huber", delta=2) == [8, 1, 0, 1, 8]
    assert reference.losses(errors, zeros, 1, loss="huber", delta=math.inf) == [9, 1, 0, 1, 9]
    assert reference.gradient([0], [0], 5, loss="absolute") == (0, 0)
    with pytest.raises(ValueError, match="'squared', 'absolute' or 'huber'"):
        reference.losses(errors, zeros, 1, loss="square")


def test_integer_weights_are_repeated_rows():
    x = [row for row, weight in zip(SOME_X, SOME_WEIGHTS) for _ in range(weight)]
    y = [value for value, weight in zip(SOME_Y, SOME_WEIGHTS) for _ in range(weight)]
    weighted = {"sample_weight": SOME_WEIGHTS}
    assert reference.mse(SOME_X, SOME_Y, SOME_W, 1, **weighted) == reference.mse(x, y, SOME_W, 1)
    assert reference.gradient(SOME_X, SOME_Y, SOME_W, 1, **weighted) == reference.gradient(x, y, SOME_W, 1)
    assert reference.hessian(SOME_X, **weighted) == reference.hessian(x)
    assert reference.minimum(SOME_X, SOME_Y, **weighted) == reference.minimum(x, y)
    start = {"w0": SOME_W, "b0": Fraction(0), "learning_rate": Fraction(1, 50), "epochs": 3}
    assert reference.fit(SOME_X, SOME_Y, **start, **weighted) == reference.fit(x, y, **start)


def test_full_batch_is_a_batch_of_all_rows_and_follows_the_gradient():
    options = {"l2": Fraction(1, 9), "sample_weight": SOME_WEIGHTS}
    start = {"w0": SOME_W, "b0": Fraction(1), "learning_rate": Fraction(1, 50), "epochs": 4}
    path = reference.fit(SOME_X, SOME_Y, **start, **options)
    assert path == reference.fit(SOME_X, SOME_Y, batch_size=5, **start, **options)
    for (w, b), (w_next, b_next) in itertools.pairwise(path):
        gw, gb = reference.gradient(SOME_X, SOME_Y, w, b, **options)
        assert w_next == [v - g / 50 for v, g in zip(w, gw)]
        assert b_next == b - gb / 50


def test_batches_follow_the_order_and_the_last_is_averaged_over_its_own_size():
    orders = [[4, 2, 0, 1, 3], [0, 1, 2, 3, 4]]
    start = {"w0": SOME_W, "b0": Fraction(1), "learning_rate": Fraction(1, 50)}
    path = reference.fit(SOME_X, SOME_Y, **start, epochs=2, batch_size=2, orders=orders)
    w, b = SOME_W, Fraction(1)
    for epoch, batches in enumerate([[[4, 2], [0, 1], [3]], [[0, 1], [2, 3], [4]]]):
        for batch in batches:
            gw, gb = reference.gradient([SOME_X[i] for i in batch], [SOME_Y[i] for i in batch], w, b)
            w, b = [v - g / 50 for v, g in zip(w, gw)], b - gb / 50
        assert path[epoch + 1] == (w, b)


def test_weights_of_a_batch_are_relative_to_the_mean_weight_of_all_rows():
    one = {"w0": Fraction(1), "b0": Fraction(0), "learning_rate": Fraction(1, 100), "epochs": 1, "batch_size": 1}
    w, b = reference.fit(EXACT_X[:2], EXACT_Y[:2], **one, sample_weight=[3, 1])[1]
    # Row 0: e = -1, share 3/2: w = b + 1 = 1 + 3/100. Row 1: e = 2 w + b - 4, share 1/2.
    first = Fraction(3, 100)
    e = 2 * (1 + first) + first - 4
    assert (w, b) == (1 + first - 2 * e / 100, first - e / 100)


def test_standardised_descent_is_descent_on_standardised_features():
    x, y = [float(v) for v in (10, 11, 13, 18)], [3.0, 1.0, 4.0, 1.5]
    weights = [1.0, 2.0, 1.0, 4.0]
    mean = sum(v * g for v, g in zip(x, weights)) / 8
    scale = math.sqrt(sum(g * (v - mean) ** 2 for v, g in zip(x, weights)) / 8)
    options = {"learning_rate": 0.1, "epochs": 5, "batch_size": 3, "l2": 0.2, "sample_weight": weights}
    path = reference.fit(x, y, w0=0.5, b0=1.0, standardize=True, **options)
    theirs = reference.fit([(v - mean) / scale for v in x], y, w0=0.5 * scale, b0=1.0 + 0.5 * mean, **options)
    assert path[0] == (0.5, 1.0)
    for (w, b), (w_theirs, b_theirs) in zip(path, theirs):
        assert w == pytest.approx(w_theirs / scale, rel=1e-13)
        assert b == pytest.approx(b_theirs - w * mean, rel=1e-13)


def test_standardised_descent_without_a_bias_scales_and_does_not_centre():
    start = {"w0": 1.0, "b0": 0.0, "epochs": 3, "bias": False}
    scale = math.sqrt(14 / 3)
    path = reference.fit(X, Y, learning_rate=0.1, standardize=True, **start)
    # A step of a in x / scale is a step of a / scale^2 in x.
    plain = reference.fit(X, Y, learning_rate=0.1 / scale**2, **start)
    assert [w for w, _ in path] == pytest.approx([w for w, _ in plain], rel=1e-14)
    assert {b for _, b in path} == {0.0}


def test_a_constant_feature_is_standardised_to_zero():
    path = reference.fit([[1, 5], [2, 5]], [1, 3], w0=[0, 0], b0=0, learning_rate=0.5, epochs=50, standardize=True)
    assert path[-1][0] == [pytest.approx(2), 0]


def test_without_a_bias_the_start_value_of_b_stays():
    path = reference.fit(X, Y, w0=0.0, b0=1.0, learning_rate=0.1, epochs=200, bias=False)
    assert path[-1] == (pytest.approx(11 / 7), 1.0)


def parabola(optimizer, epochs, rate=Fraction(1, 4)):
    """The path of w on w^2 from 1, whose gradient is 2 w."""
    path = reference.fit(
        [Fraction(1)], [0], w0=Fraction(1), b0=0, learning_rate=rate, epochs=epochs, bias=False, optimizer=optimizer
    )
    assert {b for _, b in path} == {0}
    return [w for w, _ in path]


def test_momentum_by_hand():
    # g = 2, 1, 0, -1/2; v = 2, 2, 1, 0
    assert parabola(("momentum", Fraction(1, 2)), 4) == [1, Fraction(1, 2), 0, Fraction(-1, 4), Fraction(-1, 4)]


def test_nesterov_by_hand():
    # g = 2, 1/2; v = 2, 3/2; the steps are 3 and 5/4
    assert parabola(("nesterov", Fraction(1, 2)), 2) == [1, Fraction(1, 4), Fraction(-1, 16)]


@pytest.mark.parametrize("rule", ["plain", ("momentum", 0), ("nesterov", 0)])
def test_without_momentum_the_steps_are_plain(rule):
    assert parabola(rule, 3) == [1, Fraction(1, 2), Fraction(1, 4), Fraction(1, 8)]


def test_adagrad_by_hand():
    # g = 2, 3/2; s = 4, 25/4; the steps are 2/2 and 1.5/2.5
    assert parabola(("adagrad", 0), 2) == [1, 0.75, 0.6]
    assert parabola(("adagrad", 6), 1) == [1, 1 - 0.25 * 2 / 8]


def test_rmsprop_by_hand():
    # g = 2, 1; s = 1, 1
    assert parabola(("rmsprop", Fraction(3, 4), 0), 2) == [1, 0.5, 0.25]
    assert parabola(("rmsprop", Fraction(3, 4), 3), 1) == [1, 1 - 0.25 * 2 / 4]


def test_adam_by_hand():
    # g = 2, 3/2; v = 1, 5/4, corrected 2, 5/3; s = 1, 21/16, corrected 4, 3
    half = ("adam", Fraction(1, 2), Fraction(3, 4), 0)
    assert parabola(half, 2) == [1, 0.75, pytest.approx(0.75 - 0.25 * 5 / 3 / math.sqrt(3), rel=1e-15)]
    assert parabola((*half[:-1], 6), 1) == [1, 1 - 0.25 * 2 / 8]


def test_the_name_of_no_rule_is_an_error():
    with pytest.raises(ValueError, match="optimizer is 'adm'"):
        parabola("adm", 1)


def test_implicit_by_hand():
    # (1 + 2 rate x^2) w' = w + 2 rate x y
    assert parabola("implicit", 2, Fraction(1, 2)) == [1, Fraction(1, 2), Fraction(1, 4)]

    def w(rate, loss):
        options = {"learning_rate": Fraction(rate), "epochs": 1, "bias": False, "optimizer": "implicit", "loss": loss}
        return reference.fit([Fraction(2)], [6], w0=Fraction(0), b0=0, **options)[1][0]

    assert w(1, "squared") == Fraction(24, 9)
    assert w(1, "absolute") == 2  # a step of rate * x, which does not reach 3
    assert w(2, "absolute") == 3  # one that would go beyond ends there
    assert w(Fraction(1, 2), "huber") == 2  # where the error is -2, still on the straight piece
    assert w(1, "huber") == Fraction(24, 9)  # where it is -2/3


@pytest.mark.parametrize("loss", ["squared", "absolute", "huber"])
@pytest.mark.parametrize("rate", [Fraction(1, 100), Fraction(1, 3), Fraction(100)])
@pytest.mark.parametrize("bias", [True, False])
def test_an_implicit_update_ends_where_its_objective_is_least(loss, rate, bias):
    l2, weights = Fraction(1, 7), [Fraction(v) for v in SOME_WEIGHTS]
    mean, start = sum(weights) / 5, [*SOME_W, Fraction(1, 3)]
    for i in range(5):

        def objective(theta, i=i):
            error = reference.cost([SOME_X[i]], [SOME_Y[i]], theta[:2], theta[2], loss, 2)
            distance = sum((one - other) ** 2 for one, other in zip(theta, start))
            return weights[i] / mean * error + l2 * (theta[0] ** 2 + theta[1] ** 2) + distance / (2 * rate)

        options = {"loss": loss, "delta": 2, "l2": l2, "bias": bias, "sample_weight": weights}
        path = reference.fit(
            SOME_X,
            SOME_Y,
            w0=SOME_W,
            b0=start[2],
            learning_rate=rate,
            epochs=1,
            orders=[[i]],
            optimizer="implicit",
            **options,
        )
        w, b = path[1]
        assert bias or b == start[2]
        for way in itertools.product([-1, 0, 1], repeat=2 + bias):
            moved = [value + Fraction(step, 1000) for value, step in zip([*w, b], [*way, 0])]
            assert objective(moved) >= objective([*w, b])


@pytest.mark.parametrize("batch_size", [None, 2])
def test_an_implicit_update_by_a_batch_is_plain_with_the_gradient_where_it_ends(batch_size):
    rate, options = Fraction(1, 3), {"l2": Fraction(1, 9)}
    orders = [[0, 1, 2, 3, 4]] if batch_size is None else [[0, 1], [2, 3], [4]]  # a batch at a time, to see every update
    start = {"w0": SOME_W, "b0": Fraction(1), "learning_rate": rate, "epochs": len(orders), "orders": orders}
    path = reference.fit(SOME_X, SOME_Y, **start, **options, optimizer="implicit")
    for batch, (w, b), (w_next, b_next) in zip(orders, path, path[1:]):
        gw, gb = reference.gradient([SOME_X[i] for i in batch], [SOME_Y[i] for i in batch], w_next, b_next, **options)
        assert w_next == [v - rate * g for v, g in zip(w, gw)]
        assert b_next == b - rate * gb


def test_an_implicit_update_at_a_great_rate_reaches_the_minimum():
    w, b = reference.fit(
        SOME_X, SOME_Y, w0=SOME_W, b0=Fraction(1), learning_rate=Fraction(10) ** 12, epochs=1, optimizer="implicit"
    )[1]
    best_w, best_b, _ = reference.minimum(SOME_X, SOME_Y)
    assert [float(v) for v in (*w, b)] == pytest.approx([float(v) for v in (*best_w, best_b)], rel=1e-10)


def test_an_implicit_update_by_a_batch_knows_the_squared_loss_only():
    with pytest.raises(ValueError, match="2 rows of the huber loss"):
        reference.fit(X, Y, w0=0, b0=0, learning_rate=1, epochs=1, batch_size=2, loss="huber", optimizer="implicit")


def test_a_factor_multiplies_the_rate_of_its_epoch():
    start = {"w0": SOME_W, "b0": Fraction(1), "batch_size": 2}
    rate, factors = Fraction(1, 50), [Fraction(1), Fraction(1, 2), Fraction(3)]
    path = reference.fit(SOME_X, SOME_Y, **start, learning_rate=rate, epochs=3, factors=factors)
    for factor, (w, b), after in zip(factors, path, path[1:]):
        alone = start | {"w0": w, "b0": b}
        assert after == reference.fit(SOME_X, SOME_Y, **alone, learning_rate=rate * factor, epochs=1)[1]


def test_a_power_divides_the_rate_by_that_of_the_update_across_epochs():
    batches, rate = [[0, 1], [2, 3], [4]] * 2, Fraction(1, 10)
    start = {"w0": SOME_W, "b0": Fraction(1)}
    path = reference.fit(SOME_X, SOME_Y, **start, learning_rate=rate, epochs=2, batch_size=2, power=2)
    state = SOME_W, Fraction(1)
    for t, batch in enumerate(batches, 1):
        alone = {"w0": state[0], "b0": state[1], "learning_rate": rate / t**2}
        state = reference.fit(SOME_X, SOME_Y, **alone, epochs=1, orders=[batch])[1]
        if t % 3 == 0:
            assert path[t // 3] == state


@pytest.mark.parametrize(("average", "first"), [(0, 1), (Fraction(1, 2), 4), (Fraction(7, 10), 5)])
def test_an_average_is_the_mean_of_the_parameters_after_every_update_since(average, first):
    start = {"w0": SOME_W, "b0": Fraction(1), "learning_rate": Fraction(1, 50), "optimizer": ("momentum", Fraction(1, 2))}
    path = reference.fit(SOME_X, SOME_Y, **start, epochs=2, batch_size=2, average=average)
    single = reference.fit(SOME_X, SOME_Y, **start, epochs=6, orders=[[0, 1], [2, 3], [4]] * 2)
    for epoch, (w, b) in enumerate(path):
        since = single[first : 3 * epoch + 1] or [single[3 * epoch]]
        assert w == [sum(theirs[j] for theirs, _ in since) / len(since) for j in range(2)]
        assert b == sum(theirs for _, theirs in since) / len(since)


def test_penalty_moves_the_minimum_to_where_its_gradient_is_zero():
    l2 = Fraction(3, 10)
    w, b, cost = reference.minimum(SOME_X, SOME_Y, l2=l2, sample_weight=SOME_WEIGHTS)
    assert reference.gradient(SOME_X, SOME_Y, w, b, l2=l2, sample_weight=SOME_WEIGHTS) == ([0, 0], 0)
    assert cost == reference.cost(SOME_X, SOME_Y, w, b, sample_weight=SOME_WEIGHTS)
    flat, offset, _ = reference.minimum(EXACT_X, EXACT_Y, bias=False, l2=l2)
    assert (flat, offset) == (Fraction(28, 3) / (Fraction(14, 3) + l2), 0)


def test_hessian_is_the_second_difference_of_the_cost():
    table = reference.hessian(SOME_X, l2=Fraction(1, 4))
    base = [*SOME_W, Fraction(2)]

    def objective(theta):
        return reference.mse(SOME_X, SOME_Y, theta[:2], theta[2]) + Fraction(1, 4) * sum(v * v for v in theta[:2])

    def moved(*steps):
        return [value + steps.count(k) for k, value in enumerate(base)]

    for j in range(3):
        for k in range(3):
            both, one, other = objective(moved(j, k)), objective(moved(j)), objective(moved(k))
            assert table[j][k] == both - one - other + objective(base)


def test_a_singular_system_is_named():
    with pytest.raises(ValueError, match="column 1 depends on the columns before it"):
        reference.minimum([Fraction(1), Fraction(1)], EXACT_Y[:2])


def test_smooth_by_hand():
    values = [Fraction(v) for v in (1, 3, 2)]
    half = Fraction(1, 2)
    assert reference.smooth(values, half) == [1, 2, 2]
    assert reference.smooth(values, half, debias=True) == [1, Fraction(7, 3), Fraction(15, 7)]
    assert reference.smooth(values, 1) == reference.smooth(values, 1, debias=True) == values
