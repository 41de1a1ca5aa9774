"""What a model costs: predictions, the loss of each row, and the mean loss with its gradient, straight from the rows.

    prediction = x.w + b        loss = l(prediction - y)        cost = mean of the losses (weighted)

There is no factor 1/2 anywhere: the cost of the squared loss is the mean squared error, and gradients carry the 2.
"""

import math
import sys
from collections.abc import Callable
from numbers import Number
from typing import Any

import numpy as np

from . import kernels
from .blocks import Block, Piece, Table
from .checks import Floats, nearest, number, parameters
from .door import features, table
from .mapreduce import Progress, fold, run
from .quadratic import Gradient

LOSSES = {"squared": 0, "absolute": 1, "huber": 2}
"""Names of the losses and their codes in the kernels."""

_SMALL = 8192  # rows below which looking at the data twice costs less than the corridor


def predict(x: Any, w: Any, b: float = 0.0, *, threads: int | None = None, progress: Any = None) -> Any:
    """Return the predictions x.w + b, one for each row.

    Parameters
    ----------
    x : (n,) numbers and w a number, or x (n, d) and w (d,); a single number is one row of one feature.
    b : a number in units of y. threads, progress : as for `cost`.

    Returns
    -------
    (n,) float64, in units of y; a float for a single number.

    Raises
    ------
    ValueError, TypeError : naming the argument, the first offending row and the rule.

    Examples
    --------
    >>> import fastgd
    >>> fastgd.predict([1, 2, 3], 2.0, 0.5)
    array([2.5, 4.5, 6.5])
    >>> fastgd.predict(4, 2.0, 0.5)
    8.5
    """
    return predictions(x, lambda rows: rows, w, b, threads=threads, progress=progress)


def predictions(
    x: Any, check: Callable[[Table], Table], w: Any, b: float, *, threads: int | None = None, progress: Any = None
) -> Any:
    """Predict from the table that `check` makes of the rows: (n,), or a float where x is a number."""
    single = _is_number(x)
    if single:
        x = x.reshape(1) if hasattr(x, "reshape") else [x]
    data = check(features(x))
    data.require_here("fastgd.predict")
    weights, offset = parameters(w, b, data.d, data.flat)
    out = np.empty(data.n)

    def write(piece: Piece) -> None:
        block = piece.read()
        _predict(block, weights, offset, out[piece.start : piece.stop])
        if not np.isfinite(out[piece.start : piece.stop]).all():
            data.require_finite(block)

    with Progress(progress, data.n, "predict") as shown:
        run(write, data.pieces(), threads=threads, progress=shown, rows=Piece.count_rows)
    return float(out[0]) if single else out


def _is_number(x: Any) -> bool:
    """Whether x is one number, of any kind, or an array without dimensions; what is masked is nothing."""
    return (isinstance(x, Number) or getattr(x, "shape", None) == ()) and not isinstance(x, np.ma.MaskedArray)


def losses(
    x: Any,
    y: Any = None,
    w: Any = None,
    b: float = 0.0,
    *,
    loss: str = "squared",
    delta: float = 1.0,
    threads: int | None = None,
    progress: Any = None,
) -> Floats:
    """Return the loss of each row: e^2, |e|, or Huber's e^2 up to |e| = delta and 2 delta |e| - delta^2 beyond.

    Parameters
    ----------
    x, y, w, b : as for `cost`.
    loss : "squared", "absolute" or "huber"; delta : in units of y, above 0 (infinity is the square).

    Returns
    -------
    (n,) float64, in units of y squared (of y for "absolute").

    Raises
    ------
    ValueError, TypeError : naming the argument, the first offending row and the rule.

    Examples
    --------
    >>> import fastgd
    >>> fastgd.losses([1, 2, 3], [2, 4, 6], 3.0)
    array([1., 4., 9.])

    References
    ----------
    Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics 35, 1964 (here times 2).
    """
    code, width = loss_code(loss, delta)
    data = table(x, y)
    data.require_here("fastgd.losses")
    weights, offset = parameters(w, b, data.d, data.flat)
    out = np.empty(data.n)

    def write(piece: Piece) -> None:
        block = piece.read()
        part = out[piece.start : piece.stop]
        _predict(block, weights, offset, part)
        kernels.direct.losses(part, block.y, code, width, part)
        if not np.isfinite(part).all():
            data.require_finite(block)

    with Progress(progress, data.n, "losses") as shown:
        run(write, data.pieces(), threads=threads, progress=shown, rows=Piece.count_rows)
    return out


def cost(
    x: Any,
    y: Any = None,
    w: Any = None,
    b: float = 0.0,
    *,
    loss: str = "squared",
    delta: float = 1.0,
    sample_weight: Any = None,
    threads: int | None = None,
    progress: Any = None,
) -> float:
    """Return the mean of the losses, sum(weight loss) / sum(weight).

    Parameters
    ----------
    x : (n,) numbers and w a number, or x (n, d) and w (d,); y : (n,), or None where x is a source, which brings its own.
    b : a number in units of y.
    loss : "squared", "absolute" or "huber"; delta : in units of y, above 0 (infinity is the square).
    sample_weight : (n,) numbers of 0 or above, or None for equal weights.
    threads : how many threads share the rows; the result has the same bits for any number.
    progress : True, False, a function of (rows done, rows in all), or None: on a terminal, after a second.

    Returns
    -------
    float, in units of y squared (of y for "absolute"); infinite if it is too large for a float.

    Raises
    ------
    ValueError, TypeError : naming the argument, the first offending row and the rule.

    Examples
    --------
    >>> import fastgd
    >>> fastgd.cost([1, 2, 3], [2, 4, 6], 4.0, loss="absolute")
    4.0
    >>> fastgd.cost(fastgd.Synthetic(1000, w=2.0, b=0.5, noise=0.0), w=2.0, b=0.5)
    0.0

    References
    ----------
    Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics 35, 1964 (here times 2).
    """
    code, width = loss_code(loss, delta)
    data = table(x, y, sample_weight)
    weights, offset = parameters(w, b, data.d, data.flat)
    with Progress(progress, data.rows, "cost") as shown:
        total, count = cost_sums(data, weights, offset, code, width, threads=threads, progress=shown)
    return total / count


def mse(
    x: Any,
    y: Any = None,
    w: Any = None,
    b: float = 0.0,
    *,
    sample_weight: Any = None,
    threads: int | None = None,
    progress: Any = None,
) -> float:
    """Return the mean squared error, mean((x.w + b - y)^2), without a factor 1/2.

    Parameters, errors: as for `cost`.

    Returns
    -------
    float, in units of y squared; infinite if it is too large for a float.

    Examples
    --------
    >>> import fastgd
    >>> fastgd.mse([1, 2, 3], [2, 4, 6], 3.0)
    4.6666666667
    """
    if sample_weight is threads is progress is None and _is_small(x, y, w, b):
        total: float = kernels.direct.line_mse(x, y, w, b)
        if total < math.inf:
            return total / len(x)
    return cost(x, y, w, b, sample_weight=sample_weight, threads=threads, progress=progress)


_FLOAT64 = np.dtype(np.float64)
_NO_WEIGHT = np.empty(0)


def _is_small(x: Any, y: Any, w: Any, b: Any) -> bool:
    """Whether these are a handful of rows that the kernels take as they are.

    The door would make no other checks, but for values that are not finite; and those do not come out finite.
    """
    return (
        type(x) is np.ndarray
        and type(y) is np.ndarray
        and x.dtype is _FLOAT64
        and y.dtype is _FLOAT64
        and x.ndim == y.ndim == 1
        and 0 < x.size == y.size <= _SMALL
        and type(w) is float
        and type(b) is float
        and x.flags.c_contiguous
        and y.flags.c_contiguous
    )


def gradient(
    x: Any,
    y: Any = None,
    w: Any = None,
    b: float = 0.0,
    *,
    loss: str = "squared",
    delta: float = 1.0,
    sample_weight: Any = None,
    threads: int | None = None,
    progress: Any = None,
) -> Gradient:
    """Return the derivatives of the cost with respect to w and b: mean(l'(e) x) and mean(l'(e)), e = x.w + b - y.

    For the squared loss l'(e) = 2 e; at the kink of the absolute loss it is 0.

    Parameters, errors: as for `cost`.

    Returns
    -------
    Gradient(w, b) : w a float, or (d,) for x (n, d); b a float. Unpacks as `gw, gb = gradient(...)`.

    Examples
    --------
    >>> import fastgd
    >>> fastgd.gradient([1, 2, 3], [2, 4, 6], 1.0)
    Gradient(w=-9.3333333333, b=-4.0)
    """
    if loss == "squared" and sample_weight is threads is progress is None and _is_small(x, y, w, b):
        xs, s, total, count = kernels.direct.line_gradient(x, y, _NO_WEIGHT, w, b, 0, 1.0)
        if total < math.inf:
            return Gradient(xs / count, s / count)
    code, width = loss_code(loss, delta)
    data = table(x, y, sample_weight)
    weights, offset = parameters(w, b, data.d, data.flat)
    with Progress(progress, data.rows, "gradient") as shown:
        sums = gradient_sums(data, weights, offset, code, width, threads=threads, progress=shown)
    slopes = sums[:-2] / sums[-1]
    return Gradient(float(slopes[0]) if data.flat else slopes[:-1], float(slopes[-1]))


def loss_code(loss: str, delta: float) -> tuple[int, float]:
    """Validate a loss's name and width."""
    if not isinstance(loss, str) or loss not in LOSSES:
        raise ValueError(f"loss is {loss!r}: it must be one of {', '.join(map(repr, LOSSES))}{nearest(loss, LOSSES)}")
    if loss != "huber":
        return LOSSES[loss], 1.0
    # An infinite delta as the largest float: the same losses, and inf - inf never arises.
    width = sys.float_info.max if delta == math.inf else number(delta, "delta")
    if not width > 0.0:
        raise ValueError(f"delta is {width:g}: it must be above 0")
    return LOSSES[loss], width


def cost_sums(
    data: Table,
    w: Floats,
    b: float,
    code: int,
    delta: float,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> tuple[float, float]:
    """Return the sum of the weighted losses and that of the weights."""

    def summarise(piece: Piece) -> tuple[float, float]:
        block = piece.read()
        if block.x.ndim == 1:
            total, count = kernels.direct.line_cost(block.x, block.y, block.weight, float(w[0]), b, code, delta)
        else:
            total, count = kernels.direct.plane_cost(block.x, block.y, block.weight, w, b, code, delta)
        if not math.isfinite(total):
            data.require_finite(block)
        return total, count

    sums = np.zeros(2)
    with np.errstate(over="ignore"):
        fold(summarise, data.pieces(), sums.__iadd__, threads=threads, progress=progress, rows=Piece.count_rows)
    total, count = sums.tolist()
    data.require_weight(count)
    return total, count


def gradient_sums(
    data: Table,
    w: Floats,
    b: float,
    code: int,
    delta: float,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Floats:
    """Return (d + 3,) sums over the rows: slope x_j, slope, loss, each weighted, and the weights."""

    def summarise(piece: Piece) -> Floats:
        block = piece.read()
        if block.x.ndim == 1:
            out = np.array(kernels.direct.line_gradient(block.x, block.y, block.weight, float(w[0]), b, code, delta))
        else:
            out = np.empty(data.d + 3)
            kernels.direct.plane_gradient(block.x, block.y, block.weight, w, b, code, delta, out)
        if not np.isfinite(out).all():
            data.require_finite(block)
        return out

    total = np.zeros(data.d + 3)
    with np.errstate(over="ignore", invalid="ignore"):
        fold(
            summarise,
            data.pieces(),
            total.__iadd__,
            threads=threads,
            progress=progress,
            rows=Piece.count_rows,
        )
    data.require_weight(float(total[-1]))
    return total


def _predict(block: Block, w: Floats, b: float, out: Floats) -> None:
    if block.x.ndim == 1:
        kernels.direct.line_predictions(block.x, float(w[0]), b, out)
    else:
        kernels.direct.plane_predictions(block.x, w, b, out)
