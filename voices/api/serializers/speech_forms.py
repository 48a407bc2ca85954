"""The forms of speech: one text, or many as a batch."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from audio import encoding
from consent.api.serializers import described_words
from core.api.fields import (
    BoundedListField,
    ChoiceField,
    FlagField,
    ReferenceField,
    WholeNumberField,
)
from core.api.openapi import SPOKEN_TEXT, describe_field, describe_id, describe_words
from core.api.serializers import NotedFormSerializer, StrictSerializer
from voices.api.serializers import output_rules
from voices.api.serializers.input_fields import NumberField, SpokenTextField, code_field
from voices.providers.base import PITCH_SEMITONES, SPEED
from voices.speech.disclosure import Disclosure

MOST_ITEMS: Final = 1_000


class OutputFormSerializer(StrictSerializer):
    """The wanted format. `GET /v1/codecs` says which rates go with which codec."""

    codec = code_field(
        16, default="wav", style=describe_words("CodecCode", encoding.CODECS, example="mp3")
    )
    sample_rate_hz = WholeNumberField(
        required=False,
        allow_null=True,
        style=describe_field(enum=encoding.RATES, example=encoding.DEFAULT_RATE),
    )
    bit_rate_bps = WholeNumberField(required=False, allow_null=True)
    padding = FlagField(
        default=True,
        help_text=(
            "Whether room tone may be put behind a line that is too short for the watermark. "
            "`Sayso-Padded-Ms` and the clip's `padded_ms` say how much it was."
        ),
    )

    document_rules = output_rules.RULES


def _bound_number(bounds: tuple[float, float]) -> dict[str, Any]:
    return describe_field(minimum=bounds[0], maximum=bounds[1])


class ProsodyFormSerializer(StrictSerializer):
    """How to speak. The engine's own limits are looked at later."""

    speed = NumberField(default=1.0, style=_bound_number(SPEED))
    pitch_semitones = NumberField(default=0.0, style=_bound_number(PITCH_SEMITONES))
    emotion = code_field(64, required=False, allow_null=True)


class DeliveryFormSerializer(StrictSerializer):
    """When to deliver."""

    mode = ChoiceField(choices=("sync", "stream", "job"), default="sync")


class BatchDeliveryFormSerializer(DeliveryFormSerializer):
    """When to deliver a batch: as a job, and in no other way."""

    mode = ChoiceField(choices=("sync", "stream", "job"), default="job")

    def validate_mode(self, mode: str) -> str:
        """Refuse to answer many texts at once, which would else be a job unasked."""
        if mode != "job":
            detail = "A batch is a job: it is neither waited for nor streamed."
            raise serializers.ValidationError(detail, code="unsupported_field")
        return mode


class LineFormSerializer(NotedFormSerializer):
    """One text to speak, with all that may differ from line to line."""

    voice = code_field(64, style=describe_id("vox"))
    text = SpokenTextField(style=describe_field(pattern=SPOKEN_TEXT))
    language = code_field(64, required=False, allow_null=True, style=described_words.LANGUAGE)
    use_case = code_field(64, required=False, allow_null=True, style=described_words.USE_CASE)
    channel = code_field(64, required=False, allow_null=True, style=described_words.CHANNEL)
    territory = code_field(64, required=False, allow_null=True, style=described_words.PLACE)
    labels = BoundedListField(
        child=code_field(style=described_words.LABEL), required=False, limit=20
    )
    output = OutputFormSerializer(required=False)
    prosody = ProsodyFormSerializer(required=False)
    client_reference = ReferenceField(
        max_length=200, required=False, allow_blank=True, allow_null=True
    )
    disclosure = ChoiceField(
        choices=[mode.value for mode in Disclosure],
        required=False,
        allow_null=True,
        help_text=(
            "What is to be said of the voice's being synthetic. What the grant or the policy wants "
            "is the least."
        ),
    )
    provider_options = serializers.DictField(
        required=False,
        help_text='Options of the voice\'s own provider, below its name: `{"inworld": {…}}`.',
    )


class SpeechFormSerializer(LineFormSerializer):
    """`POST /v1/speech`."""

    delivery = DeliveryFormSerializer(required=False)


class BatchItemSerializer(LineFormSerializer):
    """One text of a batch. What it leaves out is what the items have in common."""

    voice = code_field(64, required=False, style=describe_id("vox"))
    text = SpokenTextField(required=False, style=describe_field(pattern=SPOKEN_TEXT))


@extend_schema_field(BatchItemSerializer)
class BatchItemField(serializers.DictField):
    """One item of a batch, read as a call of its own after the common fields filled its gaps."""


class BatchFormSerializer(LineFormSerializer):
    """`POST /v1/speech/batch`: items, and whatever they have in common.

    Each item is then read as a line of its own.
    """

    items = BoundedListField(child=BatchItemField(), allow_empty=False, limit=MOST_ITEMS)
    delivery = BatchDeliveryFormSerializer(required=False)
    voice = code_field(64, required=False, style=describe_id("vox"))
    text = SpokenTextField(required=False, style=describe_field(pattern=SPOKEN_TEXT))
    document_rules = (
        *(
            {
                "if": {"not": {"required": [name]}},
                "then": {"properties": {"items": {"items": {"required": [name]}}}},
            }
            for name in ("voice", "text")
        ),
        {"properties": {"delivery": {"properties": {"mode": {"enum": ["job"]}}}}},
    )
