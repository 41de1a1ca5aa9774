"""The squared loss of a linear model is exactly quadratic: one pass over the rows, and everything else is algebra.

With R the upper triangular factor of the centred data [X y] (R'R = their sums of squares and products),

    mse(w, b) = |R [w; -1]|^2 / n + (mean_y - w.mean_x - b)^2

Every term is a square, so nothing cancels near the minimum, as it would in sums of raw squares. pilot.py makes R.
"""

import math
import warnings
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from . import kernels
from .blocks import Source, Table
from .checks import Floats, number, one_or_more, parameters, truth, whole
from .containers import as_numbers
from .door import in_order, table
from .leastsquares import Rank, back_substitute, condition_problem, rank_of, rank_problem, spread_problem
from .linalg import exact_products, factor_of, lengths, two_sum
from .mapreduce import Progress
from .names import labels, order_like
from .pilot import Moments, merged, moments
from .saving import Saved
from .spectrum import Spectrum, spectrum_of

_EPS = float(np.finfo(float).eps)


class RankWarning(UserWarning):
    """The data do not determine every parameter: a constant or collinear column, or too few rows.

    >>> import fastgd
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     w = fastgd.QuadraticCost.of([[1, 2], [2, 4], [3, 6]], [1, 2, 3]).minimum.w
    >>> caught[0].category.__name__, w.round(3)
    ('RankWarning', array([0.2, 0.4]))
    """


class ConditionWarning(UserWarning):
    """The columns are so nearly collinear that fewer than about six digits of w can be trusted.

    >>> import fastgd
    >>> import warnings
    >>> x = [[1, 1], [2, 2 + 1e-10], [3, 3 - 1e-10], [4, 4]]
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     minimum = fastgd.QuadraticCost.of(x, [1, 2, 3, 5]).minimum
    >>> caught[0].category.__name__
    'ConditionWarning'
    """


class Gradient(NamedTuple):
    """Derivatives of the cost: `w` a float or (d,) array, `b` a float, in units of cost per unit of the parameter.

    >>> import fastgd
    >>> fastgd.gradient([1, 2, 3], [2, 4, 6], 1.0, 0.0)
    Gradient(w=-9.333333333333334, b=-4.0)
    """

    w: Any
    b: float


class Minimum(NamedTuple):
    """Where the cost is least: `w` a float or (d,) array, `b` a float, and the cost there.

    >>> import fastgd
    >>> fastgd.QuadraticCost.of([1, 2, 3], [2.5, 4.5, 6.5]).minimum
    Minimum(w=2.0, b=0.5, cost=0.0)
    """

    w: Any
    b: float
    cost: float


@dataclass(frozen=True, repr=False)
class QuadraticCost(Saved):
    """The mean squared error of a linear model as a function of (w, b), in (d + 1)(d + 4) / 2 numbers.

    Attributes: `count` the number of rows (or the sum of their weights), `mean_x` (d,), `mean_y`, `factor` (d + 1, d + 1)
    upper triangular, `bias` whether the model has one, `flat` whether w is a number. `mean_low` (d + 1,) is what
    rounding took from the means, so that merging and evaluating lose nothing at a large offset. Weights whose sum would
    leave the range of floats are counted in units of 2**weight_exponent, which is 0 for all others.

    >>> import fastgd
    >>> q = fastgd.QuadraticCost.of([1, 2, 3], [2.5, 4.5, 6.5])
    >>> q.mse(2.0, 0.0), q.merge(q).count
    (0.25, 6.0)
    """

    count: float
    mean_x: Floats
    mean_y: float
    factor: Floats
    bias: bool = True
    flat: bool = False
    mean_low: Floats = field(default_factory=lambda: np.zeros(0))
    names: tuple[str, ...] | None = None
    target: str = "y"
    weight_exponent: int = 0

    @classmethod
    def of(
        cls,
        x: Any,
        y: Any = None,
        *,
        bias: bool = True,
        sample_weight: Any = None,
        threads: int | None = None,
        progress: Any = None,
    ) -> "QuadraticCost":
        """Summarise the data in one pass.

        Parameters
        ----------
        x : (n,) or (n, d) real numbers; y : (n,) real numbers, or None where x is a source, which brings its own.
        sample_weight : (n,) numbers of 0 or above, or None.
        bias : whether the model whose minimum is asked for has a bias.
        threads : how many threads share the rows; the result has the same bits for any number.
        progress : True, False, a function of (rows done, rows in all), or None: on a terminal, after a second.

        Returns
        -------
        QuadraticCost

        Raises
        ------
        ValueError, TypeError : naming the argument, the first offending row and the rule.

        Examples
        --------
        >>> import fastgd
        >>> q = fastgd.QuadraticCost.of([1, 2, 3], [2.5, 4.5, 6.5])
        >>> q.mse(2.0, 0.0), q.minimum.w, q.minimum.b
        (0.25, 2.0, 0.5)

        References
        ----------
        Chan, Golub and LeVeque, "Algorithms for computing the sample variance", The American Statistician 37, 1983.
        """
        data = table(x, y, sample_weight)
        with Progress(progress, data.rows, "QuadraticCost.of") as shown:
            return of_table(data, bias=truth(bias, "bias"), threads=threads, progress=shown)

    @property
    def d(self) -> int:
        """The number of features.

        >>> import fastgd
        >>> fastgd.QuadraticCost.of([[1, 2], [3, 4], [5, 7]], [1, 2, 4]).d
        2
        """
        return len(self.mean_x)

    def sound(self) -> bool:
        """Whether the fields of a file that was read fit together."""
        d, size = self.d, self.mean_low.size
        shapes = self.mean_x.shape == (d,) and self.factor.shape == (d + 1, d + 1) and size in (0, d + 1) and d > 0
        arrays = [self.mean_x, self.factor, self.mean_low]
        numbers = all(values.dtype == np.float64 and np.isfinite(values).all() for values in arrays)
        kinds = isinstance(self.bias, bool) and isinstance(self.flat, bool) and isinstance(self.target, str)
        named = self.names is None or (len(self.names) == d and all(isinstance(name, str) for name in self.names))
        numbers = numbers and isinstance(self.weight_exponent, int) and self.weight_exponent % 2 == 0
        return shapes and numbers and kinds and named and self.count > 0.0 and math.isfinite(self.count + self.mean_y)

    def mse(self, w: Any, b: float = 0.0) -> float:
        """Return the mean squared error at (w, b), in units of y squared. w: a float, or an array (d,).

        >>> import fastgd
        >>> fastgd.QuadraticCost.of([1, 2, 3], [2, 4, 6]).mse(3.0)
        4.6666666667
        """
        weights, offset = parameters(w, b, self.d, self.flat)
        return self.mse_at(weights, offset)

    def mse_at(self, w: Floats, b: float) -> float:
        """Return the mean squared error for w (d,) and b that need no checking."""
        with np.errstate(over="ignore", invalid="ignore"):  # a cost too large for a float is infinite
            e = self.factor @ np.append(w, -1.0)
            residual = self.mean_residual(w, b)
            return float(e @ e) / self.count + residual * residual  # not ** 2, which raises where it overflows

    def mean_residual(self, w: Floats, b: float) -> float:
        """mean_y - w.mean_x - b with the products' own rounding errors added back, then rounded once."""
        low = self.low
        product, lost = exact_products(w, self.mean_x)
        terms = [self.mean_y, float(low[-1]), -b, *(-product).tolist(), *(-lost).tolist(), *(-w * low[:-1]).tolist()]
        try:
            return math.fsum(terms)
        except (OverflowError, ValueError):
            return math.inf

    @property
    def low(self) -> Floats:
        """What rounding took from the means of x and y, (d + 1,)."""
        return self.mean_low if self.mean_low.size else np.zeros(self.d + 1)

    def gradient(self, w: Any, b: float = 0.0) -> Gradient:
        """Return the derivatives of the mean squared error at (w, b): 2/n Rx'R[w; -1] - 2 r mean_x, and -2 r.

        >>> import fastgd
        >>> fastgd.QuadraticCost.of([1, 2, 3], [2, 4, 6]).gradient(1.0)
        Gradient(w=-9.3333333333, b=-4.0)
        """
        weights, offset = parameters(w, b, self.d, self.flat)
        gw, gb = self.gradient_at(weights, offset)
        return Gradient(float(gw[0]) if self.flat else gw, gb)

    def gradient_at(self, w: Floats, b: float) -> tuple[Floats, float]:
        """Return the derivatives for w (d,) and b that need no checking."""
        e = self.factor @ np.append(w, -1.0)
        residual = self.mean_residual(w, b)
        return 2.0 / self.count * (self.factor[:, :-1].T @ e) - 2.0 * residual * self.mean_x, -2.0 * residual

    @property
    def hessian(self) -> Floats:
        """Second derivatives, constant: (d + 1, d + 1) in the order (w, b), or (d, d) without a bias.

        >>> import fastgd
        >>> fastgd.QuadraticCost.of([1, 2, 3], [2.5, 4.5, 6.5]).hessian
        array([[9.33333333, 4.        ],
               [4.        , 2.        ]])
        """
        mean, root, d = self.mean_x, self.factor[:, :-1], self.d
        second = np.empty((d + self.bias, d + self.bias))
        second[:d, :d] = 2.0 * (root.T @ root / self.count + mean[:, None] * mean)
        if self.bias:
            second[d, :d] = second[:d, d] = 2.0 * mean
            second[d, d] = 2.0
        return second

    def spectrum(self, l2: float = 0.0) -> Spectrum:
        """The eigenvalues and eigenvectors of the Hessian of cost + l2 w.w."""
        return spectrum_of(self.factor, self.mean_x, self.count, self.bias, l2, self._rank(l2).null)

    def cost_after(self, epochs: int, learning_rate: Any, w0: Any = None, b0: float = 0.0) -> Any:
        """Return the cost after full-batch epochs at a rate, or at every rate of an array; without iterating. w0 None is 0.

        >>> import fastgd
        >>> fastgd.QuadraticCost.of([1, 2, 3, 4], [2.5, 4.0, 6.5, 8.0]).cost_after(100, [0.01, 0.05])
        array([0.05157512, 0.0501405 ])
        """
        lowest = self.solve()
        w, b = parameters(np.zeros(self.d) if w0 is None else w0, b0, self.d, self.flat)
        offset = np.append(w - lowest.w, b - lowest.b)[: self.d + self.bias]
        rates = one_or_more(learning_rate, "learning_rate")
        cost = lowest.cost + self.spectrum().excess(offset, rates.reshape(-1), whole(epochs, "epochs", 0)).reshape(
            rates.shape
        )
        return float(cost) if rates.ndim == 0 else cost

    def epochs_to(self, fraction: float, learning_rate: float, w0: Any = None, b0: float = 0.0) -> float:
        """Return the full-batch epochs after which the cost is at most (1 + fraction) x its minimum.

        Exact, without iterating; infinite if the rate never gets there. w0 None is 0.

        >>> import fastgd
        >>> q = fastgd.QuadraticCost.of([1, 2, 3, 4], [2.5, 4.0, 6.5, 8.0])
        >>> q.epochs_to(0.01, 0.05), q.epochs_to(0.01, 1.0)
        (58, inf)
        """
        share, rate = number(fraction, "fraction"), number(learning_rate, "learning_rate")
        for value, name in ((share, "fraction"), (rate, "learning_rate")):
            if value <= 0.0:
                raise ValueError(f"{name} is {value:g}: it must be above 0")
        w, b = parameters(np.zeros(self.d) if w0 is None else w0, b0, self.d, self.flat)
        lowest = self.solve()
        offset = np.append(w - lowest.w, b - lowest.b)[: self.d + self.bias]
        # A minimum that is nothing but rounding is 0, and no share of it is ever reached.
        goal = share * lowest.cost if lowest.cost > self.rounding else 0.0
        return self.spectrum().epochs_to(offset, rate, goal)

    @property
    def constant_cost(self) -> float:
        """The cost of the best constant prediction: the variance of y, or its mean square without a bias."""
        return self.variance_y if self.bias else self.mean_square_y

    @property
    def rounding(self) -> float:
        """What rounding may leave of a cost that is 0."""
        return (8.0 * _EPS) ** 2 * self.constant_cost

    @property
    def variance_y(self) -> float:
        """The population variance of y."""
        column = self.factor[:, -1]
        return float(column @ column) / self.count

    @property
    def mean_square_y(self) -> float:
        """The mean of y squared."""
        return self.variance_y + self.mean_y * self.mean_y

    @cached_property
    def minimum(self) -> Minimum:
        """The exact minimum (w, b, cost); of several, the one with the shortest w, with a RankWarning.

        Where the columns are so nearly collinear, or one of them varies so little beside its own size, that fewer than six
        digits of w can be trusted, a ConditionWarning names the condition number, or the column, and the digits.

        >>> import fastgd
        >>> fastgd.QuadraticCost.of([1, 2, 3], [2.5, 4.5, 6.5]).minimum
        Minimum(w=2.0, b=0.5, cost=0.0)
        """
        solution = self.solve()
        if solution.problem:
            warnings.warn(solution.problem, RankWarning, stacklevel=3)
        else:
            spread = lengths(self.factor[:, :-1]) / math.sqrt(self.count)
            doubtful = condition_problem(solution.condition)
            doubtful = doubtful or (spread_problem(self.mean_x, spread, self._labels) if self.bias else "")
            if doubtful:
                warnings.warn(doubtful, ConditionWarning, stacklevel=3)
        return Minimum(float(solution.w[0]) if self.flat else solution.w, solution.b, solution.cost)

    def solve(self, l2: float = 0.0) -> "Solution":
        """Minimise cost + l2 w.w: back-substitution in the triangle; of several minima the one with the shortest w."""
        d = self.d
        triangle, rank = self._penalised(l2), self._rank(l2)
        with np.errstate(over="ignore", invalid="ignore"):
            w = back_substitute(triangle[:d, :d], triangle[:d, d], rank)
        if not np.isfinite(w).all():
            name = self._labels[int(np.flatnonzero(~np.isfinite(w))[0])]
            raise ValueError(f"{name} varies too little beside y: its weight is too large for a float; multiply it first")
        b = self.mean_residual(w, 0.0) if self.bias else 0.0
        e = self.triangle @ np.append(w, -1.0)
        return Solution(w, b, float(e @ e) / self.count, rank_problem(rank, self._labels), rank.condition)

    def undetermined(self, l2: float = 0.0) -> str:
        """The sentence about columns that do not determine w; empty where they do."""
        return rank_problem(self._rank(l2), self._labels)

    @property
    def _labels(self) -> tuple[str, ...]:
        return labels(self.names, self.d, self.flat)

    def _rank(self, l2: float) -> Rank:
        """What the columns determine: the one numerical rank that minimum, spectrum and condition go by."""
        if l2 == 0.0:
            return self._own_rank
        return rank_of(self._penalised(l2)[: self.d, : self.d])

    @cached_property
    def _own_rank(self) -> Rank:
        return rank_of(self.triangle[: self.d, : self.d])

    def _penalised(self, l2: float) -> Floats:
        """The triangle with the penalty's rows."""
        triangle, d = self.triangle, self.d
        if l2 > 0.0:
            return factor_of(np.vstack([triangle, np.hstack([math.sqrt(self.count * l2) * np.eye(d), np.zeros((d, 1))])]))
        return triangle

    @property
    def triangle(self) -> Floats:
        """The factor of the sums about the model's own centre: the mean if it has a bias, the origin if not."""
        if self.bias:
            return self.factor
        return factor_of(np.vstack([self.factor, math.sqrt(self.count) * np.append(self.mean_x, self.mean_y)]))

    def surface(self, w: Any, b: Any) -> Floats:
        """Return the cost at every (w[i], b[j]) as an array (len(w), len(b)), for one feature.

        >>> import fastgd
        >>> fastgd.QuadraticCost.of([1, 2, 3], [2.5, 4.5, 6.5]).surface([1.0, 2.0], [0.0, 0.5, 1.0])[1]
        array([0.25, 0.  , 0.25])
        """
        if self.d != 1:
            raise ValueError(f"this cost has {self.d} features: a surface needs one; use sweep(x, y, feature=j)")
        rows = axis(w, "w")
        return self.plane(rows[:, None], axis(b, "b"))[0]

    def plane(self, w: Floats, b: Floats) -> tuple[Floats, tuple[int, int]]:
        """Return the cost at every (w[i] (m, d), b[j] (k,)) and the (i, j) of the smallest."""
        spread, high, low = self._parts(w)
        out = np.empty((len(w), len(b)))
        best = kernels.moments.surface(spread, high, low, np.ascontiguousarray(b), out)
        return out, best

    def along(self, w: Floats, b: Floats) -> Floats:
        """Return the cost at every (w[i] (m, d), b[i] (m,)): of a path."""
        spread, high, low = self._parts(w)
        with np.errstate(over="ignore", invalid="ignore"):
            costs: Floats = spread + ((high - b) + low) ** 2
        return costs

    def _parts(self, w: Floats) -> tuple[Floats, Floats, Floats]:
        """For every row of w (m, d): |R [w; -1]|^2 / n, and mean_y - w.mean_x as a float and what rounding took from it."""
        with np.errstate(over="ignore", invalid="ignore"):  # a cost too large for a float is infinite
            e = self.factor @ np.column_stack([w, -np.ones(len(w))]).T
            product, lost = exact_products(w, self.mean_x)
            high = np.full(len(w), self.mean_y)
            low = np.full(len(w), self.low[-1]) - w @ self.low[:-1]
            for j in range(self.d):
                high, error = two_sum(high, -product[:, j])
                low += error - lost[:, j]
            return np.sum(e * e, axis=0) / self.count, high, low

    def merge(self, other: "QuadraticCost") -> "QuadraticCost":
        """Return the cost of both data sets together: the triangle of both factors and of the step between the means.

        Where both have names, the other's features are put into the order of this one's.

        >>> import fastgd
        >>> a = fastgd.QuadraticCost.of([1, 2], [2, 4])
        >>> a.merge(fastgd.QuadraticCost.of([3, 4], [6, 8])).count
        4.0
        """
        if not isinstance(other, QuadraticCost):
            raise TypeError(f"other is a {type(other).__name__}: it must be a QuadraticCost")
        order = order_like(self.names, other.names, "other", "this cost")
        if (self.d, self.bias) != (other.d, other.bias):
            raise ValueError(
                f"other has {other.d} features and bias={other.bias}: it must have {self.d} and bias={self.bias}, as this"
            )
        if order is not None:
            other = other._picked(order)
        exponent = max(self.weight_exponent, other.weight_exponent)
        count, means, low, factor = merged(self._moments_in(exponent), other._moments_in(exponent))
        return replace(
            self,
            count=count,
            mean_x=means[:-1],
            mean_y=float(means[-1]),
            factor=factor,
            mean_low=low,
            weight_exponent=exponent,
        )

    def __iadd__(self, rows: Any) -> "QuadraticCost":
        """Add rows: a block (x, y) or (x, y, weight), a source, or another QuadraticCost. `a += b` rebinds a.

        >>> import fastgd
        >>> a = fastgd.QuadraticCost.of([1, 2], [2, 4])
        >>> a += [3, 4], [6, 8]
        >>> a.count
        4.0
        """
        if isinstance(rows, QuadraticCost):
            return self.merge(rows)
        if isinstance(rows, Source):
            rows = (rows, None)
        if not isinstance(rows, (tuple, list)) or len(rows) not in (2, 3):
            raise TypeError(f"a {type(rows).__name__} was added to a QuadraticCost: it must be (x, y) or (x, y, weight)")
        return self.merge(of_table(in_order(table(*rows), self, "x", "the rows of the cost"), bias=self.bias))

    def _picked(self, order: list[int]) -> "QuadraticCost":
        """The same cost with its features in another order: column j is the one that was order[j]."""
        factor = factor_of(self.factor[:, [*order, self.d]])
        low = self.mean_low[[*order, self.d]] if self.mean_low.size else self.mean_low
        names = self.names and tuple(self.names[j] for j in order)
        return replace(self, mean_x=self.mean_x[order], factor=factor, mean_low=low, names=names)

    def _moments_in(self, exponent: int) -> Moments:
        """The moments with weights in units of 2**exponent, which is no smaller than this cost's own."""
        down = self.weight_exponent - exponent
        factor = np.ldexp(self.factor, down // 2) if down else self.factor
        return Moments(math.ldexp(self.count, down), np.append(self.mean_x, self.mean_y), self.low, factor)

    def standardized(self) -> tuple["QuadraticCost", Floats, Floats]:
        """Return the cost over ((x - shift) / scale, y), with shift and scale (d,).

        With a bias they are the mean and the population standard deviation; without one x cannot be shifted, and the
        scale is its root mean square. A column without any spread keeps the scale 1.
        """
        length = lengths(self.factor[:, :-1]) / math.sqrt(self.count)
        shift, spread = (self.mean_x, length) if self.bias else (np.zeros(self.d), np.hypot(length, self.mean_x))
        scale = np.where(spread == 0.0, 1.0, spread)
        changed = self.rescaled(shift, scale)
        if self.bias:
            # Rows are shifted by the rounded mean. What it lost is below their own rounding, unless they differ by little
            # more than that.
            low = changed.mean_low[:-1]
            np.copyto(changed.mean_x, low, where=np.abs(low) > 1e-9)
            changed.mean_low[:-1] = 0.0
        return changed, shift, scale

    def rescaled(self, shift: Floats, scale: Floats) -> "QuadraticCost":
        """Return the cost over ((x - shift) / scale, y)."""
        return replace(
            self,
            mean_x=(self.mean_x - shift) / scale,
            factor=self.factor / np.append(scale, 1.0),
            mean_low=self.low / np.append(scale, 1.0),
        )

    def __repr__(self) -> str:
        shape = "w a number" if self.flat else f"w ({self.d},)"
        unit = f" x 2**{self.weight_exponent}" if self.weight_exponent else ""
        return f"QuadraticCost({self.count:.15g}{unit} rows, {shape}, {'with' if self.bias else 'without'} bias)"


class Solution(NamedTuple):
    """A minimum with what is to be said of it: `problem` is empty where the data determine w.

    `condition` is that of the columns scaled to one length, infinity where they do not determine w.
    """

    w: Floats
    b: float
    cost: float
    problem: str
    condition: float = 1.0


def of_table(
    data: Table, *, bias: bool = True, threads: int | None = None, progress: Progress | None = None
) -> QuadraticCost:
    """Summarise a table in one pass."""
    return of_moments(moments(data, threads=threads, progress=progress), data, bias)


def of_moments(found: Moments, data: Table, bias: bool = True) -> QuadraticCost:
    """The squared loss of rows of a table whose moments are known."""
    count, means, low, factor = found
    return QuadraticCost(
        count, means[:-1], float(means[-1]), factor, bias, data.flat, low, data.names, data.target, data.weight_exponent
    )


def axis(values: Any, name: str) -> Floats:
    """Validate a grid axis: a one-dimensional array of finite numbers."""
    numbers = as_numbers(values, name)
    if numbers.ndim != 1 or not len(numbers):
        raise ValueError(f"{name} has shape {numbers.shape}: an axis must be one-dimensional, with at least one value")
    converted = numbers.astype(np.float64)
    if not np.isfinite(converted).all():
        place = int(np.flatnonzero(~np.isfinite(converted))[0])
        raise ValueError(f"{name}[{place}] is {converted[place]:g}: every value of an axis must be a finite number")
    return converted
