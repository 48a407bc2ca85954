"""The text form of an API key: `sayso_live_` or `sayso_test_`, 32 random bytes in base62, and a
checksum. Pure.

The prefix lets secret scanners find a leaked key. The checksum lets us refuse a typo without a
query.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from typing import Final

RANDOM_BYTES: Final = 32
_BODY: Final = 43  # 62**43 > 2**256
_CHECK: Final = 6  # 62**6 > 2**32
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHAPE: Final = re.compile(rf"sayso_(?:live|test)_[0-9A-Za-z]{{{_BODY + _CHECK}}}\Z")


def encode_api_key(random: bytes, *, livemode: bool) -> str:
    """Return the key for 32 `random` bytes.

    Raises ValueError for another number of bytes.
    """
    if len(random) != RANDOM_BYTES:
        raise ValueError("a key has 32 random bytes")

    mode = "live" if livemode else "test"
    body = f"sayso_{mode}_{_encode_base62(int.from_bytes(random, 'big'), _BODY)}"
    return body + _compute_checksum(body)


def is_well_formed(text: str) -> bool:
    """Return whether `text` has the shape and the checksum of one of our keys."""
    return _SHAPE.match(text) is not None and _compute_checksum(text[:-_CHECK]) == text[-_CHECK:]


def hash_api_key(text: str) -> str:
    """Return the SHA-256 of a key in hex, which is what we store."""
    # A secret with 256 random bits needs no slow hash.
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def get_key_prefix(text: str) -> str:
    """Return the first 17 characters, by which people tell keys apart.

    They are the prefix and six of the secret's 43 digits.
    """
    return text[:17]


def _compute_checksum(body: str) -> str:
    return _encode_base62(zlib.crc32(body.encode("ascii")), _CHECK)


def _encode_base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])

    return "".join(reversed(digits))
