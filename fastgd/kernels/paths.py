"""Full-batch descents at many learning rates on several folds, judged on the way: O(k^2) for a rate, an epoch and a fold."""

import numpy as np

from ._jit import exact
from .columns import add_scaled

NOTHING = 1e-28
"""What an eigenvalue that is nothing but rounding is of the largest, at the most."""


@exact
def _advance(u, curvature, rates, factor, power):
    """Multiply a coordinate u (m,) by (1 - rate factor curvature)^power."""
    if power == 1:
        for r in range(u.size):
            u[r] *= 1.0 - rates[r] * factor * curvature
    else:
        for r in range(u.size):
            if u[r] != 0.0:
                u[r] *= (1.0 - rates[r] * factor * curvature) ** power


@exact
def _add_square(scale, u, out):
    for r in range(out.size):
        out[r] += scale * u[r] * u[r]


@exact
def _set_scaled(factor, u, offset, out):
    for r in range(out.size):
        out[r] = factor * u[r] + offset


@exact
def _lose(excess, ceiling, lost):
    """Mark what passed the ceiling as lost, for good."""
    for r in range(lost.size):
        lost[r] = lost[r] if excess[r] <= ceiling else np.inf


@exact
def _rise(excess, before, rates, factor, limit, cost):
    """What rises at a rate that is too large has diverged so far."""
    for r in range(cost.size):
        cost[r] += np.inf if (excess[r] > before[r]) & (rates[r] * factor > limit) else 0.0


@exact
def _drop(lost, cost):
    for r in range(cost.size):
        cost[r] = cost[r] if (cost[r] < np.inf) & (lost[r] == 0.0) else np.inf


@exact
def _excess(curvature, u, out):
    """What objectives are above their minimum."""
    out[:] = 0.0
    for k in range(curvature.size):
        _add_square(0.5 * curvature[k], u[k], out)


@exact
def _take(fold, cost, mean, squares):
    """Add a fold's costs to means and sums of squared deviations (Welford); infinite costs make the mean infinite."""
    share = 1.0 / (fold + 1.0)
    for r in range(mean.size):
        change = cost[r] - mean[r]
        mean[r] += change * share
        squares[r] += change * (cost[r] - mean[r])


@exact
def _follow(curvature, start, triangle, right, least, limits, ceilings, rates, factors, epochs, means, squares):
    """Follow all folds' descents, and judge them after each of `epochs`.

    Fold f starts at u = `start` (f, k) along its Hessian's eigenvectors; its validation cost is least + |triangle u -
    right|^2, its objective is above the minimum by half the sum of curvature u^2.
    """
    folds, size = start.shape
    m = means.shape[1]
    u = np.empty((folds, size, m))
    before, lost = np.empty((folds, m)), np.zeros((folds, m))
    wild = np.zeros(folds, np.bool_)  # whether a rate can diverge at all
    now, cost, row = np.empty(m), np.empty(m), np.empty(m)
    largest = 0.0
    for factor in factors:
        largest = max(largest, abs(factor))
    for f in range(folds):
        for k in range(size):
            u[f, k] = start[f, k]
        _excess(curvature[f], u[f], before[f])
        wild[f] = not rates[f].max() * largest <= limits[f]
    steady = factors.size == 1
    done = 0
    for e in range(epochs.size):
        means[e] = 0.0
        squares[e : e + 1] = 0.0
        for f in range(folds):
            t = done
            if steady and epochs[e] > t + 1:
                # An excess is a sum of powers, convex in the epoch: what was below the ceiling at both ends was so between.
                for k in range(size):
                    _advance(u[f, k], curvature[f, k], rates[f], factors[0], epochs[e] - 1 - t)
                if wild[f]:
                    _excess(curvature[f], u[f], before[f])
                t = epochs[e] - 1
            cost[:] = least[f]
            while t < epochs[e]:
                factor = factors[0] if steady else factors[t]
                for k in range(size):
                    _advance(u[f, k], curvature[f, k], rates[f], factor, 1)
                t += 1
                if wild[f]:
                    _excess(curvature[f], u[f], now)
                    _lose(now, ceilings[f], lost[f])
                    cost[:] = least[f]
                    _rise(now, before[f], rates[f], factor, limits[f], cost)
                    before[f] = now
            for k in range(size):
                _set_scaled(triangle[f, k, k], u[f, k], -right[f, k], row)
                for j in range(k + 1, size):
                    add_scaled(triangle[f, k, j], u[f, j], row)
                _add_square(1.0, row, cost)
            if wild[f]:
                _drop(lost[f], cost)
            if squares.size:
                _take(f, cost, means[e], squares[e])
            else:
                add_scaled(1.0 / folds, cost, means[e])
        done = epochs[e]
    if wild.any():
        for e in range(epochs.size):
            for r in range(m):
                if not means[e, r] < np.inf:
                    means[e, r] = np.inf
                    if squares.size:
                        squares[e, r] = np.inf


@exact
def _orthogonalise(columns, basis):
    """Turn columns (p, k) until they are orthogonal, by turns that basis (k, k) takes part in: one-sided Jacobi.

    Small columns keep their own digits (Demmel and Veselic, "Jacobi's method is more accurate than QR", 1992).
    """
    p, k = columns.shape
    basis[:] = 0.0
    for i in range(k):
        basis[i, i] = 1.0
    for _ in range(30):
        turned = False
        for i in range(k - 1):
            for j in range(i + 1, k):
                ii, ij, jj = 0.0, 0.0, 0.0
                for r in range(p):
                    ii += columns[r, i] * columns[r, i]
                    ij += columns[r, i] * columns[r, j]
                    jj += columns[r, j] * columns[r, j]
                if abs(ij) <= 4e-16 * np.sqrt(ii) * np.sqrt(jj):
                    continue
                turned = True
                slant = (jj - ii) / (2.0 * ij)
                tangent = (1.0 if slant >= 0.0 else -1.0) / (abs(slant) + np.sqrt(1.0 + slant * slant))
                cosine = 1.0 / np.sqrt(1.0 + tangent * tangent)
                _turn(cosine, cosine * tangent, columns, i, j)
                _turn(cosine, cosine * tangent, basis, i, j)
        if not turned:
            break


@exact
def _turn(cosine, sine, columns, i, j):
    for r in range(columns.shape[0]):
        a, b = columns[r, i], columns[r, j]
        columns[r, i] = cosine * a - sine * b
        columns[r, j] = sine * a + cosine * b


@exact
def _triangulate(rows):
    """Make rows (p, k) upper triangular by Householder's reflections; below the diagonal nothing is of use."""
    p, k = rows.shape
    for j in range(min(p, k)):
        length = 0.0
        for r in range(j, p):
            length += rows[r, j] * rows[r, j]
        if length == 0.0:
            continue
        length = np.sqrt(length) if rows[j, j] < 0.0 else -np.sqrt(length)
        first = rows[j, j] - length
        rows[j, j] = length
        for c in range(j + 1, k):
            dot = rows[j, c] * first
            for r in range(j + 1, p):
                dot += rows[r, j] * rows[r, c]
            dot /= length * first
            rows[j, c] += dot * first
            for r in range(j + 1, p):
                rows[r, c] += dot * rows[r, j]


@exact
def _prepare(l2, root, target, start, weights, judge, columns, basis, rows, curvature, u):
    """Turn a fold's training and validation costs at a penalty into its Hessian's axes; returns what is least of the first.

    `columns` (2 d + 2, k), `basis` (k, k) are room; `rows` (d + 2, k + 1) becomes the validation cost's triangle,
    `curvature` (k,) the eigenvalues, u (k,) the start less the minimum.
    """
    p, size = root.shape
    d = weights.size
    least = 0.0
    for k in range(size):
        for r in range(p):
            columns[r, k] = root[r, k]
        for r in range(d):
            columns[p + r, k] = np.sqrt(l2) if r == k else 0.0
    _orthogonalise(columns, basis)
    for r in range(p):
        least += target[r] * target[r]
    for r in range(d):
        least += l2 * weights[r] * weights[r]
    for r in range(p):
        rows[r, size] = judge[r, size]
    largest = 0.0
    for k in range(size):
        square = 0.0
        for r in range(p + d):
            square += columns[r, k] * columns[r, k]
        curvature[k] = 2.0 * square
        largest = max(largest, square)
    for k in range(size):
        along, u[k] = 0.0, 0.0
        for r in range(p):
            along += columns[r, k] * target[r]
        for r in range(d):
            along -= columns[p + r, k] * np.sqrt(l2) * weights[r]
        square = 0.5 * curvature[k]
        shift = along / square if square > NOTHING * largest else 0.0
        least -= along * shift
        for j in range(size):
            u[k] += basis[j, k] * start[j]
        u[k] -= shift
        for r in range(p):
            rows[r, k] = 0.0
            for j in range(size):
                rows[r, k] += judge[r, j] * basis[j, k]
            rows[r, size] -= rows[r, k] * shift
    _triangulate(rows)
    return max(least, 0.0)


@exact
def grid(root, target, start, weights, judge, highest, penalties, rates, factors, epochs, means, squares):
    """Mean validation costs over folds, and sums of squared deviations, (l, e, m): at each penalty, after each of `epochs`
    (e,), at each rate (m,), NaN for 1 / h_max. O(k^2) a cell and fold.

    Fold f descends on |root phi - target|^2 + l2 |w|^2 (+ a constant), phi (k,) the parameters less those of its minimum
    without a penalty, whose w are `weights` (f, d), from `start` (f, k); `root` is (f, d + 2, k). Its validation cost is
    |judge[:, :k] phi - judge[:, k]|^2. `factors` (of one epoch each; a single one serves all) multiply the rates. What
    passes `highest` (f,), or rises at the end at a rate above 2 / h_max, has diverged: its cost is infinite. `squares` may
    be empty, (1, 0, 0).
    """
    folds, p, size = root.shape
    d, m = weights.shape[1], rates.size
    columns, basis = np.empty((p + d, size)), np.empty((size, size))
    rows, curvature, first = np.zeros((folds, p, size + 1)), np.empty((folds, size)), np.empty((folds, size))
    triangle, right = np.zeros((folds, size, size)), np.zeros((folds, size))
    least, limits, ceilings, pace = np.empty(folds), np.empty(folds), np.empty(folds), np.empty((folds, m))
    for own in range(penalties.size):
        for f in range(folds):
            minimum = _prepare(
                penalties[own], root[f], target[f], start[f], weights[f], judge[f], columns, basis, rows[f], curvature[f],
                first[f],
            )  # fmt: skip
            ceilings[f] = highest[f] - minimum
            steepest = curvature[f].max()
            limits[f] = 2.0 / steepest if steepest > 0.0 else np.inf
            for r in range(m):
                pace[f, r] = rates[r]
                if np.isnan(rates[r]):
                    pace[f, r] = 0.5 * limits[f] if steepest > 0.0 else 1.0
            least[f] = rows[f, size, size] ** 2
            for k in range(size):
                right[f, k] = rows[f, k, size]
                for j in range(k, size):
                    triangle[f, k, j] = rows[f, k, j]
        out = squares[own % squares.shape[0]]
        _follow(curvature, first, triangle, right, least, limits, ceilings, pace, factors, epochs, means[own], out)
