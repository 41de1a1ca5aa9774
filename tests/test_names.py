"""Columns are known by their names: a second data set may have them in another order, and must have the same.

What is right is worked out by NumPy from the columns themselves, or is the same call with the columns in order.
"""

import itertools
import math
import pickle

import numpy as np
import pytest

import fastgd

pd = pytest.importorskip("pandas", reason="without frames there are no names")

pytestmark = pytest.mark.filterwarnings("ignore::fastgd.ConvergenceWarning")  # a few epochs are enough to compare

N = 200
COLUMNS = ("a", "b", "c")
ORDERS = [list(order) for order in itertools.permutations(COLUMNS)][1:]
W = {"a": 1.0, "b": -20.0, "c": 300.0}


def made(seed=0, n=N):
    """A frame of three columns, and y = x.w + 5 with some noise."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({name: rng.normal(size=n) * scale for name, scale in zip(COLUMNS, (1.0, 2.0, 0.5), strict=True)})
    y = sum(W[name] * frame[name] for name in COLUMNS) + 5.0 + 0.1 * rng.normal(size=n)
    return frame, y.to_numpy()


def lstsq(frame, y):
    """w by name, and b."""
    found = np.linalg.lstsq(np.column_stack([frame[list(COLUMNS)], np.ones(len(frame))]), y, rcond=None)[0]
    return found[:-1], found[-1]


FRAME, Y = made()
OTHER, OTHER_Y = made(1, 60)


def polars(frame):
    return pytest.importorskip("polars", reason="polars is not installed").DataFrame(
        {name: frame[name].to_numpy() for name in frame}
    )


def arrow(frame):
    return pytest.importorskip("pyarrow", reason="pyarrow is not installed").table(
        {name: frame[name].to_numpy() for name in frame}
    )


KINDS = [lambda frame: frame, polars, arrow]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", ORDERS)
def test_columns_in_another_order_do_not_change_predictions(kind, order):
    fit = fastgd.fit(kind(FRAME), Y, epochs=50)
    right = sum(w * OTHER[name].to_numpy() for w, name in zip(fit.w, COLUMNS, strict=True)) + fit.b
    assert np.allclose(fit.predict(kind(OTHER[order])), right, rtol=1e-13, atol=1e-13)
    assert np.array_equal(fit.predict(kind(OTHER[order])), fit.predict(OTHER))


@pytest.mark.parametrize("order", ORDERS)
def test_columns_in_another_order_do_not_change_what_is_added(order):
    whole = lstsq(pd.concat([FRAME, OTHER]), np.concatenate([Y, OTHER_Y]))
    fresh = fastgd.QuadraticCost.of(pd.concat([FRAME, OTHER]), np.concatenate([Y, OTHER_Y]))
    weight = np.arange(60) % 3 + 1.0
    added = merged = fastgd.QuadraticCost.of(FRAME, Y)
    added += (OTHER[order], OTHER_Y)
    merged = merged.merge(fastgd.QuadraticCost.of(OTHER[order], OTHER_Y))
    backwards = fastgd.QuadraticCost.of(OTHER[order], OTHER_Y).merge(fastgd.QuadraticCost.of(FRAME, Y))
    place = [order.index(name) for name in COLUMNS]
    for found, picked in ((added, [0, 1, 2]), (merged, [0, 1, 2]), (backwards, place)):
        assert np.allclose(found.minimum.w[picked], whole[0], rtol=1e-12)
        assert math.isclose(found.minimum.b, whole[1], rel_tol=1e-12)
        assert math.isclose(found.minimum.cost, fresh.minimum.cost, rel_tol=1e-12)
        assert np.allclose(found.mean_x[picked], fresh.mean_x, rtol=1e-13)
    assert backwards.names == tuple(order)
    assert np.allclose(merged.factor.T @ merged.factor, fresh.factor.T @ fresh.factor, rtol=1e-12)
    assert (np.tril(merged.factor, -1) == 0.0).all()
    straight = fastgd.QuadraticCost.of(FRAME, Y)
    straight += (OTHER, OTHER_Y, weight)
    turned = fastgd.QuadraticCost.of(FRAME, Y)
    turned += (OTHER[order], OTHER_Y, weight)
    assert np.array_equal(straight.factor, turned.factor)


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_a_merge_of_columns_in_another_order_keeps_the_digits(offset):
    x, other = FRAME + offset, (OTHER + offset)[["c", "a", "b"]]
    straight = fastgd.QuadraticCost.of(x, Y).merge(fastgd.QuadraticCost.of(OTHER + offset, OTHER_Y))
    turned = fastgd.QuadraticCost.of(x, Y).merge(fastgd.QuadraticCost.of(other, OTHER_Y))
    assert math.isclose(straight.minimum.cost, turned.minimum.cost, rel_tol=1e-9)
    assert np.allclose(straight.minimum.w, turned.minimum.w, rtol=1e-9)


@pytest.mark.parametrize("order", ORDERS)
def test_blocks_in_another_order_are_put_in_order(order):
    blocks = [(FRAME[:70], Y[:70]), (FRAME[70:120][order], Y[70:120]), (FRAME[120:][order[::-1]], Y[120:])]
    whole = fastgd.QuadraticCost.of(FRAME, Y)
    assert np.array_equal(fastgd.QuadraticCost.of(blocks, None).factor, whole.factor)
    assert np.array_equal(fastgd.QuadraticCost.of(iter(blocks), None).factor, whole.factor)
    assert fastgd.mse(blocks, None, [1.0, 2.0, 3.0]) == fastgd.mse(FRAME, Y, [1.0, 2.0, 3.0])
    walked = {"batch_size": 7, "shuffle": "none", "learning_rate": 0.01, "epochs": 3}
    assert np.array_equal(fastgd.fit(blocks, None, **walked).w, fastgd.fit(FRAME, Y, **walked).w)


@pytest.mark.parametrize("loss", ["squared", "huber"])
@pytest.mark.parametrize("order", ORDERS)
def test_validation_and_test_in_another_order_are_judged_alike(order, loss):
    asked = {"epochs": 5, "learning_rate": 0.05, "loss": loss}
    straight = fastgd.fit(FRAME, Y, validation=(OTHER, OTHER_Y), **asked)
    turned = fastgd.fit(FRAME, Y, validation=(OTHER[order], OTHER_Y), **asked)
    by_blocks = fastgd.fit(FRAME, Y, validation=([(OTHER[order], OTHER_Y)], None), **asked)
    w, b = straight.history.w[-1], straight.history.b[-1]
    if loss == "squared":
        right = np.mean((sum(v * OTHER[name] for v, name in zip(w, COLUMNS, strict=True)) + b - OTHER_Y) ** 2)
        assert math.isclose(turned.history.validation_cost[-1], right, rel_tol=1e-12)
    assert np.array_equal(straight.history.validation_cost, turned.history.validation_cost)
    assert np.array_equal(straight.history.validation_cost, by_blocks.history.validation_cost)
    chosen = [
        fastgd.select(FRAME, Y, {"epochs": [1, 5]}, learning_rate=0.05, loss=loss, test=(x, OTHER_Y)).test_cost
        for x in (OTHER, OTHER[order])
    ]
    assert chosen[0] == chosen[1]


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"batch_size": 7},
        {"batch_size": 7, "shuffle": "none", "l2": 0.1},
        {"batch_size": 7, "shuffle": "once", "optimizer": "adam"},
        {"loss": "huber"},
        {"standardize": True},
        {"batch_size": 1, "standardize": True},
    ],
)
def test_a_fit_is_resumed_on_columns_in_another_order(how, tmp_path):
    begun = fastgd.fit(FRAME, Y, epochs=2, learning_rate=0.01, seed=3, **how)
    straight = begun.resume(FRAME, Y, epochs=3)
    for order in ORDERS:
        turned = begun.resume(FRAME[order], Y, epochs=3)
        assert np.array_equal(turned.w, straight.w)
        assert turned.names == COLUMNS
    begun.save(tmp_path / "fit.npz")
    loaded = fastgd.Fit.load(tmp_path / "fit.npz")
    assert np.array_equal(loaded.resume(FRAME[ORDERS[2]], Y, epochs=3).w, straight.w)
    assert np.array_equal(loaded.predict(OTHER[ORDERS[3]]), begun.predict(OTHER))
    assert np.array_equal(pickle.loads(pickle.dumps(begun)).predict(OTHER[ORDERS[3]]), begun.predict(OTHER))


def test_names_outlive_an_array_in_between():
    begun = fastgd.fit(FRAME, Y, epochs=2, learning_rate=0.01)
    on = begun.resume(FRAME.to_numpy(), Y, epochs=3)
    assert on.names == COLUMNS
    assert np.array_equal(on.predict(OTHER[["c", "b", "a"]]), on.predict(OTHER.to_numpy()))


def test_a_scanned_file_knows_its_columns(tmp_path):
    pytest.importorskip("pyarrow", reason="CSV needs pyarrow")
    FRAME.assign(y=Y).to_csv(tmp_path / "rows.csv", index=False)
    straight = fastgd.scan(tmp_path / "rows.csv", x=["a", "b", "c"], y="y")
    turned = fastgd.scan(tmp_path / "rows.csv", x=["c", "a", "b"], y="y")
    fit = fastgd.fit(straight, None, epochs=3)
    assert np.array_equal(fit.predict(turned), fit.predict(straight))
    assert np.array_equal(fit.resume(turned, None, epochs=2).w, fit.resume(straight, None, epochs=2).w)
    q = fastgd.QuadraticCost.of(straight, None)
    q += turned
    assert np.allclose(q.minimum.w, fastgd.QuadraticCost.of(straight, None).minimum.w, rtol=1e-12)
    found = fastgd.fit(straight, None, validation=turned, epochs=3).history
    assert np.allclose(found.cost, found.validation_cost, rtol=1e-12)


def test_a_dask_frame_in_another_order():
    dd = pytest.importorskip("dask.dataframe", reason="Dask is not installed")
    fit = fastgd.fit(FRAME, Y, epochs=3, learning_rate=0.01)
    turned = dd.from_pandas(OTHER[["c", "a", "b"]], npartitions=3)
    there = dd.from_pandas(pd.Series(OTHER_Y), npartitions=3)
    on = fit.resume(turned, there, epochs=2)
    assert np.array_equal(on.w, fit.resume(OTHER, OTHER_Y, epochs=2).w)
    walked = {"batch_size": 7, "shuffle": "none", "epochs": 2}
    assert np.array_equal(fit.resume(turned, there, **walked).w, fit.resume(OTHER, OTHER_Y, **walked).w)


def turned_partition(k):
    """The second half of the rows has its columns in another order."""
    return OTHER[:30] if k == 0 else OTHER[30:][["c", "a", "b"]]


def lacking_partition(k):
    return OTHER[:30] if k == 0 else OTHER[30:].rename(columns={"b": "z"})


def test_partitions_of_a_dask_frame_in_another_order():
    dd = pytest.importorskip("dask.dataframe", reason="Dask is not installed")
    there = dd.from_pandas(pd.Series(OTHER_Y), npartitions=2)
    found = fastgd.QuadraticCost.of(dd.from_map(turned_partition, [0, 1], meta=OTHER[:0]), there).minimum
    w, b = lstsq(OTHER, OTHER_Y)
    assert np.allclose(found.w, w, rtol=1e-10)
    assert np.isclose(found.b, b, rtol=1e-10)
    with pytest.raises(ValueError, match="a partition of x lacks the column 'b' and has the column 'z', unlike x itself"):
        fastgd.QuadraticCost.of(dd.from_map(lacking_partition, [0, 1], meta=OTHER[:0]), there)


OTHERS = [
    (FRAME[["a", "b"]], "lacks the column 'c', unlike"),
    (FRAME.assign(d=1.0), "has the column 'd', unlike"),
    (FRAME.rename(columns={"b": "B"}), "lacks the column 'b' and has the column 'B', unlike"),
    (FRAME.rename(columns={"a": "c", "c": "a"}).rename(columns={"a": "z"}), "lacks the column 'a' and has the column 'z'"),
    (FRAME.rename(columns={"b": "a"}), "has two columns named 'a'"),
]


@pytest.mark.parametrize(("frame", "said"), OTHERS)
def test_other_columns_are_refused_and_named(frame, said):
    fit, q = fastgd.fit(FRAME, Y, epochs=1), fastgd.QuadraticCost.of(FRAME, Y)
    for ask in (
        lambda: fit.predict(frame),
        lambda: fit.resume(frame, Y),
        lambda: q.merge(fastgd.QuadraticCost.of(frame, Y)),
        lambda: q.__iadd__((frame, Y)),
        lambda: fastgd.fit(FRAME, Y, validation=(frame, Y)),
        lambda: fastgd.select(FRAME, Y, {"epochs": [1]}, test=(frame, Y)),
        lambda: fastgd.mse([(FRAME, Y), (frame, Y)], None, [1.0, 1.0, 1.0]),
        lambda: fit.plot(kind="line", x=frame, y=Y) if frame.shape[1] == 3 else fit.predict(frame),
    ):
        with pytest.raises(ValueError, match=said) as caught:
            ask()
        assert "\n" not in str(caught.value)


def test_columns_without_names_are_taken_as_they_come():
    fit = fastgd.fit(FRAME, Y, epochs=5)
    assert np.array_equal(fit.predict(OTHER.to_numpy()), fit.predict(OTHER))
    nameless = fastgd.fit(FRAME.to_numpy(), Y, epochs=5)
    turned = OTHER[["c", "a", "b"]]
    assert np.array_equal(nameless.predict(turned), nameless.predict(turned.to_numpy()))
    numbered = pd.DataFrame(FRAME.to_numpy())
    assert np.array_equal(fastgd.fit(numbered, Y, epochs=5).predict(OTHER), nameless.predict(OTHER.to_numpy()))
    assert np.array_equal(fit.predict(pd.DataFrame(OTHER.to_numpy())), fit.predict(OTHER))


def test_columns_named_twice_stay_where_they_are_or_are_refused():
    twice = FRAME.set_axis(["a", "a", "b"], axis=1)
    fit = fastgd.fit(twice, Y, epochs=5)
    assert np.array_equal(fit.predict(twice), fit.predict(FRAME.to_numpy()))
    with pytest.raises(
        ValueError, match="has two columns named 'a', and the columns of x and of the rows of the fit are not the same"
    ):
        fit.predict(twice.iloc[:, [2, 0, 1]])


class TestNumbersAsNames:
    """A frame that numbers its columns has no names to show, but it knows where its columns belong."""

    FRAME = pd.DataFrame(FRAME.to_numpy())

    @pytest.mark.parametrize("order", [[1, 0, 2], [2, 0, 1], [2, 1, 0]])
    def test_in_another_order(self, order, tmp_path):
        fit = fastgd.fit(self.FRAME, Y, epochs=5)
        right = fit.predict(FRAME.to_numpy())
        assert np.array_equal(fit.predict(self.FRAME[order]), right)
        fit.save(tmp_path / "fit.npz")
        assert np.array_equal(fastgd.Fit.load(tmp_path / "fit.npz").predict(self.FRAME[order]), right)
        turned = fastgd.fit(self.FRAME[order], Y, epochs=5)
        assert np.array_equal(turned.predict(self.FRAME), turned.predict(self.FRAME[order]))
        assert np.array_equal(turned.predict(self.FRAME[order].to_numpy()), turned.predict(self.FRAME[order]))

    def test_of_other_columns(self):
        wide = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 5)))
        fit = fastgd.fit(wide[[0, 1]], np.arange(20.0), epochs=2)
        with pytest.raises(ValueError, match="lacks the columns '0', '1' and has the columns '3', '4'"):
            fit.predict(wide[[3, 4]])

    def test_are_shown_as_none(self):
        fit = fastgd.fit(self.FRAME, Y, learning_rate=0.01, epochs=5)
        assert "x[0]" in repr(fit)
        assert "x[2]" in repr(fit)
        with pytest.raises(ValueError, match=r"row 7, column x\[1\]"):
            fastgd.mse(self.FRAME.mask((self.FRAME.index == 7)[:, None] & (self.FRAME.columns == 1)), Y, [1.0, 1.0, 1.0])


DIGITS = pd.DataFrame(FRAME.to_numpy(), columns=["2", "0", "10"])


def test_names_that_are_numbers_are_quoted():
    fit = fastgd.fit(DIGITS, Y, standardize=True)
    assert fit.names == ("2", "0", "10")
    assert repr(fit).startswith("Fit(y = 1.00")
    assert " '2' - 19.99 '0' + 300 '10' + 4.99" in repr(fit)
    broken = DIGITS.copy()
    broken.loc[3, "10"] = np.nan
    with pytest.raises(ValueError, match="row 3, column '10': every value"):
        fastgd.QuadraticCost.of(broken, Y)
    with pytest.warns(fastgd.RankWarning, match="'2', '0'"):
        _ = fastgd.QuadraticCost.of(DIGITS.assign(**{"0": 2.0 * DIGITS["2"]}), Y).minimum
    with pytest.raises(ValueError, match="the columns of x are '2', '0', '10'"):
        fastgd.sweep(DIGITS, Y, feature="3")
    assert {name for name, _ in fastgd.stability(DIGITS).steepest} <= {"'2'", "'0'", "'10'", "the bias"}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("size", "size"), ("flipper length", "flipper length"), ("größe", "größe"), ("x-ray", "x-ray"), ("_1", "_1"),
        ("1", "'1'"), ("-1", "'-1'"), ("1e5", "'1e5'"), ("nan", "'nan'"), ("", "''"), (" a", "' a'"), ("a ", "'a '"),
        ("a + 3 b", "'a + 3 b'"), ("a, b", "a, b"), ("a\nb", "'a\\nb'"), ("٣", "'٣'"),
    ],
)  # fmt: skip
def test_a_name_is_quoted_where_it_could_be_taken_for_something_else(name, shown):
    fit = fastgd.fit(pd.DataFrame({name: [1.0, 2.0, 3.0]}), [2.0, 4.0, 6.0], learning_rate=0.1, epochs=500, bias=False)
    assert repr(fit).startswith(f"Fit(y = 2 {shown}; ")


def test_a_path_is_drawn_on_the_weight_that_has_its_name():
    surface = fastgd.sweep(FRAME, Y, np.linspace(-400.0, 400.0, 41), np.linspace(-50.0, 50.0, 41), feature="c")
    turned = fastgd.fit(FRAME[["c", "a", "b"]], Y, learning_rate=0.05, epochs=20)
    lines = [line.get_xydata() for line in surface.plot(fits=turned).lines if len(line.get_xydata()) == 21]
    assert any(np.allclose(path, np.column_stack([turned.history.w[:, 0], turned.history.b])) for path in lines)
    with pytest.raises(ValueError, match="fits has one of the weights of p, q, r: its path is not on a surface"):
        surface.plot(fits=fastgd.fit(FRAME.set_axis(["p", "q", "r"], axis=1), Y, epochs=2))


def test_a_line_is_drawn_through_the_columns_that_have_its_names():
    fit = fastgd.fit(FRAME, Y, standardize=True)
    drawn = fit.plot(kind="line", x=FRAME[["c", "b", "a"]], y=Y).collections[0].get_offsets()
    assert np.allclose(np.asarray(drawn)[:, 1], fit.predict(FRAME))


class TestEstimator:
    sklearn = pytest.importorskip("sklearn", reason="scikit-learn is not installed")

    @staticmethod
    def model(**options):
        from fastgd.sklearn import GradientDescentRegressor

        return GradientDescentRegressor(epochs=5, random_state=0, **options)

    def test_numbers_in_another_order_which_scikit_learn_does_not_see(self):
        frame = pd.DataFrame(FRAME.to_numpy())
        model = self.model().fit(frame, Y)
        assert not hasattr(model, "feature_names_in_")
        assert np.array_equal(model.predict(frame[[2, 0, 1]]), model.predict(frame))
        turned = self.model().fit(frame, Y).partial_fit(frame[[1, 2, 0]], Y)
        assert np.array_equal(turned.coef_, self.model().fit(frame, Y).partial_fit(frame, Y).coef_)
        with pytest.raises(ValueError, match="X lacks the columns '0', '2' and has the columns '3', '4'"):
            model.predict(frame.set_axis([3, 1, 4], axis=1))

    def test_names_in_another_order_are_refused_as_everywhere_in_scikit_learn(self):
        model = self.model().fit(FRAME, Y)
        with pytest.raises(ValueError, match="feature names should match"):
            model.predict(FRAME[["b", "a", "c"]])

    def test_a_warm_start_in_another_order_begins_where_the_names_say(self):
        model = self.model(warm_start=True, learning_rate=0.01).fit(FRAME, Y)
        on = dict(zip(COLUMNS, model.fit(FRAME, Y).coef_, strict=True))
        turned = self.model(warm_start=True, learning_rate=0.01).fit(FRAME, Y).fit(FRAME[["c", "a", "b"]], Y)
        assert np.allclose(turned.coef_, [on["c"], on["a"], on["b"]], rtol=1e-12)
        with pytest.raises(ValueError, match="unlike X"):
            turned.fit(FRAME.set_axis(["p", "q", "r"], axis=1), Y)

    def test_validation_in_another_order(self):
        straight = self.model(validation=(OTHER, OTHER_Y)).fit(FRAME, Y).fit_.history.validation_cost
        turned = self.model(validation=(OTHER[["c", "a", "b"]], OTHER_Y)).fit(FRAME, Y).fit_.history.validation_cost
        assert np.array_equal(straight, turned)


@pytest.mark.compiled("300,000 rows, every allocation traced")
def test_nothing_of_the_users_is_copied_or_written_to():
    x = np.random.default_rng(0).normal(size=(300_000, 3))
    y = x @ [1.0, 2.0, 3.0]
    frame = pd.DataFrame(x, columns=["c", "a", "b"], copy=False)
    fit = fastgd.fit(FRAME, Y, epochs=2)
    import tracemalloc

    before = x.copy()
    fastgd.mse(frame, y, [1.0, 2.0, 3.0])
    tracemalloc.start()
    fastgd.fit(FRAME, Y, epochs=1, validation=(frame, y))
    peak = tracemalloc.get_traced_memory()[1]
    out = fit.predict(frame)
    tracemalloc.stop()
    assert peak < x.nbytes
    assert np.array_equal(x, before)
    assert np.allclose(out, frame[["a", "b", "c"]].to_numpy() @ fit.w + fit.b)
