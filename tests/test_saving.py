"""Save, load and resume: every bit comes back, damage is refused, the old file is whole at every moment, a run goes on."""

import dataclasses
import io
import json
import os
import stat
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest

import fastgd
from fastgd import Fit, QuadraticCost, saving

X, Y = fastgd.make_linear(60, w=[2.0, -1.0, 0.5], noise=0.5, seed=3)
LINE, LINE_Y = fastgd.make_linear(50, noise=0.5, seed=4)
FRAME = pd.DataFrame(X, columns=["flügel", "b'\"\\", "c"])


def same(one, other):
    """Whether two values are equal to the last bit, and of one type."""
    if dataclasses.is_dataclass(one):
        pairs = [(getattr(one, field.name), getattr(other, field.name)) for field in dataclasses.fields(one)]
        return type(one) is type(other) and all(same(a, b) for a, b in pairs)
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, float):
        return isinstance(other, float) and np.float64(one).tobytes() == np.float64(other).tobytes()
    return type(one) is type(other) and one == other


FITS = {
    "line": lambda: fastgd.fit(LINE, LINE_Y, epochs=5, learning_rate=0.1),
    "names": lambda: fastgd.fit(FRAME, pd.Series(Y, name="mass"), epochs=3, learning_rate=0.1, standardize=True),
    "no history": lambda: fastgd.fit(X, Y, epochs=2, batch_size=7, learning_rate=0.01, record=None),
    "records": lambda: fastgd.fit(X, Y, epochs=2, batch_size=7, learning_rate=0.01, record=3, seed=1, validation=0.2),
    "optimizer": lambda: fastgd.fit(X, Y, epochs=2, optimizer=fastgd.Adam(beta1=0.8), schedule=fastgd.Step(every=3)),
    "nested": lambda: fastgd.fit(X, Y, epochs=3, learning_rate=0.1, schedule=fastgd.WarmUp(2, fastgd.Cosine(0.5))),
    "array": lambda: fastgd.fit(X, Y, epochs=3, learning_rate=0.1, schedule=np.array([1.0, 0.5, 0.25])),
    "huber": lambda: fastgd.fit(X, Y, epochs=3, loss="huber", delta=0.25, l2=0.5, tol=1e-3),
    "exact": lambda: fastgd.fit([1, 2, 3], [2, 4, 6], epochs=0),
}


@pytest.mark.filterwarnings("ignore::fastgd.ConvergenceWarning")
@pytest.mark.parametrize("kind", FITS)
def test_a_fit_comes_back_to_the_last_bit(kind, tmp_path):
    fit = FITS[kind]()
    fit.save(tmp_path / "fit.npz")
    again = Fit.load(tmp_path / "fit.npz")
    if kind == "array":
        assert same(fit.settings.schedule.values, again.settings.schedule.values)
    assert same(fit, again)
    assert repr(again) == repr(fit)
    assert again.explain() == fit.explain()


def test_a_diverged_fit_comes_back_with_its_advice(tmp_path):
    with pytest.warns(fastgd.DivergenceWarning):
        fit = fastgd.fit(X, Y, learning_rate=3.0)
    fit.save(tmp_path / "fit.npz")
    again = Fit.load(tmp_path / "fit.npz")
    assert again.advice is not None
    assert same(fit, again)
    assert again.explain() == fit.explain()


@pytest.mark.parametrize("rows", [(LINE, LINE_Y), (FRAME, Y), (1e6 + X, 1e9 * Y), ([0.0, -0.0], [1e-310, 1e100])])
@pytest.mark.parametrize("bias", [True, False])
def test_a_cost_comes_back_to_the_last_bit(rows, bias, tmp_path):
    cost = QuadraticCost.of(*rows, bias=bias)
    cost.save(tmp_path / "cost.npz")
    assert same(QuadraticCost.load(tmp_path / "cost.npz"), cost)


def test_a_cost_that_was_saved_goes_on_growing(tmp_path):
    path = tmp_path / "cost.npz"
    QuadraticCost.of(X[:20], Y[:20]).save(path)
    cost = QuadraticCost.load(path)
    cost += X[20:], Y[20:]
    assert cost.minimum.w == pytest.approx(QuadraticCost.of(X, Y).minimum.w, rel=1e-12)


def test_what_was_saved_can_be_written_to_in_memory_only(tmp_path):
    FITS["line"]().save(tmp_path / "fit.npz")
    again = Fit.load(tmp_path / "fit.npz")
    again.history.cost[0] = 0.0
    assert Fit.load(tmp_path / "fit.npz").history.cost[0] != 0.0


def test_numpy_reads_the_file_without_pickle(tmp_path):
    FITS["line"]().save(tmp_path / "fit.npz")
    with np.load(tmp_path / "fit.npz", allow_pickle=False) as archive:
        assert {"manifest", "checksum", "history.cost"} <= set(archive.files)
        assert json.loads(archive["manifest"].item())["kind"] == "Fit"
        assert all(archive[name].dtype.kind != "O" for name in archive.files)


def test_a_function_cannot_be_saved(tmp_path):
    fit = fastgd.fit(X, Y, epochs=2, learning_rate=0.1, schedule=lambda t: 0.5)
    with pytest.raises(ValueError, match=r"^schedule is a function, which cannot be saved: use an array"):
        fit.save(tmp_path / "fit.npz")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def saved(tmp_path):
    """A folder with nothing but a file, and what is in it."""
    path = tmp_path / "cost.npz"
    QuadraticCost.of(X, Y).save(path)
    return path


def archive_of(arrays, **options):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", **options) as archive:
        for name, values in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asanyarray(values), allow_pickle=True)
            archive.writestr(f"{name}.npy", member.getvalue())
    return data.getvalue()


def parts_of(path):
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def sealed(arrays, **changes):
    """The arrays with another manifest and the checksum that belongs to it: damage that only looking at it can find."""
    manifest = json.loads(arrays["manifest"].item())
    manifest.update({name: value for name, value in changes.items() if name != "fields"})
    manifest["fields"].update(changes.get("fields", {}))
    arrays = {name: values for name, values in arrays.items() if name != "checksum"}
    arrays["manifest"] = np.array(json.dumps(manifest))
    return arrays | {"checksum": np.array(saving._checksum(arrays))}


def refused(path, said, kind=QuadraticCost, error=ValueError):
    with pytest.raises(error) as caught:
        kind.load(path)
    message = str(caught.value)
    assert str(path) in message
    assert said in message
    assert "\n" not in message


def test_a_file_cut_off_anywhere_is_refused(saved):
    whole = saved.read_bytes()
    for length in range(len(whole)):
        saved.write_bytes(whole[:length])
        refused(saved, "cannot be read")


def test_a_byte_changed_anywhere_is_refused_or_does_not_matter(saved):
    whole, cost = saved.read_bytes(), QuadraticCost.load(saved)
    kept = 0
    for place in range(0, len(whole), 3):
        saved.write_bytes(whole[:place] + bytes([whole[place] ^ 0x11]) + whole[place + 1 :])
        said, again = str(saved), cost
        try:
            again = QuadraticCost.load(saved)
            kept += 1
        except ValueError as error:
            said = str(error)
        assert str(saved) in said
        assert same(again, cost)
    assert kept < len(whole) / 10  # dates and the like in the archive's own lists


def test_bytes_at_random_are_refused(saved):
    rng = np.random.default_rng(0)
    whole = saved.read_bytes()
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(rng.integers(1, 20)):
            start, length = rng.integers(0, len(whole), 2)
            damaged[start : start + length % 200] = rng.bytes(int(rng.integers(0, 200)))
        saved.write_bytes(bytes(damaged))
        with pytest.raises(ValueError, match=r"cost\.npz"):
            QuadraticCost.load(saved)


def test_a_number_changed_by_hand_is_refused(saved):
    arrays = parts_of(saved)
    arrays["mean_x"][0] += 1.0
    saved.write_bytes(archive_of(arrays))
    refused(saved, "does not have its own checksum")
    arrays = parts_of(saved)
    del arrays["checksum"]
    saved.write_bytes(archive_of(arrays))
    refused(saved, "does not have its own checksum")


@pytest.mark.parametrize(
    "fields",
    [
        {"count": "many"},
        {"count": -1.0},
        {"count": float("nan")},
        {"mean_x": {"array": "factor"}},
        {"mean_x": {"array": "manifest"}},
        {"mean_x": {"array": "nothing"}},
        {"mean_x": 1.0},
        {"bias": 3},
        {"names": {"tuple": ["a"]}},
        {"names": {"record": "Fit", "fields": {}}},
        {"names": {"member": "CONVERGED", "of": "Status"}},
        {"names": [1, 2, 3]},
        {"more": 1},
    ],
)
def test_parts_that_do_not_fit_are_refused_under_a_right_checksum(saved, fields):
    saved.write_bytes(archive_of(sealed(parts_of(saved), fields=fields)))
    refused(saved, "do not fit together")


def test_another_kind_and_a_later_version_are_refused(saved, tmp_path):
    refused(saved, "holds a QuadraticCost, not a Fit: load it by QuadraticCost.load", Fit)
    saved.write_bytes(archive_of(sealed(parts_of(saved), version=2)))
    refused(saved, "is of version 2 of the format, and this fastgd reads up to 1: update fastgd")


def test_files_of_others_are_refused(tmp_path):
    path = tmp_path / "other.npz"
    for data in (b"", b"text", b"PK\x03\x04", np.arange(3).tobytes()):
        path.write_bytes(data)
        refused(path, "cannot be read")
    np.savez(path, x=[1, 2])
    refused(path, "was not saved by fastgd")
    np.savez(path, manifest=np.array("[]"))
    refused(path, "was not saved by fastgd")
    np.savez(path, manifest=np.array("[" * 100_000))
    refused(path, "was not saved by fastgd")
    refused(tmp_path / "nothing.npz", "does not exist", error=FileNotFoundError)
    refused(tmp_path, "is a folder", error=IsADirectoryError)


class Trap:
    """An object whose unpickling would show."""

    def __reduce__(self):
        return exec, ("raise SystemExit('code from a file was run')",)


def test_no_pickle_is_read_and_no_memory_taken_on_trust(tmp_path):
    path = tmp_path / "trap.npz"
    path.write_bytes(archive_of({"manifest": np.array([Trap()], dtype=object)}))
    refused(path, "is not an array of numbers")
    path.write_bytes(archive_of({"manifest": np.zeros(10_000_000)}, compression=zipfile.ZIP_DEFLATED))
    refused(path, "packed")
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": (10**15,)})
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("manifest.npy", head.getvalue())
    path.write_bytes(data.getvalue())
    refused(path, "is not an array of numbers")


class Interrupt:
    """Raises KeyboardInterrupt at the k-th line that a function runs, as Ctrl-C may at any."""

    def __init__(self, function, k):
        self.code, self.left, self.raised = function.__code__, k, False

    def __call__(self, frame, event, argument):
        if frame.f_code is self.code and not self.raised:
            if event == "line":
                self.left -= 1
                if self.left < 0:
                    self.raised = True
                    raise KeyboardInterrupt
            return self
        return None


# Python closes a file late if it is interrupted between the end of its block and its closing.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_save_interrupted_at_any_line_leaves_a_whole_file_and_nothing_else(saved):
    old, new = QuadraticCost.load(saved), QuadraticCost.of(X[:30], Y[:30])
    found = []
    before = sys.gettrace()
    for k in range(100):
        old.save(saved)
        interrupt = Interrupt(saving.write_whole, k)
        sys.settrace(interrupt)
        try:
            new.save(saved)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        found.append(QuadraticCost.load(saved).count)
        assert os.listdir(saved.parent) == ["cost.npz"]
        if not interrupt.raised:
            break
    assert not interrupt.raised
    assert len(found) > 8
    assert found == sorted(found, reverse=True)  # the old one up to some line, the new one from there on
    assert {found[0], found[-1]} == {60.0, 30.0}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no device that is always full")
def test_a_full_device_is_one_sentence():
    with pytest.raises(OSError, match=r"^/dev/full cannot be written: no space left on device$"):
        QuadraticCost.of(X, Y).save("/dev/full")
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


def test_a_disk_that_fills_up_leaves_the_old_file_whole(saved):
    resource = pytest.importorskip("resource", reason="this system has no limit of file sizes")
    old, limits = saved.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"cost\.npz cannot be written: file too large$"):
            QuadraticCost.of(X[:30], Y[:30]).save(saved)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert saved.read_bytes() == old
    assert os.listdir(saved.parent) == ["cost.npz"]


def test_places_that_cannot_be_written(tmp_path):
    cost = QuadraticCost.of(X, Y)
    with pytest.raises(FileNotFoundError, match=r"nowhere does not exist$"):
        cost.save(tmp_path / "nowhere" / "cost.npz")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        cost.save(tmp_path)
    for path in ("", "a\0b"):
        with pytest.raises(ValueError, match="it must be the path of a file"):
            cost.save(path)
    with pytest.raises(TypeError, match=r"path is 3\.5: it must be the path of a file"):
        cost.save(3.5)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="permissions and links are those of POSIX")
def test_permissions_and_links_stay(saved, tmp_path):
    os.chmod(saved, 0o640)
    link = tmp_path / "link.npz"
    link.symlink_to(saved)
    QuadraticCost.of(X[:30], Y[:30]).save(link)
    assert link.is_symlink()
    assert stat.S_IMODE(saved.stat().st_mode) == 0o640
    assert QuadraticCost.load(saved).count == 30.0


RUNS = {
    "sgd": {"batch_size": 1, "shuffle": "none"},
    "sgd, each": {"batch_size": 1},
    "batches, each": {"batch_size": 7},
    "batches, once": {"batch_size": 7, "shuffle": "once"},
    "full": {},
    "full, data": {"via": "data"},
    "step": {"schedule": fastgd.Step(every=2), "batch_size": 7},
    "warm up": {"schedule": fastgd.WarmUp(6)},
    "function": {"schedule": lambda t: 1.0 / (1.0 + t)},
    "scaling": {"schedule": "inverse_scaling"},
    "scaling, data": {"schedule": "inverse_scaling", "loss": "huber", "delta": 0.3},
    "scaling, batches": {"schedule": "inverse_scaling", "batch_size": 7},
    "penalty": {"l2": 0.5, "batch_size": 1, "shuffle": "none"},
    "no bias": {"bias": False, "batch_size": 3},
    "absolute": {"loss": "absolute", "batch_size": 5},
    "records": {"record": 3, "batch_size": 10},
    "implicit": {"optimizer": "implicit", "batch_size": 4},
}


@pytest.mark.parametrize("kind", RUNS)
@pytest.mark.parametrize("rows", [(LINE, LINE_Y), (X, Y)], ids=["line", "plane"])
def test_a_resumed_run_is_one_longer_run(kind, rows):
    options = {"learning_rate": 0.02, "seed": 5} | RUNS[kind]
    begun = fastgd.fit(*rows, epochs=3, **options)
    resumed = begun.resume(*rows, epochs=4)
    whole = fastgd.fit(*rows, epochs=7, **options)
    assert np.array_equal(resumed.w, whole.w)
    assert (resumed.b, resumed.cost, resumed.epochs) == (whole.b, whole.cost, whole.epochs)
    later = whole.history.epoch >= 3
    for name in ("epoch", "update", "cost", "w", "b"):
        ours, theirs = getattr(resumed.history, name), getattr(whole.history, name)[later]
        np.testing.assert_array_equal(ours[-len(theirs) :][1:], theirs[1:], err_msg=name)
    assert resumed.history.epoch[0] == 3


def test_a_resumed_run_on_standardised_rows_is_one_longer_run_to_rounding():
    options = {"learning_rate": 0.02, "batch_size": 7, "seed": 5, "standardize": True}
    resumed = fastgd.fit(X, Y, epochs=3, **options).resume(X, Y, epochs=4)
    assert resumed.standardized
    assert resumed.w == pytest.approx(fastgd.fit(X, Y, epochs=7, **options).w, rel=1e-12)


def test_averages_begin_anew_and_updates_go_on():
    options = {"learning_rate": 0.02, "batch_size": 7, "seed": 5, "schedule": "inverse_scaling"}
    resumed = fastgd.fit(X, Y, epochs=2, **options).resume(X, Y, epochs=4, average=0.5, record=None)
    last = fastgd.fit(X, Y, epochs=6, record=1, **options).history
    assert resumed.w == pytest.approx(last.w[-2 * 9 :].mean(axis=0), rel=1e-12)


def test_a_saved_fit_resumes(tmp_path):
    fastgd.fit(X, Y, epochs=3, learning_rate=0.02, batch_size=7).save(tmp_path / "fit.npz")
    begun = Fit.load(tmp_path / "fit.npz")
    whole = fastgd.fit(X, Y, epochs=5, learning_rate=0.02, batch_size=7, seed=begun.seed)
    assert np.array_equal(begun.resume(X, Y, epochs=2).w, whole.w)


def test_it_resumes_on_other_rows_with_other_options():
    begun = fastgd.fit(X, Y, epochs=3, learning_rate=0.02, optimizer=fastgd.Momentum(0.5), loss="huber", delta=0.3)
    resumed = begun.resume(2 * X, Y, epochs=2, learning_rate=0.01)
    expected = fastgd.fit(
        2 * X,
        Y,
        epochs=2,
        learning_rate=0.01,
        w0=begun.w,
        b0=begun.b,
        optimizer=fastgd.Momentum(0.5),
        loss="huber",
        delta=0.3,
    )
    assert np.array_equal(resumed.w, expected.w)
    assert resumed.resume(X, Y, epochs=0).epochs == 5


def test_a_warning_points_at_the_caller():
    begun = fastgd.fit(X, Y, epochs=3, learning_rate=0.02)
    with pytest.warns(fastgd.DivergenceWarning, match="learning_rate 5 is above") as caught:
        begun.resume(X, Y, learning_rate=5.0)
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("rows", "options", "said"),
    [
        ((LINE, LINE_Y), {}, r"x has shape \(n,\) and the rows of the fit \(n, 3\)"),
        ((X[:, :2], Y), {}, r"x has shape \(n, 2\) and the rows of the fit \(n, 3\)"),
        ((X, Y), {"learning_rat": 0.1}, r"learning_rat is not an argument of fit \(did you mean 'learning_rate'\?\)"),
        ((X, Y), {"w0": [0, 0, 0]}, "w0 is given: a fit is resumed from where it stands"),
        ((X, Y), {"epochs": -1}, "epochs is -1: it must be 0 or above"),
        ((X, Y), {"batch_size": 61}, "batch_size is 61"),
        ((X, Y), {"record": 2, "schedule": "inverse_scaling"}, "record is 2 and schedule is 'inverse_scaling'"),
        ((X, Y), {"schedule": [1.0]}, r"schedule has shape \(1,\): it must be \(100,\)"),
    ],
)
def test_what_cannot_be_resumed_is_said(rows, options, said):
    begun = fastgd.fit(X, Y, epochs=1, learning_rate=0.02, batch_size=7)
    with pytest.raises((ValueError, TypeError), match=said):
        begun.resume(*rows, **options)


def test_factors_given_one_by_one_are_used_up():
    begun = fastgd.fit(X, Y, epochs=2, learning_rate=0.02, schedule=[1.0, 0.5])
    with pytest.raises(ValueError, match="give another for those to come"):
        begun.resume(X, Y, epochs=2)
    resumed = begun.resume(X, Y, epochs=2, schedule=[0.25, 0.125])
    whole = fastgd.fit(X, Y, epochs=4, learning_rate=0.02, schedule=[1.0, 0.5, 0.25, 0.125])
    assert np.array_equal(resumed.w, whole.w)


def test_a_fit_that_does_not_say_how_it_was_made():
    fit = dataclasses.replace(FITS["line"](), settings=None)
    with pytest.raises(ValueError, match="cannot be resumed"):
        fit.resume(LINE, LINE_Y)
