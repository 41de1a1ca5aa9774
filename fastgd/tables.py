"""What many descents leave behind: a table with a row for each."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .checks import Floats
from .results import Fit, Status

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class FitTable:
    """The result of `fit_many`: column by column, a row for each descent, in the order of the grid, its last key fastest.

    Attributes
    ----------
    columns : a list of k values for each key of the grid. w : (k,), or (k, d) for x (n, d); b : (k,).
    cost : (k,) the mean loss, without the penalty. status : a tuple of k Status. epochs : (k,) those run.
    learning_rate : (k,) the rates used, "auto" resolved. max_learning_rate : (k,) the exact full-batch limits.
    limit_of : the rows of a batch that the limits are for, None: full batches, upper bounds for others.
    seed : of the shuffles, or None if it is a key of the grid. fits : a tuple of k Fit where `record` was given, else None.

    >>> import fastgd
    >>> table = fastgd.fit_many([1, 2, 3], [2.5, 4.5, 6.5], {"learning_rate": [0.01, 0.1]}, epochs=500)
    >>> table.cost.round(3), [status.name for status in table.status]
    (array([0.001, 0.   ]), ['MAX_EPOCHS', 'MAX_EPOCHS'])
    """

    columns: dict[str, list[Any]]
    w: Floats
    b: Floats
    cost: Floats
    status: tuple[Status, ...]
    epochs: np.ndarray[Any, Any]
    learning_rate: Floats
    max_learning_rate: Floats
    seed: int | None = None
    fits: tuple[Fit, ...] | None = None
    batch_size: int | None = None
    limit_of: int | None = None

    def __len__(self) -> int:
        return len(self.b)

    def __getitem__(self, row: int) -> dict[str, Any]:
        """Return a row: the grid's keys, w, b, cost, status, epochs."""
        named = {name: values[row] for name, values in self.columns.items()}
        w = float(self.w[row]) if self.w.ndim == 1 else self.w[row]
        return named | {
            "w": w, "b": float(self.b[row]), "cost": float(self.cost[row]), "status": self.status[row].name,
            "epochs": int(self.epochs[row]),
        }  # fmt: skip

    @property
    def best_row(self) -> int:
        """The number of the row with the least cost among those that did not diverge; the first of several.

        >>> import fastgd
        >>> fastgd.fit_many([1, 2, 3], [2.5, 4.5, 6.5], {"learning_rate": [0.01, 0.1]}, epochs=500).best_row
        1
        """
        good = np.array([status is not Status.DIVERGED for status in self.status]) & np.isfinite(self.cost)
        if not good.any():
            raise ValueError("no descent of the table has a best: all of them diverged; use smaller learning rates")
        return int(np.argmin(np.where(good, self.cost, np.inf)))

    @property
    def best(self) -> dict[str, Any]:
        """The row with the least cost among those that did not diverge.

        >>> import fastgd
        >>> fastgd.fit_many([1, 2, 3], [2.5, 4.5, 6.5], {"learning_rate": [0.01, 0.1]}, epochs=500).best["learning_rate"]
        0.1
        """
        return self[self.best_row]

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the columns as lists, one entry a row; pandas.DataFrame takes it as it is.

        >>> import fastgd
        >>> list(fastgd.fit_many([1, 2, 3], [2.5, 4.5, 6.5], {"learning_rate": [0.01, 0.1]}, epochs=500).to_dict())
        ['learning_rate', 'w', 'b', 'cost', 'status', 'epochs']
        """
        return {
            **{name: list(values) for name, values in self.columns.items()},
            "w": self.w.tolist() if self.w.ndim == 1 else list(self.w),
            "b": self.b.tolist(),
            "cost": self.cost.tolist(),
            "status": [status.name for status in self.status],
            "epochs": self.epochs.tolist(),
        }

    def plot(self, ax: "Axes | None" = None, kind: str | None = None) -> "Axes":
        """Draw the final cost against the learning rate ("rate") or as a heat map over two keys ("heat"); returns the Axes.

        kind None is "heat" where two keys vary, else "rate".
        """
        from . import tableplots

        varying = [name for name, values in self.columns.items() if len({repr(value) for value in values}) > 1]
        if kind is None:
            kind = "heat" if len(varying) == 2 else "rate"
        if kind == "heat":
            if len(varying) != 2:
                raise ValueError(f"kind is 'heat': it needs two keys that vary, and {len(varying)} do; use 'rate'")
            return tableplots.heat(self, varying[0], varying[1], ax)
        if kind == "rate":
            return tableplots.rate(self, ax)
        raise ValueError(f"kind is {kind!r}: it must be 'rate', 'heat' or None")

    def __repr__(self) -> str:
        counts = {status: self.status.count(status) for status in Status}
        said = ", ".join(f"{count} {status.name}" for status, count in counts.items() if count)
        try:
            row = self.best
            best = ", ".join(
                f"{name}={float(row[name]):.6g}" if isinstance(row[name], float) else f"{name}={row[name]!r}"
                for name in self.columns
            )
            best = f"; best {best}, cost {row['cost']:.6g}"
        except ValueError:
            best = ""
        return f"FitTable({len(self)} fits over {', '.join(self.columns)}: {said}{best})"
