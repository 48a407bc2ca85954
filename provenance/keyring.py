"""The public keys of an organisation, as bundles carry them and as the log's address shows them to everybody."""

from __future__ import annotations

import base64
from typing import Final

from core import clock
from core.canonical import Json
from vault import signing
from vault.signing import PublicKey

PURPOSES: Final[tuple[signing.Purpose, ...]] = ("exports", "log", "receipts", "receipts-mldsa44", "records")


def public(organisation_id: str) -> dict[str, Json]:
    """Give every key that ever signed for these purposes, with its period: `{purpose: [{"key_id", "public_key" …}]}`.

    A purpose that no key was made for yet is left out of nothing: its list is empty.
    """
    return {purpose: [_key(key) for key in signing.public_keys(organisation_id, purpose)] for purpose in PURPOSES}


def _key(key: PublicKey) -> dict[str, Json]:
    return {
        "key_id": key.key_id,
        "public_key": base64.b64encode(key.public_key).decode("ascii"),
        "valid_from": clock.rfc3339(key.valid_from),
        "valid_until": clock.rfc3339(key.valid_until) if key.valid_until else None,
    }
