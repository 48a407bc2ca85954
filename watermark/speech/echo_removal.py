"""Echoes of some milliseconds: their search in the cepstrum and their removal.

Two paths of one sound, mixed a few milliseconds apart, are a comb filter: y(t) = x(t) + g x(t - d).
When they are one frame apart, each frame holds its neighbour's energy as well, and the contrast
that carries the mark is gone. The comb ripples the mean log spectrum with one period. So the
cepstrum has one peak, at d, with the sign of g.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from watermark.speech.features import build_hann_window
from watermark.speech.parameters import Samples, Vector

FRAME: Final = 4_096  # 256 ms: ripples of 20 Hz and more are resolved
HOP: Final = 2_048
# Frames with less than this share of the loudest frame's energy are left out.
LOUD_SHARE: Final = 1e-3
BINS: Final = slice(77, 1_280)  # 300 to 5,000 Hz
# Bins to both sides (234 Hz) whose mean is subtracted: the voice's own spectrum.
SMOOTH: Final = 60
DELAYS: Final = slice(80, 1_120)  # half samples at 16 kHz: 2.5 to 35 ms
# Clips without an echo have peaks up to 0.4. Those with an echo of equal loudness have 1.2 and
# more, at half the loudness 0.9. A softer echo does not harm the mark.
PEAK_LEAST: Final = 0.6
# Of the echo that is removed: exact where both paths are equally loud, which is the worst case.
GAIN: Final = 0.97
TINY: Final = 1e-6
FLOOR: Final = 0.02  # of the comb's power, so that its gaps are not blown up


@dataclass(frozen=True, slots=True, kw_only=True)
class Comb:
    """An echo: its delay in samples at the scheme's rate, and whether its sign is +1 or -1."""

    delay: float
    sign: float


def find_comb(samples: Samples) -> Comb | None:
    """Return the echo that stands out in a sound, if there is one."""
    if samples.size < FRAME:
        return None

    spectrum = np.zeros(FRAME + 1)
    weight = build_hann_window(BINS.stop - BINS.start)
    spectrum[BINS] = _compute_ripple(samples) * weight / weight.sum()

    # Twice as many points as bins, hence half samples.
    peaks = 2.0 * FRAME * np.fft.irfft(spectrum)[DELAYS]
    best = int(np.argmax(np.abs(peaks)))
    if abs(peaks[best]) < PEAK_LEAST:
        return None

    return Comb(delay=(DELAYS.start + best) / 2.0, sign=float(np.sign(peaks[best])))


def _compute_ripple(samples: Samples) -> Vector:
    """Return the mean log spectrum of the loud frames, without its slow course."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]
    energy = np.array([float(frame @ frame) for frame in frames])
    loud = frames[energy > LOUD_SHARE * energy.max(initial=0.0)]

    total = np.zeros(BINS.stop - BINS.start)
    window = build_hann_window(FRAME).astype(np.float32)
    for frame in loud:
        spectrum = np.fft.rfft(frame * window)
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        total += np.log(power[BINS] / (power.mean() + TINY) + TINY)

    mean = total / max(len(loud), 1)
    count = 2 * SMOOTH + 1
    slow_course = np.convolve(np.pad(mean, SMOOTH, mode="edge"), np.ones(count) / count, "valid")
    ripple: Vector = mean - slow_course
    return ripple


def remove_echo(samples: Samples, comb: Comb) -> Samples:
    """Return the sound without its echo, by a regularised inverse of the comb."""
    size = 1 << (samples.size + 16 * round(comb.delay)).bit_length()
    turn = np.exp(-2j * np.pi * comb.delay / size * np.arange(size // 2 + 1)).astype(np.complex64)

    response = np.complex64(1.0) + np.float32(comb.sign * GAIN) * turn
    inverse = np.conj(response) / (np.square(np.abs(response)) + np.float32(FLOOR))

    restored = np.fft.irfft(np.fft.rfft(samples, size) * inverse, size)
    out: Samples = restored[: samples.size].astype(np.float32)
    return out
