"""MPEG layer III frames, found and counted.

Decoders guess the length of an MP3 without a length tag. Numbers are from ISO 11172-3 (2.4.1.3,
2.4.2.3) and ISO 13818-3. The tag is the Xing VBR header, which LAME writes as well.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

_BIT_RATES: Final = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES: Final = (44_100, 48_000, 32_000)
_TAGS: Final = (b"Xing", b"Info")
# An index of the bit-rate tables whose frames hold a length tag at every sample rate (at least 192
# bytes).
_ROOMY: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame header. `version` is 1 or 2 (2 includes 2.5), `size` the frame's bytes."""

    version: int
    size: int
    rate: int
    mono: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mp3Stream:
    """The unbroken run of frames in a file.

    `declared` is the length tag's count of frames, or None without a tag.
    """

    start: int
    end: int
    frames: int
    declared: int | None


def read_frame(data: bytes, at: int) -> Frame | None:
    """Read the layer III header at `at`.

    The result is None when there is none, or one with free bit rate.
    """
    if len(data) < at + 4 or data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
        return None

    code = data[at + 1] >> 3 & 3
    layer = data[at + 1] >> 1 & 3
    bits = data[at + 2] >> 4
    rate_index = data[at + 2] >> 2 & 3
    if code == 1 or layer != 1 or bits in {0, 15} or rate_index == 3:
        return None

    version = 1 if code == 3 else 2
    rate = _RATES[rate_index] // {3: 1, 2: 2, 0: 4}[code]
    slots = 144 if version == 1 else 72
    padding = data[at + 2] >> 1 & 1
    size = slots * _BIT_RATES[version][bits] * 1000 // rate + padding

    return Frame(version=version, size=size, rate=rate, mono=data[at + 3] >> 6 == 3)


def walk_frames(data: bytes) -> Mp3Stream | None:
    """Follow the frames behind an ID3v2 tag, or return None when there is none."""
    start = at = skip_id3(data)
    first = read_frame(data, at)
    if first is None:
        return None

    # The frame with the tag holds no sound.
    declared = _read_declared_frames(data, at, first)
    count = -1 if declared is not None else 0

    frame: Frame | None = first
    while (
        frame
        and (frame.version, frame.rate) == (first.version, first.rate)
        and at + frame.size <= len(data)
    ):
        count += 1
        at += frame.size
        frame = read_frame(data, at)

    return Mp3Stream(start=start, end=at, frames=count, declared=declared)


def add_length_tag(data: bytes, stream: Mp3Stream) -> bytes:
    """Return the file with a length tag, with the counted length, in front of the frames."""
    header = bytearray(data[stream.start : stream.start + 4])
    header[1] |= 1  # no checksum
    header[2] = _ROOMY << 4 | header[2] & 0x0C  # same sample rate, no padding
    frame = read_frame(bytes(header), 0)
    if frame is None:
        return data

    side = bytes(_count_side_bytes(frame))
    tag = bytes(header) + side + b"Xing" + struct.pack(">II", 1, stream.frames)
    return tag.ljust(frame.size, b"\0") + data[stream.start :]


def skip_id3(data: bytes) -> int:
    """Return the size of an ID3v2 tag, which has four times seven bits (ID3v2.4 structure, 3.1)."""
    if data[:3] != b"ID3" or len(data) < 10:
        return 0

    size = 0
    for byte in data[6:10]:
        size = size << 7 | byte & 0x7F

    footer = 10 if data[5] & 0x10 else 0
    return 10 + size + footer


def _count_side_bytes(frame: Frame) -> int:
    if frame.version == 1:
        return 17 if frame.mono else 32
    return 9 if frame.mono else 17


def _read_declared_frames(data: bytes, at: int, frame: Frame) -> int | None:
    place = at + 4 + _count_side_bytes(frame)
    if data[place : place + 4] not in _TAGS or len(data) < place + 12:
        return None

    flags, frames = struct.unpack_from(">II", data, place + 4)
    return int(frames) if flags & 1 else None
