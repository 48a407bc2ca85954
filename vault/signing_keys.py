"""Signing keys, one for each organisation and purpose, rotated with an overlap.

All are Ed25519. Receipts may have a second signature of ML-DSA-44, whose key has a purpose of its
own.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from django.db.models import QuerySet

from core import transactions
from vault import kms
from vault.kms_file import Algorithm
from vault.models import SigningKey

Purpose = Literal["records", "log", "certificates", "exports", "receipts", "receipts-mldsa44"]
OVERLAP: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A public key for verifiers, with the half-open period of its use.

    It has 32 raw bytes, or 1312 of ML-DSA-44.
    """

    key_id: str
    public_key: bytes
    valid_from: datetime
    valid_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Signer:
    """One key that signs.

    `key_id` is safe to publish as `kid`. `public_key` has 32 raw bytes, or 1312 of ML-DSA-44.
    """

    key_id: str
    public_key: bytes
    handle: bytes

    def sign(self, data: bytes) -> bytes:
        """Return the signature: 64 bytes of Ed25519 (RFC 8032), 2420 of ML-DSA-44 (FIPS 204).

        Raises KmsUnavailable.
        """
        return kms.get_kms().sign(self.handle, data)


def get_signer(purpose: Purpose, *, organisation_id: str, at: datetime) -> Signer:
    """Return the newest key for this purpose, made at first use.

    Racing callers get the same key.
    """
    row = _find_newest_key(purpose, organisation_id) or _make_key(purpose, organisation_id, at=at)
    return _row_to_signer(row)


def list_signers(purpose: Purpose, *, organisation_id: str, at: datetime) -> tuple[Signer, ...]:
    """Return every key that signs at `at`, newest first.

    During a rotation there are two, so that both lines can be written.
    """
    newest = get_signer(purpose, organisation_id=organisation_id, at=at)
    older = _find_keys(purpose, organisation_id).filter(valid_until__gt=at)
    older = older.order_by("-valid_from", "key_id")

    return (newest, *(_row_to_signer(row) for row in older))


@transactions.opens_transaction
def rotate_signing_key(
    purpose: Purpose, *, organisation_id: str, at: datetime, overlap: timedelta = OVERLAP
) -> Signer:
    """Add a new key. The old one also signs until `at + overlap`."""
    if overlap <= timedelta(0):
        raise ValueError("verifiers need an overlap to learn the new key")

    _find_keys(purpose, organisation_id).filter(valid_until=None).update(valid_until=at + overlap)
    return _row_to_signer(_make_key(purpose, organisation_id, at=at))


def list_public_keys(organisation_id: str, purpose: Purpose) -> tuple[PublicKey, ...]:
    """Return every key that this organisation ever had for the purpose, oldest first.

    Old signatures stay verifiable.
    """
    rows = _find_keys(purpose, organisation_id).order_by("valid_from", "key_id")

    return tuple(
        PublicKey(
            key_id=row.key_id,
            public_key=bytes(row.public_key),
            valid_from=row.valid_from,
            valid_until=row.valid_until,
        )
        for row in rows
    )


@transactions.opens_transaction
def _make_key(purpose: Purpose, organisation_id: str, *, at: datetime) -> SigningKey:
    algorithm: Algorithm = "ML-DSA-44" if purpose == "receipts-mldsa44" else "Ed25519"
    handle, public = kms.get_kms().new_signing_key(algorithm)

    row = SigningKey(
        key_id=f"{purpose}-{hashlib.sha256(public).hexdigest()[:16]}",
        organisation_id=organisation_id,
        purpose=purpose,
        public_key=public,
        handle=handle,
        valid_from=at,
    )

    SigningKey.objects.bulk_create([row], ignore_conflicts=True)

    return _find_keys(purpose, organisation_id).get(valid_until=None)


def _find_newest_key(purpose: Purpose, organisation_id: str) -> SigningKey | None:
    return _find_keys(purpose, organisation_id).filter(valid_until=None).first()


def _find_keys(purpose: Purpose, organisation_id: str) -> QuerySet[SigningKey]:
    return SigningKey.objects.filter(purpose=purpose, organisation_id=organisation_id)


def _row_to_signer(row: SigningKey) -> Signer:
    return Signer(key_id=row.key_id, public_key=bytes(row.public_key), handle=bytes(row.handle))
