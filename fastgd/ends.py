"""How the end of a descent is judged: what costs are measured by, what is near enough to the minimum, what has diverged.

`fit`, `fit_many`, `partial_fit` and their sentences all judge by these few numbers.
"""

from typing import NamedTuple

import numpy as np

from .quadratic import QuadraticCost

_EPS = float(np.finfo(float).eps)

CEILING = 1e6
"""A descent whose cost passes a million times what any useless model costs will not come back."""

FAR = 10.0
"""A descent that ends at more than ten times its start, and ten times the best constant, has diverged so far."""

ENOUGH = 1e-10
"""What is left above the minimum, of the best constant's cost, is nothing to warn of: predictions are then off by 1e-5 of
the spread of y, whatever the minimum is. From 1e-8 of that cost on, a minimum's own hundredth is more."""

NEAR = 1e-12
"""What is left above the minimum, of the best constant's cost, where a descent that stands still has reached it."""

_ONE_VALUE = 1e-10
"""A y of one value leaves the rounding of sums of rounding, some eps^3 of its square; a y in which one row of a hundred
million is an ulp off leaves 1e-9 eps^2 of it."""

_SMALLEST = float(np.finfo(float).tiny)


class Measure(NamedTuple):
    """What costs are measured by: `size` is what a useless model costs, `rounding` what is left of a cost of 0.

    The size is the cost of the best constant prediction; where that is 0, since y has one value, the cost of predicting 0.
    """

    size: float
    rounding: float


def measure_of(quadratic: QuadraticCost) -> Measure:
    """What squared losses are measured by.

    Predictions are rounded to a few units of the last place of y. Where y lies so far from 0 that this is more than a
    thousandth of its spread, it is no longer nothing.
    """
    spread, square = quadratic.constant_cost, quadratic.mean_square_y
    size = spread if spread > _ONE_VALUE * _EPS**2 * square else square
    return Measure(size, min((8.0 * _EPS) ** 2 * square, 1e-6 * size))


def require_size(quadratic: QuadraticCost) -> None:
    """Refuse a y whose squares vanish among the smallest floats: every w would cost 0."""
    if quadratic.mean_square_y < _SMALLEST and (quadratic.mean_y != 0.0 or quadratic.factor[:, -1].any()):
        raise ValueError(
            f"y is too small: the mean of its squares is {quadratic.mean_square_y:.3g}, which leaves costs without digits; "
            "multiply y by a power of ten first"
        )
