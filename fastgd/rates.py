"""Which learning rates work, known before the first step.

With G = E[z z'], z = (x, 1) or x without a bias, and H = G + l2 on the weights (half the Hessian of the objective):

- full batch: stable exactly below 1 / lambda_max(H), fastest at 1 / (lambda_max + lambda_min)
- batches of m rows drawn at random: the mean square of the distance to the minimum falls below
  1 / (2 lambda_max(L^-1/2 Q L^-1/2)), where L(V) = H V + V H and Q(V) = E[M V M], M a batch's mean of z z' with the penalty:
  Q(V) = (E[(z'Vz) z z'] - G V G) / m + H V H. Above it single runs may still come back ("risky") up to the rate where a
  product of random steps grows in the long run.
- a fixed order: stable while the spectral radius of the epoch's affine map is below 1
"""

import math

import numpy as np

from . import kernels
from .affine import AffineMap, Rule, advance, epoch_map, put_runs
from .blocks import Block, Piece, Table
from .checks import Floats
from .mapreduce import fold, run
from .quadratic import QuadraticCost

MOST_MOMENTS = 1e9
"""Multiplications that the closed form of the mean-square limit may take, 0.2 s; beyond, `stability` iterates over the rows,
and a fit's "auto" takes a bound from the longest row."""

_ITERATIONS = 200
_SETTLED = 1e-7

_STEPS = 4096  # of the simulated product of steps
_RATES = 64
_MANY = 100_000_000


def half_hessian(quadratic: QuadraticCost, l2: float) -> Floats:
    """H = G + l2 on the weights, (k, k)."""
    matrix = quadratic.hessian / 2.0
    matrix[range(quadratic.d), range(quadratic.d)] += l2
    return matrix


def mean_square_limit(
    data: Table,
    quadratic: QuadraticCost,
    batch: int,
    l2: float,
    share: float,
    threads: int | None = None,
    quick: bool = False,
) -> float:
    """The largest rate at which descent by random batches is stable in mean square; infinite for data of zeros.

    Where that would take long, `quick` takes a bound below it.
    """
    spectrum = quadratic.spectrum(l2)
    keep = spectrum.curvature > 1e-14 * spectrum.steepest  # rows cannot be much longer along the others
    if not keep.any() or spectrum.steepest == 0.0:
        return math.inf
    half = spectrum.curvature[keep] / 2.0
    basis = spectrum.basis[:, keep]
    k = len(half)
    moments = k * (k + 1) // 2
    inner = basis.T @ half_hessian(quadratic, 0.0) @ basis  # G in the eigenvectors of H
    if float(data.n) * moments * (moments + k) > MOST_MOMENTS:
        if quick:
            return bound(data, half[0], batch, l2, share, quadratic.bias, threads)
        size = float(half[0])  # powers of it would overflow or vanish
        return _by_iterating(data, basis / math.sqrt(size), half / size, inner / size, batch, share) / size
    rows, columns = np.triu_indices(k)
    twice = np.where(rows == columns, 1.0, math.sqrt(2.0))  # an off-diagonal entry stands for two
    # In these coordinates every q = u_i u_j / sqrt(L) is of size 1, however badly the features are scaled.
    shares = twice / np.sqrt(half[rows] + half[columns])

    def summarise(piece: Piece) -> Floats:
        block = piece.read()
        out = np.zeros((moments, moments))
        kernels.fourth.fourth_moments(block.x.reshape(len(block.y), -1), block.weight, share, basis, shares, out)
        return out

    fourth = sum(run(summarise, data.pieces(), threads=threads), np.zeros((moments, moments))) / data.n
    fourth = np.triu(fourth) + np.triu(fourth, 1).T
    unit = inner / half[0]  # so that no product is of fourth powers, which overflow where the second are far from it
    outer = np.zeros((moments, moments))
    for p in range(moments):
        one = np.zeros((k, k))
        one[rows[p], columns[p]] = one[columns[p], rows[p]] = twice[p] / (1.0 if rows[p] == columns[p] else 2.0)
        outer[:, p] = (unit @ one @ inner)[rows, columns] * twice
    lengths = np.sqrt((half[rows] + half[columns]) / half[0])
    outer /= np.multiply.outer(lengths, lengths)
    straight = half[rows] * (half[columns] / (half[rows] + half[columns]))
    operator = (fourth - outer) / batch + np.diag(straight)
    return float(1.0 / (2.0 * np.linalg.eigvalsh((operator + operator.T) / 2.0)[-1]))


def _by_iterating(data: Table, basis: Floats, half: Floats, inner: Floats, batch: int, share: float) -> float:
    """The mean-square limit by power iteration: V <- L^-1/2 Q(L^-1/2 V), which keeps positive definite matrices so.

    An iteration is a pass of two matrix products. The quotient rises to the eigenvalue; what the last rises leave to come is
    added, so that the limit is not above the true one by more than rounding.
    """
    k, d = len(half), data.d
    root = np.sqrt(half[:, None] + half)
    matrix = np.eye(k) / math.sqrt(k)
    found = rise = before = 0.0
    for _ in range(_ITERATIONS):
        v = matrix / root

        def summarise(piece: Piece, v: Floats = v) -> Floats:
            block = piece.read()
            u = block.x.reshape(-1, d) @ basis[:d]
            if len(basis) > d:
                u += basis[d]
            square = np.einsum("ij,ij->i", u @ v, u)
            if block.weight.size:
                square *= (block.weight * share) ** 2
            return np.asarray((u * square[:, None]).T @ u)

        fourth = np.zeros((k, k))
        fold(summarise, data.pieces(), fourth.__iadd__, threads=1)  # BLAS has threads of its own
        outer = inner @ v @ inner
        image = ((fourth / data.n - outer) / batch + half[:, None] * v * half) / root
        now = float(np.sum(image * matrix))
        rise, before, found = now - found, rise, now
        matrix = image / np.linalg.norm(image)
        if 0.0 <= rise <= _SETTLED * found:
            break
    ratio = min(rise / before, 0.99) if before > 0.0 else 0.0
    return 1.0 / (2.0 * (found + max(rise, 0.0) * ratio / (1.0 - ratio)))


def bound(
    data: Table, steepest: float, batch: int, l2: float, share: float, bias: bool, threads: int | None = None
) -> float:
    """A rate below the mean-square limit: 1 / (max |z|^2 / m + (1 - 1/m) lambda_max(G) + l2).

    E[(I - 2a M)^2] <= I - 4a H (1 - a (max |z|^2 / m + (1 - 1/m) lambda_max(G) + l2)).
    """

    def longest(piece: Piece) -> float:
        block = piece.read()
        x = block.x.reshape(len(block.y), -1)
        return float(kernels.fourth.largest_square(x, block.weight, share, float(bias)))

    largest = max(run(longest, data.pieces(), threads=threads))
    return 1.0 / (largest / batch + (1.0 - 1.0 / batch) * steepest + l2)


def diverging_rate(data: Table, batch: int, l2: float, share: float, bias: bool, limit: float, seed: int = 0) -> float:
    """The rate from which a product of random steps grows: its simulated logarithm, by a fixed seed, turns positive.

    The product of 4096 steps (256 and more of batches) is applied to a vector and rescaled on the way, at 64 rates at
    once between the mean-square limit and 1000 times it; then the root is narrowed twice.
    """
    generator = np.random.default_rng(seed)
    batches = max(_STEPS // batch, 256)
    # Epoch by epoch in random orders, as descent takes them: in small data that is far from drawing with replacement.
    per_epoch = data.n // batch * batch
    wanted = batches * batch
    if data.n > _MANY:  # no permutation of ten billion numbers for the sake of four thousand
        order = generator.choice(data.n, wanted, replace=False)
    else:
        epochs = [generator.permutation(data.n)[:per_epoch] for _ in range(-(-wanted // per_epoch))]
        order = np.concatenate(epochs)[:wanted]
    start = generator.normal(size=data.d + 1)
    if not bias:
        start[-1] = 0.0

    def turning(sample: Block) -> float:
        x = sample.x.reshape(len(sample.y), -1)
        low, high = limit, 1e3 * limit
        for _ in range(3):
            rates = np.geomspace(low, high, _RATES)
            growth = _growth(x, sample.weight, batch, l2, share, bias, rates, start)
            # A direction that hardly moves has no growth to speak of: e^5 over the whole product is growth.
            stable = np.flatnonzero(growth <= 5.0)
            last = int(stable[-1]) if len(stable) else 0
            low, high = float(rates[last]), float(rates[min(last + 1, _RATES - 1)])
        return high

    return data.on_rows(np.asarray(order, dtype=np.intp), turning)


def _growth(
    x: Floats, weight: Floats, batch: int, l2: float, share: float, bias: bool, rates: Floats, start: Floats
) -> Floats:
    """The logarithm of how much the steps of all batches in order stretch a start, for every rate."""
    d = x.shape[1]
    runs = np.zeros((d + 5, len(rates)))
    put_runs(runs, start[:, None], rates, l2, bias)
    none = np.zeros(len(x))
    length = np.linalg.norm(runs[: d + 1], axis=0)
    total = np.zeros(len(rates))
    step = max(8 // batch, 1) * batch  # few enough that nothing overflows between two looks
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for begin in range(0, len(x), step):
            rows = slice(begin, begin + step)
            advance(x[rows], none[rows], weight[rows] if weight.size else weight, batch, share, runs)
            now = np.linalg.norm(runs[: d + 1], axis=0)
            total += np.log(now / length)
            runs[: d + 1] /= np.where((now > 0.0) & np.isfinite(now), now, 1.0)
            length = np.ones(len(rates))
    return np.where(np.isnan(total), np.inf, total)


def order_limit(data: Table, batch: int, l2: float, share: float, bias: bool, safe: float, threads: int | None) -> float:
    """The smallest rate at which the map of an epoch in the order given has a spectral radius of 1."""

    def radius(rate: float) -> float:
        made: AffineMap = epoch_map(data, Rule(rate, batch, share, l2, bias), threads)
        return made.spectral_radius

    low = safe
    high = 1.1 * low
    while radius(high) < 1.0 and high < 1e6 * safe:
        low, high = high, 1.1 * high
    while high - low > 1e-9 * high:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if radius(middle) < 1.0 else (low, middle)
    return low
