"""Dask collections: the results of one process to the last bit, rows that stay on the workers, and workers that die."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from functools import partial

import numpy as np
import pyarrow
import pytest

import fastgd
from fastgd.blocks import Piece
from fastgd.door import table

dask = pytest.importorskip("dask", reason="the extra fastgd[dask] is not installed")
da = pytest.importorskip("dask.array", reason="the extra fastgd[dask] is not installed")
dd = pytest.importorskip("dask.dataframe", reason="the extra fastgd[dask] is not installed")
distributed = pytest.importorskip("distributed", reason="the extra fastgd[dask] is not installed")
pd = pytest.importorskip("pandas", reason="Dask's dataframes need it")


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def made(n, d, seed=0):
    """Rows x (n,) for d = 0, else (n, d), y and weights, as arrays."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n if d == 0 else (n, d))
    y = 0.5 + (2.0 * x if d == 0 else x.sum(axis=1)) + 0.1 * rng.normal(size=n)
    return x, y, rng.uniform(size=n)


def cut(x, y, weight):
    """The same rows on the workers, in partitions that end where no block does, and y's elsewhere than x's."""
    n = len(y)
    return (
        da.from_array(x, chunks=(n // 7 + 1, *x.shape[1:])).persist(),
        da.from_array(y, chunks=n // 5 + 1).persist(),
        da.from_array(weight, chunks=n // 3 + 1).persist(),
    )


def summary(quadratic):
    return np.concatenate([quadratic.factor.ravel(), np.ravel(quadratic.mean_x), [quadratic.mean_y, quadratic.count]])


def end(fit):
    return np.append(fit.w, [fit.b, fit.cost])


def w_of(x):
    return 0.5 if x.ndim == 1 else np.full(x.shape[1], 0.5)


def descent(x, y, weight, **options):
    return end(fastgd.fit(x, y, shuffle="none", epochs=2, **options))


ONE_BY_ONE = {"batch_size": 1, "learning_rate": 0.01}
CALLS = {
    "summary": lambda x, y, weight: summary(fastgd.QuadraticCost.of(x, y)),
    "weighted summary": lambda x, y, weight: summary(fastgd.QuadraticCost.of(x, y, sample_weight=weight)),
    "mse": lambda x, y, weight: fastgd.mse(x, y, w_of(x), 0.1),
    "huber": lambda x, y, weight: fastgd.cost(x, y, w_of(x), loss="huber", sample_weight=weight),
    "gradient": lambda x, y, weight: np.append(*map(np.ravel, fastgd.gradient(x, y, w_of(x), 0.1))),
    "sweep": lambda x, y, weight: fastgd.sweep(x, y, None, None, feature=None if x.ndim == 1 else 1).cost,
    "sweep, absolute": lambda x, y, weight: fastgd.sweep(x, y, [1.0, 2.0], loss="absolute", feature=x.ndim - 1).cost,
    "fit": lambda x, y, weight: end(fastgd.fit(x, y, epochs=20)),
    "fit, absolute": partial(descent, loss="absolute", learning_rate=0.1),
    "samples": partial(descent, **ONE_BY_ONE),
    "samples, standardised": partial(descent, **ONE_BY_ONE, l2=0.01, standardize=True),
    "weighted samples": lambda x, y, weight: descent(x, y, weight, **ONE_BY_ONE, sample_weight=weight, record=None)[:-1],
    "samples, maps that grow": partial(descent, batch_size=1, learning_rate=0.3),
    "batches": partial(descent, batch_size=97),
    "adam": partial(descent, batch_size=97, optimizer="adam", loss="huber", validation=0.2),
    "records": lambda x, y, weight: (
        fastgd.fit(
            x, y, batch_size=97, learning_rate=0.01, shuffle="none", optimizer="momentum", epochs=1, record=3, average=0.5
        ).history.cost
    ),
    "many": lambda x, y, weight: (
        fastgd.fit_many(x, y, {"learning_rate": [0.001, 0.01], "batch_size": [None, 1, 32]}, shuffle="none", epochs=1).cost
    ),
    "stability": lambda x, y, weight: fastgd.stability(x).curvature,
    "stability of batches": lambda x, y, weight: [
        getattr(fastgd.stability(x, batch_size=8, sample_weight=weight), name)
        for name in ("max_learning_rate", "diverging_rate")
    ],
    "stability of an order": lambda x, y, weight: fastgd.stability(x[:2000], batch_size=8, shuffle="none").max_learning_rate,
    "cross-validation": lambda x, y, weight: fastgd.cross_validate(x, y, folds=4).validation_cost,
    "cross-validation, samples": lambda x, y, weight: (
        fastgd.cross_validate(x, y, folds=3, **ONE_BY_ONE, shuffle="none", epochs=1).validation_cost
    ),
    "cross-validation, absolute errors": lambda x, y, weight: fastgd.cross_validate(x, y, folds=3).mae,
    "map": lambda x, y, weight: fastgd.AffineMap.of(x, y, 0.01, batch_size=7).matrix,
}


@pytest.mark.filterwarnings("ignore::fastgd.DivergenceWarning")
@pytest.mark.filterwarnings("ignore::fastgd.ConvergenceWarning")
@pytest.mark.parametrize("d", [0, 3])
def test_results_have_the_bits_of_one_process(client, rows, d):
    here = made(rows // 2, d)
    there = cut(*here)
    for name, call in CALLS.items():
        np.testing.assert_array_equal(call(*there), call(*here), err_msg=name)


@pytest.mark.filterwarnings("ignore::fastgd.ConvergenceWarning")
def test_wide_rows_differ_by_the_rounding_of_products_at_most(client, rows):
    here = made(rows // 20, 30)
    there = cut(*here)
    for name in ("summary", "fit", "samples", "batches"):
        np.testing.assert_allclose(CALLS[name](*there), CALLS[name](*here), rtol=1e-12, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("sizes", [(1000,), (10,) * 100, (0, 400, 0, 0, 599, 1, 0)], ids=["one", "tiny", "empty"])
def test_any_partitions(client, sizes):
    x, y, _ = made(1000, 2)
    ends = np.cumsum((0, *sizes))
    there = [
        da.concatenate([da.from_array(values[a:b]) for a, b in zip(ends[:-1], ends[1:], strict=True)]) for values in (x, y)
    ]
    assert fastgd.mse(*there, [1.0, 2.0]) == fastgd.mse(x, y, [1.0, 2.0])
    fits = [fastgd.fit(*data, batch_size=3, shuffle="none", epochs=1, learning_rate=0.01) for data in (there, (x, y))]
    assert fits[0].history.w.tolist() == fits[1].history.w.tolist()


def test_rows_of_unknown_number_and_columns_in_chunks(client):
    x, y, _ = made(1000, 3)
    keep = x[:, 0] > 0.3
    there = da.from_array(x, chunks=(100, 2))
    kept = there[da.from_array(keep, chunks=100)], da.from_array(y, chunks=100)[da.from_array(keep, chunks=100)]
    assert np.isnan(kept[0].shape[0])
    assert fastgd.mse(*kept, [1.0, 2.0, 3.0]) == fastgd.mse(x[keep], y[keep], [1.0, 2.0, 3.0])


@pytest.mark.parametrize("kind", ["float32", ">f8", "int16", "bool"])
def test_any_numbers(client, kind):
    x, y, _ = made(1000, 0)
    x, y = (10.0 * x).astype(kind), (10.0 * y).astype(kind)
    assert fastgd.mse(da.from_array(x, chunks=300), da.from_array(y, chunks=300), 0.5) == fastgd.mse(x, y, 0.5)


@pytest.fixture
def frame():
    x, y, weight = made(1000, 2)
    k = pd.array(np.arange(1000) % 7, dtype="Int64")
    return pd.DataFrame({"mass": x[:, 0], "k": k, "single": x[:, 1].astype(np.float32), "price": y, "w": weight})


def test_frames_keep_the_names_of_their_columns(client, frame):
    there, features = dd.from_pandas(frame, npartitions=4), ["mass", "k", "single"]
    here = fastgd.fit(frame[features], frame["price"], sample_weight=frame["w"], epochs=5, learning_rate=0.01)
    assert here.names == tuple(features)
    given = [
        (there[features], there["price"], there["w"]),
        (there, "price", "w"),
        (there[[*features, "price"]], "price", there["w"]),
        (there.persist(), "price", "w"),
    ]
    for x, y, weight in given:
        fit = fastgd.fit(x, y, sample_weight=weight, epochs=5, learning_rate=0.01)
        assert (fit.names, fit.target) == (here.names, here.target)
        assert end(fit).tolist() == end(here).tolist()
    assert fastgd.stability(there[["mass", "w"]], sample_weight="w").steepest == (
        fastgd.stability(frame[["mass"]], sample_weight=frame["w"]).steepest
    )  # fmt: skip
    line = fastgd.fit(there["mass"], there["price"], epochs=1, learning_rate=0.01)
    assert isinstance(line.w, float)
    assert line.names == ("mass",)


def test_frames_whose_rows_were_chosen(client, frame):
    there, keep = dd.from_pandas(frame, npartitions=4), frame["mass"] > 1.0
    chosen = there[there["mass"] > 1.0]
    assert fastgd.mse(chosen["mass"], chosen["price"], 0.5) == fastgd.mse(frame["mass"][keep], frame["price"][keep], 0.5)


def bad(values, row, value):
    values = values.copy()
    values[row] = value
    return da.from_array(values, chunks=300)


X, Y, WEIGHT = made(1000, 0)
HERE, THERE = Y[:10], da.from_array(Y, chunks=400)
SENTENCES = [
    (lambda x: fastgd.QuadraticCost.of(bad(X, 950, np.nan), x), ValueError, "x is nan in row 950: every value"),
    (lambda x: fastgd.fit(x, bad(Y, 4, np.inf), **ONE_BY_ONE, shuffle="none"), ValueError, "y is inf in row 4: every value"),
    (lambda x: fastgd.fit(bad(X, 7, np.nan), x, **ONE_BY_ONE, shuffle="none", record=None), ValueError, "x is nan in row 7"),
    (lambda x: fastgd.mse(x, x, 1.0, sample_weight=bad(WEIGHT, 999, -1)), ValueError, "sample_weight is -1 in row 999"),
    (lambda x: fastgd.mse(x, x, 1.0, sample_weight=0.0 * x), ValueError, "sample_weight is 0 in every row"),
    (lambda x: fastgd.mse(x, x[:-1], 1.0), ValueError, "x has 1000 rows and y has 999: row 999 is in one only"),
    (lambda x: fastgd.mse(x[x > 99.0], x[x > 99.0], 1.0), ValueError, "x is empty: at least one row"),
    (lambda x: fastgd.mse(x[:, None], x[:, None], 1.0), ValueError, r"y has shape \(1000, 1\).*write y\[:, 0\]"),
    (lambda x: fastgd.mse(x[:, None, None], x, 1.0), ValueError, "x has 3 dimensions"),
    (lambda x: fastgd.mse(x, Y, 1.0), TypeError, "y is a ndarray: .* must all be Dask arrays, dataframes or series"),
    (lambda x: fastgd.mse(Y, x, 1.0), TypeError, "x is a ndarray: .* must all be Dask arrays"),
    (lambda x: fastgd.mse(dask.delayed(3), x, 1.0), TypeError, "x is a Delayed.*: .* must all be Dask arrays"),
    (lambda x: fastgd.mse(x, None, 1.0), TypeError, "y is None"),
    (lambda x: fastgd.mse(x, "price", 1.0), ValueError, "y is 'price': x has no columns with names"),
    (lambda x: fastgd.mse(1j * x, x, 1.0), TypeError, "x is complex"),
    (lambda x: fastgd.mse(x.astype("datetime64[s]"), x, 1.0), TypeError, "x has dtype datetime64"),
    (lambda x: fastgd.mse(da.ma.masked_greater(x, 1), x, 1.0), ValueError, r"x is nan in row \d+: every value"),
    (lambda x: fastgd.predict(x, 1.0), ValueError, "a Dask collection, and .*map_partitions with fastgd.predict"),
    (lambda x: fastgd.losses(x, x, 1.0), ValueError, "a Dask collection, and .*map_partitions with fastgd.losses"),
    (lambda x: fastgd.cross_validate(x, x, folds="loo"), ValueError, "a Dask collection, and .* leaving each of them out"),
    (lambda x: fastgd.cross_validate(x, x, folds=fastgd.k_fold(1000, 5, shuffle=True, seed=0)), ValueError, "in sequence"),
    (lambda x: fastgd.fit(x, x, batch_size=1), ValueError, "shuffle is not 'none' and x is not in memory"),
    (lambda x: table(x, x).gather(np.arange(3)), ValueError, "a Dask collection"),
    (lambda x: list(table(x, x)), ValueError, "a Dask collection"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "sentence"), SENTENCES)
def test_errors_are_the_sentences_of_one_process(client, call, error, sentence):
    with pytest.raises(error, match=sentence):
        call(THERE)


def test_errors_name_the_column(client, frame):
    there = dd.from_pandas(frame.assign(text="a"), npartitions=2)
    with pytest.raises(TypeError, match=r"x has dtype str.* in column text: every value must be a number"):
        fastgd.mse(there, "price", 1.0)
    with pytest.raises(ValueError, match=r"y is 'prise': x has no such column \(did you mean 'price'\?\)"):
        fastgd.mse(there, "prise", 1.0)
    frame.loc[612, "k"] = pd.NA
    with pytest.raises(ValueError, match="x is nan in row 612, column k: every value"):
        fastgd.fit(dd.from_pandas(frame[["mass", "k", "price"]], npartitions=3), "price")


def kinds():
    """Columns of numbers that are no floats of NumPy's, and the floats that they are."""
    row = np.arange(1000)
    decimal = pd.ArrowDtype(pyarrow.decimal128(9, 2))
    dictionary = pyarrow.chunked_array([pyarrow.array(row % 5 / 4).dictionary_encode()])
    return {
        "decimals": (pd.array([Decimal(int(k)) / 100 for k in row], dtype=decimal), row / 100),
        "fractions": (pd.array([Fraction(int(k), 3) for k in row], dtype=object), row / 3),
        "categories": (pd.Categorical(row % 7), row % 7 * 1.0),
        "dictionaries": (pd.arrays.ArrowExtensionArray(dictionary), row % 5 / 4),
        "sparse": (pd.arrays.SparseArray(row % 3, fill_value=0), row % 3 * 1.0),
        "truths": (pd.array(row % 2 == 0, dtype="boolean"), (row % 2 == 0) * 1.0),
    }


@pytest.mark.parametrize("kind", kinds())
def test_decimals_fractions_and_categories_are_numbers_as_they_are_in_one_process(client, kind):
    column, plain = kinds()[kind]
    with dask.config.set({"dataframe.convert-string": False}):  # Dask would make text of fractions
        there = dd.from_pandas(pd.DataFrame({"a": X, "odd": column}), npartitions=3)
    assert fastgd.mse(there[["a", "odd"]], there["a"], [0.5, 1.0]) == fastgd.mse(np.column_stack([X, plain]), X, [0.5, 1.0])
    assert fastgd.mse(there["a"], there["odd"], 0.5) == fastgd.mse(X, plain, 0.5)
    assert fastgd.mse(there["a"], there["a"], 0.5, sample_weight=there["odd"]) == fastgd.mse(X, X, 0.5, sample_weight=plain)


def test_categories_that_are_not_known_yet_are_looked_at(client):
    there = dd.from_pandas(pd.DataFrame({"k": np.arange(1000) % 7, "text": ["a", "b"] * 500}), npartitions=3)
    k = there["k"].astype("category")
    assert not k.cat.known
    assert fastgd.mse(k, there["k"], 0.5) == fastgd.mse(np.arange(1000) % 7, np.arange(1000) % 7, 0.5)
    with pytest.raises(TypeError, match=r"x has dtype category, as 'a' in row 0.*rows of partition 0 are counted from 0"):
        fastgd.mse(there["text"].astype("category"), there["k"], 0.5)


def test_blocks_of_objects_are_looked_at(client):
    tenths = np.array([Decimal(int(k)) / 10 for k in range(1000)], dtype=object)
    assert fastgd.mse(da.from_array(tenths, chunks=300), THERE, 0.5) == fastgd.mse(np.arange(1000) / 10, Y, 0.5)
    with pytest.raises(ValueError, match=r"x is nan in row 950: every value"):
        fastgd.mse(da.from_array(np.where(np.arange(1000) == 950, None, tenths), chunks=300), THERE, 0.5)
    with pytest.raises(TypeError, match=r"x holds '1' in row 50: .* \(rows of block 3 are counted from 0\)"):
        fastgd.mse(da.from_array(np.where(np.arange(1000) == 950, "1", tenths), chunks=300), THERE, 0.5)


@pytest.mark.parametrize("column", ["when", "gone", "month", "text", "kind"])
def test_dates_durations_and_text_are_refused_before_any_work(client, column):
    days = pd.date_range("2020-01-01", periods=1000)
    frame = pd.DataFrame({"a": X, "when": days, "gone": days - days[0], "month": days.to_period("M"), "text": "1"})
    there = dd.from_pandas(frame.assign(kind=pd.Categorical(["1", "2"] * 500)), npartitions=3)
    for call, name in (
        (lambda: fastgd.fit(there[["a", column]], there["a"]), "x"),
        (lambda: fastgd.fit(there["a"], there[column]), "y"),
        (lambda: fastgd.fit(there["a"], there["a"], sample_weight=there[column]), "sample_weight"),
    ):
        with pytest.raises(TypeError, match=f"{name} has dtype .* in column {column}: every value must be a number"):
            call()


def test_a_frame_as_y_tells_how_to_take_its_column(client, frame):
    there = dd.from_pandas(frame, npartitions=3)
    with pytest.raises(ValueError, match=r"y has shape \(n, 1\): it must be one-dimensional; write y\['price'\]"):
        fastgd.fit(there[["mass"]], there[["price"]])


class Fetched(distributed.SchedulerPlugin):
    """Notes how large the results are that the client asks for."""

    def __init__(self, scheduler):
        self.scheduler, self.sizes, self.made = scheduler, {}, 0

    def transition(self, key, start, finish, *args, **kwargs):
        if finish == "memory":
            task = self.scheduler.tasks[key]
            self.made += task.nbytes
            if task.who_wants:
                self.sizes[key] = task.nbytes


@pytest.mark.filterwarnings("ignore::fastgd.ConvergenceWarning")
def test_no_row_reaches_the_client(client, rows):
    chunk = max(rows // 8, 500)  # larger than every result allowed below
    rows = 8 * chunk
    x = da.random.default_rng(0).normal(size=(rows, 3), chunks=(chunk, 3))
    y = x.sum(axis=1)
    plugin = Fetched(client.cluster.scheduler)
    client.cluster.scheduler.add_plugin(plugin, name="fetched")
    try:
        for name in ("summary", "mse", "gradient", "sweep", "fit", "samples", "batches", "adam", "stability"):
            CALLS[name](x, y, None)
        fastgd.stability(x, batch_size=1)
        fastgd.cross_validate(x, y, folds=3, batch_size=1, shuffle="none", epochs=1)
        fastgd.fit_many(x, y, {"learning_rate": [0.001, 0.01]}, batch_size=1, shuffle="none", epochs=1)
    finally:
        client.cluster.scheduler.remove_plugin("fetched")
    assert len(plugin.sizes) > 9
    assert plugin.made > 10 * 8 * 4 * rows  # the rows were made again and again, on the workers
    assert max(plugin.sizes.values()) < 8000
    assert 8 * 3 * chunk > 8000  # one partition


def test_a_piece_travels_without_its_rows():
    import pickle

    piece = Piece(table(X, Y), 0, 10, (X[:10], Y[:10], None))
    assert pickle.loads(pickle.dumps(piece)).columns is None


@pytest.mark.parametrize("name", ["summary", "samples", "adam"])
def test_a_worker_that_dies_changes_nothing(client, rows, name):
    """One is killed by the progress function, when the first partition is done."""
    x, y, weight = made(rows // 2, 3)
    there = cut(x, y, weight)
    killed = []

    def kill(done, total):
        if not killed:
            # Not by client.run, which would fail where another test's victim is not yet missed.
            for pid in [nanny.pid for nanny in client.cluster.workers.values() if nanny.pid is not None]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
                    return

    calls = {
        "summary": lambda x, y, **options: summary(fastgd.QuadraticCost.of(x, y, **options)),
        "samples": lambda x, y, **options: descent(x, y, None, **ONE_BY_ONE, **options),
        "adam": lambda x, y, **options: descent(x, y, None, batch_size=97, optimizer="adam", loss="huber", **options),
    }
    found = calls[name](*there[:2], progress=kill)
    assert killed
    np.testing.assert_array_equal(found, calls[name](x, y))
    client.wait_for_workers(2)


def one_chunk(block, marker):
    """Kill the process that makes the third chunk, once."""
    if block[0] == 2:
        try:
            os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            pass
        else:
            os.kill(os.getpid(), signal.SIGKILL)
    return np.random.default_rng(int(block[0])).normal(size=1000)


def test_a_worker_that_dies_while_it_makes_rows_changes_nothing(client, tmp_path):
    numbers = da.from_array(np.arange(6), chunks=1)
    x = numbers.map_blocks(one_chunk, str(tmp_path / "killed"), chunks=((1000,) * 6,), dtype=float)
    found = fastgd.QuadraticCost.of(x, 2.0 * x)
    assert (tmp_path / "killed").exists()
    here = np.concatenate([np.random.default_rng(k).normal(size=1000) for k in range(6)])
    np.testing.assert_array_equal(summary(found), summary(fastgd.QuadraticCost.of(here, 2.0 * here)))
    client.wait_for_workers(2)


@pytest.mark.parametrize("options", [{"loss": "absolute", "learning_rate": 0.1}, ONE_BY_ONE | {"optimizer": "adam"}])
def test_an_interrupt_cancels_the_rest_and_leaves_the_cluster_usable(client, rows, options):
    x, y, weight = made(rows // 2, 3)
    there = cut(x, y, weight)
    seen = []

    def interrupt(done, total):
        seen.append(done)
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background begins with it ignored
    try:
        with pytest.raises(KeyboardInterrupt):
            fastgd.fit(*there[:2], shuffle="none", epochs=1000, progress=interrupt, **options)
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(seen) == 1
    assert fastgd.mse(*there[:2], np.ones(3)) == fastgd.mse(x, y, np.ones(3))
    tasks = client.cluster.scheduler.tasks.values()
    assert not [task.key for task in tasks if "fastgd" in str(task.key) and task.state not in ("memory", "released")]


def test_progress_counts_rows(client, rows):
    there = cut(*made(rows // 2, 3))
    for call in (fastgd.QuadraticCost.of, partial(fastgd.fit, batch_size=1, shuffle="none", epochs=1, learning_rate=0.01)):
        seen = []
        call(*there[:2], progress=lambda done, total, seen=seen: seen.append((done, total)))
        done, total = np.array(seen).T
        assert done[-1] == total[-1]
        assert (np.diff(done) > 0).all()
        passes = done[-1] // (rows // 2)
        assert len(done) == passes * -(-(rows // 2) // table(*there[:2]).block_rows)  # each block in a partition of its own


def test_workers_use_one_thread_each(client):
    from fastgd.mapreduce import fold, thread_count

    seen = []
    fold(lambda piece: thread_count(8), table(THERE, THERE).pieces(100), seen.append)
    assert seen == [1] * 10
    assert thread_count(8) == 8


def test_without_a_client_there_is_a_cluster_of_our_own():
    code = """
import dask.array, fastgd
if __name__ == "__main__":
    x = dask.array.arange(1000, chunks=100)
    print(fastgd.QuadraticCost.of(x, 2 * x).minimum.w)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | {"FASTGD_NUM_THREADS": "1"}, cwd=pathlib.Path(fastgd.__file__).parent.parent,
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("2.0\n", 0), done.stderr
