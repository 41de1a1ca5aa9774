"""Loops over columns of numbers, for kernels that run many things side by side.

LLVM vectorises a loop only if it can prove in a few comparisons that its arrays do not overlap: hence three arrays at most.
"""

from ._jit import exact


@exact
def add_scaled(factor, a, out):
    """out += factor a."""
    for i in range(out.size):
        out[i] += factor * a[i]


@exact
def set_scaled(factor, a, out):
    """out = factor a."""
    for i in range(out.size):
        out[i] = factor * a[i]


@exact
def add(a, b, out):
    """out = a + b."""
    for i in range(out.size):
        out[i] = a[i] + b[i]


@exact
def multiply(a, b, out):
    """out = a b."""
    for i in range(out.size):
        out[i] = a[i] * b[i]


@exact
def add_product(a, b, out):
    """out += a b."""
    for i in range(out.size):
        out[i] += a[i] * b[i]


@exact
def subtract_product(a, b, out):
    """out -= a b."""
    for i in range(out.size):
        out[i] -= a[i] * b[i]
