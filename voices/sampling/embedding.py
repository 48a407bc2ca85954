"""A voice as numbers: the mean embedding of all its samples, and when two of them are alike enough for a review.

Channels differ more than people do, so there is one embedding of the full band and one of a telephone's. Where a side
was recorded through a telephone, both are compared in that band, as `likeness` does.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.canonical import Json
from provenance.audio.sound import Sound
from voices.sampling import activity, encoder, quality
from voices.sampling.examining import LEAST_SECONDS
from voices.sampling.likeness import Voiceprint

RESEMBLES: Final = 0.90
TELEPHONE_RESEMBLES: Final = 0.94
"""From this likeness on two voices are looked at: at most one false alarm in 100 clones with 1,000 voices.

Above every upper bound that `bench/voice_likeness.py` gave on 80 people (0.898 and 0.932). The evidence is thin, and
most pairs of one person's recordings stay below (docs/decisions/030-voices-compared.md).
"""

Real = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedding:
    """The numbers of one voice. They are biometric data: keep them sealed."""

    wide: Real = field(repr=False)
    narrow: Real = field(repr=False)
    telephone: bool

    def as_json(self) -> dict[str, Json]:
        """Give what is sealed; sixteen bits a number change the likeness by less than 0.0001."""
        return {"wide": _text(self.wide), "narrow": _text(self.narrow), "telephone": self.telephone}


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How alike two voices are, and whether a person should look at them."""

    cosine: float
    resembles: bool


def measure(sounds: Sequence[Sound]) -> Embedding | None:
    """Measure a voice by its samples. None when there is too little speech in each of them."""
    prints = [heard for sound in sounds if (heard := _print(sound)) is not None]
    return pool(prints) if prints else None


def pool(prints: Sequence[Voiceprint]) -> Embedding:
    """The mean over the windows of all these recordings."""
    return Embedding(
        wide=encoder.centre(np.concatenate([one.windows for one in prints])),
        narrow=encoder.centre(np.concatenate([one.narrow_windows for one in prints])),
        telephone=any(one.telephone for one in prints),
    )


def compare(one: Embedding, other: Embedding) -> Likeness:
    """Compare two voices in their common band."""
    if one.telephone or other.telephone:
        cosine, limit = float(one.narrow @ other.narrow), TELEPHONE_RESEMBLES
    else:
        cosine, limit = float(one.wide @ other.wide), RESEMBLES
    return Likeness(cosine=cosine, resembles=cosine >= limit)


def read(value: Mapping[str, Json]) -> Embedding:
    """Read what `as_json` gave."""
    return Embedding(wide=_numbers(value["wide"]), narrow=_numbers(value["narrow"]), telephone=bool(value["telephone"]))


def _print(sound: Sound) -> Voiceprint | None:
    speech = activity.found(sound)
    if speech.seconds < LEAST_SECONDS:
        return None
    band = min(quality.bandwidth_hz(speech.speech), sound.rate // 2)
    return Voiceprint(name="", speech=speech.speech, snr_db=speech.snr_db, bandwidth_hz=band)


def _text(numbers: Real) -> str:
    return base64.b64encode(numbers.astype("<f2").tobytes()).decode("ascii")


def _numbers(text: Json) -> Real:
    numbers = np.frombuffer(base64.b64decode(str(text)), dtype="<f2").astype(np.float32)
    return np.asarray(numbers / max(float(np.linalg.norm(numbers)), 1e-9), dtype=np.float32)
