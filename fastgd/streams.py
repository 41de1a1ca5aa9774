"""Blocks of rows that a user's own iterable gives, each checked as arrays are."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from .blocks import Arrays, Columns, rows_of_block
from .door import table
from .names import order_like
from .sources import Chunks, cut


class Blocks(Chunks):
    """Blocks of (x, y) or (x, y, weight) that a user's iterable gives; an iterator gives them once.

    What makes its blocks while it is gone through may write each of them over the one before, and may keep its place in a
    file: its blocks are copied, a part at a time, before it is asked for the next, and it is gone through by one at a time.
    """

    def __init__(self, blocks: Iterable[Any]) -> None:
        given = iter(blocks)
        self.repeatable = given is not blocks
        self.alone = not isinstance(blocks, (list, tuple))
        self._blocks = blocks
        try:
            first = next(given)
        except StopIteration:
            raise ValueError("x has no blocks: at least one row is needed") from None
        head = _checked(first, 0)
        self.d, self.flat, self.names, self.target, self.weighted = (
            head.d, head.flat, head.names, head.target, head.weight is not None
        )  # fmt: skip
        self._once = None if self.repeatable else itertools.chain([first], given)

    def chunks(self) -> Iterator[Columns]:
        """Go through the blocks."""
        given = iter(self._blocks) if self._once is None else self._once
        for number_, block in enumerate(given):
            rows = _checked(block, number_)
            columns = order_like(self.names, rows.names, f"block {number_} of x", "block 0")
            if (rows.d, rows.flat, rows.weight is not None) != (self.d, self.flat, self.weighted):
                raise ValueError(
                    f"block {number_} of x has {_shape(rows.d, rows.flat, rows.weight is not None)} and block 0 "
                    f"{_shape(self.d, self.flat, self.weighted)}: all blocks must be alike"
                )
            step = rows_of_block(self.d) if self.alone else rows.n
            for start in range(0, rows.n, step):
                x, y, weight = cut((rows.x, rows.y, rows.weight), start, min(start + step, rows.n))
                if columns is not None:
                    x = np.take(x, columns, axis=1)
                if self.alone:
                    x, y, weight = x.copy(), y.copy(), None if weight is None else weight.copy()
                yield x, y, weight

    def __repr__(self) -> str:
        return "x"


def _shape(d: int, flat: bool, weighted: bool) -> str:
    return f"rows of shape {'()' if flat else f'({d},)'} {'with' if weighted else 'without'} weights"


def _checked(block: Any, place: int) -> Arrays:
    """A block of a user's as a table."""
    if not isinstance(block, (tuple, list)) or len(block) not in (2, 3):
        kind = f"has {len(block)} parts" if isinstance(block, (tuple, list)) else f"is a {type(block).__name__}"
        raise ValueError(f"block {place} of x {kind}: where y is None, x gives blocks (x, y) or (x, y, weight)")
    try:
        found = table(*block) if len(block) == 3 or block[1] is not None else table(block[0], None)
    except (TypeError, ValueError) as error:
        raise type(error)(f"block {place}: {error}") from None
    if not isinstance(found, Arrays):
        raise TypeError(f"block {place} of x is not made of arrays: it must be (x, y) or (x, y, weight)")
    return found
