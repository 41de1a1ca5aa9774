"""One pass over the rows for the squared loss: sums about a pilot, and the algebra that needs a loop.

Sums are kept in tiles, so that rounding grows with the number of tiles and the length of a tile, not with the rows.
"""

import numpy as np

from ._jit import exact, kernel, tile
from .direct import _add_scaled, _dot
from .optimizers import IMPLICIT, move, proximal

TILE = 2048
CELLS = 1 << 16  # of the buffer that columns pass through: half a second-level cache


@exact
def _centred(value, centre):
    return value - centre


@exact
def _less(value, centre, more):
    """(value - centre) - more, as a helper: one operation in a caller that may reorder is enough to undo the centring."""
    return (value - centre) - more


@exact
def _lost(value, centre, difference):
    """What rounding took from difference = value - centre (Knuth's two-sum)."""
    back = value - difference
    return (value - (difference + back)) + (back - centre)


@exact
def _residual(y, centre_y, slope, u, lost_u):
    """(y - centre_y) - slope (u + lost_u) with one rounding, of the size of the result and not of y.

    At noise 1e-9 the plain form has 7 digits of each residual, this one all 16; being bound by memory, it costs nothing.
    """
    v = y - centre_y
    return (v - slope * u) + (_lost(y, centre_y, v) - slope * lost_u)


@kernel
def _tile(x, y, centre_x, centre_y, slope):
    n, r, nn, nr, rr = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(x.size):
        u = _centred(x[i], centre_x)
        e = _residual(y[i], centre_y, slope, u, _lost(x[i], centre_x, u))
        n += u
        r += e
        nn += u * u
        nr += u * e
        rr += e * e
    return n, r, nn, nr, rr


@kernel
def _weighted_tile(x, y, weight, centre_x, centre_y, slope):
    c, n, r, nn, nr, rr = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(x.size):
        u = _centred(x[i], centre_x)
        e = _residual(y[i], centre_y, slope, u, _lost(x[i], centre_x, u))
        wu = weight[i] * u
        we = weight[i] * e
        c += weight[i]
        n += wu
        r += we
        nn += wu * u
        nr += wu * e
        rr += we * e
    return c, n, r, nn, nr, rr


@kernel
def line_sums(x, y, weight, centre_x, centre_y, slope, out):
    """Write the Gram matrix (3, 3) of (u, e, 1): u = x - centre_x, e = y - centre_y - slope u. O(n), reads x and y once.

    `weight` is empty where every row weighs 1. Only the upper triangle is written.
    """
    out[:] = 0.0
    for start in range(0, x.size, TILE):
        stop = min(start + TILE, x.size)
        if weight.size:
            c, n, r, nn, nr, rr = _weighted_tile(x[start:stop], y[start:stop], weight[start:stop], centre_x, centre_y, slope)
        else:
            c = float(stop - start)
            n, r, nn, nr, rr = _tile(x[start:stop], y[start:stop], centre_x, centre_y, slope)
        out[0, 0] += nn
        out[0, 1] += nr
        out[1, 1] += rr
        out[0, 2] += n
        out[1, 2] += r
        out[2, 2] += c


@kernel
def read(x, y):
    """Return the sum of x and y, O(n): the least that any pass over the rows can cost, measured by the benchmarks."""
    total = 0.0
    for i in range(x.size):
        total += x[i] + y[i]
    return total


@exact
def _centre_column(x, j, centre, factor, column):
    for i in range(column.size):
        column[i] = (x[i, j] - centre) * factor


@exact
def _subtract(factor, column, other):
    for i in range(column.size):
        column[i] -= factor * other[i]


@exact
def _subtract_four(f0, f1, f2, f3, column, a, b, c, d):
    for i in range(column.size):
        column[i] -= f0 * a[i] + f1 * b[i] + f2 * c[i] + f3 * d[i]


@exact
def _scale(factor, column):
    for i in range(column.size):
        column[i] *= factor


@tile
def _add_products(a0, a1, a2, a3, b0, b1, b2, b3, out):
    """Add the 4 x 4 dot products of two groups of columns to out: sixteen sums in registers for eight loads."""
    s00, s01, s02, s03 = 0.0, 0.0, 0.0, 0.0
    s10, s11, s12, s13 = 0.0, 0.0, 0.0, 0.0
    s20, s21, s22, s23 = 0.0, 0.0, 0.0, 0.0
    s30, s31, s32, s33 = 0.0, 0.0, 0.0, 0.0
    for i in range(a0.size):
        u, v, w, z = b0[i], b1[i], b2[i], b3[i]
        p = a0[i]
        s00 += p * u
        s01 += p * v
        s02 += p * w
        s03 += p * z
        p = a1[i]
        s10 += p * u
        s11 += p * v
        s12 += p * w
        s13 += p * z
        p = a2[i]
        s20 += p * u
        s21 += p * v
        s22 += p * w
        s23 += p * z
        p = a3[i]
        s30 += p * u
        s31 += p * v
        s32 += p * w
        s33 += p * z
    out[0, 0] += s00
    out[0, 1] += s01
    out[0, 2] += s02
    out[0, 3] += s03
    out[1, 0] += s10
    out[1, 1] += s11
    out[1, 2] += s12
    out[1, 3] += s13
    out[2, 0] += s20
    out[2, 1] += s21
    out[2, 2] += s22
    out[2, 3] += s23
    out[3, 0] += s30
    out[3, 1] += s31
    out[3, 2] += s32
    out[3, 3] += s33


@kernel
def plane_sums(x, y, weight, centre, triangle, out):
    """Write the Gram matrix (d + 2, d + 2) of (v, 1), v = ([x y] - centre) triangle^-1. O(n d^2), reads the rows once.

    `triangle` is upper triangular (d + 1, d + 1), without zeros on its diagonal. Rows are taken a tile at a time, feature
    by feature, so that every inner loop runs over rows: forward substitution where the triangle asks for it (the residual
    of each column on those before it, which keeps the digits that multiplying by an inverse would lose), then dot
    products. Only the upper triangle of `out` is written.
    """
    d = x.shape[1]
    width = (d + 5) // 4 * 4  # whole groups of four columns; those past d + 1 are zeros
    total = np.zeros((width, width))
    tile_rows = min(512, max(CELLS // width // 64, 1) * 64)
    tile = np.zeros((width, tile_rows + 8))  # padded: columns a power of two apart would share their cache lines
    ahead = np.zeros(d + 1, np.int64)  # how many columns before column j enter it
    for j in range(d + 1):
        for k in range(j):
            if triangle[k, j] != 0.0:
                ahead[j] = k + 1
    for start in range(0, y.size, tile_rows):
        rows = min(tile_rows, y.size - start)
        block = tile[:, :rows]
        piece = x[start : start + rows]
        for j in range(d):
            _centre_column(piece, j, centre[j], 1.0 / triangle[j, j] if ahead[j] == 0 else 1.0, block[j])
        target = block[d]
        for i in range(rows):
            target[i] = _centred(y[start + i], centre[d])
        for j in range(d + 1):
            column = block[j]
            k = 0
            while k + 4 <= ahead[j]:
                _subtract_four(
                    triangle[k, j], triangle[k + 1, j], triangle[k + 2, j], triangle[k + 3, j],
                    column, block[k], block[k + 1], block[k + 2], block[k + 3],
                )  # fmt: skip
                k += 4
            while k < ahead[j]:
                _subtract(triangle[k, j], column, block[k])
                k += 1
            if ahead[j] > 0 or j == d:
                _scale(1.0 / triangle[j, j], column)
        block[d + 1] = 1.0
        if weight.size:
            for i in range(rows):
                block[d + 1, i] = np.sqrt(weight[start + i])
            for j in range(d + 1):
                for i in range(rows):
                    block[j, i] *= block[d + 1, i]
        for j in range(0, width, 4):
            for k in range(j, width, 4):
                _add_products(
                    block[j], block[j + 1], block[j + 2], block[j + 3],
                    block[k], block[k + 1], block[k + 2], block[k + 3], total[j : j + 4, k : k + 4],
                )  # fmt: skip
    for j in range(d + 2):
        for k in range(d + 2):
            out[j, k] = total[j, k] if k >= j else 0.0
    if weight.size:  # the square of a square root is not the weight: rows of weights 1 and 2 would count 3.0000000000000004
        count = 0.0
        for i in range(y.size):
            count += weight[i]
        out[d + 1, d + 1] = count


@kernel
def residual_sums(x, y, weight, centre_y, coefficients, out):
    """Write the last two columns of the Gram matrix (d + 2, d + 2) of (x, e, 1), e = y - centre_y - x.coefficients. O(n d).

    Beside a product x'x by BLAS this reads rows that are still in the cache.
    """
    d = x.shape[1]
    with_residual, alone = np.zeros(d), np.zeros(d)
    ee, e1, count = 0.0, 0.0, 0.0
    for i in range(y.size):
        e = _less(y[i], centre_y, _dot(x, i, coefficients))
        share = weight[i] if weight.size else 1.0
        _add_scaled(with_residual, share * e, x, i)
        _add_scaled(alone, share, x, i)
        ee += share * e * e
        e1 += share * e
        count += share
    out[:d, d] = with_residual
    out[:d, d + 1] = alone
    out[d, d] = ee
    out[d, d + 1] = e1
    out[d + 1, d + 1] = count


@kernel
def surface(coefficients, offset, offset_low, b, out):
    """Fill out[i, j] = coefficients[i] + (offset[i] + offset_low[i] - b[j])^2; return the smallest cell's (i, j)."""
    best_i, best_j, best = 0, 0, np.inf
    for i in range(out.shape[0]):
        row = out[i]
        lowest = np.inf
        for j in range(b.size):
            e = _less(offset[i], b[j], -offset_low[i])
            cost = coefficients[i] + e * e
            row[j] = cost
            lowest = min(lowest, cost)
        if lowest < best:
            best, best_i = lowest, i
    for j in range(b.size):
        if out[best_i, j] == best:
            best_j = j
            break
    return best_i, best_j


@exact
def descend(
    factor, target, mean, mean_y, n, rates, l2, bias, code, constants, basis, curvature, clock, limits, still,
    memory, theta, out_w, out_b, out_cost,
):  # fmt: skip
    """Full-batch descent on the quadratic: row t of the outputs is the state after t epochs. O(epochs d^2).

    `factor` is Rx (d + 1, d) and `target` (d + 1,) the column R_y of the same triangle; `rates` (epochs,); the optimizer is
    `code`, `constants`, its `memory` (2, d + 1) and `clock`, the updates made before; `basis`, `curvature` are the Hessian's
    eigenvectors and -values where the steps are implicit; `limits` is (stop, near, floor, ceiling). Ends early when the
    objective is at most `stop`, when it is at most `near` and an epoch moves no parameter by more than `still` (d + 1,),
    when it is at most `floor` and has not fallen, or when the cost is not below `ceiling`. `theta` = (w, b) is
    overwritten. Returns the epochs run.
    """
    stop, near, floor, ceiling = limits[0], limits[1], limits[2], limits[3]
    d = theta.size - 1
    epochs = out_b.size - 1
    e = np.empty(d + 1)
    gradient = np.zeros(d + 1)
    before = np.empty(d + 1)
    moving, last = True, np.inf
    for t in range(epochs + 1):
        for i in range(d + 1):
            e[i] = -target[i]
        residual = mean_y - theta[d]
        penalty = 0.0
        for j in range(d):
            residual -= theta[j] * mean[j]
            penalty += theta[j] * theta[j]
            for i in range(j + 1):
                e[i] += factor[i, j] * theta[j]
        cost = 0.0
        for i in range(d + 1):
            cost += e[i] * e[i]
        cost = cost / n + residual * residual
        for j in range(d):
            out_w[t, j] = theta[j]
        out_b[t] = theta[d]
        out_cost[t] = cost
        objective = cost + l2 * penalty
        if t == epochs or objective <= stop or (objective <= near and not moving) or not cost <= ceiling:
            return t
        if last <= objective and objective <= floor:
            return t
        last = objective
        for j in range(d):
            total = 0.0
            for i in range(j + 1):
                total += factor[i, j] * e[i]
            gradient[j] = 2.0 * total / n - 2.0 * residual * mean[j] + 2.0 * l2 * theta[j]
        if bias:
            gradient[d] = -2.0 * residual
        for j in range(d + 1):
            before[j] = theta[j]
        if code == IMPLICIT:
            proximal(basis, curvature, rates[t], gradient, theta)
        else:
            move(code, constants, rates[t], clock + t + 1, gradient, theta, memory)
        moving = False
        for j in range(d + 1):
            moving = moving or abs(theta[j] - before[j]) > still[j]
    return epochs
