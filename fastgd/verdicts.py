"""The verdict on a path: whether it diverged, and how far it is from the minimum.

Whether a full batch diverges is known exactly, and of a fixed order where its map was made. Of random batches it is known in
mean square, for a pass over the rows, which is made only where the cost rose. Else the numbers at the end speak.
"""

import math

from .ends import CEILING, ENOUGH, Measure
from .objective import LOSSES
from .rates import MOST_MOMENTS, mean_square_limit
from .results import Status
from .walks import Path, Problem, penalty


def status_of(problem: Problem, path: Path, finite: bool, lost: "bool | None" = None) -> Status:
    """How a path ended; `lost` tells whether it diverged where that is known, None: judge it by itself."""
    if not finite or lost or (lost is None and problem.options.record and _has_diverged(problem, path)):
        return Status.DIVERGED
    if path.best is not None:
        return Status.STOPPED_EARLY
    return Status.CONVERGED if path.done else Status.MAX_EPOCHS


def _has_diverged(problem: Problem, path: Path) -> bool:
    """Whether a path of finite numbers diverged, by the costs on its record."""
    options = problem.options
    if path.cost[-1] > CEILING * max(float(path.cost[0]), problem.measure.size):
        return True
    # With a penalty the cost may fall while what is minimised, cost and penalty, rises.
    first, before, end = (
        float(path.cost[k]) + penalty(options.l2, path.theta[k, :-1]) for k in (0, max(len(path.cost) - 2, 0), -1)
    )
    # What a full batch's rate, or an order's map, must do in the end is known exactly.
    if path.radius > 1.0 + 1e-12 and (end > before or path.cost[-1] > path.cost[0]):  # it may turn as it grows
        return True
    if not math.isnan(path.radius):
        return False  # the order's map contracts: it comes to rest, if not at the minimum
    if options.batch_size is None and end > before and problem.rates(path.epochs - 1, path.epochs)[0] > problem.max_rate:
        return True
    if not path.epochs or (path.done and options.code == LOSSES["squared"]):
        return False
    if path.best is not None and path.best.epoch > 0:
        return False  # patience found an epoch better than the start, and that is the result
    last, largest = _rates_of(problem, path)
    return bool(problem.grown(end, first, last, largest, lambda: limit_of_batches(problem)))


def _rates_of(problem: Problem, path: Path) -> tuple[float, float]:
    """The rate of a path's last update, and the largest of any."""
    options = problem.options
    if options.batch_size is None:
        rates = problem.rates(0, path.epochs)
        return float(rates[-1]), float(rates.max())
    rates = problem.rate * options.factors[: path.epochs]
    updates = (options.first + path.epochs) * -(-problem.data.n // options.batch_size)
    return float(rates[-1]) / updates**options.power, float(rates.max())


def limit_of_batches(problem: Problem) -> float:
    """The rate beyond which random batches grow in mean square; infinite where only a bound of it is to be had in time."""
    options, quadratic, data = problem.options, problem.quadratic, problem.data
    assert quadratic is not None and options.batch_size is not None
    size = data.d + options.bias
    moments = size * (size + 1) // 2
    if float(data.n) * moments * (moments + size) > MOST_MOMENTS:
        return math.inf
    limit = mean_square_limit(data, quadratic, options.batch_size, options.l2, problem.share, options.threads, True)
    steepest = quadratic.spectrum(options.l2).steepest
    return min(limit, 2.0 / steepest) if steepest > 0.0 else math.inf


def excess_of(objective: float, minimum: float, rounding: float) -> float:
    """objective / minimum - 1; a minimum that is nothing but rounding counts as 0."""
    if math.isnan(objective) or math.isnan(minimum):
        return math.nan
    if minimum <= rounding:
        return 0.0 if objective <= rounding else math.inf
    return max(objective / minimum - 1.0, 0.0)


def r2_of(cost: float, constant: float, measure: Measure) -> float:
    """1 - cost / constant; where y has one value, whether it is met but for rounding."""
    if math.isnan(cost):
        return math.nan
    if measure.size == constant > 0.0:
        return 1.0 - cost / constant
    return 1.0 if cost <= ENOUGH * measure.size else 0.0
