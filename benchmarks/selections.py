"""What is promised of the speed of cross-validation: python -m benchmarks.bounds."""

from functools import partial
from typing import Any

import numpy as np

import fastgd

from .choices import choice, left_out, scikit_choice, scikit_left_out
from .conditions import read
from .measure import Bound, medians

PENALTIES = np.geomspace(1e-4, 10.0, 1000)


def choices() -> list[Bound]:
    """Cross-validation: against the read roof, and against scikit-learn on 300 rows."""
    x, y = fastgd.make_linear(10_000_000, noise=0.5)
    rates, penalties = np.geomspace(1e-3, 0.4, 100), np.geomspace(1e-6, 0.1, 10)

    def search(**grid: Any) -> Any:
        return fastgd.select(x, y, {"learning_rate": rates, "l2": penalties} | grid, epochs=1000)

    def every_epoch() -> Any:
        return fastgd.select(x, y, {"learning_rate": rates, "epochs": range(1, 1001), "l2": penalties})

    np.testing.assert_allclose(every_epoch().validation_cost[:, -1], search().validation_cost, rtol=1e-9)
    roof, thousand, million = medians(lambda: read(x, y), search, every_epoch, rounds=15)
    allowed = (2.0 * roof + 0.02) * 1e3
    promise = "2 R + 20 ms"
    found = [
        Bound("5 folds, 1e7 rows, 100 rates x 10 penalties, 1000 epochs", promise, thousand * 1e3, allowed, "ms"),
        Bound("the same after each of the 1000 epochs, a million cells", promise, million * 1e3, allowed, "ms"),
    ]
    x, y = fastgd.make_linear(1_000_000, noise=0.5)
    (rows,) = medians(lambda: left_out(x, y), rounds=15)
    found.append(Bound("leave-one-out of 100 epochs, 1e6 rows", "0.25 s", rows, 0.25, "s"))
    x, y = fastgd.make_linear(300, noise=0.5)
    for name, ours, theirs, few in (
        ("leave-one-out, 300 rows", partial(left_out, x, y), partial(scikit_left_out, x, y), 7),
        (
            "5 folds, 1000 penalties, 300 rows",
            partial(choice, x, y, PENALTIES), partial(scikit_choice, x, y, PENALTIES), 3,
        ),
    ):  # fmt: skip
        np.testing.assert_allclose(ours(), theirs(), rtol=1e-9)
        (peer,) = medians(theirs, rounds=few)
        (fast,) = medians(ours, rounds=301)
        found.append(Bound(name, "1000 x scikit-learn", peer / fast, 1000.0, "x", at_least=True))
    return found
