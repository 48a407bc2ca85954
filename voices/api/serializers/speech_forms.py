"""The forms of speech: one text, or many as a batch."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from core.api.fields import (
    BoundedListField,
    ChoiceField,
    MetadataField,
    ReferenceField,
    WholeNumberField,
)
from core.api.serializers import StrictSerializer
from voices.api.serializers.input_fields import NumberField, SpokenTextField, code_field
from voices.speech.disclosure import Disclosure

MOST_ITEMS: Final = 1_000


class OutputFormSerializer(StrictSerializer):
    """The wanted format. `audio.encoding.check_output` knows what goes together."""

    codec = code_field(16, default="wav")
    sample_rate_hz = WholeNumberField(required=False, allow_null=True)
    bit_rate_bps = WholeNumberField(required=False, allow_null=True)


class ProsodyFormSerializer(StrictSerializer):
    """How to speak. The engine's own limits are looked at later."""

    speed = NumberField(default=1.0)
    pitch_semitones = NumberField(default=0.0)
    emotion = code_field(64, required=False, allow_null=True)


class DeliveryFormSerializer(StrictSerializer):
    """When to deliver."""

    mode = ChoiceField(choices=("sync", "stream", "job"), default="sync")


class LineFormSerializer(StrictSerializer):
    """One text to speak, with all that may differ from line to line."""

    voice = code_field(64)
    text = SpokenTextField()
    language = code_field(64, required=False, allow_null=True)
    use_case = code_field(64, required=False, allow_null=True)
    channel = code_field(64, required=False, allow_null=True)
    territory = code_field(64, required=False, allow_null=True)
    labels = BoundedListField(child=code_field(), required=False, limit=20)
    output = OutputFormSerializer(required=False)
    prosody = ProsodyFormSerializer(required=False)
    client_reference = ReferenceField(
        max_length=200, required=False, allow_blank=True, allow_null=True
    )
    external_id = ReferenceField(max_length=200, required=False, allow_blank=True, allow_null=True)
    metadata = MetadataField(required=False)
    disclosure = ChoiceField(
        choices=[mode.value for mode in Disclosure],
        required=False,
        allow_null=True,
        help_text=(
            "What is to be said of the voice's being synthetic. What the grant or the policy wants "
            "is the least."
        ),
    )
    provider_options = serializers.DictField(required=False)


class SpeechFormSerializer(LineFormSerializer):
    """`POST /v1/speech`."""

    delivery = DeliveryFormSerializer(required=False)


class BatchFormSerializer(LineFormSerializer):
    """`POST /v1/speech/batch`: items, and whatever they have in common.

    Each item is then read as a line of its own.
    """

    items = BoundedListField(child=serializers.DictField(), allow_empty=False, limit=MOST_ITEMS)
    delivery = DeliveryFormSerializer(required=False)
    voice = code_field(64, required=False)
    text = SpokenTextField(required=False)

    def validate_delivery(self, delivery: dict[str, Any]) -> dict[str, Any]:
        """Refuse a stream of many texts."""
        if delivery.get("mode") == "stream":
            detail = {
                "mode": [ErrorDetail("A batch cannot be streamed.", code="unsupported_field")]
            }
            raise serializers.ValidationError(detail)
        return delivery
