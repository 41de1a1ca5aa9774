"""The command line: read the arguments, call the library, print. A command is a function and a few lines in `_parser`."""

import argparse
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from . import __version__
from .checks import nearest
from .clioptions import (
    MOST_ROWS,
    Parser,
    add_arguments,
    add_output,
    add_rows,
    arguments_of,
    real,
    rows_of,
    whole,
    writable,
)
from .names import said


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Parameters
    ----------
    arguments : the words after `fastgd`, or None: those of this process.

    Returns
    -------
    0 if all is well, 1 if a fit diverged or a number of the tour differs, 2 for bad input, 130 after Ctrl-C.
    """
    try:
        chosen = _chosen(arguments)
        with _warnings_as_lines():
            code: int = chosen.run(chosen)
        sys.stdout.flush()
        return code
    except SystemExit as ended:  # argparse has said what there is to say
        return int(ended.code or 0)
    except KeyboardInterrupt:
        return _fail("stopped", 130)
    except BrokenPipeError:  # the reader of a pipe has gone, as `head` does
        _close_output()
        return 1
    except MemoryError:
        return _fail("this needs more memory than there is: ask for fewer rows or cells, or leave out --load", 2)
    except (ValueError, TypeError, OSError, ImportError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # not one of the library's sentences: standard output's
            _close_output()
            return _fail(f"{error.filename or 'standard output'} cannot be written: {str(error.strerror).lower()}", 2)
        return _fail(" ".join(str(error).split()), 2)


def _close_output() -> None:
    """Python must not flush into what cannot be written at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _chosen(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The arguments, parsed; files may stand behind options, too."""
    chosen, rest = _parser().parse_known_args(arguments)
    if hasattr(chosen, "files"):
        chosen.files += [word for word in rest if not word.startswith("-")]
        rest = [word for word in rest if word.startswith("-")]
    if rest:
        known = [option for action in chosen.parser._actions for option in action.option_strings if len(option) > 2]
        word = rest[0].split("=")[0]
        chosen.parser.error(f"unrecognized arguments: {' '.join(rest)}{nearest(word, known)}")
    return chosen


def _parser() -> argparse.ArgumentParser:
    from .descent import fit
    from .explorer import explore
    from .limits import stability
    from .surface import sweep

    parser = Parser(prog="fastgd", description="Gradient descent at the speed of one pass over the data.")
    parser.add_argument("--version", action="version", version=f"fastgd {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="command", required=True)

    one = _command(commands, "fit", _fit, "fit y = x.w + b by gradient descent",
                   "Fit a linear model. The exit code is 1 if the descent diverged.")  # fmt: skip
    add_rows(one)
    add_arguments(one, fit)
    one.add_argument("--resume", metavar="IN", help="go on from where a saved fit stands, as it was run")
    one.add_argument("--save", type=writable, metavar="OUT", help="save the fit as .npz, for Fit.load and --resume")
    add_output(one, "the cost against the epoch")
    one.add_argument("--history", action="store_true", help="with --json: the cost, w and b of every epoch, too")

    two = _command(commands, "sweep", _sweep, "the cost over a range of w, of b, or of both",
                   "Work out the cost over a grid, and its minimum. An axis is START STOP COUNT; a number is fixed; auto "
                   "is a range around the minimum.")  # fmt: skip
    add_rows(two)
    two.add_argument("--w", nargs="+", metavar="V", help="START STOP COUNT, a number, or auto (the default)")
    two.add_argument("--b", nargs="+", metavar="V", help="START STOP COUNT, a number (0 by default), or auto")
    two.add_argument("--feature", metavar="COL", help="of several columns the one whose w is swept")
    add_arguments(two, sweep)
    two.add_argument("--seed", type=whole(0), default=None, metavar="SEED", help="of synthetic rows (0)")
    add_output(two, "the curve or the contour")

    three = _command(commands, "stability", _stability, "which learning rates work, and why not larger ones",
                     "Say which learning rates work on the columns, before any y is known.")  # fmt: skip
    add_rows(three, target=False)
    add_arguments(three, stability)
    three.add_argument("--learning-rate", type=real, dest="rate", metavar="RATE", help="a rate to judge")
    three.add_argument("--seed", type=whole(0), default=None, metavar="SEED", help="of synthetic rows (0)")
    add_output(three, "the zones of learning rates")

    page = _command(commands, "explore", _explore, "an HTML page that descends live, of any number of rows",
                    "Write one self-contained HTML page on which the descent can be explored in a browser.")  # fmt: skip
    add_rows(page)
    page.add_argument("--out", type=writable, default="explore.html", metavar="OUT", help="the page (%(default)s)")
    page.add_argument("--title", metavar="TEXT", help="of the page")
    page.add_argument("--momentum", type=real, default=0.0, metavar="M", help="what it begins with (0)")
    page.add_argument("--feature", metavar="COL", help="of several columns the one whose w is explored")
    add_arguments(page, explore)
    add_output(page)

    tour = _command(commands, "tour", _tour, "the textbook's numbers beside ours, penguins, and many rows; writes pictures",
                    "Walk through the textbook, the penguins and many made-up rows; write pictures and report.md. "
                    "The exit code is 1 if a number differs from the textbook's.")  # fmt: skip
    tour.add_argument("--out", type=Path, default=Path("fastgd-tour"), help="folder to write to (%(default)s)")
    tour.add_argument("--rows", type=whole(1, MOST_ROWS), default=10_000_000, help="made-up rows to time (%(default)s)")
    return parser


def _command(commands: Any, name: str, run: Any, brief: str, description: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(name, help=brief, description=description)
    made.set_defaults(run=run, parser=made)
    return made


def _fit(chosen: argparse.Namespace) -> int:
    from . import clireport
    from .descent import fit
    from .results import Fit, Status

    options = arguments_of(chosen, fit) | {"progress": chosen.progress}
    if "w0" in options and len(options["w0"]) == 1 and len(chosen.x or chosen.w_true or [0]) == 1:
        options["w0"] = options["w0"][0]
    begun = None if chosen.resume is None else Fit.load(chosen.resume)
    options |= _order(options, begun, chosen.load)
    source = rows_of(chosen)
    result = fit(source, None, **options) if begun is None else begun.resume(source, None, **options)
    if chosen.save is not None:
        result.save(chosen.save)
    if chosen.plot is not None:
        clireport.draw(result, chosen.plot)
    if chosen.json:
        print(clireport.as_json(result, result.explain(), history=chosen.history))
    else:
        notes = _notes(source)
        if result.batch_size is not None and not chosen.load:
            notes.append("rows were taken in the order given; --load lets them be shuffled")
        print(clireport.of_fit(result, _count(source), notes))
    return 1 if result.status is Status.DIVERGED else 0


def _order(options: dict[str, Any], begun: Any, loaded: bool) -> dict[str, str]:
    """What `shuffle` is to be where it is not said: rows that are not in memory have one order, but any can be put aside."""
    if "shuffle" in options:
        if options["shuffle"] in ("each", "once") and not loaded:
            raise ValueError(f"--shuffle {options['shuffle']} needs the rows in memory: add --load, or use --shuffle none")
        return {}
    batches = options.get("batch_size", None if begun is None else begun.batch_size) is not None
    in_order = not loaded if begun is None or begun.settings is None else begun.settings.shuffle == "none"
    if "validation" in options and in_order:
        if batches:
            raise ValueError(
                "--validation puts random rows aside, and these batches take the rows in their order: add --load"
                + (" and --shuffle each" if begun is not None else "")
                + ", or --shuffle none, which puts the last rows aside"
            )
        return {"shuffle": "each"}
    return {} if loaded or begun is not None else {"shuffle": "none"}


def _sweep(chosen: argparse.Namespace) -> int:
    from . import clireport
    from .surface import sweep

    axes = {name: _axis(getattr(chosen, name), f"--{name}") for name in ("w", "b") if getattr(chosen, name)}
    source = rows_of(chosen)
    feature = None if chosen.feature is None else _feature(chosen.feature, source.table().names)
    options = arguments_of(chosen, sweep) | axes | {"progress": chosen.progress, "feature": feature}
    found = sweep(source, None, **options)
    if chosen.plot is not None:
        clireport.draw(found, chosen.plot)
    print(clireport.as_json(found) if chosen.json else clireport.of_sweep(found, _count(source), _notes(source)))
    return 0


def _stability(chosen: argparse.Namespace) -> int:
    from . import clireport
    from .limits import stability

    source = rows_of(chosen)
    found = stability(source, **arguments_of(chosen, stability), progress=chosen.progress)
    if chosen.plot is not None:
        clireport.draw(found, chosen.plot)
    if chosen.json:
        verdict = {} if chosen.rate is None else {"learning_rate": chosen.rate, "verdict": found.verdict(chosen.rate)}
        print(clireport.as_json(found, found.explain(), **verdict))
    else:
        print(clireport.of_stability(found, _count(source), chosen.rate, _notes(source)))
    return 0


def _explore(chosen: argparse.Namespace) -> int:
    import json

    from .explorer import explore

    source = rows_of(chosen)
    feature = None if chosen.feature is None else _feature(chosen.feature, source.table().names)
    options = arguments_of(chosen, explore) | {"progress": chosen.progress, "feature": feature}
    if "w0" in options:
        if len(options["w0"]) != 1:
            raise ValueError(f"--w0 has {len(options['w0'])} values: a page explores one weight, so it must be one number")
        options["w0"] = options["w0"][0]
    page = explore(source, None, chosen.out, momentum=chosen.momentum, title=chosen.title, **options)
    facts = {"path": str(page.path), "title": page.title, "bytes": len(page.html.encode())}
    print(json.dumps(facts) if chosen.json else f"wrote {page.path} ({len(page.html) / 1000:.0f} kB): open it in a browser")
    return 0


def _tour(chosen: argparse.Namespace) -> int:
    from . import tour

    try:
        checks = tour.walk(chosen.out, chosen.rows, echo=partial(print, flush=True))
    except BrokenPipeError:
        raise
    except OSError as error:
        return _fail(f"cannot write to {error.filename or chosen.out}: {error.strerror}; choose another --out", 2)
    except MemoryError:
        return _fail(f"--rows {chosen.rows}: that many rows do not fit in memory; ask for fewer", 2)
    return 0 if all(check.agrees for check in checks) else 1


def _axis(words: list[str], option: str) -> Any:
    """START STOP COUNT, a number, or auto."""
    import numpy as np

    if words == ["auto"]:
        return None
    try:
        if len(words) == 1:
            return real(words[0])
        if len(words) == 3:
            return np.linspace(real(words[0]), real(words[1]), whole(1, 10**9)(words[2]))
    except argparse.ArgumentTypeError as error:
        raise ValueError(f"{option}: {error}") from None
    raise ValueError(f"{option} has {len(words)} values: it must be START STOP COUNT, a number, or auto")


def _feature(name: str, names: tuple[str, ...] | None) -> int:
    if names is not None and name in names:
        return names.index(name)
    if names is None and name.isdecimal():
        return int(name)
    known = "features are numbered from 0"
    if names is not None:
        known = f"the columns are {', '.join(map(said, names))}{nearest(name, names)}"
    raise ValueError(f"--feature is {name!r}: {known}")


def _count(source: Any) -> int | None:
    """The number of rows, where it is known."""
    rows: int | None = getattr(source, "rows", getattr(source, "n", None))
    return rows


def _notes(source: Any) -> list[str]:
    dropped = getattr(source, "dropped", 0)
    return [f"{dropped:,} rows with a missing value were left out"] if dropped else []


@contextmanager
def _warnings_as_lines() -> Iterator[None]:
    """Warnings on lines of their own, save those whose sentence the report has."""
    from .results import ConvergenceWarning, DivergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        for known in (ConvergenceWarning, DivergenceWarning):
            warnings.simplefilter("ignore", known)
        warnings.showwarning = lambda message, *_: print(f"fastgd: {message}", file=sys.stderr)
        yield


def _fail(sentence: str, code: int) -> int:
    print(f"fastgd: {sentence}", file=sys.stderr)
    return code
