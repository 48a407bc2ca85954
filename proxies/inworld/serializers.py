"""The bodies of Inworld's API that are taken. An unknown field is refused."""

from __future__ import annotations

from typing import Final

from core.api.fields import (
    BoundedListField,
    ChoiceField,
    CodeField,
    FlagField,
    ReferenceField,
    ShownTextField,
    WholeNumberField,
)
from core.api.serializers import StrictSerializer
from voices.api.serializers.input_fields import (
    Base64AudioField,
    NumberField,
    SpokenTextField,
    TranscriptField,
)

LANGUAGES: Final = {
    "EN_US": "en-US", "ZH_CN": "zh-CN", "KO_KR": "ko-KR", "JA_JP": "ja-JP", "RU_RU": "ru-RU",
    "IT_IT": "it-IT", "ES_ES": "es-ES", "PT_BR": "pt-BR", "DE_DE": "de-DE", "FR_FR": "fr-FR",
    "AR_SA": "ar-SA", "PL_PL": "pl-PL", "NL_NL": "nl-NL", "HI_IN": "hi-IN", "HE_IL": "he-IL",
    "AUTO": None,
}  # fmt: skip
"""The provider's names of languages, as BCP 47. `AUTO` names none."""
CODECS: Final = {
    "MP3": "mp3", "OGG_OPUS": "opus", "FLAC": "flac", "LINEAR16": "wav", "WAV": "wav",
    "PCM": "pcm_s16le", "MULAW": "mulaw",
}  # fmt: skip
"""The provider's names of codecs, as ours. A-law is not made here."""


class InworldSampleSerializer(StrictSerializer):
    """One recording."""

    audioData = Base64AudioField()  # noqa: N815 - the provider's name
    transcription = TranscriptField(max_length=5_000, required=False, allow_blank=True)


class InworldProcessingSerializer(StrictSerializer):
    """What is done to the recordings."""

    removeBackgroundNoise = FlagField(default=False)  # noqa: N815 - the provider's name


class InworldCloneSerializer(StrictSerializer):
    """`POST /voices/v1/voices:clone`."""

    displayName = ShownTextField(max_length=200)  # noqa: N815 - the provider's name
    langCode = ChoiceField(choices=tuple(LANGUAGES))  # noqa: N815 - the provider's name
    voiceSamples = BoundedListField(  # noqa: N815 - the provider's name
        child=InworldSampleSerializer(), allow_empty=False, limit=25
    )
    description = ShownTextField(
        fewest=0, one_line=False, max_length=2_000, required=False, allow_blank=True
    )
    tags = BoundedListField(child=ReferenceField(max_length=200), required=False, limit=50)
    audioProcessingConfig = InworldProcessingSerializer(required=False)  # noqa: N815 - as above


class InworldVoiceChangesSerializer(StrictSerializer):
    """`PATCH /voices/v1/voices/{id}`."""

    displayName = ShownTextField(max_length=200, required=False)  # noqa: N815 - as above
    description = ShownTextField(
        fewest=0, one_line=False, max_length=2_000, required=False, allow_blank=True
    )
    tags = BoundedListField(child=ReferenceField(max_length=200), required=False, limit=50)


class InworldAudioConfigSerializer(StrictSerializer):
    """The format, and how fast to speak."""

    audioEncoding = ChoiceField(  # noqa: N815 - as above
        choices=(*CODECS, "ALAW"), required=False
    )
    sampleRateHertz = WholeNumberField(required=False)  # noqa: N815 - as above
    bitRate = WholeNumberField(required=False)  # noqa: N815 - as above
    speakingRate = NumberField(required=False)  # noqa: N815 - as above


class InworldSpeechSerializer(StrictSerializer):
    """`POST /tts/v1/voice` and its stream."""

    text = SpokenTextField()
    voiceId = CodeField(max_length=200)  # noqa: N815 - as above
    modelId = CodeField(max_length=100, required=False)  # noqa: N815 - as above
    audioConfig = InworldAudioConfigSerializer(required=False)  # noqa: N815 - as above
    language = CodeField(max_length=64, required=False, allow_null=True)
    temperature = NumberField(required=False)
    deliveryMode = ChoiceField(  # noqa: N815 - as above
        choices=("STABLE", "BALANCED", "CREATIVE", "EXPRESSIVE"), required=False
    )
    applyTextNormalization = CodeField(max_length=40, required=False)  # noqa: N815 - as above
    timestampType = ChoiceField(  # noqa: N815 - as above
        choices=("TIMESTAMP_TYPE_UNSPECIFIED",), required=False
    )
