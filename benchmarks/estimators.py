"""What is promised of the estimator's speed beside SGDRegressor: python -m benchmarks.bounds."""

import statistics
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

import fastgd

from .measure import Bound

_MORE = 4


def _theirs(x: Any, y: Any, rate: float, shuffle: bool, epochs: int) -> Any:
    from sklearn.linear_model import SGDRegressor

    model = SGDRegressor(
        learning_rate="constant", eta0=2.0 * rate, alpha=0.0, penalty=None, shuffle=shuffle, max_iter=epochs, tol=None,
        random_state=0,
    ).fit(x, y)  # fmt: skip
    return np.append(model.coef_, model.intercept_)


def _ours(x: Any, y: Any, rate: float, shuffle: bool, epochs: int) -> Any:
    from fastgd.sklearn import GradientDescentRegressor

    # SGDRegressor keeps no costs either.
    model = GradientDescentRegressor(
        batch_size=1, learning_rate=rate, shuffle="each" if shuffle else "none", epochs=epochs, record=None, random_state=0
    ).fit(x, y)
    return np.append(model.coef_, model.intercept_)


def _times(*calls: Callable[[int], Any], rounds: int = 7) -> tuple[list[float], list[float]]:
    """Median seconds of a `fit` of one epoch by each call, and of each further epoch, the calls taking turns."""
    first: list[list[float]] = [[] for _ in calls]
    further: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, one, more in zip(calls, first, further, strict=True):
            times = [perf_counter()]
            for epochs in (1, 1 + _MORE):
                call(epochs)
                times.append(perf_counter())
            one.append(times[1] - times[0])
            more.append((times[2] - times[1] - one[-1]) / _MORE)
    return [statistics.median(one) for one in first], [statistics.median(more) for more in further]


def estimators(rows: int = 1_000_000) -> list[Bound]:
    """One sample at a time: an epoch more, and a whole `fit` of one, with its checks and its costs before and after.

    In the order given a further epoch at d = 1 is the first one's map and costs no row, so there is no ratio to tell: there
    the whole fit is held to the promise. Elsewhere both spend as long on checking the rows as on one epoch.
    """
    found = []
    for d, rate in ((1, 0.01), (10, 1e-3)):
        x, y = fastgd.make_linear(rows, np.linspace(1.0, 2.0, d), noise=0.5)
        for shuffle in (False, True):
            calls = [partial(call, x, y, rate, shuffle) for call in (_theirs, _ours)]
            # Two random orders end near each other, the order given at one point.
            np.testing.assert_allclose(calls[1](1), calls[0](1), **({"atol": 0.3} if shuffle else {"rtol": 1e-9}))
            first, further = _times(*calls)
            name = f"estimator, 1e6 rows, d = {d}{', shuffled' if shuffle else ''}"
            free = d == 1 and not shuffle
            if not free:
                found.append(
                    Bound(f"{name}: an epoch", "5 x SGDRegressor", further[0] / further[1], 5.0, "x", at_least=True)
                )
            promise = ("5 x SGDRegressor", 5.0) if free else ("reported", 0.0)
            found.append(Bound(f"{name}: `fit`, one epoch", promise[0], first[0] / first[1], promise[1], "x", at_least=True))
    return found
