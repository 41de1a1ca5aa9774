"""A grid of settings: which values go together, and which settings are alike but for what may differ side by side."""

import inspect
import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .blocks import Table
from .checks import Floats, at_least_zero, nearest, number
from .descent import fit, start_of

Places = dict[str, np.ndarray[Any, Any]]
"""For each key of a grid the place in its list, (k,), of every combination."""

COLUMNS = ("learning_rate", "l2", "w0", "b0")
"""What may differ between descents that run side by side."""

ARGUMENTS = {
    name: parameter.default
    for name, parameter in inspect.signature(fit).parameters.items()
    if parameter.kind is inspect.Parameter.KEYWORD_ONLY
}
"""What `fit` takes beside the data, with its defaults."""

_SHARED = ("sample_weight", "threads", "progress", "record")


def lists_of(grid: Any, paired: bool, fixed: dict[str, Any]) -> dict[str, list[Any]]:
    """The grid's lists, checked."""
    if not isinstance(grid, dict) or not grid:
        raise ValueError(f"grid is {grid!r}: it must be a dict of lists, such as {{'learning_rate': [0.01, 0.1]}}")
    check_names(itertools.chain(grid, fixed))
    lists = {}
    for name, values in grid.items():
        if name in _SHARED:
            raise ValueError(f"grid has {name!r}: it must be the same for all descents; give it as an argument")
        if name in fixed:
            raise ValueError(f"{name!r} is in the grid and an argument too: it must be one of them")
        if isinstance(values, (str, bytes, dict)) or not hasattr(values, "__iter__"):
            raise ValueError(f"grid[{name!r}] is {values!r}: it must be a list of values, even of one")
        # An array that comes again and again may be one, written to anew each time.
        lists[name] = [value.copy() if isinstance(value, np.ndarray) else value for value in values]
        if not lists[name]:
            raise ValueError(f"grid[{name!r}] is empty: it must have at least one value")
    lengths = [len(values) for values in lists.values()]
    if paired and len(set(lengths)) > 1:
        said = ", ".join(f"{name} has {len(values)}" for name, values in lists.items())
        raise ValueError(f"grid has lists of different lengths ({said}): paired ones must be of one length")
    return lists


def places_of(lists: dict[str, list[Any]], paired: bool) -> Places:
    """For each key of a grid the place in its list of every combination."""
    lengths = [len(values) for values in lists.values()]
    if paired:
        return {name: np.arange(lengths[0]) for name in lists}
    return dict(zip(lists, np.unravel_index(np.arange(math.prod(lengths)), lengths), strict=True))


def check_names(names: Iterable[str]) -> None:
    """Raise for a name that is no argument of `fit`."""
    for name in names:
        if name not in ARGUMENTS:
            raise ValueError(f"{name!r} is no argument of fit{nearest(name, ARGUMENTS)}")


def alike(lists: dict[str, list[Any]], places: Places) -> list[np.ndarray[Any, Any]]:
    """The combinations, those together that differ in rate, penalty and start at most."""
    count = len(next(iter(places.values())))
    key = np.zeros(count, np.int64)
    for name, values in lists.items():
        if name not in COLUMNS:
            seen: dict[str, int] = {}
            codes = np.array([seen.setdefault(_identity(value), len(seen)) for value in values])
            key = key * len(seen) + codes[places[name]]
    return [np.flatnonzero(key == one) for one in np.unique(key)]


def _identity(value: Any) -> str:
    """Text that is the same for equal settings; objects without one of their own are told apart."""
    plain = isinstance(value, (str, int, float, bool, type(None))) or hasattr(value, "__dataclass_fields__")
    return repr(value) if plain else f"{type(value).__name__} at {id(value)}"


def axis(name: str, values: list[Any], data: Table) -> Floats:
    """The values of a list, checked: numbers, or starts (k, d)."""
    if name == "w0":
        return np.array([start_of(value, 0.0, data)[0] for value in values])
    if name == "l2":
        return numbers(values, at_least_zero, name, 0.0)
    return numbers(values, number, name, -float(np.finfo(float).max))


def numbers(values: list[Any], check: Callable[[Any, str], Any], name: str, least: float) -> Floats:
    """The numbers of a list, each checked: one by one only where a look at all of them finds something unusual."""
    found = np.array(values) if len({type(value) for value in values}) == 1 else np.empty(0)
    if found.dtype != np.float64 or found.ndim != 1 or not found.size or not ((found >= least) & (found < math.inf)).all():
        found = np.array([check(value, name) for value in values], dtype=np.float64)
    return found
