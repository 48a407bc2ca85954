"""Typed public ids: a prefix and a UUIDv7 in base32, such as `con_01jd…`.

UUIDv7 (RFC 9562, section 5.7) keeps index pages in memory. Lower-case base32 without padding (RFC
4648, section 6) can be read aloud and double-clicked. As text the ids do NOT sort by time (in that
alphabet `2` comes after `z`): order by `created_at`.
"""

from __future__ import annotations

import base64
import re
from typing import Final, Literal

from uuid_utils import uuid7

Prefix = Literal[
    "org", "mem", "key", "spk", "not", "con", "grt", "evd", "vox", "smp", "job", "clp", "dec",
    "era", "exp", "whk", "evt", "req", "ent", "sub", "dlv", "pac", "stm", "cny", "tsk", "mod",
]  # fmt: skip
PREFIXES_IN_PATHS: Final[dict[str, Prefix]] = {
    "organisation": "org", "key": "key", "speaker": "spk", "consent": "con", "decision": "dec",
    "voice": "vox", "job": "job", "clip": "clp", "erasure": "era", "export": "exp",
    "provider_account": "pac", "statement": "stm", "provider_task": "tsk",
}  # fmt: skip
"""Kind of object -> prefix of its ids, for those whose ids stand in paths."""
_BYTES: Final = 16
_SHAPE: Final = re.compile(r"[a-z]{3}_[a-z2-7]{26}\Z")
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"
# Two letters at once, because every event of the log needs an id, and the standard library's
# encoder takes three times as long.
_PAIRS: Final = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_PLACES: Final = range(120, -1, -10)


def new(prefix: Prefix) -> str:
    """Return a new id of this type, 30 characters."""
    return f"{prefix}_{_encode_base32(uuid7().int)}"


def is_id(text: object, prefix: Prefix) -> bool:
    """Check whether `text` has the shape of an id of this type. It may not exist."""
    return (
        isinstance(text, str) and text.startswith(f"{prefix}_") and _SHAPE.match(text) is not None
    )


def to_bytes(text: str) -> bytes:
    """Return the 16 bytes of an id.

    Raises ValueError for text that is not an id.
    """
    if not _SHAPE.match(text):
        raise ValueError("not an id")

    return base64.b32decode(f"{text[4:].upper()}======")


def from_bytes(prefix: Prefix, raw: bytes) -> str:
    """Return the id of this type with these 16 bytes.

    Raises ValueError for another number of bytes.
    """
    if len(raw) != _BYTES:
        raise ValueError(f"an id has {_BYTES} bytes, not {len(raw)}")

    return f"{prefix}_{_encode_base32(int.from_bytes(raw))}"


def _encode_base32(number: int) -> str:
    """Return 26 letters: 128 bits and two of padding are 13 pairs."""
    padded = number << 2
    return "".join([_PAIRS[padded >> place & 1023] for place in _PLACES])
