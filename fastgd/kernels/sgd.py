"""Descent that updates after every sample or small batch: the rows in sequence, the parameters carried along.

Each step waits for the one before it, except in `fours`, which takes four at a time. The rows that a kernel is given begin
where a batch begins and end where one ends, so that the edges of blocks do not show.
"""

import numpy as np

from ._jit import exact, inline
from ._vectors import LINE, WIDTH, drop, load, load_row, prefetch, splat, spread, store, sums
from .direct import HUBER, SQUARED, _add_scaled, _dot, _line, _plane, _slope
from .optimizers import IMPLICIT, PLAIN, move, solve


@exact
def line_steps(x, y, weight, rate, batch, scale, l2, bias, loss, delta, state):
    """Update state = (w, b) by mini-batches of `batch` rows of one feature, the last one of an epoch smaller. O(n).

    `scale` is 1 / mean weight of all the data; `weight` is empty where every row weighs 1.
    """
    w, b = state[0], state[1]
    n = x.size
    if batch == 1:
        for i in range(n):
            g = _slope(_line(x[i], w, b, y[i]), loss, delta)
            if weight.size:
                g *= weight[i] * scale
            w -= rate * (g * x[i] + 2.0 * l2 * w)
            if bias:
                b -= rate * g
    else:
        for start in range(0, n, batch):
            stop = min(start + batch, n)
            xs, s = 0.0, 0.0
            for i in range(start, stop):
                g = _slope(_line(x[i], w, b, y[i]), loss, delta)
                if weight.size:
                    g *= weight[i] * scale
                xs += g * x[i]
                s += g
            size = stop - start
            w -= rate * (xs / size + 2.0 * l2 * w)
            if bias:
                b -= rate * (s / size)
    state[0], state[1] = w, b


_AHEAD = 1024
"""Numbers, 8 kB: how far ahead rows are asked for. The processor by itself stops at the end of a page, and a descent on
more rows than the caches hold would take 1.6 times as long (12 against 7.2 ns a row of ten, on a busy machine)."""


@inline
def _rows(x, i, j):
    return load_row(x, i, j), load_row(x, i + 1, j), load_row(x, i + 2, j), load_row(x, i + 3, j)


@exact
def fours(x, y, weight, rate, scale, bias, state):
    """Update state = (w..., b) by one sample of the squared loss after the other, four at a time; d >= 4. O(n d).

    Step k of four moves w along rows 0 .. k-1 only, so its residual is that of the old w less what those rows' products
    with row k make of their steps: ten dot products that need not wait for each other, and a triangular solve.

    Columns are taken four at a time from the first on, but for the last d - full, which are the end of the last four: the
    lanes before them are 0, in w and in the rows. What the time goes by is the way from one w to the next, so no operation
    is on it that could be beside it.
    """
    n, d = x.shape
    full = (d - 1) // WIDTH * WIDTH
    last = d - WIDTH
    before = full - last
    w = np.zeros(full + 2 * WIDTH)
    for j in range(full):
        w[j] = state[j]
    for j in range(full, d):
        w[before + j] = state[j]
    u = load(w, full)  # the last columns' w stays in a register
    b = splat(state[d])
    one = splat(1.0 if bias else 0.0)
    k0 = k1 = k2 = k3 = splat(2.0 * rate)
    numbers = x.reshape(n * d)
    whole = n - n % 4
    for i in range(0, whole, 4):
        for j in range(i * d, (i + 4) * d, LINE):
            prefetch(numbers, min(j + _AHEAD, n * d - 1))
        if weight.size:
            gains = splat(2.0 * rate) * (load(weight, i) * splat(scale))
            k0, k1, k2, k3 = spread(gains, 0), spread(gains, 1), spread(gains, 2), spread(gains, 3)
        x0, x1, x2, x3 = _rows(x, i, last)
        x0, x1, x2, x3 = drop(x0, before), drop(x1, before), drop(x2, before), drop(x3, before)
        p0, p1, p2, p3 = x0 * u, x1 * u, x2 * u, x3 * u
        g10, g20, g21, g30, g31, g32 = x1 * x0, x2 * x0, x2 * x1, x3 * x0, x3 * x1, x3 * x2
        for j in range(0, full, WIDTH):
            x0, x1, x2, x3 = _rows(x, i, j)
            v = load(w, j)
            p0 += x0 * v
            p1 += x1 * v
            p2 += x2 * v
            p3 += x3 * v
            g10 += x1 * x0
            g20 += x2 * x0
            g21 += x2 * x1
            g30 += x3 * x0
            g31 += x3 * x1
            g32 += x3 * x2
        residual = (load(y, i) - b) - sums(p0, p1, p2, p3)
        by0 = k0 * (sums(g10, g10, g20, g30) + one)  # lane k: row k's product with row 0
        products = sums(g32, g32, g21, g31) + one
        by1, by2 = k1 * products, k2 * spread(products, 0)
        e0 = spread(residual, 0)
        e1 = spread(residual, 1) - e0 * spread(by0, 1)
        e2 = (spread(residual, 2) - e0 * spread(by0, 2)) - e1 * spread(by1, 2)
        e3 = ((spread(residual, 3) - e0 * spread(by0, 3)) - e1 * spread(by1, 3)) - e2 * by2
        s0, s1, s2 = k0 * e0, k1 * e1, k2 * e2
        # The last residual is waited for, so it is not e3 that is multiplied by its gain, but its row.
        x0, x1, x2, x3 = _rows(x, i, last)
        x0, x1, x2, x3 = drop(x0, before), drop(x1, before), drop(x2, before), drop(x3, before)
        u = (((u + s0 * x0) + s1 * x1) + s2 * x2) + e3 * (k3 * x3)
        for j in range(0, full, WIDTH):
            x0, x1, x2, x3 = _rows(x, i, j)
            store(w, j, (((load(w, j) + s0 * x0) + s1 * x1) + s2 * x2) + e3 * (k3 * x3))
        b = (b + one * ((s0 + s1) + s2)) + one * (k3 * e3)
    store(w, full, u)
    store(w, full + WIDTH, b)
    for j in range(full):
        state[j] = w[j]
    for j in range(full, d):
        state[j] = w[before + j]
    state[d] = w[full + WIDTH]
    for i in range(whole, n):
        e = 2.0 * rate * (weight[i] * scale if weight.size else 1.0) * (y[i] - (_dot(x, i, state) + state[d]))
        for j in range(d):
            state[j] += e * x[i, j]
        if bias:
            state[d] += e


@exact
def _implicit_slope(e, h, loss, delta):
    """The loss's slope s at the residual after an implicit step, where that residual is e - h s."""
    if loss == SQUARED:
        return 2.0 * e / (1.0 + 2.0 * h)
    if loss == HUBER:
        return 2.0 * min(max(e / (1.0 + 2.0 * h), -delta), delta) + 0.0 * e
    return min(max(e / h, -1.0), 1.0) + 0.0 * e if h > 0.0 else 0.0 * e


@exact
def _implicit(x, i, y, share, rate, l2, one, loss, delta, theta):
    """argmin over theta' of share loss(row i) + l2 w'.w' + |theta' - theta|^2 / (2 rate), one scalar equation."""
    d = x.shape[1]
    shrink = 1.0 / (1.0 + 2.0 * rate * l2)
    e, q = theta[d] - y, one
    for j in range(d):
        e += x[i, j] * theta[j] * shrink
        q += x[i, j] * x[i, j] * shrink
    g = rate * share * _implicit_slope(e, rate * share * q, loss, delta)
    for j in range(d):
        theta[j] = (theta[j] - g * x[i, j]) * shrink
    theta[d] -= one * g


@exact
def _curvature(x, weight, start, stop, scale, rate, l2, one, matrix):
    """matrix = I + rate * the Hessian of the batch's squared loss and the penalty."""
    d = x.shape[1]
    matrix[:] = 0.0
    for i in range(start, stop):
        share = 2.0 * rate / (stop - start) * (weight[i] * scale if weight.size else 1.0)
        for j in range(d):
            for k in range(d):
                matrix[j, k] += share * x[i, j] * x[i, k]
            matrix[j, d] += one * share * x[i, j]
            matrix[d, j] += one * share * x[i, j]
        matrix[d, d] += one * share
    for j in range(d):
        matrix[j, j] += 1.0 + 2.0 * rate * l2
    matrix[d, d] += 1.0


@exact
def steps(
    x, y, weight, rate, power, batch, scale, l2, bias, loss, delta, code, constants, theta, memory, clock, every, records,
    begin, mean,
):  # fmt: skip
    """Update theta = (w..., b) by mini-batches of any loss with any optimizer. O(n d).

    `rate` is divided by t^power, t the number of the update from 1 on; `clock` (2,) holds the updates made and the records
    written; after every `every` updates (0: never) theta is written to `records`; from update `begin` + 1 on `mean` is the
    mean of all thetas, and records are of it. See line_steps for the rest.
    """
    n, d = x.shape
    one = 1.0 if bias else 0.0
    gradient = np.empty(d + 1)
    k = d + 1 if code == IMPLICIT and batch > 1 else 0
    matrix = np.empty((k, k))
    for start in range(0, n, batch):
        stop = min(start + batch, n)
        clock[0] += 1
        t = clock[0]
        now = rate / t**power if power != 0.0 else rate
        if batch == 1 and code in (PLAIN, IMPLICIT):
            share = weight[start] * scale if weight.size else 1.0
            if code == IMPLICIT:
                _implicit(x, start, y[start], share, now, l2, one, loss, delta, theta)
            else:
                g = now * share * _slope(_plane(_dot(x, start, theta), theta[d], y[start]), loss, delta)
                for j in range(d):
                    theta[j] -= g * x[start, j] + now * 2.0 * l2 * theta[j]
                theta[d] -= one * g
        else:
            gradient[:] = 0.0
            for i in range(start, stop):
                g = _slope(_plane(_dot(x, i, theta), theta[d], y[i]), loss, delta)
                if weight.size:
                    g *= weight[i] * scale
                _add_scaled(gradient, g, x, i)
                gradient[d] += g
            for j in range(d):
                gradient[j] = gradient[j] / (stop - start) + 2.0 * l2 * theta[j]
            gradient[d] *= one / (stop - start)
            if code == IMPLICIT:
                _curvature(x, weight, start, stop, scale, now, l2, one, matrix)
                solve(matrix, gradient)
            move(PLAIN if code == IMPLICIT else code, constants, now, t, gradient, theta, memory)
        if t > begin:
            for j in range(d + 1):
                mean[j] += (theta[j] - mean[j]) / (t - begin)
        if every > 0 and t % every == 0:
            for j in range(d + 1):
                records[clock[1], j] = mean[j] if t > begin else theta[j]
            clock[1] += 1
