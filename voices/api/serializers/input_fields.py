"""Fields of forms about speech and voices: texts to speak, transcripts, numbers, audio."""

from __future__ import annotations

import base64
import binascii
import math
import unicodedata
from typing import Any, Final

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core import shown_text
from core.api.fields import TextField, WordField
from core.errors import TooLarge
from voices.api.serializers.text_markup import find_markup

MOST_CHARACTERS: Final = 5_000
_LAYOUT: Final = frozenset("\n\r\t")
_MARKUP: Final = {
    "ssml_unsupported": (
        "`{words}` is markup (SSML), which would be read aloud. Send the words alone."
    ),
    "voice_in_text": (
        "`{words}` names another voice or a control word inside the text. Send the words alone, "
        "and each voice's words in a call of their own."
    ),
}


class SpokenTextField(serializers.CharField):
    """A text to speak: 1 to 5000 characters, without markup, names of voices and control
    characters, and not only letters that draw nothing.

    Line ends and tabs may stand in it.
    """

    default_error_messages = {"max_length": "At most {max_length} characters."}

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, max_length=MOST_CHARACTERS, **options)

    def to_internal_value(self, data: Any) -> str:
        """Return the text."""
        if not isinstance(data, str):
            raise serializers.ValidationError("This must be a text.", code="invalid")
        text = super().to_internal_value(data)
        if not shown_text.draws_ink(text):
            raise serializers.ValidationError("There is nothing to speak.", code="blank")
        if any(unicodedata.category(char) in {"Cc", "Cs"} and char not in _LAYOUT for char in text):
            raise serializers.ValidationError(
                "The text holds control characters.", code="control_characters"
            )
        if markup := find_markup(text):
            raise serializers.ValidationError(
                _MARKUP[markup.code].format(words=markup.words), code=markup.code
            )
        return text


class TranscriptField(TextField):
    """What is said in a recording: for engines, and for no person to read."""


class NumberField(serializers.FloatField):
    """A finite JSON number. Texts and booleans are none."""

    def to_internal_value(self, data: Any) -> float:
        """Return the number."""
        if (
            isinstance(data, bool)
            or not isinstance(data, int | float)
            or abs(data) > 1e9
            or not math.isfinite(data)
        ):
            raise serializers.ValidationError("This must be a number.", code="invalid")
        return float(data)


@extend_schema_field(
    {
        "type": "string",
        "contentEncoding": "base64",
        "contentMediaType": "audio/*",
        "pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
    }
)
class Base64AudioField(serializers.Field[bytes, Any, str, Any]):
    """Audio in base64 (RFC 4648, section 4), bounded by the upload limit.

    No bytes at all are a sample's problem.
    """

    def to_internal_value(self, data: Any) -> bytes:
        """Return the bytes. Raises TooLarge, as for an upload that is no JSON."""
        text = data if isinstance(data, str) else "%"
        limit = settings.SAYSO_MAX_UPLOAD_BYTES
        if len(text) > limit * 4 // 3 + 4:
            raise TooLarge(f"A sample is over {limit} bytes.")
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            detail = (
                "This is a data URL. Send what stands behind its comma alone."
                if text.startswith("data:")
                else "This is not base64 of RFC 4648, section 4, without line ends."
            )
            raise serializers.ValidationError(detail, code="invalid_base64") from error

    def to_representation(self, value: bytes) -> str:
        """Return the bytes in base64."""
        return base64.b64encode(value).decode("ascii")


def code_field(max_length: int = 64, **options: Any) -> WordField:
    """Return a field for a code or an id of at most `max_length` characters."""
    return WordField(max_length=max_length, **options)
