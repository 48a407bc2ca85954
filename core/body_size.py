"""How large the body of a request may be: a view declares it, the parsers and the edge keep to it.

A view of the REST framework has the attribute `body_limit`. A plain view has the decorator
`accept_body`. A view that declares nothing takes no more than the ordinary limit of JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, ParamSpec

from django.http import HttpResponse

P = ParamSpec("P")
View = Callable[P, HttpResponse]

FORM_OVERHEAD: Final = 2**16
"""Bytes on top of what a view declares: boundaries, part headers and short fields of a form."""

_LIMIT: Final = "body_limit"
_EXPLAINS: Final = "explains_large_bodies"
_COUNTED: Final = "counted_as"


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimit:
    """What a view declares of the bodies that it takes."""

    max_bytes: int
    """Bytes, without the overhead of a form."""

    explained_by_view: bool = False
    """Whether the view answers a body over the limit itself, by the length that was declared."""


def accept_body(
    limit: int, *, explained_by_view: bool = False, counted_as: str | None = None
) -> Callable[[View[P]], View[P]]:
    """Declare that a plain view takes bodies of up to `limit` bytes, as the outermost decorator.

    `counted_as` is the kind under which its callers are counted by address.
    """

    def declare(view: View[P]) -> View[P]:
        setattr(view, _LIMIT, limit)
        setattr(view, _EXPLAINS, explained_by_view)
        setattr(view, _COUNTED, counted_as)
        return view

    return declare


def parse_content_length(text: str | None) -> int | None:
    """Return the length that `Content-Length` declares, 0 for what is no number, None for None."""
    # The edge and all parsers ask here: a length that two of them read in two ways is a body that
    # one of them does not see.
    if text is None:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def find_limit(view: Any) -> BodyLimit | None:
    """Return what a view declares, or None.

    `view` is what a route calls: a function, or what `as_view` makes of a class.
    """
    declaring = getattr(view, "cls", view)
    declared = getattr(declaring, _LIMIT, None)
    if declared is None:
        return None
    return BodyLimit(max_bytes=declared, explained_by_view=getattr(declaring, _EXPLAINS, False))
