"""The limiter after marking and the conversion to 16 bits, as the audiowmark program has them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from watermark.audiowmark.audiowmark_parameters import CEILING, Samples


def limit_peaks(sound: Samples, rate: int) -> Samples:
    """Return the sound, turned down around every second whose peak exceeds 0.99.

    The gain changes in ramps of a second.
    """
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
    before = place // rate
    within = place % rate / rate
    gain = gains[before] + within * (gains[before + 1] - gains[before])

    turned_down: Samples = sound * gain[:, None]
    return turned_down


def cut_to_16_bits(sound: Samples) -> NDArray[np.int16]:
    """Return the sound as the program writes it into 16-bit files, without rounding or dither.

    Full scale is 2^31 there, the fraction is cut towards zero, and the upper 16 bits are kept. So
    the result is cut towards minus infinity.
    """
    wide = np.clip(sound * 2.0**31, -(2.0**31), 2.0**31 - 1.0)
    return (wide.astype(np.int64) >> 16).astype("<i2")
