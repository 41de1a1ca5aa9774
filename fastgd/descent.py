"""Gradient descent on a linear model: full batch, mini-batch and one sample at a time are one parameter, `batch_size`.

    w <- w - learning_rate * gradient of (mean loss + l2 w.w)

On the squared loss a full-batch descent needs no rows: the gradient is linear in (w, b), and one pass makes all that
it depends on (quadratic.py). Whether a constant rate can work is known exactly: below 2 / h_max, h_max the largest
eigenvalue of the Hessian.
"""

import math
import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from .blocks import Source, Table
from .checks import Floats, as_parameter, number, parameters
from .door import in_order, table
from .ends import Measure, measure_of, require_size
from .mapreduce import Progress
from .objective import LOSSES, cost_sums
from .options import Options, options_of, rate_of, seed_of, shuffle_of
from .orders import end_of_order, order_of, require_memory
from .quadratic import QuadraticCost, RankWarning, of_table
from .rates import mean_square_limit
from .results import Advice, ConvergenceWarning, DivergenceWarning, Fit, History, Status, falls_short
from .runs import Runs
from .verdicts import excess_of, r2_of, status_of
from .walks import Costs, Path, Problem, penalty


def fit(
    x: Any,
    y: Any = None,
    *,
    batch_size: int | None = None,
    learning_rate: float | str = "auto",
    epochs: int = 100,
    w0: Any = None,
    b0: float = 0.0,
    bias: bool = True,
    loss: str = "squared",
    delta: float = 1.0,
    l2: float = 0.0,
    optimizer: Any = "plain",
    schedule: Any = "constant",
    shuffle: str = "each",
    seed: int | None = None,
    average: float | None = None,
    standardize: bool = False,
    tol: float | None = None,
    validation: Any = None,
    patience: int | None = None,
    record: "str | int | None" = "epoch",
    via: str = "auto",
    sample_weight: Any = None,
    threads: int | None = None,
    progress: Any = None,
) -> Fit:
    """Fit y = x.w + b by gradient descent on the mean loss + l2 w.w.

    Parameters
    ----------
    x : (n,) or (n, d) numbers; y : (n,) numbers, or None where x is a source, which brings its own.
    batch_size : rows of an update: None is full batch, 1 is stochastic gradient descent, m is mini-batch (the last batch
        of an epoch may be smaller).
    learning_rate : the factor of the gradient, above 0, or "auto": 1 / h_max (h_max the largest eigenvalue of the
        Hessian), which never oscillates; for batches half of a rate that cannot diverge; for "adagrad" and "rmsprop" 0.01
        and for "adam" 0.001, PyTorch's defaults.
    epochs : passes over the data, 0 or above.
    w0, b0 : where to start; w0 None is 0.
    bias : whether b is fitted; without it b stays 0.
    loss : "squared", "absolute" or "huber"; delta : in units of y, above 0.
    l2 : the penalty's factor, 0 or above; the bias is not penalised.
    optimizer : "plain", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "implicit", or an instance that sets a rule's
        numbers: fastgd.Momentum(0.5), fastgd.Adam(beta1=0.8).
    schedule : "constant", "inverse_time", "step", "exponential", "cosine", "warm_up", "inverse_scaling" (which counts
        updates, the others epochs from 0 on), an instance such as fastgd.Step(every=5), an array of factors of the rate, one
        for each epoch, or a function of the epoch that returns one.
    shuffle : "each" (a new random order every epoch), "once", "none" (the order given). It depends on (seed, epoch) alone.
    seed : an integer of 0 or above, or None: one is drawn and kept in the result.
    average : None, or the fraction of the run, at least 0 and below 1, after which w and b are the means of all since
        (Polyak and Ruppert); the history shows them from there on.
    standardize : descend on (x - mean) / standard deviation (without a bias on x / root mean square); learning_rate and
        l2 then act there; w0, b0, w, b and the history are in the units of x all the same.
    tol : stop when the objective is within tol x (the cost of the best constant prediction) of its exact minimum, or within
        rounding of a minimum of 0; for other losses than the square, when it falls by less than that in an epoch. Where y
        has one value, the cost of predicting 0 takes the constant's place. None: run all epochs, unless the minimum is
        reached to rounding.
    validation : (x, y) or (x, y, sample_weight) of data that are not trained on, a source of them, or the fraction of the
        rows to put aside: random ones, with shuffle="none" the last. The history has their cost.
    patience : stop when the validation cost has not improved for so many epochs; w, b and cost are then those of the epoch
        where it was least, with the status STOPPED_EARLY.
    record : "epoch" keeps a history, a row for every epoch; k keeps a row for every k updates (for other losses than the
        square a pass each, for its cost); None keeps none, and then cost, excess and r2 are NaN.
    via : "moments" (one pass, then no rows), "data" (walk the rows every epoch), "auto": moments where they apply.
    sample_weight : (n,) numbers of 0 or above, or None. In batches a sample's gradient is multiplied by weight / mean.
    threads, progress : as for `cost`; one sample after the other is one thread's work.

    Returns
    -------
    Fit

    Raises
    ------
    ValueError, TypeError : naming the argument, the first offending row and the rule.

    Warns
    -----
    DivergenceWarning : the descent diverged (see Status); it names the rate, the limit and the cure.
    RankWarning : columns are constant or depend on others, so that other weights predict the same.
    ConvergenceWarning : an "auto" fit ended more than 1 % above the exact minimum, and by more than 1e-10 of the cost of the
        best constant: data without noise, whose minimum is 0, are predicted to five digits of their spread by then.

    Examples
    --------
    >>> import fastgd
    >>> fastgd.fit([1, 2, 3], [2, 4, 6], w0=1.0, bias=False, learning_rate=0.01).w
    1.99994443966

    References
    ----------
    Bottou, Curtis and Nocedal, "Optimization methods for large-scale machine learning", SIAM Review 60, 2018.
    """
    data, given = table(x, y, sample_weight), locals()
    result = solve(data, given)
    warn(result, learning_rate == "auto")
    warn_of_rank(result)
    return result


def solve(data: Table, given: dict[str, Any], known: "Known | None" = None) -> Fit:
    """Do what `fit` was asked to do with a table and its other arguments, without a warning."""
    return solved(data, given, known)[0]


def solved(data: Table, given: dict[str, Any], known: "Known | None" = None) -> tuple[Fit, Problem]:
    """Solve, and give back the problem as well: its rate, and the coordinates of the descent."""
    loss, judged = given["loss"], None
    if given["validation"] is not None:
        seed = seed_of(given["seed"])
        data, judged = put_aside(data, given["validation"], shuffle_of(given["shuffle"]), seed)
        given, known = given | {"seed": seed}, None
    options = options_of(data, loss, given)
    rate = rate_of(given["learning_rate"], loss, options.optimizer)
    w, b = start_of(given["w0"], given["b0"], data)
    rows = None if data.rows is None else data.rows * (1 if options.moments else options.epochs + 1)
    with Progress(given["progress"], rows, "fit") as shown:
        problem = prepare(data, judged, options, rate, given["standardize"], shown, known)
        path = problem.descend(w, b, shown)
    return report(problem, path, data, loss), problem


class Known:
    """What passes over one table have found, for many descents on it: a pass is made once."""

    def __init__(self, data: Table, threads: int | None = None, quadratic: QuadraticCost | None = None) -> None:
        self.data, self.threads = data, threads
        self.quadratics = {} if quadratic is None else {quadratic.bias: quadratic}
        self.limits: dict[tuple[int, bool, float, bool], float] = {}

    def quadratic(self, bias: bool, progress: Progress | None = None) -> QuadraticCost:
        """The squared loss of the table."""
        if bias not in self.quadratics:
            other = self.quadratics.get(not bias)
            self.quadratics[bias] = (
                of_table(self.data, bias=bias, threads=self.threads, progress=progress)
                if other is None
                else replace(other, bias=bias)
            )
        return self.quadratics[bias]


def put_aside(data: Table, validation: Any, shuffle: str, seed: int) -> tuple[Table, Table]:
    """The rows to train on, and those to validate on: given, or a fraction of the rows."""
    if isinstance(validation, Source):
        validation = (validation, None)
    if isinstance(validation, (tuple, list)):
        return data, rows_to_judge_by(data, validation, "validation")
    share = number(validation, "validation")
    if not 0.0 < share < 1.0:
        raise ValueError(f"validation is {share:g}: a fraction must be above 0 and below 1")
    aside = round(share * data.n)
    if not 0 < aside < data.n:
        raise ValueError(
            f"validation is {share:g}: of {data.n} rows that leaves {data.n - aside} to train on and {aside} aside"
        )
    if shuffle == "none":
        return data.ordered(Runs((0, data.n - aside))), data.ordered(Runs((data.n - aside, data.n)))
    # Epoch 2^32 - 1 is no epoch's: the rows put aside have nothing to do with any order.
    if not data.in_memory:
        left, taken = end_of_order(seed, (1 << 32) - 1, data.n, aside)
        return data.ordered(left), data.ordered(taken)
    order = order_of(seed, (1 << 32) - 1, data.n)
    return data.ordered(np.sort(order[:-aside])), data.ordered(np.sort(order[-aside:]))


def rows_to_judge_by(data: Table, given: Any, name: str) -> Table:
    """Validate (x, y) or (x, y, sample_weight) of rows that are not trained on."""
    if isinstance(given, Source):
        given = (given, None)
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
        kind = f"has {len(given)} parts" if isinstance(given, (tuple, list)) else f"is a {type(given).__name__}"
        raise ValueError(f"{name} {kind}: it must be (x, y) or (x, y, sample_weight)")
    try:
        judged = table(*given)
        judged.mean_weight()
        judged.require_all_finite()
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from None
    return in_order(judged, data, f"x of {name}", "x")


def report(problem: Problem, path: Path, data: Table, loss: str, lost: "bool | None" = None) -> Fit:
    """Put a path into the user's coordinates, with what is to be said of it.

    `lost` tells whether a path that is finite diverged, where it is a part of a longer one; None: judge it by itself.
    """
    options = problem.options
    finite = np.isfinite(path.theta).all(axis=1)
    if options.record:
        finite &= np.isfinite(path.cost)
    last = int(np.flatnonzero(finite)[-1]) if finite.any() else 0
    status = status_of(problem, path, bool(finite.all()), lost)
    with np.errstate(over="ignore", invalid="ignore"):  # the record that ended a diverged run
        ws = path.theta[:, :-1] / problem.scale
        bs = path.theta[:, -1] - np.sum(ws * problem.shift, axis=1)  # not @, whose bits depend on the number of rows
    end, cost = path.theta[last], float(path.cost[last]) if options.record else math.nan
    if status is Status.STOPPED_EARLY and path.best is not None:
        end, cost = path.best.theta, path.best.cost
    objective = cost + penalty(options.l2, end[:-1])
    w = end[:-1] / problem.scale
    judged, aside = math.nan, 0
    if problem.validation is not None:
        aside = problem.validation.data.n
        if path.validation is not None and not options.every:  # a row for every epoch
            early = path.best if status is Status.STOPPED_EARLY else None
            judged = float(path.validation[last if early is None else early.epoch])
        else:
            judged = float(problem.validation(end[None])[0])
    history = None
    if options.record:
        before = options.first * (1 if options.batch_size is None else -(-data.n // options.batch_size))
        epoch, update = path.epoch + options.first, path.update + before
        history = History(epoch, path.cost, ws[:, 0].copy() if data.flat else ws, bs, path.validation, update)
    return Fit(
        w=float(w[0]) if data.flat else w,
        b=float(end[-1] - np.sum(w * problem.shift)),
        cost=cost,
        status=status,
        epochs=options.first + path.epochs,
        learning_rate=problem.rate,
        seed=options.seed,
        excess=excess_of(objective, problem.minimum, problem.measure.rounding) if loss == "squared" else math.nan,
        r2=r2_of(cost, problem.constant, problem.measure) if loss == "squared" else math.nan,
        history=history,
        batch_size=options.batch_size,
        loss=loss,
        l2=options.l2,
        bias=options.bias,
        standardized=bool(np.any(problem.shift != 0.0) or np.any(problem.scale != 1.0)),
        max_learning_rate=problem.max_rate,
        condition=problem.condition,
        validation_cost=judged,
        validation_rows=aside,
        minimum_cost=problem.minimum if loss == "squared" else math.nan,
        via="moments" if options.moments else "data",
        names=data.names,
        target=data.target,
        optimizer=options.optimizer.name,
        schedule=options.schedule.name,
        best_epoch=options.first + path.best.epoch if status is Status.STOPPED_EARLY and path.best is not None else None,
        spectral_radius=path.radius,
        quadratic=problem.user,
        advice=_advice(problem, data) if status is Status.DIVERGED and loss == "squared" else None,
        settings=options.settings,
        undetermined=problem.undetermined,
    )


def _advice(problem: Problem, data: Table) -> Advice | None:
    """What would have worked, for a descent that did not."""
    options, quadratic = problem.options, problem.quadratic
    if quadratic is None or options.optimizer.name != "plain":
        return None

    def limit_of(quadratic: QuadraticCost, rows: Table) -> float:
        steepest = quadratic.spectrum(options.l2).steepest
        full = 2.0 / steepest if steepest > 0.0 else math.inf
        if options.batch_size is None:
            return full
        batch, l2 = options.batch_size, options.l2
        return min(mean_square_limit(rows, quadratic, batch, l2, problem.share, options.threads, quick=True), full)

    shares = quadratic.spectrum(options.l2).basis[:, 0] ** 2
    name = data.label(int(np.argmax(shares))) if np.argmax(shares) < data.d else "the bias"
    limit = limit_of(quadratic, problem.data)
    other, shift, scale = quadratic.standardized()
    standardized = limit if problem.data.shift is not None else limit_of(other, problem.data.standardized(shift, scale))
    return Advice(limit, limit / 2.0, name, float(shares.max()), standardized)


def prepare(
    data: Table,
    judged: Table | None,
    options: Options,
    rate: float | None,
    standardize: bool,
    progress: Progress,
    known: Known | None = None,
    scaling: tuple[Floats, Floats] | None = None,
) -> Problem:
    """Make the pass that the rate, the standardisation and the costs need, and put the data into their coordinates.

    `scaling` is a (shift, scale) learnt before, in place of what `standardize` would learn from these rows.
    """
    d, user = data.d, data
    if options.batch_size is not None and options.shuffle != "none":
        require_memory(data)
    shift, scale = scaling or (np.zeros(d), np.ones(d))
    if scaling is not None:
        standardize, data = False, data.standardized(shift, scale) if shift.any() or (scale != 1.0).any() else data
    implicit = options.optimizer.name == "implicit" and options.batch_size is None
    if not (options.record or options.moments or standardize or rate is None or implicit):
        share = 1.0 / data.mean_weight()
        unknown = math.nan
        costs = Costs(options, user, None, shift, scale)
        return Problem(
            options, data, None, float(rate or 0.0), unknown, unknown, unknown, unknown, Measure(unknown, unknown), shift,
            scale, share, costs,
        )  # fmt: skip
    known = known or Known(user, options.threads)
    raw = quadratic = known.quadratic(options.bias, progress)
    if scaling is not None:
        quadratic = quadratic.rescaled(shift, scale)
    if standardize:
        quadratic, shift, scale = quadratic.standardized()
        data = data.standardized(shift, scale)
    share = data.n / quadratic.count
    spectrum = quadratic.spectrum(options.l2)
    steepest = spectrum.steepest
    max_rate = options.optimizer.limit() * (2.0 / steepest if steepest > 0.0 else math.inf)
    if rate is None:
        rate = _auto(data, options, quadratic, steepest, share, known)
    solution = quadratic.solve(options.l2)
    constant, measure = quadratic.constant_cost, measure_of(quadratic)
    if options.code != LOSSES["absolute"]:
        require_size(quadratic)
    minimum = solution.cost + penalty(options.l2, solution.w)
    if options.code != LOSSES["squared"]:
        middle = quadratic.mean_y if options.bias else 0.0
        total, count = cost_sums(data, np.zeros(d), middle, options.code, options.delta, threads=options.threads)
        constant, minimum = total / count, -math.inf
        if measure.size != quadratic.constant_cost:  # y has one value: the loss of predicting 0
            rms, delta = math.sqrt(measure.size), options.delta
            huber = measure.size if rms <= delta else delta * (2.0 * rms - delta)
            measure = Measure(rms if options.code == LOSSES["absolute"] else huber, 0.0)
        else:
            measure = Measure(constant, 0.0)
        if options.code == LOSSES["absolute"]:
            max_rate = math.inf  # a kink has no curvature: no constant rate settles, and none explodes
    validation = None
    if judged is not None:
        own = None
        if options.code == LOSSES["squared"]:
            own = of_table(judged, bias=True, threads=options.threads).rescaled(shift, scale)
        validation = Costs(options, judged, own, shift, scale)
    costs = Costs(options, user, quadratic, shift, scale)
    return Problem(
        options, data, quadratic, rate, max_rate, spectrum.condition, minimum, constant, measure, shift, scale, share, costs,
        validation, raw, solution.problem,
    )  # fmt: skip


def _auto(data: Table, options: Options, quadratic: QuadraticCost, steepest: float, share: float, known: Known) -> float:
    """Full batch: 1 / h_max. Batches: half of the largest rate that is stable in mean square."""
    if steepest <= 0.0:
        return 1.0
    if options.batch_size is None:
        return 1.0 / steepest
    key = (options.batch_size, options.bias, options.l2, data.shift is not None)
    if key not in known.limits:
        known.limits[key] = mean_square_limit(data, quadratic, options.batch_size, options.l2, share, options.threads, True)
    return 0.5 * known.limits[key]


def start_of(w0: Any, b0: Any, data: Table) -> tuple[Floats, float]:
    """Validate where to start: w (d,) and b."""
    if w0 is None:
        return np.zeros(data.d), number(b0, "b0")
    as_parameter(w0, "w0", data.d == 1)
    try:
        w, _ = parameters(w0, 0.0, data.d, data.flat)
    except ValueError as error:
        raise ValueError(str(error).replace("w has", "w0 has", 1)) from None
    return w.astype(float), number(b0, "b0")


def warn_of_rank(result: Fit, level: int = 3) -> None:
    """Warn where the data do not determine w, so that what was found is one of many that predict the same."""
    if result.undetermined and result.status is not Status.DIVERGED:
        warnings.warn(result.undetermined, RankWarning, stacklevel=level)


def warn(result: Fit, auto: bool, level: int = 3) -> None:
    """Warn of a descent that diverged, or that an automatic rate did not bring far; `level` is the stack's."""
    if result.status is Status.DIVERGED:
        warnings.warn("; ".join(result.sentences(short=True)), DivergenceWarning, stacklevel=level)
    elif auto and result.epochs > 0 and result.status is Status.MAX_EPOCHS and falls_short(result):
        warnings.warn(result.explain(), ConvergenceWarning, stacklevel=level)
