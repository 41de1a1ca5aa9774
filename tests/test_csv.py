"""Rows of CSV: every one is read, or the file is refused with the line that leaves it in doubt."""

import csv
import gzip
import io
import math
import subprocess
import sys

import numba
import numpy as np
import pytest
from test_csv_fuzz import mutated, written

import fastgd
from fastgd import quotes
from fastgd.cli import main


def a_file(folder, text, name="rows.csv"):
    path = folder / name
    data = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def rows_of(path, x="x", y="y", **options):
    columns = [np.column_stack([x, y]) for x, y, _ in fastgd.scan(path, x, y, **options).chunks()]
    return np.concatenate(columns).tolist()


def refused(path, *words, error=ValueError, x="x", y="y", **options):
    with pytest.raises(error) as caught:
        rows_of(path, x, y, **options)
    said = str(caught.value)
    assert type(caught.value) is error
    assert said.startswith(f"{path} ") and "\n" not in said and not said.endswith(".")
    for word in words:
        assert word in said, said
    return said


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz"])
def test_a_quote_never_closed_took_half_of_the_rows(tmp_path, name):
    lines = [f"{i},town,{2 * i}" for i in range(1000)]
    lines[500] = '500,"town,1000'
    path = a_file(tmp_path, "x,t,y\n" + "\n".join(lines) + "\n", name)
    said = refused(path, "a quote in line 502 that is not closed in this line", "multiline=True")
    assert "escape" not in said
    refused(path, "a quote in line 502 that is never closed", multiline=True)
    # with the last row closing it, 502 rows would have been well-formed
    lines[998] = '998,town",1996'
    refused(a_file(tmp_path, "x,t,y\n" + "\n".join(lines) + "\n", name), "a quote in line 502")


def test_a_quote_escaped_by_a_backslash_took_two_of_four_rows(tmp_path):
    path = a_file(tmp_path, 'x,t,y\n1,"5\\"",2\n3,a,4\n5,"6\\"",6\n7,b,8\n')
    for multiline in (False, True):
        refused(path, "line 2", 'escape="\\\\"', multiline=multiline)
        assert rows_of(path, escape="\\", multiline=multiline) == [[1, 2], [3, 4], [5, 6], [7, 8]]


SPARK = 'x,t,y\n1,"a\\\\",2\n3,"say \\"hi\\", he said",4\n5,"\\\\\\"",6\n7,"""",8\n"9",\\"\\,,10\n'


def test_escapes_as_spark_and_databases_write_them(tmp_path):
    path = a_file(tmp_path, SPARK)
    known = list(csv.reader(io.StringIO(SPARK), escapechar="\\", strict=True))
    assert [row[1] for row in known[1:]] == ["a\\", 'say "hi", he said', '\\"', '"', '",']
    assert rows_of(path, escape="\\") == [[float(row[0]), float(row[2])] for row in known[1:]]
    refused(path, "line 3", 'escape="\\\\"')
    other = a_file(tmp_path, 'x,t,y\n1,"a^"b",2\n3,^^,4\n', "other.csv")
    assert rows_of(other, escape="^") == [[1, 2], [3, 4]]
    refused(other, "text behind a closing quote in line 2", "twice")


def test_a_row_that_reads_in_both_ways_is_refused_until_it_is_told(tmp_path):
    text = 't,s,y,u\na,b,1,c\n"\\",",3,5,",4,x"\n'
    path = a_file(tmp_path, text)
    for escape, third in (('"', "4"), ("\\", "5")):
        row = list(csv.reader(io.StringIO(text), escapechar=None if escape == '"' else escape, strict=True))[2]
        assert len(row) == 4 and row[2] == third
        assert rows_of(path, "y", "y", escape=escape) == [[1, 1], [float(third)] * 2]
    refused(path, "a backslash before a quote in line 3", 'escape="\\\\" if', "escape='\"' if", x="y")


@pytest.mark.parametrize("cell", ['"C:\\dir\\"', '"\\"', "C:\\", '"a \\""b\\"" c"', '"\\""\\"', "\\", '"\\\\"'])
def test_a_backslash_that_is_a_letter(tmp_path, cell):
    text = f"x,t,y\n1,{cell},2\n3,{cell},4\n"
    path = a_file(tmp_path, text)
    try:
        known = [[float(row[0]), float(row[2])] for row in csv.reader(io.StringIO(text), strict=True) if row[0] != "x"]
    except (csv.Error, IndexError):
        refused(path, 'escape="\\\\"')
    else:
        assert rows_of(path) == known == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ('1,"a"b,2', "text behind a closing quote in line 3"),
        ('1,"a" ,2', "text behind a closing quote in line 3"),
        ('1,"a""b,2', "a quote in line 3 that is not closed"),
        ('1,"a\nb",2', "a quote in line 3 that is not closed"),
        ('1,"a\rb",2', "a quote in line 3 that is not closed"),
        ('1,"a\r\nb",2', "a quote in line 3 that is not closed"),
        ('1,"a,2', "a quote in line 3 that is not closed"),
        ('1,a,2"', "holds '2\"' in row 1, column y"),
        ('1,"a,b,2', "a quote in line 3 that is not closed"),
        ("# a comment", "1 cells in row 1 and 3 columns"),
        ("1,a,2,", "4 cells in row 1 and 3 columns"),
        ("1,a", "2 cells in row 1 and 3 columns"),
        ('1, "a,b",2', "4 cells in row 1 and 3 columns"),
        (" ", "1 cells in row 1 and 3 columns"),
        ("1,a,\0", "holds '\\x00' in row 1, column y"),
        ("1,a,2\0", "holds '2\\x00' in row 1, column y"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_that_lost_their_neighbours_or_themselves(tmp_path, row, words, end):
    text = end.join(["x,t,y", "1,a,2", row, '3,"b",4', '5,"c",6', ""])
    path = a_file(tmp_path, text)
    said = refused(path, words, error=TypeError if "holds" in words else ValueError)
    assert "escape" not in said


@pytest.mark.parametrize(
    "text",
    [
        "x,t,y\r1,a,2\r3,b,4\r",
        "x,t,y\r\n1,a,2\r\r\n\n3,b,4",
        '"x","t","y"\n"1","a","2"\n\n\n"3","b","4"',
        'x,t,y\n1,5",2\n3,6" or 7",4\n',
        'x,t,y\n1,"a ""b"" c",2\n3,"""",4\n',
        'x,t,y\n1,"a,b",2\n3,",",4\n',
        'x,t,y\n1,"",2\n3,,4\n',
        "x,t,y\n1,\0,2\n3,\0\0,4\n",
        "x,t,y\n1,\ufeff,2\n3,b,4\n",
        "\ufeffx,t,y\n1,a,2\n3,b,4\n",
        '\ufeff"x",t,y\n1,a,2\n3,b,4\n',
        "\n\r\nx,t,y\n\n1,a,2\n3,b,4\n\n\n",
        "t,x,y\n#,1,2\n# 2,3,4\n",
        "x,y,t\n1,2,\n3,4,",
        "x,t,y\n1,',2\n3,\"it's\",4\n",
        "x,t,y\n1,a\\,2\n3,\\b,4\n",
    ],
)
def test_rows_that_are_unlike_others_and_whole(tmp_path, text):
    known = [row for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True) if row]
    x, y = known[0].index("x"), known[0].index("y")
    expected = [[float(row[x]), float(row[y])] for row in known[1:]]
    assert expected == [[1, 2], [3, 4]]
    for name in ("rows.csv", "rows.csv.gz"):
        path = a_file(tmp_path, text, name)
        for options in ({}, {"multiline": True}, {"escape": '"'}):
            assert rows_of(path, **options) == expected


def test_cells_of_several_lines_where_they_are_asked_for(tmp_path):
    text = 'x,t,"y\n(EUR)"\r\n1,"a\r\n\r\n,",2\r\n3,"\n""\n",4\r\n5,\\\n,6\r\n'
    path = a_file(tmp_path, text)
    refused(path, "a quote in line 1 ", "multiline=True", y="y\n(EUR)")
    assert rows_of(path, y="y\n(EUR)", multiline=True, escape="\\") == [[1, 2], [3, 4], [5, 6]]
    path = a_file(tmp_path, "x,t,y\n1,a\\\nb,2\n")
    refused(path, "an escaped line end in line 2", "multiline=True", escape="\\")
    assert rows_of(path, multiline=True, escape="\\") == [[1, 2]]
    refused(a_file(tmp_path, "x,t,y\n1,2,3\\"), "an escape and nothing behind it in line 2", escape="\\")
    for end in ("\n", "\r"):
        path = a_file(tmp_path, f"x,y,t\n1,2,3\\{end}")
        refused(path, "an escape and nothing behind it in line", escape="\\", multiline=True)
    refused(a_file(tmp_path, 'x,t,y\n1,2,"3\\'), "a quote in line 2 that is never closed", escape="\\")


def test_headers_in_doubt(tmp_path):
    refused(a_file(tmp_path, 'x,"t,y\n1,2,3\n'), "a quote in line 1 that is not closed")
    refused(a_file(tmp_path, 'x,"t,y\n1,2,3\n'), "a quote in line 1 that is never closed", multiline=True)
    refused(a_file(tmp_path, '\n\nx,"t"s,y\n1,2,3\n'), "text behind a closing quote in line 3")
    refused(a_file(tmp_path, 'x,"t\\"s",y\n1,2,3\n'), "text behind a closing quote in line 1", 'escape="\\\\"')
    assert rows_of(a_file(tmp_path, 'x,"t\\"s",y\n1,2,3\n'), x='t"s', escape="\\") == [[2, 3]]
    assert rows_of(a_file(tmp_path, 'x,"a\\",y\n1,2,3\n'), x="a\\") == [[2, 3]]
    # The header alone was read up to a megabyte, and its rest would have been a row.
    names = ["x", "y", *(f"c{j:07}" for j in range(120_000))]
    refused(a_file(tmp_path, ",".join(names) + "\n" + ",".join(["1"] * len(names))), "header of more than 1024 kB")


def test_what_stands_before_the_first_row_of_a_piece_is_a_part_of_it(tmp_path):
    # Arrow skips a byte order mark wherever it begins to read.
    refused(a_file(tmp_path, "x,y\n\ufeff1,2\n"), "'\\ufeff1' in row 0, column x", error=TypeError)
    refused(a_file(tmp_path, "\ufeffx,y\n1,2\n\ufeffx,y\n3,4\n"), "in row 1, column x", error=TypeError)
    assert rows_of(a_file(tmp_path, "t,x,y\n\ufeff,1,2\n\ufeff,3,4\n")) == [[1, 2], [3, 4]]


def test_members_of_gzip_behind_each_other_and_cut_off(tmp_path):
    parts = [b'x,t,y\n1,"a', b',b",2\n3,c', b"", b",4\n"]
    packed = b"".join(map(gzip.compress, parts))
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(packed)
    assert rows_of(path) == [[1, 2], [3, 4]]
    for bad in (packed[:-1], packed[:-9], packed + b"junk", packed + b"\x1f\x8b", packed[:-6] + b"abcdef"):
        path.write_bytes(bad)
        refused(path, "cut off or damaged")


NUMBERS = [
    "1e400", "-1e400", "1e-400", "5e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "+5", "++5", "+-5",
    "1_000", "0x10", "0x1p3", " 5", "5 ", "\t5", "\x0b5", "5\x0c", "\xa05", "nan", "NAN", "-nan", "+nan", "nAn ", "nan(123)",
    "nan()", "-nan(ind)", "NaN(snan)", "inf", "INF", "+inf", "Infinity", "-Infinity", "infinit", "1.", ".5", ".", "-.", "1e",
    "1e+", "e5", "1.e5", "1e5.", "1d5", "٣", "1e0000000000000000000000000000001", "0" * 400 + "1", "1" * 400,
    "0.1000000000000000055511151231257827021181583404541015625", "1.7976931348623158e308", "1.7976931348623159e308", "- 5",
    "true", "1 2", "1\0", "−5", "$5", "5%", "(5)", '"5"', '" 5"', '"1,5"', '"nan(1)"', "2.2250738585072011e-308", "-0",
    "0.500000000000000166533453693773481063544750213623046875", "179769313486231580793728971405301e276", "#N/A",
    "9007199254740993", "1e-2147483649",
]  # fmt: skip

PYTHONS_OWN = ("1_000", "٣", "\x0b5", "5\x0c", "\xa05")  # numbers to `float`, and to no other reader


@pytest.mark.parametrize("cell", NUMBERS)
def test_a_cell_is_the_number_that_python_reads_or_refused(tmp_path, cell):
    path = a_file(tmp_path, f"x,y\n1,2\n3,{cell}\n5,6\n")
    text = next(csv.reader([cell]))[0]
    try:
        number = math.nan if text == "#N/A" else float(text)
    except ValueError:
        number = None
    if number is None or text in PYTHONS_OWN:
        refused(path, f"holds {text!a} in row 1, column y", error=TypeError, missing="drop")
    else:
        kept = [[1, 2], [5, 6]] if math.isnan(number) else [[1, 2], [3, number], [5, 6]]
        assert np.array(rows_of(path, missing="drop")).tobytes() == np.array(kept, dtype=float).tobytes()


def test_random_numbers_are_those_of_python_to_the_bit(tmp_path):
    generator = np.random.default_rng(5)
    values = generator.integers(0, 2**63, 20_000, dtype=np.uint64).view(np.float64)
    values = values[np.isfinite(values)] * generator.choice([-1, 1], np.isfinite(values).sum())
    texts = [f"{value:.{generator.integers(0, 25)}{'eg'[i % 2]}}" for i, value in enumerate(values.tolist())]
    texts += [f"{a}.{b}e{c}" for a, b, c in generator.integers(0, 10**9, (5_000, 3)) % [10**9, 10**9, 400]]
    path = a_file(tmp_path, "x,y\n" + "".join(f"{text},1\n" for text in texts))
    (x, _, _), *more = fastgd.scan(path, "x", "y").chunks()
    found = np.concatenate([x, *(part[0] for part in more)])
    assert found.tobytes() == np.array([float(text) for text in texts]).tobytes()


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz"])
@pytest.mark.parametrize("escape", ['"', "\\"])
@pytest.mark.parametrize("multiline", [True, False])
def test_edges_of_pieces_fall_anywhere(tmp_path, escape, multiline, name):
    # rows of many lengths, quoted and not, over several of the pieces that are held
    generator = np.random.default_rng(1)
    fillings = [
        "a",
        "",
        escape + '"',
        "b,c",
        "x" + 2 * escape + "y",
        "é",
        ";",
        "1e5",
        *(["\r\n", "\n\n"] if multiline else []),
    ]
    rows, text = [], ["x,t,y\r\n"]
    for i in range(12_000 if numba.config.DISABLE_JIT else 150_000):
        filling = "".join(fillings[k] for k in generator.integers(len(fillings), size=i % 17))
        rows.append([i, -i])
        text.append(f'{i},"{filling}",{-i}\r\n' if i % 3 else f"{i},{'z' * (i % 101)},{-i}\r\n")
    data = "".join(text)
    form = {"escapechar": None if escape == '"' else escape, "strict": True}
    known = list(csv.reader(io.StringIO(data, newline=""), **form))[1:]
    assert [[float(row[0]), float(row[2])] for row in known] == rows
    assert rows_of(a_file(tmp_path, data, name), multiline=multiline, escape=escape) == rows


def test_a_megabyte_of_blank_lines_is_no_rows(tmp_path):
    for blank in ("\n", "\r\n", "\r"):
        text = f"x,y{blank}1,2{blank}3,4" + blank * 1_200_000 + f"5,6{blank}7,8" + blank * 5_000_000 + "9,10"
        assert rows_of(a_file(tmp_path, text)) == [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]]


def test_pieces_of_any_size_are_cut_behind_the_same_rows(monkeypatch, tries):
    """Text that is held in pieces of any size, and looked at in such ones, has the rows and faults of text held whole."""

    def cut(data, dialect, size, piece):
        monkeypatch.setattr(quotes, "PIECE", piece)
        parts, rows = [], 0
        try:
            for part, count in quotes.whole_rows(io.BytesIO(data).readinto, dialect, size, 0):
                parts.append(bytes(part))
                rows += count
        except quotes.Fault as fault:
            return fault.kind, fault.place, fault.backslash
        return b"".join(parts).replace(b"\n", b""), rows

    for seed in tries(2_000):
        generator = np.random.default_rng(seed)
        data, _, how = written(generator)
        data = mutated(data, generator)
        if how["escape"] is not None and not how["escape"].isascii():
            continue
        dialect = quotes.Dialect(how["delimiter"], how["escape"], how["multiline"])
        whole = cut(data, dialect, len(data) + 1, len(data) + 1)
        longest = int(generator.integers(1, len(data) + 2))
        found = cut(data, dialect, longest, int(generator.integers(1, 20)))
        if found[0] != "long":
            assert found == whole or (isinstance(whole[0], bytes) and found[1] == whole[1]), seed


def test_a_process_may_end_while_a_pass_runs(tmp_path):
    """With Arrow calling us for the text, a process that ended within a pass was aborted at its exit."""
    path = a_file(tmp_path, "x,t,y\n" + "1,a,2\n" * 3_000_000)
    code = f"""
import sys, fastgd
chunks = fastgd.scan({str(path)!r}, "x", "y").chunks()
next(chunks)
sys.exit(3)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 3 and "Fatal" not in done.stderr, done.stderr


def test_a_pass_that_stops_early_has_looked_at_every_row_that_it_gave(tmp_path):
    lines = ["1,a,2"] * 10
    lines[7] = '3,"a,4'
    path = a_file(tmp_path, "x,t,y\n" + "\n".join(lines) + "\n" + '5,"b",6\n' * 5)
    with pytest.raises(ValueError, match="a quote in line 9"):
        next(fastgd.scan(path, "x", "y").chunks())


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"escape": "ab"}, ValueError, "escape is 'ab'"),
        ({"escape": ""}, ValueError, "escape is ''"),
        ({"escape": ","}, ValueError, "escape is ','"),
        ({"escape": "\n"}, ValueError, "escape is '\\n'"),
        ({"escape": "é"}, ValueError, "escape is 'é'"),
        ({"escape": True}, ValueError, "escape is True"),
        ({"multiline": 1}, TypeError, "multiline is 1"),
        ({"multiline": "yes"}, TypeError, "multiline is 'yes'"),
        ({"delimiter": "\\", "escape": "\\"}, ValueError, "escape is"),
    ],
)
def test_bad_escapes_and_other_words(tmp_path, options, error, words):
    with pytest.raises(error) as caught:
        fastgd.scan(a_file(tmp_path, "x,t,y\n1,2,3\n"), "x", "y", **options)
    assert words in str(caught.value)


def test_a_backslash_may_stand_between_cells(tmp_path):
    assert rows_of(a_file(tmp_path, 'x\\t\\y\n1\\"a"\\2\n'), delimiter="\\") == [[1, 2]]


def test_the_command_line_reads_escapes_and_several_lines(tmp_path, capsys):
    path = a_file(tmp_path, 'x,t,y\n1,"5\\"",2\n3,"a\nb",4\n5,"6\\"",7\n')
    command = ["fit", str(path), "--x", "x", "--y", "y", "--json"]
    assert main(command) == 2
    assert 'escape="\\\\"' in capsys.readouterr().err
    assert main([*command, "--escape", "\\"]) == 2
    assert "line 3" in capsys.readouterr().err
    assert main([*command, "--escape", "\\", "--multiline"]) == 0


def test_a_fit_does_not_depend_on_text_that_it_does_not_use(tmp_path):
    x = np.arange(300.0)
    y = 3 * x + np.sin(x)
    texts = ["a", '"5"""', '"b,c"', '5"', "", '"C:\\"', '"d ""e"" f"']
    body = "".join(f"{a!r},{texts[i % len(texts)]},{b!r}\n" for i, (a, b) in enumerate(zip(x.tolist(), y.tolist())))
    found = fastgd.QuadraticCost.of(fastgd.scan(a_file(tmp_path, "x,t,y\n" + body), "x", "y"), None).minimum
    w, b = np.linalg.lstsq(np.column_stack([x, np.ones(300)]), y, rcond=None)[0]
    assert found.w == pytest.approx(w, rel=1e-12) and found.b == pytest.approx(b, rel=1e-9)
