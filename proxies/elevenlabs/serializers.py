"""The bodies, forms and queries of ElevenLabs' API that are taken. An unknown field is refused."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from rest_framework import serializers

from audio.encoding import Output
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
from voices.api.serializers.input_fields import NumberField, SpokenTextField, TranscriptField

MOST_RECORDINGS: Final = 25
MOST_CONTEXT: Final = 5_000
_CODECS: Final = {
    "mp3": "mp3", "opus": "opus", "pcm": "pcm_s16le", "wav": "wav", "ulaw": "mulaw",
}  # fmt: skip
_FORMAT: Final = re.compile(r"([a-z0-9]{1,10})_([0-9]{1,6})(?:_([0-9]{1,4}))?")


class LabelsField(serializers.Field[dict[str, str], Any, Any, Any]):
    """Labels as a text of JSON: an object of texts, or the literal `null` for none."""

    def to_internal_value(self, data: Any) -> dict[str, str]:
        """Return the labels."""
        try:
            labels = json.loads(data) if isinstance(data, str) and len(data) <= 10_000 else ""
        except (ValueError, RecursionError):
            labels = ""
        if labels is None:
            return {}
        if not isinstance(labels, dict) or not all(isinstance(one, str) for one in labels.values()):
            raise serializers.ValidationError("This must be an object of texts, in JSON.")

        return labels

    def to_representation(self, value: dict[str, str]) -> dict[str, str]:
        """Return the labels."""
        return value


class OutputFormatField(serializers.Field[Output, Any, str, Any]):
    """A format as `codec_rate` or `codec_rate_kbits`. A-law is not made here."""

    def to_internal_value(self, data: Any) -> Output:
        """Return the output."""
        found = _FORMAT.fullmatch(data) if isinstance(data, str) else None
        codec = _CODECS.get(found[1]) if found else None
        if found is None or codec is None:
            detail = f"Write a format such as mp3_44100_128. Codecs: {', '.join(sorted(_CODECS))}."
            raise serializers.ValidationError(detail, code="unsupported_field")

        bit_rate = int(found[3]) * 1000 if found[3] else None
        return Output(codec=codec, sample_rate_hz=int(found[2]), bit_rate_bps=bit_rate)

    def to_representation(self, value: Output) -> str:
        """Return the codec."""
        return value.codec


class ElevenLabsCloneSerializer(StrictSerializer):
    """`POST /v1/voices/add`."""

    name = ShownTextField(max_length=200)
    files = BoundedListField(child=UploadField(), allow_empty=False, limit=MOST_RECORDINGS)
    description = ShownTextField(
        fewest=0, one_line=False, max_length=2_000, required=False, allow_blank=True
    )
    labels = LabelsField(required=False)
    remove_background_noise = FlagWordField(required=False)


class ElevenLabsChangesSerializer(StrictSerializer):
    """`POST /v1/voices/{id}/edit`. Other recordings would make another voice."""

    name = ShownTextField(max_length=200)
    description = ShownTextField(
        fewest=0, one_line=False, max_length=2_000, required=False, allow_blank=True
    )
    labels = LabelsField(required=False)
    remove_background_noise = FlagWordField(required=False)
    moderate_metadata = FlagWordField(required=False)


class ElevenLabsPageSerializer(StrictSerializer):
    """The query of `GET /v2/voices`."""

    page_size = WholeNumberWordField(least=1, most=100, default=10)
    next_page_token = CodeField(max_length=64, required=False)
    include_total_count = FlagWordField(default=True)
    voice_type = ChoiceField(choices=("personal", "non-default", "non-community"), required=False)
    category = ChoiceField(choices=("cloned",), required=False)
    sort = ChoiceField(choices=("created_at_unix",), required=False)
    sort_direction = ChoiceField(choices=("desc",), required=False)


class ElevenLabsListSerializer(StrictSerializer):
    """The query of `GET /v1/voices`."""

    show_legacy = FlagWordField(required=False)


class ElevenLabsVoiceQuerySerializer(StrictSerializer):
    """The query of `GET /v1/voices/{id}`."""

    with_settings = FlagWordField(required=False)


class ElevenLabsSpeechQuerySerializer(StrictSerializer):
    """The query of the routes that speak."""

    output_format = OutputFormatField(required=False)
    enable_logging = FlagWordField(required=False)
    optimize_streaming_latency = WholeNumberWordField(most=4, required=False)


class ElevenLabsSettingsSerializer(StrictSerializer):
    """`voice_settings`."""

    stability = NumberField(required=False, allow_null=True)
    similarity_boost = NumberField(required=False, allow_null=True)
    # The framework takes a field out of its class, so its own `style` stays.
    style = NumberField(required=False, allow_null=True)  # type: ignore[assignment]
    use_speaker_boost = FlagField(required=False, allow_null=True)
    speed = NumberField(required=False, allow_null=True)
    clone_strength = NumberField(required=False, allow_null=True)


class ElevenLabsSpeechSerializer(StrictSerializer):
    """The body of the routes that speak. What an account's adapter does not take is refused."""

    text = SpokenTextField()
    model_id = CodeField(max_length=100, required=False, allow_null=True)
    language_code = CodeField(max_length=64, required=False, allow_null=True)
    voice_settings = ElevenLabsSettingsSerializer(required=False, allow_null=True)
    pronunciation_dictionary_locators = BoundedListField(
        child=serializers.DictField(), limit=3, required=False, allow_null=True
    )
    seed = WholeNumberField(max_value=2**32 - 1, required=False, allow_null=True)
    previous_text = TranscriptField(
        max_length=MOST_CONTEXT, required=False, allow_null=True, allow_blank=True
    )
    next_text = TranscriptField(
        max_length=MOST_CONTEXT, required=False, allow_null=True, allow_blank=True
    )
    previous_request_ids = BoundedListField(
        child=CodeField(max_length=100), limit=3, required=False, allow_null=True
    )
    next_request_ids = BoundedListField(
        child=CodeField(max_length=100), limit=3, required=False, allow_null=True
    )
    use_pvc_as_ivc = FlagField(required=False, allow_null=True)
    apply_text_normalization = ChoiceField(
        choices=("auto", "on", "off"), required=False, allow_null=True
    )
    apply_language_text_normalization = FlagField(required=False, allow_null=True)
    audio_effects = serializers.DictField(required=False, allow_null=True)
