"""The command line over files and made-up rows: what it prints, what it writes, and one sentence for whatever is wrong."""

import inspect
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fastgd
from fastgd import clioptions
from fastgd.cli import main

X, Y = fastgd.make_linear(400, w=[2.0, -1.0], noise=0.5, seed=3)
FRAME = pd.DataFrame({"size": X[:, 0], "age": X[:, 1], "price": Y, "town": "A", "weight": np.linspace(0.5, 2.0, 400)})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in, with the rows in every format."""
    monkeypatch.chdir(tmp_path)
    FRAME.to_csv("rows.csv", index=False)
    FRAME.to_parquet("rows.parquet")
    np.save("rows.npy", FRAME[["size", "age", "price"]].to_numpy())
    np.savez("rows.npz", **{name: FRAME[name].to_numpy() for name in ("size", "age", "price")})
    return tmp_path


def ran(capsys, *words):
    code = main([str(word) for word in words])
    out, error = capsys.readouterr()
    return code, out, error.replace("fastgd: compiling kernels, once per machine ...\n", "")


def found(capsys, *words):
    code, out, error = ran(capsys, *words, "--json")
    assert (code, error) == (0, "")
    return json.loads(out)


def refused(capsys, *words):
    code, out, error = ran(capsys, *words)
    assert (code, out) == (2, "")
    assert error.startswith("fastgd: ")
    assert error.count("\n") == 1
    return error


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet", "rows.npz", "row*.csv"])
def test_a_fit_of_a_file_is_that_of_its_rows(folder, capsys, name):
    told = found(capsys, "fit", name, "--x", "size", "age", "--y", "price", "--learning-rate", 0.1, "--epochs", 30)
    fit = fastgd.fit(FRAME[["size", "age"]], FRAME["price"], learning_rate=0.1, epochs=30)
    assert told["w"] == fit.w.tolist()
    assert (told["b"], told["cost"], told["status"]) == (fit.b, fit.cost, "MAX_EPOCHS")
    assert told["names"] == ["size", "age"]
    assert told["explain"] == fit.explain()
    assert set(fit.__dataclass_fields__) - set(told) == {"history"}


def test_columns_of_npy_have_numbers(folder, capsys):
    told = found(capsys, "fit", "rows.npy", "--x", 0, 1, "--y", 2, "--epochs", 5)
    assert told["w"] == found(capsys, "fit", "rows.npz", "--x", "size", "age", "--y", "price", "--epochs", 5)["w"]


def test_weights_and_dropped_rows(folder, capsys):
    told = found(capsys, "fit", "rows.csv", "--x", "size", "--y", "price", "--weight", "weight", "--epochs", 5)
    assert told["w"] == fastgd.fit(FRAME["size"], FRAME["price"], sample_weight=FRAME["weight"], epochs=5).w
    FRAME.assign(size=FRAME["size"].where(FRAME.index != 7)).to_csv("gap.csv", index=False)
    assert "missing value in row 7" in refused(capsys, "fit", "gap.csv", "--x", "size", "--y", "price")
    code, out, _ = ran(capsys, "fit", "gap.csv", "--x", "size", "--y", "price", "--missing", "drop")
    assert code == 0
    assert "1 rows with a missing value were left out" in out


OPTIONS = {
    "batch": ({"batch_size": 16, "learning_rate": 0.05}, ["--batch-size", 16, "--learning-rate", 0.05]),
    "rules": (
        {"optimizer": fastgd.Adam(beta1=0.8), "schedule": fastgd.Step(every=2, factor=0.1), "batch_size": 5},
        ["--optimizer", "adam:beta1=0.8", "--schedule", "step:every=2,factor=0.1", "--batch-size", 5],
    ),
    "loss": ({"loss": "huber", "delta": 0.25, "l2": 0.5}, ["--loss", "huber", "--delta", 0.25, "--l2", 0.5]),
    "no bias": ({"bias": False, "w0": [1.0, -1e-1]}, ["--no-bias", "--w0", 1, "-1e-1"]),
    "judged": (
        {"validation": 0.25, "patience": 2, "batch_size": 1, "learning_rate": 0.05},
        ["--validation", 0.25, "--patience", 2, "--batch-size", 1, "--learning-rate", 0.05, "--shuffle", "none"],
    ),
    "standard": ({"standardize": True, "tol": 1e-3, "b0": -2.5}, ["--standardize", "--tol", "1e-3", "--b0", -2.5]),
    "walked": ({"via": "data", "record": 2, "learning_rate": 0.1}, ["--via", "data", "--record", 2, "--learning-rate", 0.1]),
}


@pytest.mark.filterwarnings("ignore::fastgd.ConvergenceWarning")
@pytest.mark.parametrize("kind", OPTIONS)
def test_options_are_the_arguments_of_fit(folder, capsys, kind):
    options, words = OPTIONS[kind]
    told = found(capsys, "fit", "rows.parquet", "--x", "size", "age", "--y", "price", "--epochs", 6, *words, "--history")
    fit = fastgd.fit(FRAME[["size", "age"]], FRAME["price"], epochs=6, shuffle="none", **options)
    assert told["w"] == fit.w.tolist()
    assert told["history"]["cost"] == fit.history.cost.tolist()


def test_every_argument_has_an_option(capsys):
    rest = {"x", "y", "sample_weight", "progress"}
    assert set(inspect.signature(fastgd.fit).parameters) - rest == set(clioptions.FIT)
    _, out, _ = ran(capsys, "fit", "--help")
    for name in clioptions.FIT:
        assert f"--{name.replace('_', '-')} " in out or f"--{name}]" in out or f"--no-{name}" in out


def test_rows_in_memory_are_shuffled(folder, capsys):
    words = ["rows.csv", "--x", "size", "age", "--y", "price", "--batch-size", 7, "--learning-rate", 0.02, "--seed", 5]
    told = found(capsys, "fit", *words, "--load", "--epochs", 3)
    fit = fastgd.fit(X, Y, batch_size=7, learning_rate=0.02, seed=5, epochs=3)
    assert told["w"] == fit.w.tolist()
    assert "add --load" in refused(capsys, "fit", *words, "--shuffle", "each")
    assert "--load lets them be shuffled" in ran(capsys, "fit", *words)[1]


def test_synthetic_rows(capsys):
    words = ["--synthetic", 3000, "--w-true", 2, -3, "--b-true", -1, "--noise", 0.5, "--outliers", 0.1, "--seed", 4]
    told = found(capsys, "fit", *words, "--distribution", "uniform", "--learning-rate", 0.1)
    rows = fastgd.Synthetic(3000, [2.0, -3.0], -1.0, noise=0.5, outliers=0.1, x="uniform", seed=4)
    assert told["w"] == fastgd.fit(rows, None, learning_rate=0.1).w.tolist()


def test_a_sweep_is_the_librarys(folder, capsys):
    told = found(capsys, "sweep", "--synthetic", 5000, "--w", -1, 5, 13, "--b", 0.5)
    curve = fastgd.sweep(fastgd.Synthetic(5000), None, np.linspace(-1, 5, 13), 0.5)
    assert told["cost"] == curve.cost.tolist()
    assert told["best"] == curve.best._asdict()
    assert told["minimum"] == curve.minimum._asdict()
    told = found(capsys, "sweep", "rows.csv", "--x", "size", "age", "--y", "price", "--feature", "age", "--b", "auto")
    surface = fastgd.sweep(X, Y, b=None, feature=1)
    assert told["cost"] == surface.cost.tolist()
    _, out, _ = ran(capsys, "sweep", "--synthetic", 5000)
    assert "exact minimum" in out


def test_stability_is_the_librarys(folder, capsys):
    told = found(capsys, "stability", "rows.csv", "--x", "size", "age", "--batch-size", 4, "--learning-rate", 10)
    limits = fastgd.stability(X, batch_size=4)
    assert told["max_learning_rate"] == pytest.approx(limits.max_learning_rate, rel=1e-14)
    assert told["verdict"] == "diverges"
    assert told["curvature"] == pytest.approx(limits.curvature, rel=1e-14)
    _, out, _ = ran(capsys, "stability", "--synthetic", 1000, "--learning-rate", 0.1)
    assert "rate 0.1            safe" in out


def test_a_fit_that_diverged_ends_with_1(folder, capsys):
    code, out, error = ran(capsys, "fit", "rows.csv", "--x", "size", "--y", "price", "--learning-rate", 3)
    assert (code, error) == (1, "")
    assert "price by gradient descent: diverged" in out
    assert "learning_rate 3 is above" in " ".join(out.split())


def test_what_is_not_finite_is_json_all_the_same(capsys, folder):
    np.savez("exact.npz", x=np.arange(5.0), y=2 * np.arange(5.0))
    told = found(capsys, "fit", "exact.npz", "--x", "x", "--y", "y", "--epochs", 0)
    assert told["excess"] == "inf"
    assert told["spectral_radius"] is None


def test_save_and_resume(folder, capsys):
    words = ["rows.csv", "--x", "size", "age", "--y", "price", "--batch-size", 8, "--learning-rate", 0.02]
    found(capsys, "fit", *words, "--epochs", 2, "--save", "fit.npz")
    told = found(capsys, "fit", *words[:6], "--resume", "fit.npz", "--epochs", 3)
    assert told["w"] == found(capsys, "fit", *words, "--epochs", 5)["w"]
    assert told["epochs"] == 5
    Path("fit.npz").write_bytes(Path("fit.npz").read_bytes()[:-50])
    assert "fit.npz cannot be read" in refused(capsys, "fit", *words[:6], "--resume", "fit.npz")


@pytest.mark.parametrize(
    ("command", "name", "head"),
    [("fit", "a.png", b"\x89PNG"), ("sweep", "b.svg", b"<?xml"), ("stability", "c.pdf", b"%PDF")],
)
def test_pictures(folder, capsys, command, name, head):
    found(capsys, command, "--synthetic", 1000, "--plot", name)
    assert Path(name).read_bytes().startswith(head)
    assert [path.name for path in folder.glob("*.tmp")] == []


FILE = ["rows.csv", "--x", "size", "--y", "price"]

BAD = {
    "no file": (["nothing.csv", *FILE[1:]], "nothing.csv does not exist"),
    "no match": (["n*.csv", *FILE[1:]], "n*.csv matches no file"),
    "a folder": ([".", *FILE[1:]], ". is a folder"),
    "no column": (["rows.csv", "--x", "siez", "--y", "price"], "no column 'siez' (did you mean 'size'?)"),
    "text": (["rows.csv", "--x", "town", "--y", "price"], "holds 'A' in row 0, column town"),
    "text in Parquet": (["rows.parquet", "--x", "town", "--y", "price"], "has text in column town"),
    "nothing at all": ([], "no FILE is given"),
    "no x": (["rows.csv", "--y", "price"], "--x is not given"),
    "no y": (["rows.csv", "--x", "size"], "--y is not given"),
    "swallowed": (["--y", "price", "--x", "size", "rows.csv"], "no FILE is given: name it before --x"),
    "both": ([*FILE, "--synthetic", "5"], "FILE is given, and so is --synthetic"),
    "noise of a file": ([*FILE, "--noise", "5"], "--noise is given without --synthetic"),
    "ending": (["rows.txt", *FILE[1:]], "rows.txt"),
    "option": ([*FILE, "--learning-rat", "1"], "--learning-rat (did you mean '--learning-rate'?)"),
    "rate": ([*FILE, "--learning-rate", "-1"], "learning_rate is -1: it must be above 0"),
    "rate in words": ([*FILE, "--learning-rate", "fast"], "'fast' is not a number"),
    "rate of nothing": ([*FILE, "--learning-rate"], "--learning-rate: expected one argument"),
    "infinite rate": ([*FILE, "--learning-rate", "inf"], "learning_rate is inf"),
    "epochs": ([*FILE, "--epochs", "-3"], "'-3' is not a whole number of 0 or above"),
    "optimizer": ([*FILE, "--optimizer", "adma"], "did you mean 'adam'?"),
    "optimizer's number": ([*FILE, "--optimizer", "adam:bta1=1"], "did you mean 'beta1'?"),
    "optimizer's bound": ([*FILE, "--optimizer", "adam:beta1=2"], "beta1 is 2: it must be at least 0 and below 1"),
    "schedule": ([*FILE, "--schedule", "stpe"], "did you mean 'step'?"),
    "loss": ([*FILE, "--loss", "hubr"], "did you mean 'huber'?"),
    "missing": ([*FILE, "--missing", "drp"], "did you mean 'drop'?"),
    "batch": ([*FILE, "--batch-size", "401"], "batch_size is 401"),
    "picture": ([*FILE, "--plot", "out.gif"], "must end in .png, .svg or .pdf"),
    "picture's folder": ([*FILE, "--plot", "no/out.png"], "no does not exist"),
    "save's folder": ([*FILE, "--save", "no/out.npz"], "no does not exist"),
    "save to a folder": ([*FILE, "--save", "."], ". is a folder"),
    "resume": ([*FILE, "--resume", "rows.npz"], "was not saved by fastgd"),
    "threads": ([*FILE, "--threads", "0"], "'0' is not a whole number"),
    "rows": (["--synthetic", "0"], "'0' is not a whole number"),
    "outliers": (["--synthetic", "5", "--outliers", "2"], "outliers is 2"),
    "told twice": ([*FILE, "--progress", "--quiet"], "not allowed with argument"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_one_sentence(folder, capsys, kind):
    words, said = BAD[kind]
    assert said in refused(capsys, "fit", *words)
    assert sorted(path.name for path in folder.iterdir()) == ["rows.csv", "rows.npy", "rows.npz", "rows.parquet"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--w", 1, 2], "--w has 2 values: it must be START STOP COUNT"),
        (["--w", 1, 2, 0], "--w: '0' is not a whole number"),
        (["--w", 1, 2, "many"], "--w: 'many' is not a whole number"),
        (["--feature", "size", "--b", "nan"], "b is nan: it must be a finite number"),
        (["--feature", "agee"], "--feature is 'agee': the columns are size, age (did you mean 'age'?)"),
    ],
)
def test_bad_axes_are_one_sentence(folder, capsys, words, said):
    assert said in refused(capsys, "sweep", "rows.csv", "--x", "size", "age", "--y", "price", *words)


def test_damaged_files_are_one_sentence(folder, capsys):
    Path("empty.csv").write_text("", encoding="utf-8")
    assert "empty.csv is empty" in refused(capsys, "fit", "empty.csv", *FILE[1:])
    whole = Path("rows.parquet").read_bytes()
    Path("cut.parquet").write_bytes(whole[: len(whole) // 2])
    assert "cut.parquet cannot be read as Parquet" in refused(capsys, "fit", "cut.parquet", *FILE[1:])
    Path("change.csv").write_text("size,price\n1,2\n2,3\n3,4,5\n", encoding="utf-8")
    assert "3 cells in row 2" in refused(capsys, "fit", "change.csv", *FILE[1:])
    Path("two.csv").write_text("size,prize\n1,2\n", encoding="utf-8")
    assert "two.csv has no column 'price'" in refused(capsys, "fit", "rows.csv", "two.csv", *FILE[1:])


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no device that is always full")
def test_a_full_disk_is_one_sentence(folder, capsys):
    Path("full.png").symlink_to("/dev/full")
    for option in ("--plot", "--save"):
        assert "full.png cannot be written: no space left on device" in refused(capsys, "fit", *FILE, option, "full.png")


def environment():
    root = str(Path(fastgd.__file__).parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}


def command(words, **options):
    line = [sys.executable, "-m", "fastgd", *map(str, words)]
    return subprocess.Popen(line, stderr=subprocess.PIPE, text=True, env=environment(), **options)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no device that is always full")
def test_output_that_cannot_be_written_is_one_sentence():
    with (
        open("/dev/full", "w", encoding="utf-8") as full,
        command(["sweep", "--synthetic", 100, "--json"], stdout=full) as one,
    ):
        error = one.communicate()[1]
    assert (one.returncode, error) == (2, "fastgd: standard output cannot be written: no space left on device\n")


def test_a_pipe_that_is_closed_early_is_no_error():
    with command(["sweep", "--synthetic", 100, "--w", 0, 1, 20000, "--json"], stdout=subprocess.PIPE) as one:
        one.stdout.close()
        error = one.stderr.read()
    assert (one.returncode, error) == (1, "")


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to a single child")
@pytest.mark.compiled("a block takes seconds as plain Python")
def test_ctrl_c_ends_a_long_fit_with_130_and_no_file(tmp_path):
    # a suite run in the background has Ctrl-C ignored, and its children would inherit that
    restore = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.default_int_handler)}
    words = ["fit", "--synthetic", 10**10, "--save", "fit.npz", "--plot", "fit.png", "--progress"]
    with command(words, cwd=tmp_path, stdout=subprocess.PIPE, **restore) as one:
        said = one.stderr.read(1)
        while "rows/s" not in said:  # the first line of progress: it is at work
            said += one.stderr.read(1)
        one.send_signal(signal.SIGINT)
        out, error = one.communicate(timeout=60)
    assert one.returncode == 130
    assert out == ""
    assert error.endswith("fastgd: stopped\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("folder")
def test_a_page_is_written_from_files_and_synthetic_rows(capsys):
    code, out, error = ran(capsys, "explore", *FILE, "--out", "page.html", "--title", "Sizes & prices", "--w0", 3, "--json")
    assert (code, error) == (0, "")
    told = json.loads(out)
    page = Path("page.html").read_text(encoding="utf-8")
    assert told == {"path": "page.html", "title": "Sizes & prices", "bytes": len(page.encode())}
    assert "Sizes &amp; prices" in page
    code, out, error = ran(capsys, "explore", "--synthetic", 1000, "--batch-size", 8, "--out", "made.html")
    assert (code, error) == (0, "")
    assert out.startswith("wrote made.html (")
    for words, sentence in (
        (["--w0", 1, 2], "--w0 has 2 values: a page explores one weight"),
        (["--batch-size", 10**6], "batches walk the sample"),
        (["--out", "nowhere/page.html"], "nowhere does not exist"),
    ):
        code, out, error = ran(capsys, "explore", *FILE, *words)
        assert (code, out) == (2, "")
        assert sentence in error
