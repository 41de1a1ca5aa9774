"""What is promised of the speed of stochastic descent and of many descents at once: python -m benchmarks.bounds."""

from functools import partial
from typing import Any

import numpy as np

import fastgd

from .cases import plain_steps
from .conditions import read
from .measure import Bound, medians


def _scikit(x: Any, y: Any, rate: float, shuffle: bool) -> Any:
    from sklearn.linear_model import SGDRegressor

    # Their loss is half ours.
    found = SGDRegressor(
        learning_rate="constant", eta0=2.0 * rate, alpha=0.0, penalty=None, shuffle=shuffle, max_iter=1, tol=None,
        random_state=0,
    ).fit(x.reshape(len(y), -1), y)  # fmt: skip
    return np.append(found.coef_, found.intercept_)


def _fit(x: Any, y: Any, rate: float, epochs: int = 1, record: Any = None, **options: Any) -> Any:
    fit = fastgd.fit(
        x, y, learning_rate=rate, epochs=epochs, record=record, **{"batch_size": 1, "shuffle": "none", **options}
    )
    return np.append(fit.w, fit.b)


def stochastic() -> list[Bound]:
    """One sample at a time: the order given, d = 1 and 10, a new order every epoch, and an order that stays."""
    x, y = fastgd.make_linear(10_000_000, noise=0.5)
    calls = [
        partial(plain_steps, x, y, 0.01), partial(_scikit, x, y, 0.01, False), partial(_fit, x, y, 0.01),
        partial(_fit, x, y, 0.01, record="epoch"), partial(_fit, x, y, 0.01, epochs=50),
    ]  # fmt: skip
    for call in calls[1:4]:
        np.testing.assert_allclose(call(), calls[0](), rtol=1e-9)
    plain, peer, ours, recorded, fifty = medians(*calls, rounds=7)
    name = "SGD, order given, 1e7 rows"
    found = [
        Bound(f"{name}, no record", "3 x the plain kernel", plain / ours, 3.0, "x", at_least=True),
        Bound(f"{name}, no record", "12 x scikit-learn", peer / ours, 12.0, "x", at_least=True),
        Bound(f"{name}, with the costs", "2.2 x the plain kernel", plain / recorded, 2.2, "x", at_least=True),
    ]
    worst = fifty / ours
    for d in (2, 3, 4):
        planes = fastgd.make_linear(1_000_000, np.linspace(1.0, 2.0, d), noise=0.5)
        one, many = medians(partial(_fit, *planes, 1e-3), partial(_fit, *planes, 1e-3, epochs=50), rounds=9)
        worst = max(worst, many / one)
    x, y = fastgd.make_linear(1_000_000, np.linspace(1.0, 2.0, 10), noise=0.5)
    calls = [partial(plain_steps, x, y, 1e-3), partial(_scikit, x, y, 1e-3, False), partial(_fit, x, y, 1e-3)]
    for call in calls[1:]:
        np.testing.assert_allclose(call(), calls[0](), rtol=1e-9)
    plain, peer, ours = medians(*calls, rounds=15)
    name = "SGD, order given, 1e6 rows, d = 10"
    found += [
        Bound(name, "1.5 x the plain kernel", plain / ours, 1.5, "x", at_least=True),
        Bound(name, "5 x scikit-learn", peer / ours, 5.0, "x", at_least=True),
    ]
    x, y = fastgd.make_linear(2_000_000, noise=0.5)
    calls = [partial(_scikit, x, y, 0.01, True), partial(_fit, x, y, 0.01, shuffle="each", seed=0)]
    np.testing.assert_allclose(calls[1](), calls[0](), atol=0.3)  # two random orders end near each other, not at one point
    peer, ours = medians(*calls, rounds=7)
    name = 'SGD, shuffle="each", 2e6 rows'
    found.append(Bound(name, "5 x scikit-learn", peer / ours, 5.0, "x", at_least=True))
    found.append(Bound("50 epochs of a fixed order, d = 1 to 4", "3 x one epoch", worst, 3.0, "x"))
    return found


def batches() -> list[Bound]:
    """Mini-batches of 32 against the read roof."""
    x, y = fastgd.make_linear(10_000_000, noise=0.5)
    roof, ours, recorded = medians(
        lambda: read(x, y),
        partial(_fit, x, y, 0.01, batch_size=32),
        partial(_fit, x, y, 0.01, batch_size=32, record="epoch"),
        rounds=21,
    )
    name = "mini-batches of 32, order given, 1e7 rows"
    return [
        Bound(f"{name}, no record", "1.6 R", ours / roof, 1.6, "R"),
        Bound(f"{name}, with the costs", "2.7 R", recorded / roof, 2.7, "R"),
    ]


def many() -> list[Bound]:
    """Descents that share the rows they read."""
    x, y = fastgd.make_linear(1_000_000, noise=0.5)
    rates = np.geomspace(1e-4, 1e-2, 64)

    def together() -> Any:
        return fastgd.fit_many(x, y, {"learning_rate": rates}, batch_size=1, shuffle="none", epochs=1)

    for row in (0, 40, 63):
        np.testing.assert_allclose(together().w[row], _fit(x, y, rates[row])[0], rtol=1e-9)
    (stochastic,) = medians(together, rounds=9)
    x, y = fastgd.make_linear(10_000_000, noise=0.5)
    rates = np.geomspace(1e-4, 0.9, 10_000)

    def full() -> Any:
        return fastgd.fit_many(x, y, {"learning_rate": rates}, epochs=1000)

    for row in (0, 5000, 9999):
        alone = fastgd.fit(x, y, learning_rate=rates[row], epochs=1000)
        np.testing.assert_allclose(full().w[row], alone.w, rtol=1e-9)
    roof, ours = medians(lambda: read(x, y), full, rounds=15)
    return [
        Bound("64 SGD learning rates, 1e6 rows", "0.25 ns a row and run", stochastic / 64e6 * 1e9, 0.25, "ns"),
        Bound("10,000 full-batch rates x 1000 epochs, 1e7 rows", "1.3 R + 10 ms", ours * 1e3, 1.3 * roof * 1e3 + 10.0, "ms"),
    ]
