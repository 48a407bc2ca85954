"""Checks of what a file claims (length, channels, rate), in Python, before any codec sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from audio import containers, mp3_frames, mp4, ogg, wav_chunks
from audio.containers import Container, UnreadableAudio
from audio.mp3_length_tag import add_length_tag

MAX_CHANNELS: Final = 8
MIN_RATE: Final = 8_000
MAX_RATE: Final = 192_000
# Damaged files often decode "successfully" to a part of themselves. A difference beyond this share
# is an error.
LENGTH_TOLERANCE: Final = 0.05
_SLACK: Final = 4096  # bytes of an MP3 that may be neither frames nor tags


_MOST_BREAKS: Final = 0.02  # of the frames of an MP3, places where something else follows
MAX_PARTS: Final = 64
"""Links of a chained file, or streams of an MP3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitFile:
    """What to decode: one file or several to be joined, without anything around the sound.

    `is_cut_off` tells that the end is missing.
    """

    parts: tuple[bytes, ...]
    is_cut_off: bool = False


def split_file(data: bytes, container: Container) -> SplitFile:
    """Return what to decode.

    Raises UnreadableAudio when the claims are over the limits or the bytes cannot hold what is
    claimed.
    """
    start = containers.find_beginning(data)
    match container:
        case Container.WAV:
            split = _rebuild_wav(data[start:])
        case Container.OGG | Container.OPUS:
            split = _split_ogg(data[start:])
        case Container.MP3:
            split = _split_mp3(data)
        case Container.M4A:
            split = _check_boxes(data[start:])
        case _:
            split = SplitFile(parts=(data[start:],))

    if len(split.parts) > MAX_PARTS:
        raise UnreadableAudio("unreadable")
    return split


def _rebuild_wav(data: bytes) -> SplitFile:
    try:
        file = wav_chunks.read_wav(data)
    except wav_chunks.NoSound:
        raise UnreadableAudio("truncated") from None

    _check_shape(channels=file.channels, rate=file.rate)
    if file.codec is not None:
        raise UnreadableAudio("inner_codec", codec=file.codec)

    return SplitFile(parts=(wav_chunks.write_wav(file),), is_cut_off=file.is_cut_off)


def _check_shape(*, channels: int, rate: int) -> None:
    if not MIN_RATE <= rate <= MAX_RATE:
        raise UnreadableAudio("bad_rate")
    if channels == 0:
        raise UnreadableAudio("unreadable")
    if channels > MAX_CHANNELS:
        raise UnreadableAudio("too_many_channels")


def _split_ogg(data: bytes) -> SplitFile:
    """Return each stream of each link of a file."""
    try:
        links, is_cut_off = ogg.split_links(data)
    except ogg.BrokenPages:
        raise UnreadableAudio("truncated") from None
    except ogg.UnreadableCodec as error:
        raise UnreadableAudio("inner_codec", codec=str(error)) from None

    return SplitFile(parts=links, is_cut_off=is_cut_off)


def _check_boxes(data: bytes) -> SplitFile:
    """Return the file, unless a recorder stopped before it wrote the index."""
    has_index, is_cut_off = mp4.check_ends(data)
    if not has_index:
        raise UnreadableAudio("truncated")

    return SplitFile(parts=(data,), is_cut_off=is_cut_off)


def _split_mp3(data: bytes) -> SplitFile:
    """Return the frames, a file for each change of rate or channels, with tags of their length."""
    file = mp3_frames.read_streams(data)
    if not file.streams or file.stray_bytes > max(_SLACK, LENGTH_TOLERANCE * len(data)):
        raise UnreadableAudio("unreadable")

    frames = sum(stream.frames for stream in file.streams)
    # A frame or two may be hurt on the way. More of them are noise.
    if file.breaks > max(2, _MOST_BREAKS * frames):
        raise UnreadableAudio("unreadable")

    declared = file.streams[0].declared
    if frames < 1:
        raise UnreadableAudio("truncated")

    return SplitFile(
        parts=tuple(add_length_tag(stream) for stream in file.streams if stream.frames),
        is_cut_off=declared is not None and frames < (1 - LENGTH_TOLERANCE) * declared,
    )
