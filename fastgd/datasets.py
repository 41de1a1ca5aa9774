"""Data to learn on: the textbook's three rows, 342 penguins, and as many made-up rows of a known line as you like."""

from typing import Any, NamedTuple

import numpy as np

from .blocks import Piece
from .checks import Floats
from .mapreduce import Progress, run
from .sources import Synthetic

_TEXTBOOK = {
    1: (2.0, 4.0, 6.0),
    2: (2.0, 4.0, 6.0),
    3: (2.5, 4.5, 6.5),
    4: (2.0, 4.0, 6.0),
    6: (2.0, 4.0, 6.0),
}


def textbook(section: int) -> tuple[Floats, Floats]:
    """Return the three rows that a section of the textbook works with.

        y = 2 x            and in section 3            y = 2 x + 0.5

    Parameters
    ----------
    section : 1 loss and cost, 2 sweep of w, 3 sweep of (w, b), 4 gradient descent, 6 full batch and mini-batch.

    Returns
    -------
    x, y : (3,) float64 each.

    Raises
    ------
    ValueError : the section has no data.

    Examples
    --------
    >>> x, y = textbook(3)
    >>> x, y
    (array([1., 2., 3.]), array([2.5, 4.5, 6.5]))
    """
    known = isinstance(section, (int, np.integer)) and not isinstance(section, bool) and int(section) in _TEXTBOOK
    if not known:
        raise ValueError(f"section is {section!r}: the sections with data are 1, 2, 3, 4 and 6")
    return np.array([1.0, 2.0, 3.0]), np.array(_TEXTBOOK[int(section)])


class Penguins(NamedTuple):
    """Flipper length `x` in millimetres and body mass `y` in grams, (342,) float64 each."""

    x: Floats
    y: Floats


def penguins() -> Penguins:
    """Return the flipper length and the body mass of 342 penguins of three species.

    The least-squares line is y = 49.6856 x - 5780.83, its mean squared error 154546. The sample has 344 penguins;
    2 of them were not measured and are left out.

    Returns
    -------
    x, y : flipper length in mm and body mass in g, (342,) float64 each, in the order of the file.

    Examples
    --------
    >>> x, y = penguins()
    >>> len(x), float(x.mean().round(1)), float(y.mean().round(1))
    (342, 200.9, 4201.8)

    References
    ----------
    Horst, Hill, Gorman: palmerpenguins, Palmer Archipelago (Antarctica) penguin data (2020), released under CC0;
    collected by Gorman and the Palmer Station LTER, published in Gorman, Williams, Fraser, PLoS ONE 9(3), e90081
    (2014).
    """
    import csv
    from importlib import resources  # 4 ms of start-up for those who bring their own data

    text = resources.files(__package__).joinpath("data/penguins.csv").read_text(encoding="utf-8")
    rows = [(row["flipper_length_mm"], row["body_mass_g"]) for row in csv.DictReader(text.splitlines())]
    complete = np.array([(float(length), float(mass)) for length, mass in rows if length and mass])
    return Penguins(complete[:, 0].copy(), complete[:, 1].copy())


def make_linear(
    n: int,
    w: Any = 2.0,
    b: float = 0.5,
    *,
    noise: float = 0.1,
    seed: int = 0,
    threads: int | None = None,
    progress: Any = None,
) -> tuple[Floats, Floats]:
    """Make rows of a linear model with normal features and normal noise.

        y = x.w + b + noise * e        every x[i, j] and e[i] independent and standard normal

    Row i depends on (seed, i) alone: more rows continue the same data, the feature j and e are the same whatever
    the number of features, and the numbers are the same on every machine, for any number of threads.

    Parameters
    ----------
    n : number of rows, 1 or above.
    w : a number, or (d,) for d features; in units of y per unit of x.
    b, noise : the intercept and the standard deviation of the noise, in units of y.
    seed : a whole number from 0 to 2**64 - 1; another seed gives independent data.
    threads, progress : number of threads, all by default; True, False or a function of (done, total) rows.

    Returns
    -------
    x, y : x (n,) for a number w, (n, d) for an array w; y (n,). float64.

    Raises
    ------
    ValueError, TypeError : naming the argument and the rule. MemoryError : so many rows do not fit.

    Examples
    --------
    >>> x, y = make_linear(1000, w=2.0, b=0.5, noise=0.1)
    >>> bool(abs(y - 2.0 * x - 0.5).max() < 0.5)
    True
    >>> make_linear(3, w=[1.0, -1.0])[0].shape
    (3, 2)

    References
    ----------
    Salmon, Moraes, Dror, Shaw: Parallel random numbers, as easy as 1, 2, 3 (SC 2011). Box, Muller: A note on the
    generation of random normal deviates, Ann. Math. Statist. 29 (1958).
    """
    made = Synthetic(n, w, b, noise=noise, seed=seed)
    try:
        x, y = np.empty((made.n, len(made.w))), np.empty(made.n)
    except (MemoryError, ValueError) as error:
        size = 8e-9 * made.n * (len(made.w) + 1)
        raise MemoryError(f"n is {made.n}: x and y would take {size:.3g} GB; use Synthetic, which stores no row") from error

    def write(piece: Piece) -> None:
        part = slice(piece.start, piece.stop)
        made.fill(piece.start, x[part], y[part])

    with Progress(progress, made.n, "make_linear") as shown:
        rows = made.table()
        run(write, rows.pieces(), threads=threads, progress=shown, rows=Piece.count_rows)
    return (x[:, 0] if made.flat else x), y
