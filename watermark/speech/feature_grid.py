"""The features of a piece of sound at every alignment of the frame grid, for any speed and tempo.

A `Ground` is taken once and read often. It holds the contrast of frames that begin `STEP` samples
apart. Reading it every frame length gives the grid of a clip that was not changed; reading it at
another hop that of a clip whose tempo was changed; taking it with shifted band centres as well that
of a clip that was played faster or slower.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from watermark.speech.features import SILENCE, build_hann_window, measure_speech_level
from watermark.speech.parameters import SPEECH_1, Samples, Scheme

Cells = NDArray[np.float32]

STEP: Final = 24  # samples between the alignments that are tried: an eighth of a frame
PER_FRAME: Final = SPEECH_1.frame // STEP
SILENT_DB: Final = (
    -70.0
)  # speech level below which there is nothing to read; full scale is about +33
LEAST_FRAMES: Final = SPEECH_1.slots // 4
LOW_BANDS: Final = 20  # 300 to 2,000 Hz: what GSM's vocoder keeps (measured; little is left above)
# Read after GSM: 13 of 16 clips instead of 10 when the bands above were left out and nothing was
# averaged.
LOW_WEIGHTS: Final = np.array([1.0] * LOW_BANDS + [0.3] * 24 + [0.0] * 12, dtype=np.float32)
LOW_SMOOTH: Final = 1  # places (of 1.5 ms) to both sides, over which the contrast is averaged
TEN_OF_LOG: Final = np.float32(
    10.0 / np.log(10.0)
)  # decibels of a natural logarithm, which NumPy takes faster
CHUNK: Final = 4_096  # frames in one product of matrices: 3 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackSpeed:
    """How a clip is played.

    `speed` scales time and pitch (1.02: 2 % faster and higher), `tempo` time alone.
    """

    speed: float = 1.0
    tempo: float = 1.0

    @property
    def hop(self) -> float:
        """Places from one frame to the next."""
        return PER_FRAME / (self.speed * self.tempo)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureGrid:
    """Contrast by place and band; shape (places, bands).

    `speed` is the one that the bands are placed for.
    """

    contrast: Cells
    speed: float

    def frames(self, first: int, pace: PlaybackSpeed) -> Cells:
        """The frames of one grid: those at `first` and each hop after it; shape (frames, bands)."""
        return self.contrast[self.places(first, pace)]

    def grids(self, firsts: Sequence[int], pace: PlaybackSpeed) -> Cells:
        """The frames of several grids, as many of each as all of them have; shape (grids, frames,
        bands).
        """
        places = self.places(max(firsts), pace)
        return self.contrast[np.array(firsts)[:, None] - max(firsts) + places]

    def low(self) -> FeatureGrid:
        """The same as telephone vocoders leave it: the low bands count, those above a little, the
        highest nothing.
        """
        return FeatureGrid(contrast=self.contrast * LOW_WEIGHTS, speed=self.speed).smooth(
            LOW_SMOOTH
        )

    def smooth(self, around: int) -> FeatureGrid:
        """The same with each place's contrast averaged over so many places to both sides; the ends
        stay as they are.
        """
        size = len(self.contrast) - 2 * around
        contrast = self.contrast.copy()
        inner = contrast[around : around + size]
        for shift in range(1, around + 1):
            inner += self.contrast[around - shift : around - shift + size]
            inner += self.contrast[around + shift : around + shift + size]
        inner /= np.float32(2 * around + 1)
        return FeatureGrid(contrast=contrast, speed=self.speed)

    def places(self, first: int, pace: PlaybackSpeed) -> NDArray[np.intp]:
        """The places of those frames."""
        count = max(0, int((len(self.contrast) - 1 - first) / pace.hop) + 1)
        places: NDArray[np.intp] = np.rint(first + pace.hop * np.arange(count)).astype(np.intp)
        return places


def build_ground(
    samples: Samples, *, speed: float = 1.0, level: float | None = None
) -> FeatureGrid | None:
    """The ground of a clip at the scheme's rate.

    None when it is silent or shorter than a quarter of a period.

    `level` is the speech level if it is known; else it is found here.
    """
    energy = _compute_energies(samples, speed)
    if len(energy) <= LEAST_FRAMES * PER_FRAME:
        return None
    if level is None:
        level = measure_speech_level(energy[::PER_FRAME].astype(np.float64))
    return (
        None
        if level < SILENT_DB
        else FeatureGrid(contrast=_compute_contrast(energy, level), speed=speed)
    )


def _compute_energies(samples: Samples, speed: float, scheme: Scheme = SPEECH_1) -> Cells:
    """Energy in dB of the frames that begin at each place; shape (places, bands).

    Window and cosines are even around a frame's middle, sines odd, so half a frame is multiplied
    for either.
    """
    if samples.size < scheme.frame:
        return np.empty((0, scheme.bands), dtype=np.float32)
    half, last = scheme.frame // 2, samples.size - scheme.frame
    behind, before = (
        np.lib.stride_tricks.sliding_window_view(np.ascontiguousarray(way, np.float32), half)
        for way in (samples[half:], samples[::-1][scheme.frame - half - 1 :])
    )
    behind, before = behind[: last + 1 : STEP], before[last::-STEP]
    cosines, sines = _build_basis(speed)
    energy = np.empty((len(behind), scheme.bands), dtype=np.float32)
    for start in range(0, len(behind), CHUNK):
        part = slice(start, start + CHUNK)
        power = np.square((behind[part] + before[part]) @ cosines)
        power += np.square((behind[part] - before[part]) @ sines)
        power += np.float32(SILENCE)
        np.multiply(np.log(power, out=power), TEN_OF_LOG, out=energy[part])
    return energy


@lru_cache(maxsize=16)
def _build_basis(speed: float, scheme: Scheme = SPEECH_1) -> tuple[Cells, Cells]:
    """The windowed Fourier basis of the bands from a frame's middle on: cosines and sines, shape
    (frame / 2, bands).

    The middle itself is counted twice by who folds a frame, hence half here.
    """
    half = scheme.frame // 2
    turn = (
        2.0
        * np.pi
        * np.outer(np.arange(half), scheme.low_bin + np.arange(scheme.bands))
        / scheme.frame
    )
    window = build_hann_window(scheme.frame)[half:, None].copy()
    window[0] /= 2.0
    cosines: Cells = (window * np.cos(speed * turn)).astype(np.float32)
    sines: Cells = (window * np.sin(speed * turn)).astype(np.float32)
    return cosines, sines


def _compute_contrast(energy: Cells, level: float, scheme: Scheme = SPEECH_1) -> Cells:
    """`analysis.features` on the finer grid: neighbours in time are one frame away."""
    away = PER_FRAME
    contrast = energy.copy()
    contrast[away:-away] -= np.float32(0.5) * (energy[: -2 * away] + energy[2 * away :])
    contrast[:away] -= energy[away : 2 * away]
    contrast[-away:] -= energy[-2 * away : -away]
    np.clip(contrast, -scheme.clip_db, scheme.clip_db, out=contrast)
    weight = (energy - np.float32(level - scheme.level_range_db)) * np.float32(
        1.0 / scheme.level_ramp_db
    )
    contrast *= np.clip(weight, 0.0, 1.0, out=weight)
    return contrast
