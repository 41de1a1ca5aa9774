"""The learning-rate range test: descents over a range of rates, with the limit that was predicted."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from .checks import whole
from .door import table
from .limits import stability
from .many import fit_many
from .tables import FitTable


def range_test(
    x: Any, y: Any = None, *, batch_size: int | None = None, points: int = 60, epochs: int = 1, **fixed: Any
) -> FitTable:
    """Run a learning-rate range test: descents at rates from far below to above the predicted limit.

    Parameters
    ----------
    x : (n,) or (n, d) numbers; y : (n,) numbers, or None where x is a source, which brings its own.
    batch_size, epochs, fixed : as for `fit`. points : how many rates, evenly spaced in their logarithm.

    Returns
    -------
    FitTable : with the predicted limit of these batches as max_learning_rate; `.plot()` draws the cost over the rates.

    Examples
    --------
    >>> import fastgd
    >>> table = fastgd.range_test(*fastgd.penguins(), batch_size=8, epochs=5, standardize=True, seed=0)
    >>> round(float(table.max_learning_rate[0]), 3), table.status[0].name, table.status[-1].name
    (0.813, 'MAX_EPOCHS', 'DIVERGED')

    References
    ----------
    Smith, "Cyclical learning rates for training neural networks", WACV 2017.
    """
    data = table(x, y, fixed.get("sample_weight"))
    known = {name: fixed[name] for name in ("bias", "l2", "sample_weight", "shuffle", "threads") if name in fixed}
    found = stability(x, batch_size=batch_size, **known)
    if fixed.get("standardize") and found.standardized is not None:
        found = found.standardized
    if not math.isfinite(found.diverging_rate):
        raise ValueError("x is 0 in every row: there is no limit to test the rates against")
    rates = np.geomspace(found.max_learning_rate * 1e-4, found.diverging_rate * 3.0, whole(points, "points", 2))
    done = fit_many(x, y, {"learning_rate": rates}, batch_size=batch_size, epochs=epochs, **fixed)
    return replace(done, max_learning_rate=np.full(len(rates), found.max_learning_rate), limit_of=(batch_size or data.n))
