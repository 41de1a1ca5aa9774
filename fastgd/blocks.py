"""Rows as tables, and tables as blocks of (x, y, weight).

Arrays are not copied whole: a block is a slice, converted to contiguous float64 only when it is read, in the thread
that reads it. Sources that are not arrays - files, streams, made-up rows - are tables as well, cut at the same edges
(sources.py). Non-finite values are not searched for up front: they poison the sums of their block, and only then are
its rows looked at, to name one.
"""

import functools
import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from .checks import Floats
from .names import Names, numbered, said
from .runs import Runs, Sieve

T = TypeVar("T")

ROWS = 1 << 18
"""Rows of a block with one feature: 4 MB of x and y, so that taking a block costs little beside reading it (half of that
costs 2 % of a pass), and 10 million rows still make 39 of them."""


def rows_of_block(d: int) -> int:
    """Rows of a block of d features."""
    return ROWS if d == 1 else max(256, ROWS // (d + 1))


NO_WEIGHT = np.empty(0)
NO_WEIGHT.flags.writeable = False

Columns = tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]
"""x (m,) or (m, d), y (m,) and weight (m,) or None, as they come: of any number type and strides."""


class Block(NamedTuple):
    """Some consecutive rows as contiguous, read-only float64 arrays; `weight` is empty where every row weighs 1."""

    start: int
    x: Floats
    y: Floats
    weight: Floats


class Piece(NamedTuple):
    """Rows `start` to `stop` of a table, not yet converted; `columns` holds them where they came as a stream."""

    table: "Table"
    start: int
    stop: int
    columns: Columns | None = None

    def read(self) -> Block:
        """Convert these rows to contiguous float64."""
        if self.columns is None:
            return self.table.read(self.start, self.stop)
        return self.table.convert(self.start, *self.columns)

    def count_rows(self) -> int:
        """Return the number of rows."""
        return self.stop - self.start

    def __reduce__(self) -> Any:
        """A piece that travels takes no rows along."""
        return Piece, (self.table, self.start, self.stop)


@dataclass(frozen=True, kw_only=True)
class Table(ABC):
    """Validated rows, wherever they are.

    `flat` tells that the user's x was one-dimensional, so that w is a number and not an array. Where `shift` and `scale`
    (d,) are given, blocks hold (x - shift) / scale; where `order` (n,) is given, row i is the user's row order[i]; where
    `columns` (d,) is given, feature j is the user's column columns[j].
    """

    flat: bool
    names: Names | None = None
    target: str = "y"
    columns: "NDArray[np.intp] | None" = None
    shift: Floats | None = None
    scale: Floats | None = None
    order: "NDArray[np.intp] | Runs | Sieve | None" = None

    @property
    def weight_exponent(self) -> int:
        """Blocks hold weights divided by 2 to the power of this: 0 unless their sums would leave the range of floats."""
        return 0

    @property
    @abstractmethod
    def n(self) -> int:
        """The number of rows; where it is not known yet, they are counted."""

    @property
    @abstractmethod
    def d(self) -> int:
        """The number of features."""

    @property
    @abstractmethod
    def weighted(self) -> bool:
        """Whether rows have weights."""

    @abstractmethod
    def read(self, start: int, stop: int) -> Block:
        """Return rows `start` to `stop`, converted, their weights checked."""

    @property
    def rows(self) -> int | None:
        """The number of rows where it is known without counting them."""
        return self.n

    @property
    def repeatable(self) -> bool:
        """Whether rows can be gone through again."""
        return True

    @property
    def alone(self) -> bool:
        """Whether one pass must end before the next may begin."""
        return False

    def shared_out(self, threads: int | None) -> tuple[int | None, int | None]:
        """The threads for tasks that each walk the rows, and for each of them."""
        return (1, threads) if self.alone else (threads, 1)

    @property
    def in_memory(self) -> bool:
        """Whether any row can be had at once, so that rows may be put into a random order."""
        return False

    @property
    def in_place(self) -> bool:
        """Whether reading a block takes no time, since the user's own memory is what a kernel wants."""
        return False

    @property
    def block_rows(self) -> int:
        """Rows of a block: a matter of d alone, so that results do not depend on the number of threads."""
        return rows_of_block(self.d)

    def label(self, feature: int) -> str:
        """What a feature is called: by its column's name, or x, or x[j]."""
        if self.names is not None and not numbered(self.names):
            return said(self.names[feature])
        return "x" if self.flat else f"x[{feature}]"

    def standardized(self, shift: Floats, scale: Floats) -> "Table":
        """Return the same rows as (x - shift) / scale, worked out block by block."""
        return replace(self, shift=shift, scale=scale)

    def ordered(self, order: "NDArray[np.intp] | Runs | Sieve") -> "Table":
        """Return the rows that `order` lists, in its order, gathered when they are read."""
        if isinstance(self.order, Runs) and isinstance(order, Sieve):
            order = order.within(self.order)
        elif isinstance(self.order, Runs) and isinstance(order, Runs):
            order = self.order.of(order)
        elif self.order is not None:
            order = self.order[order[:]]
        return replace(self, order=order)

    def __iter__(self) -> Iterator[Piece]:
        return iter(self.pieces())

    def pieces(self, rows: int | None = None, start: int = 0, stop: int | None = None) -> Iterable[Piece]:
        """Cut rows `start` to `stop` into pieces of `rows`, a block's by default, the last one smaller."""
        return (piece for _, piece in self.parts(rows or self.block_rows, [start, stop]))

    def parts(self, rows: int, edges: Sequence[int | None]) -> Iterable[tuple[int, Piece]]:
        """Cut the rows between each two of `edges` into pieces of `rows`; the last edge may be None, where rows end."""
        for part, (start, stop) in enumerate(itertools.pairwise(edges)):
            end = self.n if stop is None else stop
            for first in range(start or 0, end, rows):
                yield part, Piece(self, first, min(first + rows, end))

    def on_first(self, look: Callable[[Block], T]) -> T:
        """Look at the first block, wherever it is; it will come again in `pieces`."""
        return look(next(iter(self)).read())

    def again(self, piece: Piece) -> Iterable[Piece]:
        """Return a piece that a task has had as all there is."""
        return [piece]

    def gather(self, order: NDArray[np.intp]) -> Block:
        """Return a few rows, in the order of their numbers."""
        return self.ordered(order).read(0, len(order))

    def on_rows(self, order: NDArray[np.intp], look: Callable[[Block], T]) -> T:
        """Look at a few rows, in the order of their numbers, wherever they are."""
        return look(self.gather(order))

    def require_here(self, alternative: str) -> None:  # noqa: B027
        """Raise unless one number for each row may be given back; `alternative` is how to have them."""

    def row_name(self, place: int) -> str:
        """How the row at a place is called when it is to be named."""
        return f"row {place if self.order is None else int(self.order[place])}"

    def convert(self, start: int, x: NDArray[Any], y: NDArray[Any], weight: NDArray[Any] | None) -> Block:
        """Make a block of rows as they come: columns in order, contiguous, shifted and scaled, their weights checked."""
        if self.columns is not None:
            x = np.take(x, self.columns, axis=1)
        if self.shift is not None and self.scale is not None:
            x = (x - self.shift) / self.scale
        block = Block(start, _contiguous(x), _contiguous(y), NO_WEIGHT if weight is None else _contiguous(weight))
        if weight is not None and self.weight_exponent:
            block = block._replace(weight=self._weights_in_range(block))
        if weight is not None and not block.weight.min() >= 0.0:
            row = int(np.flatnonzero(~(block.weight >= 0.0))[0])
            raise ValueError(
                f"sample_weight is {float(weight[row]):g} in {self.row_name(start + row)}: every weight must be a finite "
                "number, 0 or above"
            )
        return block

    def _weights_in_range(self, block: Block) -> Floats:
        """Weights in their unit, a power of two; or refuse those that leave the range of floats all the same."""
        with np.errstate(over="ignore"):
            scaled = np.ldexp(block.weight, -self.weight_exponent)
        beyond = np.flatnonzero(np.isinf(scaled) & np.isfinite(block.weight))
        if len(beyond):
            row = int(beyond[0])
            raise ValueError(
                f"sample_weight is {block.weight[row]:g} in {self.row_name(block.start + row)}, and the largest of the "
                f"first block is about {math.ldexp(1.0, self.weight_exponent):g}: no sum of both is a number of full digits"
            )
        return _contiguous(scaled)

    def mean_weight(self) -> float:
        """Check every weight and return their mean, 1 where there are none."""
        if not self.weighted:
            return 1.0
        total = 0.0
        for piece in self:
            block = piece.read()
            total += float(block.weight.sum())
            if not math.isfinite(total):
                self.require_finite(block)
        self.require_weight(total)
        return total / self.n

    def require_finite(self, block: Block) -> None:
        """Raise the sentence that names the first non-finite value of a block whose sums were poisoned."""
        for name, values in (("x", block.x), ("y", block.y), ("sample_weight", block.weight)):
            finite = np.isfinite(values)
            if not finite.all():
                place = np.argwhere(~finite)[0]
                where = self.row_name(block.start + int(place[0]))
                column = "" if values.ndim == 1 else f", column {self.label(int(place[1]))}"
                raise ValueError(
                    f"{name} is {values[tuple(place)]:g} in {where}{column}: every value must be a finite number; drop or "
                    "fill such rows first"
                )

    def require_all_finite(self) -> None:
        """Raise the sentence that names the first non-finite value, if there is one."""
        for piece in self:
            self.require_finite(piece.read())

    def require_weight(self, total: float) -> None:
        """Raise if rows have weights and all of them are 0, as their sum then is, or it is not a number of full digits."""
        if not self.weighted:
            return
        if total <= 0.0:
            raise ValueError("sample_weight is 0 in every row: at least one row must weigh more than 0")
        if not _LEAST <= total <= _MOST:
            raise ValueError(
                f"sample_weight sums up to {total:g}, where numbers end: some rows weigh more than 2**400 times those "
                "of the first block, or all are too small; divide all weights by one number, so that the largest is about 1"
            )


@dataclass(frozen=True, kw_only=True)
class Arrays(Table):
    """Rows in the user's own memory: `x` (n,) for one feature or (n, d), `y` (n,), `weight` (n,) or None."""

    x: NDArray[Any]
    y: NDArray[Any]
    weight: NDArray[Any] | None = None

    @functools.cached_property
    def weight_exponent(self) -> int:
        """Blocks hold weights divided by 2 to the power of this: by the largest of the first block that has any."""
        if self.weight is not None:
            for start in range(0, len(self.weight), ROWS):
                largest = float(self.weight[start : start + ROWS].max())
                if largest != 0.0:
                    return weight_exponent_of(largest)
        return 0

    @property
    def n(self) -> int:
        """The number of rows."""
        return len(self.y) if self.order is None else len(self.order)

    @property
    def d(self) -> int:
        """The number of features."""
        return 1 if self.x.ndim == 1 else int(self.x.shape[1])

    @property
    def weighted(self) -> bool:
        """Whether rows have weights."""
        return self.weight is not None

    @property
    def in_memory(self) -> bool:
        """Whether any row can be had at once."""
        return True

    @property
    def in_place(self) -> bool:
        """Whether reading a block takes no time, since the user's own memory is what a kernel wants."""
        return self._as_it_is and self.shift is None and self.order is None and self.columns is None

    @property
    def _as_it_is(self) -> bool:
        arrays = [values for values in (self.x, self.y, self.weight) if values is not None]
        return all(values.dtype == np.float64 and values.flags.c_contiguous and values.flags.aligned for values in arrays)

    def read(self, start: int, stop: int) -> Block:
        """Return rows `start` to `stop`, converted, their weights checked."""
        rows: Any = slice(start, stop)
        if self.order is not None:
            rows = self.order[rows]
            if isinstance(rows, np.ndarray) and self._as_it_is:
                return self.convert(start, *self._gathered(rows))
        return self.convert(start, self.x[rows], self.y[rows], None if self.weight is None else self.weight[rows])

    def _gathered(self, rows: NDArray[np.intp]) -> Columns:
        """Rows by their numbers; the kernel asks for those to come, which NumPy does not: three times as fast."""
        from . import kernels  # nothing is compiled where nothing is gathered

        weight = NO_WEIGHT if self.weight is None else _contiguous(self.weight)
        to_x, to_y = np.empty((len(rows), self.d)), np.empty(len(rows))
        to_weight = np.empty(len(rows) if weight.size else 0)
        rows = np.ascontiguousarray(rows, np.int64).view()
        rows.flags.writeable = False
        plane = _contiguous(self.x).reshape(len(self.y), self.d)
        kernels.orders.gather(plane, _contiguous(self.y), weight, rows, to_x, to_y, to_weight)
        return to_x if self.d > 1 else to_x[:, 0], to_y, to_weight if weight.size else None


class Source(ABC):
    """Rows that are not arrays, and bring y and weights along: files, streams, made-up rows, a cluster's."""

    @abstractmethod
    def table(self) -> Table:
        """Return the rows as a table."""


_LEAST, _MOST = 2.0**-900, 2.0**900  # of a sum of weights: between them products with squares of data keep their digits
_USUAL = 2.0**-400, 2.0**400


def weight_exponent_of(largest: float) -> int:
    """The power of two to divide weights by, from their largest: 0 for usual ones; even, so that its root is exact."""
    if _USUAL[0] <= largest <= _USUAL[1] or not 0.0 < largest < math.inf:
        return 0
    return math.frexp(largest)[1] // 2 * 2


def _contiguous(values: NDArray[Any]) -> Floats:
    converted = np.ascontiguousarray(values, dtype=np.float64)
    if not converted.flags.aligned:  # as bytes from a file or a network may be
        converted = converted.copy()
    if converted.flags.writeable:
        # One type of array for every kernel: one compilation serves writable and read-only data alike.
        converted = converted.view()
        converted.flags.writeable = False
    return converted
