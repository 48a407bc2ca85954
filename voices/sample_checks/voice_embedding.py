"""A voice as numbers: the mean embedding of all its samples, and the comparison of two voices.

Channels differ more than people do, so there is one embedding of the full band and one of a
telephone's. If one side was recorded through a telephone, both are compared in that band, as in
`speaker_similarity`.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audio.sound import Sound
from core.canonical_json import Json
from voices.sample_checks import recording_quality, speaker_encoder, voice_activity
from voices.sample_checks.sample_check import LEAST_SECONDS
from voices.sample_checks.speaker_similarity import Voiceprint

RESEMBLES: Final = 0.90
TELEPHONE_RESEMBLES: Final = 0.94
"""From this likeness on a person reviews two voices.

At most one false alarm is expected in 100 clones with 1,000 voices. The limits lie above every
upper bound that `bench/voice_likeness.py` gave on 80 people (0.898 and 0.932). The evidence is
thin, and most pairs of one person's recordings stay below (docs/decisions/030-voices-compared.md).
"""

Real = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedding:
    """The numbers of one voice. They are biometric data and must be sealed."""

    wide: Real = field(repr=False)
    narrow: Real = field(repr=False)
    telephone: bool

    def as_json(self) -> dict[str, Json]:
        """Return the value to seal.

        Sixteen bits a number change the likeness by less than 0.0001.
        """
        return {
            "wide": _encode_numbers(self.wide),
            "narrow": _encode_numbers(self.narrow),
            "telephone": self.telephone,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceSimilarity:
    """How similar two voices are, and whether a person should review them."""

    cosine: float
    resembles: bool


def measure_embedding(sounds: Sequence[Sound]) -> Embedding | None:
    """Measure a voice by its samples. Return None when each of them has too little speech."""
    prints = [voiceprint for sound in sounds if (voiceprint := _make_voiceprint(sound)) is not None]
    return pool_voiceprints(prints) if prints else None


def pool_voiceprints(prints: Sequence[Voiceprint]) -> Embedding:
    """Return the mean over the windows of all these recordings."""
    return Embedding(
        wide=speaker_encoder.compute_mean_direction(
            np.concatenate([one.windows for one in prints])
        ),
        narrow=speaker_encoder.compute_mean_direction(
            np.concatenate([one.narrow_windows for one in prints])
        ),
        telephone=any(one.telephone for one in prints),
    )


def compare_embeddings(embedding: Embedding, other: Embedding) -> VoiceSimilarity:
    """Compare two voices in their common band."""
    if embedding.telephone or other.telephone:
        cosine, limit = float(embedding.narrow @ other.narrow), TELEPHONE_RESEMBLES
    else:
        cosine, limit = float(embedding.wide @ other.wide), RESEMBLES

    return VoiceSimilarity(cosine=cosine, resembles=cosine >= limit)


def parse_embedding(value: Mapping[str, Json]) -> Embedding:
    """Read what `as_json` returned."""
    return Embedding(
        wide=_decode_numbers(value["wide"]),
        narrow=_decode_numbers(value["narrow"]),
        telephone=bool(value["telephone"]),
    )


def _make_voiceprint(sound: Sound) -> Voiceprint | None:
    speech = voice_activity.detect_speech(sound)
    if speech.seconds < LEAST_SECONDS:
        return None

    band = min(recording_quality.measure_bandwidth(speech.speech), sound.rate // 2)
    return Voiceprint(name="", speech=speech.speech, snr_db=speech.snr_db, bandwidth_hz=band)


def _encode_numbers(numbers: Real) -> str:
    return base64.b64encode(numbers.astype("<f2").tobytes()).decode("ascii")


def _decode_numbers(text: Json) -> Real:
    numbers = np.frombuffer(base64.b64decode(str(text)), dtype="<f2").astype(np.float32)
    return np.asarray(numbers / max(float(np.linalg.norm(numbers)), 1e-9), dtype=np.float32)
