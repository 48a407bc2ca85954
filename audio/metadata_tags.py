"""A text under a name in a file of our own, where its format has a place for it.

The sound is not changed. MP3 has a TXXX frame of an ID3v2.4 tag. M4A has a key in `moov.udta.meta`.
FLAC, Ogg and Opus have a Vorbis comment. WAV has a chunk of that name and, for readers that do not
know this chunk, the comment of a LIST INFO. Both stand before the samples, and so at the beginning
of a stream.
"""

from __future__ import annotations

import struct
from typing import Final

from audio import mp3_frames, mp4, ogg

TAGGED: Final = ("wav", "mp3", "m4a", "flac", "ogg", "opus")
"""The codecs whose bytes can carry a text. Bare samples cannot."""
_UNKNOWN: Final = 0xFFFFFFFF  # the length of a WAV that is not finished
_RIFF_HEAD: Final = 12
_FLAC_COMMENT: Final = 4  # RFC 9639, section 8.1
_LAST: Final = 0x80


def add_text_tag(data: bytes, codec: str, *, name: str, text: str) -> bytes | None:
    """Return the file with the text in it.

    The result is None when `data`, the beginning of a stream, is too short yet. `name` is four
    capital letters.

    Raises ValueError for bytes that are not what our encoder writes.
    """
    try:
        return _add_tag(data, codec, name.encode("ascii"), text.encode())
    except (IndexError, struct.error) as error:
        raise ValueError("the file ends where its header says that it goes on") from error


def _add_tag(data: bytes, codec: str, letters: bytes, value: bytes) -> bytes | None:
    match codec:
        case "wav":
            return _tag_wav(data, letters, value)
        case "mp3":
            return _tag_mp3(data, letters, value) if data else None
        case "m4a":
            return mp4.add_text_box(data, letters, value)
        case "flac":
            return _tag_flac(data, letters + b"=" + value)
        case "ogg" | "opus":
            return ogg.add_stream_comment(data, letters + b"=" + value)
        case _:
            return data


def _tag_wav(data: bytes, name: bytes, value: bytes) -> bytes | None:
    at = _RIFF_HEAD
    while data[at : at + 4] != b"data":
        if len(data) < at + 8:
            return None
        size = struct.unpack_from("<I", data, at + 4)[0]
        at += 8 + size + (size & 1)

    comment = b"INFO" + _build_chunk(b"ICMT", name + b"=" + value + b"\0")
    added = _build_chunk(name, value) + _build_chunk(b"LIST", comment)

    whole = struct.unpack_from("<I", data, 4)[0]
    size = whole if whole == _UNKNOWN else whole + len(added)
    return data[:4] + struct.pack("<I", size) + data[8:at] + added + data[at:]


def _build_chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)


def _tag_mp3(data: bytes, name: bytes, value: bytes) -> bytes:
    """Return the file behind an ID3v2.4 tag: sizes of seven bits a byte, texts in UTF-8 (3)."""
    if mp3_frames.skip_tags(data):
        raise ValueError("there is a tag already")

    body = b"\x03" + name + b"\0" + value
    frame = b"TXXX" + _encode_synchsafe(len(body)) + b"\0\0" + body
    return b"ID3\x04\0\0" + _encode_synchsafe(len(frame)) + frame + data


def _encode_synchsafe(size: int) -> bytes:
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def _tag_flac(data: bytes, comment: bytes) -> bytes:
    """Return the file with one comment more.

    RFC 9639, section 8: blocks of one byte of kind and three of length. Our comments stand among
    the first.
    """
    if data[:4] != b"fLaC":
        raise ValueError("no FLAC")

    at = 4
    kind = 0
    while not kind & _LAST:
        kind = data[at]
        size = int.from_bytes(data[at + 1 : at + 4], "big")
        end = at + 4 + size

        if kind & ~_LAST == _FLAC_COMMENT:
            longer = ogg.extend_comment_list(data[at + 4 : end], comment)
            header = bytes([kind]) + len(longer).to_bytes(3, "big")
            return data[:at] + header + longer + data[end:]

        at = end

    raise ValueError("no comments")
