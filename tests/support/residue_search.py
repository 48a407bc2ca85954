"""Words in six encodings, and the search for them in what lies on a disk."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote


def needles(word: str) -> dict[str, bytes]:
    """The word as it may stand in a file, by the name of its encoding."""
    plain = word.encode("utf-8")
    escaped = json.dumps(word)[1:-1]
    found = {
        "UTF-8": plain,
        "UTF-16LE": word.encode("utf-16-le"),
        "UTF-16BE": word.encode("utf-16-be"),
        "hex": plain.hex().encode(),
        "HEX": plain.hex().upper().encode(),
        "percent": quote(word, safe="").encode(),
        "percent, lower": re.sub(
            "%..", lambda escape: escape.group().lower(), quote(word, safe="")
        ).encode(),
        "JSON": escaped.encode(),
        "JSON, upper": escaped.replace("\\u00f6", "\\u00F6").encode(),
    }
    for offset in range(3):
        found[f"base64 at {offset}"] = _base64(plain, offset)
        found[f"base64url at {offset}"] = (
            _base64(plain, offset).replace(b"+", b"-").replace(b"/", b"_")
        )
    return found


def hits(word: str, files: Iterable[tuple[str, bytes]]) -> Iterator[str]:
    """Say where the word stands, in whatever encoding and case, with what is around it."""
    spellings = {word, word.lower(), word.upper(), word.capitalize()}
    wanted = {
        (name, needle) for spelling in spellings for name, needle in needles(spelling).items()
    }
    for name, data in files:
        for encoding, needle in sorted(wanted):
            if (at := data.find(needle)) >= 0:
                yield f"{name}, {encoding}: …{data[max(at - 60, 0) : at + 90]!r}…"


def _base64(plain: bytes, offset: int) -> bytes:
    """The letters of base64 that the word alone decides, where it begins `offset` bytes into a
    group of three.
    """
    whole = base64.b64encode(bytes(offset) + plain + bytes(3))
    first, last = -(-offset * 8 // 6), (offset + len(plain)) * 8 // 6
    return whole[first:last]
