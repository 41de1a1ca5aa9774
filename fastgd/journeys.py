"""The results of descents on functions: the way one went, and which starts lead to which minimum."""

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .checks import Floats
from .evaluation import name_of, where
from .roundoff import EPS

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class PathStatus(enum.Enum):
    """How a descent ended; a member's value is its sentence.

    >>> import fastgd
    >>> fastgd.descend(fastgd.gallery["saddle"], (1.0, 0.0), learning_rate=0.05, steps=500).status.name
    'CONVERGED'
    """

    CONVERGED = "the gradient vanished after {steps} steps, at {where}: {kind}"
    MAX_STEPS = "ran the {steps} steps asked and ended at {where}: {kind}"
    DIVERGED = "diverged after {steps} steps; the last finite point is {where}"


_KINDS = {
    "minimum": "a minimum",
    "maximum": "a maximum",
    "saddle": "a saddle, which is no minimum",
    "inflection": "an inflection, which is no minimum",
    "flat": "a point around which f does not change",
    "not stationary": "a point where f is still sloping",
    "undecided": "a point whose kind the rounding of f, or a want of values around it, does not let tell",
}


@dataclass(frozen=True, repr=False)
class Path:
    """The result of `descend`.

    Attributes
    ----------
    points : (k + 1,) or (k + 1, 2), the start and the point after every step. values : (k + 1,), f at each.
    status : a PathStatus. kind : what `classify` says of the last point ("not stationary" if f is still sloping).
    steps : k, those taken. learning_rate, optimizer : the rate and the rule's name. noise : its standard deviation.
    seed : that of the noise (the one drawn if None), None without noise.
    is_global : whether it ended in a lowest minimum, where the gallery knows them; else None.
    f : the function. precision : what is not known of f's values, relative to what they change by: 2.2e-16 in double
    precision, more where f computes in a lower one, or hardly changes for its size. fault : what f or its gradient did at
    the point where it had no value, or how a gradient that was given differs from the slope of f; else None.

    >>> import fastgd
    >>> path = fastgd.descend(fastgd.gallery["saddle"], (1.0, 0.1), learning_rate=0.05, steps=20)
    >>> path.points.shape, path.status.name
    ((21, 2), 'MAX_STEPS')
    """

    points: Floats
    values: Floats
    status: PathStatus
    kind: str
    steps: int
    learning_rate: float
    optimizer: str
    is_global: bool | None
    f: Callable[..., Any]
    noise: float = 0.0
    seed: int | None = None
    precision: float = EPS
    fault: str | None = None

    def explain(self) -> str:
        """Say in plain sentences how the descent went, and what to do if it did not end in the lowest minimum.

        >>> import fastgd
        >>> path = fastgd.descend(fastgd.gallery["saddle"], (1.0, 0.0), learning_rate=0.05, steps=500)
        >>> print(path.explain())
        the gradient vanished after 226 steps, at (4.55834e-11, 0): a saddle, which is no minimum; descent cannot leave it,
        since the gradient is 0: start elsewhere, or give noise=0.01
        """
        end, kind = np.atleast_1d(self.points[-1]), _KINDS[self.kind]
        sentences = [self.status.value.format(steps=self.steps, where=where(end), kind=kind)]
        if self.status is PathStatus.DIVERGED:
            sentences.append(f"f is {self.values[-1]:.6g} there")
            if self.fault:
                sentences.append(self.fault)
            if self.values[-1] > self.values[0]:
                sentences.append("f grew instead of falling: use a smaller learning_rate")
            elif self.fault and abs(self.values[-1]) < 1e100:
                sentences.append("the descent left where f has a value: use a smaller learning_rate, or start elsewhere")
            else:
                sentences.append("f falls without bound, or has no value")
        elif self.fault:
            sentences.append(self.fault)
        elif self.kind in ("saddle", "maximum", "inflection", "flat"):
            sentences.append("descent cannot leave it, since the gradient is 0: start elsewhere, or give noise=0.01")
        elif self.kind == "undecided":
            sentences.append(f"f is {self.values[-1]:.6g} there: look at its values around that point")
        elif self.kind == "not stationary" and self.status is PathStatus.CONVERGED:
            sentences.append("its gradient is within tol, but no smaller than those around: use a smaller tol")
        elif self.kind == "not stationary":
            sentences.append(f"f is {self.values[-1]:.6g} there: use more steps, or another learning_rate")
        elif self.is_global is False:
            sentences.append(
                "f is lower elsewhere: a descent ends in the minimum whose basin it started in, so start elsewhere"
            )
        elif self.is_global:
            sentences.append("f is nowhere lower")
        return "; ".join(sentences)

    def plot(self, ax: "Axes | None" = None, kind: str | None = None, paths: "Iterable[Path]" = ()) -> "Axes":
        """Draw f and this descent on it, with further `paths` on the same f; returns the Axes.

        kind : "curve" for one variable; "contour" (the default) or "3d" for two.
        """
        from . import landscapeplots

        return landscapeplots.paths((self, *paths), ax, kind)

    def __repr__(self) -> str:
        ends = [where(np.atleast_1d(self.points[i])) for i in (0, -1)]
        rate = f"{self.steps} steps of {self.optimizer} at rate {self.learning_rate:g}"
        at = f"{ends[0]} -> {ends[1]}, f = {self.values[-1]:.6g}, {self.kind}"
        return f"Path({name_of(self.f)}: {at}; {rate}; {self.status.name})"


@dataclass(frozen=True, repr=False)
class Basins:
    """The result of `basins`.

    Attributes
    ----------
    x : (m,), the first variable of the starts. y : (k,), the second, or None. labels : (m,) or (m, k), the row of `minima`
    that the descent from there ends in, -1 for none (it diverged, stopped on a saddle, or had not arrived).
    minima : (c,) or (c, 2), the lowest first. values : (c,), f there. f : the function.

    >>> import fastgd
    >>> basins = fastgd.basins(fastgd.gallery["himmelblau"], 10, learning_rate=0.01, steps=2000)
    >>> basins.minima.shape, basins.labels.shape
    ((4, 2), (10, 10))
    """

    x: Floats
    y: Floats | None
    labels: NDArray[np.int64]
    minima: Floats
    values: Floats
    f: Callable[..., Any]

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the starts coloured by the minimum they lead to, with the minima marked; returns the Axes."""
        from . import landscapeplots

        return landscapeplots.basins(self, ax)

    def __repr__(self) -> str:
        shares = [float(np.mean(self.labels == row)) for row in range(len(self.minima))]
        found = "; ".join(f"{where(np.atleast_1d(p))} {s:.1%}" for p, s in zip(self.minima, shares))
        return f"Basins({name_of(self.f)}: {len(self.minima)} minima of {self.labels.size} starts: {found})"
