"""The decorators of every compiled function: the flags, each with its reason, and a disk cache that never breaks a call."""

import hashlib
import pathlib
import sys
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.core import caching

# Without these four a sum is one chain of additions, 3 times slower. NaN and infinity still behave, which
# all of fast-math would break.
_SUMS = {"reassoc", "nsz", "arcp", "contract"}
# `reassoc` would rewrite (y - y0) - s * (x - x0) and lose what the centring won, and it would reorder a chain of
# updates; a fused multiply-add only rounds less.
_EXACT = {"contract"}


def _stamp() -> str:
    """Hash of every source file in this folder and of the compiler: a cached kernel is valid for exactly these."""
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(pathlib.Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


_STAMP = _stamp()


class _Notice:
    """Says once on stderr that kernels are compiling, when that has taken a second in all."""

    def __init__(self) -> None:
        self.spent = 0.0
        self.said = False
        self.lock = threading.Lock()

    def say(self) -> None:
        with self.lock:
            if not self.said:
                self.said = True
                print("fastgd: compiling kernels, once per machine ...", file=sys.stderr, flush=True)

    def start(self) -> tuple[float, threading.Timer | None]:
        timer = None
        if not self.said:
            timer = threading.Timer(max(0.0, 1.0 - self.spent), self.say)
            timer.daemon = True
            timer.start()
        return time.perf_counter(), timer

    def stop(self, started: tuple[float, threading.Timer | None]) -> None:
        since, timer = started
        if timer is not None:
            timer.cancel()
        self.spent += time.perf_counter() - since


_notice = _Notice()
_warned = False


def _warn_once(error: Exception) -> None:
    global _warned
    if not _warned:
        _warned = True
        warnings.warn(
            f"fastgd cannot use its kernel cache and compiles in every process ({type(error).__name__}: {error}); "
            "set NUMBA_CACHE_DIR to a folder that can be written",
            RuntimeWarning,
            stacklevel=2,
        )


class _Cache(caching.FunctionCache):  # type: ignore[misc]
    """Numba's disk cache with our stamp; whatever is wrong with its files costs a compilation, never the call.

    Numba stamps a cached function with its own source file alone, and so would not notice an edit of a function
    that it calls in another file, nor of the flags in this one.
    """

    def __init__(self, py_func: Callable[..., Any]) -> None:
        super().__init__(py_func)
        self._cache_file._source_stamp = _STAMP
        self._started: dict[int, Any] = {}

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        compiled = None
        try:
            compiled = super().load_overload(sig, target_context)
        except Exception as error:  # a truncated or foreign file may fail anywhere in unpickling
            _warn_once(error)
            try:
                self.flush()  # an unreadable index would fail every save as well
            except OSError as failure:
                _warn_once(failure)
        if compiled is None:
            self._started[threading.get_ident()] = _notice.start()
        return compiled

    def save_overload(self, sig: Any, data: Any) -> None:
        started = self._started.pop(threading.get_ident(), None)
        if started is not None:
            _notice.stop(started)
        try:
            super().save_overload(sig, data)
        except Exception as error:
            _warn_once(error)


def _compile_lazily(fastmath: set[str], inlined: bool = False) -> Callable[[Callable[..., Any]], Any]:
    # nogil: the corridor runs kernels on threads. error_model="numpy": no check for a zero divisor, so that
    # divisions vectorise. No signature: nothing is compiled before its first call.
    decorate = numba.njit(nogil=True, error_model="numpy", fastmath=fastmath, forceinline=inlined)

    def wrap(function: Callable[..., Any]) -> Any:
        if numba.config.DISABLE_JIT:
            # Compiled code does not warn of overflow; NumPy's scalars would, and would stop at warnings as errors.
            return np.errstate(all="ignore")(function)
        dispatcher = decorate(function)
        try:
            dispatcher._cache = _Cache(function)
        except Exception as error:  # no folder to write to, or a numba whose private cache looks different
            _warn_once(error)
        return dispatcher

    return wrap


kernel = _compile_lazily(_SUMS)
"""Decorator of kernels that add up rows: sums may be reordered into SIMD lanes."""

tile = _compile_lazily(_SUMS, inlined=True)
"""Decorator of sums that kernels share. Left as a function, one would be there twice, optimised by itself and within its
caller, with sums in other orders; which of them is called would depend on what was compiled or loaded before, and so would
the last bits."""

exact = _compile_lazily(_EXACT)
"""Decorator of kernels and helpers whose order of operations matters: centring, chains of updates."""

portable = _compile_lazily(set())
"""Decorator of kernels that must give the same bits on every machine: a fused multiply-add would not."""

inline = numba.njit(nogil=True, error_model="numpy", inline="always")
"""Decorator of helpers pasted into the kernel that calls them, where they take its flags. Left to itself, LLVM calls a
helper of the size of Philox instead, and a row costs 20 ns in place of 3.3."""
