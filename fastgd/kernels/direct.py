"""Any loss, row by row: what the moments of the squared loss do not cover, and what checks them."""

import numpy as np

from ._jit import exact, kernel, tile

SQUARED, ABSOLUTE, HUBER = 0, 1, 2
TILE = 2048


@exact
def _loss(e, loss, delta):
    if loss == SQUARED:
        return e * e
    size = abs(e)
    if loss == ABSOLUTE:
        return size
    # Without branches, and two operations less than e^2 or 2 delta |e| - delta^2 chosen by a comparison.
    near = min(size, delta)
    return near * (2.0 * size - near)


@exact
def _slope(e, loss, delta):
    """The derivative of the loss of a residual e; 0 at the kink of the absolute loss."""
    if loss == SQUARED:
        return 2.0 * e
    if loss == ABSOLUTE:
        # Not np.sign: it would compile to branches, and NaN must stay NaN.
        return 1.0 * (e > 0.0) - 1.0 * (e < 0.0) + 0.0 * e
    return 2.0 * min(max(e, -delta), delta) + 0.0 * e


@exact
def _line(x, w, b, y):
    return (x * w + b) - y


@exact
def _plane(product, b, y):
    return (product + b) - y


@kernel
def _square_tile(x, y, w, b):
    total = 0.0
    for i in range(x.size):
        e = _line(x[i], w, b, y[i])
        total += e * e
    return total


@tile
def _loss_tile(x, y, w, b, loss, delta):
    total = 0.0
    for i in range(x.size):
        total += _loss(_line(x[i], w, b, y[i]), loss, delta)
    return total


@tile
def _weighted_loss_tile(x, y, weight, w, b, loss, delta):
    total, count = 0.0, 0.0
    for i in range(x.size):
        total += weight[i] * _loss(_line(x[i], w, b, y[i]), loss, delta)
        count += weight[i]
    return total, count


@kernel
def line_mse(x, y, w, b):
    """Return the sum of squared residuals of x w + b. O(n)."""
    total = 0.0
    for start in range(0, x.size, TILE):
        stop = min(start + TILE, x.size)
        total += _square_tile(x[start:stop], y[start:stop], w, b)
    return total


@kernel
def line_cost(x, y, weight, w, b, loss, delta):
    """Return the sum of weighted losses of x w + b, and of the weights. O(n)."""
    total, count = 0.0, 0.0
    for start in range(0, x.size, TILE):
        stop = min(start + TILE, x.size)
        if weight.size:
            part, weights = _weighted_loss_tile(x[start:stop], y[start:stop], weight[start:stop], w, b, loss, delta)
            total += part
            count += weights
        else:
            total += _loss_tile(x[start:stop], y[start:stop], w, b, loss, delta)
            count += stop - start
    return total, count


@kernel
def _square_gradient_tile(x, y, w, b):
    xs, s, total = 0.0, 0.0, 0.0
    for i in range(x.size):
        e = _line(x[i], w, b, y[i])
        xs += e * x[i]
        s += e
        total += e * e
    return 2.0 * xs, 2.0 * s, total


@tile
def _gradient_tile(x, y, w, b, loss, delta):
    xs, s, total = 0.0, 0.0, 0.0
    for i in range(x.size):
        e = _line(x[i], w, b, y[i])
        g = _slope(e, loss, delta)
        xs += g * x[i]
        s += g
        total += _loss(e, loss, delta)
    return xs, s, total


@tile
def _weighted_gradient_tile(x, y, weight, w, b, loss, delta):
    xs, s, total, count = 0.0, 0.0, 0.0, 0.0
    for i in range(x.size):
        e = _line(x[i], w, b, y[i])
        g = weight[i] * _slope(e, loss, delta)
        xs += g * x[i]
        s += g
        total += weight[i] * _loss(e, loss, delta)
        count += weight[i]
    return xs, s, total, count


@kernel
def line_gradient(x, y, weight, w, b, loss, delta):
    """Return the sums of slope x, slope, loss (each weighted) and of the weights, for x w + b. O(n)."""
    xs, s, total, count = 0.0, 0.0, 0.0, 0.0
    for start in range(0, x.size, TILE):
        stop = min(start + TILE, x.size)
        if weight.size:
            part = _weighted_gradient_tile(x[start:stop], y[start:stop], weight[start:stop], w, b, loss, delta)
            xs += part[0]
            s += part[1]
            total += part[2]
            count += part[3]
        else:
            if loss == SQUARED:
                one, two, three = _square_gradient_tile(x[start:stop], y[start:stop], w, b)
            else:
                one, two, three = _gradient_tile(x[start:stop], y[start:stop], w, b, loss, delta)
            xs += one
            s += two
            total += three
            count += stop - start
    return xs, s, total, count


# A row is named by its number: x[i] would be an array of its own, and counting the references to it costs more than
# the ten products of a row of ten features.


@kernel
def _dot(x, i, w):
    total = 0.0
    for j in range(x.shape[1]):
        total += x[i, j] * w[j]
    return total


@kernel
def _add_scaled(total, factor, x, i):
    for j in range(x.shape[1]):
        total[j] += factor * x[i, j]


@kernel
def plane_gradient(x, y, weight, w, b, loss, delta, out):
    """Write the sums of slope x_j (d of them), slope, loss (each weighted) and weights for x.w + b. O(n d)."""
    d = x.shape[1]
    out[:] = 0.0
    part = np.empty(d + 3)
    for start in range(0, y.size, TILE):
        part[:] = 0.0
        for i in range(start, min(start + TILE, y.size)):
            e = _plane(_dot(x, i, w), b, y[i])
            share = weight[i] if weight.size else 1.0
            g = share * _slope(e, loss, delta)
            _add_scaled(part, g, x, i)
            part[d] += g
            part[d + 1] += share * _loss(e, loss, delta)
            part[d + 2] += share
        for j in range(d + 3):
            out[j] += part[j]


@kernel
def plane_cost(x, y, weight, w, b, loss, delta):
    """Return the sum of weighted losses of x.w + b, and of the weights. O(n d)."""
    total, count = 0.0, 0.0
    for start in range(0, y.size, TILE):
        part, weights = 0.0, 0.0
        for i in range(start, min(start + TILE, y.size)):
            share = weight[i] if weight.size else 1.0
            part += share * _loss(_plane(_dot(x, i, w), b, y[i]), loss, delta)
            weights += share
        total += part
        count += weights
    return total, count


@kernel
def line_predictions(x, w, b, out):
    """Write x w + b. O(n)."""
    for i in range(x.size):
        out[i] = x[i] * w + b


@kernel
def plane_predictions(x, w, b, out):
    """Write x.w + b. O(n d)."""
    for i in range(out.size):
        out[i] = _dot(x, i, w) + b


@exact
def losses(predictions, y, loss, delta, out):
    """Write the loss of each row. O(n)."""
    for i in range(y.size):
        out[i] = _loss(predictions[i] - y[i], loss, delta)


@kernel
def grid_costs(x, y, weight, w, b, loss, delta, out):
    """Add the sum of weighted losses of x w[i] + b[j] to out[i, j], and return that of the weights. O(n cells).

    A tile of rows stays in the first-level cache while every cell passes over it.
    """
    count = 0.0
    for start in range(0, x.size, TILE):
        stop = min(start + TILE, x.size)
        tile_x, tile_y = x[start:stop], y[start:stop]
        for i in range(w.size):
            for j in range(b.size):
                if weight.size:
                    total, _ = _weighted_loss_tile(tile_x, tile_y, weight[start:stop], w[i], b[j], loss, delta)
                else:
                    total = _loss_tile(tile_x, tile_y, w[i], b[j], loss, delta)
                out[i, j] += total
        count += np.sum(weight[start:stop]) if weight.size else stop - start
    return count
