"""Paths and entry bundles of C2SP tlog-tiles: `tile/<L>/<N>[.p/<W>]`, numbers as `x001/234`."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from typing import Final

from core.errors import NotFound
from transparency_log.formats.merkle import WIDTH

DEEPEST: Final = 63
_NUMBER: Final = re.compile(r"(?:x[0-9]{3}/)*[0-9]{3}\Z")
_WIDTH: Final = re.compile(r"[1-9][0-9]{0,2}\Z")
_LEVEL: Final = re.compile(r"(0|[1-9][0-9]?)\Z")
# 2**63 has 19 digits. A longer path is no number of ours and is not parsed.
_LONGEST: Final = 7 * 5


def encode_number(n: int) -> str:
    """Return a tile's number as path elements: 1234067 is `x001/x234/067`."""
    groups = [f"{n % 1000:03d}"]
    while n := n // 1000:
        groups.append(f"x{n % 1000:03d}")

    return "/".join(reversed(groups))


def encode_path(level: int | str, n: int, width: int = WIDTH) -> str:
    """Return the path below the log's prefix. `level` may be "entries"."""
    partial = f".p/{width}" if width != WIDTH else ""
    return f"tile/{level}/{encode_number(n)}{partial}"


def decode_level(text: str) -> int:
    """Return a level, 0 to 63 without leading zeros.

    Raises NotFound.
    """
    if not _LEVEL.match(text) or int(text) > DEEPEST:
        raise NotFound("There is no such level.")

    return int(text)


def decode_number(text: str) -> tuple[int, int]:
    """Return number and width of `<N>[.p/<W>]`. A full tile has width 256.

    Raises NotFound for any other spelling.
    """
    number, dot, width = text.partition(".p/")
    if len(number) > _LONGEST or not _NUMBER.match(number) or (dot and not _WIDTH.match(width)):
        raise NotFound("There is no such tile.")

    n = int(number.replace("/", "").replace("x", ""))
    if encode_number(n) != number or (dot and int(width) >= WIDTH):
        raise NotFound("There is no such tile.")

    return n, int(width) if dot else WIDTH


def build_entry_bundle(payloads: Iterable[bytes]) -> bytes:
    """Return the entry bundle: every entry after its length in two bytes, big-endian."""
    return b"".join(struct.pack(">H", len(payload)) + payload for payload in payloads)
