"""The chromagram behind a fingerprint: how loud each of the twelve notes is over time.

The octave does not matter. Written from public descriptions of Chromaprint's default algorithm:
Lalinský, "How does Chromaprint work?" (2011), and Bartsch and Wakefield, "Audio Thumbnailing of
Popular Music Using Chroma-Based Representations" (2005).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Picture = NDArray[np.float64]

RATE: Final = 11_025
FRAME: Final = 4_096
HOP: Final = FRAME - (FRAME - FRAME // 3)
NOTES: Final = 12
LOWEST_HZ, HIGHEST_HZ = 28, 3_520
A0_HZ: Final = 27.5
# Each column is smoothed over five frames.
SMOOTHING: Final = np.array((0.25, 0.75, 1.0, 0.75, 0.25))
QUIET: Final = 0.01
"""Columns with less energy than this, at 16 bits full scale, are zero.

So nothing is read from silence.
"""
_AT_ONCE: Final = 256  # frames transformed together, which bounds the memory


def compute_chromagram(samples: Samples, rate: int) -> Picture:
    """Return columns of twelve notes, each of length 1 or all zero, shape (frames - 4, 12).

    `samples` are mono in [-1, 1]. Less than five frames (1.1 s) give no column.
    """
    if rate != RATE:
        samples = soxr.resample(samples, rate, RATE, quality="HQ")
    notes = _compute_note_energies(samples)

    count = notes.shape[0] - SMOOTHING.size + 1
    if count < 1:
        return np.empty((0, NOTES))

    smooth = sum(weight * notes[place : place + count] for place, weight in enumerate(SMOOTHING))
    length = np.sqrt(np.square(smooth).sum(axis=1, keepdims=True))
    return np.where(length < QUIET, 0.0, smooth / np.maximum(length, QUIET))


def _compute_note_energies(samples: Samples) -> Picture:
    """Return the energy of each note in each frame, shape (frames, 12)."""
    count = max(0, (samples.size - FRAME) // HOP + 1)
    bins, note = _get_note_bins()
    window = np.hamming(FRAME)

    found = np.zeros((count, NOTES))
    for start in range(0, count, _AT_ONCE):
        places = HOP * np.arange(start, min(start + _AT_ONCE, count))
        frames = samples[places[:, None] + np.arange(FRAME)] * window
        spectrum = np.fft.rfft(frames, axis=1)[:, bins]
        energy = np.square(spectrum.real) + np.square(spectrum.imag)
        found[start : start + len(places)] = np.stack(
            [energy[:, note == n].sum(axis=1) for n in range(NOTES)], axis=1
        )

    return found


def _get_note_bins() -> tuple[slice, NDArray[np.intp]]:
    """Return the transform's bins between the lowest and the highest note, and the note of each."""
    low = max(1, round(FRAME * LOWEST_HZ / RATE))
    high = min(FRAME // 2, round(FRAME * HIGHEST_HZ / RATE))
    octave = np.log2(np.arange(low, high) * RATE / FRAME / A0_HZ)
    return slice(low, high), (NOTES * (octave - np.floor(octave))).astype(np.intp)
