"""Parts of the forms of consent: codes in lists, and the caller's own notes."""

from __future__ import annotations

from typing import Any

from core.api.fields import Bounded, CodeField, Metadata, Reference, Word
from core.api.serializers import StrictSerializer


def code_list(limit: int = 100, length: int = 64, **options: Any) -> Bounded:
    """Make a list of short codes."""
    return Bounded(child=CodeField(max_length=length), limit=limit, **options)


def word_list(limit: int = 100, **options: Any) -> Bounded:
    """Make a list of codes that the service judges in whatever letters they are written."""
    return Bounded(child=Word(max_length=64), limit=limit, **options)


class DescribedForm(StrictSerializer):
    """Holds the caller's own id and notes."""

    external_id = Reference(max_length=200, required=False, allow_blank=True)
    metadata = Metadata(required=False)
