"""What is promised of the estimator's speed beside SGDRegressor: python -m benchmarks.bounds."""

from functools import partial
from typing import Any

import numpy as np

import fastgd

from .measure import Bound, medians


def _theirs(x: Any, y: Any, rate: float, shuffle: bool, l2: float) -> Any:
    from sklearn.linear_model import SGDRegressor

    model = SGDRegressor(
        learning_rate="constant", eta0=2.0 * rate, alpha=l2, penalty="l2" if l2 else None, shuffle=shuffle, max_iter=1,
        tol=None, random_state=0,
    ).fit(x, y)  # fmt: skip
    return np.append(model.coef_, model.intercept_)


def _ours(x: Any, y: Any, rate: float, shuffle: bool, l2: float) -> Any:
    from fastgd.sklearn import GradientDescentRegressor

    model = GradientDescentRegressor(
        batch_size=1, learning_rate=rate, l2=l2, shuffle="each" if shuffle else "none", epochs=1, random_state=0
    ).fit(x, y)
    return np.append(model.coef_, model.intercept_)


def estimators(rows: int = 1_000_000) -> list[Bound]:
    """An epoch of single samples, from `fit` to its return: checks of the data, the cost before and after and all."""
    found = []
    for d, rate in ((1, 0.01), (10, 1e-3)):
        x, y = fastgd.make_linear(rows, np.linspace(1.0, 2.0, d), noise=0.5)
        for l2 in (0.0, 0.01):
            for shuffle in (False, True):
                calls = [partial(call, x, y, rate, shuffle, l2) for call in (_theirs, _ours)]
                # Two random orders end near each other, the order given at one point.
                np.testing.assert_allclose(calls[1](), calls[0](), **({"atol": 0.3} if shuffle else {"rtol": 1e-9}))
                theirs, ours = medians(*calls, rounds=9)
                name = f"`GradientDescentRegressor.fit`, an epoch of 1e6 rows, d = {d}"
                name += (", shuffled" if shuffle else "") + (", l2" if l2 else "")
                found.append(Bound(name, "5 x SGDRegressor", theirs / ours, 5.0, "x", at_least=True))
    return found
