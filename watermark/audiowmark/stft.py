"""Spectra and levels of frames of 1024 samples, in which marks are written and read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from watermark.audiowmark.audiowmark_parameters import (
    BANDS,
    FRAME,
    LOW_BIN,
    ZERO_DB,
    Matrix,
    Places,
    Samples,
)

AT_ONCE: Final = 128  # frames, 1 MB of samples
Spectrum = NDArray[np.complex128]


def build_window() -> Matrix:
    """Return the periodic Hann window, scaled to magnitude 1 for a full-scale sine on a bin."""
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(FRAME) / FRAME)
    scaled: Matrix = hann * (2.0 / hann.sum())
    return scaled


_WINDOW: Final = build_window()


def compute_spectrum(frames: Matrix) -> Spectrum:
    """Return bins 20 to 100 of windowed frames: shape (frames, 81) for (frames, 1024)."""
    bins: Spectrum = np.fft.rfft(frames * _WINDOW, axis=-1)[..., LOW_BIN : LOW_BIN + BANDS]
    return bins


def to_decibels(bins: Spectrum) -> Matrix:
    """Return the power of each value in dB. Exactly zero counts as -96, the only floor."""
    power = np.square(bins.real) + np.square(bins.imag)
    decades = np.log10(power, where=power > 0.0, out=np.full(power.shape, ZERO_DB / 10.0))
    level: Matrix = 10.0 * decades
    return level


def compute_levels(sound: Samples, starts: Places) -> Matrix:
    """Return the levels of the frames that begin at `starts`, shape (frames, 81).

    They are summed over the channels.
    """
    total = np.zeros((starts.size, BANDS))
    if not starts.size:
        return total

    for row in sound.T:
        frames = np.lib.stride_tricks.sliding_window_view(row, FRAME)
        for part in split_batches(starts.size):
            total[part] += to_decibels(compute_spectrum(frames[starts[part]]))

    return total


def split_batches(count: int) -> Iterator[slice]:
    """Yield slices over `count` frames, each as many as memory should hold at once."""
    for start in range(0, count, AT_ONCE):
        yield slice(start, min(start + AT_ONCE, count))
