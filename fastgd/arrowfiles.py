"""CSV and Parquet files as a sequence of columns, parsed by Arrow.

Text is read and cut into whole rows here, and Arrow gets those to parse. Were it to read the file, it would lose rows to a
quote that is never closed; were it to call us for the text, a process that ends while a pass runs would be aborted. As many
rows must come out as went in. What is wrong with a row is found by parsing once more: Arrow parses on several threads, and
then knows neither the row nor the column of a cell that is not a number; on one thread it counts.
"""

import csv
import gzip
import io
import re
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .decimals import floats_of
from .quotes import PIECE, Dialect, Fault, whole_rows
from .readers import Column, Reader, arrow, arrow_errors, not_text, one_line, opened, shown

TEXT = 1 << 22
"""Bytes of CSV that are held at a time."""

BLOCK = 1 << 19
"""Bytes of them that a thread parses at a time: a row may be as long."""

HEAD = 1 << 20
"""Bytes that are looked at for a header."""

LONGEST = 32
"""How often the length of its header a row may have where that is more than a block: a number takes up to 25 characters."""

_pool_lock = threading.Lock()

_SPELLED = ("", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan", "-nan", "-NaN", "NULL", "null", "None", "none")

MISSING = tuple(blank + text for text in _SPELLED for blank in ("", " "))
"""Cells that are missing values: nothing, or a usual word for it, after a blank or none."""

_MARK = b"\xef\xbb\xbf"
"""What some programs begin UTF-8 text with."""

_CELL = re.compile(r"In CSV column #(\d+): Row #(\d+): CSV conversion error to double: invalid value '(.*)'", re.DOTALL)
_LENGTH = re.compile(r"CSV parse error: Row #(\d+): Expected (\d+) columns, got (\d+)")


class Parquet(Reader):
    """A Parquet file: batches of the columns that are used, decoded on Arrow's threads."""

    def __init__(self, path: str, columns: Sequence[Column]) -> None:
        super().__init__(path, columns)
        try:
            with self._file() as file:
                schema, self.rows = file.schema_arrow, int(file.metadata.num_rows)
                names = schema.names
        except arrow_errors(path) as error:
            raise self.damaged("Parquet", error) from error
        self.require(names)
        for name in self.columns:
            self._check_kind(name, schema.field(name).type)
        if self.rows == 0:
            raise self.empty()

    def _file(self) -> Any:
        # Through a small buffer: read ahead, a pass over 2e7 rows of two columns keeps all of their 320 MB, and unbuffered
        # a row group. Checksums are verified where the file has them, which costs no measurable time; without them, nobody
        # can see damage within plain numbers.
        parquet = arrow("parquet", self.path)
        with _from_pool(self.path):
            return parquet.ParquetFile(self.path, pre_buffer=False, buffer_size=1 << 20, page_checksum_verification=True)

    def _check_kind(self, name: Column, kind: Any) -> None:
        types = arrow("types", self.path)
        value = kind.value_type if types.is_dictionary(kind) else kind
        if types.is_string(value) or types.is_large_string(value) or str(value) == "string_view":
            raise self.refuse(name, "text")
        numeric = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal, types.is_null)
        if not any(is_kind(value) for is_kind in numeric):
            raise self.refuse(name, f"values of type {one_line(str(kind))}")

    def read(self) -> Iterator[dict[Column, NDArray[Any]]]:
        """Yield the columns, batch by batch; whole columns of float64 are not copied."""
        errors, found = arrow_errors(self.path), 0
        batches = self._batches()
        while True:
            try:
                batch = next(batches, None)
                if batch is None:
                    break
                columns = {name: self._numbers(batch, name) for name in self.columns}
            except errors as error:
                raise self.damaged("Parquet", error) from error
            found += len(batch)
            yield columns
        if found != self.rows:
            raise self.damaged("Parquet", ValueError(f"{found} rows where its footer says {self.rows}"))

    def _batches(self) -> Iterator[Any]:
        with self._file() as file:
            yield from file.iter_batches(self.batch_rows, columns=list(self.columns), use_threads=True)

    @staticmethod
    def _numbers(batch: Any, name: Column) -> NDArray[Any]:
        # By its place: where a column "a.b" is asked for, Arrow gives field b of a column "a", too.
        return _as_floats(batch.column(batch.schema.get_field_index(name)))


class Csv(Reader):
    """A CSV file with a header, compressed by gzip if its name ends in .gz."""

    def __init__(self, path: str, columns: Sequence[Column], dialect: Dialect) -> None:
        super().__init__(path, columns)
        self.dialect = dialect
        self.names = self._header()
        self.require(self.names)

    def _header(self) -> list[str]:
        with opened(self.path) as file, gzip.open(file) if self._packed else file as plain:
            try:
                head = plain.read(HEAD)
            except (OSError, EOFError, zlib.error) as error:
                raise self.damaged("CSV", error) from error
        if not head.strip():
            raise ValueError(f"{self.path} is empty: a header with the names of the columns is needed, and a row")
        if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise ValueError(f"{self.path} is UTF-16 text: save it as UTF-8")
        # Bytes that are not UTF-8 do no harm in names that are not used; in those that are, they make a name unknown.
        mark = len(_MARK) if head.startswith(_MARK) else 0
        text = io.StringIO(head[mark:].decode(errors="surrogateescape"), newline="")
        lines: list[str] = []
        cells = csv.reader(
            (lines.append(line) or line for line in text),  # type: ignore[func-returns-value]
            delimiter=self.dialect.delimiter,
            escapechar=self.dialect.letter,
            strict=True,
        )
        try:
            names = next(row for row in cells if row)
        except (csv.Error, StopIteration) as error:
            self._look(head[mark:], mark)
            raise self.damaged("CSV", error) from error
        header = "".join(lines).encode(errors="surrogateescape")
        self._start, self._block = mark + len(header), max(BLOCK, LONGEST * len(header))
        if self._start == HEAD:
            raise ValueError(f"{self.path} has a header of more than {HEAD >> 10} kB: shorten the names of its columns")
        if b"\\" in header or sum(line.strip("\r\n") != "" for line in lines) > 1:
            self._look(header, mark)
        if len(head) < HEAD and not head[self._start :].strip(b"\r\n"):
            raise self.empty()
        strange = [name for name in names if not_text(name)]
        if strange and not set(self.columns) <= set(names):
            name = strange[0].encode(errors="surrogateescape").decode("latin-1")
            raise ValueError(f"{self.path} has a header that is not UTF-8 text, as in {name!r}: save the file as UTF-8")
        return [name.encode(errors="replace").decode() if not_text(name) else name for name in names]

    def _look(self, text: bytes, before: int) -> None:
        """Raise what is wrong with the rows of this text, if anything is."""
        try:
            for _ in whole_rows(io.BytesIO(text).readinto, self.dialect, len(text) + 1, before):
                pass
        except Fault as fault:
            raise self._doubtful(fault) from None

    @property
    def _packed(self) -> bool:
        return self.path.lower().endswith(".gz")

    def _opened(self) -> Any:
        """The file's text: Arrow unpacks half as fast again as Python."""
        if self._packed:
            return arrow("lib", self.path).input_stream(self.path, compression="gzip")
        return opened(self.path)

    def read(self) -> Iterator[dict[Column, NDArray[Any]]]:
        """Yield the columns, batch by batch, as Arrow's own memory where no value is missing."""
        errors, row = arrow_errors(self.path), 0
        for text, rows in self._pieces():
            try:
                table = self._parsed(text, "float64")
            except errors as error:
                raise self._explained(error, text, row) from error
            if len(table) != rows:
                raise self.damaged("CSV", ValueError(f"{rows} rows from row {row} on are parsed as {len(table)}"))
            for batch in filter(len, table.to_batches()):  # a block of blank lines has no rows
                columns = {
                    name: np.asarray(column.to_numpy(zero_copy_only=False))
                    for name, column in zip(self.columns, batch.columns, strict=True)
                }
                for values, column in zip(columns.values(), batch.columns, strict=True):
                    # The smallest value of an array is NaN if one is; one that is no missing cell was written somehow.
                    if np.isnan(values.min()) and np.count_nonzero(np.isnan(values)) > column.null_count:
                        self._require_spelling(text, row)
                yield columns
            row += rows

    def _pieces(self) -> Iterator[tuple[memoryview, int]]:
        """The text of the rows, piece by piece, and how many rows it has."""
        try:
            with self._opened() as file:
                left = self._start
                while left:
                    left -= len(file.read(min(left, PIECE))) or left
                yield from whole_rows(file.readinto, self.dialect, max(TEXT, self._block), self._start)
        except Fault as fault:
            raise self._doubtful(fault) from None
        except arrow_errors(self.path) as error:
            raise self.damaged("CSV", error) from error

    def _parsed(self, text: memoryview, kind: str, *, threads: bool = True) -> Any:
        """The columns that are used of whole rows, as values of this kind."""
        module, names = arrow("csv", self.path), list(self.columns)
        convert = module.ConvertOptions(
            include_columns=names, column_types=dict.fromkeys(names, kind), null_values=list(MISSING)
        )
        parse = module.ParseOptions(
            delimiter=self.dialect.delimiter,
            escape_char=self.dialect.letter or False,
            newlines_in_values=self.dialect.multiline,
        )
        block = self._block if threads else max(len(text), self._block)
        read = module.ReadOptions(column_names=self.names, block_size=block, use_threads=threads)
        options = {"read_options": read, "parse_options": parse, "convert_options": convert}
        lib = arrow("lib", self.path)
        if text[: len(_MARK)] == _MARK:  # Arrow would skip it, where it is a part of a cell
            text = memoryview(b"\n" + text)
        return module.read_csv(lib.BufferReader(lib.py_buffer(text)), **options, memory_pool=_pool(self.path))

    def _explained(self, error: Exception, text: memoryview, before: int) -> Exception:
        """The sentence for what stopped Arrow in text that has so many rows before it."""
        try:
            self._parsed(text, "float64", threads=False)
        except arrow_errors(self.path) as again:
            # Where a row is too long for a block, one that holds all of the text is long enough.
            error = error if "straddl" in str(error) else again
        if found := _CELL.search(str(error)):
            column, row, cell = found.groups()
            return self._no_number(cell, int(row) - 1 + before, self.names[int(column)])
        if found := _LENGTH.search(str(error)):
            row, expected, length = found.groups()
            return ValueError(
                f"{self.path} has {length} cells in row {int(row) - 1 + before} and {expected} columns in its header: every "
                "row must have a cell for each column"
            )
        if "straddl" in str(error):
            return self._too_long()
        return self.damaged("CSV", error)

    def _no_number(self, cell: str, row: int, column: str) -> TypeError:
        return TypeError(
            f"{self.path} holds {shown(cell)} in row {row}, column {column}: every cell of a column that is used must be a "
            "number or missing"
        )

    def _require_spelling(self, text: memoryview, before: int) -> None:
        """Raise where NaN is not written as Python writes it: to Arrow, "nan(...)" is one as well, whatever the dots are."""
        table = self._parsed(text, "binary")
        found = [
            (row, j)
            for j, column in enumerate(table.columns)
            for row, cell in enumerate(column.to_pylist())
            if cell is not None and b"(" in cell
        ]
        if found:
            row, j = min(found)
            raise self._no_number(table.columns[j][row].as_py().decode(), before + row, str(self.columns[j]))

    def _too_long(self) -> ValueError:
        return ValueError(
            f"{self.path} has a row of more than {self._block >> 10} kB: shorten its longest cell, or close the quote that "
            "is open in it"
        )

    def _doubtful(self, fault: Fault) -> ValueError:
        """The sentence for text whose rows are in doubt."""
        if fault.kind == "long":
            return self._too_long()
        line = f"line {self._line(fault.place)}"
        said, cure = {
            "open": (f"a quote in {line} that is never closed", "close it"),
            "lines": (
                f"a quote in {line} that is not closed in this line",
                "close it, or allow cells of several lines by multiline=True",
            ),
            "escaped": (f"an escaped line end in {line}", "take it out, or allow cells of several lines by multiline=True"),
            "end": (f"an escape and nothing behind it in {line}", "take it out"),
            "behind": (f"text behind a closing quote in {line}", "write quotes within a cell twice"),
            "two ways": (
                f"a backslash before a quote in {line} that may make it a part of the text, or not",
                'say escape="\\\\" if it does, escape=\'"\' if it does not',
            ),
        }[fault.kind]
        if fault.backslash and fault.kind != "two ways":
            cure += ', or say escape="\\\\" if a backslash makes a quote behind it a part of the text'
        return ValueError(f"{self.path} has {said}: {cure}")

    def _line(self, place: int) -> int:
        """The number of the line, from 1, that a byte of the text is in."""
        line, behind = 1, b""
        with self._opened() as file:
            while place and (text := file.read(min(place, PIECE))):
                both = behind + text
                line += both.count(b"\n") + both.count(b"\r") - both.count(b"\r\n") - len(behind)
                behind, place = b"\r" if text.endswith(b"\r") else b"", place - len(text)
        return line


def _as_floats(column: Any) -> NDArray[Any]:
    """An Arrow array of numbers as the nearest floats, NaN where one is missing; float64 is not copied."""
    if hasattr(column, "dictionary"):
        values, places = _as_floats(column.dictionary), column.indices.to_numpy(zero_copy_only=False)
        # A place that is missing makes them floats; behind the values stands one for it.
        places = np.where(np.isnan(places), len(values), places) if places.dtype.kind == "f" else places
        return np.append(values, np.nan)[places.astype(np.intp)]
    if hasattr(column.type, "scale"):  # a decimal
        return floats_of(column)
    if str(column.type) != "double":
        column = column.cast("float64", safe=False)
    return np.asarray(column.to_numpy(zero_copy_only=False))


def _pool(path: str) -> Any:
    """Where batches take memory: jemalloc, if Arrow was built with it, keeps 20 MB less of what was given back."""
    lib = arrow("lib", path)
    try:
        return lib.jemalloc_memory_pool()
    except NotImplementedError:
        return lib.default_memory_pool()


@contextmanager
def _from_pool(path: str) -> Iterator[None]:
    """Have what is opened in here take from that pool where its own arguments cannot name it."""
    lib = arrow("lib", path)
    with _pool_lock:  # two threads at once would each take the other's pool for the one to go back to
        before = lib.default_memory_pool()
        lib.set_memory_pool(_pool(path))
        try:
            yield
        finally:
            lib.set_memory_pool(before)
