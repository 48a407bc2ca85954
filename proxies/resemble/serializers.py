"""The bodies of Resemble's API that are taken. An unknown field is refused."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers

from core.api.fields import ChoiceField, FlagField, ShownTextField, WholeNumberField
from core.api.serializers import StrictSerializer
from proxies.proxy_forms import UploadField
from voices.api.serializers.input_fields import (
    Base64AudioField,
    SpokenTextField,
    TranscriptField,
    code_field,
)

PRECISIONS: Final = ("PCM_16", "MULAW")
_FLAGS: Final = ("true", "false")


class ResembleVoiceSerializer(StrictSerializer):
    """`POST v2/voices`. The consent is the statement that the person spoke."""

    name = ShownTextField(max_length=200)
    consent = Base64AudioField()
    voice_type = ChoiceField(choices=("rapid", "professional"), required=False)


class ResembleVoiceNameSerializer(StrictSerializer):
    """`PUT v2/voices/{id}`."""

    name = ShownTextField(max_length=200)


class ResembleRecordingSerializer(StrictSerializer):
    """`POST v2/voices/{id}/recordings`."""

    file = UploadField()
    name = ShownTextField(max_length=200)
    text = TranscriptField(max_length=5_000)
    emotion = code_field(40, required=False)
    is_active = ChoiceField(choices=_FLAGS, required=False)
    fill = ChoiceField(choices=_FLAGS, required=False)

    def validate_is_active(self, flag: str) -> str:
        """Refuse a recording that is not for the voice."""
        if flag != "true":
            raise serializers.ValidationError(
                "A recording that is not active makes no voice.", code="unsupported_field"
            )
        return flag


class ResembleBuildSerializer(StrictSerializer):
    """`POST v2/voices/{id}/build`."""

    fill = FlagField(required=False)


class ResembleSpeechSerializer(StrictSerializer):
    """Direct speech, and its stream. Any project is taken, and none is passed on."""

    voice_uuid = code_field()
    data = SpokenTextField()  # type: ignore[assignment]  # the provider's name
    project_uuid = code_field(100, required=False)
    title = ShownTextField(max_length=200, required=False)
    precision = ChoiceField(choices=PRECISIONS, default="PCM_16")
    output_format = ChoiceField(choices=("wav", "mp3"), default="wav")
    sample_rate = WholeNumberField(required=False)
    wav_encoded_timestamps = FlagField(default=False)

    def validate_wav_encoded_timestamps(self, wanted: Any) -> Any:
        """Refuse what no one here knows."""
        return _refuse_times(wanted)


class ResembleClipSerializer(StrictSerializer):
    """`POST v2/projects/{id}/clips`."""

    voice_uuid = code_field()
    body = SpokenTextField()
    title = ShownTextField(max_length=200, required=False)
    precision = ChoiceField(choices=PRECISIONS, default="PCM_16")
    output_format = ChoiceField(choices=("wav", "mp3"), default="wav")
    sample_rate = WholeNumberField(required=False)
    raw = FlagField(default=False)
    is_archived = FlagField(default=False)
    include_timestamps = FlagField(default=False)

    def validate_include_timestamps(self, wanted: Any) -> Any:
        """Refuse what no one here knows."""
        return _refuse_times(wanted)


def _refuse_times(wanted: Any) -> Any:
    if wanted:
        raise serializers.ValidationError(
            "Times of characters are not known here.", code="unsupported_field"
        )
    return wanted
