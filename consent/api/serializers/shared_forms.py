"""Parts of the forms of consent: codes in lists."""

from __future__ import annotations

from typing import Any

from core.api.fields import BoundedListField, CodeField, WordField

Style = dict[str, Any]
"""What `core.api.openapi.describe_field` returns."""


def code_list(
    words: Style, *, limit: int = 100, length: int = 64, **options: Any
) -> BoundedListField:
    """Make a list of short codes, which the OpenAPI document describes by `words`."""
    return BoundedListField(child=CodeField(max_length=length, style=words), limit=limit, **options)


def word_list(words: Style, *, limit: int = 100, **options: Any) -> BoundedListField:
    """Make a list of codes that the service judges in whatever letters they are written.

    The OpenAPI document describes them by `words`.
    """
    return BoundedListField(child=WordField(max_length=64, style=words), limit=limit, **options)
