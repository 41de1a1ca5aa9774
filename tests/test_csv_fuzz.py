"""CSV files, mutated, against Python's own `csv.reader(strict=True)` and `float`: the same rows to the bit, or one sentence.

A run is seeded and bounded; `--fuzz-seconds 600` goes on with new seeds, that long for each test, and `--fuzz-seed SEED`
runs one case again.
"""

import csv
import gzip
import io
import math

import numba
import numpy as np
import pytest
from test_fuzz import check

import fastgd
from fastgd import arrowfiles, quotes
from fastgd.arrowfiles import MISSING

FEW = 20 if numba.config.DISABLE_JIT else 1
NAMES = ("x", "town", "z", "y", "note")

PLAIN = ("a", "", "b c", "d,e", "é", "it's", "C:\\dir", "5 or 6")
TEXTS = (
    'say "hi"', '5"', '"', "C:\\dir\\", "\\", '\\"', "two\nlines", "two\r\nlines", "\r", "é",
    "ß\xa0", "# no", " ", ";", "'", "\t", "1,2", '",', ',"', '\\",', '"\n', "a\\,b", "\0", "\ufeff", "x" * 40,
)  # fmt: skip
NUMBERS = (
    "1", "-2.5", "0.1", "1e3", "+7", ".5", "3.", "1e400", "5e-324", "-0", " 4", "4 ", "inf", "-Infinity",
    "0.1000000000000000055", "9007199254740993", "2.2250738585072011e-308", "123456789012345678901234567890", "1E-5", "012",
)  # fmt: skip
ODD = (
    "",
    "NA",
    "nan",
    "NAN",
    " NaN",
    "nan ",
    "nan(1)",
    "1_0",
    "0x10",
    "1,5",
    "1e",
    "٣",
    "--1",
    "true",
    "\xa05",
    "1 2",
    "None",
)
TOKENS = (
    b'"', b'""', b'"""', b",", b"\n", b"\r", b"\r\n", b"\\", b'\\"', b"\\\\", b'",', b',"', b'"\n', b'\n"', b" ", b"\t",
    b"\0", b"0", b"7", b"-", b".", b"e", b"\xef\xbb\xbf", b"\xff", "é".encode(), b"#", b";", b"'", b"\n\n", b",,", b"nan(",
    b"\x0b", b"\x1a", b"\x85", "\u2028".encode(),
)  # fmt: skip


def written(generator):
    """A small CSV file as some program writes it, and how it is said to be written."""
    quoting = generator.choice(["needed", "text", "all", "none"], p=[0.35, 0.35, 0.2, 0.1])
    escape = (None, None, "\\", '"')[generator.integers(4)]
    multiline = bool(generator.random() < 0.5)
    texts = TEXTS if generator.random() < 0.5 else PLAIN
    end = ("\n", "\n", "\r\n", "\r")[generator.integers(4)]
    delimiter = (",", ",", ";", "\t")[generator.integers(4)]
    width = generator.integers(1, len(NAMES) + 1)
    names = [str(name) for name in generator.permutation(NAMES)[:width]]
    if not {"x", "z", "y"} & set(names):
        names[0] = "x"

    def cell(text, number):
        if quoting == "none" or (quoting == "text" and number):
            return text
        special = any(letter in text for letter in (delimiter, '"', "\n", "\r"))
        if quoting == "needed" and not special:
            return text
        if escape == "\\":
            text = text.replace("\\", "\\\\") if generator.random() < 0.8 else text
            return '"' + text.replace('"', '\\"') + '"'
        return '"' + text.replace('"', '""') + '"'

    lines = [delimiter.join(cell(name, False) for name in names)]
    for _ in range(generator.integers(generator.random() < 0.95, 7)):
        cells = []
        for name in names:
            if name in ("town", "note"):
                text = texts[generator.integers(len(texts))]
                cells.append(cell(text if multiline or len(text.splitlines()) < 2 else "", False))
            else:
                among = ODD if generator.random() < 0.01 else NUMBERS
                cells.append(cell(among[generator.integers(len(among))], True))
        lines.append(delimiter.join(cells))
    text = end.join(lines) + (end if generator.random() < 0.7 else "")
    data = text.encode()
    if generator.random() < 0.1:
        data = b"\xef\xbb\xbf" + data
    used = [name for name in names if name not in ("town", "note")]
    used = used[: generator.integers(1, len(used) + 1)]
    if generator.random() < 0.02:  # a column of text
        used.append(names[0] if names[0] not in used else "none")
    how = {"delimiter": delimiter, "escape": escape, "multiline": multiline}
    if generator.random() < 0.05:
        how["escape"] = (None, "\\", '"', "'", "é")[generator.integers(4)]
    return data, used, how


def mutated(data, generator):
    """The bytes with a few changes: put in, taken out, doubled, swapped, replaced, cut off, put behind each other."""
    data = bytearray(data)
    for _ in range(generator.choice([0, 1, 1, 1, 2, 3])):
        at, length = int(generator.integers(len(data) + 1)), int(generator.integers(1, 6))
        kind = generator.integers(8)
        token = TOKENS[generator.integers(len(TOKENS))]
        if kind <= 1:
            data[at:at] = token
        elif kind == 2:
            data[at : at + length] = token
        elif kind == 3:
            del data[at : at + length]
        elif kind == 4:
            data[at:at] = data[at : at + length * 6]
        elif kind == 5:
            other = int(generator.integers(len(data) + 1))
            data[at : at + 1], data[other : other + 1] = data[other : other + 1], data[at : at + 1]
        elif kind == 6 and generator.random() < 0.5:
            del data[at:]
        elif kind == 7 and generator.random() < 0.5:
            data += data[: at + 1]
    return bytes(data)


def strictly(text, delimiter, escape):
    """The rows by Python's strict reader, without blank lines."""
    form = {"delimiter": delimiter, "escapechar": None if escape == '"' else escape, "strict": True}
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), **form) if row]
    except csv.Error as error:
        # To CPython, text does not end a cell that had an escaped line end before; a line end does.
        if "end of data" not in str(error) or text.endswith(("\r", "\n")):
            raise
        return [row for row in csv.reader(io.StringIO(text + "\n", newline=""), **form) if row]


def as_python_says(data, used, how):
    """The rows by Python's strict reader and `float`, missing cells as NaN; or None where they are refused."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode(errors="surrogateescape")
    try:
        header, *rows = strictly(text, how["delimiter"], how["escape"])
        if not rows or any(len(row) != len(header) for row in rows) or any(header.count(name) != 1 for name in used):
            return None
        if not how["multiline"] and any("\n" in cell or "\r" in cell for row in [header, *rows] for cell in row):
            return None
        places = [header.index(name) for name in used]
        return np.array([[math.nan if row[j] in MISSING else float(row[j]) for j in places] for row in rows])
    except (csv.Error, ValueError):
        return None


def outcome(path, used, how, missing):
    """The rows that `scan` gives, or the error that it raises."""
    try:
        source = fastgd.scan(path, used, used[-1], missing=missing, **how)
        return np.concatenate([x for x, _, _ in source.chunks()])
    except Exception as error:
        return error


@pytest.mark.parametrize(("held", "count"), [("whole", 10_000), ("in pieces", 2_000)])
def test_csv_files(held, count, tmp_path, monkeypatch, tries):
    counts = {"read": 0, "refused": 0, "refused, and read by Python": 0}
    for seed in tries(count // FEW):
        generator = np.random.default_rng(seed)
        data, used, how = written(generator)
        if held == "in pieces":  # which end anywhere in what is small here
            data += data.partition(b"\n")[2] * int(generator.integers(3))
            monkeypatch.setattr(arrowfiles, "LONGEST", 0)
            monkeypatch.setattr(arrowfiles, "TEXT", int(generator.integers(60, 400)))
            monkeypatch.setattr(arrowfiles, "BLOCK", int(generator.integers(30, 200)))
            monkeypatch.setattr(quotes, "PIECE", int(generator.integers(1, 60)))
        data = mutated(data, generator)
        path = tmp_path / "rows.csv"
        if generator.random() < 0.05:
            path = tmp_path / "rows.csv.gz"
            half = len(data) // 2
            path.write_bytes(gzip.compress(data[:half], 1) + gzip.compress(data[half:], 1))
        else:
            path.write_bytes(data)
        missing = ("error", "drop")[generator.integers(2)]
        found, known = outcome(path, used, how, missing), as_python_says(data, used, how)
        case = (seed, data, used, how)
        if isinstance(found, Exception):
            check(found, case, str(path), "escape")
            counts["refused"] += 1
            if known is not None and not np.isnan(known).any() and "a row of more than" not in str(found):
                counts["refused, and read by Python"] += 1
            continue
        assert known is not None, (case, found)
        gone = np.isnan(known).any(axis=1)
        assert missing == "drop" or not gone.any(), case
        assert found.tobytes() == np.ascontiguousarray(known[~gone]).tobytes(), (case, found, known)
        counts["read"] += 1
    total = sum(counts.values())
    assert total < 20 or counts["read"] > total // 5, counts
    assert total < 20 or counts["refused, and read by Python"] < total // 50, counts
