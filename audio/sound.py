"""Sound: mono samples with their rate, the one form of audio between the rooms."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

FULL_SCALE = 32768.0
_HASHED_AT_ONCE = 2**16
_RUNNING_SECONDS = 0.015
"""The window of a running mean: what is below 20 Hz follows it, and voices begin at 65 Hz."""


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
        """Return the length in seconds."""
        return len(self.samples) / self.rate

    def resample(self, rate: int) -> Sound:
        """Return the same sound at another rate (soxr, high quality), or itself at its own rate."""
        if rate == self.rate:
            return self

        resampled = soxr.resample(self.samples, self.rate, rate)
        return Sound(np.asarray(resampled, dtype=np.float32), rate)

    def remove_offset(self) -> Sound:
        """Return the sound without its offset and rumble: less its running mean."""
        window = round(_RUNNING_SECONDS * self.rate) | 1
        if len(self.samples) <= window:
            mean = self.samples.mean(dtype=np.float64) if len(self.samples) else 0.0
            return Sound((self.samples - mean).astype(np.float32), self.rate)

        # Twice, since the running mean of a running mean changes nothing from 50 Hz upwards.
        mean = self.samples.astype(np.float64)
        for _ in range(2):
            padded = np.pad(mean, window // 2, mode="reflect")
            sums = np.cumsum(np.concatenate(([0.0], padded)))
            mean = (sums[window:] - sums[:-window]) / window

        return Sound((self.samples - mean).astype(np.float32), self.rate)

    def pcm16(self) -> bytes:
        """Return canonical PCM: 16-bit little-endian mono at the sound's own rate.

        Clips are hashed over it.
        """
        return quantise_samples(self.samples).tobytes()

    def hash_pcm16(self) -> str:
        """Return the SHA-256 of the canonical PCM in hex, without holding all of it."""
        digest = hashlib.sha256()
        for first in range(0, len(self.samples), _HASHED_AT_ONCE):
            digest.update(quantise_samples(self.samples[first : first + _HASHED_AT_ONCE]).tobytes())
        return digest.hexdigest()


def quantise_samples(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Round samples to 16 bits. Overshoots beyond full scale are clipped."""
    # libsndfile divides by 32768 when it reads 16-bit files. So a file that is read and written
    # again keeps every bit.
    whole: NDArray[np.float32] = np.clip(np.rint(samples * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1)
    return whole.astype("<i2")


def from_pcm16(data: bytes, rate: int) -> Sound:
    """Read canonical PCM back.

    Raises ValueError for an odd number of bytes.
    """
    samples = np.frombuffer(data, dtype="<i2") / np.float32(FULL_SCALE)
    return Sound(samples.astype(np.float32), rate)
