"""Descent that updates after every sample or small batch: the rows in sequence, the parameters carried along.

These are the plain kernels: each step waits for the one before it. The rows they are given begin where a batch begins
and end where one ends, so that the edges of blocks do not show.
"""

import numpy as np

from ._jit import exact
from .direct import _add_scaled, _dot, _line, _plane, _slope


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


@exact
def plane_steps(x, y, weight, rate, batch, scale, l2, bias, loss, delta, state):
    """Update state = (w..., b) by mini-batches of `batch` rows of d features. O(n d). See line_steps."""
    n, d = x.shape
    w = state[:d]
    b = state[d]
    total = np.empty(d)
    for start in range(0, n, batch):
        stop = min(start + batch, n)
        total[:] = 0.0
        s = 0.0
        for i in range(start, stop):
            g = _slope(_plane(_dot(x[i], w), b, y[i]), loss, delta)
            if weight.size:
                g *= weight[i] * scale
            _add_scaled(total, g, x[i])
            s += g
        size = stop - start
        for j in range(d):
            w[j] -= rate * (total[j] / size + 2.0 * l2 * w[j])
        if bias:
            b -= rate * (s / size)
    state[d] = b
