"""What gives its rows block by block may write each block over the one before, and be gone through by one pass at a time.

The rows are those of arrays, so everything must have the bits of arrays.
"""

import threading

import numpy as np
import pytest

import fastgd

pytestmark = pytest.mark.filterwarnings("ignore::fastgd.ConvergenceWarning")  # a few epochs are enough to compare

N = 1000
RNG = np.random.default_rng(0)
X, WEIGHT = RNG.normal(size=N), RNG.uniform(0.5, 2.0, size=N)
PLANE = RNG.normal(size=(N, 3)) + 1.0
Y = 5.0 * X - 9.33 + 0.1 * RNG.normal(size=N)

BLOCK = 1 << 18
"""Rows of an internal block of one feature."""


def refilled(size, reused, x=X, y=Y, weight=None):
    """Blocks of rows; the columns named in `reused` are always in one array."""
    columns = {"x": x, "y": y} | ({} if weight is None else {"weight": weight})
    room = {name: np.empty_like(values[:size]) for name, values in columns.items()}
    for start in range(0, len(y), size):
        block = []
        for name, values in columns.items():
            part = values[start : start + size]
            if name in reused:
                room[name][: len(part)] = part
                part = room[name][: len(part)]
            else:
                part = part.copy()
            block.append(part)
        yield tuple(block)
    for name in reused:
        room[name][...] = np.nan  # and an end that is read later is no number


class Again:
    """What refills its arrays in every pass: one set of them for all passes."""

    def __init__(self, size):
        self.size = size
        self.passes = self.most = 0
        self.lock = threading.Lock()

    def __iter__(self):
        with self.lock:
            self.passes += 1
            self.most = max(self.most, self.passes)
        try:
            yield from self.blocks()
        finally:
            with self.lock:
                self.passes -= 1

    def blocks(self):
        size = self.size
        if not hasattr(self, "room"):
            self.room = [np.empty_like(values[:size]) for values in (X, Y)]
        for start in range(0, N, size):
            for room, values in zip(self.room, (X, Y), strict=True):
                part = values[start : start + size]
                room[: len(part)] = part
            yield self.room[0][: len(part)], self.room[1][: len(part)]
        for room in self.room:
            room[...] = np.nan


def test_blocks_in_one_buffer_are_not_the_last_one_over_and_over():
    """w = 15, b = -101 for 5, -9.33."""
    found = fastgd.QuadraticCost.of(refilled(100, {"x", "y"}), None).minimum
    right = np.linalg.lstsq(np.column_stack([X, np.ones(N)]), Y, rcond=None)[0]
    assert np.allclose([found.w, found.b], right, rtol=1e-12)


@pytest.mark.parametrize("reused", [{"x"}, {"y"}, {"weight"}, {"x", "y"}, {"x", "y", "weight"}])
@pytest.mark.parametrize("size", [1, 64, 999, N, 2 * N])
def test_whatever_is_refilled(reused, size):
    weight = WEIGHT if "weight" in reused else None
    for x in (X, PLANE):
        once = lambda x=x: refilled(size, reused, x=x, weight=weight)  # noqa: E731
        w = 2.0 if x.ndim == 1 else [1.0, 2.0, 3.0]
        assert np.array_equal(
            fastgd.QuadraticCost.of(once(), None).factor, fastgd.QuadraticCost.of(x, Y, sample_weight=weight).factor
        )
        assert fastgd.mse(once(), None, w, -1.0) == fastgd.mse(x, Y, w, -1.0, sample_weight=weight)
        assert fastgd.cost(once(), None, w, loss="absolute") == fastgd.cost(x, Y, w, loss="absolute", sample_weight=weight)
        slope, same = fastgd.gradient(once(), None, w), fastgd.gradient(x, Y, w, sample_weight=weight)
        assert np.array_equal(slope.w, same.w)
        assert slope.b == same.b
        fit, same = fastgd.fit(once(), None, epochs=7), fastgd.fit(x, Y, sample_weight=weight, epochs=7)
        assert np.array_equal(fit.w, same.w)
        if x.ndim == 1:
            assert np.array_equal(
                fastgd.sweep(once(), None, np.arange(9.0)).cost,
                fastgd.sweep(x, Y, np.arange(9.0), sample_weight=weight).cost,
            )


@pytest.mark.parametrize("threads", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [BLOCK // 3, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK])
@pytest.mark.compiled("a million rows")
def test_blocks_about_the_size_of_ours_on_threads(size, threads):
    n = 3 * BLOCK + 5
    x = np.random.default_rng(1).normal(size=n)
    y = 2.0 * x + 1.0
    y[::7] += 0.5
    for _ in range(3):
        found = fastgd.QuadraticCost.of(refilled(size, {"x", "y"}, x=x, y=y), None, threads=threads)
        assert np.array_equal(found.factor, fastgd.QuadraticCost.of(x, y, threads=1).factor)
    assert fastgd.mse(refilled(size, {"x", "y"}, x=x, y=y), None, 1.5, threads=threads) == fastgd.mse(x, y, 1.5, threads=1)


def jobs(rows, y, threads):
    """Everything that goes through the rows more than once."""
    walked = {"shuffle": "none", "learning_rate": 0.01, "epochs": 3, "threads": threads}
    yield fastgd.fit(rows, y, batch_size=1, **walked).w
    yield fastgd.fit(rows, y, batch_size=32, optimizer="adam", **walked).w
    yield fastgd.fit(rows, y, loss="huber", learning_rate=0.05, epochs=4, threads=threads).w
    yield fastgd.fit(rows, y, batch_size=32, standardize=True, validation=0.2, **walked).history.validation_cost
    for loss in ("squared", "huber"):
        found = fastgd.cross_validate(rows, y, folds=4, loss=loss, **walked)
        yield found.w
        yield found.validation_cost
        yield fastgd.cross_validate(rows, y, folds=4, loss=loss, batch_size=10, **walked).validation_cost
    yield fastgd.learning_curve(rows, y, sizes=3, loss="absolute", **walked).validation_cost
    yield fastgd.fit_many(rows, y, {"learning_rate": [0.01, 0.02, 0.03]}, loss="huber", epochs=3, threads=threads).w
    yield fastgd.fit_many(
        rows, y, {"learning_rate": [0.01, 0.02]}, batch_size=9, shuffle="none", epochs=2, threads=threads
    ).w
    yield fastgd.select(rows, y, {"l2": [0.0, 0.1, 1.0]}, loss="huber", folds=3, **walked).validation_cost
    yield fastgd.sweep(rows, y, np.arange(5.0), np.arange(3.0), loss="huber", threads=threads).cost


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("size", [37, 500, N])
def test_passes_over_what_has_one_buffer_for_all_of_them(size, threads):
    rows = Again(size)
    for found, right in zip(jobs(rows, None, threads), jobs(X, Y, 1), strict=True):
        assert np.array_equal(found, right)
    assert rows.most == 1, "two passes at once share the object's place and its arrays"


def test_frames_that_are_written_to():
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    frame, y = pd.DataFrame(np.zeros((50, 3)), columns=list("abc")), pd.Series(np.zeros(50))

    def blocks():
        for start in range(0, N, 50):
            frame.loc[:, :] = PLANE[start : start + 50]
            y[:] = Y[start : start + 50]
            yield frame, y

    assert np.array_equal(fastgd.QuadraticCost.of(blocks(), None).factor, fastgd.QuadraticCost.of(PLANE, Y).factor)


def test_a_file_read_into_one_array(tmp_path):
    np.column_stack([X, Y]).tofile(tmp_path / "rows")
    room = np.empty((64, 2))

    def blocks():
        with (tmp_path / "rows").open("rb") as file:
            while count := file.readinto(room):
                yield room[: count // 16, 0], room[: count // 16, 1]

    assert np.array_equal(fastgd.QuadraticCost.of(blocks(), None).factor, fastgd.QuadraticCost.of(X, Y).factor)


def test_rows_added_from_one_buffer():
    cost = None
    for block in refilled(100, {"x", "y"}):
        if cost is None:
            cost = fastgd.QuadraticCost.of(*block)
        else:
            cost += block
    right = np.linalg.lstsq(np.column_stack([X, np.ones(N)]), Y, rcond=None)[0]
    assert np.allclose([cost.minimum.w, cost.minimum.b], right, rtol=1e-12)


@pytest.mark.compiled("eight million rows")
def test_a_list_of_blocks_is_not_copied():
    import tracemalloc

    x = np.random.default_rng(0).normal(size=8_000_000)
    blocks = [(part, part) for part in np.array_split(x, 2)]
    fastgd.mse(blocks, None, 1.0)
    tracemalloc.start()
    fastgd.mse(blocks, None, 1.0, threads=1)
    listed = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    fastgd.mse(iter(blocks), None, 1.0, threads=1)
    copied = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert listed < 16 * BLOCK * 2
    assert copied < 16 * BLOCK * 12, "a block of any size is copied a part at a time"


def test_folds_that_come_in_one_array():
    """A splitter's buffers, too, hold the last fold once all have been asked for."""
    pairs = [(np.flatnonzero(np.arange(N) % 4 != k), np.flatnonzero(np.arange(N) % 4 == k)) for k in range(4)]

    def reused():
        train, test = (np.empty_like(part) for part in pairs[0])
        for pair in pairs:
            train[:], test[:] = pair
            yield train, test

    found, right = (fastgd.cross_validate(X, Y, folds=folds, epochs=3, learning_rate=0.01) for folds in (reused(), pairs))
    assert np.array_equal(found.validation_cost, right.validation_cost)


def test_starts_that_come_in_one_array():
    def starts():
        w = np.zeros(3)
        for k in range(3):
            w[:] = k
            yield w

    found = fastgd.fit_many(PLANE, Y, {"w0": starts()}, epochs=0, learning_rate=0.01)
    assert found.w.tolist() == [[0.0] * 3, [1.0] * 3, [2.0] * 3]
