"""CSV and Parquet files as a sequence of columns, read by Arrow.

What is wrong with a row of CSV is found by reading once more: Arrow parses blocks of a file on several threads, and
then knows neither the row nor the name of the column where a cell is not a number. So a file that fails is read again, on
one thread, on which Arrow counts.
"""

import csv
import gzip
import io
import re
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .readers import Column, Reader, arrow, arrow_errors, not_text, one_line, opened

BLOCK = 1 << 19
"""Bytes of CSV that Arrow parses at a time. Up to 8 MB make no difference in speed, but some 40 of them are held at once:
1 MB of them takes 30 MB more, 4 MB take 180 MB."""

HEAD = 1 << 20
"""Bytes that are looked at for a header."""

LONGEST = 32
"""How often the length of its header a row may have where that is more than a block: a number takes up to 25 characters."""

_pool_lock = threading.Lock()

_SPELLED = ("", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan", "-nan", "-NaN", "NULL", "null", "None", "none")

MISSING = tuple(blank + text for text in _SPELLED for blank in ("", " "))
"""Cells that are missing values: nothing, or a usual word for it, after a blank or none."""

_CELL = re.compile(r"In CSV column #(\d+): (?:Row #(\d+): )?CSV conversion error to double: invalid value '(.*)'", re.DOTALL)
_LENGTH = re.compile(r"CSV parse error: (?:Row #(\d+): )?Expected (\d+) columns, got (\d+)")


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
        column = batch.column(batch.schema.get_field_index(name))
        if str(column.type) != "double":
            column = column.cast("float64", safe=False)
        return np.asarray(column.to_numpy(zero_copy_only=False))


class Csv(Reader):
    """A CSV file with a header, compressed by gzip if its name ends in .gz."""

    def __init__(self, path: str, columns: Sequence[Column], delimiter: str) -> None:
        super().__init__(path, columns)
        self.delimiter = delimiter
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
        text = io.StringIO(head.decode("utf-8-sig", errors="surrogateescape"), newline="")
        try:
            lines = (line for line in csv.reader(text, delimiter=self.delimiter) if line)
            names = next(lines)
            self._block = max(BLOCK, LONGEST * text.tell())
            if len(head) < HEAD and next(lines, None) is None:
                raise self.empty()
        except csv.Error as error:
            raise self.damaged("CSV", error) from error
        strange = [name for name in names if not_text(name)]
        if strange and not set(self.columns) <= set(names):
            shown = strange[0].encode(errors="surrogateescape").decode("latin-1")
            raise ValueError(f"{self.path} has a header that is not UTF-8 text, as in {shown!r}: save the file as UTF-8")
        return [name.encode(errors="replace").decode() if not_text(name) else name for name in names]

    @property
    def _packed(self) -> bool:
        return self.path.lower().endswith(".gz")

    def read(self) -> Iterator[dict[Column, NDArray[Any]]]:
        """Yield the columns, batch by batch, as Arrow's own memory where no value is missing."""
        errors = arrow_errors(self.path)
        with closing(self._batches(threads=True)) as batches:
            while True:
                try:
                    batch = next(batches, None)
                except errors as error:
                    raise self._explained(error) from error
                if batch is None:
                    return
                yield {
                    name: np.asarray(column.to_numpy(zero_copy_only=False))
                    for name, column in zip(self.columns, batch.columns, strict=True)
                }

    def _batches(self, *, threads: bool) -> Any:
        module, names = arrow("csv", self.path), list(self.columns)
        convert = module.ConvertOptions(
            include_columns=names, column_types=dict.fromkeys(names, "float64"), null_values=list(MISSING)
        )
        # A line break within a quoted cell is allowed: to look for it costs nothing beside the numbers.
        parse = module.ParseOptions(delimiter=self.delimiter, newlines_in_values=True)
        read = module.ReadOptions(block_size=self._block, use_threads=threads)
        options = {"read_options": read, "parse_options": parse, "convert_options": convert}
        with module.open_csv(self.path, **options, memory_pool=_pool(self.path)) as reader:
            yield from reader

    def _explained(self, error: Exception) -> Exception:
        """The sentence for what stopped Arrow, with its row."""
        if self._packed:
            with opened(self.path) as file, gzip.open(file) as plain:
                try:
                    while plain.read(BLOCK):
                        pass
                except (OSError, EOFError, zlib.error) as broken:
                    return self.damaged("CSV", broken)
        try:
            for _ in self._batches(threads=False):
                pass
        except arrow_errors(self.path) as again:
            error = again
        if found := _CELL.search(str(error)):
            column, row, text = found.groups()
            return TypeError(
                f"{self.path} holds {one_line(text, 40)!r}{_in_row(row)}, column {self.names[int(column)]}: every cell of "
                "a column that is used must be a number or missing"
            )
        if found := _LENGTH.search(str(error)):
            row, expected, length = found.groups()
            where = _in_row(row) or " in a row"
            return ValueError(
                f"{self.path} has {length} cells{where} and {expected} columns in its header: every row must have a cell "
                "for each column"
            )
        if "straddl" in str(error):
            return ValueError(
                f"{self.path} has a row of more than {self._block >> 10} kB: shorten its longest cell, or close the quote "
                "that is open in it"
            )
        return self.damaged("CSV", error)


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


def _in_row(counted: str | None) -> str:
    """Arrow counts from 1 and the header as a row."""
    return "" if counted is None else f" in row {int(counted) - 2}"
