"""Sealed values: small JSON encrypted under a subject's key for one context, and blind indexes."""

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
    """Encrypt `value` so that only this subject's key and this context open it.

    The result is version, nonce, AES-256-GCM. Every context has a key of its own, so no key is used
    with more than a few nonces.

    Raises NotFound, KeyDestroyed and KmsUnavailable as `subject_keys.derive_key` does.
    """
    return seal_with(partial(subject_keys.derive_key, subject), context, value)


def seal_with(derive: subject_keys.Derive, context: str, value: Json) -> bytes:
    """Encrypt `value` with a subject's key that is already open (`subject_keys.open_deriver`)."""
    # Not canonical JSON, because a sealed value must come back exactly as it went in, with its
    # floats and any Unicode.
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return seal_json(derive, context, text.encode("utf-8"))


def seal_json(derive: subject_keys.Derive, context: str, plain: bytes) -> bytes:
    """Encrypt a value that is already JSON in UTF-8."""
    nonce = secrets.token_bytes(_NONCE)
    cipher = AESGCM(derive(_key_purpose(context)))
    return _VERSION + nonce + cipher.encrypt(nonce, plain, context.encode("utf-8"))


def unseal(subject: str, context: str, sealed: bytes) -> Json:
    """Open what `seal` made.

    Raises Tampered for other bytes or another context, KeyDestroyed after erasure.
    """
    return unseal_with(partial(subject_keys.derive_key, subject), context, sealed)


def unseal_with(derive: subject_keys.Derive, context: str, sealed: bytes) -> Json:
    """Open what `seal` made, with a key that is already open (`subject_keys.open_deriver`).

    Raises Tampered.
    """
    cipher = AESGCM(derive(_key_purpose(context)))
    if len(sealed) < 1 + _NONCE + _TAG or sealed[:1] != _VERSION:
        raise Tampered("A sealed value is damaged.")

    nonce = sealed[1 : 1 + _NONCE]
    body = sealed[1 + _NONCE :]
    try:
        plain = cipher.decrypt(nonce, body, context.encode("utf-8"))
    except InvalidTag as error:
        raise Tampered("A sealed value is damaged.") from error

    return cast("Json", json.loads(plain))


def blind_index(organisation_id: str, value: str, *, at: datetime) -> str:
    """Return the HMAC-SHA256, in hex, of the value under the organisation's key.

    The value is normalised first (NFKC, case-folded, trimmed). The index finds equal values without
    keeping them. It is of use to this organisation alone and dies with its key.
    """
    normal = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold()).strip()

    # A keyed hash, because a plain hash of an address can be guessed in seconds.
    own = subject_keys.get_organisation_subject(organisation_id, at=at)
    key = subject_keys.derive_key(own, "blind-index/1")
    return hmac.new(key, normal.encode("utf-8"), hashlib.sha256).hexdigest()


def _key_purpose(context: str) -> str:
    return f"seal/1|{context}"
