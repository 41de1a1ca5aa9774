"""Columns by their names: how they are said, and in which order those of a second data set are to be read.

Names are what a frame calls its columns. A frame that numbers them from 0 on was given no names, and its features are said
as those of an array, x[j]; but that numbering tells when such a frame's columns have been put into another order.
"""

import re

Names = tuple[str, ...]

_UNCLEAR = re.compile(r"""[\d\s+\-.'"]|(nan|inf|infinity)?$|.*([\x00-\x1f\x7f]|\s$|\s[+-]\s)""", re.DOTALL | re.IGNORECASE)


def said(name: str) -> str:
    """A name as it stands in a sentence or a formula: quoted where it could be taken for a number or for a sum."""
    return repr(name) if _UNCLEAR.match(name) else name


def numbered(names: Names) -> bool:
    """Whether these are the numbers that a frame gives to columns without names."""
    return all(name == str(j) for j, name in enumerate(names))


def labels(names: Names | None, d: int, flat: bool) -> Names:
    """What features are called: by their columns' names, or x, or x[j]."""
    if names is not None and not numbered(names):
        return tuple(map(said, names))
    return ("x",) if flat else tuple(f"x[{j}]" for j in range(d))


def order_like(names: Names | None, others: Names | None, whose: str, first: str) -> list[int] | None:
    """Where each of the first's columns is among the other's; None where they are as they should be, or cannot be told.

    Raises ValueError where they are not the same columns.
    """
    if names is None or others is None or names == others:
        return None
    if (numbered(names) or numbered(others)) and not all(name.isdecimal() for name in (*names, *others)):
        return None  # one of them has no names
    for columns, owner in ((others, whose), (names, first)):
        if len(set(columns)) < len(columns):
            twice = next(name for j, name in enumerate(columns) if name in columns[:j])
            raise ValueError(
                f"{owner} has two columns named {twice!r}, and the columns of {whose} and of {first} are not "
                "the same in one order: give every column a name of its own"
            )
    place = {name: j for j, name in enumerate(others)}
    known = set(names)
    missing, new = [name for name in names if name not in place], [name for name in others if name not in known]
    if missing or new:
        parts = [f"lacks {_listed(missing)}"] * bool(missing) + [f"has {_listed(new)}"] * bool(new)
        raise ValueError(f"{whose} {' and '.join(parts)}, unlike {first}: both must have the same columns, in any order")
    return [place[name] for name in names]


def _listed(names: list[str]) -> str:
    """A few names, quoted, and how many more there are."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"the column{'s' if len(names) > 1 else ''} {', '.join(map(repr, names[:5]))}{more}"
