"""Descent that updates after every sample or small batch: the rows in sequence, the parameters carried along.

Each step waits for the one before it, except in `fours`, which takes four at a time. The rows that a kernel is given begin
where a batch begins and end where one ends, so that the edges of blocks do not show.
"""

import numpy as np

from ._jit import exact, kernel
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


@kernel
def _products(x, i, w):
    """Four rows' products with w, and the six among themselves."""
    p0, p1, p2, p3 = 0.0, 0.0, 0.0, 0.0
    g10, g20, g21, g30, g31, g32 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for j in range(w.size):
        a, b, c, d, u = x[i, j], x[i + 1, j], x[i + 2, j], x[i + 3, j], w[j]
        p0 += a * u
        p1 += b * u
        p2 += c * u
        p3 += d * u
        g10 += b * a
        g20 += c * a
        g21 += c * b
        g30 += d * a
        g31 += d * b
        g32 += d * c
    return p0, p1, p2, p3, g10, g20, g21, g30, g31, g32


@exact
def _add_four(w, x, i, e0, e1, e2, e3):
    for j in range(w.size):
        w[j] = (((w[j] + e0 * x[i, j]) + e1 * x[i + 1, j]) + e2 * x[i + 2, j]) + e3 * x[i + 3, j]


@exact
def fours(x, y, weight, rate, scale, bias, state):
    """Update state = (w..., b) by one sample of the squared loss after the other, four at a time. O(n d).

    Step k of four moves w along rows 0 .. k-1 only, so its residual is that of the old w less what those rows' products
    with row k make of their steps: ten dot products that need not wait for each other, and a triangular solve.
    """
    n, d = x.shape
    w = np.empty(d)
    for j in range(d):
        w[j] = state[j]
    b = state[d]
    one = 1.0 if bias else 0.0
    k0 = k1 = k2 = k3 = 2.0 * rate
    whole = n - n % 4
    for i in range(0, whole, 4):
        if weight.size:
            k0 = 2.0 * rate * (weight[i] * scale)
            k1 = 2.0 * rate * (weight[i + 1] * scale)
            k2 = 2.0 * rate * (weight[i + 2] * scale)
            k3 = 2.0 * rate * (weight[i + 3] * scale)
        p0, p1, p2, p3, g10, g20, g21, g30, g31, g32 = _products(x, i, w)
        e0 = k0 * (y[i] - (p0 + b))
        e1 = k1 * ((y[i + 1] - (p1 + b)) - e0 * (g10 + one))
        e2 = k2 * (((y[i + 2] - (p2 + b)) - e0 * (g20 + one)) - e1 * (g21 + one))
        e3 = k3 * ((((y[i + 3] - (p3 + b)) - e0 * (g30 + one)) - e1 * (g31 + one)) - e2 * (g32 + one))
        _add_four(w, x, i, e0, e1, e2, e3)
        b += one * ((e0 + e1) + (e2 + e3))
    for i in range(whole, n):
        e = 2.0 * rate * (weight[i] * scale if weight.size else 1.0) * (y[i] - (_dot(x, i, w) + b))
        _add_scaled(w, e, x, i)
        b += one * e
    for j in range(d):
        state[j] = w[j]
    state[d] = b


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
