"""Sealed values: small JSON encrypted under a subject's key for one context, and blind indexes to
find a value by.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import unicodedata
from datetime import datetime
from functools import partial
from typing import Final, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.canonical_json import Json
from vault import subject_keys
from vault.errors import Tampered

_VERSION: Final = b"\x01"
_NONCE: Final = 12
_TAG: Final = 16


def seal(subject: str, context: str, value: Json) -> bytes:
    """Encrypt `value` so that only this subject's key and this context open it: version, nonce,
    AES-256-GCM.

    Every context has a key of its own, so no key sees more than a few nonces. Raises as
    `keys.derive_key` does.
    """
    return seal_with(partial(subject_keys.derive_key, subject), context, value)


def seal_with(derive: subject_keys.Derive, context: str, value: Json) -> bytes:
    """The same with a subject's key that is open already (`keys.open_deriver`)."""
    # Not canonical JSON: a sealed value must come back exactly as it went in, floats and odd
    # Unicode included.
    plain = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(
        "utf-8"
    )
    return seal_json(derive, context, plain)


def seal_json(derive: subject_keys.Derive, context: str, plain: bytes) -> bytes:
    """The same with a value that is JSON in UTF-8 already."""
    nonce = secrets.token_bytes(_NONCE)
    return (
        _VERSION
        + nonce
        + AESGCM(derive(_key_purpose(context))).encrypt(nonce, plain, context.encode("utf-8"))
    )


def unseal(subject: str, context: str, sealed: bytes) -> Json:
    """Open what `seal` made.

    Raises Tampered for other bytes or another context, KeyDestroyed after erasure.
    """
    return unseal_with(partial(subject_keys.derive_key, subject), context, sealed)


def unseal_with(derive: subject_keys.Derive, context: str, sealed: bytes) -> Json:
    """Open what `seal` made, with a subject's key that is open already (`keys.open_deriver`).

    Raises Tampered.
    """
    cipher = AESGCM(derive(_key_purpose(context)))
    if len(sealed) < 1 + _NONCE + _TAG or sealed[:1] != _VERSION:
        raise Tampered("A sealed value is damaged.")
    nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
    try:
        plain = cipher.decrypt(nonce, body, context.encode("utf-8"))
    except InvalidTag as error:
        raise Tampered("A sealed value is damaged.") from error
    return cast("Json", json.loads(plain))


def blind_index(organisation_id: str, value: str, *, at: datetime) -> str:
    """HMAC-SHA256 in hex of the value (NFKC, case-folded, trimmed) under the organisation's key.

    Finds equal values without keeping them; a plain hash of an address would be guessed in seconds.
    The index is of use to this organisation alone and dies with its key.
    """
    normal = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold()).strip()
    key = subject_keys.derive_key(
        subject_keys.get_organisation_subject(organisation_id, at=at), "blind-index/1"
    )
    return hmac.new(key, normal.encode("utf-8"), hashlib.sha256).hexdigest()


def _key_purpose(context: str) -> str:
    return f"seal/1|{context}"
