"""The speaker check: are these recordings of one person? An indicator; good clones pass it too.

Samples with five seconds of speech are compared one by one, shorter ones with all the others together: between two
utterances of three seconds the cosine of one person's embeddings scatters down to 0.75.
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

from provenance.audio.sound import Sound
from voices.sampling import encoder

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


class Verdict(enum.StrEnum):
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
        return encoder.partials(self.speech)

    @cached_property
    def narrow_windows(self) -> NDArray[np.float32]:
        """The same after the band of a telephone."""
        return encoder.partials(self.speech.resampled(_NARROW_RATE))

    @property
    def embedding(self) -> NDArray[np.float32]:
        """The mean direction of the windows."""
        return encoder.centre(self.windows)

    @property
    def coherence(self) -> float:
        """Lowest cosine between stretches of 3 s: one person 0.84 to 0.92 here, two about 0.6; 1 for short ones."""
        count = len(self.windows)
        stretches = np.stack([encoder.centre(self.windows[at : at + 3]) for at in range(max(1, count - 2))])
        return float((stretches @ stretches.T).min())


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One recording against another, or against `others` (all the rest together)."""

    first: str
    second: str
    cosine: float
    verdict: Verdict


def compared(prints: Sequence[Voiceprint]) -> tuple[Comparison, ...]:
    """Compare every recording with the others."""
    long = [one for one in prints if one.speech.seconds >= ENOUGH_SECONDS]
    found = [_judged(a, (b,), name=b.name) for a, b in combinations(long, 2)]
    short = [one for one in prints if one.speech.seconds < ENOUGH_SECONDS]
    if len(prints) == 2 and short:
        return (_judged(prints[0], (prints[1],), name=prints[1].name),)
    for one in short:
        rest = tuple(other for other in prints if other is not one)
        found += [_judged(one, rest, name=OTHERS)] if rest else []
    return tuple(found)


def blamed(comparison: Comparison, prints: Sequence[Voiceprint]) -> str:
    """Name the recording of a pair that is less like all the rest; of two alone, the later one."""
    if comparison.second == OTHERS:
        return comparison.first
    pair = [one.name for one in prints if one.name in {comparison.first, comparison.second}]
    return pair[-1] if len(prints) == 2 else min(pair, key=lambda name: _standing(name, prints))


def _standing(name: str, prints: Sequence[Voiceprint]) -> float:
    own = next(one for one in prints if one.name == name).embedding
    return float(np.mean([own @ other.embedding for other in prints if other.name != name]))


def _judged(one: Voiceprint, rest: tuple[Voiceprint, ...], *, name: str) -> Comparison:
    """Compare in the common bandwidth; noisy or unlike channels may raise doubt but never refuse by themselves."""
    channels = {side.telephone for side in (one, *rest)}
    narrow = True in channels
    same, different = (TELEPHONE_SAME, TELEPHONE_DIFFERENT) if narrow else (SAME, DIFFERENT)
    pool = np.concatenate([side.narrow_windows if narrow else side.windows for side in rest])
    cosine = float(encoder.centre(one.narrow_windows if narrow else one.windows) @ encoder.centre(pool))
    fair = len(channels) == 1 and min(side.snr_db for side in (one, *rest)) >= CLEAN_DB
    doubt = Verdict.DIFFERENT if cosine < different and fair else Verdict.REVIEW
    return Comparison(first=one.name, second=name, cosine=cosine, verdict=Verdict.SAME if cosine >= same else doubt)
