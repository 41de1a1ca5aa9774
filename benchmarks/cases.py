"""One table: operation -> implementations. It drives the check that they agree, the timing and the README.

An implementation takes (x, y) and returns numbers to be compared; `rows` is the largest size that it is asked to do, so
that a run ends within minutes.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

import fastgd
from fastgd import kernels, reference
from fastgd.door import table

from .choices import choice, left_out, numpy_left_out, scikit_choice, scikit_left_out

SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
GRID = np.linspace(0.0, 4.0, 40)
EPOCHS = 100
BATCH = 32
RATE = 0.05

# The reference takes lists of floats, and making them is not part of what is measured.
PLAIN = "reference"


@dataclass(frozen=True)
class Implementation:
    """One way to do an operation."""

    name: str
    run: Callable[[Any, Any], Any]
    rows: int = SIZES[-1]


@dataclass(frozen=True)
class Operation:
    """What is to be done, what the implementations must agree to (relative), and how often each walks the rows."""

    name: str
    title: str
    implementations: tuple[Implementation, ...]
    tolerance: float = 1e-9


@cache
def rows(n: int, plain: bool = False) -> tuple[Any, Any]:
    """The data of a case: y = 2 x + 0.5 + noise; as lists for the reference."""
    x, y = fastgd.make_linear(n, noise=0.5, seed=1)
    return (x.tolist(), y.tolist()) if plain else (x, y)


def _numpy_sweep(x, y):
    return np.array([[np.mean((x * w + b - y) ** 2) for b in GRID] for w in GRID])


def _numpy_huber(x, y):
    def cost(w, b):
        size = np.abs(x * w + b - y)
        return np.mean(np.where(size <= 1.0, size * size, 2.0 * size - 1.0))

    return np.array([[cost(w, b) for b in GRID] for w in GRID])


def _numpy_descent(x, y):
    w = b = 0.0
    for _ in range(EPOCHS):
        e = x * w + b - y
        w, b = w - RATE * 2.0 * np.mean(e * x), b - RATE * 2.0 * np.mean(e)
    return w, b


def _numpy_gradient(x, y):
    e = x * 1.5 + 0.25 - y
    return 2.0 * np.mean(e * x), 2.0 * np.mean(e)


def _numpy_batches(x, y):
    w = b = 0.0
    for start in range(0, len(x), BATCH):
        part = slice(start, start + BATCH)
        e = x[part] * w + b - y[part]
        w, b = w - RATE * 2.0 * np.mean(e * x[part]), b - RATE * 2.0 * np.mean(e)
    return w, b


def _scipy_line(x, y):
    from scipy.stats import linregress

    found = linregress(x, y)
    return found.slope, found.intercept


def _numpy_line(x, y):
    return np.polynomial.polynomial.polyfit(x, y, 1)[::-1]


def _scikit_line(x, y):
    from sklearn.linear_model import LinearRegression

    found = LinearRegression().fit(x[:, None], y)
    return found.coef_[0], found.intercept_


def _scikit_sgd(x, y, shuffle=False, rate=0.01):
    from sklearn.linear_model import SGDRegressor

    found = SGDRegressor(
        learning_rate="constant",
        eta0=2 * rate,
        alpha=0.0,
        penalty=None,
        shuffle=shuffle,
        max_iter=1,
        tol=None,
        random_state=0,
    ).fit(x[:, None], y)
    return found.coef_[0], found.intercept_[0]


def _torch_descent(x, y):
    import torch

    x, y = torch.from_numpy(x), torch.from_numpy(y)
    w = torch.zeros((), dtype=torch.float64, requires_grad=True)
    b = torch.zeros((), dtype=torch.float64, requires_grad=True)
    descent = torch.optim.SGD([w, b], lr=RATE)
    for _ in range(EPOCHS):
        descent.zero_grad()
        torch.nn.functional.mse_loss(x * w + b, y).backward()
        descent.step()
    return w.item(), b.item()


@cache
def _jax_descent_compiled():
    import jax

    jax.config.update("jax_enable_x64", True)

    @jax.jit
    def descent(x, y):
        slopes = jax.grad(lambda p: ((x * p[0] + p[1] - y) ** 2).mean())
        return jax.lax.fori_loop(0, EPOCHS, lambda _, p: p - RATE * slopes(p), jax.numpy.zeros(2))

    return descent


def _jax_descent(x, y):
    return np.asarray(_jax_descent_compiled()(x, y))


def plain_steps(x, y, rate):
    """The plain kernel, one step after the other: what composing maps is measured against."""
    block = table(x, y).read(0, len(y))
    state = np.zeros(2 if block.x.ndim == 1 else block.x.shape[1] + 1)
    if block.x.ndim == 1:
        kernels.sgd.line_steps(block.x, block.y, block.weight, rate, 1, 1.0, 0.0, True, 0, 1.0, state)
    else:
        kernels.sgd.steps(
            block.x, block.y, block.weight, rate, 0.0, 1, 1.0, 0.0, True, 0, 1.0, 0, np.zeros(3), state,
            np.zeros((2, len(state))), np.zeros(2, np.int64), 0, np.empty((0, len(state))), 1 << 62, np.zeros(len(state)),
        )  # fmt: skip
    return state


RATES = np.geomspace(1e-4, 1e-2, 64)


def _scikit_rates(x, y):
    return [_scikit_sgd(x, y, rate=rate) for rate in RATES]


def _fit_rates(x, y):
    return [_fit(x, y, epochs=1, batch_size=1, rate=rate, record=None) for rate in RATES]


def _fit_many_rates(x, y):
    table = fastgd.fit_many(x, y, {"learning_rate": RATES}, batch_size=1, epochs=1, shuffle="none")
    return np.column_stack([table.w, table.b])


def _where_installed(package, *implementations):
    """The peers that are no part of any extra: compared where somebody installed them."""
    return implementations if importlib.util.find_spec(package) else ()


def _reference_fit(x, y, **options):
    return reference.fit(x, y, w0=0.0, b0=0.0, learning_rate=options.pop("rate", RATE), **options)[-1]


def _fit(x, y, **options):
    fit = fastgd.fit(x, y, learning_rate=options.pop("rate", RATE), **{"shuffle": "none", **options})
    return fit.w, fit.b


OPERATIONS = (
    Operation(
        "minimum",
        "the exact minimum",
        (
            Implementation(PLAIN, lambda x, y: reference.minimum(x, y)[:2], 100_000),
            Implementation("NumPy", _numpy_line),
            Implementation("SciPy", _scipy_line),
            Implementation("scikit-learn", _scikit_line),
            Implementation("fastgd, via moments", lambda x, y: fastgd.QuadraticCost.of(x, y).minimum[:2]),
        ),
    ),
    Operation(
        "mse",
        "mean squared error at one (w, b)",
        (
            Implementation(PLAIN, lambda x, y: reference.mse(x, y, 1.5, 0.25), 1_000_000),
            Implementation("NumPy", lambda x, y: np.mean((x * 1.5 + 0.25 - y) ** 2)),
            Implementation("fastgd", lambda x, y: fastgd.mse(x, y, 1.5, 0.25)),
        ),
    ),
    Operation(
        "gradient",
        "gradient at one (w, b)",
        (
            Implementation(PLAIN, lambda x, y: reference.gradient(x, y, 1.5, 0.25), 1_000_000),
            Implementation("NumPy", _numpy_gradient),
            Implementation("fastgd", lambda x, y: fastgd.gradient(x, y, 1.5, 0.25)),
        ),
    ),
    Operation(
        "sweep",
        "sweep of 40 x 40 (w, b)",
        (
            Implementation(PLAIN, lambda x, y: reference.sweep(x, y, GRID.tolist(), GRID.tolist()), 1_000),
            Implementation("NumPy", _numpy_sweep, 1_000_000),
            Implementation("fastgd, via moments", lambda x, y: fastgd.sweep(x, y, GRID, GRID).cost),
        ),
    ),
    Operation(
        "huber",
        "sweep of Huber's loss, 40 x 40",
        (
            Implementation(PLAIN, lambda x, y: reference.sweep(x, y, GRID.tolist(), GRID.tolist(), loss="huber"), 1_000),
            Implementation("NumPy", _numpy_huber, 100_000),
            Implementation("fastgd", lambda x, y: fastgd.sweep(x, y, GRID, GRID, loss="huber").cost, 1_000_000),
        ),
    ),
    Operation(
        "descent",
        "full-batch descent, 100 epochs",
        (
            Implementation(PLAIN, lambda x, y: _reference_fit(x, y, epochs=EPOCHS), 10_000),
            Implementation("NumPy", _numpy_descent, 1_000_000),
            *_where_installed("torch", Implementation("PyTorch", _torch_descent, 1_000_000)),
            *_where_installed("jax", Implementation("JAX", _jax_descent, 1_000_000)),
            Implementation("fastgd, via data", lambda x, y: _fit(x, y, epochs=EPOCHS, via="data")),
            Implementation("fastgd, via moments", lambda x, y: _fit(x, y, epochs=EPOCHS)),
        ),
    ),
    Operation(
        "sgd",
        "stochastic descent, one epoch in the order given",
        (
            Implementation(PLAIN, lambda x, y: _reference_fit(x, y, epochs=1, batch_size=1, rate=0.01), 100_000),
            Implementation("scikit-learn", _scikit_sgd),
            Implementation("fastgd, step by step", lambda x, y: plain_steps(x, y, 0.01)),
            Implementation("fastgd", lambda x, y: _fit(x, y, epochs=1, batch_size=1, rate=0.01, record=None)),
        ),
    ),
    Operation(
        "shuffled",
        "stochastic descent, one epoch in a random order",
        (
            Implementation("scikit-learn", lambda x, y: _scikit_sgd(x, y, shuffle=True)),
            Implementation(
                "fastgd", lambda x, y: _fit(x, y, epochs=1, batch_size=1, rate=0.01, record=None, shuffle="each", seed=0)
            ),
        ),
        tolerance=0.2,  # two random orders end near each other, not at one point
    ),
    Operation(
        "batches",
        "mini-batches of 32, one epoch in the order given",
        (
            Implementation(PLAIN, lambda x, y: _reference_fit(x, y, epochs=1, batch_size=BATCH), 100_000),
            Implementation("NumPy", _numpy_batches, 1_000_000),
            Implementation("fastgd", lambda x, y: _fit(x, y, epochs=1, batch_size=BATCH, record=None)),
        ),
    ),
    Operation(
        "rates",
        "stochastic descents at 64 learning rates, one epoch in the order given",
        (
            Implementation("scikit-learn", _scikit_rates, 100_000),
            Implementation("fastgd, fit by fit", _fit_rates, 1_000_000),
            Implementation("fastgd", _fit_many_rates),
        ),
    ),
    Operation(
        "left out",
        "every row left out once",
        (
            Implementation("NumPy", numpy_left_out, 1_000),
            Implementation("scikit-learn", scikit_left_out, 1_000),
            Implementation("fastgd", left_out, 1_000_000),
        ),
    ),
    Operation(
        "choice",
        "a choice among 100 penalties by 5 folds",
        (
            Implementation("scikit-learn", scikit_choice, 10_000),
            Implementation("fastgd", choice),
        ),
    ),
)


def agreed(operation: Operation, implementation: Implementation, n: int) -> Callable[[], Any]:
    """Return the timed call, after its result was compared with that of fastgd's own last implementation."""
    x, y = rows(n, implementation.name == PLAIN)
    found = np.asarray(implementation.run(x, y))
    expected = np.asarray(operation.implementations[-1].run(*rows(n)))
    np.testing.assert_allclose(found, expected, rtol=operation.tolerance, atol=operation.tolerance * np.abs(expected).max())
    return lambda: implementation.run(x, y)
