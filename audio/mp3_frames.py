"""MPEG layer III frames, found and counted.

Decoders guess the length of an MP3 without a length tag. Numbers are from ISO 11172-3 (2.4.1.3,
2.4.2.3) and ISO 13818-3. The tag is the Xing VBR header, which LAME writes as well.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_BIT_RATES: Final = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES: Final = (44_100, 48_000, 32_000)
_LENGTH_TAGS: Final = (b"Xing", b"Info")
_ID3V1: Final = 128  # bytes, at the very end of a file
_APE_HEAD: Final = 32
_APE_IS_HEADER: Final = 1 << 29
_APE_HAS_HEADER: Final = 1 << 31
_LONGEST_FRAME: Final = 1441
_AGREEING: Final = 3 * _LONGEST_FRAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame header. `version` is 1 or 2 (2 includes 2.5), `size` the frame's bytes."""

    version: int
    size: int
    rate: int
    mono: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mp3Stream:
    """Frames of one version, rate and number of channels, one behind the other.

    `frames` counts those with sound. `declared` is the length tag's count of frames, or None
    without a tag.
    """

    sound: bytes
    frames: int
    declared: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mp3File:
    """The streams of a file, in order.

    `stray_bytes` are neither frames nor tags, and `breaks` counts the places between frames where
    such bytes stand.
    """

    streams: tuple[Mp3Stream, ...]
    stray_bytes: int
    breaks: int


def read_frame(data: bytes, at: int) -> Frame | None:
    """Read the layer III header at `at`.

    The result is None when there is none, or one with free bit rate.
    """
    if len(data) < at + 4 or data[at] != 0xFF:
        return None

    return _parse_header(data[at + 1 : at + 4])


# A file has thousands of frames, and few headers.
@lru_cache(maxsize=4096)
def _parse_header(head: bytes) -> Frame | None:
    if head[0] & 0xE0 != 0xE0:
        return None

    code = head[0] >> 3 & 3
    layer = head[0] >> 1 & 3
    bits = head[1] >> 4
    rate_index = head[1] >> 2 & 3
    if code == 1 or layer != 1 or bits in {0, 15} or rate_index == 3:
        return None

    version = 1 if code == 3 else 2
    rate = _RATES[rate_index] // {3: 1, 2: 2, 0: 4}[code]
    slots = 144 if version == 1 else 72
    padding = head[1] >> 1 & 1
    size = slots * _BIT_RATES[version][bits] * 1000 // rate + padding

    return Frame(version=version, size=size, rate=rate, mono=head[2] >> 6 == 3)


def read_streams(data: bytes) -> Mp3File:
    """Return the frames of a file.

    Tags, zeros and stray bytes around them are left out. A new stream begins where the version, the
    rate or the number of channels changes.
    """
    data = data[: _find_sound_end(data)]
    runs: list[_Run] = []
    stray = breaks = 0
    at = skip_tags(data)

    while (start := find_frames(data, at)) is not None:
        run = _walk_run(data, start)
        stray += start - at
        breaks += bool(runs) and start > at
        if runs and runs[-1].shape == run.shape:
            runs[-1].parts += run.parts
        else:
            runs.append(run)
        at = skip_tags(data, run.end)

    stray += len(data) - at
    streams = tuple(_build_stream(run) for run in runs)
    return Mp3File(streams=streams, stray_bytes=stray, breaks=breaks)


def find_frames(data: bytes, at: int) -> int | None:
    """Return the first place from `at` where a frame stands, or None.

    Behind other bytes, only two frames that agree count: one sync word in random bytes is common.
    """
    frame = read_frame(data, at)
    if frame and at + frame.size <= len(data):
        return at

    at = data.find(b"\xff", at + 1)
    while at >= 0:
        frame = read_frame(data, at)
        following = frame and read_frame(data, at + frame.size)
        if frame and following and _get_shape(frame) == _get_shape(following):
            return at
        at = data.find(b"\xff", at + 1)

    return None


def find_cut_beginning(data: bytes) -> int | None:
    """Return the place of the first frame of a stream that was joined in the middle, or None.

    Recordings of a broadcast begin somewhere within a frame. Three frames that agree are no chance.
    """
    at = find_frames(data[: _LONGEST_FRAME + _AGREEING], 0)
    frame = None if at is None else read_frame(data, at)
    if at is None or frame is None or at > _LONGEST_FRAME:
        return None

    second = read_frame(data, at + frame.size)
    third = second and read_frame(data, at + frame.size + second.size)
    return at if third and _get_shape(third) == _get_shape(frame) else None


def skip_tags(data: bytes, at: int = 0) -> int:
    """Return the place behind all tags and zeros that begin at `at`."""
    while size := measure_tag(data, at):
        at = min(at + size, len(data))

    return at


def _find_sound_end(data: bytes) -> int:
    """Return the place where the tags and zeros at the end of a file begin."""
    end = len(data)
    while size := _measure_last_tag(data[max(0, end - 2**20) : end]):
        end -= size

    return max(end, 0)


def _measure_last_tag(data: bytes) -> int:
    """Return the size of the tag, or of the zeros, that end `data`. Without either it is 0.

    ID3v1 has 128 bytes. The footer of APEv2 counts itself and its items, and says whether a header
    of 32 bytes stands in front. Lyrics3v2 counts in six digits.
    """
    if data[-_ID3V1:][:3] == b"TAG" and len(data) >= _ID3V1:
        return _ID3V1

    footer = data[-_APE_HEAD:]
    if footer[:8] == b"APETAGEX" and len(footer) == _APE_HEAD:
        size, flags = struct.unpack_from("<I4xI", footer, 12)
        return max(_APE_HEAD, int(size) + (_APE_HEAD if flags & _APE_HAS_HEADER else 0))

    if data[-9:] == b"LYRICS200" and data[-15:-9].isdigit():
        return int(data[-15:-9]) + 15

    return len(data) - len(data.rstrip(b"\0"))


def measure_tag(data: bytes, at: int) -> int:
    """Return the size of the tag, or of the zeros, at `at`. Without either it is 0.

    ID3v2 has four times seven bits (ID3v2.4 structure, 3.1). APEv2 counts its items and its footer.
    """
    head = data[at : at + _APE_HEAD]
    if head[:3] == b"ID3" and len(head) >= 10:
        size = 0
        for byte in head[6:10]:
            size = size << 7 | byte & 0x7F
        size += 10 + (10 if head[5] & 0x10 else 0)
        # A size beyond the end is wrong. What is behind the head may still be searched for frames.
        return size if at + size <= len(data) else 10

    if head[:8] == b"APETAGEX" and len(head) == _APE_HEAD:
        size, flags = struct.unpack_from("<I4xI", head, 12)
        return _APE_HEAD + (int(size) if flags & _APE_IS_HEADER else 0)

    # Files that were joined keep the tag at the end of each.
    if head[:3] == b"TAG" and len(data) >= at + _ID3V1:
        return _ID3V1

    # Encoders and editors pad with zeros between tags and frames.
    behind = data[at : at + 2**16]
    return len(behind) - len(behind.lstrip(b"\0"))


@dataclass(slots=True, kw_only=True)
class _Run:
    """Unbroken frames: their shape, their bytes, how many there are, and where they end."""

    shape: tuple[int, int, bool]
    parts: list[tuple[bytes, int]]
    end: int


def _walk_run(data: bytes, start: int) -> _Run:
    first = frame = read_frame(data, start)
    assert first is not None  # noqa: S101  # `find_frames` saw it

    at = start
    count, shape = 0, _get_shape(first)
    while frame and _get_shape(frame) == shape and at + frame.size <= len(data):
        count += 1
        at += frame.size
        frame = read_frame(data, at)

    return _Run(shape=shape, parts=[(data[start:at], count)], end=at)


def _build_stream(run: _Run) -> Mp3Stream:
    sound = b"".join(part for part, _ in run.parts)
    first = read_frame(sound, 0)
    assert first is not None  # noqa: S101  # a run begins with a frame

    # The frame with the tag holds no sound.
    declared = _read_declared_frames(sound, 0, first)
    frames = sum(count for _, count in run.parts) - (declared is not None)
    return Mp3Stream(sound=sound, frames=frames, declared=declared)


def _get_shape(frame: Frame) -> tuple[int, int, bool]:
    return frame.version, frame.rate, frame.mono


def count_side_bytes(frame: Frame) -> int:
    """Return the size of the side information, behind which a tag stands."""
    if frame.version == 1:
        return 17 if frame.mono else 32
    return 9 if frame.mono else 17


def _read_declared_frames(data: bytes, at: int, frame: Frame) -> int | None:
    place = at + 4 + count_side_bytes(frame)
    if data[place : place + 4] not in _LENGTH_TAGS or len(data) < place + 12:
        return None

    flags, frames = struct.unpack_from(">II", data, place + 4)
    return int(frames) if flags & 1 else None
