"""MPEG layer III, made by LAME: piece by piece, or a whole file with its length in front.

libsndfile's wheel brings LAME too, built so that it takes three times as long (decision 049).
"""

from __future__ import annotations

from typing import Final

import lameenc
import numpy as np
from numpy.typing import NDArray

from audio.mp3_length_tag import build_lame_tag

# LAME's own choice for a constant bit rate. 2 takes half as long again.
_QUALITY: Final = 3


class Mp3Encoder:
    """A stream of MP3 frames at one sample rate and constant bit rate, one channel.

    `rate` is in Hz and `bit_rate` in bit/s. Both were checked (`audio.encoding.check_output`).
    """

    def __init__(self, rate: int, bit_rate: int) -> None:
        self._lame = lameenc.Encoder()
        self._lame.silence()
        self._lame.set_channels(1)
        self._lame.set_in_sample_rate(rate)
        self._lame.set_out_sample_rate(rate)
        self._lame.set_bit_rate(bit_rate // 1000)
        self._lame.set_quality(_QUALITY)
        self._begun = False

    def push(self, pcm: NDArray[np.int16]) -> bytes:
        """Take the next samples and return the frames that are ready, which may be none."""
        if not pcm.size:
            return b""

        self._begun = True
        return bytes(self._lame.encode(pcm.tobytes()))

    def finish(self) -> bytes:
        """Return the last frames. A stream without a sample has none."""
        return bytes(self._lame.flush()) if self._begun else b""


def encode_mp3(pcm: NDArray[np.int16], *, rate: int, bit_rate: int) -> bytes:
    """Return a whole MP3 file, from which a decoder gets just as many samples as went in."""
    encoder = Mp3Encoder(rate, bit_rate)
    frames = encoder.push(pcm) + encoder.finish()
    return build_lame_tag(frames, samples=len(pcm), bit_rate=bit_rate, quality=_QUALITY) + frames
