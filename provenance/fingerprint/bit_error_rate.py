"""How alike two fingerprints are: the share of bits that differ where they lie on each other best.

The threshold is for speech (`docs/numbers.md`): the 0.35 that is usual for music would take one
foreign clip in seven for a match.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from provenance.fingerprint.subfingerprints import Words

LIMIT: Final = 0.15
"""Share of differing bits below which two fingerprints are of the same speech."""
LEAST: Final = 12
"""Fewer words than this on each other say nothing; they are 4 s of sound."""
STRETCH: Final = 40
"""Where more lies on each other, the best stretch of this many words (7 s of sound) counts: a part
is enough.
"""
AROUND: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerprintSimilarity:
    """Share of differing bits, 0 to 1, and how many words lie on each other."""

    errors: float
    words: int

    @property
    def alike(self) -> bool:
        """Whether this is close enough to speak of a candidate."""
        return self.words >= LEAST and self.errors < LIMIT


def compare_words(
    heard: Words, kept: Words, *, shift: int, around: int = AROUND
) -> FingerprintSimilarity:
    """The best likeness when `kept[0]` lies on `heard[shift]`, or up to `around` words beside."""
    found = [_compare_at(heard, kept, shift + step) for step in range(-around, around + 1)]
    enough = [one for one in found if one.words >= LEAST]
    return min(
        enough, key=lambda one: one.errors, default=FingerprintSimilarity(errors=1.0, words=0)
    )


def _compare_at(heard: Words, kept: Words, shift: int) -> FingerprintSimilarity:
    begin, end = max(0, shift), min(heard.size, shift + kept.size)
    if end <= begin:
        return FingerprintSimilarity(errors=1.0, words=0)
    differing = (
        np.bitwise_count(heard[begin:end] ^ kept[begin - shift : end - shift]).astype(np.float64)
        / 32.0
    )
    if differing.size <= STRETCH:
        return FingerprintSimilarity(errors=float(differing.mean()), words=differing.size)
    sums = np.concatenate(([0.0], differing.cumsum()))
    return FingerprintSimilarity(
        errors=float((sums[STRETCH:] - sums[:-STRETCH]).min() / STRETCH), words=differing.size
    )
