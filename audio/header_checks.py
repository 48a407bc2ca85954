"""Checks of what a file claims (length, channels, rate), in Python, before any codec sees it."""

from __future__ import annotations

import struct
from typing import Final

from audio import mp3_frames
from audio.containers import Container, UnreadableAudio

MAX_CHANNELS: Final = 8
MIN_RATE: Final = 8_000
MAX_RATE: Final = 192_000
# Damaged files often decode "successfully" to a part of themselves. A difference beyond this share
# is an error.
LENGTH_TOLERANCE: Final = 0.05
# Sizes that writers to a pipe leave in a header because they cannot go back. They mean "unknown",
# not "empty".
_UNKNOWN_SIZES: Final = frozenset({0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF})
_SLACK: Final = 4096  # bytes behind the last MP3 frame that may be tags


def check_headers(data: bytes, container: Container) -> bytes:
    """Return the bytes to decode: the file's own, or an MP3 with the length tag it lacked.

    Raises UnreadableAudio when the claims are over the limits or the bytes cannot hold what is
    claimed.
    """
    match container:
        case Container.WAV:
            _check_wav(data)
        case Container.OGG | Container.OPUS:
            _check_ogg(data)
        case Container.MP3:
            return _check_mp3(data)
        case _:
            pass
    return data


def _check_wav(data: bytes) -> None:
    at = 12
    while at + 8 <= len(data):
        name = data[at : at + 4]
        size = struct.unpack_from("<I", data, at + 4)[0]

        if name == b"fmt " and len(data) >= at + 16:
            channels, rate = struct.unpack_from("<HI", data, at + 10)
            _check_shape(channels=channels, rate=rate)

        if name == b"data":
            if size not in _UNKNOWN_SIZES and len(data) - at - 8 < (1 - LENGTH_TOLERANCE) * size:
                raise UnreadableAudio("truncated")
            return

        at += 8 + size + (size & 1)

    raise UnreadableAudio("truncated")


def _check_shape(*, channels: int, rate: int) -> None:
    if not MIN_RATE <= rate <= MAX_RATE:
        raise UnreadableAudio("bad_rate")
    if channels == 0:
        raise UnreadableAudio("unreadable")
    if channels > MAX_CHANNELS:
        raise UnreadableAudio("too_many_channels")


def _check_ogg(data: bytes) -> None:
    """Check that the last page is whole.

    A page is 27 bytes, its lacing table and the sum of it (RFC 3533, section 6).
    """
    at = data.rfind(b"OggS")
    if len(data) < at + 27:
        raise UnreadableAudio("truncated")

    table = data[at + 27 : at + 27 + data[at + 26]]
    if len(data) < at + 27 + data[at + 26] + sum(table):
        raise UnreadableAudio("truncated")


def _check_mp3(data: bytes) -> bytes:
    stream = mp3_frames.walk_frames(data)
    if stream is None or stream.frames < 1:
        raise UnreadableAudio("unreadable" if stream is None else "truncated")

    if stream.declared is not None and stream.frames < (1 - LENGTH_TOLERANCE) * stream.declared:
        raise UnreadableAudio("truncated")
    if len(data) - stream.end > max(_SLACK, LENGTH_TOLERANCE * len(data)):
        raise UnreadableAudio("unreadable")

    # Without a length tag, or with one that names too few frames, a decoder would guess the length.
    if stream.declared is None or stream.declared < (1 - LENGTH_TOLERANCE) * stream.frames:
        return mp3_frames.add_length_tag(data, stream)

    return data
