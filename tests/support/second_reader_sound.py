"""The second reader's ears, written from docs/watermark.md alone: contrasts, and the echo that
stands out.
"""

from __future__ import annotations

import math

import numpy as np

from tests.support.second_reader_code import Floats

FRAME, BANDS = 192, 56
STEP, GRIDS = 24, 8  # samples from one place to the next; places in a frame


def energies(samples: Floats, speed: float) -> Floats:
    """Energy in dB of the frames that begin 24 samples apart, in bands whose centres are scaled by
    `speed`.
    """
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::STEP]
    window = np.array([0.5 - 0.5 * math.cos(2 * math.pi * n / FRAME) for n in range(FRAME)])
    turns = speed * np.outer(np.arange(FRAME), np.arange(4, 60)) / FRAME
    power = np.abs((frames * window) @ np.exp(-2j * np.pi * turns)) ** 2
    return np.asarray(10 * np.log10(power + 1e-12))


def level(energy: Floats) -> float:
    power = (10 ** (energy / 10)).mean(axis=1)
    speaks = np.ones(power.size, dtype=bool)
    for _ in range(4):
        speaks = power >= power[speaks].mean() / 100
    return float(np.percentile(energy[speaks], 99))


def contrasts(samples: Floats, speed: float = 1.0) -> Floats:
    """The contrast of the frames that begin 24 samples apart.

    A frame's neighbours begin a whole frame away.
    """
    energy = energies(samples, speed)
    loud = level(energy[::GRIDS])
    contrast = energy.copy()
    contrast[GRIDS:-GRIDS] -= (energy[: -2 * GRIDS] + energy[2 * GRIDS :]) / 2
    contrast[:GRIDS] -= energy[GRIDS : 2 * GRIDS]
    contrast[-GRIDS:] -= energy[-2 * GRIDS : -GRIDS]
    return np.asarray(np.clip(contrast, -10, 10) * np.clip((energy - loud + 50) / 40, 0, 1))


def averaged(contrast: Floats, around: int) -> Floats:
    """Each contrast averaged with so many before and after; those at the ends stay as they are."""
    kernel = np.ones(2 * around + 1) / (2 * around + 1)
    out = contrast.copy()
    for band in range(BANDS):
        out[around:-around, band] = np.convolve(contrast[:, band], kernel, "valid")
    return out


def as_telephones_leave(contrast: Floats) -> Floats:
    return averaged(contrast * np.array([1.0] * 20 + [0.3] * 24 + [0.0] * 12), 1)


def loudest(samples: Floats) -> Floats:
    """The loudest of the pieces of nine seconds that begin 7.5 s apart."""
    size, apart = 9 * 16_000, 15 * 8_000
    pieces = [
        samples[at : at + size] for at in range(0, max(1, samples.size - size + apart), apart)
    ]
    return max(pieces, key=lambda piece: float(piece @ piece))


def echo_in(samples: Floats) -> tuple[float, float] | None:
    """Delay in samples and sign of the echo that stands out, if one does."""
    frames = [samples[at : at + 4096] for at in range(0, samples.size - 4095, 2048)]
    energy = [float(frame @ frame) for frame in frames]
    window = np.array([0.5 - 0.5 * math.cos(2 * math.pi * n / 4096) for n in range(4096)])
    logs = []
    for frame, power in zip(frames, energy, strict=True):
        if power > max(energy) / 1000:
            spectrum = np.abs(np.fft.rfft(frame * window)) ** 2
            logs.append(np.log(spectrum / (spectrum.mean() + 1e-6) + 1e-6)[77:1280])
    if not logs:
        return None
    mean = np.mean(logs, axis=0)
    around = np.pad(mean, 60, mode="edge")
    ripple = mean - np.array([around[at : at + 121].mean() for at in range(mean.size)])
    weight = np.array([0.5 - 0.5 * math.cos(2 * math.pi * n / mean.size) for n in range(mean.size)])
    delays = np.arange(80, 1120) / 2
    peaks = [
        float(2 * np.cos(2 * np.pi * delay * np.arange(77, 1280) / 4096) @ (weight * ripple))
        for delay in delays
    ]
    best = int(np.argmax(np.abs(peaks)))
    height = peaks[best] / float(weight.sum())
    return (float(delays[best]), math.copysign(1.0, height)) if abs(height) >= 0.6 else None


def without(samples: Floats, delay: float, sign: float) -> Floats:
    """The sound with its echo taken off."""
    size = 2 ** math.ceil(math.log2(samples.size + 16 * delay))
    comb = 1 + 0.97 * sign * np.exp(-2j * np.pi * delay * np.arange(size // 2 + 1) / size)
    inverse = np.conj(comb) / (np.abs(comb) ** 2 + 0.02)
    return np.asarray(np.fft.irfft(np.fft.rfft(samples, size) * inverse, size)[: samples.size])
