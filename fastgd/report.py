"""A walk told twice, on the terminal and in a folder of pictures, with its numbers checked against known ones."""

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Value: TypeAlias = float | str | tuple[float, ...]

WIDTH = 100
"""Columns of a paragraph on the terminal."""


@dataclass(frozen=True)
class Check:
    """A number that is known, and what fastgd finds for it from the moments and from the data (None: not that way).

    `largest` is the largest cost about: what should be 0 may be 1e-12 of it.
    """

    what: str
    known: Value
    moments: Value | None
    data: Value | None = None
    largest: float = 1.0

    @property
    def agrees(self) -> bool:
        """Whether all that was found is what is known, up to rounding; whole numbers and words exactly."""
        found = [value for value in (self.moments, self.data) if value is not None]
        return bool(found) and all(_agree(self.known, value, self.largest) for value in found)


class Report:
    """Tells the tour twice: on the terminal as it goes, and in report.md with the pictures."""

    def __init__(self, out: Path, echo: Callable[[str], None]) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self.out, self.echo = out.resolve(), echo
        self.pictures: list[str] = []
        self.path = self.out / "report.md"
        self.path.write_text("", encoding="utf-8")  # a folder that cannot be written to says so before any work

    def say(self, text: str) -> None:
        """Write a heading or a paragraph."""
        self._write(text, text if text.startswith("#") else textwrap.fill(text, WIDTH, break_on_hyphens=False))

    def code(self, text: str) -> None:
        """Write what to type in, or what comes out, as it is."""
        self._write(textwrap.indent(text, "    "))

    def table(self, *lines: Sequence[str]) -> None:
        """Write a table, its head first: the first column to the left, the others to the right."""
        widths = [max(map(len, column)) for column in zip(*lines)]
        text = [" | ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) for line in lines]
        text.insert(1, " | ".join(["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]))
        self._write("\n".join(f"| {line} |" for line in text))

    def checks(self, *rows: tuple[Any, ...], known: str = "textbook") -> list[Check]:
        """Write a table of checks, each given by its fields; returns them."""
        checks = [Check(*row) for row in rows]
        lines = [
            (one.what, *map(_text, (one.known, one.moments, one.data)), "yes" if one.agrees else "differs") for one in checks
        ]
        self.table(("what", known, "fastgd, moments", "fastgd, data", "agree?"), *lines)
        return checks

    def picture(self, name: str, caption: str, axes: "Axes") -> None:
        """Save a picture, close it, and show it in the report."""
        from matplotlib import pyplot

        figure: Any = axes.figure
        figure.savefig(self.out / name, dpi=150)
        pyplot.close(figure)
        self.pictures.append(name)
        self._write(
            f"![{caption}]({name})\n\n*{caption}*", textwrap.fill(f"[{name}] {caption}", WIDTH, break_on_hyphens=False)
        )

    def _write(self, text: str, spoken: str = "") -> None:
        self.echo((spoken or text) + "\n")
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text + "\n\n")


def _agree(known: Value, found: Value, largest: float) -> bool:
    if isinstance(known, tuple):
        same_length = isinstance(found, tuple) and len(found) == len(known)
        return same_length and all(_agree(*pair, largest) for pair in zip(known, found))  # type: ignore[arg-type]
    if isinstance(known, (int, str)) or isinstance(found, (str, tuple)):
        return known == found
    if known == 0.0:
        return abs(found) <= 1e-12 * largest
    return abs(found - known) <= (5e-11 if abs(known) < 1e-6 else 1e-12) * abs(known)


def _text(value: Value | None) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_text, value))
    return "-" if value is None else str(value) if isinstance(value, (int, str)) else repr(float(value))
