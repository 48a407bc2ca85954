"""Fields of filters that take the id of an object."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from core import ids
from core.api.fields import TextField
from core.api.openapi import describe_id
from core.ids import Prefix


class IdField(TextField):
    """The id of an object of one kind, by which a list is narrowed.

    An id of another kind is refused, because the list would be empty without a word.
    """

    def __init__(self, prefix: Prefix, **options: Any) -> None:
        self._prefix: Prefix = prefix
        super().__init__(max_length=64, style=describe_id(prefix), **options)

    def to_internal_value(self, data: Any) -> str:
        """Return the id. There may be no object of it."""
        text = super().to_internal_value(data)
        if not ids.is_id(text, self._prefix):
            detail = f"This must be an id that begins with `{self._prefix}_`."
            raise serializers.ValidationError(detail, code="invalid")

        return text
