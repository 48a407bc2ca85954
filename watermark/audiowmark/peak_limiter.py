"""The limiter after marking, and the way to 16 bits: both as the audiowmark program does them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from watermark.audiowmark.audiowmark_parameters import CEILING, Samples


def limit_peaks(sound: Samples, rate: int) -> Samples:
    """The sound, turned down in ramps of a second around every second whose peak exceeds 0.99."""
    seconds = -(-len(sound) // rate)
    if not seconds:
        return sound
    peaks = np.full(seconds + 2, CEILING)
    for second in range(seconds):
        loudest = float(np.abs(sound[second * rate : (second + 1) * rate]).max(initial=0.0))
        peaks[second + 1] = max(CEILING, loudest)
    gains = CEILING / np.maximum(peaks[:-1], peaks[1:])
    if (gains == 1.0).all():
        return sound
    place = np.arange(len(sound))
    before, within = place // rate, place % rate / rate
    gain = gains[before] + within * (gains[before + 1] - gains[before])
    turned_down: Samples = sound * gain[:, None]
    return turned_down


def cut_to_16_bits(sound: Samples) -> NDArray[np.int16]:
    """The sound as the program writes it into 16-bit files: cut towards minus infinity, neither
    rounded nor dithered.

    Full scale is 2^31 there, the fraction is cut towards zero, and the upper 16 bits are kept.
    """
    wide = np.clip(sound * 2.0**31, -(2.0**31), 2.0**31 - 1.0)
    return (wide.astype(np.int64) >> 16).astype("<i2")
