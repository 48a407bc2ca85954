"""Short-time spectra: frames of 25 ms every 5 ms, their envelope in 36 mel bands, and their sound.

They are in single precision, whose noise lies 40 dB below the floor. It takes half the time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audio.sound import Sound

BANDS: Final = 36
ANALYSIS_RATE: Final = 16_000
WINDOW_SECONDS: Final = 0.025
HOP_SECONDS: Final = 0.005
_FLOOR: Final = np.float32(1e-9)
_LIFTER_SECONDS: Final = 0.0025
"""Cepstral lag that separates the vocal tract (below) from the voice's pitch (above)."""

Real = NDArray[np.float64]
Single = NDArray[np.float32]
Complex = NDArray[np.complex64]


def hz_to_mel(hz: Real) -> Real:
    """Return mel values on Slaney's scale: linear to 1 kHz, logarithmic above."""
    above = 15.0 + np.log(np.maximum(hz, 1e-9) / 1000.0) * 27.0 / np.log(6.4)
    return np.where(hz >= 1000.0, above, hz * 3.0 / 200.0)


def mel_to_hz(mel: Real) -> Real:
    """Return Hz for values on Slaney's scale."""
    return np.where(
        mel >= 15.0, 1000.0 * np.exp((mel - 15.0) * np.log(6.4) / 27.0), mel * 200.0 / 3.0
    )


CENTRES: Final = mel_to_hz(
    np.linspace(float(hz_to_mel(np.array(60.0))), float(hz_to_mel(np.array(7840.0))), BANDS)
)


def compute_stft(sound: Sound) -> Complex:
    """Return the short-time spectrum at the rate at which all voices are compared.

    It is the input of `compute_envelope` and `compute_loudness`.
    """
    return compute_frames(sound.resample(ANALYSIS_RATE))


def compute_frames(sound: Sound) -> Complex:
    """Return the short-time spectrum at the sound's own rate. Frame k is centred on k x 5 ms."""
    window, hop, size = _frame_sizes(sound.rate)
    padded = np.pad(sound.samples, (window // 2, window))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    frames = frames[: 1 + len(sound.samples) // hop]

    return np.asarray(np.fft.rfft(frames * _hann_window(window), size), dtype=np.complex64)


def overlap_frames(frames: Complex, *, rate: int, length: int) -> Sound:
    """Overlap and add frames at `rate` to a sound of `length` samples."""
    window, hop, size = _frame_sizes(rate)
    shape = _hann_window(window)
    pieces = np.fft.irfft(frames, size)[:, :window] * shape

    steps = window // hop
    total = np.zeros((len(frames) + steps, hop), dtype=np.float32)
    weight = np.zeros_like(total)

    for step in range(steps):
        total[step : step + len(frames)] += pieces[:, step * hop : (step + 1) * hop]
        weight[step : step + len(frames)] += shape[step * hop : (step + 1) * hop] ** 2

    flat = (total / np.maximum(weight, np.float32(1e-3))).ravel()[window // 2 :][:length]
    return Sound(np.pad(flat, (0, length - len(flat))), rate)


def compute_envelope(spectrum: Complex) -> Real:
    """Return the log power envelope in the 36 bands, frame by frame.

    Cepstral liftering removes the harmonics of the pitch.
    """
    logs = np.log(_power_spectrum(spectrum) + _FLOOR)
    return np.asarray(logs @ _smoothing_matrix(logs.shape[1]), dtype=np.float64)


def compute_loudness(spectrum: Complex) -> Real:
    """Return the power of each frame in dB."""
    return np.asarray(
        10 * np.log10(_power_spectrum(spectrum).sum(axis=1, dtype=np.float64) + 1e-12)
    )


def spread_gains(bands: Real, *, rate: int) -> Single:
    """Spread values per band over the bins of a spectrum at `rate`.

    Outside the bands the nearest band's value is used.
    """
    _, _, size = _frame_sizes(rate)
    return np.asarray(bands.astype(np.float32) @ _spread_matrix(rate, size))


def _frame_sizes(rate: int) -> tuple[int, int, int]:
    hop = round(HOP_SECONDS * rate)
    window = 5 * hop
    return window, hop, 2 ** int(np.ceil(np.log2(window * 1.25)))


def _power_spectrum(frames: Complex) -> Single:
    return np.asarray(frames.real**2 + frames.imag**2)


@lru_cache(maxsize=8)
def _hann_window(size: int) -> Single:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)


@lru_cache(maxsize=2)
def _smoothing_matrix(bins: int) -> Single:
    """Return liftering and sampling at the bands as one matrix bins x bands. Both are linear."""
    cepstra = np.fft.irfft(np.eye(bins))
    keep = int(_LIFTER_SECONDS * ANALYSIS_RATE)
    cepstra[:, keep : -keep + 1] = 0.0
    return (np.fft.rfft(cepstra).real @ _band_weights(bins)).astype(np.float32)


def _band_weights(bins: int) -> Real:
    """Return linear interpolation at the band centres, as a matrix bins x bands."""
    places = CENTRES / (ANALYSIS_RATE / 2) * (bins - 1)
    low = np.floor(places).astype(int)
    share = places - low

    weights = np.zeros((bins, BANDS))
    weights[low, np.arange(BANDS)] = 1 - share
    weights[low + 1, np.arange(BANDS)] += share
    return weights


@lru_cache(maxsize=8)
def _spread_matrix(rate: int, size: int) -> Single:
    """Return linear interpolation from band centres to bins, as a matrix bands x bins."""
    hz = np.arange(size // 2 + 1) * rate / size
    return np.stack([np.interp(hz, CENTRES, row) for row in np.eye(BANDS)]).astype(np.float32)
