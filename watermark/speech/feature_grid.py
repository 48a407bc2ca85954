"""The features of a sound at every alignment of the frame grid, for any speed and tempo.

A `FeatureGrid` is computed once and read often. It holds the contrast of frames that begin `STEP`
samples apart. Every frame length, they are the frames of an unchanged clip. At another hop, they
are those of a clip whose tempo was changed. With shifted band centres as well, they are those of a
clip that was played faster or slower.
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
# Speech level below which there is nothing to read. Full scale is about +33.
SILENT_DB: Final = -70.0
LEAST_FRAMES: Final = SPEECH_1.slots // 4
LOW_BANDS: Final = 20  # 300 to 2,000 Hz: what GSM's vocoder keeps (measured)
# Read after GSM: 13 of 16 clips instead of 10 when the bands above were left out and nothing was
# averaged.
LOW_WEIGHTS: Final = np.array([1.0] * LOW_BANDS + [0.3] * 24 + [0.0] * 12, dtype=np.float32)
LOW_SMOOTH: Final = 1  # places (of 1.5 ms) to both sides, over which the contrast is averaged
# Decibels of a natural logarithm, which NumPy computes faster.
TEN_OF_LOG: Final = np.float32(10.0 / np.log(10.0))
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
        """Return the number of places from one frame to the next."""
        return PER_FRAME / (self.speed * self.tempo)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureGrid:
    """Contrast by place and band, shape (places, bands).

    `speed` is the one for which the bands are placed.
    """

    contrast: Cells
    speed: float

    def frames(self, first: int, pace: PlaybackSpeed) -> Cells:
        """Return the frames at `first` and each hop after it, shape (frames, bands)."""
        return self.contrast[self.places(first, pace)]

    def grids(self, firsts: Sequence[int], pace: PlaybackSpeed) -> Cells:
        """Return the frames of several grids, shape (grids, frames, bands).

        Each grid has as many frames as the shortest of them.
        """
        places = self.places(max(firsts), pace)
        return self.contrast[np.array(firsts)[:, None] - max(firsts) + places]

    def low(self) -> FeatureGrid:
        """Return the grid weighted for telephone vocoders.

        The low bands count fully, those above them a little, the highest nothing.
        """
        weighted = FeatureGrid(contrast=self.contrast * LOW_WEIGHTS, speed=self.speed)
        return weighted.smooth(LOW_SMOOTH)

    def smooth(self, around: int) -> FeatureGrid:
        """Return the grid with each place's contrast averaged over `around` places to both sides.

        The ends stay as they are.
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
        """Return the places of the frames at `first` and each hop after it."""
        count = max(0, int((len(self.contrast) - 1 - first) / pace.hop) + 1)
        places: NDArray[np.intp] = np.rint(first + pace.hop * np.arange(count)).astype(np.intp)
        return places


def build_feature_grid(
    samples: Samples, *, speed: float = 1.0, level: float | None = None
) -> FeatureGrid | None:
    """Return the features of a clip at the scheme's rate.

    The result is None when the clip is silent or shorter than a quarter of a period. `level` is the
    speech level if it is known. Otherwise it is measured here.
    """
    energy = _compute_energies(samples, speed)
    if len(energy) <= LEAST_FRAMES * PER_FRAME:
        return None

    if level is None:
        level = measure_speech_level(energy[::PER_FRAME].astype(np.float64))

    if level < SILENT_DB:
        return None

    return FeatureGrid(contrast=_compute_contrast(energy, level), speed=speed)


def _compute_energies(samples: Samples, speed: float, scheme: Scheme = SPEECH_1) -> Cells:
    """Return the energy in dB of the frames that begin at each place, shape (places, bands).

    Window and cosines are even around a frame's middle, sines are odd. So half a frame is
    multiplied for either.
    """
    if samples.size < scheme.frame:
        return np.empty((0, scheme.bands), dtype=np.float32)

    half = scheme.frame // 2
    last = samples.size - scheme.frame
    behind, before = (
        np.lib.stride_tricks.sliding_window_view(np.ascontiguousarray(way, np.float32), half)
        for way in (samples[half:], samples[::-1][scheme.frame - half - 1 :])
    )
    behind = behind[: last + 1 : STEP]
    before = before[last::-STEP]

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
    """Return the windowed Fourier basis of the bands: cosines and sines, shape (frame / 2, bands).

    It begins at a frame's middle.
    """
    half = scheme.frame // 2
    bins = np.outer(np.arange(half), scheme.low_bin + np.arange(scheme.bands))
    turn = 2.0 * np.pi * bins / scheme.frame

    window = build_hann_window(scheme.frame)[half:, None].copy()

    # Folding a frame counts its middle twice.
    window[0] /= 2.0

    cosines: Cells = (window * np.cos(speed * turn)).astype(np.float32)
    sines: Cells = (window * np.sin(speed * turn)).astype(np.float32)

    return cosines, sines


def _compute_contrast(energy: Cells, level: float, scheme: Scheme = SPEECH_1) -> Cells:
    """Return what `features.compute_features` does, on the finer grid.

    Neighbours in time are one frame away.
    """
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
