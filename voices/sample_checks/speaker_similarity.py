"""The speaker check: whether recordings are of one person.

It is an indicator, and good clones pass it too. Samples with five seconds of speech are compared
one by one, shorter ones with all the others together. Between two utterances of three seconds the
cosine of one person's embeddings goes down to 0.75.
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
# On the telephone strangers sound more similar (mean 0.72 instead of 0.55).
TELEPHONE_SAME: Final = 0.84
TELEPHONE_DIFFERENT: Final = 0.78
OTHERS: Final = "others"
_NARROW_RATE: Final = 8_000


class SimilarityVerdict(enum.StrEnum):
    """The result of a comparison."""

    SAME = "same"
    REVIEW = "review"
    DIFFERENT = "different"


@dataclass(frozen=True, kw_only=True, eq=False)
class Voiceprint:
    """The speech of one recording. Its embeddings are computed when they are first needed."""

    name: str
    speech: Sound
    snr_db: float
    bandwidth_hz: int

    @property
    def telephone(self) -> bool:
        """Check whether the recording came through a narrow channel."""
        return self.bandwidth_hz < TELEPHONE_HZ

    @cached_property
    def windows(self) -> NDArray[np.float32]:
        """Return an embedding for each window of 1.6 s."""
        return speaker_encoder.embed_windows(self.speech)

    @cached_property
    def narrow_windows(self) -> NDArray[np.float32]:
        """Return the embeddings after the band of a telephone."""
        return speaker_encoder.embed_windows(self.speech.resample(_NARROW_RATE))

    @property
    def embedding(self) -> NDArray[np.float32]:
        """Return the mean direction of the windows."""
        return speaker_encoder.compute_mean_direction(self.windows)

    @property
    def coherence(self) -> float:
        """Return the lowest cosine between stretches of 3 s, or 1 for short recordings.

        One person has 0.84 to 0.92 here, two have about 0.6.
        """
        count = len(self.windows)
        stretches = np.stack(
            [
                speaker_encoder.compute_mean_direction(self.windows[at : at + 3])
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
        if rest:
            found.append(_compare_with(one, rest, name=OTHERS))

    return tuple(found)


def find_outlier(comparison: Comparison, prints: Sequence[Voiceprint]) -> str:
    """Return the recording of a pair that is less similar to all the rest.

    Of two alone it is the later one.
    """
    if comparison.second == OTHERS:
        return comparison.first

    pair = [one.name for one in prints if one.name in {comparison.first, comparison.second}]
    if len(prints) == 2:
        return pair[-1]

    return min(pair, key=lambda name: _mean_similarity(name, prints))


def compute_common_direction(prints: Sequence[Voiceprint]) -> NDArray[np.float32] | None:
    """Return the mean direction of all recordings, shape (256,), or None where there is none."""
    if not prints:
        return None

    return speaker_encoder.compute_mean_direction(np.concatenate([one.windows for one in prints]))


def _mean_similarity(name: str, prints: Sequence[Voiceprint]) -> float:
    own = next(one for one in prints if one.name == name).embedding
    return float(np.mean([own @ other.embedding for other in prints if other.name != name]))


def _compare_with(voiceprint: Voiceprint, rest: tuple[Voiceprint, ...], *, name: str) -> Comparison:
    """Compare in the common bandwidth.

    Noisy recordings or different channels may raise doubt but never refuse by themselves.
    """
    channels = {side.telephone for side in (voiceprint, *rest)}
    narrow = True in channels
    same, different = (TELEPHONE_SAME, TELEPHONE_DIFFERENT) if narrow else (SAME, DIFFERENT)

    own = voiceprint.narrow_windows if narrow else voiceprint.windows
    pool = np.concatenate([side.narrow_windows if narrow else side.windows for side in rest])
    cosine = float(
        speaker_encoder.compute_mean_direction(own) @ speaker_encoder.compute_mean_direction(pool)
    )

    fair = len(channels) == 1 and min(side.snr_db for side in (voiceprint, *rest)) >= CLEAN_DB
    doubt = SimilarityVerdict.DIFFERENT if cosine < different and fair else SimilarityVerdict.REVIEW

    return Comparison(
        first=voiceprint.name,
        second=name,
        cosine=cosine,
        verdict=SimilarityVerdict.SAME if cosine >= same else doubt,
    )
