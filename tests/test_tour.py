"""The tour, as a learner runs it: `python -m fastgd tour` in a process of its own."""

import os
import re
import shutil
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import fastgd
from fastgd import tour
from fastgd.cli import main

pytestmark = pytest.mark.compiled("a tour of plain Python takes minutes; its numbers are those of test_textbook")

ROWS = 200


def command(*arguments, cwd, **variables):
    # Warnings are errors there too: the tour shows those it provokes and may print no other.
    line = [sys.executable, "-W", "error", "-m", "fastgd", *map(str, arguments)]
    variables = {**environment(), **variables}
    return subprocess.run(line, cwd=cwd, capture_output=True, text=True, encoding="utf-8", env=variables, check=False)


def environment():
    root = str(Path(fastgd.__file__).parent.parent)
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}


@pytest.fixture(scope="module")
def toured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tour")
    return command("tour", "--out", "a folder/within", "--rows", ROWS, cwd=folder), folder / "a folder" / "within"


def png_size(path):
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert data[12:16] == b"IHDR"
    assert data[-8:-4] == b"IEND"
    return struct.unpack(">II", data[16:24])


def test_every_number_agrees(toured):
    ended, out = toured
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for text in (ended.stdout, (out / "report.md").read_text(encoding="utf-8")):
        verdicts = re.findall(r"^\| .* \| +(yes|differs) \|$", text, re.M)
        assert len(verdicts) >= 45
        assert set(verdicts) == {"yes"}
        assert f"{len(verdicts)} of {len(verdicts)} comparisons agree." in text
    # nothing but the kernels' own words, and matplotlib's on its first start
    assert re.sub(r"(fastgd: compiling kernels|Matplotlib is building).*\n?", "", ended.stderr) == ""


def test_the_textbook_is_all_there(toured):
    _, out = toured
    report = (out / "report.md").read_text(encoding="utf-8")
    printed = (
        "18.666666666666668", "22.916666666666668", "3.026666666666666", "13.296666666666672", "54.24666666666669",
        "1.0933333333333333", "1.6246153643467005", "1.9925461188164473", "1.9999444396553017", "1.752432687141379e-08",
        "7.999777758621207", "1.9999999999999236", "0.1802948509750734", "2.46517519483e-05", "154546.18604782113",
        "20, 5", "DivergenceWarning", "ConvergenceWarning", "standardize=True",
    )  # fmt: skip
    assert [number for number in printed if number not in report] == []
    assert f"{ROWS} made-up rows" in report
    assert "scaled linearly" in report


def test_models_are_judged(toured):
    _, out = toured
    report = (out / "report.md").read_text(encoding="utf-8")
    chapter = report[report.index("## Judging a model") : report.index(f"## {ROWS} made-up rows")]
    x, y = fastgd.penguins()
    left_out = fastgd.cross_validate(x, y, folds="loo", standardize=True)
    assert re.search(rf"\| leave-one-out +\| +342 \| .* {left_out.mean:,.0f} \|", chapter)
    assert "206, 68, 68" in chapter
    for picture in ("folds", "leave-one-out", "epochs", "choice", "one-se", "learning"):
        assert f"(judging-{picture}.png)" in chapter
    promised, error = re.search(r"had promised ([\d,]+) ± ([\d,]+)", chapter).groups()
    cost = re.search(r"costs ([\d,]+) on the test set", chapter).group(1)
    promised, error, cost = (float(number.replace(",", "")) for number in (promised, error, cost))
    assert abs(cost - promised) < 2.0 * error
    assert "(choice-of-many.png)" in report[len(chapter) :]
    assert "10,000 descents" in report


def test_the_report_shows_every_picture(toured):
    ended, out = toured
    report = (out / "report.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", report)
    assert len(shown) == len(set(shown)) >= 11
    assert {path.name for path in out.iterdir()} == {*shown, "report.md"}
    for name in shown:
        width, height = png_size(out / name)
        assert 600 <= width <= 2000
        assert 400 <= height <= 2000
        assert 10_000 < (out / name).stat().st_size < 500_000
        assert name in ended.stdout
    assert str(out / "report.md") in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tour", "--rows", "0"], "'0' is not a whole number from 1"),
        (["tour", "--rows", "-5"], "'-5' is not a whole number from 1"),
        (["tour", "--rows", "many"], "'many' is not a whole number from 1"),
        (["tour", "--rows", "1e9"], "'1e9' is not a whole number from 1"),
        (["tour", "--rows", "9" * 20], "is not a whole number from 1"),
        (["tour", "--nonsense"], "unrecognized arguments: --nonsense"),
        (["wander"], "invalid choice: 'wander'"),
        ([], "required: command"),
    ],
)
def test_bad_arguments_are_one_sentence(arguments, said, capsys):
    assert main(arguments) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("out", ["file", "file/within"])
def test_a_folder_that_cannot_be_written(out, tmp_path):
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    ended = command("tour", "--out", out, "--rows", ROWS, cwd=tmp_path)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert re.fullmatch(r"fastgd: cannot write to .*file.*; choose another --out\n", ended.stderr)
    assert (tmp_path / "file").read_text(encoding="utf-8") == "not a folder"


def test_version_and_help(tmp_path):
    ended = command("--version", cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (0, f"fastgd {fastgd.__version__}\n")
    ended = command("--help", cwd=tmp_path)
    assert ended.returncode == 0
    assert "tour" in ended.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to a single child")
def test_ctrl_c_stops_it(tmp_path):
    line = [sys.executable, "-m", "fastgd", "tour", "--out", "here", "--rows", "20000"]
    # a suite run in the background has Ctrl-C ignored, and its children would inherit that
    restore = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.default_int_handler)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment()}
    with subprocess.Popen(line, cwd=tmp_path, **pipes, **restore) as running:
        for said in running.stdout:
            if said.startswith("plain Python on"):
                running.send_signal(signal.SIGINT)
                break
        _, error = running.communicate()
    assert running.returncode == 130, error
    assert error.endswith("fastgd: stopped\n")
    assert "Traceback" not in error


def test_a_number_that_differs(tmp_path):
    said = []
    report = tour.Report(tmp_path, said.append)
    same, other = report.checks(("right", 2.0, 2.0, 2.0 + 1e-13), ("wrong", 2.0, 2.0, 2.0 + 1e-11))
    assert same.agrees
    assert not other.agrees
    assert re.search(r"\| wrong .* differs \|", said[0])
    assert re.search(r"\| wrong .* differs \|", report.path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("known", "found", "largest", "agrees"),
    [
        (1.0, 1.0 + 9e-13, 1.0, True),
        (1.0, 1.0 + 2e-12, 1.0, False),
        (1e-8, 1e-8 * (1 + 4e-11), 1.0, True),
        (1e-8, 1e-8 * (1 + 6e-11), 1.0, False),
        (0.0, 5e-11, 54.0, True),
        (0.0, 6e-11, 54.0, False),
        (20, 20, 1.0, True),
        (20, 21, 1.0, False),
        ((20, 5), (20, 5), 1.0, True),
        ((20, 5), (5, 20), 1.0, False),
        ((20, 5), (20,), 1.0, False),
        ("DIVERGED", "CONVERGED", 1.0, False),
        (1.0, float("nan"), 1.0, False),
        (0.0, float("nan"), 1.0, False),
        (1.0, None, 1.0, False),
    ],
)
def test_when_numbers_agree(known, found, largest, agrees):
    assert tour.Check("it", known, found, None, largest).agrees is agrees


def test_a_tour_in_which_a_number_differs(tmp_path):
    """A copy of the package whose first penguin is a gram heavier: the tour goes on to its end, says so, and fails."""
    shutil.copytree(Path(fastgd.__file__).parent, tmp_path / "fastgd", ignore=shutil.ignore_patterns("__pycache__"))
    table = tmp_path / "fastgd" / "data" / "penguins.csv"
    text = table.read_text(encoding="utf-8")
    assert text.count("181.0,3750") == 1
    table.write_text(text.replace("181.0,3750", "181.0,3751"), encoding="utf-8")
    # in the copy all kernels would be compiled again
    ended = command("tour", "--rows", ROWS, cwd=tmp_path, NUMBA_DISABLE_JIT="1", PYTHONPATH=str(tmp_path))
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert re.search(r"\| slope w, g per mm .* differs \|", ended.stdout)
    assert re.search(r"\d+ of \d+ comparisons agree: look for 'differs'", ended.stdout)
    report = (tmp_path / "fastgd-tour" / "report.md").read_text(encoding="utf-8")
    assert all((tmp_path / "fastgd-tour" / name).exists() for name in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", report))


def test_one_row(tmp_path):
    """The fewest rows there can be: no division by zero, no batch larger than the data."""
    ended = command("tour", "--out", tmp_path / "one", "--rows", 1, cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
