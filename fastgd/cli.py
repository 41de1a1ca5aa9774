"""The command line: read the arguments, call the library, print. A command is a function and a few lines in `_parser`."""

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

from . import __version__

_MOST_ROWS = 10**12  # 16 TB: beyond, the number is a slip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Parameters
    ----------
    arguments : the words after `python -m fastgd`, or None: those of this process.

    Returns
    -------
    0 if all is well, 1 if a result is not what it should be, 2 for bad input, 130 after Ctrl-C.
    """
    try:
        chosen = _parser().parse_args(arguments)
        code: int = chosen.run(chosen)
        sys.stdout.flush()
        return code
    except SystemExit as ended:  # argparse has said what there is to say
        return int(ended.code or 0)
    except KeyboardInterrupt:
        return _fail("stopped", 130)
    except BrokenPipeError:  # the reader of a pipe has gone, as `head` does; Python must not flush into it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence, without the usage above it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m fastgd", description="Gradient descent at the speed of one pass over the data.")
    parser.add_argument("--version", action="version", version=f"fastgd {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="command", required=True)
    tour = commands.add_parser(
        "tour",
        help="the textbook's numbers beside ours, penguins, and many rows; writes pictures and a report",
        description="Walk through the textbook, the penguins and many made-up rows; write pictures and report.md. "
        "The exit code is 1 if a number differs from the textbook's.",
    )
    tour.add_argument("--out", type=Path, default=Path("fastgd-tour"), help="folder to write to (%(default)s)")
    tour.add_argument("--rows", type=_rows, default=10_000_000, help="made-up rows to time (%(default)s)")
    tour.set_defaults(run=_tour)
    return parser


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


def _rows(text: str) -> int:
    try:
        rows = int(text)
    except ValueError:
        rows = 0
    if not 1 <= rows <= _MOST_ROWS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {_MOST_ROWS:,}")
    return rows


def _fail(sentence: str, code: int) -> int:
    print(f"fastgd: {sentence}", file=sys.stderr)
    return code
