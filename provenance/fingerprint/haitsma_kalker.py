"""Sub-fingerprints of 32 bits, 86 in a second: two seconds are enough to recognise a recording.

After Haitsma and Kalker, "A Highly Robust Audio Fingerprinting System" (ISMIR 2002). Each frame of
0.37 s is split into 33 bands between 300 and 2000 Hz. A bit is set when the difference of two
neighbouring bands grew since the frame before. Level and most codecs change few bits. Chromaprint
(`subfingerprints`) needs four seconds, and samples may be shorter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from provenance.fingerprint.chromagram import Samples

Bits = NDArray[np.uint32]

RATE: Final = 8_000
HOP: Final = 93  # 11.6 ms
FRAME: Final = 2_976  # 372 ms
BANDS: Final = 33
LOWEST_HZ: Final = 300.0
HIGHEST_HZ: Final = 2_000.0
SILENT: Final = 0
"""The sub-fingerprint of a frame without sound. It matches nothing."""

_SIZE: Final = 4_096
_QUIET_DB: Final = 45.0
"""Frames this far below the loudest are noise or silence, which is no evidence."""

LIMIT: Final = 0.25
"""Share of differing bits below which two stretches are of one recording.

Other speech differs in 0.40 and more.
"""
LEAST: Final = 80
"""The least number of frames with sound that is evidence: 1.3 s of speech."""
STRETCH: Final = 128
"""Of a longer alignment, the best stretch of this many frames (1.9 s) counts.

So a part of a recording is enough.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The likeness of two recordings in their best alignment.

    `errors` is the share of differing bits, `frames` the number of frames compared.
    """

    errors: float
    frames: int

    @property
    def same(self) -> bool:
        """Check whether this is one recording, or a part of it, on both sides."""
        return self.frames >= LEAST and self.errors < LIMIT


def compute_sub_fingerprints(samples: Samples, rate: int, *, frame: int = FRAME) -> Bits:
    """Return a value for every 11.6 ms of sound, `SILENT` where there is none.

    `samples` are mono in [-1, 1], and `frame` is how many of them at 8 kHz are heard at once.
    """
    sound = samples
    if rate != RATE:
        sound = soxr.resample(np.asarray(samples, dtype=np.float32), rate, RATE)

    count = (len(sound) - frame) // HOP + 1
    if count < 2:
        return np.empty(0, dtype=np.uint32)

    energies = np.concatenate(
        [
            _compute_energies(sound, begin, min(begin + 512, count), frame=frame)
            for begin in range(0, count, 512)
        ]
    )
    slopes = energies[:, :-1] - energies[:, 1:]
    bits = (slopes[1:] - slopes[:-1]) > 0
    weights = np.left_shift(np.uint32(1), np.arange(32, dtype=np.uint32))
    found: Bits = (bits * weights).sum(axis=1, dtype=np.uint32)

    loudness = energies.sum(axis=1)[1:]
    loud = loudness > max(float(loudness.max()) * 10 ** (-_QUIET_DB / 10), 1e-12)
    return np.where(loud, found, np.uint32(SILENT))


def compare_sub_fingerprints(heard: Bits, kept: Bits, *, shift: int, around: int = 2) -> Agreement:
    """Compare with `kept[0]` on `heard[shift]`, or up to `around` frames beside.

    Silent frames are left out.
    """
    found = [_compare_at(heard, kept, shift + step) for step in range(-around, around + 1)]
    enough = [one for one in found if one.frames >= LEAST]
    return min(enough, key=lambda one: one.errors, default=Agreement(errors=1.0, frames=0))


def _compare_at(heard: Bits, kept: Bits, shift: int) -> Agreement:
    begin, end = max(0, shift), min(heard.size, shift + kept.size)
    if end <= begin:
        return Agreement(errors=1.0, frames=0)

    one, other = heard[begin:end], kept[begin - shift : end - shift]
    both = (one != SILENT) & (other != SILENT)
    differing = np.bitwise_count(one[both] ^ other[both]).astype(np.float64) / 32.0
    if not differing.size:
        return Agreement(errors=1.0, frames=0)
    if differing.size <= STRETCH:
        return Agreement(errors=float(differing.mean()), frames=differing.size)

    sums = np.concatenate(([0.0], differing.cumsum()))

    return Agreement(
        errors=float((sums[STRETCH:] - sums[:-STRETCH]).min() / STRETCH), frames=differing.size
    )


def _compute_energies(sound: Samples, begin: int, end: int, *, frame: int) -> NDArray[np.float64]:
    places = np.arange(begin, end)[:, None] * HOP + np.arange(frame)[None, :]
    window = np.hanning(frame).astype(np.float32)
    power = np.abs(np.fft.rfft(sound[places] * window, _SIZE, axis=1)) ** 2
    edges = np.geomspace(LOWEST_HZ, HIGHEST_HZ, BANDS + 1) * _SIZE / RATE
    sums = np.concatenate(
        [np.zeros((end - begin, 1)), power.cumsum(axis=1, dtype=np.float64)], axis=1
    )
    bounds = np.round(edges).astype(int)
    found: NDArray[np.float64] = sums[:, bounds[1:]] - sums[:, bounds[:-1]]
    return found
