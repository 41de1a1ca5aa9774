"""Small linear algebra of triangles: factors, lengths and conditions of columns, and sums without rounding errors."""

import math

import numpy as np

from .checks import Floats

_EPS = float(np.finfo(float).eps)


def lengths(columns: Floats) -> Floats:
    """The Euclidean lengths of columns (m, k), also where their squares would overflow or vanish."""
    largest = np.abs(columns).max(axis=0, initial=0.0)
    if ((largest < 1e-140) | (largest > 1e140)).any():
        return np.asarray(np.hypot.reduce(columns, axis=0))
    return np.asarray(np.sqrt(np.add.reduce(columns * columns, axis=0)))


def cholesky(matrix: Floats) -> Floats:
    """The upper factor of a positive semidefinite matrix, of which the upper triangle is read.

    A column without anything of its own gets a row of zeros.
    """
    there = matrix.diagonal() > 0.0
    if not there.all():  # constant columns, whose sums are exactly 0
        factor = np.zeros_like(matrix)
        factor[np.ix_(there, there)] = cholesky(matrix[np.ix_(there, there)]) if there.any() else 0.0
        return factor
    try:
        return np.asarray(np.linalg.cholesky(matrix, upper=True), dtype=np.float64)
    except np.linalg.LinAlgError:
        pass
    rest = matrix.copy()
    factor = np.zeros_like(rest)
    for j in range(len(rest)):
        if rest[j, j] > 4.0 * _EPS * len(rest) * matrix[j, j]:
            factor[j, j:] = rest[j, j:] / math.sqrt(rest[j, j])
            rest[j:, j:] -= np.outer(factor[j, j:], factor[j, j:])
    return factor


def condition_of(matrix: Floats) -> float:
    """|A| |A^-1| / d in Frobenius' norm: between 1 and the condition number, which is at most d times as large."""
    try:
        inverse = np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return math.inf
    with np.errstate(all="ignore"):  # an inverse too large for a float is that of a singular matrix
        found = float(np.linalg.norm(matrix) * np.linalg.norm(inverse)) / len(matrix)
    return math.inf if math.isnan(found) else found


def factor_of(rows: Floats) -> Floats:
    """The square upper triangle of `rows`, its diagonal not negative."""
    columns = rows.shape[1]
    triangle = np.zeros((columns, columns))
    found = np.linalg.qr(rows, mode="r")
    triangle[: len(found)] = found
    signs = np.where(np.diagonal(triangle) < 0.0, -1.0, 1.0)
    return triangle * signs[:, None]


def two_sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """a + b and what rounding took from it (Knuth's two-sum)."""
    total = a + b
    back = total - a
    return total, (a - (total - back)) + (b - back)


def exact_products(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """a * b and what rounding took from it (Dekker's product), elementwise."""
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        product = a * b
        split_a, split_b = 134217729.0 * a, 134217729.0 * b
        high_a, high_b = split_a - (split_a - a), split_b - (split_b - b)
        low_a, low_b = a - high_a, b - high_b
        lost = ((high_a * high_b - product) + high_a * low_b + low_a * high_b) + low_a * low_b
    return product, np.where(np.isfinite(lost), lost, 0.0)  # where splitting overflows, nothing is added back
