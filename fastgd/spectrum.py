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

    @property
    def steepest(self) -> float:
        """The largest eigenvalue."""
        return float(self.curvature[0])

    @property
    def flattest(self) -> float:
        """The smallest eigenvalue of a direction that matters; 0 where none does. Where nothing bends, nothing is slow."""
        there = self.curvature[self.curvature > 0.0]
        return float(there[-1]) if len(there) else 0.0

    @property
    def condition(self) -> float:
        """The condition number: how much slower the flattest direction is than the steepest; 1 where nothing bends."""
        return self.steepest / self.flattest if self.flattest > 0.0 else 1.0

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

        u = self.basis.T @ offset
        with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
            begin = np.where(self.curvature > 0.0, 0.5 * self.curvature * u * u, 0.0)
            step = rate * self.curvature
            # The logarithm of what an epoch leaves; 1 - step alone rounds steps below 1e-16 away.
            slowness = np.where(step < 1.0, np.log1p(-np.minimum(step, 1.0)), np.log(np.abs(step - 1.0)))

        def reached(epochs: int) -> bool:
            with np.errstate(over="ignore", under="ignore", invalid="ignore"):
                left = begin * np.exp(2.0 * epochs * slowness) if epochs else begin
            return float(left[begin > 0.0].sum()) <= goal

        if reached(0):
            return 0
        if goal <= 0.0 or float(begin[(begin > 0.0) & (slowness >= 0.0)].sum()) > goal:
            return math.inf
        if (slowness[begin > 0.0] > 0.0).any() and not math.isfinite(rate * self.steepest):
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


def spectrum_of(
    factor: Floats, mean: Floats, count: float, bias: bool, l2: float = 0.0, null: Floats | None = None
) -> Spectrum:  # fmt: skip
    """The Hessian 2 M'M of a mean squared error and l2 w.w, from a singular value decomposition of M.

    Small eigenvalues keep their own digits; those of the Hessian itself would only have what the largest leaves. Along the
    directions `null` (d, k) of w nothing bends: they have the eigenvalue 0, not what rounding leaves in a decomposition.
    """
    d = len(mean)
    root = np.zeros((2 * d + 2, d + 1))
    root[: d + 1, :d] = factor[:, :-1] / math.sqrt(count)
    root[d + 1] = np.append(mean, 1.0)
    root[d + 2 :, :d] = math.sqrt(l2) * np.eye(d)
    root = root[:, : d + bias]
    if null is not None and null.shape[1]:
        flat = null.shape[1]
        along = _with_bias(null, mean) if bias else null
        turn = np.linalg.qr(along, mode="complete")[0]
        left, singular, right = np.linalg.svd(root @ turn[:, flat:], full_matrices=False)
        basis = _steep_exactly(root, left, singular, turn[:, flat:] @ right.T)
        return Spectrum(np.append(2.0 * singular**2, np.zeros(flat)), np.hstack([basis, turn[:, :flat]]))
    left, singular, right = np.linalg.svd(root, full_matrices=False)
    basis = right.T
    if bias and l2 == 0.0 and not singular[-1] > 1e-9 * singular[0] > 0.0:
        basis = _steep_exactly(root, left, singular, basis)
        singular, basis = _with_small_ones(factor[:d, :-1] / math.sqrt(count), mean, singular, basis)
    return Spectrum(2.0 * singular**2, np.ascontiguousarray(basis))


def _with_bias(null: Floats, mean: Floats) -> Floats:
    """Directions (d + 1, k) of (w, b), orthonormal, that change no prediction, from those of w: b makes good at the mean.

    They are turned so that one alone needs b: where the mean is large, all would nearly be that of b.
    """
    moved = mean @ null
    size = float(np.hypot.reduce(moved))
    if size > 0.0:
        null = null @ np.linalg.qr((moved / size)[:, None], mode="complete")[0]
        moved = mean @ null[:, :1]
        first = np.vstack([null[:, :1], -moved])
        first /= max(1.0, abs(float(moved[0])))
        first /= np.hypot.reduce(first)
        return np.hstack([first, np.vstack([null[:, 1:], np.zeros((1, null.shape[1] - 1))])])
    return np.vstack([null, np.zeros((1, null.shape[1]))])


def _steep_exactly(root: Floats, left: Floats, singular: Floats, basis: Floats) -> Floats:
    """The steepest directions with the digits of their small components, which a large curvature multiplies."""
    steep = singular > 0.1 * singular.max(initial=0.0)
    return np.where(steep, root.T @ left / np.where(steep, singular, 1.0), basis)


def _with_small_ones(root: Floats, mean: Floats, singular: Floats, basis: Floats) -> tuple[Floats, Floats]:
    """Singular values of M = [[root, 0], [mean, 1]], of which a decomposition keeps no digits below 1e-16 of the largest.

    Those of the inverse, which a triangle has without loss, are their reciprocals: there the small ones are large.
    """
    d = len(mean)
    with np.errstate(all="ignore"):
        try:
            inverse = np.linalg.inv(root)
            whole = np.block([[inverse, np.zeros((d, 1))], [-(mean @ inverse)[None], np.ones((1, 1))]])
            left, found, _ = np.linalg.svd(whole)
        except np.linalg.LinAlgError:
            return singular, basis
        small = 1.0 / found[::-1]
        # Errors are 1e-16 of the largest, there and here: whichever is nearer to its own largest, and no garbage of either.
        nearer = (small * small < singular[0] * small[-1]) | (singular < 1e-14 * singular[0])
        from_inverse = (singular < 1e-8 * singular[0]) & nearer
    return np.where(from_inverse, small, singular), np.where(from_inverse, left[:, ::-1], basis)
