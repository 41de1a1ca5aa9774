"""Fourth moments of rows: what decides whether descent by single samples or small batches is stable."""

import numpy as np

from ._jit import kernel


@kernel
def fourth_moments(x, weight, scale, basis, shares, out):
    """Add to out (p, p), p = k (k + 1) / 2, the sums of products of all q_ij = shares[ij] u_i u_j, i <= j. O(n k^4).

    u = z basis, z = (x, 1)[: k]; a row's q is multiplied by its weight times `scale`. Only the upper triangle is written.
    """
    n, d = x.shape
    k = basis.shape[1]
    size = shares.size
    u = np.empty(k)
    q = np.empty(size)
    for i in range(n):
        for j in range(k):
            u[j] = basis[d, j] if basis.shape[0] > d else 0.0
            for c in range(d):
                u[j] += x[i, c] * basis[c, j]
        share = weight[i] * scale if weight.size else 1.0
        place = 0
        for a in range(k):
            f = share * u[a]
            for b in range(a, k):
                q[place] = shares[place] * f * u[b]
                place += 1
        for a in range(size):
            f = q[a]
            for b in range(a, size):
                out[a, b] += f * q[b]


@kernel
def largest_square(x, weight, scale, one):
    """Return the largest weight * scale * (|x|^2 + one) of the rows. O(n d)."""
    largest = 0.0
    for i in range(x.shape[0]):
        square = one
        for j in range(x.shape[1]):
            square += x[i, j] * x[i, j]
        if weight.size:
            square *= weight[i] * scale
        largest = max(largest, square)
    return largest
