"""Containers, recognised by our own table of magic bytes."""

from __future__ import annotations

import enum
from typing import Final

from audio import mp3_frames, mp4, wav_chunks
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
    "empty": "The file is empty.",
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


def recognise_container(data: bytes) -> Container:
    """Return the container by its first bytes.

    Raises UnreadableAudio (`empty`, `unknown_format`).
    """
    if not data:
        raise UnreadableAudio("empty")

    # Libraries that guess formats follow playlists and try further parsers. Here the first bytes
    # decide alone.
    found = _recognise_by_magic(data)
    if found is None:
        raise UnreadableAudio("unknown_format")

    return found


def _recognise_by_magic(data: bytes) -> Container | None:
    if wav_chunks.is_wav(data):
        return Container.WAV
    if data[:4] == b"fLaC":
        return Container.FLAC
    if data[:4] == b"OggS":
        return _recognise_ogg(data)
    if data[4:8] == b"ftyp":
        return Container.M4A
    if data[:4] == b"\x1a\x45\xdf\xa3":
        return Container.WEBM
    if data[:3] == b"ID3":
        # A tag in front of a FLAC is where C2PA puts a manifest (2.2, appendix A.3.4). libsndfile
        # skips it as we do.
        behind_tag = data[mp3_frames.skip_tags(data) :]
        return Container.FLAC if behind_tag[:4] == b"fLaC" else Container.MP3

    return Container.MP3 if mp3_frames.read_frame(data, 0) else None


def _recognise_ogg(data: bytes) -> Container | None:
    """Return the codec in an Ogg file, which its first packet names.

    Sources: RFC 7845 section 5.1, Vorbis I section 4.2.1.
    """
    if len(data) < 27:
        return None

    packet = data[27 + data[26] :][:8]
    if packet == b"OpusHead":
        return Container.OPUS

    return Container.OGG if packet[:7] == b"\x01vorbis" else None
