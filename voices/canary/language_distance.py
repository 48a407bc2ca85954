"""In which language a sentence was spoken: by its distance to the built-in engine's readings.

The engine reads the same sentence by the rules of four languages. Each reading is aligned with the
sound by dynamic time warping of mel cepstra, and the nearest one tells the language. It is measured
for sentences of some seconds alone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audio.sound import Sound
from engine import mel_spectra
from voices.canary import canary_voices

CLEARLY: Final = 1.05
"""Another language is nearer if its distance is smaller by this factor. Below it is a doubt."""
_CEPSTRA: Final = 13
_EACH: Final = 4  # frames of 5 ms that are averaged to one
_BELOW_LOUDEST: Final = 9.0  # of the log power, about 40 dB

Real = NDArray[np.float64]


def measure_distances(sound: Sound, language: str) -> dict[str, float]:
    """Return the distance of a spoken sentence of `language` to its reading in each language."""
    spoken = _compute_cepstra(sound)
    return {
        pronounced: round(_align_frames(spoken, _read_cepstra(language, pronounced)), 3)
        for pronounced in canary_voices.SENTENCES
    }


def find_language(distances: dict[str, float], expected: str) -> str | None:
    """Return the language that a sentence is clearly in, None for a doubt about `expected`."""
    nearest = min(distances, key=lambda one: distances[one])
    if nearest == expected or distances[nearest] * CLEARLY <= distances[expected]:
        return nearest

    return None


@lru_cache(maxsize=len(canary_voices.SENTENCES) ** 2)
def _read_cepstra(language: str, pronounced: str) -> Real:
    return _compute_cepstra(canary_voices.read_sentence(language, pronounced))


def _compute_cepstra(sound: Sound) -> Real:
    """Return the cepstra of what is audible, frames x 13, each with mean 0 and deviation 1."""
    envelope = mel_spectra.compute_envelope(mel_spectra.compute_stft(sound))
    loudness = envelope.max(axis=1)
    audible = envelope[loudness > loudness.max() - _BELOW_LOUDEST]
    whole = max(_EACH, len(audible) // _EACH * _EACH)
    frames = np.resize(audible, (whole, envelope.shape[1])).reshape(whole // _EACH, _EACH, -1)

    cepstra = frames.mean(axis=1) @ _cosines(envelope.shape[1])
    return np.asarray((cepstra - cepstra.mean(axis=0)) / (cepstra.std(axis=0) + 1e-9))


@lru_cache(maxsize=1)
def _cosines(bands: int) -> Real:
    places = np.pi / bands * (np.arange(bands) + 0.5)
    return np.asarray(np.cos(places[:, None] * np.arange(1, _CEPSTRA + 1)[None, :]))


def _align_frames(first: Real, second: Real) -> float:
    """Return the cost of the best alignment, by the length of both.

    It goes by diagonals, whose cells depend on the two before alone.
    """
    cost = np.sqrt(((first[:, None] - second[None]) ** 2).sum(axis=2))
    rows, columns = cost.shape
    before = np.full(rows + 1, np.inf)
    last = before.copy()
    before[0] = 0.0

    # Element i + 1 of a diagonal is the cell of row i.
    for diagonal in range(rows + columns - 1):
        row = np.arange(max(0, diagonal - columns + 1), min(rows, diagonal + 1))
        here = cost[row, diagonal - row]
        straight = np.minimum(last[row], last[row + 1])
        now = np.full(rows + 1, np.inf)
        now[row + 1] = here + np.minimum(straight, before[row] + here)
        before, last = last, now

    return float(last[rows] / (rows + columns))
