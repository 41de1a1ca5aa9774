"""One HTML page that descends live: six numbers are the whole cost of one feature, whatever the number of rows.

    cost(w, b) = ((r w - s)^2 + t^2) / n + (mean_y - w mean_x - b)^2

The page carries n, mean_x, mean_y, r, s, t (quadratic.py), a sample of the rows for the scatter and for batches, and the
descent itself in JavaScript, operation by operation that of `fit`. It fetches nothing and sends nothing. Its template,
explorer.html, stands beside this module; text that came with the data enters it escaped, as HTML and as JSON.
"""

import math
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .blocks import Arrays, Table
from .checks import Floats, number, truth, whole
from .door import table
from .linalg import factor_of
from .mapreduce import Progress
from .optimizers import Momentum
from .options import rate_of
from .quadratic import QuadraticCost, of_table
from .rates import mean_square_limit
from .saving import write_whole
from .surface import column_of

MOST_ROWS, MOST_EPOCHS = 1500, 100_000
"""Of the sample, which makes most of a page's size; and of a descent in the page."""

_BATCHES = tuple(2**k for k in range(9))  # offered, besides all rows
_HEIGHT = 860  # pixels, in a notebook
_LONGEST = 200  # letters of a name


@dataclass(frozen=True, repr=False)
class Explorer:
    """A page that explores the descent on one feature: shows itself in a notebook.

    Attributes: `html` the whole page, `path` where it was written to (None: nowhere yet), `title`.

    >>> import fastgd
    >>> page = fastgd.explore([1, 2, 3], [2.5, 4.5, 6.5])
    >>> page.html[:15]
    '<!doctype html>'
    """

    html: str
    path: Path | None = None
    title: str = ""

    def save(self, path: "str | os.PathLike[str]") -> "Explorer":
        """Write the page to a file, whole or not at all; returns an Explorer that knows its path.

        >>> import fastgd, pathlib, tempfile
        >>> page = fastgd.explore([1, 2, 3], [2.5, 4.5, 6.5])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     page.save(pathlib.Path(folder) / "page.html").path.name
        'page.html'
        """
        target = Path(path)
        write_whole(os.fspath(target), self.html.encode("utf-8"))
        return replace(self, path=target)

    def _repr_html_(self) -> str:
        """The page in a frame of its own, which may run its script and nothing else."""
        import html

        return (
            f'<iframe sandbox="allow-scripts" title="{html.escape(self.title)}" width="100%" height="{_HEIGHT}" '
            f'style="border: 0" srcdoc="{html.escape(self.html)}"></iframe>'
        )

    def __repr__(self) -> str:
        where = "not saved" if self.path is None else str(self.path)
        return f"Explorer({self.title}; {len(self.html.encode('utf-8')) / 1000:.0f} kB, {where})"


def explore(
    x: Any,
    y: Any = None,
    path: "str | os.PathLike[str] | None" = None,
    *,
    feature: Any = None,
    learning_rate: float | str = "auto",
    momentum: float = 0.0,
    epochs: int = 100,
    batch_size: int | None = None,
    w0: float = 0.0,
    b0: float = 0.0,
    standardize: bool = False,
    rows: int = 400,
    seed: int = 0,
    title: str | None = None,
    sample_weight: Any = None,
    threads: int | None = None,
    progress: Any = None,
) -> Explorer:
    """Make one self-contained HTML page on which a reader descends the cost of y = w x + b, live.

    It shows the cost of every line with the descent's path, the line over the rows and the cost by epoch, for any learning
    rate, momentum, number of epochs, batch size and start. It carries six numbers and a sample of the rows, whatever
    their number: full batches are those of all rows, equal to `fit` but for rounding; batches walk the sample.

    Parameters
    ----------
    x : (n,) or (n, d) numbers; y : (n,) numbers, or None where x is a source, which brings its own.
    path : the file to write, or None.
    feature : with x (n, d), the column whose weight is explored; the other weights stand at the minimum, and their part is
        taken off y.
    learning_rate, momentum, epochs, batch_size, w0, b0, standardize : what the page begins with, as in `fit`; epochs up to
        100,000; batch_size None, or up to the rows of the sample.
    rows : of the sample, 1 to 1500: random ones, all if there are no more. seed : of the sample and of the batches' orders.
    title : of the page; None: "y against x", by their names.
    sample_weight, threads, progress : as for `fit`.

    Returns
    -------
    Explorer, with `.html`, `.path` and `.save(path)`; in a notebook it shows the page.

    Raises
    ------
    ValueError, TypeError : naming the argument and the rule. OSError : the file cannot be written; the old one is whole.

    Examples
    --------
    >>> import fastgd
    >>> x, y = fastgd.penguins()
    >>> page = fastgd.explore(x, y, standardize=True, title="Body mass against flipper length")
    >>> page
    Explorer(Body mass against flipper length; ... kB, not saved)
    >>> "://" in page.html
    False
    """
    data = table(x, y, sample_weight)
    column = column_of(data, feature)
    most, begin = whole(rows, "rows", 1, MOST_ROWS), whole(seed, "seed", 0, 2**32 - 1)
    rule = Momentum(momentum)
    rate = rate_of(learning_rate, "squared", rule)
    start = {
        "learning_rate": rate,
        "momentum": rule.momentum,
        "epochs": whole(epochs, "epochs", 0, MOST_EPOCHS),
        "w0": number(w0, "w0"),
        "b0": number(b0, "b0"),
        "standardize": truth(standardize, "standardize"),
    }
    with Progress(progress, data.rows, "explore") as shown:
        everything = of_table(data, threads=threads, progress=shown)
    others = everything.solve().w.copy()
    others[column] = 0.0
    quadratic = _of_one(everything, column, others)
    sample = _sample(data, column, others, min(most, data.n), begin)
    size = None if batch_size is None else whole(batch_size, "batch_size", 1)
    if size is not None and size > sample.n:
        raise ValueError(f"batch_size is {size}: batches walk the sample, which has {sample.n} rows; None is full batch")
    size = None if size == sample.n > 1 else size
    batches = sorted({batch for batch in (*_BATCHES, size) if batch is not None and batch < sample.n})
    carried = _carried(quadratic, sample, batches) | {"start": start | {"batch_size": size}, "seed": begin}
    names = data.label(column)[:_LONGEST], data.target[:_LONGEST]
    text = _text(carried, names, data, sample.n, title)
    page = Explorer(_fill(text), None, text["title"])
    return page if path is None else page.save(path)


def _of_one(everything: QuadraticCost, column: int, others: Floats) -> QuadraticCost:
    """The cost over one weight and the bias, the other weights fixed: that of (x[:, column], y - x.others)."""
    if everything.d == 1:
        return everything
    factor, low = everything.factor, everything.mean_low
    one = factor_of(np.column_stack([factor[:, column], factor[:, -1] - factor[:, :-1] @ others]))
    return QuadraticCost(
        everything.count,
        everything.mean_x[[column]],
        everything.mean_residual(others, 0.0),
        one,
        mean_low=np.array([low[column] if low.size else 0.0, 0.0]),
        flat=True,
    )


def _sample(data: Table, column: int, others: Floats, most: int, seed: int) -> Arrays:
    """Some of the rows that weigh anything, in their order: all of them if there are no more than `most`."""
    heavy = np.flatnonzero(np.asarray(data.weight) > 0.0) if isinstance(data, Arrays) and data.weight is not None else None
    count = data.n if heavy is None else len(heavy)
    place = np.arange(min(count, most))
    if count > most:
        place = np.sort(np.random.default_rng(seed).choice(count, most, replace=False, shuffle=False))
    block = data.gather(place if heavy is None else heavy[place])
    kept = block.weight > 0.0 if block.weight.size else slice(None)
    x, y = block.x[kept], block.y[kept]
    if x.ndim == 2:
        x, y = x[:, column], y - x @ others
    return Arrays(x=x, y=y, weight=block.weight[kept] if block.weight.size else None, flat=True)


def _carried(quadratic: QuadraticCost, sample: Arrays, batches: list[int]) -> dict[str, Any]:
    """The numbers that the page works with; infinite ones as None, since JSON has no word for them."""
    changed, shift, scale = quadratic.standardized()
    x = np.asarray(sample.x)
    # A column without spread is 0 when standardised, and not the rounding of its values.
    standard = table((x - shift) / scale if changed.factor[0, 0] else np.zeros(sample.n), sample.y, sample.weight)
    lowest = quadratic.solve()
    return {
        "six": _six(quadratic),
        "minimum": {"w": float(lowest.w[0]), "b": lowest.b, "cost": lowest.cost},
        "sample": {
            "x": x.tolist(),
            "y": np.asarray(sample.y).tolist(),
            "weight": None if sample.weight is None else np.asarray(sample.weight).tolist(),
            "six": _six(of_table(sample)),
        },
        "batches": batches,
        "undetermined": quadratic.undetermined(),
        "limits": [_limits(rows, batches) for rows in (sample, standard)],
    }


def _limits(rows: Table, batches: list[int]) -> list[float | None]:
    """The mean-square limits of random batches."""
    quadratic, share = of_table(rows), 1.0 / rows.mean_weight()
    with np.errstate(over="ignore", invalid="ignore"):  # fourth powers of 1e80 have no float
        found = [mean_square_limit(rows, quadratic, size, 0.0, share) for size in batches]
    return [limit if math.isfinite(limit) else None for limit in found]


def _six(quadratic: QuadraticCost) -> list[float]:
    (root, covered), (_, rest) = quadratic.factor.tolist()
    return [float(quadratic.count), float(quadratic.mean_x[0]), quadratic.mean_y, root, covered, rest]


def _text(carried: dict[str, Any], names: tuple[str, str], data: Table, sampled: int, title: str | None) -> dict[str, str]:
    """What the template has places for, not yet escaped; the data as JSON that is safe within a script element."""
    feature, target = names
    many, few = _count(data.n), _count(sampled)
    subtitle = f"Gradient descent over {many}: {target} = w\u00a0·\u00a0{feature}\u00a0+\u00a0b"
    if data.d > 1:
        subtitle += f"; the other weights ({data.d - 1}) stand at the minimum, and their part is taken off {target}"
        target = f"{target} less the others' part"
    said = few if sampled == data.n else f"sample of {_count(sampled)}"
    walked = f"the {few}" if sampled == data.n else f"a sample of {few}"
    carried = carried | {"x": feature, "y": target, "rows": data.n, "rows_said": many, "sample_said": few}
    import json

    numbers = json.dumps(carried, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for letter in "<>&":  # none of them stands outside a string
        numbers = numbers.replace(letter, f"\\u{ord(letter):04x}")
    heading = f"{names[1]} against {feature}" if title is None else str(title)
    return {
        "title": heading, "subtitle": subtitle, "rows_said": said, "feature": feature, "count_said": many,
        "sample_said": walked, "data": numbers,
    }  # fmt: skip


def _count(n: int) -> str:
    return f"{n:,} row{'s' if n != 1 else ''}"


def _fill(text: dict[str, str]) -> str:
    """The template with everything in its place; the policy allows the template's own script and style by their hashes."""
    import base64  # these are 8 ms of start-up that only pages need
    import hashlib
    import html
    from importlib import resources

    template = resources.files(__package__).joinpath("explorer.html").read_text(encoding="utf-8")
    parts = {name: html.escape(value) for name, value in text.items() if name != "data"} | {"data": text["data"]}
    for name in ("script", "style"):
        found = re.search(f"<{name}>(.*?)</{name}>", template, re.DOTALL)
        assert found is not None
        digest = base64.b64encode(hashlib.sha256(found[1].encode("utf-8")).digest()).decode()
        parts[f"{name}_hash"] = f"sha256-{digest}"
    page = re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], template)
    return page.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair in a name has no UTF-8
