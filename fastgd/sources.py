"""Rows that are not arrays: streams of chunks, re-cut to the edges that an array would have, and rows made when asked for.

A stream says how its rows look and gives them chunk by chunk, of any number of rows; a `Stream` cuts them where an array
would be cut, so that a file has the same results as the same rows in memory, to the last bit. Rows that a formula makes
(`Synthetic`) need no sequence: any thread makes any block.
"""

import itertools
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from . import kernels
from .blocks import Block, Columns, Piece, Source, Table, weight_exponent_of
from .checks import Floats, as_parameter, is_single, number, one_of, whole
from .runs import Runs, Sieve, consecutive

T = TypeVar("T")


class Chunks(Source):
    """Rows that come in sequence, chunk by chunk.

    Attributes: `names` of the features, or None; `target`, the name of y; `d` features; `flat`, whether w is a number;
    `weighted`; `repeatable`, whether rows can be gone through again; `alone`, whether one pass must end before the next may
    begin; `rows`, their number where it is known beforehand.
    """

    names: tuple[str, ...] | None = None
    target: str = "y"
    d: int = 1
    flat: bool = True
    weighted: bool = False
    repeatable: bool = True
    alone: bool = False
    rows: int | None = None

    @abstractmethod
    def chunks(self) -> Iterator[Columns]:
        """Go through the rows from the first one on: x (m,) for one feature or (m, d), y (m,), weight (m,) or None.

        What was given stays as it is while the next is asked for: several are held, and other threads still read them.
        """

    def place(self, row: int) -> str:
        """How a row is called when it is to be named."""
        return f"row {row}"

    def table(self) -> Table:
        """Return the rows as a table."""
        return Stream(flat=self.flat, names=self.names, target=self.target, source=self, seen=_Seen(self.rows))


@dataclass
class _Seen:
    """What is known of a stream: the number of its rows, and what is left of one that cannot be gone through again."""

    rows: int | None
    left: Iterator[Columns] | None = None
    begun: bool = False
    weight_exponent: int | None = None


@dataclass(frozen=True, kw_only=True)
class Stream(Table):
    """The rows of a source that gives them in sequence."""

    source: Chunks
    seen: _Seen = field(compare=False)

    @property
    def rows(self) -> int | None:
        """The number of rows where it is known without counting them."""
        return self.seen.rows if self.order is None else len(self.order)

    @property
    def weight_exponent(self) -> int:
        """Blocks hold weights divided by 2 to the power of this: by the largest of the first chunk that has any."""
        return self.seen.weight_exponent or 0

    @property
    def n(self) -> int:
        """The number of rows; where it is not known yet, they are counted."""
        if self.order is None and self.seen.rows is None:
            for _ in replace(self, shift=None, scale=None).pieces():
                pass
        found = self.rows
        assert found is not None
        return found

    @property
    def d(self) -> int:
        """The number of features."""
        return self.source.d

    @property
    def weighted(self) -> bool:
        """Whether rows have weights."""
        return self.source.weighted

    @property
    def repeatable(self) -> bool:
        """Whether rows can be gone through again."""
        return self.source.repeatable

    @property
    def alone(self) -> bool:
        """Whether one pass must end before the next may begin."""
        return self.source.alone

    def ordered(self, order: "NDArray[np.intp] | Runs | Sieve") -> "Table":
        """Return the rows of some runs, each behind the one before it, or some of them."""
        if isinstance(self.order, Sieve):
            return replace(self, order=consecutive(self.order[order[:]]))
        return super().ordered(order if isinstance(order, Sieve) else consecutive(order))

    def row_name(self, place: int) -> str:
        """How the row at a place is called when it is to be named."""
        return self.source.place(place if self.order is None else int(self.order[place]))

    def read(self, start: int, stop: int) -> Block:  # noqa: ARG002
        """Refuse to go to rows directly."""
        raise ValueError(
            "x is read in sequence, and this needs its rows one by one in any order, as leaving each of them out does: load "
            "them into arrays"
        )

    def gather(self, order: NDArray[np.intp]) -> Block:
        """Return a few rows, in the order of their numbers, in one pass."""
        wanted, back = np.unique(order, return_inverse=True)
        if self.order is not None:
            wanted = self.order[wanted]
        found: list[Columns] = []
        done = taken = 0
        for x, y, weight in self._chunks():
            last = int(np.searchsorted(wanted, done + len(y)))
            rows = wanted[taken:last] - done
            if len(rows):
                found.append(_some((x, y, weight), rows))
            done, taken = done + len(y), last
            if taken == len(wanted):
                break
        x, y, weight = joined(found)
        return self.convert(0, x[back], y[back], None if weight is None else weight[back])

    def on_first(self, look: Callable[[Block], T]) -> T:
        """Look at the first block; what was taken of a stream that cannot be gone through again is put back."""
        if self.source.repeatable:
            return super().on_first(look)
        left, head, rows = self._chunks(), [], 0
        for chunk in left:
            head.append(chunk)
            rows += len(chunk[1])
            if rows >= self.block_rows:
                break
        if not rows:
            raise _empty(self.source)
        self.seen.left, self.seen.begun = itertools.chain(head, left), False
        x, y, weight = (None if part is None else part[: self.block_rows] for part in joined(head))
        assert x is not None
        assert y is not None
        return look(self.convert(0, x, y, weight))

    def parts(self, rows: int, edges: Sequence[int | None]) -> Iterator[tuple[int, Piece]]:
        """Cut the rows between each two of `edges` into pieces of `rows`; the last edge may be None, where rows end."""
        place = edges[0] or 0
        ends = iter(edges[1:])
        part, end = 0, next(ends)
        stop = place + rows if end is None else min(place + rows, end)
        waiting: list[Columns] = []
        held = 0
        for chunk in self._from(place):
            used = 0
            while used < len(chunk[1]):
                take = min(stop - place - held, len(chunk[1]) - used)
                waiting.append(cut(chunk, used, used + take))
                used, held = used + take, held + take
                if place + held < stop:
                    continue
                columns, waiting = joined(waiting), []
                yield part, Piece(self, place, stop, columns)
                del columns  # the next piece is made while others are in use
                place, held = stop, 0
                while place == end:
                    part, end = part + 1, next(ends, -1)
                if end == -1:
                    return
                stop = place + rows if end is None else min(place + rows, end)
        if held:
            yield part, Piece(self, place, place + held, joined(waiting))
        if end is not None:
            raise ValueError(f"x has {place + held} rows now and had {end} or more before: it changed while it was in use")

    def _from(self, start: int) -> Iterator[Columns]:
        """The chunks of this table's rows from a place on."""
        sieve = self.order if isinstance(self.order, Sieve) else None
        order = self.order if sieve is None else sieve.base
        runs = [slice(0, None)] if order is None else order.slices() if isinstance(order, Runs) else []
        done, skip, place = 0, start, 0
        for chunk in self._chunks():
            size = len(chunk[1])
            for run in runs:
                a = max(run.start - done, 0)
                b = size if run.stop is None else min(run.stop - done, size)
                if b <= a:
                    continue
                part = cut(chunk, a, b)
                if sieve is not None:
                    part, place = _some(part, sieve.picked(place, place + b - a)), place + b - a
                left = len(part[1])
                gone = min(left, skip)
                skip -= gone
                if left > gone:
                    yield cut(part, gone, left)
            done += size
            if runs and runs[-1].stop is not None and done >= runs[-1].stop:
                return

    def _chunks(self) -> Iterator[Columns]:
        """All chunks from the first one on; a whole pass counts the rows."""
        seen = self.seen
        if self.source.repeatable:
            chunks = self.source.chunks()
        else:
            if seen.begun:
                raise ValueError(
                    "x is an iterator that can be gone through only once, and this needs its rows again: pass a list of "
                    "blocks, or an object whose __iter__ starts anew"
                )
            chunks, seen.begun = self.source.chunks() if seen.left is None else seen.left, True
        done = 0
        for chunk in chunks:
            done += len(chunk[1])
            if seen.rows is not None and done > seen.rows:
                break
            if seen.weight_exponent is None and chunk[2] is not None and chunk[2].any():
                seen.weight_exponent = weight_exponent_of(float(chunk[2].max()))
            yield chunk
        if not done:
            raise _empty(self.source)
        if seen.rows not in (None, done):
            raise ValueError(f"x has {done} rows or more now and had {seen.rows} before: it changed while it was in use")
        seen.rows = done


def _empty(source: Chunks) -> ValueError:
    return ValueError(f"{source!r} is empty: at least one row is needed")


def cut(chunk: Columns, start: int, stop: int) -> Columns:
    """Rows `start` to `stop` of a chunk, not copied."""
    x, y, weight = chunk
    if start == 0 and stop == len(y):
        return chunk
    return x[start:stop], y[start:stop], None if weight is None else weight[start:stop]


def _some(chunk: Columns, rows: NDArray[Any]) -> Columns:
    x, y, weight = chunk
    return x[rows], y[rows], None if weight is None else weight[rows]


def joined(chunks: list[Columns]) -> Columns:
    """Several chunks of rows as one."""
    if len(chunks) == 1:
        return chunks[0]
    x, y, weight = zip(*chunks, strict=True)
    return np.concatenate(x), np.concatenate(y), None if weight[0] is None else np.concatenate(weight)


class Synthetic(Source):
    """Random rows of a linear model, made when they are read and never stored: any number of them takes no memory.

        y = x.w + b + noise * e        every x[i, j] and e[i] independent, e standard normal

    A share `outliers` of the rows has 10 * noise * e instead. Row i depends on (seed, i) alone. With x="normal" and no
    outliers they are the rows of `make_linear`, to the last bit.

    Parameters
    ----------
    n : number of rows, 1 or above. w : a number, or (d,) for d features, in units of y per unit of x.
    b, noise : the intercept and the standard deviation of the noise, in units of y.
    x : "normal" (standard normal) or "uniform" (between 0 and 1).
    outliers : the share of rows with ten times the noise, from 0 to 1.
    seed : a whole number from 0 to 2**64 - 1; another seed gives independent rows.

    Raises
    ------
    ValueError, TypeError : naming the argument and the rule.

    Examples
    --------
    >>> import fastgd
    >>> rows = fastgd.Synthetic(1_000_000, w=2.0, b=0.5, noise=0.1)
    >>> round(fastgd.QuadraticCost.of(rows).minimum.w, 3)
    2.0

    References
    ----------
    Salmon, Moraes, Dror, Shaw: Parallel random numbers, as easy as 1, 2, 3 (SC 2011). Tukey: A survey of sampling from
    contaminated distributions (1960): the outliers.
    """

    def __init__(
        self,
        n: int,
        w: Any = 2.0,
        b: float = 0.5,
        *,
        noise: float = 0.1,
        x: str = "normal",
        outliers: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.n = whole(n, "n", 1, 2**63 - 1)
        self.seed = whole(seed, "seed", 0, 2**64 - 1)
        self.flat = is_single(w)
        self.w: Floats = np.array(as_parameter(w, "w", allow_number=True), dtype=np.float64, ndmin=1)
        if self.w.ndim != 1 or self.w.size == 0:
            raise ValueError(f"w has shape {self.w.shape}: it must be a number, or (d,) with one number for each feature")
        self.b, self.noise = number(b, "b"), number(noise, "noise")
        if self.noise < 0:
            raise ValueError(f"noise is {self.noise:g}: it is a standard deviation and must be 0 or above")
        self.x = str(one_of(x, "x", ("normal", "uniform")))
        self.outliers = number(outliers, "outliers")
        if not 0.0 <= self.outliers <= 1.0:
            raise ValueError(f"outliers is {self.outliers:g}: it is a share of the rows, from 0 to 1")

    def table(self) -> "Made":
        """Return the rows as a table."""
        return Made(flat=self.flat, source=self)

    def fill(self, start: int, x: Floats, y: Floats) -> None:
        """Write rows `start` to `start + len(y)` into x (m, d) and y (m,)."""
        kernels.synthetic.linear_rows(
            start, x, y, self.w, self.b, self.noise, self.x == "uniform", self.outliers, self.seed & 0xFFFFFFFF,
            self.seed >> 32,
        )  # fmt: skip

    def __repr__(self) -> str:
        w = f"{self.w[0]:g}" if self.flat else str(self.w.tolist())
        extra = f", outliers={self.outliers:g}" if self.outliers else ""
        return f"Synthetic({self.n}, w={w}, b={self.b:g}, noise={self.noise:g}, x={self.x!r}{extra}, seed={self.seed})"


@dataclass(frozen=True, kw_only=True)
class Made(Table):
    """Rows that are made when they are read."""

    source: Synthetic

    @property
    def n(self) -> int:
        """The number of rows."""
        return self.source.n if self.order is None else len(self.order)

    @property
    def d(self) -> int:
        """The number of features."""
        return len(self.source.w)

    @property
    def weighted(self) -> bool:
        """Rows have no weights."""
        return False

    def read(self, start: int, stop: int) -> Block:
        """Make rows `start` to `stop`."""
        x, y = np.empty((stop - start, self.d)), np.empty(stop - start)
        rows = slice(start, stop) if self.order is None else self.order[start:stop]
        if isinstance(rows, slice):
            self.source.fill(rows.start, x, y)
        elif 0 < rows[-1] - rows[0] < 8 * len(rows) and (np.diff(rows) > 0).all():
            # Making some rows too many is quicker than asking for them run by run.
            first, last = int(rows[0]), int(rows[-1]) + 1
            every_x, every_y = np.empty((last - first, self.d)), np.empty(last - first)
            self.source.fill(first, every_x, every_y)
            x, y = every_x[rows - first], every_y[rows - first]
        else:
            edges = np.concatenate([[0], np.flatnonzero(np.diff(rows) != 1) + 1, [len(rows)]])
            for a, b in itertools.pairwise(edges.tolist()):
                self.source.fill(int(rows[a]), x[a:b], y[a:b])
        return self.convert(start, x[:, 0] if self.d == 1 else x, y, None)
