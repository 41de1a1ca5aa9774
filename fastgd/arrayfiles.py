"""Files of NumPy's own as a sequence of columns: `.npy` and `.npz`. Nothing is unpickled.

They are read and not mapped: mapped pages count as the process's memory, and a file that is cut off under its map kills
the process.
"""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .readers import CELLS, Column, Reader, one_line, opened


class Npy(Reader):
    """A `.npy` file of a two-dimensional array, whose columns are numbered."""

    numbered = True

    def __init__(self, path: str, columns: Sequence[Column]) -> None:
        super().__init__(path, columns)
        with opened(path) as file:
            try:
                self.shape, self.fortran, self.dtype = array_head(file)
            except ValueError as error:
                raise self.damaged(".npy", error) from error
            self.offset = file.tell()
        require_numbers(path, "", self.dtype)
        if len(self.shape) != 2:
            raise ValueError(f"{path} has shape {self.shape}: it must be two-dimensional, (rows, columns)")
        for column in self.columns:
            if not 0 <= int(column) < self.shape[1]:
                raise ValueError(f"{path} has no column {column}: its columns are 0 to {self.shape[1] - 1}")
        self.rows = self.shape[0]
        if self.rows == 0:
            raise self.empty()
        if self.offset + self.rows * self.shape[1] * self.dtype.itemsize > self.stamp[0]:
            raise self._cut()

    def _cut(self) -> Exception:
        return self.damaged(".npy", ValueError("it ends before its last row"))

    def read(self) -> Iterator[dict[Column, NDArray[Any]]]:
        """Yield the columns, batch by batch."""
        rows, width = self.shape
        # A row of any width is read as a whole: a file's rows lie one behind the other.
        step = self.batch_rows if self.fortran else max(1, 4 * CELLS // width)
        with opened(self.path) as file:
            for start in range(0, rows, step):
                count = min(step, rows - start)
                if self.fortran:
                    yield {c: self._part(file, int(c) * rows + start, count) for c in self.columns}
                else:
                    part = self._part(file, start * width, count * width).reshape(count, width)
                    yield {c: part[:, int(c)] for c in self.columns}

    def _part(self, file: IO[bytes], first: int, count: int) -> NDArray[Any]:
        """Values `first` to `first + count` of the array, in the order of the file."""
        file.seek(self.offset + first * self.dtype.itemsize)
        raw = file.read(count * self.dtype.itemsize)
        if len(raw) < count * self.dtype.itemsize:
            raise self._cut()
        return np.frombuffer(raw, self.dtype)


class Member(NamedTuple):
    """An array of an archive, its head read."""

    stream: IO[bytes]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class Npz(Reader):
    """A `.npz` file of one-dimensional arrays with names, read side by side, whether they are compressed or not."""

    # A RuntimeError is an archive with a password, a NotImplementedError a compression that Python does not know.
    ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, OSError)

    def __init__(self, path: str, columns: Sequence[Column]) -> None:
        super().__init__(path, columns)
        with ExitStack() as stack:
            self.require([name.removesuffix(".npy") for name in self._archive(stack).namelist()])
        with ExitStack() as stack:
            heads = [(member.shape, member.dtype) for member in self._members(stack)]
        for name, (shape, dtype) in zip(self.columns, heads, strict=True):
            require_numbers(path, f" of {name}", dtype)
            if len(shape) != 1:
                raise ValueError(f"{path} has shape {shape} in {name}: every array that is used must be one-dimensional")
            if shape != heads[0][0]:
                raise ValueError(
                    f"{path} has {heads[0][0][0]} values in {self.columns[0]} and {shape[0]} in {name}: arrays that are "
                    "used must have the same length"
                )
        self.rows = int(heads[0][0][0])
        if self.rows == 0:
            raise self.empty()

    def _archive(self, stack: ExitStack) -> zipfile.ZipFile:
        file = stack.enter_context(opened(self.path))
        try:
            return stack.enter_context(zipfile.ZipFile(file))
        except self.ERRORS as error:
            raise self.damaged(".npz", error) from error

    def _members(self, stack: ExitStack) -> list[Member]:
        """A stream for each column."""
        archive, found = self._archive(stack), []
        try:
            for name in self.columns:
                stream = stack.enter_context(archive.open(f"{name}.npy"))
                shape, _, dtype = array_head(stream)
                found.append(Member(stream, shape, dtype))
        except self.ERRORS as error:
            raise self.damaged(".npz", error) from error
        return found

    def read(self) -> Iterator[dict[Column, NDArray[Any]]]:
        """Yield the columns, batch by batch."""
        rows = self.rows or 0
        with ExitStack() as stack:
            members = self._members(stack)
            for start in range(0, rows, self.batch_rows):
                count = min(self.batch_rows, rows - start)
                yield {
                    name: np.frombuffer(self._bytes(stream, count * dtype.itemsize), dtype)
                    for name, (stream, _, dtype) in zip(self.columns, members, strict=True)
                }
            for stream, *_ in members:
                self._bytes(stream, 0)  # at its end a member's checksum is verified

    def _bytes(self, stream: IO[bytes], count: int) -> bytes:
        try:
            raw = stream.read(count or 1)
        except self.ERRORS as error:
            raise self.damaged(".npz", error) from error
        if len(raw) != count:
            raise self.damaged(".npz", ValueError("an array's length is not the one its head says"))
        return raw


def array_head(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether columns lie one behind the other, and dtype, as NumPy's format says; nothing is unpickled."""
    try:
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        elif version == (2, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_2_0(stream)
        else:
            raise ValueError(f"version {version} of the format is for named fields")
    except Exception as error:
        # The head is Python text, and a damaged one can fail in as many ways as Python has of reading text.
        raise ValueError(str(error) or type(error).__name__) from error
    if min(shape, default=0) < 0 or dtype.itemsize == 0:
        raise ValueError(f"shape {shape}, dtype {dtype}")
    return shape, fortran, dtype


def require_numbers(path: str, where: str, dtype: np.dtype[Any]) -> None:
    """Raise unless an array's dtype is one of real numbers."""
    if dtype.kind not in "biuf":
        why = ", which is never unpickled" if dtype.hasobject else ""
        raise TypeError(f"{path} has dtype {one_line(str(dtype))}{where}{why}: every column that is used must hold numbers")
