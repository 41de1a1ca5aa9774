"""One pass over the rows of a table: from blocks to the triangular factor of the centred data.

Rows z = (x, y) are taken about a *pilot*, the centre c and the triangle T of a small sample of the first block: the Gram
matrix of (z - c) T^-1, nearly orthonormal, is safe to add up over blocks and to factor by Cholesky once, and multiplying
by T undoes the pre-conditioning (CholeskyQR with a pilot: Yamamoto, Nakatsukasa, Yanagisawa and Fukaya, "Roundoff error
analysis of the CholeskyQR2 algorithm", ETNA 44, 2015). All blocks share the pilot, so their sums simply add.
"""

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from . import kernels
from .blocks import Arrays, Block, Piece, Table
from .checks import Floats
from .mapreduce import Progress, fold, thread_count

_EPS = float(np.finfo(float).eps)

# Below this condition of the scaled columns a Gram matrix loses two digits at most, and the pilot's factor is not applied.
_WELL_CONDITIONED = 10.0

_WIDE = 24
"""From this many features on, a block's Gram matrix by BLAS is faster than by the kernel (18 against 25 ms at d = 50)."""


class Moments(NamedTuple):
    """What a pass leaves: the number of rows (or their weights' sum), means with what rounding took from them, and factor.

    The last of the (d + 1) columns is y; factor'factor is their centred sums of squares and products.
    """

    rows: float
    means: Floats
    low: Floats
    factor: Floats


class _Pilot(NamedTuple):
    """Where a pass measures from: rows z = (x, y) become (z - centre) triangle^-1."""

    centre: Floats
    triangle: Floats


def moments(data: Table, *, threads: int | None = None, progress: Progress | None = None) -> Moments:
    """Summarise a table: one pass about a pilot; a second one where the pilot was too far off to keep the digits."""
    if not data.repeatable:
        return _in_one_go(data, threads, progress)
    pilot, grams, inner = _suited(data, [0, None], threads, progress)
    return _moments(grams[0], inner, pilot)


def merged(a: Moments, b: Moments) -> Moments:
    """The moments of two sets of rows together: the triangle of both factors and of the step between the means."""
    rows = a.rows + b.rows
    with np.errstate(all="ignore"):
        step = (b.means - a.means) + (b.low - a.low)
        between = math.sqrt(a.rows / rows * b.rows) * step
        means, low = two_sum(a.means, a.low + b.rows / rows * step)
        return _in_range(Moments(rows, means, low, factor_of(np.vstack([a.factor, b.factor, between]))))


class Parts(NamedTuple):
    """Consecutive parts of a table, summarised about one pilot: `grams` (k, d + 2, d + 2) of any of them add up."""

    pilot: _Pilot
    grams: Floats

    def moments(self, gram: Floats) -> Moments | None:
        """The moments of the parts whose sum is given; None if the common pilot does not suit them: they need their own."""
        if gram[-1, -1] <= 0.0:
            return None
        inner = _inner_factor(gram)
        return None if _is_bad(gram, inner, self.pilot) else _moments(gram, inner, self.pilot)


def parts_of(
    data: Table, edges: Sequence[int | None], *, threads: int | None = None, progress: Progress | None = None
) -> Parts:  # fmt: skip
    """Summarise the parts of a table between its rows `edges`, from 0 to n, in one pass."""
    return Parts(*_suited(data, edges, threads, progress)[:2])


def _suited(
    data: Table, edges: Sequence[int | None], threads: int | None, progress: Progress | None
) -> tuple[_Pilot, Floats, Floats]:
    """A pilot that suits all parts together, the parts' sums about it, and the triangle of the whole."""
    pilot = data.on_first(_pilot)
    grams = _pass(data, edges, pilot, threads, progress)
    total = grams.sum(axis=0)
    data.require_weight(float(total[-1, -1]))
    inner = _inner_factor(total)
    if _is_bad(total, inner, pilot):
        pilot = _better(total, inner, pilot)
        grams = _pass(data, edges, pilot, threads, None)
        inner = _inner_factor(grams.sum(axis=0))
    return pilot, grams, inner


def _moments(gram: Floats, inner: Floats, pilot: _Pilot) -> Moments:
    count = float(gram[-1, -1])
    with np.errstate(all="ignore"):
        means, low = two_sum(pilot.centre, gram[:-1, -1] / count @ pilot.triangle)
        return _in_range(Moments(count, means, low, inner @ pilot.triangle))


def _in_range(found: Moments) -> Moments:
    """Refuse sums that are no numbers: a pass about a pilot may keep below what squares about the origin exceed.

    Within errstate(all="ignore").
    """
    squares = float(np.sum(found.factor * found.factor) + found.rows * np.sum(found.means * found.means))
    if not math.isfinite(squares):
        raise ValueError("x or y is too large: the sum of the squares overflows; divide by a power of ten first")
    return found


def _in_one_go(data: Table, threads: int | None, progress: Progress | None) -> Moments:
    """Summarise rows that come only once: a block that the common pilot does not suit gets one of its own, and is merged."""
    pilot = data.on_first(_pilot)
    sums = _Sums(data, pilot)
    gram, others = np.zeros((data.d + 2, data.d + 2)), []

    def summarise(piece: Piece) -> Floats | Moments:
        block = piece.read()
        found = sums(block)
        if found[-1, -1] > 0.0 and _is_bad(np.triu(found), _inner_factor(np.triu(found)), pilot):
            weight = block.weight if block.weight.size else None
            return moments(Arrays(x=block.x, y=block.y, weight=weight, flat=data.flat), threads=1)
        return found

    def add(found: Floats | Moments) -> None:
        if isinstance(found, Moments):
            others.append(found)
        else:
            gram[...] += found

    pieces = data.pieces()
    fold(summarise, pieces, add, threads=sums.workers(threads), progress=progress, rows=Piece.count_rows)
    if gram[-1, -1] > 0.0:
        gram = np.triu(gram)
        others.insert(0, _moments(gram, _inner_factor(gram), pilot))
    data.require_weight(float(len(others)))
    return functools.reduce(merged, others)


class _Sums:
    """The Gram matrix (d + 2, d + 2) of a block's pre-conditioned rows and a column of ones."""

    def __init__(self, data: Table, pilot: _Pilot) -> None:
        self.data, self.pilot = data, pilot
        # Where the columns lean on each other, forward substitution keeps digits that a product with an inverse would lose.
        self.wide = data.d >= _WIDE and not np.triu(pilot.triangle[:-1, :-1], 1).any()
        self.room = np.empty((0, data.d))  # new memory for every block would cost a fifth

    def workers(self, threads: int | None) -> int | None:
        """BLAS shares its work out to threads of its own, and ours would only stand in their way."""
        return min(thread_count(threads), 1) if self.wide else threads

    def __call__(self, block: Block) -> Floats:
        data, pilot = self.data, self.pilot
        out = np.empty((data.d + 2, data.d + 2))
        if data.d == 1:
            kernels.moments.line_sums(
                block.x, block.y, block.weight, *pilot.centre.tolist(), float(pilot.triangle[0, 1]), out
            )
        elif not self.wide:
            kernels.moments.plane_sums(block.x, block.y, block.weight, pilot.centre, pilot.triangle, out)
        else:
            if len(self.room) < len(block.y):
                self.room = np.empty((len(block.y), data.d))
            _wide_sums(block, pilot, self.room[: len(block.y)], out)
        if not np.isfinite(out).all():
            data.require_finite(block)
            near = data.row_name(block.start)
            raise ValueError(f"x or y is too large near {near}: the squares overflow; divide by a power of ten first")
        return out

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "room": self.room[:0]}


def _pass(data: Table, edges: Sequence[int | None], pilot: _Pilot, threads: int | None, progress: Progress | None) -> Floats:
    """Add up the Gram matrices (d + 2, d + 2) of the blocks of each part."""
    sums = _Sums(data, pilot)

    def summarise(numbered: tuple[int, Piece]) -> tuple[int, Floats]:
        part, piece = numbered
        return part, sums(piece.read())

    def add(numbered: tuple[int, Floats]) -> None:
        part, gram = numbered
        grams[part] += gram

    grams = np.zeros((len(edges) - 1, data.d + 2, data.d + 2))
    pieces = data.parts(data.block_rows, edges)
    workers = sums.workers(threads)
    fold(summarise, pieces, add, threads=workers, progress=progress, rows=lambda numbered: numbered[1].count_rows())
    return np.triu(grams)


def _wide_sums(block: Block, pilot: _Pilot, x: Floats, out: Floats) -> None:
    """kernels.moments.plane_sums for many features whose pilot only scales: the matrix product is BLAS's trade.

    `x` (n, d) is room for the block's centred features.
    """
    d = block.x.shape[1]
    with np.errstate(over="ignore", invalid="ignore"):
        if pilot.centre[:-1].any() or block.weight.size:
            np.subtract(block.x, pilot.centre[:-1], out=x)
        else:
            x = block.x
        scale = np.append(np.diagonal(pilot.triangle), 1.0)
        coefficients = pilot.triangle[:-1, -1] / scale[:-2]
        out[:] = 0.0
        kernels.moments.residual_sums(x, block.y, block.weight, float(pilot.centre[-1]), coefficients, out)
        if block.weight.size:
            x *= np.sqrt(block.weight)[:, None]
        np.matmul(x.T, x, out=out[:d, :d])
        out /= scale[:, None]
        out /= scale


@np.errstate(all="ignore")
def _pilot(block: Block) -> _Pilot:
    """Centre and factor of a strided sample of the first block. A row that is not finite is left to the pass to name."""
    x = block.x[:, None] if block.x.ndim == 1 else block.x
    d = x.shape[1]
    step = max(1, len(x) // (64 if d == 1 else max(256, 4 * d)))
    sample = np.column_stack([x[::step], block.y[::step]])
    finite = np.isfinite(sample)
    if not finite.all():
        sample = sample[finite.all(axis=1)]
    if not len(sample):
        return _Pilot(np.zeros(d + 1), np.eye(d + 1))
    # By powers of two, which round nothing, so that squares neither overflow nor vanish.
    largest = np.ldexp(1.0, np.frexp(np.abs(sample).max(axis=0))[1] - 1)
    centre = (sample / largest).mean(axis=0) * largest
    deviation = (sample - centre) / largest
    if d == 1:  # sums give the slope of data that lie on a line without a rounding error, a QR would not
        u, v = deviation.T
        slope = (u @ v) / (u @ u) * (largest[1] / largest[0]) if u.any() else 0.0
        return _line_pilot(centre, slope)
    triangle = factor_of(deviation) * largest / math.sqrt(len(sample))
    if d >= _WIDE:
        lengths = np.sqrt(np.add.reduce(triangle * triangle, axis=0))
        if (np.abs(centre) <= lengths)[:-1].all():
            # Centring by the sums, after the fact, takes one bit then, and wide rows need not be copied.
            centre[:-1] = 0.0
    return _conditioned(centre, triangle)


def _line_pilot(centre: Floats, slope: float) -> _Pilot:
    """The kernel of one feature centres, and takes the residual of y on a line; it does not scale."""
    return _Pilot(centre, np.array([[1.0, slope if math.isfinite(slope) else 0.0], [0.0, 1.0]]))


def _conditioned(centre: Floats, triangle: Floats) -> _Pilot:
    """Give every column a scale to be divided by, however constant or collinear it is in the sample."""
    length = np.sqrt(np.sum(triangle * triangle, axis=0))
    floor = _EPS * (np.abs(centre) + length)
    scaled = triangle[:-1, :-1] / np.where(length > floor, length, 1.0)[:-1]
    triangle = triangle.copy()
    if len(scaled) and condition_of(scaled) <= _WELL_CONDITIONED:
        # The columns are nearly orthogonal as they are: dividing by their lengths is enough, and costs d and not d^2 / 2
        # a row. Column y stays a residual: its coefficients on the raw columns, in the units of their lengths.
        coefficients = np.linalg.solve(triangle[:-1, :-1], triangle[:-1, -1])
        triangle[:-1, :-1] = np.diag(length[:-1])
        triangle[:-1, -1] = coefficients * length[:-1]
    scale = np.maximum(np.diagonal(triangle), floor)
    scale[scale == 0.0] = 1.0
    np.fill_diagonal(triangle, scale)
    return _Pilot(centre, triangle)


@np.errstate(all="ignore")
def _inner_factor(gram: Floats) -> Floats:
    """The triangle of the pre-conditioned rows about their own mean."""
    sums = gram[:-1, -1]
    return _cholesky(gram[:-1, :-1] - sums[:, None] * (sums / gram[-1, -1]))


@np.errstate(all="ignore")
def _is_bad(gram: Floats, inner: Floats, pilot: _Pilot) -> bool:
    """Whether centring and projecting after the fact would cost more than two of a column's 53 bits."""
    count = gram[-1, -1]
    raw = gram.diagonal()[:-1]
    kept = np.add.reduce(inner * inner, axis=0)  # about the mean
    kept[-1] = inner[-1, -1] ** 2  # and y's about the plane
    lost = raw > 16.0 * kept
    if not lost.any() and len(raw) == 2:
        return False  # one feature cannot lean on another
    size = np.abs(pilot.centre) + np.sqrt(np.add.reduce(pilot.triangle**2, axis=0) * raw / count)
    matters = raw > count * (8.0 * _EPS * size / pilot.triangle.diagonal()) ** 2  # more than rounding
    if (lost & matters).any():
        return True
    columns = inner[:-1, :-1][np.ix_(matters[:-1], matters[:-1])]
    return columns.size > 0 and condition_of(columns / np.sqrt(kept[:-1][matters[:-1]])) > 10.0 * _WELL_CONDITIONED


@np.errstate(all="ignore")
def _better(gram: Floats, inner: Floats, pilot: _Pilot) -> _Pilot:
    count = gram[-1, -1]
    centre = pilot.centre + gram[:-1, -1] / count @ pilot.triangle
    triangle = inner @ pilot.triangle / math.sqrt(count)
    if len(centre) == 2:
        return _line_pilot(centre, triangle[0, 1] / triangle[0, 0] if triangle[0, 0] > 0.0 else 0.0)
    return _conditioned(centre, triangle)


def _cholesky(matrix: Floats) -> Floats:
    """The upper factor of a positive semidefinite matrix, of which the upper triangle is read.

    A column without anything of its own gets a row of zeros.
    """
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
