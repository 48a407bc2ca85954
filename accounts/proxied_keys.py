"""Finds a key of ours where a provider's own SDK puts its key."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Final

_PREFIX: Final = "sayso_"
_SCHEMES: Final = ("bearer", "basic", "token")
_BARE: Final = frozenset({b"xi-api-key", b"x-api-key", b"x-access-token"})
CARRIERS: Final = _BARE | {b"authorization"}
"""The names of the headers in which SDKs send a key."""


def find_proxied_key(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the one key that a request carries, or None without one.

    `Authorization` may have the scheme Bearer, Basic (the key itself, or base64 with the key as
    user or password) or Token (`Token token=…`). Two different keys are none.
    """
    found = {
        key
        for name, value in headers
        if name.lower() in CARRIERS and (key := _read_key(name.lower(), value.decode("latin-1")))
    }
    return found.pop() if len(found) == 1 else None


def _read_key(name: bytes, value: str) -> str | None:
    if name in _BARE:
        return value.strip() or None

    scheme, _, rest = value.strip().partition(" ")
    rest = rest.strip().removeprefix("token=").strip('"')
    if scheme.lower() not in _SCHEMES or not rest:
        return None
    if scheme.lower() == "basic" and not rest.startswith(_PREFIX):
        return _read_basic(rest)

    return rest


def _read_basic(value: str) -> str | None:
    """Return the key in `user:password` in base64 (RFC 7617)."""
    try:
        pair = base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None

    return next((part for part in pair.split(":") if part.startswith(_PREFIX)), None)
