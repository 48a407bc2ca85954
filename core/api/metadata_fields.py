"""Fields of forms for the caller's own notes."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.fields import ReferenceField
from core.api.openapi import PLAIN_LINE, PLAIN_TEXT
from core.caller_notes import MOST_KEYS

_NOTE: Final = {"maxLength": 500, "pattern": PLAIN_TEXT}
_METADATA: Final = {
    "type": "object",
    "maxProperties": MOST_KEYS,
    "propertyNames": {"minLength": 1, "maxLength": 40, "pattern": PLAIN_LINE},
}


@extend_schema_field(
    {**_METADATA, "additionalProperties": {"type": "string", **_NOTE}},
)
class MetadataField(serializers.DictField):
    """The caller's own notes: flat, at most 20 keys of 40 characters, texts of at most 500."""

    child = ReferenceField(max_length=500, allow_blank=True)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        """Return the notes, or the first thing wrong with them."""
        if isinstance(data, Mapping):
            if len(data) > MOST_KEYS or any(not 1 <= len(str(key)) <= 40 for key in data):
                raise serializers.ValidationError(
                    "At most 20 keys of 1 to 40 characters.", code="out_of_range"
                )
            if any(unicodedata.category(char) in {"Cc", "Cs"} for key in data for char in str(key)):
                raise serializers.ValidationError(
                    "A key holds control characters.", code="control_characters"
                )
        clean: dict[str, str] = super().to_internal_value(data)
        return clean


@extend_schema_field({**_METADATA, "additionalProperties": {"type": ["string", "null"], **_NOTE}})
class MetadataChangesField(MetadataField):
    """Changes to the caller's own notes.

    A key that is not named stays as it is, and null removes one.
    """

    child = ReferenceField(max_length=500, allow_blank=True, allow_null=True)
