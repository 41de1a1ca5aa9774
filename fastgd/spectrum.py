"""Full-batch descent without iterating: along the eigenvectors of the Hessian each coordinate goes its own way.

From an offset u from the minimum, epoch t multiplies coordinate k by 1 - rate h_k, h the eigenvalues, and the objective is
above its minimum by half the sum of h u^2. All that t epochs do is a power.
"""

import math
from typing import NamedTuple

import numpy as np

from .checks import Floats

_MOST = 1 << 53


class Spectrum(NamedTuple):
    """Eigenvalues (k,) of a Hessian, the largest first, and its eigenvectors, the columns of `basis` (k, k)."""

    curvature: Floats
    basis: Floats

    def ahead(self, u: Floats, rates: Floats, epochs: int) -> tuple[Floats, Floats, Floats]:
        """Return where coordinates u (k, m) along the eigenvectors are after epochs at rates (m,), without iterating.

        With them what the objective is above its minimum then, and whether it only fell on the way.
        """
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            steps = 1.0 - np.multiply.outer(self.curvature, rates)
            end = np.where(u == 0.0, 0.0, u * np.power(steps, epochs))
            excess = 0.5 * self.curvature @ (end * end)
        return end, excess, ((np.abs(steps) <= 1.0) | (u == 0.0)).all(axis=0)

    def excess(self, offset: Floats, rates: Floats, epochs: int) -> Floats:
        """Return what the objective is above its minimum after so many epochs at each rate (m,), from an offset (k,)."""
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            u = self.basis.T @ offset
            factor = np.power(np.abs(1.0 - np.multiply.outer(rates, self.curvature)), 2.0 * epochs)
            weighted = np.where(u == 0.0, 0.0, factor * (0.5 * self.curvature * u * u))
        return np.asarray(weighted.sum(axis=-1), dtype=np.float64)

    def epochs_to(self, offset: Floats, rate: float, goal: float) -> float:
        """Return the fewest epochs after which the objective is within `goal` of its minimum; infinite if it never is."""

        def reached(epochs: int) -> bool:
            return bool(self.excess(offset, np.array([rate]), epochs)[0] <= goal)

        if reached(0):
            return 0
        if goal <= 0.0:
            return math.inf
        u = self.basis.T @ offset
        with np.errstate(over="ignore"):  # an infinite step leads nowhere, either
            if (np.abs(1.0 - rate * self.curvature[(u != 0.0) & (self.curvature > 0.0)]) >= 1.0).any():
                return math.inf
        high = 1
        while not reached(high):
            high *= 2
            if high > _MOST:
                return math.inf
        low = high // 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if reached(middle) else (middle, high)
        return high


def spectrum_of(factor: Floats, mean: Floats, count: float, bias: bool, l2: float = 0.0) -> Spectrum:
    """The Hessian 2 M'M of a mean squared error and l2 w.w, from a singular value decomposition of M.

    Small eigenvalues keep their own digits; those of the Hessian itself would only have what the largest leaves.
    """
    d = len(mean)
    root = np.zeros((2 * d + 2, d + 1))
    root[: d + 1, :d] = factor[:, :-1] / math.sqrt(count)
    root[d + 1] = np.append(mean, 1.0)
    root[d + 2 :, :d] = math.sqrt(l2) * np.eye(d)
    _, singular, right = np.linalg.svd(root[:, : d + bias], full_matrices=False)
    return Spectrum(2.0 * singular**2, np.ascontiguousarray(right.T))
