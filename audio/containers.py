"""Containers, recognised by our own table of magic bytes."""

from __future__ import annotations

import enum
from typing import Final

from audio import foreign_formats, mp3_frames, mp4, ogg, wav_chunks
from core.errors import Invalid

READABLE: Final = (
    "wav, mp3, flac, ogg, opus, m4a and webm"
    if mp4.is_encoder_available()
    else "wav, mp3, flac, ogg and opus"
)


class UnreadableAudio(Invalid):
    """A file that is no audio we read.

    `facts["reason"]` is one of REASONS, never a decoder's own message.
    """

    code = "audio_unreadable"

    def __init__(self, reason: str, *, codec: str | None = None) -> None:
        detail = REASONS[reason] if codec is None else f"{REASONS[reason]} It is {codec}."
        super().__init__(detail, facts={"reason": reason})
        self.reason = reason


REASONS: Final = {
    "empty": "There is no sound in the file.",
    "unknown_format": f"The file is in no format that this installation reads ({READABLE}).",
    "inner_codec": "The sound in the file is in a codec that is not read here. Save it as PCM.",
    "truncated": "The file ends before the length that it declares.",
    "too_long": "The recording is over five minutes long.",
    "too_many_channels": "The recording has more than eight channels.",
    "bad_rate": "The sample rate is outside 8000 to 192000 Hz.",
    "unreadable": "The file is damaged: it cannot be decoded.",
    "too_large": "The file is over the upload limit.",
}


class Container(enum.StrEnum):
    """The container that the first bytes of a file name."""

    WAV = "wav"
    MP3 = "mp3"
    FLAC = "flac"
    OGG = "ogg"
    OPUS = "opus"
    M4A = "m4a"
    WEBM = "webm"


_OGG: Final = {ogg.OPUS: Container.OPUS, ogg.VORBIS: Container.OGG}
# Older cameras write no `ftyp`: the first box is one of these (QuickTime File Format, "Atoms").
_QUICKTIME: Final = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})


def recognise_container(data: bytes) -> Container:
    """Return the container by its first bytes, behind tags and padding.

    Raises UnreadableAudio (`empty`, `unknown_format`, `inner_codec`).
    """
    if not data:
        raise UnreadableAudio("empty")

    # Libraries that guess formats follow playlists and try further parsers. Here the first bytes
    # decide alone.
    start = find_beginning(data)
    found = _recognise_by_magic(data, start)
    if found is not None:
        return found
    if codec := ogg.name_codec(data[start:]):
        raise UnreadableAudio("inner_codec", codec=codec)
    if start and data[:3] == b"ID3":
        # A tag whose size is wrong. MP3 frames are found wherever they begin.
        return Container.MP3
    if mp3_frames.find_cut_beginning(data[start:]) is not None:
        return Container.MP3

    raise UnreadableAudio("unknown_format", codec=foreign_formats.name_format(data[start:]))


def find_beginning(data: bytes) -> int:
    """Return the place behind the tags and the padding at which a file begins.

    Taggers put them in front of any file, and players skip them.
    """
    at = 0
    while _recognise_by_magic(data, at) is None and (size := mp3_frames.measure_tag(data, at)):
        at += size

    return min(at, len(data))


def _recognise_by_magic(data: bytes, at: int) -> Container | None:
    head = data[at : at + 12]
    if wav_chunks.is_wav(head):
        return Container.WAV
    if head[:4] == b"fLaC":
        return Container.FLAC
    if head[:4] == b"OggS":
        return _OGG.get(ogg.find_codec(data[at:]) or "")
    if head[4:8] == b"ftyp" or _is_quicktime(head, len(data) - at):
        return Container.M4A
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return Container.WEBM

    return Container.MP3 if mp3_frames.read_frame(data, at) else None


def _is_quicktime(head: bytes, length: int) -> bool:
    """Check whether a box of QuickTime stands here, and not the same letters in a text."""
    return head[4:8] in _QUICKTIME and 8 <= int.from_bytes(head[:4], "big") <= length
