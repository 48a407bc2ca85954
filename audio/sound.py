"""Sound: mono samples with their rate, the one form in which audio travels between the rooms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

FULL_SCALE = 32768.0


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """Mono float32 samples in [-1, 1] at `rate` Hz.

    Raises ValueError for another shape, type or rate.
    """

    samples: NDArray[np.float32]
    rate: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or self.samples.dtype != np.float32:
            raise ValueError("samples must be one row of float32")
        if self.rate <= 0:
            raise ValueError("rate must be positive")

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate

    def resample(self, rate: int) -> Sound:
        """The same sound at another rate (soxr, high quality); itself when the rate is already
        right.
        """
        if rate == self.rate:
            return self
        return Sound(
            np.asarray(soxr.resample(self.samples, self.rate, rate), dtype=np.float32), rate
        )

    def pcm16(self) -> bytes:
        """Canonical PCM: 16-bit little-endian mono at the sound's own rate; what clips are hashed
        over.
        """
        return quantise_samples(self.samples).tobytes()


def quantise_samples(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Round samples to 16 bits; overshoots beyond full scale end at full scale.

    The factor is 32768, the one by which libsndfile divides when it reads 16-bit files: a file read
    and written again keeps every bit.
    """
    whole: NDArray[np.float32] = np.clip(np.rint(samples * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1)
    return whole.astype("<i2")


def from_pcm16(data: bytes, rate: int) -> Sound:
    """Read canonical PCM back. Raises ValueError for an odd number of bytes."""
    return Sound(
        (np.frombuffer(data, dtype="<i2") / np.float32(FULL_SCALE)).astype(np.float32), rate
    )
