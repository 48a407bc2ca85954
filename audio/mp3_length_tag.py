"""The frame in front of an MP3 that says how long the sound is.

Decoders guess the length without it. Sources: the Xing header, and LAME's part of it ("Mp3 Info
Tag", revision 1).
"""

from __future__ import annotations

import struct
from typing import Final

from fastcrc import crc16

from audio.mp3_frames import Mp3Stream, count_side_bytes, read_frame, read_streams

# An index of the bit-rate tables whose frames hold a length tag at every sample rate (at least 192
# bytes).
_ROOMY: Final = 8
# Samples of silence that LAME puts in front. A decoder adds 529 of its own, which readers of the
# tag know.
_ENCODER_DELAY: Final = 576
# "LAME" and four characters of a version: what a decoder looks for before it believes the tag.
_VERSION: Final = b"LAME3.100"
_FRAMES_BYTES_INDEX_QUALITY: Final = 0x0F
_CONSTANT_BIT_RATE: Final = 1
_ONE_CHANNEL: Final = 0


def add_length_tag(stream: Mp3Stream) -> bytes:
    """Return the stream as a file whose length tag has the counted length."""
    # Without a tag, or with one of another length, a decoder would guess the length.
    if stream.declared == stream.frames:
        return stream.sound

    head, place, size = _build_tag_head(stream.sound[:4])
    if not size:
        return stream.sound

    tag = head.ljust(place, b"\0") + b"Xing" + struct.pack(">II", 1, stream.frames)
    return tag.ljust(size, b"\0") + stream.sound


def _build_tag_head(header: bytes) -> tuple[bytes, int, int]:
    """Return the header of a frame with room for a tag, the tag's place in it, and its bytes.

    `header` is that of a frame of the same stream. The bytes are 0 if it is no header.
    """
    head = bytearray(header)
    head[1] |= 1  # no checksum
    head[2] = _ROOMY << 4 | head[2] & 0x0C  # same sample rate, no padding
    frame = read_frame(bytes(head), 0)
    if frame is None:
        return b"", 0, 0

    return bytes(head), 4 + count_side_bytes(frame), frame.size


def build_lame_tag(frames: bytes, *, samples: int, bit_rate: int, quality: int) -> bytes:
    """Return the frame that says how long the sound is, and what the encoder put around it.

    `frames` are those of `samples` samples at a constant `bit_rate` (bit/s), made at LAME's
    `quality`. Without a frame there is no tag.
    """
    first = read_frame(frames, 0)
    if first is None:
        return b""

    head, place, size = _build_tag_head(frames[:4])
    (stream,) = read_streams(frames).streams
    per_frame = 1152 if first.version == 1 else 576
    padding = stream.frames * per_frame - _ENCODER_DELAY - samples
    count = size + len(frames)

    xing = struct.pack(">4sIII", b"Info", _FRAMES_BYTES_INDEX_QUALITY, stream.frames, count)
    index = bytes(256 * step // 100 for step in range(100))
    # Quality as LAME writes it: 100 less ten times the setting, less the setting of VBR (none).
    lame = xing + index + struct.pack(">I", 100 - 10 * quality)
    lame += _VERSION + bytes([_CONSTANT_BIT_RATE, 0]) + bytes(8) + bytes([0])
    lame += bytes([min(255, bit_rate // 1000)])
    lame += (_ENCODER_DELAY << 12 | min(padding, 0xFFF)).to_bytes(3, "big")
    lame += bytes([_ONE_CHANNEL, 0, 0, 0]) + struct.pack(">IH", count, crc16.arc(frames))

    tag = head.ljust(place, b"\0") + lame
    return (tag + struct.pack(">H", crc16.arc(tag))).ljust(size, b"\0")
