"""The keys of many whose pattern is likeliest in a sound, at a cost that hardly grows with them.

A key costs 5 ms to read (`detector`). Here each costs some 20 µs: the sync cells of all keys are
compared with the sound at once, at every start slot, by the discrete Fourier transform over the
slots (the correlation theorem). It is the same score as `pattern_search.score_sync`, so a key that
would be read there stands out here. Those that stand out most are read in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from watermark.speech.feature_grid import Cells
from watermark.speech.folding import centre_bands
from watermark.speech.keyed_pattern import build_layout
from watermark.speech.parameters import SPEECH_1
from watermark.speech.soft_values import TINY

Spectrum = NDArray[np.complex64]

KEYS_AT_ONCE: Final = 64
LOOKS_AT_ONCE: Final = 32  # with 64 keys 0.7 MB of scores


class KeyChooser(Protocol):
    """Chooses the keys that are tried on a sound."""

    def __len__(self) -> int:
        """Return how many keys there are to choose from."""

    def choose_keys(self, contrast: Cells) -> Mapping[str, bytes]:
        """Return keys by their name for looks at a sound, shape (looks, slots, bands)."""


Keys = Mapping[str, bytes] | KeyChooser
"""All keys to try, or a chooser of them."""


def choose_keys(keys: Keys, contrast: Cells) -> Mapping[str, bytes]:
    """Return the keys to try on these looks at a sound."""
    return keys if isinstance(keys, Mapping) else keys.choose_keys(contrast)


def compute_pattern_spectrum(key: bytes) -> Spectrum:
    """Return the transform of a key's sync pattern over the slots, conjugated, shape (frequencies,
    bands).
    """
    pattern = build_layout(key).sync_pattern.astype(np.float32)
    spectrum: Spectrum = np.conj(np.fft.rfft(pattern, axis=0)).astype(np.complex64)
    return spectrum


def rank_spectra(spectra: NDArray[np.complex64], contrast: Cells) -> NDArray[np.float32]:
    """Return how clearly each pattern stands out in any of the looks, in standard deviations.

    `spectra` has shape (keys, frequencies, bands), `contrast` (looks, slots, bands).
    """
    best = np.full(len(spectra), -np.inf, dtype=np.float32)

    for first in range(0, len(contrast), LOOKS_AT_ONCE):
        level = centre_bands(contrast[first : first + LOOKS_AT_ONCE])
        power = np.square(level).sum(axis=(1, 2), dtype=np.float64)
        spread = np.sqrt(SPEECH_1.sync_cells / SPEECH_1.cells * power + TINY)
        # (frequencies, bands, looks), so that one frequency is one product of matrices.
        looks = np.fft.rfft(level / spread[:, None, None], axis=1).astype(np.complex64)
        looks = np.ascontiguousarray(looks.transpose(1, 2, 0))

        for start in range(0, len(spectra), KEYS_AT_ONCE):
            part = slice(start, start + KEYS_AT_ONCE)
            scores = _correlate(spectra[part], looks)
            best[part] = np.maximum(best[part], scores)

    return best


def _correlate(spectra: NDArray[np.complex64], looks: Spectrum) -> NDArray[np.float32]:
    """Return the greatest correlation of each pattern with any look, at any start slot."""
    product = np.matmul(spectra.transpose(1, 0, 2), looks)  # (frequencies, keys, looks)
    scores = np.fft.irfft(product, n=SPEECH_1.slots, axis=0)
    greatest: NDArray[np.float32] = scores.max(axis=(0, 2)).astype(np.float32)
    return greatest
