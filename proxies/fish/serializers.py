"""The bodies, forms and queries of Fish Audio's API that are taken. An unknown field is refused."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from rest_framework import serializers

from core.api.fields import (
    BoundedListField,
    ChoiceField,
    CodeField,
    FlagField,
    FlagWordField,
    ReferenceField,
    ShownTextField,
    WholeNumberField,
    WholeNumberWordField,
)
from core.api.serializers import StrictSerializer
from core.errors import TooLarge
from proxies.proxy_forms import UploadField
from voices.api.serializers.input_fields import (
    Base64AudioField,
    NumberField,
    SpokenTextField,
    TranscriptField,
)

MOST_RECORDINGS: Final = 10
_VISIBILITIES: Final = ("public", "unlist", "private")


class ReferenceAudioField(serializers.Field[bytes, Any, str, Any]):
    """A recording: bytes in MessagePack, base64 in JSON."""

    def to_internal_value(self, data: Any) -> bytes:
        """Return the bytes."""
        if not isinstance(data, bytes):
            return Base64AudioField().to_internal_value(data)
        if len(data) > settings.SAYSO_MAX_UPLOAD_BYTES:
            raise TooLarge(f"A recording is over {settings.SAYSO_MAX_UPLOAD_BYTES} bytes.")

        return data

    def to_representation(self, value: bytes) -> str:
        """Return the bytes in base64."""
        return Base64AudioField().to_representation(value)


class KilobitsField(WholeNumberField):
    """A bit rate in kbit/s: one of those `listed`."""

    def __init__(self, *, listed: tuple[int, ...], **options: Any) -> None:
        self._listed = listed
        super().__init__(min_value=min(listed), max_value=max(listed), **options)

    def to_internal_value(self, data: Any) -> int:
        """Return the number."""
        rate = super().to_internal_value(data)
        if rate not in self._listed:
            detail = f"This must be one of: {', '.join(map(str, self._listed))}."
            raise serializers.ValidationError(detail, code="invalid_choice")

        return rate


class FishModelSerializer(StrictSerializer):
    """`POST /model`. The voice is private, whatever is asked for."""

    type = ChoiceField(choices=("tts",), default="tts")
    title = ShownTextField(max_length=200)
    train_mode = ChoiceField(choices=("fast",), default="fast")
    voices = BoundedListField(child=UploadField(), allow_empty=False, limit=MOST_RECORDINGS)
    texts = BoundedListField(
        child=TranscriptField(max_length=5_000, allow_blank=True),
        required=False,
        limit=MOST_RECORDINGS,
    )
    visibility = ChoiceField(choices=_VISIBILITIES, required=False)
    description = ShownTextField(
        fewest=0, one_line=False, max_length=2_000, required=False, allow_blank=True
    )
    tags = BoundedListField(child=ReferenceField(max_length=200), required=False, limit=50)
    enhance_audio_quality = FlagWordField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check that there is a transcript for each recording, or for none."""
        texts = attrs.get("texts", [])
        if texts and len(texts) != len(attrs["voices"]):
            raise serializers.ValidationError({"texts": ["Give as many as `voices`, or none."]})

        return attrs


class FishModelChangesSerializer(StrictSerializer):
    """`PATCH /model/{id}`. A voice stays private."""

    title = ShownTextField(max_length=200, required=False)
    description = ShownTextField(
        fewest=0, one_line=False, max_length=2_000, required=False, allow_blank=True
    )
    visibility = ChoiceField(choices=_VISIBILITIES, required=False)
    tags = BoundedListField(child=ReferenceField(max_length=200), required=False, limit=50)

    def validate_visibility(self, value: str) -> str:
        """Check that nothing becomes public."""
        if value != "private":
            detail = "Voices are private here. Another visibility would be another use than signed."
            raise serializers.ValidationError(detail, code="unsupported_field")

        return value


class FishListSerializer(StrictSerializer):
    """The query of `GET /model`. The list is newest first, whatever it is sorted by."""

    page_size = WholeNumberWordField(least=1, most=100, default=10)
    page_number = WholeNumberWordField(least=1, most=10_000, default=1)
    language = BoundedListField(child=CodeField(max_length=64), required=False, limit=20)
    sort_by = ChoiceField(choices=("score", "task_count", "created_at"), required=False)

    def get_fields(self) -> dict[str, Any]:
        """Return the fields, with the one whose name Python keeps for itself."""
        return {**super().get_fields(), "self": FlagWordField(required=False)}


class FishReferenceSerializer(StrictSerializer):
    """One recording of a call, and what is said in it."""

    audio = ReferenceAudioField()
    text = TranscriptField(max_length=5_000, required=False, allow_blank=True)


class FishProsodySerializer(StrictSerializer):
    """How fast and how loud."""

    speed = NumberField(required=False)
    volume = NumberField(required=False)


class FishSpeechSerializer(StrictSerializer):
    """`POST /v1/tts`. What an account's adapter does not take is refused."""

    text = SpokenTextField()
    reference_id = CodeField(max_length=200, required=False, allow_null=True)
    references = BoundedListField(
        child=FishReferenceSerializer(), required=False, allow_null=True, limit=MOST_RECORDINGS
    )
    format = ChoiceField(choices=("wav", "pcm", "mp3", "opus"), default="mp3")
    sample_rate = WholeNumberField(required=False, allow_null=True)
    mp3_bitrate = KilobitsField(listed=(64, 128, 192), default=128)
    opus_bitrate = KilobitsField(listed=(-1000, 24, 32, 48, 64), default=32)
    prosody = FishProsodySerializer(required=False, allow_null=True)
    chunk_length = WholeNumberField(required=False)
    normalize = FlagField(required=False)
    latency = CodeField(max_length=40, required=False)
    top_p = NumberField(required=False)
    temperature = NumberField(required=False)
    max_new_tokens = WholeNumberField(required=False)
    repetition_penalty = NumberField(required=False)
    min_chunk_length = WholeNumberField(required=False)
    condition_on_previous_chunks = FlagField(required=False)
    early_stop_threshold = NumberField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check that the voice is named once: by its id, or by recordings."""
        if bool(attrs.get("reference_id")) == bool(attrs.get("references")):
            detail = "Name a voice: its `reference_id`, or `references`, and not both."
            raise serializers.ValidationError({"reference_id": [detail]})

        return attrs
