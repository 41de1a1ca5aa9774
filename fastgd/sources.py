"""Blocks that are not arrays: where rows come from that are not in memory."""

from collections.abc import Iterator

from .blocks import Floats


class Source:
    """Rows that are read chunk by chunk, in their order.

    `names` are those of the features and `target` that of y; `d` is the number of features and `flat` tells whether w is a
    number; `repeatable` tells whether `chunks` may be called again, for another pass; `rows` is the number of rows where
    it is known without reading them.
    """

    names: tuple[str, ...] | None
    target: str
    d: int
    flat: bool
    weighted: bool
    repeatable: bool
    rows: int | None

    def chunks(self) -> Iterator[tuple[Floats, Floats, Floats | None]]:
        """Yield x (m,) if d is 1, else (m, d), y (m,) and weight (m,) or None, of any number m of rows."""
        raise NotImplementedError

    def place(self, row: int) -> str:
        """How to name a row of the whole source to a user: "row 12 of b.csv"."""
        raise NotImplementedError
