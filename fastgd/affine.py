"""An update on the squared loss is an affine map of the parameters, so any run of updates is one: theta -> A theta + c.

theta = (w, b). A sample z = (x, 1) at the rate a maps by A = I - 2a z z', c = 2a y z; a mini-batch by the means of z z' and
y z; a penalty, weights and rates that vary by step keep the form. Maps compose, associatively and not commutatively, so
runs of samples are summarised apart - on lanes of a processor, on threads - and chained: the same descent, without the wait.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import kernels
from .blocks import Block, Piece, Table
from .checks import Floats, number, truth, whole
from .containers import as_numbers
from .door import table
from .mapreduce import fold

LANES = 4
"""Up to this many features a block's map is made on lanes, and from there on column by column, at 5 d ns a row."""

_CHUNK = 1024  # rows between two looks at the growth of a map that is made column by column


@dataclass(frozen=True, eq=False)
class AffineMap:
    """The map theta -> matrix theta + offset of parameters theta = (w, b).

    Attributes: `matrix` (k, k) and `offset` (k,), k = d + 1 for d features, or d without a bias.

    >>> import fastgd
    >>> epoch = fastgd.AffineMap.of([1, 2, 4], [3, 5, 9], learning_rate=0.05)
    >>> epoch([0.0, 0.0]).round(6)
    array([2.644, 1.091])
    >>> fit = fastgd.fit([1, 2, 4], [3, 5, 9], learning_rate=0.05, batch_size=1, shuffle="none", epochs=1)
    >>> round(fit.w, 6), round(fit.b, 6)
    (2.644, 1.091)
    """

    matrix: Floats
    offset: Floats

    def __post_init__(self) -> None:
        matrix, offset = as_numbers(self.matrix, "matrix"), as_numbers(self.offset, "offset")
        if matrix.ndim != 2 or offset.ndim != 1 or matrix.shape != (len(offset), len(offset)):
            raise ValueError(
                f"matrix has shape {matrix.shape} and offset {offset.shape}: they must be (k, k) and (k,) for one k"
            )
        object.__setattr__(self, "matrix", matrix.astype(np.float64))
        object.__setattr__(self, "offset", offset.astype(np.float64))

    @classmethod
    def identity(cls, size: int) -> "AffineMap":
        """Return the map that changes nothing, of `size` parameters.

        >>> import fastgd
        >>> fastgd.AffineMap.identity(2).spectral_radius
        1.0
        """
        return cls(np.eye(whole(size, "size", 1)), np.zeros(size))

    @classmethod
    def of(
        cls,
        x: Any,
        y: Any = None,
        learning_rate: Any = None,
        *,
        batch_size: int | None = 1,
        bias: bool = True,
        l2: float = 0.0,
        sample_weight: Any = None,
        threads: int | None = None,
    ) -> "AffineMap":
        """Return the map of one epoch of descent on the squared loss, rows in the order given.

        Parameters
        ----------
        x : (n,) or (n, d) numbers; y : (n,) numbers, or None where x is a source, which brings its own.
        sample_weight : (n,) numbers of 0 or above, or None. learning_rate : a number above 0.
        batch_size, bias, l2, threads : as for `fit`.

        Returns
        -------
        AffineMap

        Raises
        ------
        ValueError, TypeError : naming the argument, the first offending row and the rule.

        Examples
        --------
        >>> import fastgd
        >>> epoch = fastgd.AffineMap.of([1, 2, 3], [2, 4, 6], 0.01)
        >>> epoch([0.0, 0.0])
        array([0.513008, 0.223536])
        >>> fit = fastgd.fit([1, 2, 3], [2, 4, 6], batch_size=1, shuffle="none", learning_rate=0.01, epochs=1)
        >>> fit.w, fit.b
        (0.513008, 0.223536)
        >>> epoch.spectral_radius < 1                    # so this order and rate converge
        True

        References
        ----------
        Blelloch, "Prefix sums and their applications", 1990: recurrences of affine maps by an associative product.
        """
        data = table(x, y, sample_weight)
        rate, penalty = number(learning_rate, "learning_rate"), number(l2, "l2")
        if rate <= 0.0:
            raise ValueError(f"learning_rate is {rate:g}: it must be above 0")
        if penalty < 0.0:
            raise ValueError(f"l2 is {penalty:g}: it must be 0 or above")
        batch = data.n if batch_size is None else whole(batch_size, "batch_size", 1, data.n)
        rule = Rule(rate, batch, 1.0 / data.mean_weight(), penalty, truth(bias, "bias"))
        return epoch_map(data, rule, threads)

    def of_weights(self) -> "AffineMap":
        """Return the map of w alone, for a model whose b is 0."""
        return _trusted(self.matrix[:-1, :-1], self.offset[:-1])

    def __call__(self, theta: Any) -> Floats:
        """Return the parameters that `theta` (k,) becomes."""
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            result: Floats = self.matrix @ as_numbers(theta, "theta").astype(np.float64, copy=False) + self.offset
        return result

    def after(self, first: "AffineMap") -> "AffineMap":
        """Return the map that applies `first`, then this one.

        >>> import fastgd
        >>> first = fastgd.AffineMap.of([1, 2], [3, 5], learning_rate=0.05)
        >>> then = fastgd.AffineMap.of([4], [9], learning_rate=0.05)
        >>> whole = fastgd.AffineMap.of([1, 2, 4], [3, 5, 9], learning_rate=0.05)
        >>> bool(abs(then.after(first).matrix - whole.matrix).max() < 1e-15)
        True
        """
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            return _trusted(self.matrix @ first.matrix, self.matrix @ first.offset + self.offset)

    def power(self, times: int) -> "AffineMap":
        """Return the map that applies this one `times` times, by O(log times) products.

        >>> import fastgd
        >>> half = fastgd.AffineMap([[0.5]], [1.0])
        >>> half.power(3)([0.0])
        array([1.75])
        """
        result, square = AffineMap.identity(len(self.offset)), self
        left = whole(times, "times", 0)
        while left:
            if left % 2:
                result = square.after(result)
            square, left = square.after(square), left // 2
        return result

    @property
    def spectral_radius(self) -> float:
        """The largest magnitude of an eigenvalue of the matrix: applied again and again, the map converges below 1.

        >>> import fastgd
        >>> fastgd.AffineMap.of([1, 2, 4], [3, 5, 9], learning_rate=0.05).spectral_radius < 1
        True
        """
        if not np.isfinite(self.matrix).all():
            return float("inf")
        return float(np.abs(np.linalg.eigvals(self.matrix)).max())

    def __repr__(self) -> str:
        return f"AffineMap({len(self.offset)} parameters, spectral radius {self.spectral_radius:.6g})"


def _trusted(matrix: Floats, offset: Floats) -> AffineMap:
    """A map of arrays that need no checking."""
    made = object.__new__(AffineMap)
    object.__setattr__(made, "matrix", matrix)
    object.__setattr__(made, "offset", offset)
    return made


@dataclass(frozen=True)
class Rule:
    """How a row becomes an update: the rate, rows of a batch, 1 / mean weight, the penalty, and whether b is fitted."""

    rate: float
    batch: int
    share: float
    l2: float
    bias: bool

    def rows(self, block_rows: int) -> int:
        """Rows of a block: as many as usual, cut where a batch ends."""
        return whole_batches(block_rows, self.batch)


def whole_batches(rows: int, batch: int) -> int:
    """As many rows as whole batches have, `rows` at the most if that is a batch."""
    return max(batch, rows // batch * batch)


def epoch_map(data: Table, rule: Rule, threads: int | None = None) -> AffineMap:
    """Compose the updates of all rows, in order; without a bias the map is of w alone."""
    total = AffineMap.identity(data.d + 1)

    def summarise(piece: Piece) -> AffineMap:
        block = piece.read()
        data.require_finite(block)
        return block_map(block, rule) or _by_columns(block, rule)[0]

    def take(part: AffineMap) -> None:
        nonlocal total
        total = part.after(total)

    fold(summarise, data.pieces(rule.rows(data.block_rows)), take, threads=threads)
    return total if rule.bias else total.of_weights()


def block_map(block: Block, rule: Rule) -> AffineMap | None:
    """Compose the updates of a block, or return None where the map grew so much that digits would be lost."""
    d = 1 if block.x.ndim == 1 else block.x.shape[1]
    out = np.empty((d + 1, d + 2))
    if rule.batch == 1 and d <= LANES:
        plane = block.x.reshape(-1, d)
        good = kernels.affine.lanes(d)(plane, block.y, block.weight, rule.rate, rule.share, rule.l2, rule.bias, out)
    elif d == 1:
        good = kernels.affine.line_batches(
            block.x, block.y, block.weight, rule.batch, rule.rate, rule.share, rule.l2, rule.bias, out
        )
    else:
        made, small = _by_columns(block, rule)
        return made if small else None
    return _trusted(out[:, :-1], out[:, -1]) if good else None


def _by_columns(block: Block, rule: Rule) -> tuple[AffineMap, bool]:
    """Compose the updates of a block as descents of their own: from every unit vector without y, and from 0 with it.

    Also tells whether the map stayed small on the way.
    """
    plane = block.x.reshape(len(block.y), -1)
    d = plane.shape[1]
    runs = np.zeros((d + 5, -(-(d + 2) // 8) * 8))
    put_runs(runs, np.eye(d + 1, runs.shape[1]), rule.rate, rule.l2, rule.bias)
    runs[d + 4] = 0.0
    runs[d + 4, d + 1] = 1.0
    matrix, small = runs[: d + 1, : d + 1], True
    for start in range(0, len(plane), rule.rows(_CHUNK)):
        rows = slice(start, start + rule.rows(_CHUNK))
        weight = block.weight[rows] if block.weight.size else block.weight
        small = small and _most(plane[rows], weight, rule) <= kernels.affine.GROWTH
        advance(plane[rows], block.y[rows], weight, rule.batch, rule.share, runs)
        largest = np.abs(matrix).sum()
        small = small and bool(largest <= kernels.affine.GROWTH)
        if largest < kernels.affine.NOTHING:
            matrix[:] = 0.0
    return _trusted(matrix.copy(), runs[: d + 1, d + 1].copy()), small


def _most(x: Floats, weight: Floats, rule: Rule) -> float:
    """What the updates of rows x (n, d) can stretch at the most: the product of what each can, where that is above 1.

    A batch of rows stretches no more than the one of them that stretches most.
    """
    square = np.einsum("ij,ij->i", x, x) + float(rule.bias)
    gain = 2.0 * rule.rate * (square * weight * rule.share if weight.size else square)
    with np.errstate(over="ignore", invalid="ignore"):
        most = np.maximum.reduceat(gain, range(0, len(gain), rule.batch)) - (1.0 - 2.0 * rule.rate * rule.l2)
        return float(np.prod(np.maximum(most, 1.0)))


def put_runs(runs: Floats, theta: Floats, rates: Any, l2: Any, bias: bool) -> None:
    """Fill the columns of `runs` (d + 5, m) with descents from theta (d + 1, m), as kernels.runs.plane_runs wants them."""
    d = len(runs) - 5
    runs[: d + 1] = theta
    runs[d + 1] = 2.0 * rates
    runs[d + 2] = 1.0 - 2.0 * rates * l2
    runs[d + 3] = float(bias)
    runs[d + 4] = 1.0


def advance(x: Floats, y: Floats, weight: Floats, batch: int, share: float, runs: Floats) -> None:
    """Move descents, the columns of `runs` (kernels.runs.plane_runs), along rows x (n, d), y (n,)."""
    if batch == 1:
        kernels.runs.plane_runs(x, y, weight, share, runs)
    else:
        kernels.runs.batch_runs(x, y, weight, batch, share, runs)
