"""Which rows train a model and which judge it: parts of a data set, hold-out, k folds, and one row left out at a time."""

import itertools
import math
from collections.abc import Sequence
from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from .blocks import Arrays, Table
from .checks import number, truth, whole
from .containers import as_numbers
from .options import seed_of
from .orders import order_of
from .runs import Runs

Rows = NDArray[np.intp]
Pair = tuple[Rows, Rows]
"""The numbers of the rows to train on, and of those to judge by."""

T = TypeVar("T")

_SPLIT = (1 << 32) - 2  # of an order: it has nothing to do with that of any epoch
_EXACT = 1e-9


def split(
    *arrays: Any, sizes: Sequence[float] = (0.6, 0.2, 0.2), shuffle: bool = True, seed: int | None = None
) -> list[Any]:  # fmt: skip
    """Split data into parts, such as a training, a validation and a test set.

    Parameters
    ----------
    arrays : any number of arrays, frames or sequences of n rows each; the same rows of all go together.
    sizes : fractions that add up to 1 (rounded to the nearest row, the first part takes the rest), or counts that add up
        to n.
    shuffle : whether rows are drawn at random; in each part they keep their order. Otherwise parts are consecutive rows.
    seed : an integer of 0 or above, or None: one is drawn.

    Returns
    -------
    list : the parts of the first array, then those of the second, and so on: of an array or a frame such, else lists.

    Raises
    ------
    ValueError, TypeError : naming the argument and the rule; a part that would be empty, sizes that do not add up.

    Examples
    --------
    >>> import fastgd
    >>> x, y = fastgd.penguins()
    >>> x_train, x_validation, x_test, y_train, y_validation, y_test = fastgd.split(x, y, seed=0)
    >>> len(x_train), len(x_validation), len(x_test)
    (206, 68, 68)

    References
    ----------
    Hastie, Tibshirani and Friedman, "The Elements of Statistical Learning", 2009, section 7.2.
    """
    if not arrays:
        raise ValueError("there is nothing to split: give at least one array")
    lengths = [_length(array, place) for place, array in enumerate(arrays)]
    n = lengths[0]
    if any(length != n for length in lengths):
        raise ValueError(f"the arrays have {', '.join(map(str, lengths))} rows: they must have the same number of rows")
    edges = np.cumsum([0, *_counts(sizes, n)])
    order = _order(n, shuffle, seed)
    parts = [np.sort(order[start:stop]) for start, stop in itertools.pairwise(edges)]
    return [_part(array, rows, place) for place, array in enumerate(arrays) for rows in parts]


def hold_out(n: int, size: float = 0.25, *, shuffle: bool = True, seed: int | None = None) -> Pair:
    """Put some of n rows aside: the numbers of the rows to train on, and of those held out, each ascending.

    Parameters
    ----------
    n : the number of rows. size : what to hold out, a fraction above 0 and below 1 (rounded to the nearest row) or a count.
    shuffle : whether rows are drawn at random; otherwise the last are held out. seed : 0 or above, or None: one is drawn.

    Raises
    ------
    ValueError, TypeError : naming the argument and the rule; a part that would be empty.

    Examples
    --------
    >>> import fastgd
    >>> fastgd.hold_out(8, 0.25, shuffle=False)
    (array([0, 1, 2, 3, 4, 5]), array([6, 7]))
    """
    rows = whole(n, "n", 1)
    if isinstance(size, (int, np.integer)) and not isinstance(size, bool):
        sizes: tuple[float, ...] = (rows - size, size)
        if not 0 < size < rows:
            raise ValueError(f"size is {size}: of {rows} rows that leaves {max(rows - size, 0)} to train on; both need rows")
    else:
        share = number(size, "size")
        if not 0.0 < share < 1.0:
            raise ValueError(f"size is {share:g}: a fraction must be above 0 and below 1")
        sizes = (1.0 - share, share)
    train, test = _counts(sizes, rows, "size")
    order = _order(rows, shuffle, seed)
    return np.sort(order[:train]), np.sort(order[train : train + test])


class Made(Sequence[T]):
    """A sequence whose entries are made when they are looked at."""

    def make(self, i: int) -> T:
        """Make entry i, counted from 0."""
        raise NotImplementedError

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> list[T]: ...
    def __getitem__(self, place: int | slice) -> T | list[T]:
        """Return the entry, or the list of entries, at a place."""
        if isinstance(place, slice):
            return [self.make(i) for i in range(*place.indices(len(self)))]
        return self.make(range(len(self))[place])  # counts from the end, and raises, as any sequence


class Folds(Made[Pair]):
    """Folds of n rows: a sequence of (train, test) row numbers.

    Fold i tests rows `edges[i]` .. `edges[i + 1]` - 1 of `order` (None: the rows as they come) and trains on all others.
    """

    def __init__(self, n: int, k: int, order: Rows | None = None) -> None:
        self.n, self.order = n, order
        self.edges = np.arange(k + 1) * (n // k) + np.minimum(np.arange(k + 1), n % k)

    def __len__(self) -> int:
        return len(self.edges) - 1

    @property
    def leaves_one_out(self) -> bool:
        """Whether fold i tests row i alone."""
        return len(self) == self.n and self.order is None

    def make(self, i: int) -> Pair:
        """The pair of fold i."""
        start, stop = int(self.edges[i]), int(self.edges[i + 1])
        if self.order is None:
            return np.r_[0:start, stop : self.n], np.arange(start, stop)
        test = np.sort(self.order[start:stop])
        inside = np.ones(self.n, np.bool_)
        inside[test] = False
        return np.flatnonzero(inside), test

    def __repr__(self) -> str:
        return f"Folds({len(self)} of {self.n} rows{'' if self.order is None else ', shuffled'})"


Splits = Folds | list[Pair]


def k_fold(n: int, k: int, *, shuffle: bool = False, seed: int | None = None) -> Folds:
    """Cut n rows into k folds; each is tested on once, by a model of all others. The first n % k are one row larger.

    Parameters
    ----------
    n : the number of rows. k : the number of folds, 2 to n.
    shuffle : whether rows are dealt out at random; otherwise folds are consecutive rows. seed : 0 or above, or None.

    Returns
    -------
    a sequence of k pairs (train, test) of row numbers, each ascending, made when looked at.

    Raises
    ------
    ValueError, TypeError : k below 2 or above n.

    Examples
    --------
    >>> import fastgd
    >>> [test.tolist() for train, test in fastgd.k_fold(7, 3)]
    [[0, 1, 2], [3, 4], [5, 6]]

    References
    ----------
    Stone, "Cross-validatory choice and assessment of statistical predictions", JRSS B 36, 1974.
    """
    rows, count = whole(n, "n", 1), whole(k, "k", 2)
    if count > rows:
        raise ValueError(f"k is {count}: there are only {rows} rows, so a fold would be empty")
    return Folds(rows, count, _order(rows, True, seed) if truth(shuffle, "shuffle") else None)


def leave_one_out(n: int) -> Folds:
    """Leave each of n rows out once: n pairs of row numbers, all others to train on and the one to test.

    >>> import fastgd
    >>> [(train.tolist(), test.tolist()) for train, test in fastgd.leave_one_out(3)]
    [([1, 2], [0]), ([0, 2], [1]), ([0, 1], [2])]
    """
    rows = whole(n, "n", 1)
    if rows < 2:
        raise ValueError(f"n is {rows}: to leave one row out there must be at least 2")
    return Folds(rows, rows)


def folds_of(folds: Any, x: Any, data: Table) -> Splits:
    """What `folds` asks for: a number, "loo", pairs of row numbers or an object whose split() makes them."""
    n = data.n
    if isinstance(folds, Folds):
        if folds.n != n:
            raise ValueError(f"folds are of {folds.n} rows and x has {n}: they must be of the same number")
        return folds
    if isinstance(folds, str) and folds == "loo":
        return leave_one_out(n)
    if isinstance(folds, (int, np.integer)) and not isinstance(folds, (bool, np.bool_)):
        try:
            return k_fold(n, int(folds))
        except ValueError as error:
            raise ValueError(str(error).replace("k is", "folds is", 1)) from None
    if isinstance(folds, (str, bytes, type)) or not (hasattr(folds, "split") or hasattr(folds, "__iter__")):
        kind = ValueError if isinstance(folds, str) else TypeError
        raise kind(f"folds is {folds!r}: it must be a number, 'loo', or pairs of row numbers (train, test)")
    if hasattr(folds, "split"):
        if not isinstance(data, Arrays):
            raise ValueError("folds is a splitter, which needs rows in memory: use a number of folds, or load x into arrays")
        folds = folds.split(x, data.y)
    # What makes its pairs one after the other may write each over the one before.
    copy = not isinstance(folds, (list, tuple))
    pairs = [_pair(pair, place, n, copy) for place, pair in enumerate(folds)]
    if not pairs:
        raise ValueError("folds is empty: there must be at least one pair of row numbers (train, test)")
    return pairs


def tables_of(folds: Splits, data: Table, i: int) -> tuple[Table, Table]:
    """The rows that fold i trains on, and those it is judged by, none of them copied."""
    if isinstance(folds, Folds) and folds.order is None:
        start, stop = int(folds.edges[i]), int(folds.edges[i + 1])
        return data.ordered(Runs((0, start), (stop, folds.n))), data.ordered(Runs((start, stop)))
    train, test = folds[i]
    return data.ordered(train), data.ordered(test)


def partition(folds: Splits, n: int) -> "tuple[Rows | Runs, Rows] | None":
    """The rows test by test, and the edges of the tests, where every row is tested once and each model has all others."""
    if isinstance(folds, Folds):
        return Runs((0, n)) if folds.order is None else folds.order, folds.edges
    tests = [test for _, test in folds]
    edges = np.cumsum([0] + [len(test) for test in tests])
    if edges[-1] != n or any(len(train) + len(test) != n for train, test in folds):
        return None
    order = np.concatenate(tests)
    if not (np.bincount(order, minlength=n) == 1).all():
        return None
    # A training set of the right size, which shares no row with its test, is all others if none is there twice.
    if any((np.bincount(train, minlength=n) > 1).any() for train, _ in folds):
        return None
    return order, edges


def _pair(pair: Any, place: int, n: int, copy: bool) -> Pair:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise ValueError(f"folds[{place}] is {_short(pair)}: every entry must be a pair of row numbers (train, test)")
    train, test = (
        _row_numbers(rows, f"folds[{place}], {name}", n, copy) for rows, name in zip(pair, ("train", "test"), strict=True)
    )
    seen = np.zeros(n, np.bool_)
    seen[train] = True
    if seen[test].any():
        raise ValueError(
            f"folds[{place}] has row {int(test[np.argmax(seen[test])])} in train and in test: a model must not be judged by "
            "rows that it was trained on"
        )
    return train, test


def _row_numbers(rows: Any, name: str, n: int, copy: bool) -> Rows:
    try:
        numbers = as_numbers(rows, name)
    except TypeError:
        numbers = np.empty((0, 0))  # refused below
    if numbers.dtype == np.bool_ and numbers.shape == (n,):
        numbers = np.flatnonzero(numbers)
    if numbers.ndim != 1 or (numbers.size and numbers.dtype.kind not in "iu"):
        raise TypeError(f"{name} is {_short(rows)}: it must be a one-dimensional array of row numbers")
    if not numbers.size:
        raise ValueError(f"{name} is empty: every fold needs rows to train on and to test")
    outside = (numbers < 0) | (numbers >= n)
    if outside.any():
        raise ValueError(f"{name} has row {int(numbers[np.argmax(outside)])}: rows are numbered from 0 to {n - 1}")
    return numbers.astype(np.intp, copy=copy)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _order(n: int, shuffle: bool, seed: int | None) -> Rows:
    return order_of(seed_of(seed), _SPLIT, n) if truth(shuffle, "shuffle") else np.arange(n)


def _length(array: Any, place: int) -> int:
    shape = getattr(array, "shape", None)
    if isinstance(array, (str, bytes, dict, set, frozenset)) or shape == () or not (hasattr(array, "__len__") or shape):
        raise TypeError(f"array {place} is a {type(array).__name__}: it must be an array, a frame or a sequence of rows")
    return int(shape[0]) if shape else len(array)


def _part(array: Any, rows: Rows, place: int) -> Any:
    try:
        return _take(array, rows)
    except MemoryError:
        raise
    except Exception as error:  # what has a length need not give its rows by their numbers, as DuckDB's relations do not
        said = " ".join(str(error).split())[:200].rstrip(".")
        raise TypeError(
            f"array {place} is a {type(array).__name__} whose rows cannot be taken ({said}): it must be an array, a frame "
            "or a sequence of rows"
        ) from error


def _take(array: Any, rows: Rows) -> Any:
    """Some rows of whatever holds them, of the same kind."""
    if hasattr(array, "iloc"):  # pandas
        return array.iloc[rows]
    if type(array).__module__.partition(".")[0] == "pyarrow":
        return array.take(rows)
    if isinstance(array, np.ndarray) or hasattr(array, "dtype") or hasattr(array, "columns"):  # polars
        return array[rows]
    return [array[row] for row in rows]


def _counts(sizes: Any, n: int, name: str = "sizes") -> list[int]:
    """How many of n rows each part has."""
    if isinstance(sizes, (str, bytes)) or not hasattr(sizes, "__iter__"):
        raise TypeError(f"{name} is {sizes!r}: it must be a sequence of fractions, or of counts")
    values = list(sizes)
    if not values:
        raise ValueError(f"{name} is empty: there must be at least one part")
    if all(isinstance(value, (int, np.integer)) and not isinstance(value, bool) for value in values):
        counts = [int(value) for value in values]
        if sum(counts) != n:
            raise ValueError(f"{name} add up to {sum(counts)}: counts must add up to the {n} rows there are")
    else:
        shares = [number(value, name) for value in values]
        if not abs(math.fsum(shares) - 1.0) <= _EXACT or min(shares) < 0.0:
            raise ValueError(f"{name} are {', '.join(f'{share:g}' for share in shares)}: fractions must add up to 1")
        counts = [round(share * n) for share in shares]
        counts[0] = n - sum(counts[1:])
    if min(counts) < 1:
        raise ValueError(
            f"{name} would give parts of {', '.join(map(str, counts))} rows of {n}: every part must have at least one row"
        )
    return counts
