"""Fundamental frequency by YIN (de Cheveigné and Kawahara, 2002).

Octave errors are corrected against the median.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from audio.sound import Sound

HOP_SECONDS: Final = 0.005
LOWEST: Final = 50.0
HIGHEST: Final = 450.0
_RATE: Final = 8_000
_HOP: Final = 40
_WINDOW: Final = 320  # 40 ms: two periods of the lowest voice
_LONGEST_LAG: Final = int(_RATE / LOWEST)
_SHORTEST_LAG: Final = int(_RATE / HIGHEST)
_FFT: Final = 512
_FIRST_DIP: Final = 0.15  # the paper's absolute threshold, a little looser for 8 kHz
_VOICED: Final = 0.30
_BATCH: Final = 1000  # frames, so that a long recording needs little memory
_QUIET: Final = 1e-7  # mean square of a window below which nothing is voiced

Real = NDArray[np.float64]


def track_pitch(sound: Sound) -> Real:
    """Return F0 in Hz every 5 ms, or 0 where the sound is not voiced.

    Frame k is centred on k x 5 ms.
    """
    if len(sound.samples) == 0:
        return np.zeros(0)

    dips = _normalised_differences(sound.resample(_RATE).samples.astype(np.float64))
    lags, depth = _choose_lags(dips)
    voiced = depth < _VOICED
    if voiced.any():
        lags = _mend_octaves(dips, lags, np.asarray(voiced))

    return np.where(voiced, _RATE / _refine_lags(dips, lags), 0.0)


def _normalised_differences(samples: Real) -> Real:
    """Return the cumulative mean normalised difference of each frame, shape (frames, lags).

    These are equations 6 and 8, computed by FFT.
    """
    half = (_WINDOW + _LONGEST_LAG) // 2
    padded = np.pad(samples, (half, half + _LONGEST_LAG))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW + _LONGEST_LAG)[::_HOP]
    frames = frames[: 1 + len(samples) // _HOP]

    return np.concatenate(
        [_differences_of_frames(frames[at : at + _BATCH]) for at in range(0, len(frames), _BATCH)]
    )


def _differences_of_frames(frames: Real) -> Real:
    frames = frames - frames.mean(axis=1, keepdims=True)

    spectrum = np.fft.rfft(frames, _FFT)
    window = np.fft.rfft(frames[:, :_WINDOW], _FFT)
    likeness = np.fft.irfft(spectrum * np.conj(window), _FFT)[:, : _LONGEST_LAG + 1]

    power = np.pad(np.cumsum(frames**2, axis=1), ((0, 0), (1, 0)))
    energy = power[:, _WINDOW:] - power[:, : _LONGEST_LAG + 1]
    difference = np.maximum(energy[:, :1] + energy - 2 * likeness, 0.0)

    lags = np.arange(1, _LONGEST_LAG + 1)
    mean = np.cumsum(difference[:, 1:], axis=1) / lags
    normal = np.ones_like(difference)
    normal[:, 1:] = difference[:, 1:] / np.maximum(mean, 1e-12)
    normal[energy[:, 0] < _QUIET * _WINDOW] = 1.0

    return np.asarray(normal)


def _choose_lags(dips: Real) -> tuple[NDArray[np.intp], Real]:
    """Return the first local minimum under the threshold, else the deepest, and its depth."""
    inner = dips[:, _SHORTEST_LAG:_LONGEST_LAG]
    before = dips[:, _SHORTEST_LAG - 1 : _LONGEST_LAG - 1]
    after = dips[:, _SHORTEST_LAG + 1 : _LONGEST_LAG + 1]

    good = (inner < _FIRST_DIP) & (inner <= before) & (inner < after)
    lags = np.where(good.any(axis=1), good.argmax(axis=1), inner.argmin(axis=1)) + _SHORTEST_LAG
    return lags, dips[np.arange(len(dips)), lags]


def _mend_octaves(
    dips: Real, lags: NDArray[np.intp], voiced: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Return the lags with octave errors corrected.

    A frame an octave off the median takes double or half the lag if that is nearly as good.
    """
    median = float(np.median(lags[voiced]))
    rows = np.arange(len(dips))
    mended = lags

    for factor, wrong in ((2.0, lags < 0.6 * median), (0.5, lags > 1.7 * median)):
        other = np.clip(np.rint(lags * factor).astype(np.intp), _SHORTEST_LAG, _LONGEST_LAG - 1)
        good = dips[rows, other] < np.minimum(dips[rows, lags] + 0.15, _VOICED)
        mended = np.where(wrong & good, other, mended)

    return mended


def _refine_lags(dips: Real, lags: NDArray[np.intp]) -> Real:
    """Return the lags refined by parabolic interpolation."""
    rows = np.arange(len(dips))
    before = dips[rows, lags - 1]
    middle = dips[rows, lags]
    after = dips[rows, lags + 1]

    bend = before - 2 * middle + after
    safe_bend = np.where(bend > 1e-9, bend, 1.0)
    shift = np.where(bend > 1e-9, 0.5 * (before - after) / safe_bend, 0.0)
    return np.asarray(lags + np.clip(shift, -0.5, 0.5))
