"""A user's function, evaluated: compiled by Numba where that gives what Python gives, and in Python where it does not.

What Python says of f is what f is. Compiled code is another program: its whole numbers have 64 bits and wrap, 10 ** -n of
them is 0, `1 / (1 + math.exp(-x))` is 0 where Python raises. So Python is asked as well, at a few points of every piece of
work, and wherever compiled code has no finite answer; where they differ by more than rounding the work is done again in
Python. Where f has no value (Python's ValueError and ArithmeticError, complex numbers, NaN) it is NaN, either way.
"""

import functools
import math
import warnings
import weakref
from typing import Any

import numpy as np

from . import kernels
from .checks import Floats
from .returned import NoNumber, NotReal, numbers_of
from .roundoff import EPS, noise_at

_slow: "weakref.WeakSet[Any]" = weakref.WeakSet()  # functions whose slowness has been said
_apart: "weakref.WeakSet[Any]" = weakref.WeakSet()  # functions that compiled code gets wrong, or that vary
_restless: "weakref.WeakSet[Any]" = weakref.WeakSet()  # functions that vary, of which that has been said


class Revised(Exception):
    """What was found out about a function asks for the piece of work to be done again."""


def where(point: Floats) -> str:
    """A point as text: x = 1, or (1, 2)."""
    return f"x = {point[0]:.6g}" if len(point) == 1 else f"({point[0]:.6g}, {point[1]:.6g})"


def name_of(function: Any) -> str:
    """What to call a function in a sentence."""
    name = getattr(function, "__name__", type(function).__name__)
    return "f" if name == "<lambda>" else str(name)


def first_time(said: "weakref.WeakSet[Any]", function: Any) -> bool:
    """Whether a function is not in the set yet; puts it there."""
    try:
        known = function in said
        said.add(function)
    except TypeError:  # no weak references to it, or no hash
        return True
    return not known


class Evaluated:
    """A function evaluated at many points, its results checked: `width` numbers each."""

    def __init__(self, function: Any, role: str, start: Floats, width: int) -> None:
        if not callable(function):
            wanted = "a number" if len(start) == 1 else "an array of two numbers"
            raise TypeError(f"{role} is {function!r}: it must be a function of {wanted}")
        self.function, self.role, self.dims, self.width = function, role, len(start), width
        name = name_of(function)
        self.title = f"{role}{'' if name == 'f' else f' {name!r}'}"
        self.take, self.unit, self.calls, self.varies, self.started = "number", EPS, 0, False, False
        self.looking = False
        """Whether points are only looked at, so that a fault is but a missing value."""
        self.fault: str | None = None
        """What the function did at the last point where it had no value, those that are only looked at left aside."""
        self.lacking = ""  # the same with those
        first = self.one(start)
        if not np.isfinite(first).all():
            raise ValueError(f"{role} is {self._text(first)} at the start, {where(start)}: it must be finite there")
        self.started = True
        self._ask_again(start, first)

    def __call__(self, points: Floats) -> Floats:
        """Evaluate at points (m, dims): (m, width)."""
        points = np.ascontiguousarray(points, dtype=np.float64)
        fast = None if self.varies else self._fast
        if fast is not None:
            out = np.empty((len(points), self.width))
            try:
                fast(points, out)
            except Exception:
                pass  # compiled code does not say at which point: Python does, below
            else:
                self._compare(points, out)
                return out
        return np.array([self.one(point) for point in points]).reshape(len(points), self.width)

    def audit(self, points: Floats, found: Floats) -> None:
        """Ask Python for a function that was found at points (m, dims) to be (m, width); raise Revised if not."""
        for point, said in zip(points, found):
            true = self.one(point)
            if self._fast is not None and not self.varies:
                if not self._agree(point, said, true):
                    self._distrust(point, said, true)
            elif not self.varies and not np.array_equal(said, true, equal_nan=True):
                self._found_to_vary(point, said, true)
                raise Revised

    @functools.cached_property
    def _fast(self) -> Any:
        module = kernels.landscape
        if not module.enabled() or _knows(_apart, self.function):
            return None
        fast = module.compiled(self.function, self.dims, "pair" if self.width == 2 else self.take)
        if fast is None and first_time(_slow, self.function):
            warnings.warn(
                f"{self.title} cannot be compiled by Numba and runs in Python, slower "
                "(functions that it calls need @numba.njit)",
                UserWarning,
                stacklevel=2,
            )
        return fast

    def one(self, point: Floats) -> Floats:
        """What Python says of the function at a point (dims,): (width,), NaN where it has no value."""
        if not self.looking:
            return self._one(point)
        try:
            return self._one(point)
        except (TypeError, ValueError):
            return np.full(self.width, math.nan)

    def _one(self, point: Floats) -> Floats:
        argument = float(point[0]) if self.dims == 1 else point.copy()
        try:
            with np.errstate(all="ignore"):
                result = self.function(argument)
        except Exception as error:
            said = f"{self.role} raised {type(error).__name__} at {where(point)}: {error}".removesuffix(": ")
            # math.exp((-1.0) ** 0.5) is a TypeError, since the root is a complex number
            outside = isinstance(error, (ValueError, ArithmeticError))
            if self.started and (outside or (isinstance(error, TypeError) and "complex" in str(error))):
                return self._nowhere(said)
            raise ValueError(said) from error
        return self._checked(result, point)

    def _checked(self, result: Any, point: Floats) -> Floats:
        rule = "it must return one number" if self.width == 1 else "it must return two numbers, df/dx and df/dy"
        if result is None:
            raise TypeError(f"{self.role} returned None at {where(point)}: {rule}")
        try:
            values, shape, unit = numbers_of(result)
        except NotReal:
            if self.started:
                return self._nowhere(f"{self.role} is the complex number {result!s} at {where(point)}")
            raise TypeError(f"{self.role} returned {result!r} at {where(point)}: {rule}") from None
        except NoNumber:
            raise TypeError(f"{self.role} returned {result!r} at {where(point)}: {rule}") from None
        if len(values) != self.width:
            raise ValueError(f"{self.role} returned an array of shape {shape} at {where(point)}: {rule}")
        if not self.started:
            self.take = "first" if len(shape) == 1 else "item" if shape or isinstance(result, np.ndarray) else "number"
        self.unit = max(self.unit, unit)
        found = np.array(values)
        if not np.isfinite(found).all() and not (found == -math.inf).all():  # f falls without bound there
            self._nowhere(f"{self.role} is {self._text(found)} at {where(point)}")
        return found

    def _nowhere(self, said: str) -> Floats:
        self.lacking = said
        if not self.looking:
            self.fault = said
        return np.full(self.width, math.nan)

    def _text(self, found: Floats, digits: int = 6) -> str:
        parts = [f"{part:.{digits}g}" for part in found]
        return parts[0] if self.width == 1 else f"({', '.join(parts)})"

    def _compare(self, points: Floats, out: Floats) -> None:
        """Ask Python where compiled code has no finite answer, and in the first, second, fourth ... call at two points."""
        self.calls += 1
        if self.calls & (self.calls - 1) == 0:
            for row in sorted({0, len(points) - 1}):
                true = self.one(points[row])
                if not self._agree(points[row], out[row], true):
                    self._distrust(points[row], out[row], true)
        for row in np.flatnonzero(~np.isfinite(out).all(axis=1)).tolist():
            true = self.one(points[row])
            if np.isfinite(true).all():
                self._distrust(points[row], out[row], true)
            out[row] = true

    def _agree(self, point: Floats, said: Floats, true: Floats) -> bool:
        """Whether what compiled code said is what Python says, but for rounding.

        Both programs do the same operations in double precision, but powers and sums may round differently: a few units in
        the last place of what they are made of. That may be much of the value, where large terms cancel: so a difference of
        more than 16 units is held against the noise that a table of differences finds in the two.
        """
        if not np.isfinite(true).all():
            return not np.isfinite(said).all()
        apart = np.abs(said - true)
        close = 16.0 * EPS * np.maximum(np.abs(said), np.abs(true)) + 1e-320
        if (apart <= close).all():
            return True
        if self.unit > EPS or not np.isfinite(apart).all():  # no rounding of double precision
            return False
        with np.errstate(all="ignore"):
            kept, fault = self.calls, self.fault
            noises = [
                noise_at(lambda points: np.array([self.one(p) for p in points]), point)[0],
                noise_at(self._raw, point)[0],
            ]
            self.calls, self.fault = kept, fault
        return bool((apart <= np.maximum(close, 32.0 * np.maximum(*noises))).all())

    def _raw(self, points: Floats) -> Floats:
        out = np.full((len(points), self.width), math.nan)
        try:
            self._fast(np.ascontiguousarray(points), out)
        except Exception:  # one of the points is outside of where f is defined
            out[:] = math.nan
        return out

    def _distrust(self, point: Floats, said: Floats, true: Floats) -> None:
        """Do without compiled code from now on."""
        first_time(_apart, self.function)
        self._fast = None
        self._ask_again(point, true)
        if not self.varies:
            ours = f"{self.role} is {self._text(true)} at {where(point)}" if np.isfinite(true).all() else self.lacking
            theirs = self._text(said)
            if theirs == self._text(true):  # in six digits
                ours, theirs = f"{self.role} is {self._text(true, 17)} at {where(point)}", self._text(said, 17)
            warnings.warn(
                f"{ours}, but {theirs} as compiled by Numba, whose whole numbers wrap at 64 bits and which mixes "
                f"precisions by rules of its own: {self.title} runs in Python, slower",
                UserWarning,
                stacklevel=2,
            )
        raise Revised

    def _ask_again(self, point: Floats, found: Floats) -> None:
        """Call the function once more at a point: one that gives another answer is no function of the point."""
        again = self.one(point)
        if not np.array_equal(again, found, equal_nan=True):
            self._found_to_vary(point, found, again)

    def _found_to_vary(self, point: Floats, found: Floats, again: Floats) -> None:
        self.varies = True
        if first_time(_restless, self.function):
            both = f"{self._text(found)} and {self._text(again)}"
            warnings.warn(
                f"{self.title} is not the same at every call, {both} at {where(point)}: a descent on it takes all "
                "its steps, and none is said to converge",
                UserWarning,
                stacklevel=2,
            )


def _knows(said: "weakref.WeakSet[Any]", function: Any) -> bool:
    try:
        return function in said
    except TypeError:
        return False
