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
from .linalg import cholesky, condition_of, factor_of, two_sum
from .mapreduce import Progress, fold, thread_count

_EPS = float(np.finfo(float).eps)

_PASSES = 4
_NOTHING = 1e-6  # of a column's size: sums of squares have sixteen digits, and lengths half of them
_LEAST = 1e-290  # a column shorter than that has no full digits, nor has a weight that makes anything of it
_LOW, _HIGH = 1e-100, 1e100  # between them the squares of deviations are numbers, without a scale

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

    @property
    def is_line(self) -> bool:
        """Whether there is one feature, whose kernel only centres and takes the residual of y on a line.

        The triangle's diagonal are then powers of two, 1 unless squares would leave the range of floats.
        """
        return len(self.centre) == 2


def moments(data: Table, *, threads: int | None = None, progress: Progress | None = None) -> Moments:
    """Summarise a table: one pass about a pilot; a second one where the pilot was too far off to keep the digits."""
    if not data.repeatable:
        return _in_one_go(data, threads, progress)
    return _suited(data, [0, None], threads, progress)[1].moments()


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
        sums = _About(gram, self.pilot)
        return sums.moments() if sums.suited else None


def parts_of(
    data: Table, edges: Sequence[int | None], *, threads: int | None = None, progress: Progress | None = None
) -> Parts:  # fmt: skip
    """Summarise the parts of a table between its rows `edges`, from 0 to n, in one pass."""
    grams, whole = _suited(data, edges, threads, progress)
    return Parts(whole.pilot, grams)


def _suited(
    data: Table, edges: Sequence[int | None], threads: int | None, progress: Progress | None
) -> "tuple[Floats, _About]":
    """The sums of each part about a pilot that suits them all together, and those of the whole.

    A pilot made from the sums of a pass has eight digits more than the one before it, and floats have sixteen: two passes
    are enough where the sample told nothing of a column, and a third where it misled.
    """
    pilot = data.on_first(_pilot)
    for left in range(_PASSES - 1, -1, -1):
        grams = _pass(data, edges, pilot, threads, progress)
        progress = None
        total = grams.sum(axis=0)
        data.require_weight(float(total[-1, -1]))
        whole = _About(total, pilot)
        if whole.suited or not left:
            break
        pilot = whole.better()
    return grams, whole


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
        if found[-1, -1] > 0.0 and not _About(np.triu(found), pilot).suited:
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
        others.insert(0, _About(np.triu(gram), pilot).moments())
    data.require_weight(float(len(others)))
    return functools.reduce(merged, others)


class _Sums:
    """The Gram matrix (d + 2, d + 2) of a block's pre-conditioned rows and a column of ones."""

    def __init__(self, data: Table, pilot: _Pilot) -> None:
        self.data, self.pilot = data, pilot
        self.scaled = data.d == 1 and bool((pilot.triangle.diagonal() != 1.0).any())
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
            x, y, unit = block.x, block.y, pilot.triangle.diagonal()
            centre, slope = pilot.centre, float(pilot.triangle[0, 1])
            if self.scaled:
                with np.errstate(all="ignore"):  # what overflows is named below
                    x, y, centre, slope = x / unit[0], y / unit[1], centre / unit, slope / float(unit[1])
                x.flags.writeable = y.flags.writeable = False
            kernels.moments.line_sums(x, y, block.weight, *centre.tolist(), slope, out)
        elif not self.wide:
            kernels.moments.plane_sums(block.x, block.y, block.weight, pilot.centre, pilot.triangle, out)
        else:
            if len(self.room) < len(block.y):
                self.room = np.empty((len(block.y), data.d))
            _wide_sums(block, pilot, self.room[: len(block.y)], out)
        if not np.isfinite(out).all():
            data.require_finite(block)
            near = data.row_name(block.start)
            if block.weight.size:
                data.require_weight(float(block.weight.sum()))
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
    """Centre and factor of a strided sample of the first block's rows that count.

    A row that is not finite is left to the pass to name.
    """
    x = block.x[:, None] if block.x.ndim == 1 else block.x
    d = x.shape[1]
    most = 64 if d == 1 else max(256, 4 * d)
    if block.weight.size and not block.weight.all():
        counting = np.flatnonzero(block.weight)
        rows: Any = counting[:: max(1, len(counting) // most)]
    else:
        rows = slice(None, None, max(1, len(x) // most))
    sample = np.column_stack([x[rows], block.y[rows]])
    finite = np.isfinite(sample)
    if not finite.all():
        sample = sample[finite.all(axis=1)]
    if not len(sample):
        return _Pilot(np.zeros(d + 1), np.eye(d + 1))
    highest, lowest = sample.max(axis=0), sample.min(axis=0)
    # By powers of two, which round nothing, so that squares neither overflow nor vanish.
    largest = np.ldexp(1.0, np.frexp(np.maximum(np.abs(highest), np.abs(lowest)))[1] - 1)
    # A constant is its own centre, to the last bit: then nothing is left of its column, not even rounding.
    centre = np.where(highest == lowest, lowest, (sample / largest).mean(axis=0) * largest)
    deviation = sample - centre
    # What varies little beside its own size has squares of another size than the sample's.
    spread = np.abs(deviation).max(axis=0)
    largest = np.where(spread > 0.0, np.ldexp(1.0, np.frexp(spread)[1] - 1), 1.0)
    deviation /= largest
    if d == 1:
        # Sums give the slope of data that lie on a line without a rounding error, a QR would not.
        u, v = deviation.T
        unit = np.where((largest > _LOW) & (largest < _HIGH), 1.0, largest)
        ratio = (largest[1] / unit[1]) / (largest[0] / unit[0])
        return _line_pilot(centre, (u @ v) / (u @ u) * ratio if u.any() else 0.0, unit)
    pilot = _conditioned(centre, factor_of(deviation) / math.sqrt(len(sample)), largest, highest > lowest)
    if d >= _WIDE and not np.triu(pilot.triangle[:-1, :-1], 1).any():
        length = pilot.triangle.diagonal()[:-1]
        if (np.abs(centre[:-1]) <= length).all():
            # Centring by the sums, after the fact, takes one bit then, and wide rows need not be copied. The line through
            # the centre has another height at 0.
            centre[-1] -= centre[:-1] @ (pilot.triangle[:-1, -1] / length)
            centre[:-1] = 0.0
    return pilot


def _line_pilot(centre: Floats, slope: float, unit: Floats) -> _Pilot:
    """The pilot of one feature: a centre, the slope of y on x, and units of both."""
    return _Pilot(centre, np.array([[1.0, slope if math.isfinite(slope) else 0.0], [0.0, 1.0]]) * unit)


def _conditioned(centre: Floats, triangle: Floats, unit: Floats, varying: Any) -> _Pilot:
    """A pilot from a triangle in units of each column's own, so that no square in it overflows or vanishes.

    Every column gets a scale to be divided by, however collinear it is. One of which no more is known than that it does not
    vary enters no other column, and is divided by its unit.
    """
    d, found = len(unit) - 1, np.eye(len(unit))
    columns = np.flatnonzero(varying)
    triangle = triangle[:, columns]
    length = np.sqrt(np.add.reduce(triangle * triangle, axis=0))
    if len(columns) <= d:
        triangle = factor_of(triangle)
    features = int(np.sum(columns < d))
    leaning = np.flatnonzero(triangle.diagonal()[:features] <= _noise(d) * length[:features])
    if len(leaning):
        # What is left of a column that depends on those before it is noise, and must not take its part of those behind it.
        own = np.delete(np.arange(len(columns)), leaning)
        turn, kept = np.linalg.qr(triangle[:, own])
        parts = np.where(own[:, None] < leaning, turn.T @ triangle[:, leaning], 0.0)
        found[np.ix_(columns[own], columns[leaning])] = parts
        found[columns[leaning], columns[leaning]] = _EPS * length[leaning]
        signs = np.where(kept.diagonal() < 0.0, -1.0, 1.0)
        found[np.ix_(columns[own], columns[leaning])] *= signs[:, None]
        columns, length, triangle, features = columns[own], length[own], kept * signs[:, None], features - len(leaning)
    scaled = triangle[:features, :features] / length[:features]
    if features and not len(leaning) and condition_of(scaled) <= _WELL_CONDITIONED:
        # The columns are nearly orthogonal as they are: dividing by their lengths is enough, and costs d and not d^2 / 2
        # a row. Column y stays a residual: its coefficients on the raw columns, in the units of their lengths.
        coefficients = np.linalg.solve(triangle[:features, :features], triangle[:features, features:])
        triangle = triangle.copy()
        triangle[:features, :features] = np.diag(length[:features])
        triangle[:features, features:] = coefficients * length[:features, None]
    scale = np.maximum(np.diagonal(triangle), _EPS * length)
    found[np.ix_(columns, columns)] = np.triu(triangle, 1) + np.diag(np.where(scale > 0.0, scale, 1.0))
    return _Pilot(centre, found * unit)


def _noise(d: int) -> float:
    """The share of a column that is nothing but rounding when it is what d others leave of it."""
    return 8.0 * _EPS * math.sqrt(d + 1)


class _About:
    """What a pass found: the sums `gram` of rows about a pilot, and the triangle `inner` of those rows about their mean.

    `size` and `length` (d + 1,) are of each column, in `unit`s that keep squares in range: the root of the squares of all
    that was subtracted from it on the way, and of what is left, about the mean. Rounding is judged by the first of them.
    """

    @np.errstate(all="ignore")
    def __init__(self, gram: Floats, pilot: _Pilot) -> None:
        self.gram, self.pilot = gram, pilot
        self.count, self.sums, self.raw = float(gram[-1, -1]), gram[:-1, -1], gram.diagonal()[:-1]
        if pilot.is_line:
            self.unit = pilot.triangle.diagonal()
        else:
            self.unit = np.ldexp(1.0, np.frexp(np.abs(pilot.triangle).max(axis=0))[1] - 1)
        triangle = pilot.triangle / self.unit
        self.size = np.sqrt(self.raw @ (triangle * triangle))
        # Whether what is left of a column, less its part along those before it, is more than rounding.
        self.matters = np.sqrt(self.raw) * triangle.diagonal() > _noise(len(self.raw) - 1) * self.size
        scatter = gram[:-1, :-1] - self.sums[:, None] * (self.sums / self.count)
        if not self.matters[:-1].all():
            # A direction of noise would take its part of every column behind it, which in a few rows may be all of it.
            noise = np.append(~self.matters[:-1], False)
            scatter[noise], scatter[:, noise] = 0.0, 0.0
        self.inner = cholesky(scatter)
        self.triangle = self.inner @ triangle
        self.length = np.sqrt(np.add.reduce(self.triangle * self.triangle, axis=0))

    @functools.cached_property
    @np.errstate(all="ignore")
    def suited(self) -> bool:
        """Whether nothing that was subtracted cost more than two of a column's 53 bits."""
        # What the pilot, or the mean, took from a column: rounding is of the size of that.
        if (self.size > 4.0 * self.length).any() or ((self.raw == 0.0) & (self.sums != 0.0)).any():
            return False
        if self.matters[-1] and self.raw[-1] > 16.0 * self.inner[-1, -1] ** 2:  # y, about the plane
            return False
        features = np.flatnonzero(self.matters[:-1])
        if len(self.raw) == 2 or not len(features):
            return True  # one feature cannot lean on another
        columns = self.inner[np.ix_(features, features)]
        return condition_of(columns / np.sqrt(np.add.reduce(self.inner**2, axis=0)[features])) <= 10.0 * _WELL_CONDITIONED

    @np.errstate(all="ignore")
    def better(self) -> _Pilot:
        """The pilot for a next pass, from what this one found."""
        triangle, count = self.pilot.triangle, self.count
        centre = self.pilot.centre + self.sums / count @ triangle
        varying = self.length > _NOTHING * self.size
        # Where the squares vanished, of numbers below 1e-154, the sums still tell their size.
        vanished = (self.raw == 0.0) & (self.sums != 0.0)
        sizes = np.abs(self.sums) / count * triangle.diagonal()
        unit = np.where(vanished, np.ldexp(1.0, np.frexp(sizes)[1] - 1), self.unit)
        if self.pilot.is_line:
            root = self.triangle
            return _line_pilot(centre, float(root[0, 1] / root[0, 0]) if varying[0] else 0.0, unit)
        return _conditioned(centre, self.triangle / math.sqrt(count), unit, varying)

    def moments(self) -> Moments:
        """The moments of the rows; a column that every pass left nothing of but rounding is constant."""
        with np.errstate(all="ignore"):
            means, low = two_sum(self.pilot.centre, self.sums / self.count @ self.pilot.triangle)
            factor = self.inner @ self.pilot.triangle
            factor[:, self.length <= _NOTHING * self.size] = 0.0
            factor[:, np.append(np.abs(factor[:, :-1]).max(axis=0) < _LEAST, False)] = 0.0
            return _in_range(Moments(self.count, means, low, factor))
