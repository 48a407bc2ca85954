"""A sound of any length and rate, in blocks at the scheme's rate.

Memory stays bounded for recordings of any length.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from watermark.speech.features import resample_mono
from watermark.speech.parameters import SPEECH_1, Samples

WHOLE_SECONDS: Final = 60  # a sound of a minute is one block
BLOCK_SECONDS: Final = 20
OVERLAP_SECONDS: Final = 6  # so that a marked clip of six seconds is whole in one of two blocks
SEARCH_SECONDS: Final = 9.0
APART_SECONDS: Final = 7.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlockSource:
    """Mono `samples` at `rate`. Only the requested parts are resampled to the scheme's rate."""

    samples: Samples
    rate: int

    @property
    def one_block(self) -> bool:
        """Check whether the whole sound is one block."""
        return self.samples.size <= WHOLE_SECONDS * self.rate

    def blocks(self) -> Iterator[tuple[float, Samples]]:
        """Yield each block and the second at which it begins. They overlap by six seconds."""
        if self.one_block:
            yield 0.0, self._at_rate(self.samples)
            return

        size = BLOCK_SECONDS * self.rate
        apart = (BLOCK_SECONDS - OVERLAP_SECONDS) * self.rate
        for start in range(0, self.samples.size - OVERLAP_SECONDS * self.rate, apart):
            yield start / self.rate, self._at_rate(self.samples[start : start + size])

    def loudest(self, *, limit: int = 1) -> list[Samples]:
        """Return the `limit` loudest pieces of nine seconds, 7.5 apart, at the scheme's rate.

        The piece with the most energy comes first. A short clip is its own only piece.
        """
        size = round(SEARCH_SECONDS * self.rate)
        apart = round(APART_SECONDS * self.rate)

        starts = range(0, max(1, self.samples.size - size + apart), apart)
        pieces = [self.samples[start : start + size] for start in starts]
        best = sorted(pieces, key=lambda piece: -float(np.square(piece).sum(dtype=np.float64)))

        return [self._at_rate(piece) for piece in best[:limit]]

    def _at_rate(self, samples: Samples) -> Samples:
        return resample_mono(samples, self.rate, SPEECH_1.rate)
