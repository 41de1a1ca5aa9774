"""Every number of the textbook, through the moments and through the rows."""

import numpy as np
import pytest

import fastgd

X, Y = [1, 2, 3], [2, 4, 6]
VIAS = ("moments", "data")


def close(value, printed, rel=1e-12):
    return value == pytest.approx(printed, rel=rel, abs=0.0)


def test_losses_and_costs():
    assert fastgd.losses(X, Y, 3.0).tolist() == [1, 4, 9]
    assert fastgd.losses(X, Y, 4.0).tolist() == [4, 16, 36]
    quadratic = fastgd.QuadraticCost.of(X, Y)
    for cost in (lambda w: fastgd.mse(X, Y, w), lambda w: fastgd.cost(X, Y, w), quadratic.mse):
        assert close(cost(3.0), 14 / 3)
        assert close(cost(4.0), 56 / 3)


def test_sweep_of_w():
    curve = fastgd.sweep(X, Y, np.arange(41) * 0.1)
    assert isinstance(curve, fastgd.Curve)
    assert len(curve.cost) == 41
    assert close(curve.cost[0], 56 / 3)
    assert close(curve.cost[-1], 56 / 3)
    assert curve.best.index == 20
    assert curve.cost[20] <= 1e-12 * curve.cost.max()
    assert curve.minimum.w == 2.0


def test_sweep_of_w_and_b():
    grid = np.arange(40) * 0.1
    surface = fastgd.sweep(X, [2.5, 4.5, 6.5], grid, grid)
    assert surface.cost.shape == (40, 40)
    assert surface.best.index == (20, 5)
    assert surface.cost[20, 5] <= 1e-12 * surface.cost.max()
    corners = surface.cost[[0, 0, -1, -1], [0, -1, 0, -1]]
    printed = [22.916666666666668, 3.026666666666666, 13.296666666666672, 54.24666666666669]
    assert corners == pytest.approx(printed, rel=1e-12, abs=0)
    # cost[i, j] is at (w[i], b[j]): the rows say the same
    assert close(fastgd.mse(X, [2.5, 4.5, 6.5], grid[7], grid[31]), surface.cost[7, 31])


@pytest.mark.parametrize("via", VIAS)
def test_gradient_descent(via):
    fit = fastgd.fit(X, Y, w0=1.0, bias=False, learning_rate=0.01, epochs=100, via=via)
    history = fit.history
    assert len(history) == 101
    assert close(history.cost[0], 14 / 3)
    for epoch, w in ((1, 1.0933333333333333), (10, 1.6246153643467005), (50, 1.9925461188164473)):
        assert close(history.w[epoch], w)
    assert close(fit.w, 1.9999444396553017)
    assert close(history.cost[99], 1.752432687141379e-08, rel=5e-11)
    assert fit.b == 0.0
    assert close(fit.predict([4.0])[0], 7.999777758621207)
    assert fastgd.predict([4.0], 1.0)[0] == 4.0
    assert fit.status is fastgd.Status.MAX_EPOCHS
    assert fit.via == via


def test_sample_by_sample():
    fit = fastgd.fit(X, Y, w0=1.0, bias=False, learning_rate=0.01, epochs=100, batch_size=1, shuffle="none")
    assert close(fit.w, 1.9999999999999236)


@pytest.mark.parametrize("via", VIAS)
@pytest.mark.parametrize(("bias", "limit"), [(False, 3 / 14), (True, 0.1802948509750734)])
def test_learning_rate_limit(via, bias, limit):
    fit = fastgd.fit(X, Y, bias=bias, learning_rate=0.01, via=via)
    assert close(fit.max_learning_rate, limit)
    stable = fastgd.fit(X, Y, bias=bias, learning_rate=limit * 0.999, via=via, epochs=3000, w0=1.0)
    assert stable.history.cost[-1] < stable.history.cost[0]
    with pytest.warns(fastgd.DivergenceWarning, match="largest that works"):
        diverged = fastgd.fit(X, Y, bias=bias, learning_rate=limit * 1.001, via=via, epochs=3000, w0=1.0)
    assert diverged.status is fastgd.Status.DIVERGED
    assert diverged.history.cost[-1] > diverged.history.cost[-2]


def test_smoothing():
    costs = [4.0, 2.0, 3.0, 1.0]
    assert fastgd.smooth(costs, 0.25).tolist() == [4.0, 3.5, 3.375, 2.78125]


@pytest.mark.parametrize("section", [1, 2, 3, 4, 6])
def test_the_shipped_textbook_data(section):
    x, y = fastgd.textbook(section)
    assert x.tolist() == [1, 2, 3]
    assert y.tolist() == ([2.5, 4.5, 6.5] if section == 3 else [2, 4, 6])


class TestPenguins:
    x, y = fastgd.penguins()

    def test_minimum(self):
        quadratic = fastgd.QuadraticCost.of(self.x, self.y)
        assert quadratic.count == 342
        assert close(quadratic.minimum.w, 49.685566406100085, 1e-10)
        assert close(quadratic.minimum.b, -5780.831358077062, 1e-10)
        assert close(quadratic.minimum.cost, 154546.18604782113, 1e-10)

    def test_limit(self):
        with pytest.warns(fastgd.ConvergenceWarning):
            fit = fastgd.fit(self.x, self.y)
        assert close(fit.max_learning_rate, 2.46517519483e-05, 1e-11)
        assert close(fit.condition, 8.35e6, 1e-2)
