"""Exponentially weighted means, one chain of updates."""

from ._jit import exact


@exact
def smooth(values, out, alpha, debias, start, stop, total):
    """Write the means of rows `start` to `stop` to `out`, O(stop - start), and return `total` for the next piece.

    The first row is its own mean; later ones move the mean towards the value by a share: alpha, or with `debias`
    1 / total, where total = 1 + (1 - alpha) total is the sum of the weights so far (1 before row 1). Both are
    weighted averages of two numbers, so that nothing overflows. values and out are C-contiguous, start < stop.
    """
    keep = 1.0 - alpha
    if start == 0:
        mean = values[0]
        out[0] = mean
        start = 1
    else:
        mean = out[start - 1]
    values, out = values[start:stop], out[start:stop]
    if debias:
        for i in range(values.size):
            total = 1.0 + keep * total
            share = 1.0 / total
            mean = (1.0 - share) * mean + share * values[i]
            out[i] = mean
    else:
        for i in range(values.size):
            mean = keep * mean + alpha * values[i]
            out[i] = mean
    return total
