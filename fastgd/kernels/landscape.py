"""A user's own function, compiled in memory and evaluated at many points.

It is compiled without a disk cache: Numba stamps a cached function with its file, and a function typed into a notebook
has none. The update rule is that of kernels/optimizers.py, which acts on every coordinate alike and so on many descents.
"""

import functools
import types
import warnings
from collections.abc import Callable, Iterable
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
    """What a function reads from outside: Numba freezes these values, so that a change of one needs a new compilation.

    Its globals and those of modules, its closure, its defaults; a function within it, as a comprehension, reads the same.
    """
    inner = getattr(function, "py_func", function)
    if not isinstance(inner, types.FunctionType):
        return ()
    names = _names(inner.__code__)
    outside = {name: inner.__globals__[name] for name in names if name in inner.__globals__}
    outside |= {name: cell.cell_contents for name, cell in zip(inner.__code__.co_freevars, inner.__closure__ or ())}
    seen = tuple((name, _key(outside[name], names)) for name in sorted(outside))
    return inner.__code__, _key(inner.__defaults__), _key(tuple((inner.__kwdefaults__ or {}).items())), seen


def _names(code: types.CodeType) -> set[str]:
    inner = [_names(part) for part in code.co_consts if isinstance(part, types.CodeType)]
    return set(code.co_names).union(*inner)


def _key(value: Any, names: Iterable[str] = (), depth: int = 3) -> Any:
    """A value as part of a key: equal where compiled code that holds the value is right."""
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    if isinstance(value, tuple):
        return tuple(_key(part) for part in value)
    if isinstance(value, types.ModuleType) and depth:
        inside = vars(value)
        return value, tuple((name, _key(inside[name], names, depth - 1)) for name in sorted(names) if name in inside)
    try:
        hash(value)
    except TypeError:
        return id(value)
    # 0.0 == -0.0, and nan is not itself
    return type(value), value.hex() if isinstance(value, float) else value


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
