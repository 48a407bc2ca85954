"""The public keys of an organisation, for bundles and for the log's address."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from typing import Final

from django.conf import settings

from core import clock
from core.canonical_json import Json
from vault import signing_keys
from vault.signing_keys import PublicKey

PURPOSES: Final[tuple[signing_keys.Purpose, ...]] = (
    "certificates", "exports", "log", "receipts", "receipts-mldsa44", "records",
)  # fmt: skip


def ensure_public_keys(organisation_id: str, *, at: datetime) -> None:
    """Create the keys that are missing, so that the keys fetched now are all that will sign.

    Otherwise keys are made at first use. A verifier with keys from before the first receipt would
    then refuse it. `at` is the real time.

    Raises KmsUnavailable when a key is missing and cannot be made.
    """
    for purpose in PURPOSES:
        if purpose != "receipts-mldsa44" or settings.SAYSO_RECEIPTS_ML_DSA:
            signing_keys.get_signer(purpose, organisation_id=organisation_id, at=at)


def render_public_keys(organisation_id: str) -> dict[str, Json]:
    """Return every key that ever signed, by purpose, with its period.

    A purpose without a key has an empty list.
    """
    return {
        purpose: [
            _render_key(key) for key in signing_keys.list_public_keys(organisation_id, purpose)
        ]
        for purpose in PURPOSES
    }


def hash_public_keys(organisation_id: str) -> dict[str, Json]:
    """Return the SHA-256 of every key, in hex, by purpose.

    The log commits to them, so that it names its signers.
    """
    return {
        purpose: [
            hashlib.sha256(key.public_key).hexdigest()
            for key in signing_keys.list_public_keys(organisation_id, purpose)
        ]
        for purpose in PURPOSES
    }


def _render_key(key: PublicKey) -> dict[str, Json]:
    return {
        "key_id": key.key_id,
        "public_key": base64.b64encode(key.public_key).decode("ascii"),
        "valid_from": clock.to_rfc3339(key.valid_from),
        "valid_until": clock.to_rfc3339(key.valid_until) if key.valid_until else None,
    }
