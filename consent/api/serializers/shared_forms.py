"""Parts of the forms of consent: codes in lists, and the caller's own notes."""

from __future__ import annotations

from typing import Any

from core.api.fields import BoundedListField, CodeField, MetadataField, ReferenceField, WordField
from core.api.serializers import StrictSerializer


def code_list(limit: int = 100, length: int = 64, **options: Any) -> BoundedListField:
    """Make a list of short codes."""
    return BoundedListField(child=CodeField(max_length=length), limit=limit, **options)


def word_list(limit: int = 100, **options: Any) -> BoundedListField:
    """Make a list of codes that the service judges in whatever letters they are written."""
    return BoundedListField(child=WordField(max_length=64), limit=limit, **options)


class DescribedFormSerializer(StrictSerializer):
    """Holds the caller's own id and notes."""

    external_id = ReferenceField(max_length=200, required=False, allow_blank=True)
    metadata = MetadataField(required=False)
