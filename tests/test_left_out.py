"""Where x is a source it brings its y, which is then left out; and where x is one number, so is its prediction."""

import decimal
import fractions
import inspect

import numpy as np
import pytest

import fastgd

SOURCE = fastgd.Synthetic(500, w=2.0, b=0.5, noise=0.1, seed=3)
X, Y = fastgd.make_linear(500, 2.0, 0.5, noise=0.1, seed=3)
STREAM = [(X[:300], Y[:300]), (X[300:], Y[300:])]

CALLS = {
    "fit": lambda *rows: fastgd.fit(*rows, epochs=3, learning_rate=0.1).w,
    "fit_many": lambda *rows: fastgd.fit_many(*rows, grid={"learning_rate": [0.1, 0.2]}, epochs=3).w,
    "sweep": lambda *rows: fastgd.sweep(*rows, w=np.arange(5.0)).cost,
    "QuadraticCost.of": lambda *rows: fastgd.QuadraticCost.of(*rows).factor,
    "cross_validate": lambda *rows: fastgd.cross_validate(*rows, folds=3, epochs=3, learning_rate=0.1).validation_cost,
    "select": lambda *rows: fastgd.select(*rows, grid={"l2": [0.0, 0.1]}, epochs=3, learning_rate=0.1).validation_cost,
    "learning_curve": lambda *rows: fastgd.learning_curve(*rows, sizes=2, epochs=3, learning_rate=0.1).validation_cost,
    "explore": lambda *rows: fastgd.explore(*rows, seed=1).html,
    "cost": lambda *rows: fastgd.cost(*rows, w=1.0, b=2.0, loss="absolute"),
    "mse": lambda *rows: fastgd.mse(*rows, w=1.0, b=2.0),
    "gradient": lambda *rows: tuple(fastgd.gradient(*rows, w=1.0, b=2.0)),
    "losses": lambda *rows: fastgd.losses(*rows, w=1.0, b=2.0),
    "AffineMap.of": lambda *rows: fastgd.AffineMap.of(*rows, learning_rate=0.1).matrix,
    "Fit.resume": lambda *rows: fastgd.fit(X, Y, epochs=2, learning_rate=0.1).resume(*rows, epochs=3).w,
    "range_test": lambda *rows: fastgd.range_test(*rows, points=4, seed=0).cost,
}


@pytest.mark.parametrize("name", CALLS)
def test_y_may_be_left_out_where_a_source_brings_it(name):
    right = CALLS[name](X, Y)
    assert np.array_equal(CALLS[name](SOURCE), right)
    assert np.array_equal(CALLS[name](SOURCE, None), right)
    if name != "range_test":  # which also asks for the stability of x, and blocks are no x
        assert np.array_equal(CALLS[name](STREAM), right)


@pytest.mark.parametrize("name", CALLS)
def test_with_arrays_a_missing_y_is_said(name):
    with pytest.raises(TypeError, match="y is None: it must be a sequence of numbers, one for each row of x"):
        CALLS[name](X)
    with pytest.raises(ValueError, match="y is given and x is a Synthetic, which brings its own: y must be None"):
        CALLS[name](SOURCE, Y)


def test_every_function_of_x_and_y_lets_y_be_left_out():
    """The list above is whole: none that takes (x, y) is missing from it."""
    takes = {}
    for name in fastgd.__all__:
        thing = getattr(fastgd, name)
        parts = [(name, thing)] if inspect.isfunction(thing) else []
        if inspect.isclass(thing):
            public = [part for part in vars(thing) if not part.startswith("_")]
            parts += [(f"{name}.{part}", getattr(thing, part)) for part in public if callable(getattr(thing, part))]
        for label, part in parts:
            if {"x", "y"} <= set(inspect.signature(part).parameters):
                takes[label] = inspect.signature(part).parameters["y"].default
    assert set(takes) - {"scan", "Fit.plot", "Synthetic.fill"} == set(CALLS)
    assert {label for label, default in takes.items() if default is not None} == {"scan", "Synthetic.fill"}


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: fastgd.mse(SOURCE), "w is None: it must be a number"),
        (lambda: fastgd.gradient(X, Y), "w is None: it must be a number"),
        (lambda: fastgd.AffineMap.of(SOURCE), "learning_rate is None: it must be a number"),
        (lambda: fastgd.fit_many(SOURCE), "grid is None: it must be a dict of lists"),
        (lambda: fastgd.select(SOURCE), "grid is None: it must be a dict of lists"),
        (lambda: fastgd.mse(X, 2.0), "y is a single float"),
    ],
)
def test_what_else_is_missing_is_said(ask, said):
    with pytest.raises((TypeError, ValueError), match=said):
        ask()


NUMBERS = [
    4, 4.0, True + 3, np.float64(4.0), np.float32(4.0), np.int8(4), np.uint64(4), np.array(4.0), np.array(4),
    np.array(4.0, dtype=">f4"),
]  # fmt: skip


@pytest.mark.parametrize("x", NUMBERS, ids=lambda x: f"{type(x).__name__}-{getattr(x, 'dtype', '')}")
def test_the_prediction_of_a_number_is_a_number(x):
    """The textbook's: predict (after training) 4."""
    fit = fastgd.fit([1, 2, 3], [2, 4, 6], w0=1.0, bias=False, learning_rate=0.01, epochs=100)
    for found, right in (
        (fastgd.predict(x, 2.0, 0.5), 8.5), (fastgd.predict(x, [2.0], 0.5), 8.5), (fit.predict(x), fit.w * 4.0),
    ):  # fmt: skip
        assert type(found) is float
        assert found == right
    assert fastgd.predict(x, 0.1, 0.2) == fastgd.predict([4.0], 0.1, 0.2)[0]
    assert type(fastgd.fit([[1], [2], [3]], [2, 4, 6], standardize=True).predict(x)) is float
    assert isinstance(fastgd.predict([x], 2.0, 0.5), np.ndarray)


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (float("nan"), "x is nan in row 0"),
        (np.float64("inf"), "x is inf in row 0"),
        ("4", "x is a str"),
        (None, "x is None"),
        (4j, "x holds 4j in row 0"),
        (np.complex128(4), "x is complex"),
        (np.datetime64("2020-01-01", "ns"), "x has dtype datetime64"),
        (np.timedelta64(4, "ns"), "x has dtype timedelta64"),
        (np.ma.masked, "x is missing"),
        (np.ma.masked_array(4.0, mask=True), "x is missing"),
    ],
)
def test_what_is_no_number_is_refused_as_in_a_list(x, said):
    for ask in (lambda: fastgd.predict(x, 2.0), lambda: fastgd.fit([1, 2], [2, 4], learning_rate=0.1).predict(x)):
        with pytest.raises((TypeError, ValueError), match=said):
            ask()


def test_a_number_is_one_row_of_one_feature():
    with pytest.raises(ValueError, match=r"w has shape \(2,\): x has 1 features"):
        fastgd.predict(4.0, [1.0, 2.0])
    frame = pytest.importorskip("pandas", reason="pandas is not installed").DataFrame({"size": [1.0, 2.0, 3.0]})
    fit = fastgd.fit(frame["size"], [2.0, 4.0, 6.0], epochs=500, learning_rate=0.1)
    assert abs(fit.predict(4) - 8.0) < 1e-5


@pytest.mark.parametrize("x", [decimal.Decimal(4), fractions.Fraction(4)])
def test_decimals_and_fractions_are_judged_as_in_a_list(x):
    try:
        right = fastgd.predict([x], 2.0, 0.5)[0]
    except TypeError:
        with pytest.raises(TypeError, match="x holds"):
            fastgd.predict(x, 2.0, 0.5)
    else:
        assert fastgd.predict(x, 2.0, 0.5) == right
