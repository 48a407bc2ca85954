"""The bodies, forms and queries of Cartesia's API that are taken. An unknown field is refused."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers

from core.api.fields import (
    BoundedListField,
    ChoiceField,
    CodeField,
    FlagField,
    FlagWordField,
    ShownTextField,
    WholeNumberField,
    WholeNumberWordField,
)
from core.api.serializers import StrictSerializer
from proxies.proxy_forms import UploadField
from voices.api.serializers.input_fields import NumberField, SpokenTextField

_LONGEST_ID: Final = 200


class VoiceIdField(serializers.Field[str, Any, str, Any]):
    """A voice: its id, `{"id": …}`, or `{"mode": "id", "id": …}`. A vector is no voice here."""

    def to_internal_value(self, data: Any) -> str:
        """Return the id."""
        if isinstance(data, dict):
            if data.get("mode", "id") != "id" or "embedding" in data:
                detail = "A vector names no person. Name a voice's id."
                raise serializers.ValidationError(detail, code="unsupported_field")
            if unknown := sorted(set(data) - {"mode", "id"}):
                raise serializers.ValidationError(
                    f"`{str(unknown[0])[:60]}` is not known here.", code="unknown_field"
                )
            data = data.get("id")
        if not isinstance(data, str) or not 0 < len(data) <= _LONGEST_ID:
            raise serializers.ValidationError("This must be the id of a voice.")

        return data

    def to_representation(self, value: str) -> str:
        """Return the id."""
        return value


class CartesiaCloneSerializer(StrictSerializer):
    """`POST /voices/clone`."""

    clip = UploadField()
    name = ShownTextField(max_length=200)
    language = CodeField(max_length=64)
    description = ShownTextField(
        fewest=0, one_line=False, max_length=2_000, required=False, allow_blank=True
    )


class CartesiaChangesSerializer(StrictSerializer):
    """`PATCH /voices/{id}`."""

    name = ShownTextField(max_length=200, required=False)
    description = ShownTextField(
        fewest=0, one_line=False, max_length=2_000, required=False, allow_blank=True
    )


class CartesiaPageSerializer(StrictSerializer):
    """The query of `GET /voices`."""

    limit = WholeNumberWordField(least=1, most=100, default=10)
    starting_after = CodeField(max_length=64, required=False)
    ending_before = CodeField(max_length=64, required=False)
    is_owner = FlagWordField(required=False)
    expand = BoundedListField(
        child=ChoiceField(choices=("preview_file_url",)), limit=1, required=False
    )


class CartesiaVoiceQuerySerializer(StrictSerializer):
    """The query of `GET /voices/{id}`."""

    expand = BoundedListField(
        child=ChoiceField(choices=("preview_file_url",)), limit=1, required=False
    )


class CartesiaOutputSerializer(StrictSerializer):
    """The format of `POST /tts/bytes`."""

    container = ChoiceField(choices=("raw", "wav", "mp3"))
    encoding = ChoiceField(choices=("pcm_s16le", "pcm_mulaw"), required=False)
    sample_rate = WholeNumberField()
    bit_rate = WholeNumberField(required=False)


class CartesiaRawOutputSerializer(CartesiaOutputSerializer):
    """The format of `POST /tts/sse`."""

    container = ChoiceField(choices=("raw",))


class CartesiaConfigSerializer(StrictSerializer):
    """`generation_config`."""

    speed = NumberField(required=False, allow_null=True)
    volume = NumberField(required=False, allow_null=True)
    emotion = CodeField(max_length=100, required=False, allow_null=True)


class CartesiaSpeechSerializer(StrictSerializer):
    """`POST /tts/bytes`. What an account's adapter does not take is refused."""

    model_id = CodeField(max_length=100)
    transcript = SpokenTextField()
    voice = VoiceIdField()
    output_format = CartesiaOutputSerializer()
    generation_config = CartesiaConfigSerializer(required=False, allow_null=True)
    language = CodeField(max_length=64, required=False, allow_null=True)
    locale = CodeField(max_length=64, required=False, allow_null=True)
    normalization = CodeField(max_length=40, required=False, allow_null=True)
    pronunciation_dict_id = CodeField(max_length=200, required=False, allow_null=True)
    # The framework takes a field out of its class, so its own `save` stays.
    save = FlagField(required=False, allow_null=True)  # type: ignore[assignment]
    speed = ChoiceField(choices=("slow", "normal", "fast"), required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check that the language is named once."""
        if attrs.get("language") and attrs.get("locale"):
            raise serializers.ValidationError({"locale": ["Name `language` or `locale`."]})

        return attrs


class CartesiaSseSerializer(CartesiaSpeechSerializer):
    """`POST /tts/sse`."""

    output_format = CartesiaRawOutputSerializer()
    add_timestamps = FlagField(required=False, allow_null=True)
    add_phoneme_timestamps = FlagField(required=False, allow_null=True)
    use_normalized_timestamps = FlagField(required=False, allow_null=True)
    context_id = CodeField(max_length=100, required=False, allow_null=True)
