"""Runs of updates on the squared loss as affine maps of the parameters: theta -> A theta + c.

The map of a sample z = (x, 1) at the rate a is A = I - 2a z z', c = 2a y z, and maps compose: so a block's rows are
summarised without knowing where the descent stands, sixteen runs of samples side by side, and what was a chain of updates,
each waiting for the last, becomes arithmetic that fills the processor.
"""

import functools

import numpy as np

from ._jit import exact, tile

LANES = 16
"""Runs of samples side by side: two registers of eight numbers, or four of four."""

GROWTH = 1e3
"""Maps with entries above this, and stretches of rows that could stretch by more, are given up: it is what they multiply
rounding by, and the steps themselves may have none, as at an exact solution."""

_STRETCH = 64  # rows or batches in a stretch

NOTHING = 1e-100  # a contraction this strong is 0: smaller products would end as subnormal numbers, a hundred times slower


@functools.cache
def lanes(d):
    """The kernel of d features. d is a constant in it: loops over features are unrolled, and those over lanes vectorised."""
    size = d + 1
    columns = d + 2
    length = max(64 // d // 16, 1) * 16  # samples of a lane in a tile: 1024 rows of one feature, 16 kB, a first cache's half

    @exact
    def compose(x, y, weight, rate, scale, l2, bias, out):
        """Write A and c of the samples in order to out (d + 1, d + 2); return whether A never grew. O(n d^2)."""
        n = y.size
        # Padded: rows of the tile that are a power of two apart would share their cache lines.
        features = np.empty((d * length, LANES + 8))
        targets = np.empty((length, LANES + 8))
        gains = np.empty((length, LANES + 8))
        gains[:] = 2.0 * rate
        state = np.empty((columns * size, LANES))  # column by column, of every lane
        growth = np.empty(LANES)
        total = np.zeros((size, columns))
        part = np.empty(size)
        for j in range(size):
            total[j, j] = 1.0
        decay = 1.0 - 2.0 * rate * l2
        one = 1.0 if bias else 0.0
        whole = n - n % (LANES * length)
        for start in range(0, whole, LANES * length):
            for lane in range(LANES):
                first = start + lane * length
                for t in range(length):
                    targets[t, lane] = y[first + t]
                for t in range(length):
                    for j in range(d):
                        features[t * d + j, lane] = x[first + t, j]
                if weight.size:
                    for t in range(length):
                        gains[t, lane] = 2.0 * rate * (weight[first + t] * scale)
            state[:] = 0.0
            for j in range(size):
                for lane in range(LANES):
                    state[j * size + j, lane] = 1.0
            growth[:] = 1.0
            for t in range(length):
                for lane in range(LANES):
                    square = one
                    for j in range(d):
                        square += features[t * d + j, lane] * features[t * d + j, lane]
                    # The map of one sample stretches nothing by more than this, or 1.
                    most = gains[t, lane] * square - decay
                    growth[lane] *= most if most > 1.0 else 1.0
                    for c in range(columns):
                        e = state[c * size + d, lane]
                        for j in range(d):
                            e += features[t * d + j, lane] * state[c * size + j, lane]
                        if c == columns - 1:
                            e -= targets[t, lane]
                        e *= gains[t, lane]
                        for j in range(d):
                            state[c * size + j, lane] = state[c * size + j, lane] * decay - features[t * d + j, lane] * e
                        state[c * size + d, lane] -= one * e
            for lane in range(LANES):
                if not growth[lane] <= GROWTH:
                    return False
                for c in range(columns):
                    for i in range(size):
                        part[i] = state[(columns - 1) * size + i, lane] if c == columns - 1 else 0.0
                        for j in range(size):
                            part[i] += state[j * size + i, lane] * total[j, c]
                    for i in range(size):
                        total[i, c] = part[i]
                if not _settled(total):
                    return False
        stretch = 1.0
        for i in range(whole, n):
            gain = 2.0 * rate * (weight[i] * scale if weight.size else 1.0)
            square = one
            for j in range(d):
                square += x[i, j] * x[i, j]
            stretch = max(1.0, gain * square - decay) * (1.0 if i % _STRETCH == 0 else stretch)
            if not stretch <= GROWTH:
                return False
            for c in range(columns):
                e = total[d, c]
                for j in range(d):
                    e += x[i, j] * total[j, c]
                if c == columns - 1:
                    e -= y[i]
                e *= gain
                for j in range(d):
                    total[j, c] = total[j, c] * decay - x[i, j] * e
                total[d, c] -= one * e
            if not _settled(total):
                return False
        out[:] = total
        return True

    return compose


@exact
def _settled(total):
    """Whether the matrix beside c is small enough to be relied upon; a matrix of nothing becomes 0."""
    size = total.shape[0]
    largest = 0.0
    for i in range(size):
        for j in range(size):
            largest += abs(total[i, j])
    if largest < NOTHING:
        for i in range(size):
            for j in range(size):
                total[i, j] = 0.0
    return largest <= GROWTH


@tile
def _sums(x, y):
    xx, xs, xy, ys = 0.0, 0.0, 0.0, 0.0
    for i in range(x.size):
        xx += x[i] * x[i]
        xs += x[i]
        xy += x[i] * y[i]
        ys += y[i]
    return xx, xs, xy, ys


@tile
def _weighted_sums(x, y, weight):
    count, xx, xs, xy, ys = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(x.size):
        wx = weight[i] * x[i]
        count += weight[i]
        xx += wx * x[i]
        xs += wx
        xy += wx * y[i]
        ys += weight[i] * y[i]
    return count, xx, xs, xy, ys


@exact
def line_batches(x, y, weight, batch, rate, scale, l2, bias, out):
    """Write A and c of mini-batches of one feature in order to out (2, 3); return whether A never grew. O(n)."""
    # Columns (a, b), (c, d) of the matrix and (e, f), as scalars: they stay in registers.
    a, b, c, d, e, f = 1.0, 0.0, 0.0, 1.0, 0.0, 0.0
    decay = 1.0 - 2.0 * rate * l2
    n = x.size
    stretch = 1.0
    for start in range(0, n, batch):
        stop = min(start + batch, n)
        if weight.size:
            count, xx, xs, xy, ys = _weighted_sums(x[start:stop], y[start:stop], weight[start:stop])
        else:
            count = float(stop - start)
            xx, xs, xy, ys = _sums(x[start:stop], y[start:stop])
        k = 2.0 * rate / (stop - start) * (scale if weight.size else 1.0)
        one = k if bias else 0.0
        stretch = max(1.0, k * xx + one * count - decay) * (1.0 if start // batch % _STRETCH == 0 else stretch)
        s, t = xx * a + xs * b, xs * a + count * b
        a, b = a * decay - k * s, b - one * t
        s, t = xx * c + xs * d, xs * c + count * d
        c, d = c * decay - k * s, d - one * t
        s, t = (xx * e + xs * f) - xy, (xs * e + count * f) - ys
        e, f = e * decay - k * s, f - one * t
        largest = abs(a) + abs(b) + abs(c) + abs(d)
        if not (largest <= GROWTH and stretch <= GROWTH):
            return False
        if largest < NOTHING:
            a, b, c, d = 0.0, 0.0, 0.0, 0.0
    out[0, 0], out[0, 1], out[0, 2] = a, c, e
    out[1, 0], out[1, 1], out[1, 2] = b, d, f
    return True
