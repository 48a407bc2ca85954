"""The bodies of OpenAI's API that are taken. An unknown field is refused."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers

from core.api.fields import ChoiceField, CodeField, FlagField, ShownTextField
from core.api.serializers import StrictSerializer
from proxies.proxy_forms import UploadField
from voices.api.serializers.input_fields import (
    NumberField,
    SpokenTextField,
    code_field,
)

CODECS: Final = {
    "mp3": "mp3", "opus": "opus", "aac": "m4a", "flac": "flac", "wav": "wav", "pcm": "pcm_s16le",
}  # fmt: skip
"""The provider's names of codecs, as ours. AAC comes in its MP4 container."""
MOST_CHARACTERS: Final = 4_096


class OpenAiVoiceField(serializers.Field[str, Any, str, Any]):
    """A voice: a name or an id as a text, or an object with an `id`."""

    def to_internal_value(self, data: Any) -> str:
        """Return the name or the id."""
        if isinstance(data, dict) and set(data) == {"id"}:
            data = data["id"]
        if not isinstance(data, str) or not 0 < len(data) <= 200:
            raise serializers.ValidationError(
                'Give the name of a voice, or `{"id": "vox_…"}`.', code="invalid"
            )
        return data

    def to_representation(self, value: str) -> str:
        """Return the name or the id."""
        return value


class OpenAiSpeechSerializer(StrictSerializer):
    """`POST /audio/speech`."""

    input = SpokenTextField()
    model = code_field(100, required=False)
    voice = OpenAiVoiceField()
    instructions = ShownTextField(one_line=False, max_length=4_096, required=False)
    response_format = ChoiceField(choices=tuple(CODECS), default="mp3")
    speed = NumberField(default=1.0)
    stream_format = ChoiceField(choices=("audio", "sse"), default="audio")
    # Clients of engines with this shape name these. What can be streamed is streamed.
    stream = FlagField(required=False)
    language = CodeField(max_length=64, required=False)

    def validate_input(self, text: str) -> str:
        """Refuse what is longer than the provider takes."""
        if len(text) > MOST_CHARACTERS:
            raise serializers.ValidationError(
                f"At most {MOST_CHARACTERS} characters.", code="max_length"
            )
        return text


class OpenAiConsentSerializer(StrictSerializer):
    """`POST /audio/voice_consents`."""

    name = ShownTextField(max_length=200)
    language = code_field()
    recording = UploadField()


class OpenAiConsentNameSerializer(StrictSerializer):
    """`POST /audio/voice_consents/{id}`."""

    name = ShownTextField(max_length=200)


class OpenAiVoiceSerializer(StrictSerializer):
    """`POST /audio/voices` with a recording."""

    name = ShownTextField(max_length=200)
    audio_sample = UploadField()
    consent = code_field()
    type = ChoiceField(choices=("audio_sample",), required=False)
