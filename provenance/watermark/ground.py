"""The features of a piece of sound at every alignment of the frame grid, for any speed and tempo.

A `Ground` is taken once and read often. It holds the contrast of frames that begin `STEP` samples apart. Reading it
every frame length gives the grid of a clip that was not changed; reading it at another hop that of a clip whose tempo
was changed; taking it with shifted band centres as well that of a clip that was played faster or slower.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from provenance.watermark.analysis import SILENCE, hann, speech_level
from provenance.watermark.scheme import SPEECH_1, Samples, Scheme

Cells = NDArray[np.float32]

STEP: Final = 24  # samples between the alignments that are tried: an eighth of a frame
PER_FRAME: Final = SPEECH_1.frame // STEP
SILENT_DB: Final = -70.0  # speech level below which there is nothing to read; full scale is about +33
LEAST_FRAMES: Final = SPEECH_1.slots // 4
LOW_BANDS: Final = 20  # 300 to 2,000 Hz: what GSM's vocoder keeps (measured; nothing is left above)
CHUNK: Final = 4_096  # frames in one product of matrices: 3 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a clip is played. `speed` scales time and pitch (1.02: 2 % faster and higher), `tempo` time alone."""

    speed: float = 1.0
    tempo: float = 1.0

    @property
    def hop(self) -> float:
        """Places from one frame to the next."""
        return PER_FRAME / (self.speed * self.tempo)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Contrast by place and band; shape (places, bands). `speed` is the one that the bands are placed for."""

    contrast: Cells
    speed: float

    def frames(self, first: int, pace: Pace) -> Cells:
        """The frames of one grid: those at `first` and each hop after it; shape (frames, bands)."""
        return self.contrast[self.places(first, pace)]

    def low(self) -> Ground:
        """The same with the low bands alone: telephone vocoders such as GSM make up what lies above."""
        return Ground(contrast=self.contrast * (np.arange(SPEECH_1.bands) < LOW_BANDS), speed=self.speed)

    def places(self, first: int, pace: Pace) -> NDArray[np.intp]:
        """The places of those frames."""
        count = max(0, int((len(self.contrast) - 1 - first) / pace.hop) + 1)
        places: NDArray[np.intp] = np.rint(first + pace.hop * np.arange(count)).astype(np.intp)
        return places


def ground_of(samples: Samples, *, speed: float = 1.0, level: float | None = None) -> Ground | None:
    """The ground of a clip at the scheme's rate. None when it is silent or shorter than a quarter of a period.

    `level` is the speech level if it is known; else it is found here.
    """
    energy = _energies(samples, speed)
    if len(energy) <= LEAST_FRAMES * PER_FRAME:
        return None
    if level is None:
        level = speech_level(energy[::PER_FRAME].astype(np.float64))
    return None if level < SILENT_DB else Ground(contrast=_contrast(energy, level), speed=speed)


def _energies(samples: Samples, speed: float, scheme: Scheme = SPEECH_1) -> Cells:
    """Energy in dB of the frames that begin at each place; shape (places, bands)."""
    if samples.size < scheme.frame:
        return np.empty((0, scheme.bands), dtype=np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(np.ascontiguousarray(samples, np.float32), scheme.frame)[::STEP]
    basis = _basis(speed)
    energy = np.empty((len(frames), scheme.bands), dtype=np.float32)
    for start in range(0, len(frames), CHUNK):
        spectrum = np.square(frames[start : start + CHUNK] @ basis)
        power = spectrum[:, : scheme.bands] + spectrum[:, scheme.bands :]
        energy[start : start + CHUNK] = 10.0 * np.log10(power + np.float32(SILENCE))
    return energy


@lru_cache(maxsize=16)
def _basis(speed: float, scheme: Scheme = SPEECH_1) -> Cells:
    """The windowed Fourier basis of the bands, cosines then sines; shape (frame, 2 * bands)."""
    turn = 2.0 * np.pi * np.outer(np.arange(scheme.frame), scheme.low_bin + np.arange(scheme.bands)) / scheme.frame
    window = hann(scheme.frame)[:, None]
    basis: Cells = np.hstack([window * np.cos(speed * turn), window * np.sin(speed * turn)]).astype(np.float32)
    return basis


def _contrast(energy: Cells, level: float, scheme: Scheme = SPEECH_1) -> Cells:
    """`analysis.features` on the finer grid: neighbours in time are one frame away."""
    away = PER_FRAME
    contrast = energy.copy()
    contrast[away:-away] -= np.float32(0.5) * (energy[: -2 * away] + energy[2 * away :])
    contrast[:away] -= energy[away : 2 * away]
    contrast[-away:] -= energy[-2 * away : -away]
    np.clip(contrast, -scheme.clip_db, scheme.clip_db, out=contrast)
    weight = (energy - np.float32(level - scheme.level_range_db)) * np.float32(1.0 / scheme.level_ramp_db)
    contrast *= np.clip(weight, 0.0, 1.0, out=weight)
    return contrast
