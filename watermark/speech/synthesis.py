"""The synthesis of a difference signal from gains in dB over the cells."""

from __future__ import annotations

import numpy as np

from watermark.speech.features import build_hann_window
from watermark.speech.parameters import SPEECH_1, Matrix, Samples, Scheme

# Hops per frame. Square-root Hann twice at a quarter hop adds up to 2.
OVERLAP = 4


class Synthesizer:
    """The spectrum of one clip, computed once, from which many gain fields become differences."""

    def __init__(self, samples: Samples, scheme: Scheme = SPEECH_1) -> None:
        self.scheme = scheme
        self.length = samples.size
        self.hop = scheme.frame // OVERLAP
        self.window = np.sqrt(build_hann_window(scheme.frame)).astype(np.float32)

        padded = np.concatenate(
            [np.zeros(scheme.frame), samples, np.zeros(2 * scheme.frame)]
        ).astype(np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(padded, scheme.frame)[:: self.hop]
        self.padded_length = padded.size

        spectrum = np.fft.rfft(frames * self.window, axis=1)
        bands = slice(scheme.low_bin, scheme.low_bin + scheme.bands)
        self.cells = spectrum[:, bands].astype(np.complex64)

    def difference(self, gains: Matrix) -> Samples:
        """Return what to add to the clip so that each cell changes by its gain.

        `gains` are in dB, shape (frames, bands).
        """
        scheme = self.scheme
        factor = np.power(10.0, self._at_hops(gains) / 20.0).astype(np.float32) - np.float32(1.0)
        spectrum = np.zeros((self.cells.shape[0], scheme.frame // 2 + 1), dtype=np.complex64)
        spectrum[:, scheme.low_bin : scheme.low_bin + scheme.bands] = self.cells * factor

        pieces = np.fft.irfft(spectrum, n=scheme.frame, axis=1).astype(np.float32) * self.window
        out = np.zeros(self.padded_length + scheme.frame, dtype=np.float32)
        for phase in range(OVERLAP):
            part = pieces[phase::OVERLAP]
            start = phase * self.hop
            out[start : start + part.size] += part.reshape(-1)

        return out[scheme.frame : scheme.frame + self.length] * np.float32(2.0 / OVERLAP)

    def _at_hops(self, gains: Matrix) -> Matrix:
        """Return the gains at the synthesis hops, shape (hops, bands).

        A hop has the gain of the cell in its middle, cross-faded over half a frame between two.
        """
        frames = gains.shape[0]
        padded = np.vstack([np.zeros((1, gains.shape[1])), gains, np.zeros((2, gains.shape[1]))])

        hops = np.arange(self.cells.shape[0])
        place = np.clip((hops * self.hop - self.scheme.frame) / self.scheme.frame, -1.0, frames)
        before = np.floor(place).astype(np.intp)
        share = np.clip((place - before - 0.5) * 2.0 + 0.5, 0.0, 1.0)[:, None]

        first = padded[before + 1] * (1.0 - share)
        second = padded[np.minimum(before + 2, frames + 2)] * share
        mixed: Matrix = first + second
        return mixed
