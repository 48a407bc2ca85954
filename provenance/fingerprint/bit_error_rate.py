"""The likeness of two fingerprints: the share of bits that differ in their best alignment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from provenance.fingerprint.subfingerprints import Words

LIMIT: Final = 0.15
"""Share of differing bits below which two fingerprints are of the same speech.

The limit is for speech (`docs/numbers.md`). The 0.35 that is usual for music would accept one
foreign clip in seven.
"""
LEAST: Final = 12
"""The least number of aligned words that is evidence: 4 s of sound."""
STRETCH: Final = 40
"""Of a longer alignment, the best stretch of this many words (7 s of sound) counts.

So a part of a clip is enough.
"""
AROUND: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerprintSimilarity:
    """Share of differing bits, 0 to 1, and the number of aligned words."""

    errors: float
    words: int

    @property
    def is_close(self) -> bool:
        """Check whether this is close enough for a candidate."""
        return self.words >= LEAST and self.errors < LIMIT


def compare_words(
    heard: Words, kept: Words, *, shift: int, around: int = AROUND
) -> FingerprintSimilarity:
    """Return the best likeness with `kept[0]` on `heard[shift]`, or up to `around` words beside."""
    found = [_compare_at(heard, kept, shift + step) for step in range(-around, around + 1)]
    enough = [one for one in found if one.words >= LEAST]

    nothing = FingerprintSimilarity(errors=1.0, words=0)
    return min(enough, key=lambda one: one.errors, default=nothing)


def _compare_at(heard: Words, kept: Words, shift: int) -> FingerprintSimilarity:
    begin, end = max(0, shift), min(heard.size, shift + kept.size)
    if end <= begin:
        return FingerprintSimilarity(errors=1.0, words=0)

    different_bits = np.bitwise_count(heard[begin:end] ^ kept[begin - shift : end - shift])
    differing = different_bits.astype(np.float64) / 32.0
    if differing.size <= STRETCH:
        return FingerprintSimilarity(errors=float(differing.mean()), words=differing.size)

    sums = np.concatenate(([0.0], differing.cumsum()))
    errors = float((sums[STRETCH:] - sums[:-STRETCH]).min() / STRETCH)
    return FingerprintSimilarity(errors=errors, words=differing.size)
