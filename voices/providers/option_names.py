"""Names of options that a proxy route sets and its adapter reads. No view imports an adapter."""

from __future__ import annotations

from typing import Final

VERSION_OPTION: Final = "cartesia_version"
"""Of Cartesia: the date of its API that the SDK speaks."""
MODEL_OPTION: Final = "model"
"""Of Fish Audio, whose model travels in a header."""
VOLUME_OPTION: Final = "volume"
INLINE_OPTION: Final = "inline"
"""Of Fish Audio's clone: the recordings stay with us and go with each call. No model is made."""
VOICE_TYPE_OPTION: Final = "voiceType"
"""Of TensorOne's clone: how thoroughly it trains."""
TRAINING_OPTION: Final = "trainingOptions"
MULTILINGUAL_OPTION: Final = "multilingualSupport"
EMOTIONAL_OPTION: Final = "emotionalRange"
SAMPLES_OPTION: Final = "audioSamples"
"""What is said of each recording beside its words: an object with `language` and `emotion`."""
