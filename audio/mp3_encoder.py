"""MPEG layer III, made by LAME: piece by piece, or a whole file with its length in front.

libsndfile's wheel brings LAME too, built so that it takes three times as long (decision 049).
"""

from __future__ import annotations

import struct
from typing import Final

import lameenc
import numpy as np
from fastcrc import crc16
from numpy.typing import NDArray

from audio import mp3_frames

# LAME's own choice for a constant bit rate. 2 takes half as long again.
_QUALITY: Final = 3
# Samples of silence that LAME puts in front. A decoder adds 529 of its own, and readers of the tag
# know that.
_ENCODER_DELAY: Final = 576
_DECODER_DELAY: Final = 529
# "LAME" and four characters of a version: what a decoder looks for before it believes the tag.
_VERSION: Final = b"LAME3.100"
_FRAMES_BYTES_INDEX_QUALITY: Final = 0x0F
_CONSTANT_BIT_RATE: Final = 1
_ONE_CHANNEL: Final = 0


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
    return _build_tag(frames, samples=len(pcm), bit_rate=bit_rate) + frames


def _build_tag(frames: bytes, *, samples: int, bit_rate: int) -> bytes:
    """Return the frame that says how long the sound is, and what the encoder put around it.

    Source: the Xing header, and LAME's part of it ("Mp3 Info Tag", revision 1).
    """
    first = mp3_frames.read_frame(frames, 0)
    if first is None:
        return b""

    head, place, size = mp3_frames.build_tag_head(frames[:4])
    (stream,) = mp3_frames.read_streams(frames).streams
    per_frame = 1152 if first.version == 1 else 576
    padding = stream.frames * per_frame - _ENCODER_DELAY - samples
    count = size + len(frames)

    xing = struct.pack(">4sIII", b"Info", _FRAMES_BYTES_INDEX_QUALITY, stream.frames, count)
    index = bytes(256 * step // 100 for step in range(100))
    # Quality as LAME writes it: 100 less ten times the setting, less the setting of VBR (none).
    lame = xing + index + struct.pack(">I", 100 - 10 * _QUALITY)
    lame += _VERSION + bytes([_CONSTANT_BIT_RATE, 0]) + bytes(8) + bytes([0])
    lame += bytes([min(255, bit_rate // 1000)])
    lame += (_ENCODER_DELAY << 12 | min(padding, 0xFFF)).to_bytes(3, "big")
    lame += bytes([_ONE_CHANNEL, 0, 0, 0]) + struct.pack(">IH", count, crc16.arc(frames))

    tag = head.ljust(place, b"\0") + lame
    return (tag + struct.pack(">H", crc16.arc(tag))).ljust(size, b"\0")
