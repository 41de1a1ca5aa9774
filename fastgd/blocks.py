"""The door: whatever the user has becomes validated blocks of (x, y, weight).

Arrays are not copied whole: a block is a slice, converted to contiguous float64 only when it is read, in the thread
that reads it. Non-finite values are not searched for up front: they poison the sums of their block, and only then are
its rows looked at, to name one.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROWS = 1 << 18
"""Rows of a block with one feature: 4 MB of x and y, so that taking a block costs little beside reading it (half of that
costs 2 % of a pass), and 10 million rows still make 39 of them."""

NO_WEIGHT = np.empty(0)
NO_WEIGHT.flags.writeable = False


class Block(NamedTuple):
    """Some consecutive rows as contiguous, read-only float64 arrays; `weight` is empty where every row weighs 1."""

    start: int
    x: Floats
    y: Floats
    weight: Floats


class Piece(NamedTuple):
    """Rows `start` to `stop` of a table, not yet read."""

    table: "Table"
    start: int
    stop: int

    def read(self) -> Block:
        """Convert these rows to contiguous float64."""
        return self.table.read(self.start, self.stop)

    def count_rows(self) -> int:
        """Return the number of rows."""
        return self.stop - self.start


class Runs:
    """Row numbers as a few runs of consecutive ones, (start, stop): an order that takes no memory.

    It is indexed as an array of them would be; a slice within one run is given back as a slice, which copies no row.
    """

    def __init__(self, *runs: tuple[int, int]) -> None:
        full = [(start, stop) for start, stop in runs if stop > start]
        self.before = np.cumsum([0] + [stop - start for start, stop in full])
        self.offset = np.array([start for start, _ in full], dtype=np.intp) - self.before[:-1]

    def __len__(self) -> int:
        return int(self.before[-1])

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            first, last, _ = place.indices(len(self))
            run = int(np.searchsorted(self.before, first, side="right")) - 1
            if last <= self.before[min(run + 1, len(self.offset))]:
                offset = int(self.offset[min(run, len(self.offset) - 1)]) if len(self) else 0
                return slice(first + offset, max(last, first) + offset)
            place = np.arange(first, last)
        return place + self.offset[np.searchsorted(self.before, place, side="right") - 1]


@dataclass(frozen=True)
class Table:
    """Validated rows: `x` (n,) for one feature or (n, d), `y` (n,), `weight` (n,) or None, in the user's own memory.

    `flat` tells that the user's x was one-dimensional, so that w is a number and not an array. Where `shift` and `scale`
    (d,) are given, blocks hold (x - shift) / scale; where `order` (n,) is given, row i is the user's row order[i].
    """

    x: NDArray[Any]
    y: NDArray[Any]
    weight: NDArray[Any] | None
    flat: bool
    names: tuple[str, ...] | None = None
    target: str = "y"
    shift: Floats | None = None
    scale: Floats | None = None
    order: "NDArray[np.intp] | Runs | None" = None

    @property
    def n(self) -> int:
        """The number of rows."""
        return len(self.y) if self.order is None else len(self.order)

    @property
    def d(self) -> int:
        """The number of features."""
        return 1 if self.x.ndim == 1 else int(self.x.shape[1])

    @property
    def block_rows(self) -> int:
        """Rows of a block: a matter of d alone, so that results do not depend on the number of threads."""
        return ROWS if self.d == 1 else max(256, ROWS // (self.d + 1))

    @property
    def in_place(self) -> bool:
        """Whether reading a block takes no time, since the user's own memory is what a kernel wants."""
        arrays = [values for values in (self.x, self.y, self.weight) if values is not None]
        as_it_is = all(values.dtype == np.float64 and values.flags.c_contiguous for values in arrays)
        return as_it_is and self.shift is None and self.order is None

    def label(self, feature: int) -> str:
        """The name of a feature: its column's, or x, or x[j]."""
        if self.names is not None:
            return self.names[feature]
        return "x" if self.flat else f"x[{feature}]"

    def standardized(self, shift: Floats, scale: Floats) -> "Table":
        """Return the same rows as (x - shift) / scale, worked out block by block."""
        return replace(self, shift=shift, scale=scale)

    def ordered(self, order: "NDArray[np.intp] | Runs") -> "Table":
        """Return the rows that `order` lists, in its order, gathered when they are read."""
        if self.order is not None:
            order = self.order[order[:]]
            if isinstance(order, slice):
                order = Runs((order.start, order.stop))
        return replace(self, order=order)

    def __len__(self) -> int:
        return -(-self.n // self.block_rows)

    def __iter__(self) -> Iterator[Piece]:
        return self.pieces(self.block_rows)

    def pieces(self, rows: int, start: int = 0, stop: int | None = None) -> Iterator[Piece]:
        """Cut rows `start` to `stop` into pieces of `rows`, the last one smaller."""
        stop = self.n if stop is None else stop
        for first in range(start, stop, rows):
            yield Piece(self, first, min(first + rows, stop))

    def read(self, start: int, stop: int) -> Block:
        """Return rows `start` to `stop`, converted, their weights checked."""
        rows: Any = slice(start, stop)
        if self.order is not None:
            rows = self.order[rows]
        block = self._convert(start, self.x[rows], self.y[rows], None if self.weight is None else self.weight[rows])
        if self.weight is not None and not block.weight.min() >= 0.0:
            row = int(np.flatnonzero(~(block.weight >= 0.0))[0])
            raise ValueError(
                f"sample_weight is {block.weight[row]:g} in row {self._row(start + row)}: every weight must be a finite "
                "number, 0 or above"
            )
        return block

    def _row(self, place: int) -> int:
        """The user's number of the row at a place."""
        return place if self.order is None else int(self.order[place])

    def _convert(self, start: int, x: NDArray[Any], y: NDArray[Any], weight: NDArray[Any] | None) -> Block:
        if self.shift is not None and self.scale is not None:
            x = (x - self.shift) / self.scale
        return Block(start, _contiguous(x), _contiguous(y), NO_WEIGHT if weight is None else _contiguous(weight))

    def mean_weight(self) -> float:
        """Check every weight and return their mean, 1 where there are none."""
        if self.weight is None:
            return 1.0
        total = 0.0
        for piece in self:
            block = piece.read()
            total += float(block.weight.sum())
            if not math.isfinite(total):
                self.require_finite(block)
        self.require_weight()
        return total / self.n

    def require_finite(self, block: Block) -> None:
        """Raise the sentence that names the first non-finite value of a block whose sums were poisoned."""
        for name, values in (("x", block.x), ("y", block.y), ("sample_weight", block.weight)):
            finite = np.isfinite(values)
            if not finite.all():
                place = np.argwhere(~finite)[0]
                row = self._row(block.start + int(place[0]))
                column = "" if values.ndim == 1 else f", column {self.label(int(place[1]))}"
                raise ValueError(
                    f"{name} is {values[tuple(place)]:g} in row {row}{column}: every value must be a finite number; "
                    "drop or fill such rows first"
                )

    def require_all_finite(self) -> None:
        """Raise the sentence that names the first non-finite value, if there is one."""
        for piece in self:
            self.require_finite(piece.read())

    def require_weight(self) -> None:
        """Raise if there are weights and all of them are 0."""
        if self.weight is not None and not (self.weight if self.order is None else self.weight[self.order[:]]).any():
            raise ValueError("sample_weight is 0 in every row: at least one row must weigh more than 0")


def _contiguous(values: NDArray[Any]) -> Floats:
    converted = np.ascontiguousarray(values, dtype=np.float64)
    if converted.flags.writeable:
        # One type of array for every kernel: one compilation serves writable and read-only data alike.
        converted = converted.view()
        converted.flags.writeable = False
    return converted


def table(x: Any, y: Any, sample_weight: Any = None) -> Table:
    """Validate x (n,) or (n, d), y (n,) and sample_weight (n,) or None, without copying them."""
    if y is None:
        raise TypeError("y is None: it must be a sequence of numbers, one for each row of x")
    features, targets = as_numbers(x, "x"), as_numbers(y, "y")
    if features.ndim not in (1, 2):
        raise ValueError(f"x has {features.ndim} dimensions: it must be (n,) for one feature, or (n, d) for d features")
    if targets.ndim == 2 and targets.shape[1] == 1:
        raise ValueError(f"y has shape {targets.shape}: it must be one-dimensional; write y.ravel()")
    if targets.ndim != 1:
        raise ValueError(f"y has shape {targets.shape}: it must be one-dimensional, one value for each row of x")
    if features.ndim == 2 and features.shape[1] == 0:
        raise ValueError(f"x has shape {features.shape}: it must have at least one column")
    if len(features) == 0:
        raise ValueError("x is empty: at least one row is needed")
    same_length(features, targets, "y")
    weights = None
    if sample_weight is not None:
        weights = as_numbers(sample_weight, "sample_weight")
        if weights.ndim != 1:
            raise ValueError(f"sample_weight has shape {weights.shape}: it must be one-dimensional, one value for each row")
        same_length(features, weights, "sample_weight")
    flat = features.ndim == 1
    if not flat and features.shape[1] == 1:
        features = features[:, 0]
    return Table(features, targets, weights, flat, _names(x, flat), _name(y) or "y")


def same_features(data: Table, other: Table, name: str) -> None:
    """Raise unless both have the same features."""
    if (data.d, data.flat) != (other.d, other.flat):
        shapes = [f"({table.n},)" if table.flat else f"({table.n}, {table.d})" for table in (data, other)]
        raise ValueError(f"x has shape {shapes[0]} and that of {name} {shapes[1]}: both must have the same features")
    if data.names is not None and other.names is not None and data.names != other.names:
        said = [", ".join(table.names or ()) for table in (data, other)]
        raise ValueError(f"x has the columns {said[0]} and that of {name} {said[1]}: both must have the same, in one order")


def features(x: Any) -> tuple[NDArray[Any], bool]:
    """Validate x alone: its values, (n,) or (n, d), and whether the user's x was one-dimensional."""
    values = as_numbers(x, "x")
    if values.ndim not in (1, 2):
        raise ValueError(f"x has {values.ndim} dimensions: it must be (n,) for one feature, or (n, d) for d features")
    return values, values.ndim == 1


def same_length(x: NDArray[Any], other: NDArray[Any], name: str) -> None:
    """Raise unless both have the same number of rows."""
    if len(x) != len(other):
        raise ValueError(
            f"x has {len(x)} rows and {name} has {len(other)}: row {min(len(x), len(other))} is in one only; "
            "they must have the same number of rows"
        )


def as_numbers(values: Any, name: str) -> NDArray[Any]:
    """Return an array of real numbers over the user's own memory where that is possible, of any dtype and strides."""
    if values is None:
        raise TypeError(f"{name} is None: it must be a sequence of numbers")
    if isinstance(values, np.ma.MaskedArray):
        raise ValueError(f"{name} is a masked array: drop or fill the masked rows first, as with .compressed()")
    if isinstance(values, (str, bytes, dict, set, frozenset)):
        raise TypeError(f"{name} is a {type(values).__name__}: it must be a sequence of numbers")
    try:
        array = np.asarray(values)
    except ValueError as error:  # NumPy's word for rows of different lengths
        raise ValueError(f"{name} is ragged: {_ragged_row(values)}every row must have the same number of values") from error
    if array.ndim == 0 and array.dtype.kind in "biufcSU":
        raise ValueError(f"{name} is a single {type(values).__name__}: it must be a sequence of numbers")
    if array.dtype.kind == "O":
        array = _numbers_of_objects(values, array, name)
    if array.dtype.kind == "c":
        raise TypeError(f"{name} is complex: every value must be a real number")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} has dtype {array.dtype}: every value must be a number")
    return array


def _numbers_of_objects(values: Any, array: NDArray[Any], name: str) -> NDArray[Any]:
    """Frames with nullable columns come out of NumPy as objects; anything else that does is refused."""
    if array.ndim and hasattr(values, "to_numpy") and (hasattr(values, "dtypes") or hasattr(values, "dtype")):
        try:
            return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))
        except (TypeError, ValueError):
            pass  # a column of text, say: named below
    if array.ndim == 0:
        raise TypeError(f"{name} is a {type(values).__name__}: it must be a sequence of numbers")
    for place, value in np.ndenumerate(array):
        if not isinstance(value, (int, float, np.number)):
            raise TypeError(f"{name} holds {value!r} in row {place[0]}: every value must be a number")
    raise TypeError(f"{name} has dtype object: every value must be a number; write {name}.astype(float)")


def _ragged_row(values: Any) -> str:
    """The first row whose length differs from the first row's, as the beginning of a sentence."""

    def length(row: Any) -> int:
        return len(row) if hasattr(row, "__len__") else 0

    for row, value in enumerate(values):
        if length(value) != length(values[0]):
            return f"row {row} differs in length from row 0; "
    return ""


def _name(column: Any) -> str | None:
    name = getattr(column, "name", None)
    return name if isinstance(name, str) and name else None


def _names(x: Any, flat: bool) -> tuple[str, ...] | None:
    """Column names of pandas and polars frames (.columns) and Arrow tables (.column_names), the name of a column."""
    if flat:
        name = _name(x)
        return None if name is None else (name,)
    columns = getattr(x, "column_names", None)
    columns = getattr(x, "columns", None) if columns is None else columns
    if columns is None or callable(columns) or isinstance(columns, np.ndarray):
        return None
    names = [str(column) for column in columns]
    # Frames number their columns when they were given no names; a number is no name.
    return None if names == [str(j) for j in range(len(names))] else tuple(names)


def parameters(w: Any, b: Any, d: int, flat: bool) -> tuple[Floats, float]:
    """Validate (w, b) for d features: w as an array (d,), b as a float."""
    weights = np.asarray(as_parameter(w, "w", flat or d == 1))
    if weights.ndim == 0:
        weights = weights.reshape(1)
    if weights.shape != (d,):
        raise ValueError(f"w has shape {weights.shape}: x has {d} features, so it must be ({d},)")
    return weights, number(b, "b")


def as_parameter(w: Any, name: str, allow_number: bool) -> Floats:
    """Validate an array of weights, or a number where that is right."""
    if isinstance(w, np.ndarray) and w.dtype == np.float64 and w.ndim == 1:
        weights = w
    elif w is None or isinstance(w, (str, bytes)):
        raise TypeError(f"{name} is {w!r}: it must be a number, or an array of one number for each feature")
    elif np.ndim(w) == 0:
        value = number(w, name)
        if not allow_number:
            raise ValueError(
                f"{name} is the number {value:g}: x has several columns, so it must be an array of one for each"
            )
        return np.array(value)
    else:
        weights = as_numbers(w, name).astype(np.float64)
    if not np.isfinite(weights).all():
        place = int(np.flatnonzero(~np.isfinite(weights))[0])
        raise ValueError(f"{name}[{place}] is {weights.flat[place]:g}: it must be a finite number")
    return weights


def number(value: Any, name: str) -> float:
    """Validate a finite real number."""
    try:
        if isinstance(value, (str, bytes)) or np.ndim(value) != 0:
            raise TypeError
        converted = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} is {value!r}: it must be a number") from None
    if not math.isfinite(converted):
        raise ValueError(f"{name} is {converted:g}: it must be a finite number")
    return converted


def whole(value: Any, name: str, least: int, most: int | None = None) -> int:
    """Validate a whole number within bounds."""
    if isinstance(value, (bool, np.bool_)) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} is {value!r}: it must be a whole number")
    converted = int(value.__index__())
    if converted < least or (most is not None and converted > most):
        bounds = f"{least} or above" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name} is {converted}: it must be {bounds}")
    return converted
