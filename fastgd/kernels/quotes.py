"""Where the rows of CSV text end, byte by byte: what `fastgd/quotes.py` asks wherever a quote is in the text."""

import numpy as np

from ._jit import exact

# What a byte is.
OTHER, QUOTE, DELIMITER, END, ESCAPE, BACKSLASH = range(6)

# Between which bytes a reader stands: at the start of a row, of a cell, in a cell without quotes, in one with quotes, behind
# a quote in there, behind an escape in either. BAD is behind text that follows a closing quote.
ROW, CELL, PLAIN, QUOTED, CLOSED, PLAIN_ESCAPE, QUOTED_ESCAPE, BAD = range(8)

# From where to where, by what a byte is: BACKSLASH is a letter, to the reading that has no escape.
NEXT = np.array(
    [
        [PLAIN, QUOTED, CELL, ROW, PLAIN_ESCAPE, PLAIN],
        [PLAIN, QUOTED, CELL, ROW, PLAIN_ESCAPE, PLAIN],
        [PLAIN, PLAIN, CELL, ROW, PLAIN_ESCAPE, PLAIN],
        [QUOTED, CLOSED, QUOTED, QUOTED, QUOTED_ESCAPE, QUOTED],
        [BAD, QUOTED, CELL, ROW, BAD, BAD],
        [PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN],
        [QUOTED, QUOTED, QUOTED, QUOTED, QUOTED, QUOTED],
        [BAD, BAD, BAD, BAD, BAD, BAD],
    ],
    dtype=np.int64,
)

# Places in the state that goes along: where the reader stands, how many rows were begun, where the last one ended in this
# text, where the quoted cell began in all text, where another reading stands, and whether it takes other quotes for the
# closing ones.
STATE, ROWS, STOP, OPENED, OTHERWISE, DOUBTFUL, SIZE = range(7)

# What is wrong with a byte: a line end in a cell, text behind a closing quote, an end of a row to both readings.
FINE, LINES, BEHIND, TWO_WAYS = range(4)


@exact
def walk(text, kinds, start, stop, before, multiline, state):
    """Go over text[start:stop], and return where a byte is wrong and what is wrong about it, or stop and FINE.

    Where no escape is told, another reading, to which backslashes are escapes, goes along from the first backslash in a
    quoted cell on. It ends with its row, or where the text cannot be read so; OTHERWISE is where it stands, -1 if there is
    none, BAD if there was. Text is read in TWO_WAYS where this one comes to its row's end and took other quotes for closing.
    """
    now, other, doubtful = state[STATE], state[OTHERWISE], state[DOUBTFUL]
    rows, last, opened = state[ROWS], state[STOP], state[OPENED]
    steady = False
    place, wrong = stop, FINE
    letters = text[start:stop]
    for i in range(letters.size):
        kind = kinds[letters[i]]
        if steady and kind == OTHER:
            continue
        was = now
        now = NEXT[was, kind]
        if now == BAD or (kind == END and now != ROW and not multiline):
            place, wrong = start + i, BEHIND if now == BAD else LINES
            break
        if was == ROW and now != ROW:
            rows += 1
        if now == QUOTED and was <= CELL:
            opened = before + start + i
        if other < 0:
            if kind == BACKSLASH and now == QUOTED:
                other = QUOTED_ESCAPE
        elif other != BAD:
            if kind == QUOTE and other == QUOTED_ESCAPE:
                doubtful = 1
            other = NEXT[other, ESCAPE if kind == BACKSLASH else kind]
            if other == ROW and doubtful:
                place, wrong = start + i, TWO_WAYS
                break
            if other == ROW or (kind == END and not multiline):
                other = BAD
        if now == ROW:
            last = start + i + 1
            if other == BAD:
                other, doubtful = -1, 0
        steady = now in (PLAIN, QUOTED) and other in (-1, PLAIN, QUOTED, BAD)
    state[STATE], state[OTHERWISE], state[DOUBTFUL] = now, other, doubtful
    state[ROWS], state[STOP], state[OPENED] = rows, last, opened
    return place, wrong
