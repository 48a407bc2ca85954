"""The bodies of TensorOne's API that are taken. An unknown field is refused."""

from __future__ import annotations

import re
from typing import Any, Final

from rest_framework import serializers

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

LANGUAGES: Final = ("en", "es", "fr", "de", "it", "pt", "ja", "ko", "zh")
EMOTIONS: Final = ("neutral", "happy", "sad", "angry", "excited", "calm")
TYPES: Final = ("instant", "standard", "premium", "professional")
FORMATS: Final = ("mp3", "wav", "flac", "ogg")
RATES: Final = (22_050, 44_100, 48_000)
MOST_SAMPLES: Final = 25
MOST_TEXTS: Final = 1_000
_FILE_NAME: Final = re.compile(r"(?!\.)[^/\\:]{1,100}")


class TensorOneSampleSerializer(StrictSerializer):
    """One recording, at an address or in base64."""

    audioUrl = ReferenceField(max_length=8_000, required=False)  # noqa: N815 - the provider's name
    audioBase64 = Base64AudioField(required=False)  # noqa: N815 - as above
    transcript = TranscriptField(max_length=5_000, required=False, allow_blank=True)
    duration = NumberField(required=False)
    language = ChoiceField(choices=LANGUAGES, required=False)
    emotion = ChoiceField(choices=EMOTIONS, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check that the recording comes in one way."""
        if ("audioUrl" in attrs) == ("audioBase64" in attrs):
            raise serializers.ValidationError(
                "Give one of `audioUrl` and `audioBase64`.", code="invalid"
            )

        return attrs


class TensorOneTrainingSerializer(StrictSerializer):
    """What is done to the recordings."""

    enhanceQuality = FlagField(required=False)  # noqa: N815 - as above
    removeNoise = FlagField(required=False)  # noqa: N815 - as above
    normalizeVolume = FlagField(required=False)  # noqa: N815 - as above
    speakerConsistency = NumberField(required=False)  # noqa: N815 - as above

    def validate_speakerConsistency(self, share: float) -> float:  # noqa: N802 - the framework's hook
        """Refuse what is no share."""
        if not 0 <= share <= 1:
            raise serializers.ValidationError("This must be from 0 to 1.", code="out_of_range")
        return share


class TensorOneCloneSerializer(StrictSerializer):
    """`POST voice-cloning`."""

    voiceName = ShownTextField(max_length=200)  # noqa: N815 - as above
    audioSamples = BoundedListField(  # noqa: N815 - as above
        child=TensorOneSampleSerializer(), allow_empty=False, limit=MOST_SAMPLES
    )
    language = ChoiceField(choices=LANGUAGES, required=False)
    voiceType = ChoiceField(choices=TYPES, required=False)  # noqa: N815 - as above
    trainingOptions = TensorOneTrainingSerializer(required=False)  # noqa: N815 - as above
    multilingualSupport = FlagField(required=False)  # noqa: N815 - as above
    emotionalRange = FlagField(required=False)  # noqa: N815 - as above


class TensorOneSpeechSerializer(StrictSerializer):
    """`POST voice-cloning/{id}/speak`."""

    text = SpokenTextField()
    voiceId = CodeField(max_length=200, required=False)  # noqa: N815 - as above
    speed = NumberField(default=1.0)
    pitch = NumberField(default=0.0)
    emotion = ChoiceField(choices=EMOTIONS, default="neutral")
    outputFormat = ChoiceField(choices=FORMATS, default="mp3")  # noqa: N815 - as above
    sampleRate = WholeNumberField(default=44_100)  # noqa: N815 - as above

    def validate_sampleRate(self, rate: int) -> int:  # noqa: N802 - the framework's hook
        """Refuse a rate that the provider does not have."""
        if rate not in RATES:
            raise serializers.ValidationError(
                f"The rate must be one of: {', '.join(map(str, RATES))}.", code="out_of_range"
            )
        return rate


class TensorOneLineSerializer(StrictSerializer):
    """One text of a batch, and the name of its file."""

    text = SpokenTextField()
    filename = ReferenceField(max_length=100, required=False)

    def validate_filename(self, name: str) -> str:
        """Refuse a name that leads into a folder."""
        if not _FILE_NAME.fullmatch(name):
            raise serializers.ValidationError(
                "Give the name of a file, without a folder.", code="invalid"
            )
        return name


class TensorOneBatchSerializer(StrictSerializer):
    """`POST voice-cloning/batch-speak`."""

    voiceId = CodeField(max_length=200)  # noqa: N815 - as above
    texts = BoundedListField(child=TensorOneLineSerializer(), allow_empty=False, limit=MOST_TEXTS)
    outputFormat = ChoiceField(choices=FORMATS, default="mp3")  # noqa: N815 - as above
