"""A user's own function, compiled in memory and evaluated at many points.

It is compiled without a disk cache: Numba stamps a cached function with its file, and a function typed into a notebook
has none. The update rule is that of kernels/optimizers.py, which acts on every coordinate alike and so on many descents.
"""

import functools
import inspect
import types
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from . import _jit
from ._jit import inline

_numba = _jit.numba


@inline
def _number(result):
    return result


@inline
def _first(result):
    return result[0]


@inline
def _item(result):
    return result.item()


_TAKE = {"number": _number, "first": _first, "item": _item}


def enabled() -> bool:
    """Whether Numba compiles anything in this process."""
    return not _numba.config.DISABLE_JIT


def compiled(function: Callable[..., Any], dims: int, take: str) -> Callable[..., None] | None:
    """Return evaluate(points (m, dims), out (m, 1 or 2)), compiled, or None if Numba cannot. O(m).

    `take` says what a result is: "number", "first" (an array of one), "item" (a deeper array of one) or "pair".
    """
    try:
        return _compiled(function, dims, take, _captured(function))
    except (TypeError, ValueError):  # no hash, or a closure not yet filled: no function that Numba knows
        return None


def _captured(function: Any) -> tuple[Any, ...]:
    """What a function reads from outside: Numba freezes these values, so that a change of one needs a new compilation."""
    if not isinstance(getattr(function, "py_func", function), types.FunctionType):
        return ()
    seen = inspect.getclosurevars(getattr(function, "py_func", function))
    return tuple((name, _key(value)) for name, value in sorted({**seen.globals, **seen.nonlocals}.items()))


def _key(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    try:
        hash(value)
    except TypeError:
        return id(value)
    return type(value), value


@functools.lru_cache(maxsize=64)
def _compiled(function: Any, dims: int, take: str, captured: Any) -> Any:  # noqa: ARG001 - a part of the key
    if isinstance(function, types.FunctionType):
        # boundscheck: p[2] of a pair must raise as it does in Python, not read what lies behind
        function = _numba.njit(boundscheck=True)(function)
    result = _TAKE.get(take)

    def line(points, out):
        for i in range(points.shape[0]):
            out[i, 0] = result(function(points[i, 0]))

    def plane(points, out):
        for i in range(points.shape[0]):
            out[i, 0] = result(function(points[i].copy()))

    def pairs(points, out):
        for i in range(points.shape[0]):
            both = function(points[i].copy())
            out[i, 0] = both[0]
            out[i, 1] = both[1]

    evaluate = _numba.njit(nogil=True)(pairs if take == "pair" else line if dims == 1 else plane)
    matrix = _numba.float64[:, ::1]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Numba's advice on the user's function is of no use to a learner
            evaluate.compile((matrix, matrix))
    except Exception:  # Numba's own errors, and whatever else it trips over in code that it does not know
        return None
    return evaluate
