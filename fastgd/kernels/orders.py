"""Random orders of rows, from nothing but a key of (seed, epoch): every order equally likely.

Two steps, each at home in a cache (Rao 1961, Sandelius 1962): every row, or its number, is thrown into one of 2^k buckets,
and each bucket is shuffled (Fisher and Yates). Rows of one feature are moved, as pairs (x, y), and read in sequence; of
wider ones the numbers are moved, and `gather` asks for the rows before it takes them. Philox makes the random words: r for
the bucket of row r, those of (place, bucket) for the shuffle, so that neither threads nor blocks show.
"""

import numpy as np

from ._jit import exact, portable
from ._vectors import LINE, prefetch
from .synthetic import philox

_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)
_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_TWO = np.uint64(2)

_AHEAD = 24  # rows; a row comes after some 100 ns, and one is copied in 5


@portable
def buckets(start, key_low, key_high, bits, out):
    """Write the bucket, below 2^bits, of every row from `start` on, a multiple of 4. O(n)."""
    k0, k1 = np.uint64(key_low), np.uint64(key_high)
    shift = np.uint64(32 - bits)
    base = np.uint64(start) >> _TWO
    fours = out.size // 4
    for i in range(fours):
        row = base + np.uint64(i)
        w0, w1, w2, w3 = philox(row & _LOW, row >> _32, _ZERO, _ZERO, k0, k1)
        out[4 * i] = w0 >> shift
        out[4 * i + 1] = w1 >> shift
        out[4 * i + 2] = w2 >> shift
        out[4 * i + 3] = w3 >> shift
    row = base + np.uint64(fours)
    words = philox(row & _LOW, row >> _32, _ZERO, _ZERO, k0, k1)
    for i in range(4 * fours, out.size):
        out[i] = words[i - 4 * fours] >> shift


@exact
def count(bucket, counts):
    """Add to counts how many rows fall into each bucket. O(n)."""
    for i in range(bucket.size):
        counts[bucket[i]] += 1


@exact
def throw_numbers(bucket, start, place, out):
    """Write number start + i to out[place of bucket i], and move that place on by one. O(n).

    Places are unsigned, so that none needs to be looked at for being negative: half the time.
    """
    for i in range(bucket.size):
        k = bucket[i]
        p = place[k]
        place[k] = p + _ONE
        out[p] = start + i


@exact
def throw_pairs(bucket, x, y, place, out):
    """Write rows (x[i], y[i]) as complex numbers, which a processor moves whole. O(n); see throw_numbers."""
    for i in range(bucket.size):
        k = bucket[i]
        p = place[k]
        place[k] = p + _ONE
        out[p] = complex(x[i], y[i])


@exact
def gather(x, y, weight, order, to_x, to_y, to_weight):
    """Copy rows order[i] of x (n, d), y (n,) and weight (n,) or empty, asking for them ahead. O(m d)."""
    d = x.shape[1]
    numbers = x.reshape(x.size)
    m = order.size
    for i in range(m):
        ahead = order[min(i + _AHEAD, m - 1)]
        prefetch(y, ahead)
        for j in range(ahead * d, ahead * d + d, LINE):
            prefetch(numbers, j)
        prefetch(numbers, ahead * d + d - 1)
        r = order[i]
        for j in range(d):
            to_x[i, j] = x[r, j]
        to_y[i] = y[r]
        if weight.size:
            to_weight[i] = weight[r]


@portable
def _words(bucket, key_low, key_high, out):
    """64 random bits for every place of a bucket; out has an even length."""
    k0, k1, c2 = np.uint64(key_low), np.uint64(key_high), np.uint64(bucket)
    for i in range(out.size // 2):
        w0, w1, w2, w3 = philox(np.uint64(i) & _LOW, np.uint64(i) >> _32, c2, _ONE, k0, k1)
        out[2 * i] = (w1 << _32) | w0
        out[2 * i + 1] = (w3 << _32) | w2


@exact
def shuffle(first, starts, key_low, key_high, rows):
    """Shuffle the rows of each bucket in place: bucket first + k has rows starts[k] to starts[k + 1]. O(n)."""
    longest = 0
    for k in range(starts.size - 1):
        longest = max(longest, starts[k + 1] - starts[k])
    words = np.empty((longest + 2) // 2 * 2, np.uint64)
    for k in range(starts.size - 1):
        part = rows[starts[k] : starts[k + 1]]
        _words(first + k, key_low, key_high, words[: (part.size + 1) // 2 * 2])
        for place in range(part.size - 1, 0, -1):
            i = np.uint64(place)
            # The upper half of the product of 64 random bits and i + 1: below i + 1, evenly to 2^-50.
            word, m = words[i], i + _ONE
            j = ((word >> _32) * m + (((word & _LOW) * m) >> _32)) >> _32
            one, other = part[i], part[j]
            part[i], part[j] = other, one
