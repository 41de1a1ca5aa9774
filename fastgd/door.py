"""The door: whatever the user has becomes a table of rows, validated and not copied; sources are tables of their own."""

from dataclasses import replace
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .blocks import Arrays, Source, Table
from .containers import as_numbers
from .names import Names, order_like


def table(x: Any, y: Any, sample_weight: Any = None) -> Table:
    """Validate x (n,) or (n, d), y (n,) and sample_weight (n,) or None, without copying them; or a source and y=None."""
    if any(_is_remote(values) for values in (x, y, sample_weight)):
        from .daskdoor import collected

        return collected(x, y, sample_weight)
    source = _source(x, y, sample_weight)
    if source is not None:
        return source.table()
    if y is None:
        raise TypeError("y is None: it must be a sequence of numbers, one for each row of x")
    features, targets = as_numbers(x, "x"), as_numbers(y, "y")
    if features.ndim not in (1, 2):
        raise ValueError(f"x has {features.ndim} dimensions: it must be (n,) for one feature, or (n, d) for d features")
    require_one_column(y, targets.shape, "y")
    if features.ndim == 2 and features.shape[1] == 0:
        raise ValueError(f"x has shape {features.shape}: it must have at least one column")
    if len(features) == 0:
        raise ValueError("x is empty: at least one row is needed")
    same_length(features, targets, "y")
    weights = None
    if sample_weight is not None:
        weights = as_numbers(sample_weight, "sample_weight")
        require_one_column(sample_weight, weights.shape, "sample_weight")
        same_length(features, weights, "sample_weight")
    flat = features.ndim == 1
    if not flat and features.shape[1] == 1:
        features = features[:, 0]
    return Arrays(x=features, y=targets, weight=weights, flat=flat, names=names_of(x, flat), target=_name(y) or "y")


def _is_remote(values: Any) -> bool:
    """Whether these are a Dask collection, whose rows may be on a cluster; others may hold one, as xarray's arrays do."""
    return any(kind.__module__.partition(".")[0] in ("dask", "dask_expr") for kind in type(values).__mro__)


def _source(x: Any, y: Any, sample_weight: Any) -> Source | None:
    """The source that x is, or None where it holds numbers."""
    if isinstance(x, Source):
        for name, values in (("y", y), ("sample_weight", sample_weight)):
            if values is not None:
                raise ValueError(f"{name} is given and x is a {type(x).__name__}, which brings its own: {name} must be None")
        return x
    if y is None and x is not None and _holds_blocks(x):
        from .streams import Blocks

        if sample_weight is not None:
            raise ValueError("sample_weight is given and x is a stream of blocks: blocks of (x, y, weight) bring their own")
        return Blocks(x)
    return None


def _holds_blocks(x: Any) -> bool:
    """Whether x can be gone through and holds no numbers itself, as arrays, frames and lists of numbers do."""
    if isinstance(x, (list, tuple)):
        return bool(x) and isinstance(x[0], tuple)
    if isinstance(x, (str, bytes, set, frozenset)):
        return False
    return hasattr(x, "__iter__") and not any(hasattr(x, name) for name in ("dtype", "dtypes", "shape", "__array__", "keys"))


class Featured(Protocol):
    """What knows its features: their number, whether w is a number, and what they are named."""

    @property
    def d(self) -> int:
        """The number of features."""

    @property
    def flat(self) -> bool:
        """Whether w is a number."""

    @property
    def names(self) -> Names | None:
        """What the features are named."""


class Features(NamedTuple):
    """The features of rows that are no longer there."""

    d: int
    flat: bool
    names: Names | None


def in_order(other: Table, first: Featured, whose: str, of: str) -> Table:
    """Return a second data set with its columns in the order of the first's, which it must have the same of.

    Columns are known by their names; where one side has none, they are taken as they come. None are copied: they are picked
    block by block. `whose` is x of the second, `of` what the first is called.
    """
    found = by_names(other, first.names, whose, of)
    if (first.d, first.flat) != (other.d, other.flat):
        shapes = ["(n,)" if one.flat else f"(n, {one.d})" for one in (other, first)]
        raise ValueError(f"{whose} has shape {shapes[0]} and {of} {shapes[1]}: both must have the same features")
    return found


def by_names(other: Table, names: Names | None, whose: str, of: str) -> Table:
    """As `in_order`, where the number of features is looked at elsewhere."""
    order = order_like(names, other.names, whose, of)
    if order is not None:
        return replace(other, columns=np.array(order), names=names)
    if other.names is None and names is not None and len(names) == other.d:
        return replace(other, names=names)
    return other


def features(x: Any, sample_weight: Any = None) -> Table:
    """Validate x alone, (n,) or (n, d), as a table whose y is 0, with its weights; a source keeps its y."""
    if isinstance(x, Source):
        return table(x, None, sample_weight)
    if _is_remote(x) or _is_remote(sample_weight):
        from .daskdoor import collected

        return collected(x, None, sample_weight, answered=False)
    values = as_numbers(x, "x")
    return table(values if values is x else x, np.broadcast_to(0.0, values.shape[:1] or (1,)), sample_weight)


def require_one_column(
    values: Any, shape: tuple[int, ...], name: str, rule: str = ", one value for each row of x"
) -> None:  # fmt: skip
    """Raise unless values have one dimension, with the way to take the only column of those that have two."""
    if len(shape) == 1:
        return
    said = rule
    if len(shape) == 2 and shape[1] == 1:
        columns = getattr(values, "column_names", getattr(values, "columns", None))
        first = None if columns is None or callable(columns) or len(columns) != 1 else columns[0]
        if isinstance(first, str):
            said = f"; write {name}[{first!r}]"
        elif hasattr(values, "iloc"):
            said = f"; write {name}.iloc[:, 0]"
        elif hasattr(values, "ravel"):
            said = f"; write {name}.ravel()"
        else:
            said = f"; write {name}[:, 0]" if hasattr(values, "shape") else f"; write [row[0] for row in {name}]"
    size = str(shape).replace("nan", "n")  # Dask's word for a number of rows that is not known yet
    raise ValueError(f"{name} has shape {size}: it must be one-dimensional{said}")


def same_length(x: NDArray[Any], other: NDArray[Any], name: str) -> None:
    """Raise unless both have the same number of rows."""
    if len(x) != len(other):
        raise ValueError(
            f"x has {len(x)} rows and {name} has {len(other)}: row {min(len(x), len(other))} is in one only; "
            "they must have the same number of rows"
        )


def _name(column: Any) -> str | None:
    name = getattr(column, "name", None)
    return name if isinstance(name, str) and name else None


def names_of(x: Any, flat: bool) -> Names | None:
    """Column names of pandas and polars frames (.columns) and Arrow tables (.column_names), the name of a column."""
    if flat:
        name = _name(x)
        return None if name is None else (name,)
    columns = getattr(x, "column_names", None)
    columns = getattr(x, "columns", None) if columns is None else columns
    if columns is None or callable(columns) or isinstance(columns, np.ndarray):
        return None
    return tuple(map(str, columns))
