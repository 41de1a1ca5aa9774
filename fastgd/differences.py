"""Values, slopes and curvatures of a function, by formulas where they are known and by differences where not.

Central differences (Nocedal and Wright, "Numerical Optimization", 2nd ed., section 8.1; Press et al., "Numerical Recipes",
3rd ed., section 5.7): with a step h the truncation error is of order h^2 and the rounding error of order e |f| / h for a
first derivative, e |f| / h^2 for a second: their sum is least near h = e^(1/3) and h = e^(1/4), times the scale of x. Here e
is what is not known of f, relative to what f changes by: 2^-52 for values of double precision that change by as much as they
are, 2^-23 in single precision, and more where f is a large number that hardly changes.
"""

import contextlib
import copy
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

from .checks import Floats
from .evaluation import Evaluated, Revised, first_time, name_of, where
from .functions import Landscape
from .roundoff import EPS, UNITS, noise_at

_coarse: "weakref.WeakSet[Any]" = weakref.WeakSet()  # functions whose low precision has been said
_WORTH_A_WORD = 1e-10  # what is not known of f over what it changes by: from here on the usual steps are too short
_CURE = "; let it compute in float64 (in JAX: jax_enable_x64)"
_Work = TypeVar("_Work")


class Function:
    """f as a descent wants it: values (m,), gradients (m, d) at points (m, d), and the Hessian (d, d) at one."""

    def __init__(self, f: Any, start: Floats, gradient: Any = None) -> None:
        self.f, self.dims, self.name, self.start = f, len(start), name_of(f), start
        if isinstance(f, Landscape) and f.dims != self.dims:
            wanted = "a number" if f.dims == 1 else "a pair of numbers"
            raise ValueError(f"start {where(start)} does not fit {f.name}: it must be {wanted}")
        known = isinstance(f, Landscape)
        self._values = None if known else Evaluated(f, "f", start, 1)
        self._gradients = None if gradient is None else Evaluated(gradient, "gradient", start, self.dims)
        self.exact = known or gradient is not None
        """Whether gradients are formulas, and not differences of values."""
        self.precision, self.floor, self._asked = EPS, 0.0, known
        """What is not known of f, relative to what it changes by, and what is not known of it where it is 0."""

    @property
    def varies(self) -> bool:
        """Whether f or its gradient is not the same at every call."""
        return any(known.varies for known in (self._values, self._gradients) if known is not None)

    @property
    def fault(self) -> str | None:
        """What f or its gradient did at the last point where it had no value."""
        return next((known.fault for known in (self._values, self._gradients) if known is not None and known.fault), None)

    def honestly(self, work: Callable[[], _Work]) -> _Work:
        """Do a piece of work, and again whenever it was found on the way that f was taken for another function."""
        while True:  # compiled, in Python, as one that varies; then at most three lower precisions
            try:
                for known in (self._values, self._gradients):
                    if known is not None:
                        known.fault = None
                if not self._asked:
                    self._asked = True
                    self.look(self.start)
                return work()
            except Revised:
                continue

    @contextlib.contextmanager
    def looking_around(self) -> Iterator[None]:
        """Points that are only looked at, where a descent may never come: even a fault of f is but a missing value."""
        asked = [known for known in (self._values, self._gradients) if known is not None]
        for known in asked:
            known.looking = True
        try:
            yield
        finally:
            for known in asked:
                known.looking = False

    def audit(self, points: Floats, values: Floats) -> None:
        """Hold values found at points (m, dims) against what Python says of f there; raise Revised where they differ."""
        if self._values is not None:
            self._values.audit(points, values[:, None])
        if self._gradients is not None:
            self._gradients.audit(points, self._gradients(points))

    def values(self, points: Floats) -> Floats:
        """f at points (m, d): (m,)."""
        with np.errstate(all="ignore"):
            if self._values is None:
                return np.asarray(self.f(points[:, 0] if self.dims == 1 else points))
            return self._values(points)[:, 0]

    def gradients(self, points: Floats) -> Floats:
        """The gradient at points (m, d): (m, d)."""
        with np.errstate(all="ignore"):
            if self._gradients is not None:
                return self._gradients(points)
            if self._values is None:
                return np.asarray(self.f.gradient(points[:, 0] if self.dims == 1 else points)).reshape(points.shape)
            return self.slopes(points, self.steps(points))

    def slopes(self, points: Floats, steps: Floats) -> Floats:
        """Central differences of f at points (m, d) over steps (m, d): (m, d)."""
        upper, lower, twice = _either_side(points, steps)
        both = self.values(np.concatenate([upper, lower])).reshape(2, self.dims, len(points))
        slopes: Floats = ((both[0] - both[1]) / twice).T
        return slopes

    def steps(self, points: Floats, power: float = 1.0 / 3.0) -> Floats:
        """The step of a central difference along each coordinate: precision^power times max(1, |x|)."""
        h: Floats = self.precision**power * np.maximum(1.0, np.abs(points))
        return h

    def rounding(self, points: Floats, values: Floats) -> Floats:
        """About the largest length of a gradient that is nothing but rounding, (m,): 0 for formulas."""
        if self.exact:
            return np.zeros(len(points))
        errors: Floats = 4.0 * np.maximum(self._unit * np.abs(values), self.floor) / self.steps(points).min(axis=1)
        return errors

    @property
    def _unit(self) -> float:
        return EPS if self._values is None else self._values.unit

    def noise(self, point: Floats, value: float) -> float:
        """About what is not known of f near a point."""
        table = 0.0 if self._values is None else float(noise_at(lambda at: self.values(at)[:, None], point)[0][0])
        return max(self._unit * abs(value), self.floor, table)

    def slope_noise(self, point: Floats) -> float:
        """About what is not known of a gradient that the user gave, near a point."""
        return 0.0 if self._gradients is None else float(np.linalg.norm(noise_at(self._gradients, point)[0]))

    def another_gradient(self, point: Floats) -> str | None:
        """What is wrong if the user's gradient is not the slope of f at a point, as far as differences tell."""
        if self._gradients is None or self.varies:
            return None
        with np.errstate(all="ignore"), self.looking_around():
            given, value, h = self._gradients(point[None, :])[0], self.values(point[None, :])[0], self.steps(point)
            # a kink has two slopes, and a gradient there may be anything between
            sides = np.array([(self.values(point + s * np.diag(h)) - value) / (s * h) for s in (1.0, -1.0)])
            units = np.concatenate([np.eye(self.dims), -np.eye(self.dims)])
            around = np.abs(np.concatenate([self._gradients(point + units), sides]))
            size = float(around[np.isfinite(around)].max(initial=0.0))
            slack = 0.01 * np.abs(sides).max() + 1e-4 * size + 8.0 * self.noise(point, float(value)) / h
        if not np.isfinite([*given, *slack]).all():
            return None
        if ((sides.min(axis=0) - slack <= given) & (given <= sides.max(axis=0) + slack)).all():
            return None
        slope = ", ".join(f"{part:.6g}" for part in sides.mean(axis=0))
        told = ", ".join(f"{part:.6g}" for part in given)
        told, slope = (f"({told})", f"({slope})") if self.dims == 2 else (told, slope)
        return f"gradient is {told} at {where(point)}, where f slopes by {slope}: it is the gradient of another function"

    def without_gradient(self) -> "Function":
        """The same f, with differences in place of the gradient that was given."""
        alone = copy.copy(self)
        alone._gradients, alone.exact, alone.precision, alone.floor = None, self._values is None, EPS, 0.0
        return alone

    def look(self, point: Floats) -> bool:
        """Find the precision of f around a point; whether it is lower than what was known, which is said once."""
        before, known = self.precision, self._gradients or self._values
        if known is None:
            return False
        with np.errstate(all="ignore"), self.looking_around():
            said = self._look_at_gradient(point) if self._gradients is not None else self._look_at_values(point)
        if self.precision > before and not self.varies and first_time(_coarse, known.function):
            warnings.warn(said, UserWarning, stacklevel=2)
        return self.precision > before

    def _look_at_gradient(self, point: Floats) -> str:
        given: Any = self._gradients
        given.unit = max(given.unit, noise_at(given, point)[1])
        if given.unit <= self.precision:
            return ""
        self.precision = given.unit
        return f"{given.title} {_digits(given.unit)}: where it vanishes is known to as many{_CURE}"

    def _look_at_values(self, point: Floats) -> str:
        given: Any = self._values
        value, size = float(self.values(point[None, :])[0]), np.diag(np.maximum(1.0, np.abs(point)))
        far = self.values(np.concatenate([point + size, point - size]))
        noise, unit = noise_at(lambda at: self.values(at)[:, None], point)
        if (far.astype(np.float32) == far)[np.isfinite(far)].all():  # few digits here may be what is left of large terms
            given.unit = max(given.unit, unit)
        far = np.abs(far - value)
        change, rounding = float(far[np.isfinite(far)].max(initial=0.0)), max(given.unit * abs(value), float(noise[0]))
        found = given.unit
        if rounding > max(_WORTH_A_WORD, found) * change and change > 8.0 * rounding:
            found = min(rounding / change, 0.05)
        if found <= 2.0 * self.precision:
            return ""
        self.precision = found
        if point is self.start and noise[0] > 4.0 * given.unit * abs(value):
            self.floor = max(self.floor, float(noise[0]))
        known = f"is known to about {rounding:.2g} where it changes by {change:.2g}, around {where(point)}"
        told = float(self.rounding(point[None, :], np.array([value]))[0])
        return (
            f"{given.title} {known if given.unit == EPS else _digits(given.unit)}: its gradient is taken over steps of "
            f"{self.steps(point).min():.2g}, and below {told:.2g} not told from 0{'' if given.unit == EPS else _CURE}"
        )

    def hessian(self, point: Floats) -> Floats:
        """The Hessian (d, d): differences of gradients that are formulas, else second differences of values."""
        d, points = self.dims, point[None, :]
        with np.errstate(all="ignore"):
            if self.exact:
                upper, lower, twice = _either_side(points, self.steps(points))
                rows = (self.gradients(upper) - self.gradients(lower)) / twice
                symmetric: Floats = (rows + rows.T) / 2.0
                return symmetric
            h = self.steps(points, 0.25)[0]
            h = (point + h) - point  # so that x + h - x is h, without rounding
            shifts = np.array([(i, j) for i in (-1.0, 0.0, 1.0) for j in ((-1.0, 0.0, 1.0) if d == 2 else (0.0,))])
            f = self.values(point + shifts[:, :d] * h).reshape((3,) * d)
            if d == 1:
                return np.array([[(f[2] - 2.0 * f[1] + f[0]) / h[0] ** 2]])
            across = (f[2, 1] - 2.0 * f[1, 1] + f[0, 1]) / h[0] ** 2
            up = (f[1, 2] - 2.0 * f[1, 1] + f[1, 0]) / h[1] ** 2
            mixed = (f[2, 2] - f[2, 0] - f[0, 2] + f[0, 0]) / (4.0 * h[0] * h[1])
            both_ways: Floats = np.array([[across, mixed], [mixed, up]])
            return both_ways


def _either_side(points: Floats, h: Floats) -> tuple[Floats, Floats, Floats]:
    """Points (d m, d) moved up and down along each coordinate in turn, and the distances (d, m) between them."""
    axes = np.eye(points.shape[1])[:, None, :] * h[None, :, :]
    upper, lower = points[None] + axes, points[None] - axes
    d = points.shape[1]
    return upper.reshape(-1, d), lower.reshape(-1, d), np.array([upper[j, :, j] - lower[j, :, j] for j in range(d)])


def _digits(unit: float) -> str:
    name = next(name for name, known in UNITS.items() if known == unit)
    return f"computes in {name}, with about {round(-np.log10(unit))} digits"
