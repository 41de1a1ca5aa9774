"""Know before you train: which learning rates work on given features, and what makes the limit so low."""

import math
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .blocks import Table
from .checks import Floats, at_least_zero, number, one_of, one_or_more, truth, whole
from .door import features
from .mapreduce import Progress
from .names import labels
from .orders import reorder
from .quadratic import QuadraticCost, RankWarning, of_table
from .rates import bound, diverging_rate, mean_square_limit, order_limit

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class Stability:
    """Which learning rates work. Below `max_learning_rate` descent is stable; from `diverging_rate` on it diverges.

    Attributes
    ----------
    max_learning_rate : the limit: exact for full batches, in mean square for random batches, of the epoch's map for a fixed
        order. diverging_rate : where verdicts turn to "diverges"; between the two they are "risky".
    best_learning_rate : the fastest constant full-batch rate, 2 / (h_max + h_min). full_batch_limit : 2 / h_max.
    condition : h_max / h_min, of the Hessian. curvature : (k,) its eigenvalues h, the largest first.
    steepest : names of the features that make up the steepest direction, with their shares, the largest first.
    standardized : the Stability on standardised features, or None if this is it, or if it is not asked for.
    batch_size : None is full batch. shuffle : as in `fit`. undetermined : what is to be said of columns that do not
        determine w, empty where they do.

    >>> import fastgd
    >>> known = fastgd.stability([1, 2, 4], batch_size=1)
    >>> round(known.max_learning_rate, 4), round(known.diverging_rate, 4)
    (0.0736, 0.1461)
    """

    max_learning_rate: float
    diverging_rate: float
    best_learning_rate: float
    full_batch_limit: float
    condition: float
    curvature: Floats
    steepest: tuple[tuple[str, float], ...]
    batch_size: int | None = None
    shuffle: str = "each"
    standardized: "Stability | None" = None
    undetermined: str = ""

    def verdict(self, learning_rate: float) -> str:
        """Return "safe", "risky" or "diverges" for a learning rate.

        >>> import fastgd
        >>> known = fastgd.stability([1, 2, 4])
        >>> known.verdict(0.1), known.verdict(0.2)
        ('safe', 'diverges')
        """
        rate = number(learning_rate, "learning_rate")
        if rate <= 0.0:
            raise ValueError(f"learning_rate is {rate:g}: it must be above 0")
        return "safe" if rate < self.max_learning_rate else "risky" if rate < self.diverging_rate else "diverges"

    def cost_left(self, learning_rate: Any, epochs: int) -> Floats:
        """Return the share of the cost above the minimum that full-batch epochs leave, if every direction begins alike.

        >>> import fastgd
        >>> fastgd.stability([1, 2, 4]).cost_left([0.05, 0.1], epochs=100)
        array([0.00889954, 0.00014581])
        """
        rates = np.atleast_1d(one_or_more(learning_rate, "learning_rate"))
        with np.errstate(over="ignore"):
            return np.asarray(np.mean(np.abs(1.0 - np.multiply.outer(rates, self.curvature)) ** (2.0 * epochs), axis=1))

    def explain(self) -> str:
        """Say in plain sentences which rates work, why not larger ones, and what would help.

        >>> import fastgd
        >>> print(fastgd.stability([1, 2, 4]).explain().split(";")[0])
        full batches work below a learning rate of 0.128196, and diverge above it
        """
        kind = {None: "full batches", 1: "single samples"}.get(self.batch_size, f"batches of {self.batch_size}")
        if self.batch_size is None:
            said = [f"full batches work below a learning rate of {self.max_learning_rate:.6g}, and diverge above it"]
            said.append(f"{self.best_learning_rate:.6g} is the fastest constant rate")
        elif self.shuffle == "none":
            said = [f"{kind} in the order given work below a learning rate of {self.max_learning_rate:.6g}"]
        else:
            said = [
                f"{kind} are safe below a learning rate of {self.max_learning_rate:.6g}, risky up to "
                f"{self.diverging_rate:.6g}, and diverge beyond"
            ]
        if self.condition > 10.0:
            said.append(
                f"the condition number is {self.condition:.3g}: the flattest direction is that much slower than the steepest"
            )
        name, share = self.steepest[0]
        if share > 0.5 and (len(self.steepest) > 1 or self.condition > 10.0):
            said.append(f"the steepest direction is {name} ({share:.0%} of it)")
        if self.standardized is not None and self.standardized.max_learning_rate > 2.0 * self.max_learning_rate:
            said.append(
                f"standardised, the limit is {self.standardized.max_learning_rate:.3g} and the condition number "
                f"{self.standardized.condition:.3g}: use standardize=True"
            )
        if self.undetermined:
            said.append(self.undetermined)
        return "; ".join(said)

    def plot(self, ax: "Axes | None" = None, epochs: int = 10) -> "Axes":
        """Draw the share of the cost that some epochs leave against the learning rate, and the zones; returns the Axes."""
        from . import tableplots

        return tableplots.zones(self, epochs, ax)

    def __repr__(self) -> str:
        kind = "full batch" if self.batch_size is None else f"batches of {self.batch_size}"
        risky = "" if self.diverging_rate == self.max_learning_rate else f", diverges from {self.diverging_rate:.6g}"
        return f"Stability({kind}: safe below {self.max_learning_rate:.6g}{risky}; condition number {self.condition:.3g})"


def stability(
    x: Any,
    *,
    batch_size: int | None = None,
    shuffle: str = "each",
    bias: bool = True,
    l2: float = 0.0,
    sample_weight: Any = None,
    threads: int | None = None,
    progress: Any = None,
) -> Stability:
    """Return which learning rates work on given features, for the squared loss and before any y is known.

    Parameters
    ----------
    x : (n,) or (n, d) numbers; sample_weight : (n,) numbers of 0 or above, or None.
    batch_size, shuffle, bias, l2, threads, progress : as for `fit`. With shuffle="none" (or "once": the order given stands
        for any) the limit of batches is that of the order's map.

    Returns
    -------
    Stability

    Raises
    ------
    ValueError, TypeError : naming the argument, the first offending row and the rule.

    Warns
    -----
    RankWarning : columns that are constant or depend on others.

    Examples
    --------
    >>> import fastgd
    >>> x, y = fastgd.penguins()
    >>> found = fastgd.stability(x)
    >>> found.max_learning_rate
    2.4651752e-05
    >>> found.verdict(1e-5), found.verdict(1e-4)
    ('safe', 'diverges')
    >>> fastgd.stability(x, batch_size=1).max_learning_rate < found.max_learning_rate
    True

    References
    ----------
    Defossez and Bach, "Averaged least-mean-squares: bias-variance trade-offs and optimal sampling distributions",
    AISTATS 2015: the mean-square limit.
    """
    data = features(x, sample_weight)
    batch = None if batch_size is None else whole(batch_size, "batch_size", 1, data.n)
    batch = None if batch == data.n else batch
    penalty = at_least_zero(l2, "l2")
    order = one_of(shuffle, "shuffle", ("each", "once", "none"))
    with Progress(progress, data.rows, "stability") as shown:
        quadratic = of_table(data, bias=truth(bias, "bias"), threads=threads, progress=shown)
    found = stability_of(data, quadratic, batch, order, penalty, threads)
    other, shift, scale = quadratic.standardized()
    standard = stability_of(data.standardized(shift, scale), other, batch, order, penalty, threads)
    undetermined = quadratic.undetermined(penalty)
    if undetermined:
        warnings.warn(undetermined, RankWarning, stacklevel=2)
    return replace(found, standardized=standard, undetermined=undetermined)


def stability_of(
    data: Table, quadratic: QuadraticCost, batch: int | None, shuffle: str, l2: float, threads: int | None
) -> Stability:
    """The stability of descent on a table, in the coordinates of its rows."""
    spectrum = quadratic.spectrum(l2)
    curvature = spectrum.curvature
    steep = spectrum.steepest
    full = 2.0 / steep if steep > 0.0 else math.inf
    limit = turning = full
    if batch is not None and steep > 0.0:
        share = data.n / quadratic.count
        if shuffle == "each":
            limit = min(mean_square_limit(data, quadratic, batch, l2, share, threads), full)
            turning = max(limit, diverging_rate(data, batch, l2, share, quadratic.bias, limit))
        else:
            ordered = data if shuffle == "none" else reorder(data, 0, 0, threads=threads)
            safe = bound(data, steep / 2.0, batch, l2, share, quadratic.bias, threads)
            limit = turning = order_limit(ordered, batch, l2, share, quadratic.bias, 0.5 * safe, threads)
    names = [*labels(data.names, data.d, data.flat), *["the bias"] * quadratic.bias]
    shares = spectrum.basis[:, 0] ** 2
    steepest = tuple((names[j], float(shares[j])) for j in np.argsort(-shares, kind="stable") if shares[j] > 0.01)
    return Stability(
        limit, turning, 2.0 / (steep + spectrum.flattest) if steep > 0.0 else math.inf, full, spectrum.condition,
        curvature, steepest, batch, shuffle,
    )  # fmt: skip
