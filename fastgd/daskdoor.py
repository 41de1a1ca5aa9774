"""The door for Dask: arrays, dataframes and series become a table of rows that stay where they are.

Where the sizes of partitions are not known, their rows are counted on the workers; y and weights are cut as x is.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .cells import Place, unit_of
from .checks import nearest
from .cluster import collect
from .containers import as_numbers, holds_numbers
from .distributed import DaskTable, Held
from .door import require_one_column, same_length
from .names import Names, order_like


def collected(x: Any, y: Any, sample_weight: Any = None, *, answered: bool = True) -> DaskTable:
    """Validate Dask arrays, or a dataframe and series or the names of its columns, as a table."""
    _require_dask(x, "x")
    names = _columns_of(x)
    target = y if isinstance(y, str) else _series_name(y)
    others = {"y": y, "sample_weight": sample_weight} if answered else {"sample_weight": sample_weight}
    if answered and y is None:
        raise TypeError("y is None: it must be a Dask array or series, or the name of a column of x")
    named = {name: values for name, values in others.items() if isinstance(values, str)}
    for name, values in named.items():
        if names is None or x.ndim == 1 or values not in names:
            said = "no columns with names" if names is None or x.ndim == 1 else f"no such column{nearest(values, names)}"
            raise ValueError(f"{name} is {values!r}: x has {said}")
    given = {name: values for name, values in others.items() if values is not None}
    if named:
        names = [name for name in names or () if name not in named.values()]
        if not names:
            raise ValueError("x has no columns besides those of y and sample_weight: at least one feature is needed")
        together = len(named) == len(given)
        frame, x = x, x[names + list(named.values())] if together else x[names]
        given = {} if together else {name: frame[values] if name in named else values for name, values in given.items()}
    flat = x.ndim == 1
    arrays = [_array(x, "x"), *(_array(values, name) for name, values in given.items())]
    width = 1 if flat else len(names) if names is not None else arrays[0].shape[1]
    if width == 0:
        raise ValueError(f"x has shape {arrays[0].shape}: it must have at least one column")
    arrays = _with_lengths(arrays)
    features = arrays[0]
    if features.shape[0] == 0:
        raise ValueError("x is empty: at least one row is needed")
    for name, values in zip(given, arrays[1:], strict=True):
        same_length(features, values, name)
    arrays = [values.rechunk({0: features.chunks[0]}) for values in arrays]
    edges, keys = [0], []
    for k, size in enumerate(features.chunks[0]):
        if size:
            edges.append(edges[-1] + size)
            keys.append([(values.name, k, *([0] if values.ndim == 2 else [])) for values in arrays])
    graph: dict[Any, Any] = {}
    for values in arrays:
        graph.update(values.__dask_graph__())
    return DaskTable(
        flat=flat, names=None if names is None else tuple(map(str, names)), target=target or "y",
        held=Held(graph, keys, edges), total=edges[-1], width=width, weighted_=sample_weight is not None, answered=answered,
    )  # fmt: skip


def _series_name(values: Any) -> str | None:
    """The name of a series; that of a Dask array is a key and no name."""
    name = getattr(values, "name", None) if _is_frame(values) else None
    return name if isinstance(name, str) and name else None


def _is_frame(values: Any) -> bool:
    return hasattr(type(values), "to_dask_array")


def _require_dask(values: Any, name: str) -> None:
    import dask.array

    if not isinstance(values, dask.array.Array) and not _is_frame(values):
        raise TypeError(
            f"{name} is a {type(values).__name__}: x, y and sample_weight must all be Dask arrays, dataframes or series "
            "where one of them is; make it one with dask.array.from_array"
        )


def _columns_of(x: Any) -> list[Any] | None:
    if not _is_frame(x):
        return None
    if x.ndim == 1:
        name = _series_name(x)
        return None if name is None else [name]
    return list(x.columns)


def _array(values: Any, name: str) -> Any:
    """A Dask array (n,), or (n, d) for x, of numbers, in chunks of whole rows."""
    _require_dask(values, name)
    given = values
    if _is_frame(values):
        values = _array_of_frame(values, name)
    unit = unit_of(values._meta)
    if unit is not None:
        raise Place(name).with_unit(values._meta, unit)
    if values.dtype.kind == "O":  # decimals and fractions, say: only the values tell
        values = values.map_blocks(_numbers_of_block, name, dtype=np.float64, meta=np.empty((0,) * values.ndim))
    if values.dtype.kind == "c":
        raise TypeError(f"{name} is complex: every value must be a real number")
    if values.dtype.kind not in "biuf":
        raise TypeError(f"{name} has dtype {values.dtype}: every value must be a number")
    if name == "x":
        if values.ndim not in (1, 2):
            raise ValueError(f"x has {values.ndim} dimensions: it must be (n,) for one feature, or (n, d) for d features")
        if values.ndim == 2 and values.numblocks[1] != 1:
            values = values.rechunk({1: -1})
    elif values.ndim == 2 and values.shape[1] == 1 and not _is_frame(given):
        raise ValueError(f"{name} has shape {values.shape}: it must be one-dimensional; write {name}[:, 0]")
    else:
        require_one_column(given, values.shape, name)
    return values


def _array_of_frame(frame: Any, name: str) -> Any:
    """A dataframe or series as an array; what is not a number is refused by its column's name."""
    kinds = [(frame.name, frame.dtype)] if frame.ndim == 1 else list(frame.dtypes.items())
    for column, kind in kinds:
        categories = getattr(kind, "categories", None)  # where they are not known yet, there is one of Dask's instead
        unknown = categories is not None and "__UNKNOWN_CATEGORIES__" in list(categories)
        if not unknown and holds_numbers(kind) is False:
            raise TypeError(f"{name} has dtype {kind} in column {column}: every value must be a number")
    if len({kind for _, kind in kinds}) != 1 or not isinstance(kinds[0][1], np.dtype) or kinds[0][1].kind == "O":
        meta = _rebuilt(frame._meta, np.empty(frame._meta.shape))
        frame = frame.map_partitions(_numbers_of_partition, name, meta=meta)
    if frame.ndim == 2:
        frame = frame.map_partitions(_in_order, tuple(map(str, frame.columns)), meta=frame._meta)
    return frame.to_dask_array()


def _in_order(part: Any, names: Names) -> Any:
    """A partition with its columns where its frame has them: Dask lets each have an order of its own, and mixes them up."""
    order = order_like(names, tuple(map(str, part.columns)), "a partition of x", "x itself")
    return part if order is None else part.iloc[:, order]


def _rebuilt(frame: Any, values: Any) -> Any:
    """A pandas frame or series with other values."""
    labels = {"name": frame.name} if frame.ndim == 1 else {"columns": frame.columns}
    return type(frame)(values, index=frame.index, **labels)


def _numbers_of_partition(frame: Any, name: str, partition_info: Any = None) -> Any:
    """A partition as float64; missing values become NaN, and are named by their row when rows are looked at."""
    with _within("partition", partition_info["number"] if partition_info else None):
        return _rebuilt(frame, as_numbers(frame, name, holes=True).astype(np.float64))


def _numbers_of_block(values: Any, name: str, block_info: Any = None) -> Any:
    """A block of objects as float64."""
    with _within("block", block_info[0]["chunk-location"][0] if block_info else None):
        return as_numbers(values, name, holes=True).astype(np.float64)


@contextmanager
def _within(what: str, number: int | None) -> Iterator[None]:
    """Have an error say which part of the rows its row is counted in."""
    try:
        yield
    except TypeError as error:
        raise TypeError(f"{error} (rows of {what} {number} are counted from 0)") from None


def _with_lengths(arrays: list[Any]) -> list[Any]:
    """The arrays with the sizes of their chunks; those that are not known are counted, where the chunks are."""
    import dask.array

    name = f"fastgd-lengths-{uuid.uuid4().hex}"
    graph: dict[Any, Any] = {}
    counts: dict[Any, int] = {}
    unknown = [values for values in arrays if np.isnan(values.shape[0])]
    for values in unknown:
        graph.update(values.__dask_graph__())
        for k in range(values.numblocks[0]):
            graph[(name, values.name, k)] = (len, (values.name, k, *([0] if values.ndim == 2 else [])))
            counts[(name, values.name, k)] = 0
    if counts:
        found: list[int] = []
        collect(graph, list(counts), found.append)
        counts = dict(zip(counts, found, strict=True))
    known = []
    for values in arrays:
        if np.isnan(values.shape[0]):
            sizes = tuple(counts[(name, values.name, k)] for k in range(values.numblocks[0]))
            chunks = (sizes, *values.chunks[1:])
            values = dask.array.Array(values.dask, values.name, chunks, meta=values._meta)  # type: ignore[no-untyped-call]
        known.append(values)
    return known
