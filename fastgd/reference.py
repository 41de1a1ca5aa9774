"""The specification of fastgd: every operation as a plain loop over lists.

A model predicts ``x . w + b``; its error on a row is e = prediction - y, a loss turns e into a number, and the
cost is the mean of the losses. Everything else in the library computes the same numbers faster.

``x`` is a list of numbers (one feature; then ``w`` is a number) or a list of rows (then ``w`` is a list); arrays come
in by ``tolist()``. Numbers may be int, float, `fractions.Fraction` or `decimal.Decimal`: nothing here converts them, so
that on fractions every result that needs no square root is exact, and decimals carry as many digits as one likes. A
gradient is that of the mean loss plus the penalty ``l2 * w . w``; there is no factor 1/2 anywhere. Nothing is validated:
these functions are read, tested against and measured against.
"""

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

Number: TypeAlias = Any  # int, float, Fraction or Decimal
Numbers: TypeAlias = Sequence[Number]
Features: TypeAlias = Sequence[Any]  # numbers, or rows of numbers
Weights: TypeAlias = Any  # one number for one feature, a list for rows of them
Matrix: TypeAlias = list[list[Number]]
Folds: TypeAlias = Sequence[tuple[Sequence[int], Sequence[int]]]  # the rows to train on, and those to test


def _rows(x: Features) -> list[Numbers]:
    """Every sample as a list of features."""
    return [row if isinstance(row, Sequence) else [row] for row in x]


def _listed(w: Weights) -> list[Number]:
    return list(w) if isinstance(w, Sequence) else [w]


def _like(x: Features, w: list[Number]) -> Weights:
    """`w` in the shape the user speaks: a number where `x` holds numbers."""
    return w if isinstance(x[0], Sequence) else w[0]


def _dot(u: Numbers, v: Numbers) -> Number:
    total: Number = 0
    for one, other in zip(u, v, strict=True):
        total += one * other
    return total


def _mean(values: Numbers, sample_weight: Numbers | None = None) -> Number:
    if sample_weight is None:
        return sum(values) / len(values)
    return _dot(values, sample_weight) / sum(sample_weight)


def predict(x: Features, w: Weights, b: Number = 0) -> list[Number]:
    """Predictions ``x . w + b``, one for each row.

    >>> predict([1, 2, 3], w=2, b=1)
    [3, 5, 7]
    """
    return [_dot(row, _listed(w)) + b for row in _rows(x)]


def _loss(e: Number, loss: str, delta: Number) -> Number:
    """Loss of one error: its square, its size, or the square up to `delta` and a straight line beyond."""
    if loss == "squared" or (loss == "huber" and abs(e) <= delta):
        return e * e
    if loss == "absolute":
        return abs(e)
    if loss == "huber":
        return 2 * delta * abs(e) - delta * delta
    raise ValueError(f"loss is {loss!r}; it must be 'squared', 'absolute' or 'huber'")


def _slope(e: Number, loss: str, delta: Number) -> Number:
    """Derivative of the loss by the error; 0 at the corner of the absolute loss."""
    if loss == "squared" or (loss == "huber" and abs(e) <= delta):
        return 2 * e
    sign = e / abs(e) if e != 0 else e  # a number of e's kind
    if loss == "absolute":
        return sign
    if loss == "huber":
        return 2 * delta * sign
    raise ValueError(f"loss is {loss!r}; it must be 'squared', 'absolute' or 'huber'")


def losses(x: Features, y: Numbers, w: Weights, b: Number = 0, loss: str = "squared", delta: Number = 1) -> list[Number]:
    """Loss of each row.

    >>> losses([1, 2, 3], [2, 4, 6], w=4)
    [4, 16, 36]
    """
    return [_loss(p - target, loss, delta) for p, target in zip(predict(x, w, b), y, strict=True)]


def cost(
    x: Features,
    y: Numbers,
    w: Weights,
    b: Number = 0,
    loss: str = "squared",
    delta: Number = 1,
    sample_weight: Numbers | None = None,
) -> Number:
    """Weighted mean of the losses, ``sum(weight * loss) / sum(weight)``."""
    return _mean(losses(x, y, w, b, loss, delta), sample_weight)


def mse(x: Features, y: Numbers, w: Weights, b: Number = 0, sample_weight: Numbers | None = None) -> Number:
    """Mean squared error.

    >>> from fractions import Fraction
    >>> mse([1, 2, 3], [Fraction(2), Fraction(4), Fraction(6)], w=4)
    Fraction(56, 3)
    """
    return cost(x, y, w, b, sample_weight=sample_weight)


def gradient(
    x: Features,
    y: Numbers,
    w: Weights,
    b: Number = 0,
    loss: str = "squared",
    delta: Number = 1,
    sample_weight: Numbers | None = None,
    l2: Number = 0,
) -> tuple[Weights, Number]:
    """Partial derivatives (gw, gb) of the mean loss plus ``l2 * w . w`` by w and by b.

    For the squared loss gw = mean(2 x e) + 2 l2 w and gb = mean(2 e).
    """
    rows, w = _rows(x), _listed(w)
    slopes = [_slope(p - target, loss, delta) for p, target in zip(predict(x, w, b), y, strict=True)]
    gw = []
    for j in range(len(w)):
        gw.append(_mean([s * row[j] for s, row in zip(slopes, rows)], sample_weight) + 2 * l2 * w[j])
    return _like(x, gw), _mean(slopes, sample_weight)


def sweep(
    x: Features,
    y: Numbers,
    ws: Sequence[Weights],
    bs: Numbers,
    loss: str = "squared",
    delta: Number = 1,
    sample_weight: Numbers | None = None,
) -> Matrix:
    """Cost of every pair: ``sweep(x, y, ws, bs)[i][j]`` is the cost at ``(ws[i], bs[j])``."""
    return [[cost(x, y, w, b, loss, delta, sample_weight) for b in bs] for w in ws]


def _scales(rows: list[Numbers], bias: bool, sample_weight: Numbers | None) -> tuple[list[Number], list[Number]]:
    """Centre and scale of each feature; without a bias nothing can be centred, and the scale is taken about 0."""
    centres: list[Number] = []
    scales: list[Number] = []
    for j in range(len(rows[0])):
        column = [row[j] for row in rows]
        centre = _mean(column, sample_weight) if bias else 0
        square = _mean([(value - centre) * (value - centre) for value in column], sample_weight)
        spread = square.sqrt() if isinstance(square, Decimal) else math.sqrt(square)
        centres.append(centre)
        scales.append(spread if spread > 0 else 1)  # a constant feature has no scale to take out
    return centres, scales


def _directions(rule: Sequence[Any], t: int, gradient: list[Number], memory: list[list[Number]]) -> list[Number]:
    """What an optimizer subtracts in update t = 1, 2, ..., before the rate, for every parameter.

    `rule` is its name and its constants; `memory` its own numbers, two for each parameter, zeros before the first update.
    """
    name, *constants = rule
    v, s = memory
    steps = []
    for j, g in enumerate(gradient):
        if name == "plain":
            steps.append(g)
        elif name == "momentum":
            (momentum,) = constants
            v[j] = momentum * v[j] + g
            steps.append(v[j])
        elif name == "nesterov":
            (momentum,) = constants
            v[j] = momentum * v[j] + g
            steps.append(g + momentum * v[j])
        elif name == "adagrad":
            (epsilon,) = constants
            s[j] = s[j] + g * g
            steps.append(g / (math.sqrt(s[j]) + epsilon))
        elif name == "rmsprop":
            decay, epsilon = constants
            s[j] = decay * s[j] + (1 - decay) * g * g
            steps.append(g / (math.sqrt(s[j]) + epsilon))
        elif name == "adam":
            beta1, beta2, epsilon = constants
            v[j] = beta1 * v[j] + (1 - beta1) * g
            s[j] = beta2 * s[j] + (1 - beta2) * g * g
            steps.append(v[j] / (1 - beta1**t) / (math.sqrt(s[j] / (1 - beta2**t)) + epsilon))
        else:
            raise ValueError(f"optimizer is {name!r}; it must be the name of a rule, followed by its constants")
    return steps


def _proximal(
    z: list[Numbers], targets: Numbers, shares: Numbers, theta: list[Number], rate: Number, penalties: Numbers
) -> list[Number]:
    """Where the mean of share * (z . theta' - target)^2 + penalties . theta'^2 + |theta' - theta|^2 / (2 rate) is least.

    The gradient there is 0: (I + rate H) theta' = theta + 2 rate mean(share target z), H = 2 mean(share z z') + 2 penalties.
    """
    matrix, right = [], []
    for j in range(len(theta)):
        row = [2 * rate * _mean([c * a[j] * a[k] for c, a in zip(shares, z)]) for k in range(len(theta))]
        row[j] += 1 + 2 * rate * penalties[j]
        matrix.append(row)
        right.append(theta[j] + 2 * rate * _mean([c * a[j] * target for c, a, target in zip(shares, z, targets)]))
    return solve(matrix, right)


def _proximal_of_a_line(
    z: Numbers,
    target: Number,
    share: Number,
    theta: list[Number],
    rate: Number,
    penalties: Numbers,
    loss: str,
    delta: Number,
) -> list[Number]:
    """The same of one row of a loss that has straight pieces: of each piece the point it would end at, if it lies there."""
    steepest = 1 if loss == "absolute" else 2 * delta
    corner = 0 if loss == "absolute" else delta
    for sign in (1, -1):
        slope = sign * share * steepest
        there = [(v - rate * slope * a) / (1 + 2 * rate * c) for v, a, c in zip(theta, z, penalties)]
        if sign * (_dot(z, there) - target) >= corner:
            return there
    if loss == "huber":
        return _proximal([z], [target], [share], theta, rate, penalties)
    # At the corner: the nearest point without an error, z . theta' = target, its multiplier the last unknown.
    matrix = []
    for j in range(len(theta)):
        matrix.append([1 + 2 * rate * penalties[j] if k == j else 0 for k in range(len(theta))] + [z[j]])
    return solve([*matrix, [*z, 0]], [*theta, target])[:-1]


def fit(
    x: Features,
    y: Numbers,
    *,
    w0: Weights,
    b0: Number,
    learning_rate: Number,
    epochs: int,
    batch_size: int | None = None,
    orders: Sequence[Sequence[int]] | None = None,
    bias: bool = True,
    loss: str = "squared",
    delta: Number = 1,
    l2: Number = 0,
    sample_weight: Numbers | None = None,
    standardize: bool = False,
    optimizer: Any = "plain",
    factors: Numbers | None = None,
    power: Number = 0,
    average: Number | None = None,
) -> list[tuple[Weights, Number]]:
    """Gradient descent: (w, b) at the start and after every epoch, ``epochs + 1`` pairs.

    An update is ``w - learning_rate * gw``, ``b - learning_rate * gb`` with the gradient averaged over one batch:
    all rows (`batch_size` None), or `batch_size` consecutive rows of the epoch's order, of which the last batch may
    have fewer and is averaged over its own. A row's gradient counts weight / mean weight of all rows, so that on
    all rows the average is the weighted mean. Without a bias, `b` stays `b0`.

    With `standardize`, rate and penalty act on the features x' = (x - mean) / standard deviation (without a bias:
    x / root mean square), and the pairs are translated back: w = w' / scale, b = b' - w . mean.

    `orders` lists the row numbers of each epoch in the order they are taken; None is the order given.

    `optimizer` is what becomes of the gradient g, of every parameter by itself: a name and its constants.

    - "plain": g
    - ("momentum", m): v = m v + g
    - ("nesterov", m): v = m v + g, then g + m v
    - ("adagrad", epsilon): s = s + g^2, then g / (sqrt(s) + epsilon)
    - ("rmsprop", decay, epsilon): s = decay s + (1 - decay) g^2, then g / (sqrt(s) + epsilon)
    - ("adam", beta1, beta2, epsilon): v = beta1 v + (1 - beta1) g, s = beta2 s + (1 - beta2) g^2, then
      v / (1 - beta1^t) / (sqrt(s / (1 - beta2^t)) + epsilon) in update t
    - "implicit": no gradient; an update goes from theta to where (the batch's mean loss + l2 w'.w' + |theta' - theta|^2
      / (2 rate)) is least, of one row of any loss, or of more rows of the squared loss

    The rate of a whole epoch is multiplied by its number in `factors`; that of update t = 1, 2, ... is divided by t^power.

    With `average`, a fraction, the pairs show from update int(average * all updates) + 1 on the mean of the parameters
    after it and after every update since.

    >>> [w for w, b in fit([1, 2, 3], [2, 4, 6], w0=1, b0=0, learning_rate=0.01, epochs=1, bias=False)]
    [1, 1.0933333333333333]
    >>> from fractions import Fraction
    >>> fit([1], [2], w0=Fraction(0), b0=Fraction(0), learning_rate=Fraction(1, 2), epochs=1, optimizer="implicit")[1]
    (Fraction(2, 3), Fraction(2, 3))
    """
    rows = _rows(x)
    n = len(rows)
    total = None if sample_weight is None else sum(sample_weight)
    w, b = _listed(w0), b0
    if standardize:
        centres, scales = _scales(rows, bias, sample_weight)
        rows = [[(v - c) / s for v, c, s in zip(row, centres, scales)] for row in rows]
        b = b + _dot(w, centres)
        w = [value * s for value, s in zip(w, scales)]

    def users(w: list[Number], b: Number) -> tuple[Weights, Number]:
        if not standardize:
            return _like(x, w), b
        theirs = [value / s for value, s in zip(w, scales)]
        return _like(x, theirs), b - _dot(theirs, centres)

    batches: list[list[Sequence[int]]] = []  # of each epoch
    for epoch in range(epochs):
        order = range(n) if orders is None else orders[epoch]
        size = len(order) if batch_size is None else batch_size
        batches.append([order[start : start + size] for start in range(0, len(order), size)])
    begin = None if average is None else int(average * sum(len(part) for part in batches))

    rule = (optimizer,) if isinstance(optimizer, str) else optimizer
    memory: list[list[Number]] = [[0] * (len(w) + 1), [0] * (len(w) + 1)]
    summed: list[Number] = [0] * (len(w) + 1)
    path: list[tuple[Weights, Number]] = [(_like(x, _listed(w0)), b0)]
    one = 0 * learning_rate + 1  # of the rate's own kind: the quotient of ints is a float
    t = 0
    for epoch in range(epochs):
        shown = w, b
        for batch in batches[epoch]:
            t += 1
            rate = learning_rate if factors is None else learning_rate * factors[epoch]
            rate = rate / t**power if power else rate
            shares = [one if sample_weight is None else one * sample_weight[i] * n / total for i in batch]
            if rule[0] == "implicit":
                w, b = _implicit([rows[i] for i in batch], [y[i] for i in batch], shares, w, b, rate, bias, loss, delta, l2)
            else:
                slopes = [s * _slope(_dot(rows[i], w) + b - y[i], loss, delta) for s, i in zip(shares, batch)]
                g = [_mean([s * rows[i][j] for s, i in zip(slopes, batch)]) + 2 * l2 * w[j] for j in range(len(w))]
                *steps, step = _directions(rule, t, [*g, _mean(slopes)], memory)
                w = [value - rate * s for value, s in zip(w, steps)]
                if bias:
                    b = b - rate * step
            shown = w, b
            if begin is not None and t > begin:
                summed = [s + value for s, value in zip(summed, [*w, b])]
                *w_mean, b_mean = [s / (t - begin) for s in summed]
                shown = w_mean, b_mean
        path.append(users(*shown))
    return path


def _implicit(
    rows: list[Numbers],
    y: Numbers,
    shares: Numbers,
    w: list[Number],
    b: Number,
    rate: Number,
    bias: bool,
    loss: str,
    delta: Number,
    l2: Number,
) -> tuple[list[Number], Number]:
    """An implicit update of (w, b) by one batch; a b that is not fitted is a part of y."""
    z = [[*row, 1] if bias else row for row in rows]
    targets = y if bias else [target - b for target in y]
    theta = [*w, b] if bias else w
    penalties = [l2] * len(w) + [0] * (len(theta) - len(w))
    if loss == "squared":
        theta = _proximal(z, targets, shares, theta, rate, penalties)
    elif len(rows) == 1:
        theta = _proximal_of_a_line(z[0], targets[0], shares[0], theta, rate, penalties, loss, delta)
    else:
        raise ValueError(f"an implicit update by {len(rows)} rows of the {loss} loss has no formula")
    return (theta[:-1], theta[-1]) if bias else (theta, b)


def _augmented(x: Features, bias: bool) -> Matrix:
    """Rows z = (x, 1), the 1 of the features' own kind: the mean of ints is a float."""
    return [[*row, 0 * row[0] + 1] if bias else list(row) for row in _rows(x)]


def hessian(x: Features, bias: bool = True, l2: Number = 0, sample_weight: Numbers | None = None) -> Matrix:
    """Second derivatives of the mean squared error plus ``l2 * w . w``: ``2 * mean(z z') + 2 * l2`` on w, z = (x, 1).

    >>> hessian([1, 3])
    [[10.0, 4.0], [4.0, 2.0]]
    """
    z = _augmented(x, bias)
    d = len(_rows(x)[0])
    table = []
    for j in range(len(z[0])):
        table.append([2 * _mean([row[j] * row[k] for row in z], sample_weight) for k in range(len(z[0]))])
        if j < d:
            table[j][j] += 2 * l2
    return table


def solve(matrix: Matrix, right: list[Number]) -> list[Number]:
    """Solve ``matrix @ result = right`` by Gaussian elimination, the largest pivot of each column first."""
    n = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(rows[i][k]))
        rows[k], rows[pivot] = rows[pivot], rows[k]
        if rows[k][k] == 0:
            raise ValueError(f"the matrix is singular: column {k} depends on the columns before it")
        for i in range(k + 1, n):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [a - factor * p for a, p in zip(rows[i], rows[k])]
    result: list[Number] = [0] * n
    for k in reversed(range(n)):
        result[k] = (rows[k][n] - _dot(rows[k][k + 1 : n], result[k + 1 :])) / rows[k][k]
    return result


def minimum(
    x: Features,
    y: Numbers,
    bias: bool = True,
    l2: Number = 0,
    sample_weight: Numbers | None = None,
    standardize: bool = False,
) -> tuple[Weights, Number, Number]:
    """(w, b, cost) where the mean squared error plus ``l2 * w . w`` is smallest; the cost is without the penalty.

    The gradient is 0 there: ``hessian @ (w, b) = 2 * mean(y z)`` with z = (x, 1), the normal equations. They lose
    half the digits of floats and none of fractions. With `standardize` the penalty acts as in `fit`.

    >>> from fractions import Fraction
    >>> minimum([Fraction(1), Fraction(2), Fraction(4)], [1, 3, 4])
    (Fraction(13, 14), Fraction(1, 2), Fraction(3, 14))
    """
    if standardize:
        centres, scales = _scales(_rows(x), bias, sample_weight)
        rows = [[(v - c) / s for v, c, s in zip(row, centres, scales)] for row in _rows(x)]
        w, b, least = minimum(rows, y, bias, l2, sample_weight)
        w = [v / s for v, s in zip(w, scales)]
        return _like(x, w), b - _dot(w, centres), least
    z = _augmented(x, bias)
    right = []
    for j in range(len(z[0])):
        right.append(2 * _mean([target * row[j] for target, row in zip(y, z, strict=True)], sample_weight))
    theta = solve(hessian(x, bias, l2, sample_weight), right)
    w = theta[:-1] if bias else theta
    b = theta[-1] if bias else 0
    return _like(x, w), b, mse(x, y, _like(x, w), b, sample_weight)


def learning_rate_limit(x: Numbers, bias: bool = True, l2: Number = 0, sample_weight: Numbers | None = None) -> float:
    """Rate below which full-batch descent on one feature is stable: 2 / the largest eigenvalue of the hessian.

    The eigenvalues of [[p, q], [q, r]] are (p + r) / 2 ± sqrt(((p - r) / 2)^2 + q^2).

    >>> learning_rate_limit([1, 2, 3], bias=False) == 3 / 14
    True
    """
    table = hessian(x, bias, l2, sample_weight)
    if not bias:
        return float(2 / table[0][0])
    (p, q), (_, r) = table
    return float(2 / ((p + r) / 2 + math.hypot((p - r) / 2, q)))


def smooth(values: Numbers, alpha: Number, debias: bool = False) -> list[Number]:
    """Exponentially weighted means: s[0] = c[0], s[i] = alpha c[i] + (1 - alpha) s[i-1].

    With `debias` the mean of all values so far with weights (1 - alpha)^age, divided by the sum of these weights.

    >>> smooth([0, 4, 4], 0.5)
    [0, 2.0, 3.0]
    """
    if not debias:
        means = [values[0]]
        for value in values[1:]:
            means.append(alpha * value + (1 - alpha) * means[-1])
        return means
    means = []
    for i in range(len(values)):
        ages = [(1 - alpha) ** (i - k) for k in range(i + 1)]
        means.append(_mean(values[: i + 1], ages))
    return means


def k_fold(n: int, k: int) -> list[tuple[list[int], list[int]]]:
    """The rows (to train on, to test) of each of k folds of consecutive rows; the first n % k folds test one row more.

    >>> k_fold(5, 2)
    [([3, 4], [0, 1, 2]), ([0, 1, 2], [3, 4])]
    """
    folds = []
    start = 0
    for i in range(k):
        stop = start + n // k + (1 if i < n % k else 0)
        folds.append(([row for row in range(n) if row < start or row >= stop], list(range(start, stop))))
        start = stop
    return folds


def leave_one_out(n: int) -> list[tuple[list[int], list[int]]]:
    """All rows but one to train on, and the one to test.

    >>> leave_one_out(3)
    [([1, 2], [0]), ([0, 2], [1]), ([0, 1], [2])]
    """
    return k_fold(n, n)


def cross_validate(
    x: Features,
    y: Numbers,
    folds: Folds,
    model: Callable[[Features, Numbers, Numbers | None], tuple[Weights, Number]],
    loss: str = "squared",
    delta: Number = 1,
    sample_weight: Numbers | None = None,
) -> list[tuple[Weights, Number, Number, Number]]:
    """(w, b, training cost, validation cost) of each fold; ``model(x, y, sample_weight)`` sees the training rows alone.

    >>> cross_validate([1, 2, 3, 4], [1, 2, 3, 6], k_fold(4, 2), lambda x, y, weights: (1, 0))
    [(1, 0, 2.0, 0.0), (1, 0, 0.0, 2.0)]
    """
    found = []
    for train, test in folds:
        parts = []
        for rows in (train, test):
            weights = None if sample_weight is None else [sample_weight[i] for i in rows]
            parts.append(([x[i] for i in rows], [y[i] for i in rows], weights))
        w, b = model(*parts[0])
        train_cost, test_cost = (cost(own_x, own_y, w, b, loss, delta, weights) for own_x, own_y, weights in parts)
        found.append((w, b, train_cost, test_cost))
    return found


def standard_error(costs: Numbers) -> float:
    """Standard error of the mean of a fold's costs: their standard deviation (k - 1) over the square root of k.

    >>> standard_error([1, 3])
    1.0
    """
    mean = _mean(costs)
    return math.sqrt(sum([(value - mean) * (value - mean) for value in costs]) / (len(costs) - 1) / len(costs))


def select(settings: Sequence[dict[str, Any]], costs: Matrix, rule: str = "best") -> int:
    """The place of the setting to choose, by the costs of each on every fold; of several that are good enough the simplest.

    Good enough is the least mean; by the rule "one_se", a mean within one standard error of the least. Simpler is a larger
    l2, then fewer epochs, then a smaller learning rate, then what comes first.

    >>> settings = [{"epochs": 10}, {"epochs": 100}]
    >>> select(settings, [[2, 4], [1, 4]]), select(settings, [[2, 4], [1, 4]], "one_se")
    (1, 0)
    """
    means = [_mean(values) for values in costs]
    best = means.index(min(means))
    bound = means[best] + (standard_error(costs[best]) if rule == "one_se" else 0)
    chosen = None
    for i, setting in enumerate(settings):
        if means[i] <= bound:
            key = (-setting.get("l2", 0), setting.get("epochs", 0), setting.get("learning_rate", 0), i)
            chosen = key if chosen is None else min(chosen, key)
    assert chosen is not None
    return int(chosen[-1])
