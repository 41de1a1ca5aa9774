"""Names that were meant: what an error suggests where a name is none of those allowed."""

import difflib
from collections.abc import Iterable
from typing import Any


def nearest(given: Any, names: Iterable[str]) -> str:
    """ " (did you mean 'adam'?)" for a name that is nearly one of those allowed, else nothing."""
    found = difflib.get_close_matches(given.lower(), list(names), 1) if isinstance(given, str) else []
    return f" (did you mean {found[0]!r}?)" if found else ""
