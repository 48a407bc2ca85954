"""The speaker check: are these recordings of one person? An indicator; good clones pass it too.

Samples with five seconds of speech are compared one by one, shorter ones with all the others
together: between two utterances of three seconds the cosine of one person's embeddings scatters
down to 0.75.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audio.sound import Sound
from voices.sample_checks import speaker_encoder

ENOUGH_SECONDS: Final = 5.0
CLEAN_DB: Final = 20.0
TELEPHONE_HZ: Final = 3_800
SAME: Final = 0.80
DIFFERENT: Final = 0.70
# On the telephone strangers sound more alike (mean 0.72 instead of 0.55).
TELEPHONE_SAME: Final = 0.84
TELEPHONE_DIFFERENT: Final = 0.78
OTHERS: Final = "others"
_NARROW_RATE: Final = 8_000


class SimilarityVerdict(enum.StrEnum):
    """What a comparison says."""

    SAME = "same"
    REVIEW = "review"
    DIFFERENT = "different"


@dataclass(frozen=True, kw_only=True, eq=False)
class Voiceprint:
    """The speech of one recording, ready for comparison (embeddings are made when first needed)."""

    name: str
    speech: Sound
    snr_db: float
    bandwidth_hz: int

    @property
    def telephone(self) -> bool:
        """Recorded through a narrow channel."""
        return self.bandwidth_hz < TELEPHONE_HZ

    @cached_property
    def windows(self) -> NDArray[np.float32]:
        """An embedding each 1.6 s window."""
        return speaker_encoder.embed_windows(self.speech)

    @cached_property
    def narrow_windows(self) -> NDArray[np.float32]:
        """The same after the band of a telephone."""
        return speaker_encoder.embed_windows(self.speech.resample(_NARROW_RATE))

    @property
    def embedding(self) -> NDArray[np.float32]:
        """The mean direction of the windows."""
        return speaker_encoder.mean_direction(self.windows)

    @property
    def coherence(self) -> float:
        """Lowest cosine between stretches of 3 s: one person 0.84 to 0.92 here, two about 0.6; 1
        for short ones.
        """
        count = len(self.windows)
        stretches = np.stack(
            [
                speaker_encoder.mean_direction(self.windows[at : at + 3])
                for at in range(max(1, count - 2))
            ]
        )
        return float((stretches @ stretches.T).min())


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One recording against another, or against `others` (all the rest together)."""

    first: str
    second: str
    cosine: float
    verdict: SimilarityVerdict


def compare_recordings(prints: Sequence[Voiceprint]) -> tuple[Comparison, ...]:
    """Compare every recording with the others."""
    long = [one for one in prints if one.speech.seconds >= ENOUGH_SECONDS]
    found = [_compare_with(a, (b,), name=b.name) for a, b in combinations(long, 2)]
    short = [one for one in prints if one.speech.seconds < ENOUGH_SECONDS]
    if len(prints) == 2 and short:
        return (_compare_with(prints[0], (prints[1],), name=prints[1].name),)
    for one in short:
        rest = tuple(other for other in prints if other is not one)
        found += [_compare_with(one, rest, name=OTHERS)] if rest else []
    return tuple(found)


def find_outlier(comparison: Comparison, prints: Sequence[Voiceprint]) -> str:
    """Name the recording of a pair that is less like all the rest; of two alone, the later one."""
    if comparison.second == OTHERS:
        return comparison.first
    pair = [one.name for one in prints if one.name in {comparison.first, comparison.second}]
    return (
        pair[-1] if len(prints) == 2 else min(pair, key=lambda name: _mean_similarity(name, prints))
    )


def _mean_similarity(name: str, prints: Sequence[Voiceprint]) -> float:
    own = next(one for one in prints if one.name == name).embedding
    return float(np.mean([own @ other.embedding for other in prints if other.name != name]))


def _compare_with(one: Voiceprint, rest: tuple[Voiceprint, ...], *, name: str) -> Comparison:
    """Compare in the common bandwidth; noisy or unlike channels may raise doubt but never refuse by
    themselves.
    """
    channels = {side.telephone for side in (one, *rest)}
    narrow = True in channels
    same, different = (TELEPHONE_SAME, TELEPHONE_DIFFERENT) if narrow else (SAME, DIFFERENT)
    pool = np.concatenate([side.narrow_windows if narrow else side.windows for side in rest])
    cosine = float(
        speaker_encoder.mean_direction(one.narrow_windows if narrow else one.windows)
        @ speaker_encoder.mean_direction(pool)
    )
    fair = len(channels) == 1 and min(side.snr_db for side in (one, *rest)) >= CLEAN_DB
    doubt = SimilarityVerdict.DIFFERENT if cosine < different and fair else SimilarityVerdict.REVIEW
    return Comparison(
        first=one.name,
        second=name,
        cosine=cosine,
        verdict=SimilarityVerdict.SAME if cosine >= same else doubt,
    )
