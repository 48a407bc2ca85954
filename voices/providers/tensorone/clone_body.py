"""The body of a clone at TensorOne: recordings without loss, and no name of a person."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

from audio import encoding
from audio.encoding import RATES, Output
from audio.sound import Sound
from voices.providers.base import Clone, ReferenceRecording
from voices.providers.option_names import (
    EMOTIONAL_OPTION,
    MULTILINGUAL_OPTION,
    SAMPLES_OPTION,
    TRAINING_OPTION,
    VOICE_TYPE_OPTION,
)

STANDARD_SECONDS: Final = 60.0
"""The kind `standard` asks for at least a minute. Of less the kind `instant` is made."""
_FLAGS: Final = (MULTILINGUAL_OPTION, EMOTIONAL_OPTION)


def build_clone_body(order: Clone, language: str) -> dict[str, Any]:
    """Return the body. `language` is the provider's code of the order's language."""
    said: Any = order.options.get(SAMPLES_OPTION) or [{}] * len(order.recordings)
    options: Any = order.options.get(TRAINING_OPTION) or {}
    return {
        "voiceName": order.reference,
        "audioSamples": [
            _describe_sample(recording, beside)
            for recording, beside in zip(order.recordings, said, strict=True)
        ],
        "language": language,
        "voiceType": order.options.get(VOICE_TYPE_OPTION) or _choose_voice_type(order.recordings),
        "trainingOptions": {"removeNoise": order.denoise, **options},
        **{name: True for name in _FLAGS if order.options.get(name) is True},
    }


def _describe_sample(recording: ReferenceRecording, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return one sample. The file is made anew: what came may name a person in its tags."""
    rate = _choose_rate(recording.sound)
    data = encoding.encode_sound(recording.sound, Output(codec="flac", sample_rate_hz=rate))
    words = {"transcript": recording.transcript} if recording.transcript else {}
    return {"audioBase64": base64.b64encode(data).decode("ascii"), **words, **said}


def _choose_rate(sound: Sound) -> int:
    """Return the lowest rate in Hz at which nothing of the sound is lost, or the highest."""
    return next((rate for rate in RATES if rate >= sound.rate), RATES[-1])


def _choose_voice_type(recordings: Sequence[ReferenceRecording]) -> str:
    seconds = sum(len(one.sound.samples) / one.sound.rate for one in recordings)
    return "standard" if seconds >= STANDARD_SECONDS else "instant"
