"""The array zoo: every form of numbers through every public door gives the result of plain float64, or a sentence."""

import warnings
from decimal import Decimal

import numpy as np
import pandas
import polars
import pyarrow
import pytest

import fastgd

pytestmark = pytest.mark.compiled("numbers of every form are floats before any kernel sees them")

X = np.array([3.0, 1.0, 2.0, 5.0, 4.0, 7.0, 6.0, 0.0])
Y = np.array([5.0, 2.0, 4.0, 9.0, 8.0, 13.0, 11.0, 1.0])
PLAIN = {"learning_rate": 0.01, "epochs": 3}


def doors():
    """Every public function that takes data, by the argument that is looked at: (its name, its plain value, a function)."""
    of_x = {
        "predict": lambda v: fastgd.predict(v, 1.5),
        "losses": lambda v: fastgd.losses(v, Y, 1.5),
        "mse": lambda v: fastgd.mse(v, Y, 1.5),
        "cost": lambda v: fastgd.cost(v, Y, 1.5, loss="huber"),
        "gradient": lambda v: fastgd.gradient(v, Y, 1.5),
        "of": lambda v: tuple(fastgd.QuadraticCost.of(v, Y).minimum),
        "sweep": lambda v: fastgd.sweep(v, Y, [1.0, 2.0], [0.0, 1.0]).cost,
        "fit": lambda v: fastgd.fit(v, Y, **PLAIN).w,
        "fit by rows": lambda v: fastgd.fit(v, Y, batch_size=3, seed=0, **PLAIN).w,
        "fit_many": lambda v: fastgd.fit_many(v, Y, {"learning_rate": [0.01, 0.02]}, epochs=3).w,
        "stability": lambda v: fastgd.stability(v, batch_size=2).max_learning_rate,
        "range_test": lambda v: fastgd.range_test(v, Y, points=3, epochs=2).cost,
        "AffineMap": lambda v: fastgd.AffineMap.of(v, Y, 0.01).matrix,
        "cross_validate": lambda v: fastgd.cross_validate(v, Y, folds=2, **PLAIN).validation_cost,
        "select": lambda v: fastgd.select(v, Y, {"l2": [0.0, 0.1]}, folds=2, **PLAIN).validation_cost,
        "learning_curve": lambda v: fastgd.learning_curve(v, Y, **PLAIN).validation_cost,
    }
    of_y = {
        "losses": lambda v: fastgd.losses(X, v, 1.5),
        "mse": lambda v: fastgd.mse(X, v, 1.5),
        "gradient": lambda v: fastgd.gradient(X, v, 1.5, loss="absolute"),
        "of": lambda v: tuple(fastgd.QuadraticCost.of(X, v).minimum),
        "sweep": lambda v: fastgd.sweep(X, v, [1.0, 2.0], [0.0, 1.0], loss="huber").cost,
        "fit": lambda v: fastgd.fit(X, v, **PLAIN).w,
        "fit by rows": lambda v: fastgd.fit(X, v, batch_size=1, seed=0, **PLAIN).w,
        "fit_many": lambda v: fastgd.fit_many(X, v, {"learning_rate": [0.01, 0.02]}, epochs=3).w,
        "AffineMap": lambda v: fastgd.AffineMap.of(X, v, 0.01).offset,
        "cross_validate": lambda v: fastgd.cross_validate(X, v, folds="loo", **PLAIN).validation_cost,
        "select": lambda v: fastgd.select(X, v, {"l2": [0.0, 0.1]}, folds=2, **PLAIN).validation_cost,
        "learning_curve": lambda v: fastgd.learning_curve(X, v, **PLAIN).validation_cost,
    }
    of_weight = {
        "mse": lambda v: fastgd.mse(X, Y, 1.5, sample_weight=v),
        "gradient": lambda v: fastgd.gradient(X, Y, 1.5, sample_weight=v),
        "of": lambda v: tuple(fastgd.QuadraticCost.of(X, Y, sample_weight=v).minimum),
        "sweep": lambda v: fastgd.sweep(X, Y, [1.0, 2.0], [0.0, 1.0], sample_weight=v).cost,
        "fit": lambda v: fastgd.fit(X, Y, sample_weight=v, **PLAIN).w,
        "fit by rows": lambda v: fastgd.fit(X, Y, batch_size=1, seed=0, sample_weight=v, **PLAIN).w,
        "fit_many": lambda v: fastgd.fit_many(X, Y, {"learning_rate": [0.01, 0.02]}, epochs=3, sample_weight=v).w,
        "stability": lambda v: fastgd.stability(X, batch_size=2, sample_weight=v).max_learning_rate,
        "AffineMap": lambda v: fastgd.AffineMap.of(X, Y, 0.01, sample_weight=v).matrix,
        "cross_validate": lambda v: fastgd.cross_validate(X, Y, folds=2, sample_weight=v, **PLAIN).validation_cost,
    }
    found = {(name, "x"): (X, function) for name, function in of_x.items()}
    found |= {(name, "y"): (Y, function) for name, function in of_y.items()}
    found |= {(name, "sample_weight"): (X, function) for name, function in of_weight.items()}
    found["smooth", "values"] = X, lambda v: fastgd.smooth(v, 0.5)
    return found


def forms():
    """The same whole numbers in every form."""
    made = {
        "list": lambda v: v.tolist(),
        "tuple": lambda v: tuple(v.tolist()),
        "strided": lambda v: np.repeat(v, 3)[::3],
        "reversed": lambda v: v[::-1].copy()[::-1],
        "a column of a Fortran array": lambda v: np.asfortranarray(np.column_stack([v, v]))[:, 1],
        "a column of a C array": lambda v: np.column_stack([v, v])[:, 1],
        "pandas": pandas.Series,
        "pandas nullable": lambda v: pandas.Series(v.astype(int), dtype="Int32"),
        "pandas of Arrow": lambda v: pandas.Series(v, dtype="double[pyarrow]"),
        "polars": polars.Series,
        "polars integers": lambda v: polars.Series(v.astype(np.int16)),
        "arrow": pyarrow.array,
        "arrow chunks": lambda v: pyarrow.chunked_array([v[:3], v[3:]]),
        "arrow dictionaries": lambda v: pyarrow.chunked_array(
            [pyarrow.array(part).dictionary_encode() for part in (v[:3], v[3:])]
        ),
        "decimals": lambda v: [Decimal(int(value)) for value in v],
        "polars decimals": lambda v: polars.Series([Decimal(int(value)) for value in v]),
        "pandas categories": lambda v: pandas.Series(v).astype("category"),
    }
    for code in ("b", "B", "h", "H", "i", "I", "l", "L", "q", "Q", "e", "f", "g", ">f8", ">f4", ">i2", ">u8"):
        made[f"dtype {code}"] = lambda v, code=code: v.astype(code)
    return made


def bits(result):
    return np.concatenate(
        [np.ravel(np.asarray(part, dtype=float)) for part in (result if isinstance(result, tuple) else [result])]
    )


@pytest.mark.parametrize("form", forms())
@pytest.mark.parametrize("door", doors(), ids=" of ".join)
def test_every_form_gives_the_bits_of_plain_floats_and_is_not_written_to(door, form):
    plain, function = doors()[door]
    given = forms()[form](plain)
    before = np.array(given, dtype=float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        assert np.array_equal(bits(function(given)), bits(function(plain)), equal_nan=True)
    assert np.array_equal(np.array(given, dtype=float), before)


@pytest.mark.parametrize("door", doors(), ids=" of ".join)
def test_ranges_bools_read_only_arrays_and_memory_maps(door, tmp_path):
    plain, function = doors()[door]
    np.save(tmp_path / "values.npy", plain)
    frozen = plain.copy()
    frozen.flags.writeable = False
    pairs = [
        (range(8), np.arange(8.0)),
        (plain > 3.0, (plain > 3.0).astype(float)),
        (frozen, plain),
        (np.load(tmp_path / "values.npy", mmap_mode="r"), plain),
        (np.load(tmp_path / "values.npy", mmap_mode="r+"), plain),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for given, same in pairs:
            assert np.array_equal(bits(function(given)), bits(function(same)), equal_nan=True)
    assert np.array_equal(np.load(tmp_path / "values.npy"), plain)


def wrong():
    """What no door lets in: a function of the plain values, and whether the row is known to be 5."""

    def put(v, value, row=5):
        v = v.copy()
        v[row] = value
        return v

    holed = [None if k == 5 else float(k) for k in range(8)]
    return {
        "0-d": (lambda v: np.array(3.0), None),
        "a number": (lambda v: 3.0, None),
        "nothing": (lambda v: [], None),
        "masked": (lambda v: np.ma.masked_array(v, mask=np.arange(8) == 5), 5),
        "complex": (lambda v: v + 1j, None),
        "objects": (lambda v: np.array([object() if k == 5 else k for k in range(8)], dtype=object), 5),
        "words": (lambda v: ["a"] * 8, None),
        "text": (lambda v: "12345678", None),
        "bytes": (lambda v: b"12345678", None),
        "pandas dates": (lambda v: pandas.Series(pandas.date_range("2020", periods=8)), 0),
        "polars durations": (lambda v: polars.Series(np.arange(8).astype("m8[us]")), 0),
        "categories of text": (lambda v: pandas.Categorical(list("12345678")), 0),
        "dates": (lambda v: np.array(["2020-01-01"] * 8, dtype="M8[D]"), None),
        "dict": (lambda v: {"a": v}, None),
        "set": (lambda v: set(v.tolist()), None),
        "ragged": (lambda v: [[1.0, 2.0] if k == 5 else [1.0] for k in range(8)], 5),
        "a cube": (lambda v: v.reshape(2, 2, 2), None),
        "NaN first": (lambda v: put(v, np.nan, 0), 0),
        "NaN within": (lambda v: put(v, np.nan), 5),
        "inf within": (lambda v: put(v, np.inf), 5),
        "-inf last": (lambda v: put(v, -np.inf, 7), 7),
        "pandas nullable": (lambda v: pandas.Series(holed, dtype="Float64"), 5),
        "pandas of Arrow": (lambda v: pandas.Series(holed, dtype="double[pyarrow]"), 5),
        "polars": (lambda v: polars.Series(holed), 5),
        "polars integers": (lambda v: polars.Series([None if k == 5 else k for k in range(8)]), 5),
        "arrow": (lambda v: pyarrow.array(holed), 5),
        "arrow integers": (lambda v: pyarrow.array([None if k == 5 else k for k in range(8)]), 5),
        "arrow chunks": (lambda v: pyarrow.chunked_array([holed[:3], holed[3:]]), 5),
        "arrow dictionaries": (
            lambda v: pyarrow.chunked_array([pyarrow.array(part).dictionary_encode() for part in (holed[:3], holed[3:])]),
            5,
        ),
        "masked among numbers": (lambda v: [np.ma.masked if value is None else value for value in holed], 5),
    }


@pytest.mark.parametrize("form", wrong())
@pytest.mark.parametrize("door", doors(), ids=" of ".join)
def test_what_is_no_numbers_gets_one_sentence(door, form):
    plain, function = doors()[door]
    make, row = wrong()[form]
    given = make(plain)
    if door == ("predict", "x") and form in ("0-d", "a number"):
        assert isinstance(function(given), float)  # a number's prediction is a number
        return
    with pytest.raises((ValueError, TypeError)) as caught:
        function(given)
    sentence = str(caught.value)
    assert type(caught.value) in (ValueError, TypeError)
    assert door[1] in sentence
    assert "\n" not in sentence
    if row is not None:
        assert f"row {row}" in sentence or f"values[{row}]" in sentence


def frames():
    return {
        "list of rows": lambda v: v.tolist(),
        "Fortran order": np.asfortranarray,
        "backwards": lambda v: v[::-1, ::-1].copy()[::-1, ::-1],
        "float32": lambda v: v.astype(np.float32),
        "big-endian": lambda v: v.astype(">i4"),
        "pandas": lambda v: pandas.DataFrame(v),
        "pandas nullable": lambda v: pandas.DataFrame(
            {"a": pandas.array(v[:, 0], "Float64"), "b": pandas.array(v[:, 1], "Float64")}
        ),
        "polars": lambda v: polars.DataFrame({"a": v[:, 0], "b": v[:, 1].astype(int)}),
        "arrow": lambda v: pyarrow.table({"a": v[:, 0], "b": v[:, 1].astype(np.int8)}),
    }


@pytest.mark.parametrize("form", frames())
def test_frames_of_every_kind_through_every_door(form):
    plain = np.column_stack([X, X[::-1] ** 2 % 7])
    w = [1.0, 2.0]
    uses = [
        lambda v: fastgd.predict(v, w),
        lambda v: fastgd.mse(v, Y, w),
        lambda v: fastgd.QuadraticCost.of(v, Y).factor,
        lambda v: fastgd.fit(v, Y, **PLAIN).w,
        lambda v: fastgd.fit_many(v, Y, {"learning_rate": [0.001]}, epochs=2).w,
        lambda v: fastgd.stability(v, batch_size=2).max_learning_rate,
        lambda v: fastgd.AffineMap.of(v, Y, 0.001).matrix,
        lambda v: fastgd.cross_validate(v, Y, folds=2, **PLAIN).validation_cost,
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for use in uses:
            assert np.array_equal(bits(use(frames()[form](plain))), bits(use(plain)), equal_nan=True)


def test_an_offset_of_1e9_keeps_the_fit():
    plain, far = fastgd.QuadraticCost.of(X, Y).minimum, fastgd.QuadraticCost.of(X + 1e9, Y + 1e9).minimum
    assert (far.w, far.cost) == pytest.approx((plain.w, plain.cost), rel=1e-13)
