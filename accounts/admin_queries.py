"""Limits on what the address of an admin list may ask of the database. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

# Page, order, search, everything on one page, and Django's own mark of a refused address.
PARAMETERS: Final = frozenset({"p", "o", "q", "all", "e"})
_FILTER: Final = ("", "__exact", "__isnull")
_DATE: Final = ("__year", "__month", "__day")
MOST_WORDS: Final = 5
MOST_CHARACTERS: Final = 100


def may_ask(lookup: str, *, filters: Iterable[object], dates: str | None) -> bool:
    """Return whether a list with these `filters` and the date field `dates` may use `lookup`.

    A filter is the name of a field, or a class that reads one parameter and makes its own query.
    """
    # Django takes any look-up on any local field of a model from the address of a list. That would
    # read a password hash letter by letter (`password__startswith`), and on SQLite a regular
    # expression stops the whole process.
    chosen = list(filters)
    fields = [name for name in chosen if isinstance(name, str)]
    allowed = {f"{name}{suffix}" for name in fields for suffix in _FILTER} | PARAMETERS
    allowed |= {str(kind.parameter_name) for kind in chosen if hasattr(kind, "parameter_name")}
    if dates:
        allowed |= {f"{dates}{suffix}" for suffix in _DATE}

    return lookup in allowed


def may_search(query: str) -> bool:
    """Return whether a search is within bounds."""
    # Every word is a scan of the table.
    return len(query) <= MOST_CHARACTERS and len(query.split()) <= MOST_WORDS
