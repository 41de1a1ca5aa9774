"""Files as sources: the rows are those that were written, and every bad file is refused in one sentence that names it."""

import builtins
import gzip
import os
import pathlib
import pickle
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from decimal import Context, Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

import fastgd

CONTEXT = Context(prec=80)


def rows_of(source):
    """All rows of a pass, put together."""
    x, y, weight = zip(*source.chunks())
    return np.concatenate(x), np.concatenate(y), np.concatenate(weight) if source.weighted else None


def written(folder, name, text):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refused(error, *words, path, x="x", y="y", **options):
    """Assert that a scan or its pass raises one sentence with these words; return it."""
    with pytest.raises(error) as caught:
        for _ in fastgd.scan(path, x, y, **options).chunks():
            pass
    said = str(caught.value)
    assert type(caught.value) is error
    assert not said.endswith(".") and "\n" not in said
    for word in words:
        assert str(word) in said
    return said


def make(folder, kind, n=1000, seed=0, names=("x", "z", "y", "v")):
    """A file of random columns; the path and the columns, numbered in .npy."""
    columns = np.random.default_rng(seed).standard_normal((n, len(names)))
    columns[:, -1] **= 2
    path = folder / f"rows{seed}.{kind}"
    if kind == "parquet":
        parquet.write_table(pa.table(dict(zip(names, columns.T))), path, row_group_size=max(1, n // 3))
    elif kind == "npy":
        np.save(path, columns)
    elif kind == "npz":
        np.savez_compressed(path, **dict(zip(names, columns.T)))
    else:
        lines = [",".join(names), *(",".join(map(repr, row)) for row in columns.tolist())]
        text = "\n".join(lines).encode()
        path.write_bytes(gzip.compress(text) if kind == "csv.gz" else text)
    return path, columns


KINDS = ["csv", "csv.gz", "parquet", "npy", "npz"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [1, 1000, 70_000])
def test_a_file_gives_the_rows_that_were_written(tmp_path, kind, n):
    path, columns = make(tmp_path, kind, n)
    x, z, y, v = (0, 1, 2, 3) if kind == "npy" else ("x", "z", "y", "v")
    plane = fastgd.scan(path, [z, x], y, v)
    for _ in range(2):
        found = rows_of(plane)
        assert np.array_equal(found[0], columns[:, [1, 0]])
        assert np.array_equal(found[1], columns[:, 2])
        assert np.array_equal(found[2], columns[:, 3])
    assert (plane.d, plane.flat, plane.weighted, plane.repeatable, plane.dropped) == (2, False, True, True, 0)
    assert plane.names == (None if kind == "npy" else ("z", "x"))
    assert plane.target == ("y" if kind == "npy" else y)
    assert plane.rows == (None if "csv" in kind else n)
    for x_given, flat in ((x, True), ([x], False)):
        line = fastgd.scan(str(path), x_given, y)
        assert (line.d, line.flat, line.weighted) == (1, flat, False)
        found = rows_of(line)
        assert np.array_equal(found[0], columns[:, 0])
        assert found[2] is None
    for chunk in plane.chunks():
        assert all(values.dtype == np.float64 and values.flags.c_contiguous for values in chunk)


def test_several_files_in_the_order_of_their_names_or_of_the_list(tmp_path):
    made = [make(tmp_path, kind, 10 + seed, seed) for seed, kind in enumerate(["csv", "parquet", "npz"])]
    paths, columns = zip(*made)
    source = fastgd.scan(str(tmp_path / "rows*"), ["x", "z"], "y")
    assert np.array_equal(rows_of(source)[0], np.concatenate(columns)[:, :2])
    assert source.rows is None
    assert [source.place(row) for row in (0, 9, 10, 20, 21, 32)] == [
        f"row {row} of {paths[number]}" for row, number in ((0, 0), (9, 0), (0, 1), (10, 1), (0, 2), (11, 2))
    ]
    backwards = fastgd.scan(list(paths[::-1]), ["x", "z"], "y")
    assert np.array_equal(rows_of(backwards)[1], np.concatenate(columns[::-1])[:, 2])
    assert fastgd.scan(list(paths[1:]), "x", "y").rows == 23
    assert repr(fastgd.scan(paths[1], ["x", "z"], "y")) == f"scan({paths[1]}: y by x, z, 11 rows)"
    assert repr(backwards) == f"scan(3 files from {paths[2]} to {paths[0]}: y by x, z)"


def test_a_name_with_the_letters_of_a_pattern_is_a_name_first(tmp_path):
    written(tmp_path, "a[1].csv", "x,y\n1,2\n")
    written(tmp_path, "a1.csv", "x,y\n5,6\n")
    assert rows_of(fastgd.scan(tmp_path / "a[1].csv", "x", "y"))[0] == [1.0]
    assert rows_of(fastgd.scan(tmp_path / "a[12].csv", "x", "y"))[0] == [5.0]


def test_a_source_travels_and_two_passes_may_run_at_once(tmp_path):
    path, columns = make(tmp_path, "parquet", 300_000)
    source = fastgd.scan(path, "x", "y")
    assert np.array_equal(rows_of(pickle.loads(pickle.dumps(source)))[0], columns[:, 0])
    one, other = source.chunks(), source.chunks()
    for left, right in zip(one, other):
        assert np.array_equal(left[0], right[0])


@pytest.mark.parametrize("kind", KINDS)
def test_a_pass_that_is_left_early_leaves_no_file_open(tmp_path, kind):
    path, _ = make(tmp_path, kind, 20_000)
    names = (0, 2) if kind == "npy" else ("x", "y")
    folder = pathlib.Path("/proc/self/fd")
    before = len(list(folder.glob("*")))
    for _ in range(40):
        chunks = fastgd.scan(path, *names).chunks()
        next(chunks)
        chunks.close()
    # Arrow's own threads may not yet have let go of the last ones.
    assert len(list(folder.glob("*"))) < before + 10


SPELLINGS = """x,y,t
1e5,2,a
 3 ,-4.5E-3,"b, ""c"" d"
+7,.5,"two
lines"
"8",9.,
inf,-inf,é
"""


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_numbers_of_csv_as_they_come(tmp_path, ending, mark):
    path = written(tmp_path, "a.csv", mark + SPELLINGS.replace("\n", ending))
    x, y, _ = rows_of(fastgd.scan(path, "x", "y", multiline=True))
    assert x.tolist() == [1e5, 3.0, 7.0, 8.0, np.inf]
    assert y.tolist() == [2.0, -4.5e-3, 0.5, 9.0, -np.inf]


def test_headers_with_quotes_blanks_and_other_delimiters(tmp_path):
    path = written(tmp_path, "a.csv", '"flipper, mm";"""y""";\n1;2;3\n\n4;5;6')
    x, y, _ = rows_of(fastgd.scan(path, "flipper, mm", '"y"', delimiter=";"))
    assert (x.tolist(), y.tolist()) == ([1.0, 4.0], [2.0, 5.0])


def test_line_breaks_in_cells_across_the_blocks_that_are_parsed(tmp_path):
    n = 200_000  # 9 MB
    path = written(
        tmp_path, "a.csv", "x,t,y\n" + "".join(f'{i},"many\n\nshort\nlines, and a word\n",{-i}\n' for i in range(n))
    )
    x, y, _ = rows_of(fastgd.scan(path, "x", "y", multiline=True))
    assert np.array_equal(x, np.arange(n)) and np.array_equal(y, -np.arange(n))
    refused(ValueError, path, "a quote in line 2 ", "multiline=True", path=path)


def test_bytes_that_are_not_utf8_do_no_harm_where_they_are_not_used(tmp_path):
    path = written(tmp_path, "a.csv", "x,y,städte\n1,2,Köln\n3,4,Fürth\n".encode("latin-1"))
    assert rows_of(fastgd.scan(path, "x", "y"))[0].tolist() == [1.0, 3.0]
    refused(ValueError, path, "not UTF-8", "'städte'", "save", path=path, x="städte")
    refused(TypeError, "b.csv", "row 0", "column y", "number", path=written(tmp_path, "b.csv", b"x,y\n1,\xe9\n"))
    refused(ValueError, "UTF-16", path=written(tmp_path, "c.csv", "x,y\n1,2\n".encode("utf-16")))


def test_kinds_of_parquet_columns_that_are_numbers(tmp_path):
    kinds = {
        "i8": pa.array([1, None, 3], pa.int8()), "u64": pa.array([2**63, None, 3], pa.uint64()),
        "i64": pa.array([2**53 + 1, None, 3]), "b": pa.array([True, None, False]),
        "f16": pa.array(np.float16([1, np.nan, 3])),
        "f32": pa.array([1.5, None, 3.0], pa.float32()), "d": pa.array([Decimal("1.25"), None, Decimal("3.00")]),
        "c": pa.array([1.5, None, 3.0]).dictionary_encode(), "n": pa.nulls(3), "y": pa.array([1.0, 2.0, 3.0]),
        "p.q": pa.array([1.0, 2.0, 3.0]), "p": pa.array([{"q": 1}, {"q": 2}, {"q": 3}]),
    }  # fmt: skip
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table(kinds), path)
    first = {"i8": 1, "u64": 2.0**63, "i64": 2.0**53, "b": 1, "f16": 1, "f32": 1.5, "d": 1.25, "c": 1.5}
    for name, value in first.items():
        source = fastgd.scan(path, name, "y", missing="drop")
        x, y, _ = rows_of(source)
        assert (x.tolist(), y.tolist(), source.dropped) == ([value, 0.0 if name == "b" else 3.0], [1.0, 3.0], 1)
        refused(ValueError, path, "missing value in row 1", f"column {name}", "drop", path=path, x=name)
    assert rows_of(fastgd.scan(path, ["p.q", "y"], "y"))[0].tolist() == [[1, 1], [2, 2], [3, 3]]
    refused(TypeError, "struct", "column p:", path=path, x="p")
    refused(ValueError, "every row", path=path, x="n", missing="drop")


def test_decimals_of_parquet_were_an_ulp_off_in_one_of_eight(tmp_path):
    cents = [Decimal(k) / 100 for k in range(-20_000, 20_000)]
    cast = pa.array(cents, pa.decimal128(9, 2)).cast("float64").to_pylist()
    expected = [k / 100 for k in range(-20_000, 20_000)]  # Python's division of whole numbers rounds right
    assert sum(a != b for a, b in zip(cast, expected)) > 4000
    for kind in (pa.decimal32(9, 2), pa.decimal64(18, 2), pa.decimal128(38, 2), pa.decimal256(76, 2)):
        column = pa.array(cents, kind)
        table = pa.table({"x": column, "y": column.take(pa.array(range(39_999, -1, -1)))})
        parquet.write_table(table, tmp_path / "a.parquet", row_group_size=9_999)
        x, y, _ = rows_of(fastgd.scan(tmp_path / "a.parquet", "x", "y"))
        assert x.tolist() == expected and y.tolist() == expected[::-1]


@pytest.mark.parametrize("scale", [0, 1, 4, 17, 22, 23, 37])
def test_long_decimals_of_parquet_are_the_nearest_floats(tmp_path, scale):
    generator = np.random.default_rng(scale)
    units = [int("".join(map(str, generator.integers(0, 10, generator.integers(1, 38))))) for _ in range(2000)]
    units += [2**53 + 1, 10**37 - 1, 0, 1, 2**63, 2**64 - 1]
    signs = generator.choice([-1, 1], len(units)).tolist()
    values = [
        None if i % 7 == 3 else Decimal(sign * unit).scaleb(-scale, CONTEXT)
        for i, (unit, sign) in enumerate(zip(units, signs))
    ]
    column = pa.array(values, pa.decimal128(38, scale))
    kinds = {"plain": column, "words": column.dictionary_encode(), "y": pa.array(range(len(units)))}
    parquet.write_table(pa.table(kinds), tmp_path / "a.parquet")
    expected = [float(Fraction(value)) for value in values if value is not None]
    for name in ("plain", "words"):
        x, y, _ = rows_of(fastgd.scan(tmp_path / "a.parquet", name, "y", missing="drop"))
        assert x.tolist() == expected
        assert y.tolist() == [i for i, value in enumerate(values) if value is not None]


def test_whole_numbers_of_parquet_that_are_no_floats_are_the_nearest(tmp_path):
    whole = [2**53 + 1, 2**53 + 3, 2**62 + 2**9 + 1, -(2**63), 2**63 - 1, 2**63 - 513, 0, None]
    parquet.write_table(pa.table({"x": pa.array(whole), "y": pa.array(whole).dictionary_encode()}), tmp_path / "a.parquet")
    x, y, _ = rows_of(fastgd.scan(tmp_path / "a.parquet", "x", "y", missing="drop"))
    assert x.tolist() == y.tolist() == [float(value) for value in whole[:-1]]
    unsigned = [2**64 - 1, 2**63 + 1, 2**64 - 1025]
    parquet.write_table(pa.table({"x": pa.array(unsigned, pa.uint64())}), tmp_path / "b.parquet")
    assert rows_of(fastgd.scan(tmp_path / "b.parquet", "x", "x"))[0].tolist() == [float(value) for value in unsigned]


def test_columns_that_are_not_numbers_are_refused_by_name_and_kind(tmp_path):
    kinds = {
        "text": ["a"], "long": pa.array(["a"], pa.large_string()), "view": pa.array(["a"], pa.string_view()),
        "day": pa.array([0], pa.date32()), "time": pa.array([0], pa.timestamp("s")), "list": [[1.0]],
        "span": pa.array([0], pa.duration("s")), "raw": [b"a"], "word": pa.array(["a"]).dictionary_encode(), "x": [1.0],
    }  # fmt: skip
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table(kinds), path)
    said = {"text": "text", "long": "text", "view": "text", "word": "text", "day": "date32", "time": "timestamp",
            "list": "list", "span": "duration", "raw": "binary"}  # fmt: skip
    for name, kind in said.items():
        refused(TypeError, path, kind, f"column {name}", "numbers", path=path, y=name)


@pytest.mark.parametrize("spelling", ["", " ", "NA", " NA", "nan", "NaN", "null", "None", "<NA>", "#N/A", '""'])
def test_missing_cells_of_csv(tmp_path, spelling):
    path = written(tmp_path, "a.csv", f"x,y,other\n1,2,\n3,{spelling},5\n6,7,8\n")
    refused(ValueError, path, "row 1", "column y", 'missing="drop"', path=path)
    source = fastgd.scan(path, "x", "y", missing="drop")
    for _ in range(2):  # a pass counts anew
        assert rows_of(source)[0].tolist() == [1.0, 6.0]
        assert (source.dropped, source.rows) == (1, None)
    assert source.place(1) == f"row 2 of {path}"


@pytest.mark.parametrize("kind", KINDS)
def test_rows_with_a_missing_value_in_any_used_column_are_dropped_and_counted(tmp_path, kind):
    generator = np.random.default_rng(1)
    pairs = []
    for seed in range(3):
        path, columns = make(tmp_path, kind, 20_000, seed)
        if seed != 1:  # one file is whole
            columns[generator.random(columns.shape) < 0.01] = np.nan
        names = ("x", "z", "y", "v")
        table = dict(zip(names, columns.T))
        if kind == "parquet":
            parquet.write_table(pa.Table.from_pydict(table), path)
        elif kind == "npz":
            np.savez(path, **table)
        elif kind == "npy":
            np.save(path, np.asfortranarray(columns))
        else:
            text = "x,z,y,v\n" + "".join(",".join(map(repr, row)) + "\n" for row in columns.tolist())
            path.write_bytes(gzip.compress(text.encode()) if kind == "csv.gz" else text.encode())
        pairs.append((path, columns))
    used = (0, 2, 3) if kind == "npy" else ("x", "y", "v")
    source = fastgd.scan([path for path, _ in pairs], *used, missing="drop")
    keeps = [~np.isnan(columns[:, [0, 2, 3]]).any(axis=1) for _, columns in pairs]
    expected = np.concatenate([columns[keep] for (_, columns), keep in zip(pairs, keeps)])
    found = rows_of(source)
    for values, column in zip(found, (0, 2, 3)):
        assert np.array_equal(values, expected[:, column])
    assert source.dropped == sum(int((~keep).sum()) for keep in keeps) > 0
    places = [f"row {row} of {path}" for (path, _), keep in zip(pairs, keeps) for row in np.flatnonzero(keep)]
    for row in (0, 1, 150, 19_000, 25_000, 45_000, len(places) - 1):
        assert source.place(row) == places[row]
    first = min(int(np.flatnonzero(~keep)[0]) for keep in keeps[:1])
    refused(ValueError, pairs[0][0], f"row {first}", path=pairs[0][0], x=used[0], y=used[1], weight=used[2])


def test_place_before_a_pass(tmp_path):
    path, _ = make(tmp_path, "csv")
    assert fastgd.scan(path, "x", "y").place(7) == f"row 7 of {path}"


def test_a_file_where_every_row_misses_something(tmp_path):
    path = written(tmp_path, "a.csv", "x,y\n,1\n2,\n")
    refused(ValueError, path, "every row", path=path, missing="drop")


# What is not there, or may not be read.


def test_no_such_file(tmp_path):
    for name in ("a.csv", "a.parquet", "a.npy", "a.npz", "a.txt"):
        refused(FileNotFoundError, tmp_path / name, "does not exist", path=tmp_path / name)
    refused(FileNotFoundError, "matches no file", tmp_path / "*.csv", path=str(tmp_path / "*.csv"))
    there = written(tmp_path, "a.csv", "x,y\n1,2\n")
    refused(NotADirectoryError, there / "b.csv", "cannot be read", path=there / "b.csv")
    refused(OSError, "cannot be read", "long", path=str(tmp_path / ("a" * 300 + ".csv")))


def test_a_folder_and_other_things_that_are_no_files(tmp_path):
    for name in ("a.csv", "a.parquet", "b"):
        (tmp_path / name).mkdir()
        refused(IsADirectoryError, tmp_path / name, "folder", "*.csv", path=tmp_path / name)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.csv")
        refused(ValueError, "not a regular file", path=tmp_path / "pipe.csv")
    refused(ValueError, "no format", ".parquet", path=written(tmp_path, "a.txt", "x,y\n1,2\n"))


@contextmanager
def somebody_else():
    """Root may read every file, so be nobody for a while."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has other permissions")
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_may_not_be_read(tmp_path, kind):
    path, _ = make(tmp_path, kind)
    names = (0, 2) if kind == "npy" else ("x", "y")
    source = fastgd.scan(path, *names)
    path.chmod(0)
    with somebody_else():
        refused(PermissionError, path, "permissions", path=path, x=names[0], y=names[1])
        with pytest.raises(PermissionError, match="may not be read by this user"):
            rows_of(source)


@pytest.mark.parametrize("kind", ["csv", "parquet", "npz"])
def test_a_missing_column_is_said_with_the_nearest_name(tmp_path, kind):
    path, _ = make(tmp_path, kind, names=("flipper", "depth", "y", "v"))
    refused(ValueError, path, "no column 'fliper'", "did you mean 'flipper'?", "'depth'", path=path, x="fliper")
    refused(ValueError, path, "no column 'q'", path=path, x="flipper", weight="q")
    refused(TypeError, path, "names", path=path, x=0)


def test_numbered_columns(tmp_path):
    path, _ = make(tmp_path, "npy")
    refused(ValueError, path, "no column 4", "0 to 3", path=path, x=[0, 4], y=1)
    refused(ValueError, path, "no column -1", path=path, x=-1, y=1)
    refused(TypeError, path, "numbered", path=path)


def test_columns_of_one_name(tmp_path):
    path = written(tmp_path, "a.csv", "x,y,x,z,z\n1,2,3,4,5\n")
    refused(ValueError, path, "more than one column 'x'", path=path)
    assert rows_of(fastgd.scan(written(tmp_path, "b.csv", "x,y,z,z\n1,2,3,4\n"), "x", "y"))[0] == [1.0]
    table = pa.Table.from_arrays([pa.array([1.0])] * 3, names=["x", "x", "y"])
    parquet.write_table(table, tmp_path / "a.parquet")
    refused(ValueError, "more than one column 'x'", path=tmp_path / "a.parquet")


# What is wrong within.


BLOCKS = [0, 700_000]  # rows before the bad one: within the first block that is parsed, and in a later one


@pytest.mark.parametrize("before", BLOCKS)
@pytest.mark.parametrize("cell", ["abc", "1 000", '"2,000"', "1_0", "0x10", "true", "2024-01-01", "1e", "--"])
def test_a_text_cell_is_named_with_its_row_and_column(tmp_path, before, cell):
    if before and cell not in ("abc", '"2,000"'):
        before = 3
    path = written(tmp_path, "a.csv", "t,x,y\n" + "a,1,2.5\n" * before + f"b,7,{cell}\n" + "c,3,4\n" * 5)
    refused(TypeError, path, f"row {before},", "column y", repr(cell.strip('"')), path=path, x=["x"])
    # in a column that is not used it does no harm
    if not before:
        assert len(rows_of(fastgd.scan(path, "x", "x"))[0]) == 6


@pytest.mark.parametrize("before", BLOCKS)
@pytest.mark.parametrize(("row", "cells"), [("1", 1), ("1,2,3", 3), ('"1,2"', 1)])
def test_a_row_with_too_few_or_too_many_cells(tmp_path, before, row, cells):
    path = written(tmp_path, "a.csv", "x,y\n" + "1,2.5\n" * before + f"{row}\n" + "3,4\n" * 5)
    refused(ValueError, path, f"{cells} cells in row {before}", "2 columns", path=path)


def test_blank_lines_are_no_rows_and_not_counted(tmp_path):
    path = written(tmp_path, "a.csv", "\n\nx,y\n\n1,2\n\n\n3,a\n")
    refused(TypeError, path, "row 1,", path=path)


def test_a_cell_longer_than_what_is_parsed_at_a_time(tmp_path):
    for cell in ("4" * 3_000_000, "4" * 9_000_000, '"open' + "\n1,2" * 2_000_000):
        path = written(tmp_path, "a.csv", f"x,y\n1,2\n3,{cell}\n")
        refused(ValueError, path, "a row of more than 512 kB", path=path, multiline=True)
    path = written(tmp_path, "b.csv", "x,y," + "a" * 2_000_000 + "\n1,2,3\n")
    refused(ValueError, path, path=path)


def test_a_row_longer_than_a_block_under_a_long_header(tmp_path):
    names = [f"column_{j}" for j in range(60_000)]
    rows = [",".join([f"{i + j / 7:.17g}" for j in range(60_000)]) for i in range(3)]
    assert min(map(len, rows)) > 1_000_000
    path = written(tmp_path, "wide.csv", "\n".join([",".join(names), *rows]) + "\n")
    (x, y, _), = fastgd.scan(path, x="column_7", y="column_59999").chunks()  # fmt: skip
    assert x.tolist() == [1.0, 2.0, 3.0]
    assert y.tolist() == [i + 59999 / 7 for i in range(3)]


def test_a_name_that_is_not_utf8_was_an_error_of_the_codec():
    with pytest.raises(ValueError, match=r"its name is not UTF-8 text; rename the file"):
        fastgd.scan(os.fsdecode(b"\xff.csv"), x="x", y="y")


def test_what_is_no_csv(tmp_path):
    junk = np.random.default_rng(0).bytes(100_000)
    refused(ValueError, path=written(tmp_path, "a.csv", junk))
    refused(ValueError, "cut off or damaged", path=written(tmp_path, "a.csv.gz", junk))


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet", "npy", "npz"])
def test_an_empty_file(tmp_path, kind):
    path = written(tmp_path, f"a.{kind}", b"")
    names = {"x": 0, "y": 1} if kind == "npy" else {}
    refused(ValueError, path, path=path, **names)
    whole, _ = make(tmp_path, kind, 0)
    refused(ValueError, whole, "no rows", path=whole, **names)
    if kind == "csv":
        refused(ValueError, path, "is empty", path=path)
        refused(ValueError, "no rows", path=written(tmp_path, "b.csv", "x,y\r\n\r\n\r\n"))
        other, _ = make(tmp_path, kind, 5, 1)
        refused(ValueError, whole, "no rows", path=[other, whole])


def test_the_second_file_has_another_schema(tmp_path):
    good = written(tmp_path, "a.csv", "x,y\n1,2\n")
    refused(ValueError, "b.csv", "no column 'y'", path=[good, written(tmp_path, "b.csv", "x,z\n1,2\n")])
    refused(TypeError, "c.csv", "row 1", "column y", "'a'", path=[good, written(tmp_path, "c.csv", "y,x\n1,2\na,4\n")])
    # another order of columns is no other schema
    path = [good, written(tmp_path, "d.csv", "y,x\n3,4\n")]
    assert rows_of(fastgd.scan(path, "x", "y"))[0].tolist() == [1.0, 4.0]
    parquet.write_table(pa.table({"x": [1.0], "y": ["a"]}), tmp_path / "e.parquet")
    refused(TypeError, "e.parquet", "text", path=[good, tmp_path / "e.parquet"])


def cut(path, share):
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * share)])


@pytest.mark.parametrize("kind", ["csv.gz", "parquet", "npy", "npz"])
@pytest.mark.parametrize("share", [0.001, 0.3, 0.9, 0.9999])
def test_a_file_that_was_cut_off(tmp_path, kind, share):
    path, _ = make(tmp_path, kind, 30_000)
    cut(path, share)
    refused(ValueError, path, "cut off or damaged", path=path, **({"x": 0, "y": 2} if kind == "npy" else {}))


@pytest.mark.parametrize("kind", ["csv.gz", "parquet", "npz"])
def test_garbage_in_the_middle(tmp_path, kind):
    path, columns = make(tmp_path, kind, 30_000)
    if kind == "parquet":  # of small pages, so that it hits what is not a plain number
        parquet.write_table(pa.table(dict(zip("xzyv", columns.T))), path, data_page_size=1000, use_dictionary=False)
    raw = bytearray(path.read_bytes())
    middle = slice(len(raw) // 5, len(raw) // 5 * 2)
    raw[middle] = np.random.default_rng(0).bytes(middle.stop - middle.start)
    path.write_bytes(raw)
    refused(ValueError, path, "damaged", path=path)


def test_checksums_of_parquet_pages_are_verified(tmp_path):
    path, columns = tmp_path / "a.parquet", np.random.default_rng(0).standard_normal(10_000)
    parquet.write_table(pa.table({"x": columns, "y": columns}), path, compression="none", use_dictionary=False,
                        write_page_checksum=True)  # fmt: skip
    raw = bytearray(path.read_bytes())
    raw[40_000] ^= 1
    path.write_bytes(raw)
    refused(ValueError, path, "CRC", "damaged", path=path)


def test_names_of_parquet_columns_that_are_no_text(tmp_path):
    parquet.write_table(pa.table({"x": [1.0], "y": [1.0], "qqqqqq": [1.0]}), tmp_path / "a.parquet", store_schema=False)
    raw = (tmp_path / "a.parquet").read_bytes().replace(b"qqqqqq", b"qqqqq\xcd")
    refused(ValueError, "damaged", path=written(tmp_path, "b.parquet", raw))


def test_an_archive_that_points_before_its_beginning(tmp_path):
    path, _ = make(tmp_path, "npz", 40)
    raw = bytearray(path.read_bytes())
    raw[-10:-6] = (0x7FFFFFFF).to_bytes(4, "little")  # the size of its directory
    refused(ValueError, "b.npz", "damaged", path=written(tmp_path, "b.npz", bytes(raw)))


def test_heads_of_arrays_that_lie(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((3, 2)))
    raw = (tmp_path / "a.npy").read_bytes()
    for old, new in (
        (b"(3, 2)", b"(4, 2)"), (b"(3, 2)", b"(-3,2)"), (b"(3, 2)", b"((((2)"), (b"'<f8'", b"'<f0'"), (b"{", b"-"),
        (b"NUMPY\x01", b"NUMPY\x03"),
    ):  # fmt: skip
        path = written(tmp_path, "b.npy", raw.replace(old, new, 1))
        assert path.read_bytes() != raw
        refused(ValueError, path, "damaged", path=path, x=0, y=1)
    huge = raw.replace(b"(3, 2), }" + b" " * 20, b"(3, 2000000000000), }" + b" " * 8)
    assert len(huge) == len(raw)
    refused(ValueError, "ends before its last row", path=written(tmp_path, "c.npy", huge), x=0, y=1)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        np.save(tmp_path / "x.npy", np.ones(3))
        raw = (tmp_path / "x.npy").read_bytes()
        archive.writestr("x.npy", raw)
        archive.writestr("y.npy", raw.replace(b"(3,)", b"(4,)"))
        archive.writestr("z.npy", raw + b"more")
        archive.writestr("junk.npy", b"junk")
    refused(ValueError, "3 values in x and 4 in y", path=tmp_path / "a.npz")
    refused(ValueError, "damaged", path=tmp_path / "a.npz", x="z", y="z")
    refused(ValueError, "damaged", path=tmp_path / "a.npz", x="y", y="y")
    refused(ValueError, "damaged", path=tmp_path / "a.npz", x="junk")


class Bomb:
    def __reduce__(self):
        return builtins.exit, ()


def test_objects_are_never_unpickled(tmp_path):
    objects = np.array([Bomb(), Bomb()])
    np.save(tmp_path / "a.npy", objects.reshape(1, 2), allow_pickle=True)
    np.savez(tmp_path / "a.npz", x=objects, y=np.ones(2))
    refused(TypeError, "object", "never unpickled", path=tmp_path / "a.npy", x=0, y=1)
    refused(TypeError, "object of x", "never unpickled", path=tmp_path / "a.npz")
    assert rows_of(fastgd.scan(tmp_path / "a.npz", "y", "y"))[0].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("dtype", ["<f2", ">f4", ">f8", "<i8", "|b1", "|u1", np.longdouble])
@pytest.mark.parametrize("order", ["C", "F"])
def test_dtypes_and_orders_of_arrays(tmp_path, dtype, order):
    values = np.asarray(np.random.default_rng(0).integers(0, 100, (50_000, 3)), dtype=dtype, order=order)
    np.save(tmp_path / "a.npy", values)
    x, y, _ = rows_of(fastgd.scan(tmp_path / "a.npy", [2, 0], 1))
    assert np.array_equal(x, values[:, [2, 0]].astype(float)) and np.array_equal(y, values[:, 1].astype(float))
    np.savez(tmp_path / "a.npz", x=values[:, 0], y=values[:, 1])
    assert np.array_equal(rows_of(fastgd.scan(tmp_path / "a.npz", "x", "y"))[1], values[:, 1].astype(float))


def test_arrays_of_other_kinds_and_shapes(tmp_path):
    for values, words in (
        (np.ones(3), ("(3,)", "two-dimensional")),
        (np.float64(3.0), ("()", "two-dimensional")),
        (np.ones((2, 2, 2)), ("two-dimensional",)),
        (np.ones((3, 0)), ("no column",)),
    ):
        np.save(tmp_path / "a.npy", values)
        refused(ValueError, *words, path=tmp_path / "a.npy", x=0, y=1)
    for values in (np.ones((2, 2), complex), np.array([["a", "b"]]), np.zeros((2, 2), "M8[s]"), np.zeros((2, 2), "f8,f8")):
        np.save(tmp_path / "a.npy", values)
        refused(TypeError, "dtype", "numbers", path=tmp_path / "a.npy", x=0, y=1)
    np.savez(tmp_path / "a.npz", x=np.ones((2, 2)), y=np.ones(2), z=np.float64(1.0))
    for name in ("x", "z"):
        refused(ValueError, f"in {name}", "one-dimensional", path=tmp_path / "a.npz", x=name)


# What changes between passes, and while one runs.


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_changes_or_vanishes_between_passes(tmp_path, kind):
    path, _ = make(tmp_path, kind, 2000)
    source = fastgd.scan(path, *((0, 2) if kind == "npy" else ("x", "y")))
    assert len(rows_of(source)[0]) == 2000
    cut(path, 0.5)
    with pytest.raises(ValueError, match="has changed since it was scanned"):
        rows_of(source)
    path.unlink()
    with pytest.raises(FileNotFoundError, match="does not exist"):
        rows_of(source)


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_that_is_cut_while_it_is_read_does_not_kill_the_process(tmp_path, order):
    np.save(tmp_path / "a.npy", np.ones((1_000_000, 2), order=order))
    chunks = fastgd.scan(tmp_path / "a.npy", 0, 1).chunks()
    next(chunks)
    cut(tmp_path / "a.npy", 0.1)
    with pytest.raises(ValueError, match="cut off or damaged"):
        list(chunks)


def test_a_csv_that_grows_while_it_is_read(tmp_path):
    path, _ = make(tmp_path, "csv", 100)
    chunks = fastgd.scan(path, "x", "y").chunks()
    next(chunks)
    with path.open("a") as file:
        file.write("\n1,2,3,4\n")
    with pytest.raises(ValueError, match="has changed"):
        list(chunks)


# Arguments.


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"path": []}, ValueError, "path is an empty list"),
        ({"path": ""}, ValueError, "path is ''"),
        ({"path": "a\0.csv"}, ValueError, "path is"),
        ({"path": 3}, TypeError, "path is 3"),
        ({"path": None}, TypeError, "path is None"),
        ({"x": []}, TypeError, "x is []"),
        ({"x": None}, TypeError, "x is None"),
        ({"x": 1.5}, TypeError, "x is 1.5"),
        ({"x": True}, TypeError, "x is True"),
        ({"x": ["x", None]}, TypeError, "x is ['x', None]"),
        ({"x": ["x", "x"]}, ValueError, "x names 'x' twice"),
        ({"y": ["y"]}, TypeError, "y is ['y']"),
        ({"y": None}, TypeError, "y is None"),
        ({"weight": 2.5}, TypeError, "weight is 2.5"),
        ({"missing": "dorp"}, ValueError, "did you mean 'drop'?"),
        ({"missing": None}, ValueError, "missing is None"),
        ({"delimiter": "::"}, ValueError, "delimiter is '::'"),
        ({"delimiter": None}, ValueError, "delimiter is None"),
        ({"delimiter": '"'}, ValueError, "delimiter is"),
    ],
)
def test_bad_arguments(tmp_path, arguments, error, words):
    path, _ = make(tmp_path, "csv", 3)
    assert words in refused(error, **{"path": path, **arguments})


# Other processes.


def fresh(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )


def test_without_pyarrow_a_sentence_names_the_extra(tmp_path):
    paths = [make(tmp_path, kind, 3)[0] for kind in ("csv", "parquet", "npz")]
    done = fresh("""
import sys
sys.modules["pyarrow"] = None
import fastgd
for path in sys.argv[1:]:
    try:
        print(sum(len(y) for _, y, _ in fastgd.scan(path, "x", "y").chunks()))
    except ImportError as error:
        print(error)
""", *paths)  # fmt: skip
    said = [f"{path} needs pyarrow to be read: pip install 'fastgd[files]'" for path in paths[:2]]
    assert done.stdout.splitlines() == [*said, "3"], done.stderr


def large(path, kind, n):
    """A file of n rows of x and y of the given kind."""
    x, y = np.random.default_rng(0).standard_normal((2, n))
    if kind == "npz":
        np.savez(path, x=x, y=y)
    elif kind in ("npy", "fortran"):
        np.save(path, np.array([x, y]).T if kind == "fortran" else np.column_stack([x, y]))
    elif kind == "csv":
        csv.write_csv(pa.table({"x": x, "y": y}), path)
    else:
        rows = n if kind == "one row group" else n // 8
        parquet.write_table(pa.table({"x": x, "y": y}), path, row_group_size=rows, use_dictionary=False)


@pytest.mark.skipif(not pathlib.Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
@pytest.mark.parametrize("kind", ["one row group", "row groups", "csv", "npy", "fortran", "npz"])
def test_memory_does_not_grow_with_the_rows(tmp_path, kind):
    n = 4_000_000  # 160 MB of text, 64 MB of numbers
    ending = {"csv": "csv", "npy": "npy", "fortran": "npy", "npz": "npz"}.get(kind, "parquet")
    paths = [tmp_path / f"{name}.{ending}" for name in ("small", "large")]
    for path, rows in zip(paths, (n // 4, n)):
        large(path, kind, rows)
    # The first pass loads libraries and fills the pool; the second has four times the rows.
    done = fresh("""
import sys, fastgd
def peak():
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
for path in sys.argv[2:]:
    print(sum(len(y) for _, y, _ in fastgd.scan(path, *eval(sys.argv[1])).chunks()), peak())
""", (0, 1) if ending == "npy" else ("x", "y"), *paths)  # fmt: skip
    first, second = (line.split() for line in done.stdout.splitlines())
    assert (int(first[0]), int(second[0])) == (n // 4, n)
    # Of CSV, more or fewer blocks are parsed ahead, as the machine has time for it.
    assert float(second[1]) - float(first[1]) < (60.0 if kind == "csv" else 25.0)


def test_random_damage_gives_rows_or_a_sentence(tmp_path):
    """Bytes of small files changed at random: never another error, and every sentence names the file."""
    generator = np.random.default_rng(7)
    for kind in KINDS:
        path, _ = make(tmp_path, kind, 40)
        names = (0, 2) if kind == "npy" else ("x", "y")
        raw = path.read_bytes()
        said = []
        for _ in range(150):
            damaged = bytearray(raw)
            at = int(generator.integers(min(len(raw), 400) if generator.random() < 0.5 else len(raw)))
            length = int(generator.integers(1, 9))
            damaged[at : at + length] = generator.bytes(length)
            path.write_bytes(damaged)
            try:
                rows_of(fastgd.scan(path, *names, missing="drop"))
            except (ValueError, TypeError) as error:
                said.append(str(error))
        assert said
        assert all(str(path) in sentence and "\n" not in sentence for sentence in said)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_of_files_has_the_bits_of_the_array(tmp_path, kind):
    pairs = [make(tmp_path, kind, 3000, seed) for seed in range(2)]
    columns = np.concatenate([columns for _, columns in pairs])
    used = ([0, 1], 2, 3) if kind == "npy" else (["x", "z"], "y", "v")
    source = fastgd.scan([path for path, _ in pairs], *used)
    x, y, weight = columns[:, :2], columns[:, 2], columns[:, 3]
    found, expected = fastgd.fit(source, None, epochs=5), fastgd.fit(x, y, sample_weight=weight, epochs=5)
    assert np.array_equal(found.w, expected.w) and (found.b, found.cost) == (expected.b, expected.cost)


def test_a_value_that_is_refused_later_is_named_by_its_file_and_row(tmp_path):
    paths = [written(tmp_path, "a.csv", "x,y\n1,2\n3,4\n"), written(tmp_path, "b.csv", "x,y\n1,2\n,3\n4,inf\n")]
    with pytest.raises(ValueError, match=r"y is inf in row 2 of .*b\.csv"):
        fastgd.mse(fastgd.scan(paths, "x", "y", missing="drop"), None, 1.0)
