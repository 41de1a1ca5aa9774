"""The rows of CSV text, whole: where they end, and whether quotes leave any doubt of it.

Readers of CSV are generous. A quote that is never closed makes one cell of the rest of a file, and a backslash that somebody
meant as an escape closes a cell early; either takes rows away without a word. So the text is cut into rows here, by rules
that are those of Python's `csv.reader(strict=True)`, before anybody parses it, and the number of rows is known:

- a cell begins with a quote, or quotes in it are text; behind a closing quote the cell ends;
- a line end is in a cell only where that was asked for; a quote that was opened is closed;
- what reads as well if backslashes are escapes, and otherwise, is refused unless it is told what they are.

Text without quotes is counted by NumPy, at 2 GB/s; text with quotes goes through a kernel, byte by byte.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import kernels

PIECE = 1 << 18
"""Bytes that are looked at together: what is made of them stays in the cache."""

_CR, _LF = 13, 10


@dataclass(frozen=True)
class Dialect:
    """How text is CSV: its delimiter, whether cells may have several lines, and its escape.

    `escape` is a letter, mostly a backslash, that makes text of the one behind it; a quote, where quotes in cells are
    written twice and that is all; or None, where nobody said.
    """

    delimiter: str
    escape: str | None = None
    multiline: bool = False

    @property
    def letter(self) -> str | None:
        """What makes text of the letter behind it, if anything does."""
        return None if self.escape == '"' else self.escape


class Fault(Exception):
    """Text that is in no rows beyond doubt.

    Attributes: `kind`, "open" (a quote is never closed), "lines" (a quote is not closed in its line), "escaped" (a line end
    is), "end" (the text ends in an escape), "behind" (text is behind a closing quote), "two ways" (backslashes are escapes,
    or letters) or "long" (a row is longer than what is held); `place`, the byte that it is about; `backslash`, whether the
    row has a backslash before a quote in a quoted cell.
    """

    def __init__(self, kind: str, place: int, backslash: bool = False) -> None:
        super().__init__(kind)
        self.kind, self.place, self.backslash = kind, place, backslash


class Cutter:
    """Goes over text, piece by piece, and knows how many rows have ended and where the last of them did."""

    def __init__(self, dialect: Dialect) -> None:
        codes = self.codes = kernels.quotes
        self.multiline = dialect.multiline
        self.kinds = np.full(256, codes.OTHER, dtype=np.uint8)
        if dialect.escape is None:
            self.kinds[ord("\\")] = codes.BACKSLASH
        elif dialect.letter is not None:
            self.kinds[ord(dialect.letter)] = codes.ESCAPE
        self.kinds[ord(dialect.delimiter)] = codes.DELIMITER
        self.kinds[[_CR, _LF]] = codes.END
        self.kinds[ord('"')] = codes.QUOTE
        self.special = [letter.encode() for letter in ('"', dialect.letter) if letter is not None]
        self.state = np.zeros(codes.SIZE, dtype=np.int64)
        self.state[codes.OTHERWISE] = -1

    @property
    def rows(self) -> int:
        """How many rows have ended."""
        return int(self.state[self.codes.ROWS] - (self.state[self.codes.STATE] != self.codes.ROW))

    @property
    def backslash(self) -> bool:
        """Whether the row has a backslash before a quote in a quoted cell, and nobody said what it means."""
        return bool(self.state[self.codes.DOUBTFUL])

    def take(self, text: bytearray, start: int, stop: int, before: int) -> int:
        """Go over text[start:stop], which begins behind `before` other bytes; return where its last row ends, or 0."""
        codes, state = self.codes, self.state
        letters = np.frombuffer(text, dtype=np.uint8)
        state[codes.STOP] = 0
        for begin in range(start, stop, PIECE):
            end = min(begin + PIECE, stop)
            plain = state[codes.STATE] <= codes.PLAIN and state[codes.OTHERWISE] in (-1, codes.BAD)
            if plain and all(text.find(special, begin, end) < 0 for special in self.special):
                self._count(text, letters, begin, end)
                continue
            place, wrong = codes.walk(letters, self.kinds, begin, end, before, self.multiline, state)
            if wrong != codes.FINE:
                if wrong == codes.LINES and state[codes.STATE] == codes.QUOTED:
                    raise Fault("lines", int(state[codes.OPENED]), self.backslash)
                kind = {codes.LINES: "escaped", codes.BEHIND: "behind"}.get(wrong, "two ways")
                raise Fault(kind, before + place, self.backslash)
        return int(state[codes.STOP])

    def _count(self, text: bytearray, letters: NDArray[np.uint8], begin: int, end: int) -> None:
        """Take a piece in which line ends are line ends: a row begins where one is followed by anything else."""
        codes, state = self.codes, self.state
        ends = letters[begin:end] == _LF
        if text.find(b"\r", begin, end) >= 0:
            ends |= letters[begin:end] == _CR
        state[codes.ROWS] += np.count_nonzero(ends[:-1] > ends[1:]) + (state[codes.STATE] == codes.ROW and not ends[0])
        last = max(text.rfind(b"\n", begin, end), text.rfind(b"\r", begin, end))
        if last >= 0:
            state[codes.STOP], state[codes.OTHERWISE], state[codes.DOUBTFUL] = last + 1, -1, 0
        state[codes.STATE] = codes.NEXT[codes.PLAIN, self.kinds[letters[end - 1]]]

    def close(self, place: int, last: int) -> None:
        """End the text, which is so long and has this last byte; the row that it ends in is whole."""
        codes, state = self.codes, self.state
        # In a row, a line end was escaped: the row goes on in a line that is not there.
        if state[codes.STATE] == codes.PLAIN_ESCAPE or (state[codes.STATE] == codes.PLAIN and last in (_CR, _LF)):
            raise Fault("end", place)
        if state[codes.STATE] in (codes.QUOTED, codes.QUOTED_ESCAPE):
            raise Fault("open", int(state[codes.OPENED]), self.backslash)
        if self.backslash and state[codes.OTHERWISE] in (codes.CELL, codes.PLAIN, codes.CLOSED):
            raise Fault("two ways", place, True)
        state[codes.STATE] = codes.ROW


def whole_rows(
    read: Callable[[memoryview], int], dialect: Dialect, size: int, before: int
) -> Iterator[tuple[memoryview, int]]:
    """Yield text that `read` puts into memory, cut behind the last row that is whole, and the number of rows in it.

    At most `size` bytes are held, in memory that is used again, of a text of which so many bytes have been read `before`.
    """
    cutter, text = Cutter(dialect), bytearray(size)
    held = rows = 0
    ended = False
    while not ended:
        start = held
        while held < size and not ended:
            got = read(memoryview(text)[held:])
            held, ended = held + got, not got
        stop = cutter.take(text, start, held, before)
        if ended:
            cutter.close(before + held, text[held - 1])
            stop = held
        elif not stop:
            raise Fault("long", before, cutter.backslash)
        if cutter.rows > rows:
            yield memoryview(text)[:stop], cutter.rows - rows
        rows, before = cutter.rows, before + stop
        text[: held - stop] = text[stop:held]
        held -= stop
