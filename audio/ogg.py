"""Ogg: the streams of a foreign file, and a comment in the header of a file of our own (RFC 3533,
RFC 7845).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

OPUS: Final = "opus"
VORBIS: Final = "vorbis"
_CAPTURE: Final = b"OggS"
# The first packet of a stream names its codec (RFC 7845 section 5.1, Vorbis I section 4.2.1, and
# the mappings of the others).
_CODECS: Final = {
    b"OpusHead": OPUS,
    b"\x01vorbis": VORBIS,
    b"\x7fFLAC": "FLAC",
    b"Speex   ": "Speex",
    b"\x80theora": "Theora",
    b"fishead\0": "Skeleton",
    b"PCM     ": "OggPCM",
}
_READABLE: Final = (OPUS, VORBIS)
_FIRST_PAGE: Final = 2  # a bit of the page's type
_HEAD: Final = 27
_SERIAL: Final = slice(14, 18)
_CHECKSUM: Final = slice(22, 26)
_POLYNOMIAL: Final = 0x04C11DB7
# The second packet of either codec is a list of comments behind these letters. Vorbis ends it with
# a framing bit.
_LETTERS: Final = (b"\x03vorbis", b"OpusTags")


def _build_crc_table() -> tuple[int, ...]:
    rows = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1) ^ (_POLYNOMIAL if value & 0x80000000 else 0)
        rows.append(value & 0xFFFFFFFF)
    return tuple(rows)


_TABLE: Final = _build_crc_table()


class BrokenPages(Exception):
    """There is no whole page."""


class UnreadableCodec(Exception):
    """No stream is of a codec that is read. The message names one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """One page: where it stands, the lengths of its lacing table, and its packets' bytes."""

    start: int
    end: int
    lacing: bytes
    body: bytes


def add_stream_comment(data: bytes, comment: bytes) -> bytes | None:
    """Add `NAME=value` to the comments. The result is None while the header is not complete.

    Only the page of the comments is rewritten, so all behind it stays as it was.

    Raises ValueError for a file whose comments are not whole on the second page, which libsndfile
    never writes.
    """
    first = _read_page(data, 0)
    second = first and _read_page(data, first.end)
    if second is None:
        return None

    size, rest = _measure_first_packet(second)
    longer = add_packet_comment(second.body[:size], comment)

    lacing = bytes([255] * (len(longer) // 255) + [len(longer) % 255]) + rest
    if len(lacing) > 255:
        raise ValueError("the comments do not fit on their page")

    head = bytearray(data[second.start : second.start + _HEAD - 1]) + bytes([len(lacing)])
    page = head + lacing + longer + second.body[size:]
    page[_CHECKSUM] = bytes(4)
    page[_CHECKSUM] = struct.pack("<I", compute_checksum(bytes(page)))

    return data[: second.start] + bytes(page) + data[second.end :]


def find_codec(data: bytes) -> str | None:
    """Return the codec of the first stream that is read, or None."""
    return next((codec for codec in _list_codecs(data) if codec in _READABLE), None)


def name_codec(data: bytes) -> str | None:
    """Return the name of the codec of a file that holds none that is read, or None."""
    return next((codec for codec in _list_codecs(data) if codec and codec != "Skeleton"), None)


def split_links(data: bytes) -> tuple[tuple[bytes, ...], bool]:
    """Return each stream of a file as a file of its own: of every link of a chained one, and of
    streams that run side by side (RFC 3533, section 4).

    Streams of codecs that are not read are left out, such as pictures. A link begins with the first
    pages of its streams, behind the last pages of the one before. The second result tells that the
    last page is not whole. It is left out.

    Raises BrokenPages when there is no whole page, and UnreadableCodec.
    """
    links: list[dict[bytes, list[bytes]]] = []
    end = 0
    is_behind_first = True

    while (at := data.find(_CAPTURE, end)) >= 0:
        page = _read_page(data, at)
        if page is None:
            break

        serial = data[at + _SERIAL.start : at + _SERIAL.stop]
        is_first = bool(data[at + 5] & _FIRST_PAGE)
        # Streams side by side begin together, so only a first page behind others begins a link.
        if is_first and is_behind_first:
            links.append({})
        if is_first and _name_packet(page.body) in _READABLE:
            links[-1][serial] = []
        if links and serial in links[-1]:
            links[-1][serial].append(data[at : page.end])
        is_behind_first = not is_first
        end = page.end

    if not links:
        raise BrokenPages
    streams = tuple(b"".join(pages) for link in links for pages in link.values())
    if not streams:
        raise UnreadableCodec(name_codec(data) or "unknown")

    return streams, at >= 0


def add_packet_comment(packet: bytes, comment: bytes) -> bytes:
    """Return a packet of comments with one more (Vorbis I, section 5.2.1).

    Raises ValueError unless it is a packet of comments.
    """
    letters = next((letters for letters in _LETTERS if packet.startswith(letters)), None)
    if letters is None:
        raise ValueError("no comments on the second page")

    return letters + extend_comment_list(packet[len(letters) :], comment)


def extend_comment_list(listed: bytes, comment: bytes) -> bytes:
    """Return the list that Vorbis, Opus and FLAC share, with one comment more.

    What follows the list stays behind it.
    """
    (vendor,) = struct.unpack_from("<I", listed)
    (count,) = struct.unpack_from("<I", listed, 4 + vendor)

    at = 8 + vendor
    for _ in range(count):
        at += 4 + struct.unpack_from("<I", listed, at)[0]

    head = listed[: 4 + vendor] + struct.pack("<I", count + 1)
    entry = struct.pack("<I", len(comment)) + comment
    return head + listed[8 + vendor : at] + entry + listed[at:]


def compute_checksum(page: bytes) -> int:
    """Return the CRC of a page whose checksum field is zero (RFC 3533, section 6)."""
    value = 0
    for byte in page:
        value = (value << 8) & 0xFFFFFFFF ^ _TABLE[value >> 24 ^ byte]

    return value


def _read_page(data: bytes, at: int) -> _Page | None:
    if len(data) < at + _HEAD or len(data) < (body := at + _HEAD + data[at + _HEAD - 1]):
        return None

    lacing = data[at + _HEAD : body]
    end = body + sum(lacing)
    if len(data) < end:
        return None

    return _Page(start=at, end=end, lacing=lacing, body=data[body:end])


def _list_codecs(data: bytes) -> Iterator[str]:
    """Yield the codec of each stream of the first link, "" for an unknown one."""
    at = 0
    # The first page of a stream is small, so its head and first packet are enough.
    while data[at : at + 4] == _CAPTURE and len(data) > at + _HEAD and data[at + 5] & _FIRST_PAGE:
        body = at + _HEAD + data[at + _HEAD - 1]
        yield _name_packet(data[body : body + 8])
        at = body + sum(data[at + _HEAD : body])


def _name_packet(packet: bytes) -> str:
    return next((name for magic, name in _CODECS.items() if packet.startswith(magic)), "")


def _measure_first_packet(page: _Page) -> tuple[int, bytes]:
    """Return the length of the page's first packet, and the lacing of the others.

    Raises ValueError when the packet goes on beyond the page.
    """
    for place, length in enumerate(page.lacing, start=1):
        if length < 255:
            return sum(page.lacing[:place]), page.lacing[place:]

    raise ValueError("the comments do not end on their page")
