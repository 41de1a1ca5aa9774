"""The doors under random and mutated input: every outcome is a right result or one of our sentences, never a crash, a hang
or a wrong number.

A run is seeded and bounded; `pytest tests/test_fuzz.py --fuzz-seconds 600` goes on from there with new seeds, that long for
each test. A failure names the seed: `--fuzz-seed SEED` runs that case alone.
"""

import csv
import gzip
import io
import json
import math
import traceback
import warnings
from pathlib import Path

import numba
import numpy as np
import pandas as pd
import pytest

import fastgd
from fastgd.arrowfiles import MISSING
from fastgd.cli import main

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # ours about rank and descents

OURS = (ValueError, TypeError, OSError, MemoryError)
FEW = 5 if numba.config.DISABLE_JIT else 1


def check(error, seed, *names):
    """Assert a sentence of ours, not of NumPy's or Arrow's insides: one line, with one of these names, raised on purpose."""
    text = str(error)
    assert isinstance(error, OURS), (seed, "".join(traceback.format_exception(error)))
    assert text, seed
    assert "\n" not in text, (seed, text)
    last = traceback.extract_tb(error.__traceback__)[-1]
    assert "/fastgd/" in last.filename, (seed, "".join(traceback.format_exception(error)))
    assert last.line is None or "raise " in last.line or text in last.line or last.line.startswith('f"'), (seed, last.line)
    assert not names or any(name in text for name in names), (seed, text)


# ---- files ---------------------------------------------------------------------------------------------------------------

FRAME = pd.DataFrame({
    "x": [1.5, -2.0, 3.25, 4.0, 1e-3, 6.0, 7.125, 8.0],
    "name": ["a", "b", "c,d", "e", "f", "g", "h", "i"],
    "z": [1, 2, 3, 4, 5, 6, 7, 8],
    "y": [0.1, 0.2, 0.3, 1e10, -0.5, 0.6, 0.7, 0.8],
})  # fmt: skip

TOKENS = (
    b",", b"\n", b"\r\n", b"\r", b'"', b'""', b"nan", b"inf", b"-", b"1e999", b"1e-999", b"0x10", b"1_0", b" ", b"\t",
    b"\0", b"\xff", b"\xef\xbb\xbf", b"x", b"y", b"99999999999999999999", b"-0.0", b"1.", b".5", b"+1", b"NA", b"null",
    b"1e", b";", "é".encode(), b"PAR1", b"\x93NUMPY", b"PK\x03\x04", b"<f8", b"|O", b"descr", b"(8,)",
)  # fmt: skip


def mutated(data, generator, most=4):
    """The bytes with a few changes: flipped, taken out, put in, doubled, moved, cut off."""
    data = bytearray(data)
    for _ in range(generator.integers(1, most + 1)):
        at, length = int(generator.integers(len(data) + 1)), int(generator.integers(1, 9))
        kind = generator.integers(7)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << int(generator.integers(8))
        elif kind == 1:
            del data[at : at + length]
        elif kind == 2:
            data[at:at] = generator.bytes(length)
        elif kind == 3:
            data[at:at] = data[at : at + length * 4]
        elif kind == 4:
            data[at:at] = TOKENS[generator.integers(len(TOKENS))]
        elif kind == 5:
            data[at : at + length] = TOKENS[generator.integers(len(TOKENS))]
        elif generator.random() < 0.3:
            del data[at:]
    return bytes(data)


def whole_files():
    """Small files of every format, and the columns that are read."""
    text = FRAME.to_csv(index=False).encode()
    parquet, npz, npy = io.BytesIO(), io.BytesIO(), io.BytesIO()
    FRAME.to_parquet(parquet, write_page_checksum=True)
    np.savez_compressed(npz, x=FRAME["x"], y=FRAME["y"], z=FRAME["z"])
    np.save(npy, FRAME[["x", "y", "z"]].to_numpy())
    return {
        "csv": (text, {"x": ["x", "z"], "y": "y"}),
        "csv.gz": (gzip.compress(text, mtime=0), {"x": ["x", "z"], "y": "y"}),
        "parquet": (parquet.getvalue(), {"x": ["x", "z"], "y": "y"}),
        "npz": (npz.getvalue(), {"x": ["x", "z"], "y": "y"}),
        "npy": (npy.getvalue(), {"x": [0, 2], "y": 1}),
    }


FILES = whole_files()
BEFORE = FRAME[["x", "z", "y"]].to_numpy()


def as_csv_says(data):
    """The rows of CSV text by Python's own reader and float, or None where a quote makes it a matter of dialect."""
    text = data.decode("utf-8-sig", errors="surrogateescape")
    if '"' in text:
        return None
    lines = [line for line in csv.reader(io.StringIO(text, newline="")) if line]
    places = [lines[0].index(name) for name in ("x", "z", "y")]
    cells = [[line[place] for place in places] for line in lines[1:]]
    return np.array([[math.nan if cell in MISSING else float(cell) for cell in row] for row in cells]).reshape(-1, 3)


def as_npy_says(data):
    table = np.load(io.BytesIO(data))
    return np.column_stack([table[:, column] for column in (0, 2, 1)]).astype(float)


def expected_rows(kind, data):
    """What a file that is read must hold: formats with checksums, what was written; others, what others read in them."""
    if kind == "csv":
        return as_csv_says(data)
    return as_npy_says(data) if kind == "npy" else BEFORE


@pytest.mark.parametrize("kind", FILES)
def test_files(kind, tmp_path, tries):
    data, columns = FILES[kind]
    path = tmp_path / f"rows.{kind}"
    outcomes = {"read": 0, "refused": 0}
    for seed in tries(600 // FEW):
        generator = np.random.default_rng(seed)
        changed = mutated(data, generator)
        path.write_bytes(changed)
        try:
            with np.errstate(all="ignore"):
                found = list(fastgd.scan(path, missing=str(generator.choice(["error", "drop"])), **columns).chunks())
        except Exception as error:
            check(error, seed, str(path))
            outcomes["refused"] += 1
            continue
        outcomes["read"] += 1
        rows = np.concatenate([np.column_stack([x, y]) for x, y, _ in found])
        known = expected_rows(kind, changed)
        if known is not None:
            known = known[~np.isnan(known).any(axis=1)]
            np.testing.assert_array_equal(rows, known, err_msg=f"seed {seed}")
    assert outcomes["refused"] > 10, outcomes


SAVED = ("fit", "cost")


@pytest.mark.parametrize("kind", SAVED)
def test_saved_files(kind, tmp_path, tries):
    x, y = fastgd.make_linear(30, w=[2.0, -1.0], noise=0.5, seed=3)
    path = tmp_path / "saved.npz"
    saved = fastgd.fit(x, y, epochs=3, learning_rate=0.1) if kind == "fit" else fastgd.QuadraticCost.of(x, y)
    saved.save(path)
    data, load = path.read_bytes(), type(saved).load
    for seed in tries(400 // FEW):
        path.write_bytes(mutated(data, np.random.default_rng(seed)))
        try:
            again = load(path)
        except Exception as error:
            check(error, seed, str(path))
        else:  # bytes that no number depends on, such as dates
            assert repr(again) == repr(saved), seed
            assert again.minimum.w.tolist() == saved.minimum.w.tolist() if kind == "cost" else again.b == saved.b, seed


# ---- blocks --------------------------------------------------------------------------------------------------------------


def random_part(generator, rows, d):
    """A part of a block: mostly an array that fits; else of a wrong length, shape or type, or no array at all."""
    shape = (rows, d) if d else (rows,)
    good = generator.normal(size=shape)
    odd = generator.integers(200)
    strange = {
        0: lambda: generator.normal(size=(rows + 1, *shape[1:])), 1: lambda: good.reshape(*shape, 1),
        2: lambda: np.where(generator.random(shape) < 0.1, np.nan, good), 3: lambda: good + 1j,
        4: lambda: good.astype(str), 5: lambda: None, 6: lambda: "rows", 7: lambda: good.astype(object), 8: lambda: [],
        9: lambda: {"x": 1}, 10: lambda: 3.0, 11: lambda: np.where(generator.random(shape) < 0.1, np.inf, good),
        12: lambda: good[:0], 13: lambda: [["a"]] * rows, 14: lambda: good.astype("M8[s]"), 15: lambda: good > 0,
        16: lambda: good.astype(np.float16), 17: lambda: good.tolist(), 18: lambda: (good * 8).astype(np.int8),
        19: lambda: np.ma.masked_less(good, -1.0),
    }  # fmt: skip
    return strange.get(int(odd), lambda: good)()


def random_blocks(generator):
    d = int(generator.choice([0, 0, 1, 3]))
    weighted = generator.random() < 0.3
    blocks = []
    for _ in range(generator.integers(0, 5)):
        rows = int(generator.integers(0, 9))
        block = [random_part(generator, rows, d), random_part(generator, rows, 0)]
        if weighted or generator.random() < 0.03:
            weight = random_part(generator, rows, 0)
            block.append(abs(weight) if isinstance(weight, np.ndarray) and weight.dtype.kind in "fb" else weight)
        if generator.random() < 0.02:
            block.append(block[0])
        blocks.append(
            tuple(block) if generator.random() < 0.98 else generator.choice(np.array(["a", 1, None], dtype=object))
        )
    return blocks


def plain(blocks):
    """x, y, weight as plain arrays."""
    x, y = (np.concatenate([np.asarray(block[k], dtype=float) for block in blocks]) for k in (0, 1))
    weighted = len(blocks[0]) > 2 and blocks[0][2] is not None
    weight = np.concatenate([np.asarray(block[2], dtype=float) for block in blocks]) if weighted else np.ones(len(y))
    return x.reshape(len(y), -1), y, weight


START = {"w0": 0.5, "b0": 0.25}
CALLS = {
    "mse": lambda x: fastgd.mse(x, None, 0.5, 0.25),
    "of": lambda x: fastgd.QuadraticCost.of(x, None).mse(0.5, 0.25),
    "fit": lambda x: fastgd.fit(x, None, epochs=0, **START).cost,
    "samples": lambda x: fastgd.fit(x, None, epochs=1, batch_size=1, learning_rate=1e-300, shuffle="none", **START).cost,
}  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_blocks(call, tries):
    outcomes = {"done": 0, "refused": 0}
    for seed in tries(300 // FEW):
        generator = np.random.default_rng(seed)
        blocks = random_blocks(generator)
        source = iter(blocks) if generator.random() < 0.5 else blocks
        try:
            found = CALLS[call](source)
        except Exception as error:
            check(error, seed)
            outcomes["refused"] += 1
            continue
        outcomes["done"] += 1
        x, y, weight = plain(blocks)
        known = np.average((x.sum(axis=1) * 0.5 + 0.25 - y) ** 2, weights=weight)
        assert math.isclose(found, known, rel_tol=1e-10), seed
    assert min(outcomes.values()) > 20 // FEW, outcomes


# ---- the command line -----------------------------------------------------------------------------------------------------

VALUES = (
    "0", "1", "2", "7", "-1", "0.1", "1e-3", "0.5", "1e9", "1e400", "nan", "inf", "-inf", "", "x", "y", "z", "name",
    "size", "auto", "none", "each", "once", "full", "huber", "absolute", "squared", "adam", "adam:beta1=0.8",
    "adam:beta1=", "momentum:momentum=2", "plain", "cosine", "step:every=2,factor=0.1", "step:every=0", "step:", ":",
    "a=b", "data", "moments", "é", "rows.csv", "rows.parquet", "none.csv", ".", "*.csv", "[", "--", "-", "1e", "0x1",
    "١", "\\", "out.png", "no/out.png", "drop", "error", "1 2", "normal",
)  # fmt: skip
OPTIONS = (
    "--x", "--y", "--weight", "--missing", "--delimiter", "--load", "--learning-rate", "--batch-size", "--epochs",
    "--w0", "--b0", "--no-bias", "--loss", "--delta", "--l2", "--optimizer", "--schedule", "--shuffle", "--average",
    "--standardize", "--tol", "--validation", "--patience", "--record", "--via", "--threads", "--seed", "--history",
    "--json", "--quiet", "--progress", "--synthetic", "--w-true", "--b-true", "--noise", "--outliers", "--distribution",
    "--escape", "--multiline", "--w", "--b", "--feature", "--x=x", "--unknown", "--help", "-h", "--vers", "--lo",
)  # fmt: skip
COMMANDS = ("fit", "fit", "sweep", "stability", "explore", "fi", "", "tour --help", "--version")


def random_words(generator):
    """A command as somebody may type it: right at its start, then anything."""
    words = str(generator.choice(COMMANDS)).split()
    if generator.random() < 0.8:
        words += [str(generator.choice(["rows.csv", "rows.parquet", "rows.npz"]))]
        words += (
            ["--x", "x"] + (["z"] if generator.random() < 0.3 else []) + (["--y", "y"] if words[0] != "stability" else [])
        )
    for _ in range(generator.integers(0, 4)):
        words.append(str(generator.choice(OPTIONS)))
        words += [str(generator.choice(VALUES)) for _ in range(generator.choice([0, 1, 1, 1, 2, 3]))]
    if words and generator.random() < 0.1:
        generator.shuffle(words)
    return words


def test_the_command_line(tmp_path, monkeypatch, capsys, tries):
    monkeypatch.chdir(tmp_path)
    for kind in ("csv", "parquet", "npz"):
        Path(f"rows.{kind}").write_bytes(FILES[kind][0])
    codes = {0: 0, 1: 0, 2: 0}
    for seed in tries(500 // FEW):
        generator = np.random.default_rng(seed)
        words = random_words(generator)
        try:
            code = main(words)
        except BaseException as error:
            raise AssertionError((seed, words)) from error
        out, error = capsys.readouterr()
        said = (seed, words, out, error)
        assert code in codes, said
        codes[code] += 1
        if code == 2:
            assert out == "", said
            assert error.startswith(("fastgd: ", "usage: ")), said
            assert "Traceback" not in error, said
            assert len(error.strip().splitlines()[-1]) < 2000, said
        elif "--json" in words and not {"--help", "-h", "--version", "--vers"} & set(words):
            json.loads(out)
    assert min(codes[0], codes[2]) > 20 // FEW, codes
    assert {path.name for path in tmp_path.iterdir()} <= {"rows.csv", "rows.parquet", "rows.npz", "out.png", "explore.html"}


# ---- arguments ------------------------------------------------------------------------------------------------------------

ODD = (
    None, True, False, 0, 1, -1, 2, 10**400, 0.5, -0.5, float("nan"), float("inf"), "auto", "", "adam", "huber", b"x",
    [], (), {}, [1.0], [[1.0]], [None], object(), 1 + 2j, np.float32(0.5), np.int64(3), np.array(0.5), np.array([]),
    np.array(["a"]), range(3), lambda e: 0.5, lambda e: "a", np.bool_(True), fastgd.Adam, fastgd.Adam(),
    fastgd.Step(every=2), slice(3), Exception("a"), int,
)  # fmt: skip
ARGUMENTS = (
    "learning_rate", "epochs", "w0", "b0", "bias", "batch_size", "loss", "delta", "l2", "optimizer", "schedule",
    "shuffle", "seed", "average", "standardize", "tol", "validation", "patience", "record", "via", "threads",
    "progress", "sample_weight",
)  # fmt: skip


def test_arguments_of_fit(tries):
    """Of anything at all, `fit` makes a fit or a sentence that names an argument."""
    x, y = fastgd.make_linear(12, noise=0.5)
    outcomes = {"done": 0, "refused": 0}
    for seed in tries(800 // FEW):
        generator = np.random.default_rng(seed)
        names = generator.choice(ARGUMENTS, size=generator.integers(1, 4), replace=False)
        given = {str(name): ODD[generator.integers(len(ODD))] for name in names}
        if callable(given.get("progress")):  # what the caller's own function raises is the caller's
            del given["progress"]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                fit = fastgd.fit(x, y, **given)
        except Exception as error:
            check(error, seed, *ARGUMENTS)
            outcomes["refused"] += 1
        else:
            assert math.isfinite(fit.b), (seed, given)
            assert isinstance(fit.status, fastgd.Status)
            outcomes["done"] += 1
    assert min(outcomes.values()) > 20 // FEW, outcomes
