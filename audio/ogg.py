"""Ogg: a comment in the header of a Vorbis or Opus file of our own (RFC 3533, RFC 7845)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

_CAPTURE: Final = b"OggS"
_FIRST_PAGE: Final = 2  # a bit of the page's type
_HEAD: Final = 27
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


def split_links(data: bytes) -> tuple[tuple[bytes, ...], bool]:
    """Return each link of a chained file as a file of its own (RFC 3533, section 4).

    A link begins with the first page of its stream, behind the last page of the one before. The
    second result tells that the last page is not whole. It is left out.

    Raises BrokenPages when there is no whole page.
    """
    starts: list[int] = []
    end = 0
    is_behind_first = False

    while (at := data.find(_CAPTURE, end)) >= 0:
        page = _read_page(data, at)
        if page is None:
            break

        is_first = bool(data[at + 5] & _FIRST_PAGE)
        # Streams side by side begin together, so only a first page behind others begins a link.
        if is_first and (is_behind_first or not starts):
            starts.append(at)
        is_behind_first = not is_first
        end = page.end

    if not starts:
        raise BrokenPages

    links = tuple(data[a:b] for a, b in pairwise((*starts, end)))
    return links, at >= 0


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


def _measure_first_packet(page: _Page) -> tuple[int, bytes]:
    """Return the length of the page's first packet, and the lacing of the others.

    Raises ValueError when the packet goes on beyond the page.
    """
    for place, length in enumerate(page.lacing, start=1):
        if length < 255:
            return sum(page.lacing[:place]), page.lacing[place:]

    raise ValueError("the comments do not end on their page")
