"""Writing the mark into a clip: the smallest gains that make every coded bit speak with a given margin.

The embedder knows what the detector will compute. It takes the host's own contribution into account and changes only
bits that do not yet have the margin ("informed" embedding), by a least-norm solution per stretch of about three
periods, and repeats because energies are not quite linear in the gains.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

from provenance.watermark import code
from provenance.watermark.analysis import energies, features, resample, speech_level
from provenance.watermark.layout import Layout, layout_of
from provenance.watermark.scheme import SPEECH_1, Bits, Matrix, Samples, Scheme, Vector
from provenance.watermark.solving import Run, ease_of, run_of, step
from provenance.watermark.synthesis import Canvas

GAIN_LIMIT_DB: Final = 7.0
PASSES: Final = 4
OVERSHOOT: Final = 1.15  # a step gains a little less than the linear model says (measured)
STRETCH_PERIODS: Final = 3


def message_of(token: int, layout: Layout, scheme: Scheme = SPEECH_1) -> Bits:
    """The whitened message of a token: its bits and their CRC. Raises ValueError when it does not fit into 32 bits."""
    if not 0 <= token < 1 << scheme.token_bits:
        raise ValueError("a token has 32 bits")
    bits = code.unpack(token, scheme.token_bits)
    message: Bits = np.concatenate([bits, code.crc24(bits)]) ^ layout.whitening
    return message


def signs_of(token: int, layout: Layout) -> Vector:
    """The sign that each group shall speak with: coded bits first, then the sync groups. Raises ValueError."""
    return np.concatenate([code.encode(message_of(token, layout)), layout.sync_sign])


def embed(samples: Samples, rate: int, *, token: int, key: bytes, margin_db: float) -> Samples:
    """`samples` (mono, any rate) with `token` written at `margin_db`; same length, may exceed [-1, 1] a little.

    A clip of fewer than three frames is returned as it is: nothing can be written into it. Raises ValueError for a
    token that does not fit into 32 bits.
    """
    return Embedder(samples, rate, token=token, key=key).at(margin_db)


class Embedder:
    """One clip and one message, analysed once, to be written at as many margins as it takes."""

    def __init__(self, samples: Samples, rate: int, *, token: int, key: bytes) -> None:
        self._samples = samples
        self._rate = rate
        self._writer = Writer(resample(samples, rate, SPEECH_1.rate), token=token, key=key)

    def at(self, margin_db: float) -> Samples:
        """The clip with its mark: the difference is brought to the clip's rate and added, the rest is untouched."""
        difference = self._writer.difference(margin_db)
        back = resample(difference, SPEECH_1.rate, self._rate)[: self._samples.size]
        out = np.array(self._samples, dtype=np.float32)
        out[: back.size] += back
        return out


class Writer:
    """One clip at the scheme's rate and one message, ready to be written at any margin."""

    def __init__(self, host: Samples, *, token: int, key: bytes, scheme: Scheme = SPEECH_1) -> None:
        layout = layout_of(key)
        self.scheme = scheme
        self.host = host
        energy = energies(host)
        self.frames = energy.shape[0]
        self.level = speech_level(energy)
        self.ease = ease_of(energy, self.level, scheme)
        self.canvas = Canvas(host)
        self.stretches = self._stretches(layout, signs_of(token, layout))

    def difference(self, margin_db: float) -> Samples:
        """What to add to the host, at the scheme's rate."""
        gains = np.zeros((self.frames, self.scheme.bands))
        change = np.zeros_like(self.host)
        if not self.frames:
            return change
        for _ in range(PASSES):
            contrast, slope = features(energies(self.host + change), self.level)
            for frames, run in self.stretches:
                gains[frames] += OVERSHOOT * self._step(run, frames, contrast, slope, margin_db)
            np.clip(gains, -GAIN_LIMIT_DB, GAIN_LIMIT_DB, out=gains)
            change = self.canvas.difference(gains)
        return change

    def _step(self, run: Run, frames: slice, contrast: Matrix, slope: Matrix, margin_db: float) -> Matrix:
        return step(run, contrast[frames], slope[frames], self.ease[frames], margin_db)

    def _stretches(self, layout: Layout, signs: Vector) -> tuple[tuple[slice, Run], ...]:
        """The runs of frames in which every bit must reach its margin by itself."""
        count = max(1, round(self.frames / (self.scheme.slots * STRETCH_PERIODS)))
        edges = np.linspace(0, self.frames, count + 1).astype(int)
        found = []
        for start, stop in pairwise(edges):
            slots = np.arange(start, stop) % self.scheme.slots
            found.append((slice(int(start), int(stop)), run_of(layout.group[slots], layout.chip[slots], signs)))
        return tuple(found)
