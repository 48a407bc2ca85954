"""The form that makes a voice again at another provider."""

from __future__ import annotations

from consent.api.serializers import described_words
from core.api.fields import BoundedListField, ShownTextField
from core.api.openapi import describe_id
from core.api.serializers import NotedFormSerializer
from voices.api.serializers.input_fields import TranscriptField, code_field
from voices.api.serializers.voice_serializers import MOST_SAMPLES, CloneDeliverySerializer


class VoiceCopySerializer(NotedFormSerializer):
    """`POST /v1/voices` for a voice that is made again, at another provider.

    Without a name or description it has those of the voice that it is made from.
    """

    from_voice = code_field(64, style=describe_id("vox"))
    provider = code_field(32)
    name = ShownTextField(max_length=200, required=False)
    description = ShownTextField(
        fewest=0, one_line=False, max_length=2_000, required=False, allow_blank=True
    )
    channel = code_field(64, required=False, allow_null=True, style=described_words.CHANNEL)
    territory = code_field(64, required=False, allow_null=True, style=described_words.PLACE)
    transcripts = BoundedListField(
        child=TranscriptField(max_length=5_000, allow_blank=True, allow_null=True),
        required=False,
        limit=MOST_SAMPLES,
    )
    delivery = CloneDeliverySerializer(required=False)
