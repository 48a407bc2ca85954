"""What the API of voices takes: forms that validate and know nothing else."""

from __future__ import annotations

import base64
import binascii
import math
import unicodedata
from typing import Any, Final

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from core import canonical_json
from core.api.fields import (
    Bounded,
    Choice,
    Flag,
    Metadata,
    Moment,
    Reference,
    ShownText,
    TextField,
    Whole,
    Word,
)
from core.api.serializers import StrictSerializer
from core.errors import Malformed, TooLarge
from voices.speech.disclosure import Disclosure

MOST_CHARACTERS: Final = 5_000
MOST_SAMPLES: Final = 25
MOST_ITEMS: Final = 1_000
_LAYOUT: Final = frozenset("\n\r\t")


class SpokenText(serializers.CharField):
    """A text to speak: 1 to 5000 characters, not all blank, no control characters but line ends and
    tabs.
    """

    default_error_messages = {"max_length": "At most {max_length} characters."}

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, max_length=MOST_CHARACTERS, **options)

    def to_internal_value(self, data: Any) -> str:
        """Give the text."""
        if not isinstance(data, str):
            raise serializers.ValidationError("This must be a text.", code="invalid")
        text = super().to_internal_value(data)
        if not text.strip():
            raise serializers.ValidationError("There is nothing to speak.", code="blank")
        if any(unicodedata.category(char) in {"Cc", "Cs"} and char not in _LAYOUT for char in text):
            raise serializers.ValidationError(
                "The text holds control characters.", code="control_characters"
            )
        return text


class Transcript(TextField):
    """What is said in a recording: for engines, and for nobody to read."""


@extend_schema_field(OpenApiTypes.DOUBLE)
class Number(serializers.Field[float, Any, float, Any]):
    """A finite JSON number; texts and booleans are none."""

    def to_internal_value(self, data: Any) -> float:
        """Give the number."""
        if (
            isinstance(data, bool)
            or not isinstance(data, int | float)
            or abs(data) > 1e9
            or not math.isfinite(data)
        ):
            raise serializers.ValidationError("This must be a number.", code="invalid")
        return float(data)

    def to_representation(self, value: float) -> float:
        """As it is."""
        return value


@extend_schema_field({"type": "string", "contentEncoding": "base64", "contentMediaType": "audio/*"})
class Base64Audio(serializers.Field[bytes, Any, str, Any]):
    """Audio in base64 (RFC 4648, section 4), bounded by the upload limit.

    No bytes at all are a sample's problem.
    """

    def to_internal_value(self, data: Any) -> bytes:
        """Give the bytes. Raises TooLarge, as for an upload that is no JSON."""
        text = data if isinstance(data, str) else "%"
        limit = settings.SAYSO_MAX_UPLOAD_BYTES
        if len(text) > limit * 4 // 3 + 4:
            raise TooLarge(f"A sample is over {limit} bytes.")
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise serializers.ValidationError(
                "This is not base64.", code="invalid_base64"
            ) from error

    def to_representation(self, value: bytes) -> str:
        """Back to base64."""
        return base64.b64encode(value).decode("ascii")


def _code_field(most: int = 64, **options: Any) -> Word:
    return Word(max_length=most, **options)


class OutputForm(StrictSerializer):
    """The wanted format; `audio.encoding.check_output` knows what goes together."""

    codec = _code_field(16, default="wav")
    sample_rate_hz = Whole(required=False, allow_null=True)
    bit_rate_bps = Whole(required=False, allow_null=True)


class ProsodyForm(StrictSerializer):
    """How to speak; the engine's own limits are looked at later."""

    speed = Number(default=1.0)
    pitch_semitones = Number(default=0.0)
    emotion = _code_field(64, required=False, allow_null=True)


class DeliveryForm(StrictSerializer):
    """When to deliver."""

    mode = Choice(choices=("sync", "stream", "job"), default="sync")


class LineForm(StrictSerializer):
    """One text to speak, with all that may differ from line to line."""

    voice = _code_field(64)
    text = SpokenText()
    language = _code_field(64, required=False, allow_null=True)
    use_case = _code_field(64, required=False, allow_null=True)
    channel = _code_field(64, required=False, allow_null=True)
    territory = _code_field(64, required=False, allow_null=True)
    labels = Bounded(child=_code_field(), required=False, most=20)
    output = OutputForm(required=False)
    prosody = ProsodyForm(required=False)
    client_reference = Reference(max_length=200, required=False, allow_blank=True, allow_null=True)
    external_id = Reference(max_length=200, required=False, allow_blank=True, allow_null=True)
    metadata = Metadata(required=False)
    disclosure = Choice(
        choices=[mode.value for mode in Disclosure],
        required=False,
        allow_null=True,
        help_text=(
            "What is to be said of the voice's being synthetic; what the grant or the policy wants "
            "is the least."
        ),
    )
    provider_options = serializers.DictField(required=False)


class SpeechForm(LineForm):
    """`POST /v1/speech`."""

    delivery = DeliveryForm(required=False)


class BatchForm(LineForm):
    """`POST /v1/speech/batch`: items, and whatever they have in common.

    Each item is then read as a line of its own.
    """

    items = Bounded(child=serializers.DictField(), allow_empty=False, most=MOST_ITEMS)
    delivery = DeliveryForm(required=False)
    voice = _code_field(64, required=False)
    text = SpokenText(required=False)

    def validate_delivery(self, delivery: dict[str, Any]) -> dict[str, Any]:
        """Refuse a stream of many texts."""
        if delivery.get("mode") == "stream":
            detail = {
                "mode": [ErrorDetail("A batch cannot be streamed.", code="unsupported_field")]
            }
            raise serializers.ValidationError(detail)
        return delivery


class SampleForm(StrictSerializer):
    """One sample in a JSON body."""

    audio_base64 = Base64Audio()
    transcript = Transcript(max_length=5_000, required=False, allow_blank=True, allow_null=True)


class VoiceForm(StrictSerializer):
    """`POST /v1/voices` in JSON."""

    consent = _code_field(64)
    name = ShownText(max_length=200)
    description = ShownText(
        fewest=0,
        one_line=False,
        max_length=2_000,
        required=False,
        allow_blank=True,
        allow_null=True,
    )
    language = _code_field(64, required=False, allow_null=True)
    provider = _code_field(32, default="local")
    use_case = _code_field(64, required=False, allow_null=True)
    channel = _code_field(64, required=False, allow_null=True)
    territory = _code_field(64, required=False, allow_null=True)
    samples = Bounded(child=SampleForm(), allow_empty=False, most=MOST_SAMPLES)
    transcripts = Bounded(
        child=Transcript(max_length=5_000, allow_blank=True, allow_null=True),
        required=False,
        most=MOST_SAMPLES,
    )
    denoise = Flag(default=False)
    external_id = Reference(max_length=200, required=False, allow_blank=True, allow_null=True)
    metadata = Metadata(required=False)

    def validate_denoise(self, denoise: bool) -> bool:  # noqa: FBT001 - the framework's hook
        """Refuse what no engine here does."""
        if denoise:
            raise serializers.ValidationError(
                "No engine here takes noise away.", code="unsupported_field"
            )
        return denoise

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Transcripts belong to samples one by one."""
        if "transcripts" in attrs and len(attrs["transcripts"]) != len(attrs["samples"]):
            raise serializers.ValidationError(
                {
                    "transcripts": [
                        ErrorDetail("There must be one transcript a sample.", code="invalid")
                    ]
                }
            )
        return attrs


class VoiceUpload(VoiceForm):
    """`POST /v1/voices` as multipart/form-data: `samples` are files. For the OpenAPI document."""

    samples = Bounded(
        child=serializers.FileField(error_messages={"invalid": "This must be a file."}),
        most=MOST_SAMPLES,
    )


class VoiceChanges(StrictSerializer):
    """`PATCH /v1/voices/{id}`."""

    name = ShownText(max_length=200, required=False)
    description = ShownText(
        fewest=0, one_line=False, max_length=2_000, required=False, allow_blank=True
    )
    external_id = Reference(max_length=200, required=False, allow_blank=True)
    metadata = Metadata(required=False)


class ClipFilter(StrictSerializer):
    """What a list of clips may be narrowed by: a half-open period, a voice, a consent."""

    voice = _code_field(64, required=False)
    consent = _code_field(64, required=False)
    to = Moment(required=False, help_text="Clips issued before this time.")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add `from`, which cannot be the name of an attribute."""
        since = Moment(required=False, help_text="Clips issued at this time or later.")
        return {**super().get_fields(), "from": since}


def from_multipart(data: QueryDict) -> dict[str, Any]:
    """Give a multipart body the shape of the JSON one: `samples` and `transcripts` repeat,
    `metadata` is JSON text.
    """
    body: dict[str, Any] = {}
    for name, values in data.lists():
        files = [value for value in values if isinstance(value, UploadedFile)]
        if files and name == "samples":
            body[name] = [
                {"audio_base64": base64.b64encode(file.read()).decode("ascii")} for file in files
            ]
        elif name == "transcripts":
            body[name] = values
        else:
            body[name] = values[-1]
    if "metadata" in body:
        body["metadata"] = _parse_json(body["metadata"])
    if "denoise" in body:
        body["denoise"] = {"true": True, "false": False}.get(str(body["denoise"]), body["denoise"])
    return body


def _parse_json(text: Any) -> Any:
    try:
        return canonical_json.load(text.encode()) if isinstance(text, str) else text
    except Malformed:
        return text  # which the form refuses
