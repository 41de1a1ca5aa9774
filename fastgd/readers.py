"""One file as a sequence of columns: what the readers of all formats share.

A reader is made by looking at the head of its file: the columns are there, they hold numbers, the number of rows is known
where the format tells it. `read` then gives the columns batch by batch in constant memory, a missing value as NaN. A file
is taken for what it was when its reader was made: one that changes in between is refused.
"""

import errno
import importlib
import os
import stat
from collections.abc import Iterator, Sequence
from typing import IO, Any, ClassVar

from numpy.typing import NDArray

from .checks import nearest

Column = str | int

CELLS = 1 << 18
"""Values of a batch: 2 MB, which stay in the cache between being decoded and being put beside each other."""

LEAST = 1 << 13
"""Rows of a batch at the least, so that a file of many columns is not read in crumbs."""


class Reader:
    """A file and the columns of it that are used; `rows` is None where only reading tells their number."""

    numbered: ClassVar[bool] = False
    rows: int | None = None

    def __init__(self, path: str, columns: Sequence[Column]) -> None:
        self.path = path
        self.columns = tuple(dict.fromkeys(columns))
        self.stamp = stamp(path)
        for column in self.columns:
            if isinstance(column, str) is self.numbered:
                said = "are numbered from 0: give a number" if self.numbered else "have names: give a name"
                raise TypeError(f"{column!r} is no column of {path}: its columns {said}")

    def read(self) -> Iterator[dict[Column, NDArray[Any]]]:
        """Yield the columns, batch by batch, of any dtype and strides, float64 with NaN where values are missing."""
        raise NotImplementedError

    @property
    def batch_rows(self) -> int:
        """Rows of a batch."""
        return max(LEAST, CELLS // len(self.columns))

    def check_unchanged(self) -> None:
        """Raise unless the file is what it was when this reader was made."""
        if stamp(self.path) != self.stamp:
            raise ValueError(f"{self.path} has changed since it was scanned: scan it again")

    def require(self, names: Sequence[str]) -> None:
        """Raise unless the file has each column that is used, and has it once."""
        for column in self.columns:
            if column not in names:
                raise ValueError(f"{self.path} has no column {column!r}{nearest(column, names)}; {_listed(names)}")
            if list(names).count(str(column)) > 1:
                raise ValueError(f"{self.path} has more than one column {column!r}: rename all but one of them")

    def refuse(self, column: Column, kind: str) -> TypeError:
        """The error for a column that does not hold numbers."""
        return TypeError(f"{self.path} has {kind} in column {column}: every column that is used must hold numbers")

    def empty(self) -> ValueError:
        """The error for a file without rows."""
        return ValueError(f"{self.path} has no rows: at least one row is needed")

    def damaged(self, format: str, error: Exception) -> Exception:
        """The error for a file that cannot be read to its end; one that the system names keeps its class."""
        # An invalid argument is an offset that a damaged file asked for.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            return _unreadable(self.path, error)
        return ValueError(
            f"{self.path} cannot be read as {format} ({one_line(str(error))}): it may be cut off or damaged; make it again"
        )


def stamp(path: str) -> tuple[int, int]:
    """Size and time of the last change of a file that can be read."""
    with opened(path) as file:
        status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns


def opened(path: str) -> IO[bytes]:
    """Open a regular file, or raise the sentence that says why not."""
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError
        if not stat.S_ISREG(mode):
            raise ValueError(f"{path} is not a regular file: rows are read from a file on disk")
        return open(path, "rb")
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: OSError) -> OSError:
    if isinstance(error, IsADirectoryError):
        return IsADirectoryError(f"{path} is a folder: give a file, or a pattern such as {os.path.join(path, '*.csv')}")
    if isinstance(error, FileNotFoundError):
        return FileNotFoundError(f"{path} does not exist: give the path of a file, or a pattern such as data/*.csv")
    if isinstance(error, PermissionError):
        return PermissionError(f"{path} may not be read by this user: change its permissions")
    return type(error)(f"{path} cannot be read ({error.strerror}): give a file that can")


def arrow(module: str, path: str) -> Any:
    """A module of pyarrow, which only files of its formats need."""
    try:
        return importlib.import_module(f"pyarrow.{module}")
    except ImportError as error:
        raise ImportError(f"{path} needs pyarrow to be read: pip install 'fastgd[files]'") from error


def arrow_errors(path: str) -> tuple[type[Exception], ...]:
    """What Arrow raises over a file that is not as it should be; never a cancelled call."""
    lib = arrow("lib", path)
    return (
        lib.ArrowInvalid, lib.ArrowIOError, lib.ArrowKeyError, lib.ArrowTypeError, lib.ArrowNotImplementedError,
        lib.ArrowCapacityError, lib.ArrowIndexError, lib.ArrowSerializationError, lib.ArrowMemoryError, OSError,
        UnicodeDecodeError,
    )  # fmt: skip


def one_line(text: str, most: int = 120) -> str:
    """Text as a part of a sentence: its first words, on one line, without a full stop."""
    words = " ".join(text.split()).rstrip(".")
    return words if len(words) <= most else words[: most - 3] + "..."


def shown(text: str, most: int = 40) -> str:
    """A cell as it is, in quotes, with every letter that is not plain ASCII by its code: its beginning, if it is long."""
    return ascii(text if len(text) <= most else text[: most - 3] + "...")


def not_text(name: str) -> bool:
    """Whether a name was made of bytes that are not UTF-8, for which Python puts lone surrogates."""
    return any("\ud800" <= letter <= "\udfff" for letter in name)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:8])
    return f"its columns are {shown}" + (f" and {len(names) - 8} more" if len(names) > 8 else "")
