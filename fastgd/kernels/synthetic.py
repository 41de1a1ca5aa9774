"""Random rows of a linear model, made from nothing but (seed, row number).

Philox turns the counter (row, pair of columns) into two 64-bit words, Box and Muller turn two words into two
independent normal numbers::

    u = (top 52 bits of one word + 1/2) / 2^52            in (0, 1)
    a = a multiple of pi/2, plus (52 bits + 1/2) / 2^52 - 1/2 of one
    sqrt(-2 log u) * (cos a, sin a)

so that any block of rows can be made anywhere, in any order, and comes out the same. The same *bits* on every
machine: the logarithm, sine and cosine are polynomials of additions and multiplications, which IEEE 754 defines to
the last bit, and no kernel here may fuse or reorder them. That also lets LLVM put eight rows into one register.

Salmon, Moraes, Dror, Shaw: Parallel random numbers, as easy as 1, 2, 3 (SC 2011). Box, Muller: A note on the
generation of random normal deviates (1958).
"""

import math

import numpy as np

from ._jit import inline, portable

# Portable bits have their price: with fused multiply-adds a row of two numbers would cost 2.7 ns instead of 3.3.

# Every integer is a uint64 that holds 32 bits: products cannot overflow, LLVM sees that the 32-bit multiplication
# serves, and numba meets no mixture of signed and unsigned, which it would turn into floats.
_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)
_ZERO = np.uint64(0)
_FACTOR_0, _FACTOR_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_BUMP_0, _BUMP_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)

# Pieces of a float64: the mantissa's width, its mask, the bits of 1.0, of 2^52 and of sqrt(1/2).
_52 = np.uint64(52)
_12 = np.uint64(12)
_MANTISSA = np.uint64((1 << 52) - 1)
_BITS_OF_1 = np.uint64(0x3FF0000000000000)
_BITS_OF_2_52 = np.uint64(0x4330000000000000)
_BITS_OF_ROOT = np.uint64(0x3FE6A09E00000000)
_1_OVER_ROOT = np.uint64(0x3FF0000000000000 - 0x3FE6A09E00000000)
_63 = np.uint64(63)
_SWAP = np.uint64(2)

# log 2 in two parts: the first has 42 bits, so that its product with an exponent is exact.
_LOG_2_HIGH = 0.6931471805598903
_LOG_2_LOW = 5.497923018708371e-14

_FEATURES, _OUTLIERS = 1, 2  # the counters of uniform numbers, by their use; normal numbers have 0

_TILE = 512  # rows made at a time: three buffers of 4 kB stay in the first cache


@inline
def philox(c0, c1, c2, c3, k0, k1):
    """Four random 32-bit words of a counter of four under a key of two: ten rounds of Philox4x32, all in uint64."""
    for _ in range(10):
        left = c0 * _FACTOR_0
        right = c2 * _FACTOR_1
        c0 = (right >> _32) ^ c1 ^ k0
        c1 = right & _LOW
        c2 = (left >> _32) ^ c3 ^ k1
        c3 = left & _LOW
        k0 = (k0 + _BUMP_0) & _LOW
        k1 = (k1 + _BUMP_1) & _LOW
    return c0, c1, c2, c3


@inline
def log(u):
    """Logarithm of a positive normal number to 2 ulp: u = 2^k m with m within sqrt(1/2) .. sqrt(2), log m by a series.

    With s = (m - 1) / (m + 1), log m = 2 s (1 + s^2/3 + s^4/5 + ...), the tail interpolated in s^2 < 0.0295 at
    Chebyshev's points; exact near u = 1, where k = 0 and m - 1 has no rounding.
    """
    bits = np.float64(u).view(np.uint64) + _1_OVER_ROOT
    # An integer below 2^52, put into the mantissa of 2^52, is a float: AVX2 has no conversion of 64-bit integers.
    k = np.uint64((bits >> _52) | _BITS_OF_2_52).view(np.float64) - (4503599627370496.0 + 1023.0)
    f = np.uint64((bits & _MANTISSA) + _BITS_OF_ROOT).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    p = 0.14616449685043406
    p = p * z + 0.15331721600556042
    p = p * z + 0.18182889125261723
    p = p * z + 0.2222221113479508
    p = p * z + 0.28571428625975487
    p = p * z + 0.39999999999899505
    p = p * z + 0.666666666666667
    return k * _LOG_2_HIGH + (2.0 * s + (s * (z * p) + k * _LOG_2_LOW))


@inline
def cos_sin(r):
    """Cosine and sine of r right angles, abs(r) <= 1/2, to 3 ulp: interpolated in r^2 at Chebyshev's points."""
    t = r * r
    c = 4.6552961874867623e-07
    c = c * t - 2.520013526428479e-05
    c = c * t + 0.000919259950041661
    c = c * t - 0.02086348073494657
    c = c * t + 0.25366950789986475
    c = c * t - 1.2337005501361513
    c = c * t + 1.0
    s = 5.633933781537854e-08
    s = s * t - 3.59864335298231e-06
    s = s * t + 0.0001604411507421909
    s = s * t - 0.004681754132340976
    s = s * t + 0.07969262624604301
    s = s * t - 0.6459640975062443
    s = s * t + 1.5707963267948966
    return c, s * r


@inline
def box_muller(one, other):
    """Two independent normal numbers of two random 64-bit words."""
    u = np.uint64((one >> _12) | _BITS_OF_1).view(np.float64) - (1.0 - 2.0**-53)
    r = np.uint64((other >> _12) | _BITS_OF_1).view(np.float64) - (1.5 - 2.0**-53)
    c, s = cos_sin(r)
    # (c, s) lies in the quarter of the circle about angle 0; the two lowest bits spread it over all four: one
    # mirrors it at the diagonal, one at the origin.
    swap = (other & _SWAP) != _ZERO
    radius = math.sqrt(-2.0 * log(u))
    radius = np.uint64(np.float64(radius).view(np.uint64) ^ (other << _63)).view(np.float64)
    return radius * (s if swap else c), radius * (c if swap else s)


@portable
def normals(start, pair, seed_low, seed_high, first, second):
    """Two normal numbers for each row from `start` on, O(n); `pair` tells columns apart, the seed comes in halves."""
    c2 = np.uint64(pair)
    k0 = np.uint64(seed_low) & _LOW
    k1 = np.uint64(seed_high) & _LOW
    for i in range(first.size):
        row = np.uint64(start) + np.uint64(i)
        w0, w1, w2, w3 = philox(row & _LOW, row >> _32, c2, _ZERO, k0, k1)
        first[i], second[i] = box_muller((w1 << _32) | w0, (w3 << _32) | w2)


@inline
def uniform(word):
    """A number within (0, 1) of a random 64-bit word: (52 bits + 1/2) / 2^52."""
    return np.uint64((word >> _12) | _BITS_OF_1).view(np.float64) - (1.0 - 2.0**-53)


@portable
def uniforms(start, pair, kind, seed_low, seed_high, first, second):
    """Two uniform numbers for each row from `start` on, O(n); `kind` tells them apart from those of other uses."""
    c2 = np.uint64(pair)
    c3 = np.uint64(kind)
    k0 = np.uint64(seed_low) & _LOW
    k1 = np.uint64(seed_high) & _LOW
    for i in range(first.size):
        row = np.uint64(start) + np.uint64(i)
        w0, w1, w2, w3 = philox(row & _LOW, row >> _32, c2, c3, k0, k1)
        first[i] = uniform((w1 << _32) | w0)
        second[i] = uniform((w3 << _32) | w2)


@portable
def _place(column, j, weight, x, y):
    for i in range(column.size):
        x[i, j] = column[i]
        y[i] += weight * column[i]


@portable
def linear_rows(start, x, y, w, b, noise, flat, outliers, seed_low, seed_high):
    """Fill x (n, d) and y (n,) with rows `start` .. `start` + n - 1 of y = x . w + b + noise * e, O(n d).

    Number 0 of a row is its e, number 1 + j its feature j: neither depends on d, w, b or the noise. Where `flat`, features
    are uniform; a share `outliers` of the rows has ten times the noise. x and y are C-contiguous, d >= 1.
    """
    n, d = x.shape
    buffer = np.empty((3, _TILE))
    for low in range(0, n, _TILE):
        m = min(_TILE, n - low)
        rows, targets = x[low : low + m], y[low : low + m]
        e, one, other = buffer[0, :m], buffer[1, :m], buffer[2, :m]
        targets[:] = 0.0
        normals(start + low, 0, seed_low, seed_high, e, one)
        if flat:
            for j in range(0, d, 2):
                uniforms(start + low, j // 2, _FEATURES, seed_low, seed_high, one, other)
                _place(one, j, w[j], rows, targets)
                if j + 1 < d:
                    _place(other, j + 1, w[j + 1], rows, targets)
        else:
            _place(one, 0, w[0], rows, targets)
            for j in range(1, d, 2):
                normals(start + low, (j + 1) // 2, seed_low, seed_high, one, other)
                _place(one, j, w[j], rows, targets)
                if j + 1 < d:
                    _place(other, j + 1, w[j + 1], rows, targets)
        if outliers > 0.0:
            uniforms(start + low, 0, _OUTLIERS, seed_low, seed_high, one, other)
            for i in range(m):
                e[i] *= 10.0 if one[i] < outliers else 1.0
        for i in range(m):
            targets[i] = targets[i] + b + noise * e[i]
