"""The options of the command line: where the rows come from, and the arguments of the functions that take them.

An option that is not given is not passed on, so every default is the library's own.
"""

import argparse
import inspect
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from .blocks import Arrays, Source, Table
from .checks import nearest
from .optimizers import RULES
from .schedules import SCHEDULES

MOST_ROWS = 10**12  # 16 TB: beyond, the number is a slip

Options = dict[str, Any]


class Once(argparse.Action):
    """What an option does that has one value, or is a flag: it is kept, and a second one is refused and never wins."""

    def __call__(self, _: Any, namespace: argparse.Namespace, values: Any, option_string: str | None = None) -> None:
        """Keep the value of an option that has not been given yet."""
        if option_string is not None:
            given = namespace.__dict__.setdefault("given", set())
            if self.dest in given:
                raise argparse.ArgumentError(self, "given twice, and only one can hold: give it once")
            given.add(self.dest)
        setattr(namespace, self.dest, self.const if self.nargs == 0 else values)


def _flag(value: bool) -> Callable[..., Once]:
    def made(option_strings: Sequence[str], dest: str, default: Any = not value, **rest: Any) -> Once:
        return Once(option_strings, dest, nargs=0, const=value, default=default, **rest)

    return made


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence, without the usage above it; lists are extended by `action="extend"`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)
        for name, action in ((None, Once), ("store", Once), ("store_true", _flag(True)), ("store_false", _flag(False))):
            self.register("action", name, action)
        # argparse takes -1e3 for an option: it knows no exponents.
        self._negative_number_matcher = re.compile(r"-\.?\d")

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and end."""
        self.exit(2, f"fastgd: {message}; see {self.prog} --help\n")


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """What reads a whole number within bounds."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most):
            bounds = f"from {least} to {most:,}" if most is not None else f"of {least} or above"
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number {bounds}")
        return value

    return read


def real(text: str) -> float:
    """Read a number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def _word_or(word: str, meaning: Any, read: Callable[[str], Any]) -> Callable[[str], Any]:
    def either(text: str) -> Any:
        return meaning if text == word else read(text)

    return either


def _named(classes: dict[str, Any], name: str) -> Callable[[str], Any]:
    """What reads the name of a rule, or NAME:number=value,... for one with other numbers than usual."""

    def read(text: str) -> Any:
        rule, _, rest = text.partition(":")
        if rule not in classes:
            raise argparse.ArgumentTypeError(f"{rule!r} is none of {', '.join(classes)}{nearest(rule, classes)}")
        allowed = list(inspect.signature(classes[rule]).parameters)
        numbers: Options = {}
        for part in rest.split(",") if rest else []:
            key, _, value = part.partition("=")
            if key not in allowed:
                said = f"{', '.join(allowed)}{nearest(key, allowed)}" if allowed else "nothing"
                raise argparse.ArgumentTypeError(f"{key!r} is no number of {rule!r}, which has {said}")
            numbers[key] = value if key == "then" else int(value) if value.isdecimal() else real(value)
        try:
            return classes[rule](**numbers)
        except (TypeError, ValueError) as error:
            raise argparse.ArgumentTypeError(f"{name} {rule!r}: {error}") from None

    return read


FIT: dict[str, Options] = {
    "batch_size": {
        "type": _word_or("full", None, whole(1)), "metavar": "ROWS",
        "help": "rows of an update: full (the default), 1 is stochastic gradient descent, a number is mini-batch",
    },
    "learning_rate": {"type": _word_or("auto", "auto", real), "metavar": "RATE", "help": "a number above 0, or auto"},
    "epochs": {"type": whole(0), "metavar": "EPOCHS", "help": "passes over the rows"},
    "w0": {
        "type": real, "nargs": "+", "action": "extend", "metavar": "W",
        "help": "weights to start from, one for each column (0)",
    },
    "b0": {"type": real, "metavar": "B", "help": "bias to start from"},
    "bias": {"dest": "bias", "action": "store_false", "help": "fit no bias: b stays 0"},
    "loss": {"metavar": "LOSS", "help": "squared, absolute or huber"},
    "delta": {"type": real, "metavar": "DELTA", "help": "where the Huber loss turns linear, in units of y"},
    "l2": {"type": real, "metavar": "L2", "help": "the factor of the penalty l2 w.w"},
    "optimizer": {
        "type": _named(RULES, "optimizer"), "metavar": "RULE", "help": f"{', '.join(RULES)}; with numbers: adam:beta1=0.8"
    },
    "schedule": {
        "type": _named(SCHEDULES, "schedule"), "metavar": "SCHEDULE",
        "help": f"of the rate: {', '.join(SCHEDULES)}; with numbers: step:every=5,factor=0.1",
    },
    "shuffle": {
        "metavar": "WHEN",
        "help": "each, once or none; batches of rows not held in memory (see --load) come in their order: none, with which "
        "--validation puts the last rows aside",
    },
    "seed": {"type": whole(0), "metavar": "SEED", "help": "of the shuffles, and of synthetic rows"},
    "average": {"type": real, "metavar": "SHARE", "help": "w and b are the means over what follows this share of the run"},
    "standardize": {"action": "store_true", "help": "descend on standardised columns"},
    "tol": {"type": real, "metavar": "TOL", "help": "stop this near to the minimum, in units of the best constant's cost"},
    "validation": {"type": real, "metavar": "SHARE", "help": "the share of the rows to put aside and judge by: random ones"},
    "patience": {"type": whole(1), "metavar": "EPOCHS", "help": "stop if validation has not improved for so many epochs"},
    "record": {
        "type": _word_or("epoch", "epoch", _word_or("none", None, whole(1))), "metavar": "WHEN",
        "help": "history: epoch, a number of updates, or none",
    },
    "via": {"metavar": "WAY", "help": "moments (one pass, then no rows), data (walk them every epoch) or auto"},
    "threads": {"type": whole(1), "metavar": "N", "help": "threads that share the rows (all processors)"},
}  # fmt: skip
"""How each argument of `fit` is read; `x`, `y`, `sample_weight` and `progress` have options of their own."""


def add_arguments(parser: argparse.ArgumentParser, function: Callable[..., Any], names: tuple[str, ...] = ()) -> None:
    """Add an option for each argument of a function, or for some."""
    group = parser.add_argument_group("how")
    defaults = {name: part.default for name, part in inspect.signature(function).parameters.items()}
    for name, how in FIT.items():
        if name not in defaults or (names and name not in names):
            continue
        flag = "--no-bias" if name == "bias" else f"--{name.replace('_', '-')}"
        settings = dict(how)
        default = defaults[name]
        if default is not None and not isinstance(default, bool) and name != "shuffle":
            settings["help"] += f" ({default})"
        group.add_argument(flag, default=argparse.SUPPRESS, **settings)


def add_rows(parser: argparse.ArgumentParser, target: bool = True) -> None:
    """Add the options that say which rows: of files, or made."""
    rows = parser.add_argument_group("rows of files")
    rows.add_argument("files", nargs="*", metavar="FILE", help='.csv, .csv.gz, .parquet, .npy or .npz, or a pattern "*.csv"')
    rows.add_argument(
        "--x", nargs="+", action="extend", metavar="COL", help="the columns to predict from (of .npy: numbers from 0)"
    )
    if target:
        rows.add_argument("--y", metavar="COL", help="the column to predict")
    rows.add_argument("--weight", metavar="COL", help="the column of the rows' weights")
    rows.add_argument(
        "--missing", default="error", metavar="WHAT", help="rows with a missing value: error (the default) or drop"
    )
    rows.add_argument("--delimiter", default=",", metavar="C", help="what separates the cells of a CSV file (,)")
    rows.add_argument(
        "--escape",
        metavar="C",
        help="what makes text of a quote behind it in a CSV file, mostly a backslash (quotes are doubled)",
    )
    rows.add_argument("--multiline", action="store_true", help="cells of a CSV file may have several lines")
    rows.add_argument("--load", action="store_true", help="hold the rows in memory, so that they can be shuffled")
    made = parser.add_argument_group("or synthetic rows, y = x.w + b + noise, made when they are needed")
    made.add_argument("--synthetic", type=whole(1, 2**63 - 1), metavar="ROWS", help="how many")
    made.add_argument(
        "--w-true", type=real, nargs="+", action="extend", metavar="V", help="weights, one for each feature (2)"
    )
    for name, said in (
        ("--b-true", "the bias (0.5)"),
        ("--noise", "standard deviation of the noise (0.1)"),
        ("--outliers", "the share of rows with ten times the noise (0)"),
    ):
        made.add_argument(name, type=real, metavar="V", help=said)
    made.add_argument("--distribution", metavar="NAME", help="of the features: normal (the default) or uniform")


def add_output(parser: argparse.ArgumentParser, picture: str | None = None) -> None:
    """Add the options that say what becomes of the result."""
    group = parser.add_argument_group("what to show")
    group.add_argument("--json", action="store_true", help="one JSON object; NaN is null, infinity the string inf")
    if picture is not None:
        group.add_argument("--plot", type=_picture, metavar="OUT", help=f"draw {picture} into a .png, .svg or .pdf file")
    told = group.add_mutually_exclusive_group()
    told.add_argument("--progress", action="store_true", default=None, help="tell how far it is, not only on a terminal")
    told.add_argument("--quiet", action="store_false", dest="progress", help="do not tell how far it is")


def _picture(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise argparse.ArgumentTypeError(f"{text!r} must end in .png, .svg or .pdf")
    return writable(text)


def writable(text: str) -> Path:
    """A path whose folder is there: said before a long run and not behind it."""
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is a folder: give the path of a file")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text} cannot be written: {path.parent} does not exist")
    return path


def arguments_of(chosen: argparse.Namespace, function: Callable[..., Any]) -> Options:
    """The arguments of a function that were given."""
    names = inspect.signature(function).parameters
    return {name: value for name, value in vars(chosen).items() if name in names and name in FIT}


def rows_of(chosen: argparse.Namespace) -> Source:
    """The rows that were asked for, as a source.

    Raises ValueError for options that do not go together, and what `scan` and `Synthetic` raise.
    """
    source = _synthetic(chosen) if chosen.synthetic is not None else _scanned(chosen)
    return Loaded(source) if chosen.load else source


def _synthetic(chosen: argparse.Namespace) -> Source:
    from .sources import Synthetic

    for name, given in (
        ("FILE", chosen.files),
        ("--x", chosen.x),
        ("--y", getattr(chosen, "y", None)),
        ("--weight", chosen.weight),
    ):
        if given:
            raise ValueError(f"{name} is given, and so is --synthetic: rows are read from files or made, not both")
    w = chosen.w_true or [2.0]
    options = {
        "noise": chosen.noise,
        "outliers": chosen.outliers,
        "x": chosen.distribution,
        "seed": getattr(chosen, "seed", None),
    }
    options = {name: value for name, value in options.items() if value is not None}
    return Synthetic(
        chosen.synthetic, w[0] if len(w) == 1 else w, 0.5 if chosen.b_true is None else chosen.b_true, **options
    )


def _scanned(chosen: argparse.Namespace) -> Source:
    from .files import scan

    for name in ("w_true", "b_true", "noise", "outliers", "distribution"):
        if getattr(chosen, name) is not None:
            raise ValueError(f"--{name.replace('_', '-')} is given without --synthetic ROWS: it is about made-up rows")
    if not chosen.files:
        raise ValueError("no FILE is given: name it before --x, which takes every word behind it, or use --synthetic ROWS")
    if not chosen.x:
        raise ValueError("--x is not given: name the columns of the file to predict from")
    target = getattr(chosen, "y", chosen.x[0])  # where no y is needed, any column does
    if target is None:
        raise ValueError("--y is not given: name the column of the file to predict")
    numbered = all(str(file).lower().endswith(".npy") for file in chosen.files)
    columns = [_column(name, numbered) for name in [*chosen.x, target]]
    weight = None if chosen.weight is None else _column(chosen.weight, numbered)
    path = chosen.files[0] if len(chosen.files) == 1 else chosen.files
    x = columns[0] if len(chosen.x) == 1 else columns[:-1]
    form = {name: getattr(chosen, name) for name in ("missing", "delimiter", "escape", "multiline")}
    return scan(path, x=x, y=columns[-1], weight=weight, **form)


def _column(name: str, numbered: bool) -> str | int:
    return int(name) if numbered and name.isdecimal() else name


class Loaded(Source):
    """The rows of a source, held in memory."""

    def __init__(self, source: Source) -> None:
        import numpy as np

        rows = source.table()
        blocks = [piece.read() for piece in rows]
        x, y = (np.concatenate([block[column] for block in blocks]) for column in (1, 2))
        weight = np.concatenate([block.weight for block in blocks]) if rows.weighted else None
        self.rows = len(y)
        self._table = Arrays(flat=rows.flat, names=rows.names, target=rows.target, x=x, y=y, weight=weight)

    def table(self) -> Table:
        """Return the rows as a table."""
        return self._table
