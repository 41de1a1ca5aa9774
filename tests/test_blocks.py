"""The door: whatever users have goes in unharmed, and bad input comes back with a sentence."""

import re

import numpy as np
import pandas
import polars
import pyarrow
import pytest

import fastgd

X = np.array([1.0, 2.0, 3.0, 5.0])
Y = np.array([2.0, 4.0, 7.0, 9.0])


def walkers():
    """Every public function that walks rows, as (name, function of x and y)."""
    return {
        "mse": lambda x, y: fastgd.mse(x, y, 1.5, 0.5),
        "cost": lambda x, y: fastgd.cost(x, y, 1.5, 0.5, loss="huber"),
        "losses": lambda x, y: fastgd.losses(x, y, 1.5, 0.5, loss="absolute"),
        "gradient": lambda x, y: fastgd.gradient(x, y, 1.5, 0.5),
        "of": lambda x, y: tuple(fastgd.QuadraticCost.of(x, y).minimum),
        "sweep": lambda x, y: fastgd.sweep(x, y, [1.0, 2.0], [0.0, 1.0]).cost,
        "sweep huber": lambda x, y: fastgd.sweep(x, y, [1.0, 2.0], [0.0, 1.0], loss="huber").cost,
        "fit": lambda x, y: fastgd.fit(x, y, learning_rate=0.01).w,
        "fit by rows": lambda x, y: fastgd.fit(x, y, learning_rate=0.01, via="data", epochs=3).w,
        "fit by batches": lambda x, y: fastgd.fit(x, y, learning_rate=0.01, batch_size=3, epochs=3, seed=1).w,
        "fit without a record": lambda x, y: (
            fastgd.fit(x, y, learning_rate=0.01, batch_size=1, epochs=3, seed=1, record=None).w
        ),
    }


def zoo():
    """The same numbers in every form that may come through the door."""
    frozen_x, frozen_y = X.copy(), Y.copy()
    frozen_x.flags.writeable = frozen_y.flags.writeable = False
    return {
        "lists": (X.tolist(), Y.tolist()),
        "tuples": (tuple(X), tuple(Y)),
        "integers": (X.astype(int), Y.astype(np.int16)),
        "unsigned": (X.astype(np.uint8), Y.astype(np.uint64)),
        "float32": (X.astype(np.float32), Y.astype(np.float32)),
        "half": (X.astype(np.float16), Y.astype(np.float16)),
        "long double": (X.astype(np.longdouble), Y.astype(np.longdouble)),
        "big-endian": (X.astype(">f8"), Y.astype(">i4")),
        "strided": (np.repeat(X, 3)[::3], np.repeat(Y, 2)[::2]),
        "reversed": (X[::-1].copy()[::-1], Y[::-1].copy()[::-1]),
        "read-only": (frozen_x, frozen_y),
        "pandas": (pandas.Series(X), pandas.Series(Y)),
        "pandas nullable": (pandas.Series(X, dtype="Float64"), pandas.Series(Y.astype(int), dtype="Int64")),
        "polars": (polars.Series(X), polars.Series(Y)),
        "arrow": (pyarrow.array(X), pyarrow.chunked_array([Y[:1], Y[1:]])),
    }


@pytest.mark.parametrize("form", zoo())
@pytest.mark.parametrize("name", walkers())
def test_every_form_gives_the_same_bits(name, form):
    x, y = zoo()[form]
    assert np.array_equal(np.ravel(walkers()[name](x, y)), np.ravel(walkers()[name](X, Y)))


def test_memory_map(tmp_path):
    for name, values in (("x", X), ("y", Y)):
        np.save(tmp_path / f"{name}.npy", values)
    x, y = (np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in "xy")
    assert fastgd.fit(x, y, learning_rate=0.01).w == fastgd.fit(X, Y, learning_rate=0.01).w


@pytest.mark.parametrize(
    "form",
    [
        lambda rows: rows.tolist(),
        np.asfortranarray,
        lambda rows: rows.astype(np.float32).astype(np.float64)[:, ::-1][:, ::-1],
        lambda rows: pandas.DataFrame(rows, columns=["a", "b"]),
        lambda rows: pandas.DataFrame({"a": rows[:, 0], "b": pandas.array(rows[:, 1], dtype="Float64")}),
        lambda rows: polars.DataFrame(rows, schema=["a", "b"]),
        lambda rows: pyarrow.table({"a": rows[:, 0], "b": rows[:, 1]}),
    ],
)
def test_frames(form):
    rows = np.array([[1.0, 4.0], [2.0, 3.0], [3.0, 1.0], [5.0, 6.0]])
    expected = fastgd.fit(rows, Y, learning_rate=0.01)
    fit = fastgd.fit(form(rows), Y, learning_rate=0.01)
    assert np.array_equal(fit.w, expected.w)
    assert fit.names in (None, ("a", "b"))


def test_names_of_columns_are_kept():
    frame = pandas.DataFrame({"size": X, "age": X[::-1]})
    fit = fastgd.fit(frame, pandas.Series(Y, name="price"), learning_rate=0.01, epochs=5)
    assert repr(fit).startswith("Fit(price = ")
    assert " size + " in repr(fit)
    fit = fastgd.fit(polars.Series("size", X), polars.Series("price", Y), learning_rate=0.01, epochs=5)
    assert re.match(r"Fit\(price = [\d.]+ size \+ ", repr(fit))
    assert fastgd.sweep(frame, Y, None, feature="age").label == "age"


@pytest.mark.parametrize("name", walkers())
def test_input_is_not_written_to(name):
    x, y = X.copy(), Y.copy()
    walkers()[name](x, y)
    assert np.array_equal(x, X)
    assert np.array_equal(y, Y)


BAD = {
    "x None": (None, Y, TypeError, "x is None"),
    "y None": (X, None, TypeError, "y is None"),
    "x scalar": (3.0, Y, ValueError, "x is a single float"),
    "y scalar": (X, 3, ValueError, "y is a single int"),
    "x text": ("abc", Y, TypeError, "x is a str"),
    "x words": (["a", "b", "c", "d"], Y, TypeError, "every value must be a number"),
    "x dict": ({"a": 1}, Y, TypeError, "x is a dict"),
    "x masked": (np.ma.masked_equal(X, 2.0), Y, ValueError, "x is missing in row 1"),
    "x complex": (X + 1j, Y, TypeError, "x is complex"),
    "y complex": (X, Y + 1j, TypeError, "y is complex"),
    "x None in an array": (np.array([1, 2, None, 4], dtype=object), Y, ValueError, "x is missing in row 2"),
    "x missing": (pandas.Series([1, None, 3, 4], dtype="Int64"), Y, ValueError, "x is missing in row 1"),
    "x dates": (np.array(["2020-01-01"] * 4, dtype="M8[D]"), Y, TypeError, "x has dtype datetime64"),
    "x ragged": ([[1, 2], [3], [4, 5], [6, 7]], Y, ValueError, "x is ragged: row 1 differs"),
    "x cube": (np.zeros((4, 1, 1)), Y, ValueError, "x has 3 dimensions"),
    "x no columns": (np.zeros((4, 0)), Y, ValueError, "at least one column"),
    "empty": ([], [], ValueError, "x is empty"),
    "y column": (X, Y[:, None], ValueError, re.escape("write y.ravel()")),
    "y matrix": (X, np.zeros((4, 2)), ValueError, "y has shape"),
    "lengths": (X, Y[:3], ValueError, "x has 4 rows and y has 3"),
    "x NaN": ([1, 2, np.nan, np.nan], Y, ValueError, "x is nan in row 2"),
    "x inf": ([1, np.inf, 3, 4], Y, ValueError, "x is inf in row 1"),
    "y NaN": (X, [1, 2, 3, np.nan], ValueError, "y is nan in row 3"),
    "y -inf": (X, [-np.inf, 2, 3, 4], ValueError, "y is -inf in row 0"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("name", walkers())
def test_bad_input_gets_a_sentence(name, case):
    x, y, kind, sentence = BAD[case]
    with pytest.raises(kind, match=sentence):
        walkers()[name](x, y)


@pytest.mark.parametrize("place", [0, 150_000, 399_999])
def test_the_first_bad_row_of_many_is_named(rows, place):
    x = np.ones(rows)
    place = place * rows // 400_000
    x[place] = np.nan
    x[-1] = np.inf if place < rows - 1 else np.nan
    for threads in (1, 2, 5):
        with pytest.raises(ValueError, match=f"x is nan in row {place}:"):
            fastgd.mse(x, np.ones(rows), 1.0, threads=threads)


def test_the_column_of_a_bad_value_is_named():
    frame = pandas.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, np.nan, 5.0]})
    with pytest.raises(ValueError, match="x is nan in row 1, column b"):
        fastgd.fit(frame, [1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("weight", "kind", "sentence"),
    [
        ([1, 1, -1, 1], ValueError, "sample_weight is -1 in row 2"),
        ([0, 0, 0, 0], ValueError, "sample_weight is 0 in every row"),
        ([1, 1, 1], ValueError, "x has 4 rows and sample_weight has 3"),
        ([1, np.nan, 1, 1], ValueError, "sample_weight is nan in row 1"),
        ([1, np.inf, 1, 1], ValueError, "sample_weight is inf in row 1"),
        ("heavy", TypeError, "sample_weight is a str"),
        (np.ones((4, 1)), ValueError, "sample_weight has shape"),
    ],
)
@pytest.mark.parametrize(
    "function",
    [
        lambda weight: fastgd.mse(X, Y, 1.0, sample_weight=weight),
        lambda weight: fastgd.gradient(X, Y, 1.0, sample_weight=weight),
        lambda weight: fastgd.QuadraticCost.of(X, Y, sample_weight=weight),
        lambda weight: fastgd.QuadraticCost.of(np.outer(X, [1, 2]) ** 2, Y, sample_weight=weight),
        lambda weight: fastgd.sweep(X, Y, sample_weight=weight),
        lambda weight: fastgd.fit(X, Y, sample_weight=weight),
        lambda weight: fastgd.fit(X, Y, sample_weight=weight, record=None, batch_size=1, learning_rate=0.01, epochs=1),
    ],
)
def test_bad_weights(function, weight, kind, sentence):
    with pytest.raises(kind, match=sentence):
        function(weight)


@pytest.mark.parametrize(
    ("w", "b", "kind", "sentence"),
    [
        ("1", 0.0, TypeError, "w is '1'"),
        (None, 0.0, TypeError, "w is None"),
        (np.nan, 0.0, ValueError, "w is nan"),
        ([1.0, 2.0], 0.0, ValueError, "w has shape"),
        (1.0, [1.0], TypeError, "b is"),
        (1.0, np.inf, ValueError, "b is inf"),
        (1j, 0.0, TypeError, "w is"),
    ],
)
def test_bad_parameters(w, b, kind, sentence):
    for function in (fastgd.mse, fastgd.cost, fastgd.losses, fastgd.gradient):
        with pytest.raises(kind, match=sentence):
            function(X, Y, w, b)
    with pytest.raises(kind, match=sentence):
        fastgd.predict(X, w, b)


def test_parameters_for_several_features():
    rows = np.ones((4, 2))
    with pytest.raises(ValueError, match="must be an array"):
        fastgd.mse(rows, Y, 1.0)
    with pytest.raises(ValueError, match=r"w has shape \(3,\): x has 2 features"):
        fastgd.mse(rows, Y, [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"w\[1\] is nan"):
        fastgd.mse(rows, Y, [1.0, np.nan])


def test_values_whose_squares_overflow_are_refused_by_the_moments_and_infinite_in_the_cost():
    with pytest.raises(ValueError, match="squares overflow"):
        fastgd.QuadraticCost.of([1e200, 2e200, -1e200], [1.0, 2.0, 3.0])
    assert fastgd.mse([1e200, 1.0], [0.0, 0.0], 1.0) == np.inf


def test_predict():
    assert fastgd.predict(np.ones((2, 3)), [1.0, 2.0, 3.0], 0.5).tolist() == [6.5, 6.5]
    assert fastgd.predict([[2.0], [3.0]], [2.0]).tolist() == [4.0, 6.0]
    with pytest.raises(ValueError, match="x is nan in row 1"):
        fastgd.predict([1.0, np.nan], 2.0)
