"""Full-batch descents on all rows but one, for every row that can be left out: side by side, a tile of them in the cache.

For one feature the loops of columns.py would mostly load and store: it has a loop of its own over one array, in which LLVM
sees that everything is a constant distance apart.
"""

import numpy as np

from ._jit import exact, portable
from .columns import add, add_product, add_scaled, multiply, set_scaled, subtract_product
from .moments import _lost

TILE = 128
LARGEST = np.finfo(np.float64).max


@exact
def _spread(root, diagonal, z, part, along, g):
    """along = root z and g = root' along, column by column: the scatter's own product would cancel where columns do."""
    d, count = root.shape[0], part.stop - part.start
    for j in range(d):
        set_scaled(root[j, j], z[j][part], along[j][:count])
        if not diagonal:
            for k in range(j + 1, d):
                add_scaled(root[j, k], z[k][part], along[j][:count])
    for j in range(d):
        set_scaled(root[j, j], along[j][:count], g[j][:count])
        if not diagonal:
            for k in range(j):
                add_scaled(root[k, j], along[k][:count], g[j][:count])


@exact
def _penalise(l2, target, z, out):
    for i in range(out.size):
        out[i] += l2 * (target + z[i])


@portable
def _lost_product(a, b, product):
    """What rounding took from product = a * b (Dekker)."""
    split_a, split_b = 134217729.0 * a, 134217729.0 * b
    high_a, high_b = split_a - (split_a - a), split_b - (split_b - b)
    low_a, low_b = a - high_a, b - high_b
    lost = ((high_a * high_b - product) + high_a * low_b + low_a * high_b) + low_a * low_b
    return lost if abs(lost) < np.inf else 0.0


@portable
def gather(
    x, y, weight, centre, centre_low, w, b, b_low, count, bias, turn, axes, most, squares, most_inverse, delta, lean,
    special, parts,
):  # fmt: skip
    """What left_out needs of rows x (m, d), y (m,): `delta` and `lean` (d, m), in the coordinates of `turn` (d, d): x less
    its mean, and how far the mean moves when the row goes.

    `parts` (5, m) become the residuals y - x.w - b, rounded once; weight W / (W - weight), 1 / (W - weight), weight / (W -
    weight) with W = `count`; and the share of the scatter that the row has in some direction, by `axes` (d, d). A row is
    `special` (m,) where that and its share of `squares` are above `most`, or 1 / (W - weight) is above `most_inverse`.
    Without a bias `centre` is 0 and nothing is centred. `centre_low` and `b_low` are what
    rounding took from the centre and from b: at the minimum exactly, not beside it, the residuals' gradient is 0.
    """
    m, d = x.shape
    row = np.empty(d)
    for i in range(m):
        high = y[i] - b
        low = _lost(y[i], b, high) - b_low
        for j in range(d):
            product = w[j] * x[i, j]  # fused with the difference below, its rounding error would be taken off twice
            now = high - product
            low += _lost(high, product, now) - _lost_product(w[j], x[i, j], product)
            high = now
            row[j] = (x[i, j] - centre[j]) - centre_low[j]
        share = weight[i] if weight.size else 1.0
        rest = count - share
        own, growth = (share * (count / rest), share / rest) if bias and rest != 0.0 else (share, 0.0)
        parts[0, i] = high + low
        parts[1, i] = own
        parts[2, i] = 1.0 / rest if rest != 0.0 else np.inf
        parts[3, i] = growth
        leverage = 0.0
        for j in range(d):
            along, turned = 0.0, 0.0
            for k in range(d):
                along += row[k] * axes[k, j]
                turned += row[k] * turn[k, j]
            leverage += along * along
            delta[j, i] = turned
            lean[j, i] = -growth * turned
        parts[4, i] = own * leverage
        square = own * parts[0, i] ** 2
        special[i] = own * leverage + square / squares > most or not parts[2, i] <= most_inverse


@exact
def _line(scratch, first, own, delta, middle, lean, condition, residual, shift, rates, factors, l2, target, spread, z):
    """All epochs of a tile of rows with one feature: 0.2 ns a row and epoch."""
    count = min(TILE, rates.size - first)
    for i in range(count):
        k = first + i
        scratch[i] = z[0, k]
        scratch[TILE + i] = z[1, k]
        scratch[2 * TILE + i] = delta[0, k]
        scratch[3 * TILE + i] = lean[0, k]
        scratch[4 * TILE + i] = residual[k]
        scratch[5 * TILE + i] = shift[k]
        scratch[6 * TILE + i] = condition[0, k]
        scratch[7 * TILE + i] = own[k] * delta[0, k]
        scratch[8 * TILE + i] = 2.0 * rates[k]
    for t in range(factors.size):
        factor = factors[t]
        for i in range(TILE):
            v, m = scratch[i], scratch[3 * TILE + i]
            pace = factor * scratch[8 * TILE + i]
            e = scratch[4 * TILE + i] - scratch[2 * TILE + i] * v
            off = (scratch[5 * TILE + i] + scratch[TILE + i]) + m * v
            slope = scratch[6 * TILE + i] * (spread * v + scratch[7 * TILE + i] * e) + off * (middle + m) + l2 * (target + v)
            scratch[i] = v - pace * slope
            scratch[TILE + i] -= pace * (off + middle * slope)
    for i in range(count):
        z[0, first + i] = scratch[i]
        z[1, first + i] = scratch[TILE + i]


@exact
def left_out(
    delta, middle, lean, condition, residual, shift, own, inverse, growth, rates, factors, l2, target, root, diagonal, rss,
    ceiling, ceilings, limits, z, costs, errors, lost, special, curve,
):  # fmt: skip
    """Descend on the squared loss without row i, for each of m rows i at once. O(m epochs d), times d if not `diagonal`.

    In coordinates v = w - w*, w* = `target` (d,) the minimum on all rows, `root` (d, d) is an upper triangular factor of the
    scatter of x there, and `rss` the squares left. Row i has `delta` (d, m), x less its mean, and `residual`; without it the
    scatter is root'root - own delta delta', the sum of weights 1 / inverse, the mean of x `middle` (d,) + `lean` (d, m), and
    the mean residual is `shift`. `condition` (d, m) is `inverse` times what the gradient of w is scaled by (1, or 1 /
    variance of standardised x). z (d + 1, m) has v and the prediction at `middle`: of the bias alone an offset of x would
    take all digits. `ceilings` and `limits` (m,), the costs of constants and largest stable rates, are empty where no
    descent can diverge: past `ceiling` times the former one is lost.
    Writes the training cost and the error of row i after the last epoch; adds to `curve` (epochs + 1, 4), if it is not
    empty, the sums of training costs, squared errors, and the squares of both, of rows that are not `special` (m,).
    """
    d, m = delta.shape
    epochs = factors.size
    along, g = np.empty((d, TILE)), np.empty((d, TILE))
    e, off, cost, error = np.empty(TILE), np.empty(TILE), np.empty(TILE), np.empty(TILE)
    scratch = np.zeros(9 * TILE)
    before, squares, pace, share = np.empty(TILE), np.empty(TILE), np.empty(TILE), np.empty(TILE)
    for first in range(0, m, TILE):
        count = min(TILE, m - first)
        part = slice(first, first + count)
        part_e, part_off = e[:count], off[:count]
        part_pace, part_share = pace[:count], share[:count]
        before[:] = np.inf
        begin = 0
        if d == 1 and limits.size == 0 and curve.size == 0:
            _line(
                scratch, first, own, delta, middle[0], lean, condition, residual, shift, rates, factors, l2, target[0],
                root[0, 0] ** 2, z,
            )  # fmt: skip
            begin = epochs
        for t in range(begin, epochs + 1):
            part_e[:] = residual[part]
            add(shift[part], z[d][part], part_off)
            for j in range(d):
                subtract_product(delta[j][part], z[j][part], part_e)
                add_product(lean[j][part], z[j][part], part_off)
            _spread(root, diagonal, z, part, along, g)
            if t == epochs or limits.size or curve.size:
                squares[:] = 0.0
                for j in range(d):
                    add_product(along[j][:count], along[j][:count], squares[:count])
                for i in range(count):
                    k = first + i
                    cost[i] = max((rss + squares[i]) - own[k] * e[i] * e[i], 0.0) * inverse[k] + off[i] * off[i]
                    error[i] = (e[i] + growth[k] * e[i]) - off[i]
            if limits.size:
                for i in range(count):
                    k = first + i
                    objective = cost[i]
                    for j in range(d):
                        objective += l2 * (target[j] + z[j, k]) ** 2 * (inverse[k] / condition[j, k])
                    if t == 0:
                        ceilings[k] = min(ceiling * max(cost[i], ceilings[k]), LARGEST)
                    rising = t == epochs and t > 0 and objective > before[i] and rates[k] * factors[t - 1] > limits[k]
                    lost[k] = lost[k] or rising or not cost[i] <= ceilings[k]
                    before[i] = objective
            if curve.size:
                for i in range(count):
                    if special[first + i]:
                        continue
                    square = error[i] * error[i]
                    curve[t, 0] += cost[i]
                    curve[t, 1] += square
                    curve[t, 2] += cost[i] * cost[i]
                    curve[t, 3] += square * square
            if t == epochs:
                for i in range(count):
                    costs[first + i] = cost[i]
                    errors[first + i] = error[i]
                break
            set_scaled(2.0 * factors[t], rates[part], part_pace)
            multiply(own[part], part_e, part_share)
            for j in range(d):
                add_product(part_share, delta[j][part], g[j][:count])
                multiply(condition[j][part], g[j][:count], g[j][:count])
                add_product(part_off, lean[j][part], g[j][:count])
                add_scaled(middle[j], part_off, g[j][:count])
                _penalise(l2, target[j], z[j][part], g[j][:count])
            for j in range(d):
                subtract_product(part_pace, g[j][:count], z[j][part])
                add_scaled(middle[j], g[j][:count], part_off)
            subtract_product(part_pace, part_off, z[d][part])
