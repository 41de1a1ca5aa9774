"""Many descents at once, side by side in the columns of one array: what one of them waits for is time for the others."""

import numpy as np

from ._jit import exact, kernel, tile

DONE, LOST = 1, 2


@exact
def _epochs_to_stand(basis, curvature, s, r, factor, still):
    """0 if the next update of column r moves no parameter by more than `still`, else how many more epochs that takes.

    An estimate from below, from the slowest coordinate: what follows checks again.
    """
    size = curvature.size
    slowest = 0.0
    for k in range(size):
        slowest = max(slowest, abs(1.0 - s[size, r] * factor * curvature[k]))
    most = 0.0
    for i in range(size):
        change = 0.0
        for k in range(size):
            change += basis[i, k] * (s[size, r] * factor * curvature[k] * s[k, r])
        if not abs(change) <= still[i]:
            if still[i] == 0.0 or not 0.0 < slowest < 1.0:
                return 1
            most = max(most, np.log(still[i] / abs(change)) / np.log(slowest))
    return max(1, int(0.9 * min(most, 1e9))) if most > 0.0 else 0


@exact
def _step(s, k, size, step, h, row, first):
    """Update coordinate k of every column, and add to a row what its objective has above the minimum by it."""
    for r in range(s.shape[1]):
        u = s[k, r] * (1.0 - s[size, r] * step)
        s[k, r] = u
        s[row, r] = h * u * u + (0.0 if first else s[row, r])


@kernel
def _count_ended(s, size, row):
    """How many columns are not between their floor and their ceiling, or no number."""
    ended = 0.0
    for r in range(s.shape[1]):
        excess = s[row, r]
        inside = (excess > s[size + 2, r]) & (excess <= s[size + 1, r])
        ended += 0.0 if inside else 1.0
    return ended


@exact
def full_batches(basis, curvature, s, factors, stop, near, still, epochs, ends, rising):
    """Full-batch descents on one quadratic, each in coordinates along the Hessian's eigenvectors. O(k) a descent and epoch.

    The columns of s (k + 5, runs) are descents: coordinates u (k), the rate, the ceiling, the floor max(stop, near), and
    room for two numbers. Epoch t multiplies coordinate k by 1 - rate factors[t] curvature[k]; the objective is above its
    minimum by half the sum of curvature u^2, which `stop`, `near` and the ceiling bound. `epochs` (runs,) becomes the epochs
    run, `ends` DONE, LOST or 0, and `rising` whether the last epoch made it worse. A descent that has ended gets the rate 0,
    and so stays where it is; one that is infinite or no number becomes 1e200.
    """
    size, runs = curvature.size, s.shape[1]
    calm = np.zeros(runs, np.bool_)  # whether the update under way moves no parameter
    wake = np.zeros(runs, np.int64)  # when to look again at one that comes to stand still
    first = factors.size
    for t in range(factors.size + 1):
        now, before = size + 3 + t % 2, size + 4 - t % 2
        for k in range(size):
            step = curvature[k] * factors[t - 1] if t > 0 else 0.0
            _step(s, k, size, step, 0.5 * curvature[k], now, k == 0)
        last = t == factors.size
        if last or t == first or _count_ended(s, size, now) > 0.0:
            active, first = 0, factors.size
            for r in range(runs):
                if s[size, r] == 0.0:
                    continue
                excess = s[now, r]
                lost = not excess <= s[size + 1, r]
                done = excess <= stop
                if not lost and not done and not last and excess <= near and t >= wake[r]:
                    done = calm[r]
                    left = _epochs_to_stand(basis, curvature, s, r, factors[t], still)
                    calm[r] = left == 0
                    wake[r] = t + max(left, 1)
                    s[size + 2, r] = stop
                if lost or done or last:
                    epochs[r] = t
                    ends[r] = LOST if lost else DONE if done and not last else 0
                    rising[r] = t > 0 and excess > s[before, r]
                    s[size, r], s[size + 1, r], s[size + 2, r] = 0.0, np.inf, -np.inf
                    if not excess < np.inf:
                        for k in range(size):
                            s[k, r] = 1e200 if k == 0 else 0.0
                else:
                    active += 1
                    if wake[r] > t:
                        first = min(first, wake[r])
            if active == 0:
                return


@exact
def line_runs(x, y, weight, scale, s):
    """Advance many descents on the squared loss, one sample of one feature after the other. O(n runs).

    The columns of s (5, runs) are descents: w, b, twice the rate, the decay 1 - 2 rate l2 of w, and 1 where b is fitted.
    Two rows at a time: a state is read and written half as often.
    """
    n = x.size
    for i in range(0, n - 1, 2):
        xi, yi, xk, yk = x[i], y[i], x[i + 1], y[i + 1]
        gi = weight[i] * scale if weight.size else 1.0
        gk = weight[i + 1] * scale if weight.size else 1.0
        for r in range(s.shape[1]):
            w, b, k, decay = s[0, r], s[1, r], s[2, r], s[3, r]
            g = k * gi * ((xi * w + b) - yi)
            w = w * decay - g * xi
            b -= g * s[4, r]
            g = k * gk * ((xk * w + b) - yk)
            s[0, r] = w * decay - g * xk
            s[1, r] = b - g * s[4, r]
    if n % 2:
        xi, yi = x[n - 1], y[n - 1]
        gi = weight[n - 1] * scale if weight.size else 1.0
        for r in range(s.shape[1]):
            g = s[2, r] * gi * ((xi * s[0, r] + s[1, r]) - yi)
            s[0, r] = s[0, r] * s[3, r] - g * xi
            s[1, r] -= g * s[4, r]


@exact
def plane_runs(x, y, weight, scale, s):
    """Advance many descents on the squared loss, one sample of d features after the other. O(n d runs).

    The columns of s (d + 5, runs) are descents: w (d), b, twice the rate, the decay 1 - 2 rate l2 of w, 1 where b is
    fitted, and what y is multiplied by: with 0 the descent is a column of the matrix by which parameters are mapped.
    """
    n, d = x.shape
    runs = s.shape[1]
    g = np.empty(runs)
    for i in range(n):
        yi = y[i]
        share = weight[i] * scale if weight.size else 1.0
        for r in range(runs):
            g[r] = s[d, r] - yi * s[d + 4, r]
        for j in range(d):
            xj = x[i, j]
            for r in range(runs):
                g[r] += xj * s[j, r]
        for r in range(runs):
            g[r] *= share * s[d + 1, r]
            s[d, r] -= g[r] * s[d + 3, r]
        for j in range(d):
            xj = x[i, j]
            for r in range(runs):
                s[j, r] = s[j, r] * s[d + 2, r] - xj * g[r]


@tile
def _gram(x, y, weight, start, stop, scale, gram):
    """Write the lower triangle of the sums of products of (x, 1, y) over rows start .. stop - 1."""
    d = x.shape[1]
    gram[:] = 0.0
    for i in range(start, stop):
        share = weight[i] * scale if weight.size else 1.0
        for j in range(d):
            f = share * x[i, j]
            for k in range(j + 1):
                gram[j, k] += f * x[i, k]
            gram[d, j] += f
            gram[d + 1, j] += f * y[i]
        gram[d, d] += share
        gram[d + 1, d] += share * y[i]


@exact
def batch_runs(x, y, weight, batch, scale, s):
    """Advance many descents on the squared loss by mini-batches; a batch's products are added up once for all.

    See plane_runs. O(n d^2 + n / batch d^2 runs).
    """
    n, d = x.shape
    runs = s.shape[1]
    gram = np.empty((d + 2, d + 2))
    g = np.empty((d + 1, runs))
    for start in range(0, n, batch):
        stop = min(start + batch, n)
        _gram(x, y, weight, start, stop, scale, gram)
        for j in range(d + 1):
            v = gram[d + 1, j]
            for r in range(runs):
                g[j, r] = -v * s[d + 4, r]
            for k in range(d + 1):
                m = gram[j, k] if k <= j else gram[k, j]
                for r in range(runs):
                    g[j, r] += m * s[k, r]
        for j in range(d + 1):
            for r in range(runs):
                change = g[j, r] / (stop - start) * s[d + 1, r]
                if j < d:
                    s[j, r] = s[j, r] * s[d + 2, r] - change
                else:
                    s[d, r] -= change * s[d + 3, r]
