"""How results look in a notebook: small tables in HTML, in which every name that came with the data is escaped."""

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .results import Fit

_CELL = 'style="text-align:left;vertical-align:top;padding:0 1em 0 0"'


def table(title: str, rows: list[tuple[str, str]]) -> str:
    """A title and rows of a name and a text."""
    lines = "".join(f"<tr><th {_CELL}>{escape(name)}</th><td {_CELL}>{escape(text)}</td></tr>" for name, text in rows)
    return f"<div><b>{escape(title)}</b><table>{lines}</table></div>"


def fit(result: "Fit", formula: str) -> str:
    """A fit: its formula, how it went, and what is to be said of it."""
    batch = {None: "full batch", 1: "one sample"}.get(result.batch_size, f"batches of {result.batch_size}")
    first, *more = result.sentences()
    rows = [
        ("cost", f"{result.cost:.6g} ({result.loss} loss)" if result.cost == result.cost else "not recorded"),
        ("descent", f"{batch}, {result.optimizer}, {result.epochs} epochs at rate {result.learning_rate:.6g}"),
        (result.status.name, first),
    ]
    return table(formula, rows + [("", sentence) for sentence in more])
