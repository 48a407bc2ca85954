"""Echoes of some milliseconds: found in the cepstrum, and taken off again.

Two paths of one sound, mixed a few milliseconds apart, are a comb filter: y(t) = x(t) + g x(t - d).
One frame apart, each frame holds its neighbour's energy as well, and the contrast that carries the
mark is gone. The comb itself shows what it is: it ripples the mean log spectrum with one period, so
the cepstrum has one peak, at d, with the sign of g.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from watermark.speech.features import build_hann_window
from watermark.speech.parameters import Samples, Vector

FRAME: Final = 4_096  # 256 ms: ripples of 20 Hz and more are told apart
HOP: Final = 2_048
LOUD_SHARE: Final = (
    1e-3  # frames with less than this share of the loudest one's energy are left out
)
BINS: Final = slice(77, 1_280)  # 300 to 5,000 Hz
SMOOTH: Final = 60  # bins to both sides (234 Hz) whose mean is taken off: the voice's own spectrum
DELAYS: Final = slice(80, 1_120)  # half samples at 16 kHz: 2.5 to 35 ms
# Clips without an echo have peaks up to 0.4, those with one of equal loudness 1.2 and more, at half
# the loudness 0.9. A softer echo does the mark no harm.
PEAK_LEAST: Final = 0.6
# of the echo that is taken off: exact where both paths are equally loud, which is the worst case
GAIN: Final = 0.97
TINY: Final = 1e-6
FLOOR: Final = 0.02  # of the comb's power, so that its gaps are not blown up


@dataclass(frozen=True, slots=True, kw_only=True)
class Comb:
    """An echo: so many samples later (at the scheme's rate), with the same sign or turned over."""

    delay: float
    sign: float


def find_comb(samples: Samples) -> Comb | None:
    """The echo that stands out in a sound, if one does."""
    if samples.size < FRAME:
        return None
    spectrum, weight = np.zeros(FRAME + 1), build_hann_window(BINS.stop - BINS.start)
    spectrum[BINS] = _compute_ripple(samples) * weight / weight.sum()
    peaks = (
        2.0 * FRAME * np.fft.irfft(spectrum)[DELAYS]
    )  # twice as many points as bins: half samples
    best = int(np.argmax(np.abs(peaks)))
    if abs(peaks[best]) < PEAK_LEAST:
        return None
    return Comb(delay=(DELAYS.start + best) / 2.0, sign=float(np.sign(peaks[best])))


def _compute_ripple(samples: Samples) -> Vector:
    """The mean log spectrum of the loud frames, without its slow course."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]
    energy = np.array([float(frame @ frame) for frame in frames])
    loud = frames[energy > LOUD_SHARE * energy.max(initial=0.0)]
    total, window = np.zeros(BINS.stop - BINS.start), build_hann_window(FRAME).astype(np.float32)
    for frame in loud:
        spectrum = np.fft.rfft(frame * window)
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        total += np.log(power[BINS] / (power.mean() + TINY) + TINY)
    mean, count = total / max(len(loud), 1), 2 * SMOOTH + 1
    ripple: Vector = mean - np.convolve(
        np.pad(mean, SMOOTH, mode="edge"), np.ones(count) / count, "valid"
    )
    return ripple


def remove_echo(samples: Samples, comb: Comb) -> Samples:
    """The sound without its echo, by a regularised inverse of the comb."""
    size = 1 << (samples.size + 16 * round(comb.delay)).bit_length()
    turn = np.exp(-2j * np.pi * comb.delay / size * np.arange(size // 2 + 1)).astype(np.complex64)
    response = np.complex64(1.0) + np.float32(comb.sign * GAIN) * turn
    inverse = np.conj(response) / (np.square(np.abs(response)) + np.float32(FLOOR))
    out: Samples = np.fft.irfft(np.fft.rfft(samples, size) * inverse, size)[: samples.size].astype(
        np.float32
    )
    return out
