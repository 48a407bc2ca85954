"""Parts of the OpenAPI document that every API shares: headers of answers, and what fields say of
themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, cast

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from core.ids import Prefix

SCHEMA: Final = "schema"
"""The entry of a field's `style` that the document reads."""
PATTERN: Final = "x-pattern"
"""Marks the pattern of a text that may be empty as well. It is in no served document."""
WORDS: Final = "x-words"
"""Marks a closed list of words in a schema with its name. It is in no served document."""
# The library takes rules of security, and its types know names alone.
OPTIONAL_KEY: Final = cast("list[str]", [{}, {"apiKey": []}])
"""The `auth` of a route for strangers where a key counts if one is sent."""
LANGUAGE_TAG: Final = r"^[A-Za-z]{2,8}([_-][A-Za-z0-9]{1,8})*$"
LANGUAGE_RANGE: Final = r"^(\*|[A-Za-z]{2,8}([_-]([A-Za-z0-9]{1,8}|\*))*)$"
TERRITORY: Final = r"^(\*|EEA|[A-Z]{2}(-[A-Z0-9]{1,3})?)$"
PLAIN_TEXT: Final = r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$"
"""A text without control characters, but for tabs and line ends."""
PLAIN_LINE: Final = r"^[^\x00-\x1f\x7f-\x9f]*$"
VISIBLE_CODE: Final = r"^[ -~]*$"
SPOKEN_TEXT: Final = (
    r"^[^\S\x0b\x0c\x1c-\x1f\x85]*[^\s\x00-\x1f\x7f-\x9f]"
    r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
)
"""A text with something else than blanks. Line ends of Windows may stand in it."""
DURATION: Final = (
    r"^P(?=[0-9T])([0-9]{1,4}W|([0-9]{1,4}Y)?([0-9]{1,5}M)?([0-9]{1,6}D)?"
    r"(T(?=[0-9])([0-9]{1,7}H)?([0-9]{1,9}M)?([0-9]{1,9}S)?)?)$"
)


def describe_field(*, example: object = None, **facts: Any) -> dict[str, Any]:
    """Return the `style` of a field: keywords of JSON Schema that the document adds to it."""
    return {SCHEMA: {**facts, **({} if example is None else {"examples": [example]})}}


def describe_words(name: str, words: Iterable[str], *, example: str) -> dict[str, Any]:
    """Return the `style` of a field that takes one of these words.

    The document has the list once, as the schema `name`. The service reads other spellings, too.
    """
    return describe_field(**{"enum": list(words), WORDS: name}, example=example)


def describe_id(prefix: Prefix) -> dict[str, Any]:
    """Return the `style` of a field that takes an id."""
    return describe_field(pattern=f"^{prefix}_[a-z2-7]{{26}}$")


def describe_polling(*statuses: int) -> OpenApiParameter:
    """Describe `Retry-After` in answers about something that may not be finished."""
    return OpenApiParameter(
        "Retry-After",
        {"type": "integer", "minimum": 1},
        OpenApiParameter.HEADER,
        description="Seconds until it is worth asking again, while it is not finished.",
        response=list(statuses),
    )


def describe_header(name: str, description: str, *statuses: int) -> OpenApiParameter:
    """Describe a header that answers with these statuses carry."""
    return OpenApiParameter(
        name,
        OpenApiTypes.STR,
        OpenApiParameter.HEADER,
        description=description,
        response=list(statuses),
    )
