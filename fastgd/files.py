"""Files as a source of rows: `scan` names the columns, and every pass reads them in constant memory.

Rows are what the files hold, in the order of the files and of the rows in them, so a result is that of the same rows in an
array. Nothing is read before a pass but the heads of the files, and of them only the columns that are named.
"""

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .checks import Floats, file_name, nearest, truth
from .quotes import Dialect
from .readers import Column, Reader, not_text
from .sources import Chunks

FORMATS = ".csv, .csv.gz, .parquet, .npy or .npz"


def scan(
    path: Any,
    x: Any,
    y: Any,
    weight: Any = None,
    *,
    missing: str = "error",
    delimiter: str = ",",
    escape: str | None = None,
    multiline: bool = False,
) -> "Files":
    """Return the rows of a file, or of several files, as a source that is read anew in every pass, in constant memory.

    It stands in the place of x where rows are walked; y and the weights come with it.

    Parameters
    ----------
    path : a file, a pattern such as "data/*.parquet" (its files in the order of their names), or a list of files. The name
        tells the format: .csv and .csv.gz (a header, UTF-8), .parquet, .npy (a two-dimensional array) or .npz
        (one-dimensional arrays with names). CSV and Parquet need pyarrow: the extra fastgd[files].
    x : the name of one column, so that w is a number, or a list of names, so that w is an array. The columns of .npy have
        numbers, from 0.
    y : the name of the column to predict.
    weight : the name of the column of sample weights, or None.
    missing : "error" refuses a missing value (a null, an empty cell, NA or another usual word for it, NaN) in a column that
        is used; "drop" leaves out rows that have one and counts them in `dropped`.
    delimiter : what stands between two cells of a CSV file, one character.
    escape : what makes text of a quote behind it in a CSV file, one character, as "\\\\" in what Spark writes. By default
        a quote within a quoted cell is written twice, and a row that reads in both ways is refused; '"' has it read so.
    multiline : whether cells of a CSV file may have several lines: if not, a quote must be closed in its line.

    Returns
    -------
    A source: `rows`, their number where it is known without reading; `dropped`, how many the last pass left out;
    `chunks()`, the rows, as x (m,) or (m, d), y (m,) and weight (m,) or None, float64, of any m.

    Integers, floats, decimals and booleans are numbers; text, dates and nested columns are not, nor are "true" and "1,000"
    in a CSV file. Members of .npz are unpacked while they are read. Object arrays are refused and never unpickled. A file
    that changes between passes is refused, too.

    Raises
    ------
    FileNotFoundError, PermissionError, IsADirectoryError : a file is not there or may not be read.
    ValueError : a column is missing or there twice, a file has no rows, is cut off, damaged or changed, a row has too few or
        too many cells, quotes leave it in doubt where a row ends, a value is missing. When it lies in the rows, it is raised
        by the pass.
    TypeError : a column or a cell does not hold numbers.
    ImportError : pyarrow is needed and not installed.

    Examples
    --------
    >>> import pathlib, tempfile, fastgd
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name, "rows.csv")
    >>> _ = path.write_text("size,price,town\\n1,2,A\\n2,,B\\n3,6.5,C\\n")
    >>> rows = fastgd.scan(path, x="size", y="price", missing="drop")
    >>> for x, y, weight in rows.chunks():
    ...     print(x, y, weight)
    [1. 3.] [2.  6.5] None
    >>> rows.dropped
    1
    >>> folder.cleanup()

    The formats: Apache Arrow's documentation (CSV and Parquet) and NumPy's, "numpy.lib.format".
    """
    if missing not in ("error", "drop"):
        raise ValueError(f"missing is {missing!r}{nearest(missing, ('error', 'drop'))}: it must be 'error' or 'drop'")
    if not _is_letter(delimiter) or delimiter == '"':
        raise ValueError(f"delimiter is {delimiter!r}: it must be one ASCII character other than a quote or a line break")
    if escape is not None and (not _is_letter(escape) or escape == delimiter):
        raise ValueError(
            f"escape is {escape!r}: it must be None, or one ASCII character other than the delimiter or a line break"
        )
    dialect = Dialect(delimiter, escape, truth(multiline, "multiline"))
    flat = _is_column(x)
    features = [x] if flat else _features(x)
    for name, column in (("y", y), ("weight", weight)):
        if not _is_column(column) and not (name == "weight" and column is None):
            raise TypeError(f"{name} is {column!r}: it must be the name of a column")
    columns = [column if isinstance(column, str) else int(column) for column in (*features, y)]
    if weight is not None:
        columns.append(weight if isinstance(weight, str) else int(weight))
    readers = [_reader(file, columns, dialect) for file in _paths(path)]
    return Files(readers, columns, flat, weight is not None, missing == "drop")


@dataclass
class _Part:
    """What a pass has seen of a file: how many rows it gave before it, and how many of its rows it read and kept."""

    start: int
    read: int = 0
    kept: int = 0


class Files(Chunks):
    """The rows of files; made by `scan`."""

    repeatable = True

    def __init__(self, readers: list[Reader], columns: list[Column], flat: bool, weighted: bool, drop: bool) -> None:
        self._readers, self._columns, self._drop = readers, columns, drop
        self._parts: list[_Part] = []
        self.flat, self.weighted = flat, weighted
        self.d = len(columns) - 1 - weighted
        used = columns[: self.d]
        names = tuple(column for column in used if isinstance(column, str))
        self.names = names if len(names) == self.d else None
        target = columns[self.d]
        self.target = target if isinstance(target, str) else "y"
        known = [reader.rows for reader in readers if reader.rows is not None]
        self.rows = sum(known) if len(known) == len(readers) and not drop else None

    def __repr__(self) -> str:
        paths = [reader.path for reader in self._readers]
        files = paths[0] if len(paths) == 1 else f"{len(paths)} files from {paths[0]} to {paths[-1]}"
        rows = "" if self.rows is None else f", {self.rows} rows"
        return f"scan({files}: {self.target} by {', '.join(map(str, self._columns[: self.d]))}{rows})"

    @property
    def dropped(self) -> int:
        """How many rows the last pass, or the one that runs, has left out since a value was missing."""
        return sum(part.read - part.kept for part in self._parts)

    def chunks(self) -> Iterator[tuple[Floats, Floats, Floats | None]]:
        """Yield x (m,) if d is 1, else (m, d), y (m,) and weight (m,) or None, batch by batch."""
        self._parts = parts = []
        given = 0
        for reader in self._readers:
            reader.check_unchanged()
            part = _Part(given)
            parts.append(part)
            for columns in reader.read():
                arrays, keep = self._taken(columns)
                rows = len(arrays[1])
                if keep is not None and not self._drop:
                    raise self._missing(reader, part.read + int(np.argmin(keep)), columns, int(np.argmin(keep)))
                if keep is not None:
                    arrays = [values[keep] for values in arrays]
                part.read += rows
                part.kept += len(arrays[1])
                if len(arrays[1]):
                    yield arrays[0], arrays[1], arrays[2] if self.weighted else None
            # A file that was cut at the end of a row while it was read has given no error.
            reader.check_unchanged()
            if part.read == 0:
                raise reader.empty()
            given += part.kept
        if given == 0:
            raise ValueError(
                f"{self._readers[0].path} has a missing value in every row in a column that is used, and so has every "
                "other file: fill them or use other columns"
            )

    def place(self, row: int) -> str:
        """How to name row number `row` of those that the last pass gave: "row 12 of b.csv"."""
        if not self._parts:
            return f"row {row} of {self._readers[0].path}"
        number = max(i for i, part in enumerate(self._parts) if part.start <= max(row, 0))
        reader, part = self._readers[number], self._parts[number]
        row -= part.start
        if part.kept < part.read:
            row = self._number(reader, row)
        return f"row {row} of {reader.path}"

    def _number(self, reader: Reader, kept: int) -> int:
        """The file's own number of a row among those that are kept, found by reading it again: it takes no memory."""
        start = 0
        for columns in reader.read():
            arrays, keep = self._taken(columns)
            rows = np.arange(len(arrays[1])) if keep is None else np.flatnonzero(keep)
            if kept < len(rows):
                return start + int(rows[kept])
            kept -= len(rows)
            start += len(arrays[1])
        return start + kept

    def _taken(self, columns: dict[Column, NDArray[Any]]) -> tuple[list[Floats], NDArray[np.bool_] | None]:
        """x, y and the weights, contiguous float64, and which rows miss nothing, or None where all are whole."""
        d = self.d
        if d == 1:
            x = np.ascontiguousarray(columns[self._columns[0]], dtype=np.float64)
        else:
            x = np.empty((len(columns[self._columns[0]]), d))
            for j, column in enumerate(self._columns[:d]):
                x[:, j] = columns[column]
        arrays = [x, *(np.ascontiguousarray(columns[column], dtype=np.float64) for column in self._columns[d:])]
        # The smallest value of an array is NaN if one is, and takes half the time of a mask.
        if not any(values.size and np.isnan(values.min()) for values in arrays):
            return arrays, None
        keep = np.ones(len(x), dtype=np.bool_)
        for values in arrays:
            keep &= ~(np.isnan(values) if values.ndim == 1 else np.isnan(values).any(axis=1))
        return arrays, keep

    def _missing(self, reader: Reader, row: int, columns: dict[Column, NDArray[Any]], place: int) -> ValueError:
        column = next(column for column in self._columns if np.isnan(columns[column][place]))
        return ValueError(
            f"{reader.path} has a missing value in row {row}, column {column}: fill it, or leave such rows out by "
            'missing="drop"'
        )


def _is_letter(value: Any) -> bool:
    """Whether a value may stand between cells, or before a letter."""
    return isinstance(value, str) and len(value) == 1 and value.isascii() and value not in "\r\n\0"


def _is_column(value: Any) -> bool:
    return isinstance(value, str) or (
        hasattr(value, "__index__") and not isinstance(value, (bool, np.bool_)) and np.ndim(value) == 0
    )


def _features(x: Any) -> list[Any]:
    if isinstance(x, (list, tuple)) and x and all(_is_column(column) for column in x):
        twice = [column for j, column in enumerate(x) if column in x[:j]]
        if twice:
            raise ValueError(f"x names {twice[0]!r} twice: every feature must be another column")
        return list(x)
    raise TypeError(f"x is {x!r}: it must be the name of a column, or a list of at least one of them")


def _paths(path: Any) -> Sequence[str]:
    """The files that a path, a pattern or a list of paths stands for."""
    if isinstance(path, (list, tuple)):
        if not path:
            raise ValueError("path is an empty list: at least one file is needed")
        return [_path(one) for one in path]
    file = _path(path)
    if glob.has_magic(file) and not os.path.exists(file):
        found = sorted(glob.glob(file, recursive=True))
        if not found:
            raise FileNotFoundError(f"{file} matches no file: give the path of a file, or another pattern")
        return found
    return [file]


def _path(path: Any) -> str:
    file = file_name(path, "the path of a file, a pattern, or a list of paths")
    if not_text(file):  # Arrow takes no other names, and no terminal shows them
        raise ValueError(f"path is {file!r}: its name is not UTF-8 text; rename the file")
    return file


def _reader(path: str, columns: list[Column], dialect: Dialect) -> Reader:
    from .arrayfiles import Npy, Npz  # with csv, gzip and zipfile, 3 ms of start-up that only files need
    from .arrowfiles import Csv, Parquet

    makers: dict[tuple[str, ...], Callable[[], Reader]] = {
        (".csv", ".csv.gz"): lambda: Csv(path, columns, dialect),
        (".parquet",): lambda: Parquet(path, columns),
        (".npy",): lambda: Npy(path, columns),
        (".npz",): lambda: Npz(path, columns),
    }
    for endings, make in makers.items():
        if path.lower().endswith(endings):
            return make()
    # A file that is not there, or a folder, is said to be so first.
    Reader(path, ())
    raise ValueError(f"{path} is in no format that is known by its name: it must end in {FORMATS}")
