"""Keys of subjects: created, used to derive others, destroyed.

To destroy a key is to erase its owner.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.db.models import QuerySet

from core import ids, transactions
from core.compiled_queries import CompiledQuery
from core.errors import NotFound
from vault import key_rotation, kms, opened_keys
from vault.errors import KeyDestroyed
from vault.models import Subject, SubjectKind

KEY_BYTES: Final = 32
_JOINT: Final = "joint/1"
Derive = Callable[[str], bytes]

_BY_ID: Final = CompiledQuery(
    lambda subject: Subject.objects.select_related("kek").filter(id=subject), texts=1
)
_BY_ORGANISATION: Final = CompiledQuery(
    lambda organisation: Subject.objects.select_related("kek").filter(
        kind=SubjectKind.ORGANISATION, organisation_id=organisation
    ),
    texts=1,
)

__all__ = [
    "Destruction",
    "KeyDestroyed",
    "count_destroyed_organisations",
    "create_subject",
    "derive_key",
    "derive_row_key",
    "destroy_key",
    "get_organisation_subject",
    "is_alive",
    "list_destroyed_subjects",
    "make_deriver",
    "open_deriver",
    "open_joint_deriver",
    "open_organisation_derivers",
    "open_row_key",
    "open_subject",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Destruction:
    """Proof of a destruction for the log and the certificate.

    `epoch` is the KEK version that wrapped the key. `rows` is how many rows changed (1).
    """

    subject: str
    epoch: int
    destroyed_at: datetime
    rows: int


@transactions.opens_transaction
def create_subject(
    *, kind: Literal["person", "organisation"], organisation_id: str, at: datetime
) -> str:
    """Create a subject with a random key.

    Return its id, which is random and safe to publish as `kid`.

    Raises KmsUnavailable, and IntegrityError for a second subject of kind "organisation" (use
    `get_organisation_subject`).
    """
    row = _build_subject(kind, organisation_id, at=at)
    row.save(force_insert=True)

    return row.id


def get_organisation_subject(organisation_id: str, *, at: datetime) -> str:
    """Return the organisation's own subject, made at first use. Racing callers get the same one."""
    row = _BY_ORGANISATION.find_first(organisation_id)
    return row.id if row else _make_organisation_subject(organisation_id, at=at)


def derive_key(subject: str, purpose: str) -> bytes:
    """Derive 32 bytes for one purpose from the subject's key.

    The function is HKDF-SHA256 (RFC 5869), info = purpose. The row and the KMS are read at every
    call (but see `opened_keys.open_keys_once`), so no memory holds a key past its destruction.

    Raises NotFound for an unknown subject, KeyDestroyed, KmsUnavailable, Tampered.
    """
    return _expand_key(_open_key(subject), purpose)


def derive_row_key(row: Subject, purpose: str) -> bytes:
    """Derive a key as `derive_key` does, of a row that was read just now with its KEK version.

    Raises KeyDestroyed, KmsUnavailable, Tampered.
    """
    return _expand_key(open_row_key(row), purpose)


def open_deriver(subject: str) -> Derive:
    """Return a function that derives as `derive_key` does, for many purposes in one read.

    It outlives a destruction of the key. Hold it only where its results are thrown away when that
    happens (an export, which an erasure stops).

    Raises NotFound, KeyDestroyed, KmsUnavailable, Tampered.
    """
    return make_deriver(_open_key(subject))


def open_joint_deriver(subjects: Collection[str]) -> Derive:
    """Return a function that derives keys from all `subjects` together.

    What it makes dies with the first of them. For one subject it is `open_deriver`.

    Raises ValueError for no subject, and NotFound, KeyDestroyed, KmsUnavailable, Tampered.
    """
    derivers = [open_deriver(subject) for subject in sorted(set(subjects))]
    if not derivers:
        raise ValueError("a joint key needs a subject")
    if len(derivers) == 1:
        return derivers[0]

    parts = b"".join(derive(_JOINT) for derive in derivers)
    return make_deriver(hashlib.sha256(parts).digest())


def open_organisation_derivers(organisation_ids: Iterable[str]) -> dict[str, Derive]:
    """Return `open_deriver` for the own subjects of many organisations, read at once.

    Organisations without a living key are left out. A search over every organisation's key needs
    one query instead of two for each.

    Raises KmsUnavailable.
    """
    rows = Subject.objects.filter(
        kind=SubjectKind.ORGANISATION, organisation_id__in=set(organisation_ids)
    )

    found: dict[str, Derive] = {}
    for row in rows.select_related("kek"):
        try:
            key = _unwrap_key(row)
        except KeyDestroyed:
            # Erased, or only moved to another KEK version since the row was read.
            if not is_alive(row.id):
                continue
            key = _open_key(row.id)
        found[row.organisation_id] = make_deriver(key)

    return found


def open_subject(subject: str | None, *, organisation_id: str, at: datetime) -> tuple[str, Derive]:
    """Return a subject's id and deriver, or those of the organisation for None, in one read.

    Raises NotFound, KeyDestroyed, KmsUnavailable, Tampered.
    """
    if subject is not None:
        return subject, open_deriver(subject)

    row = _BY_ORGANISATION.find_first(organisation_id)
    if row is None:
        own = get_organisation_subject(organisation_id, at=at)
        return own, open_deriver(own)

    return row.id, make_deriver(open_row_key(row))


@transactions.requires_transaction
def destroy_key(subject: str, *, at: datetime) -> Destruction:
    """Destroy the subject's key for good, as part of the caller's transaction.

    Copies of the wrapped key in logs and backups of the database die with the KEK version
    (`vault.key_rotation`). A second call returns the first destruction with `rows` = 0.

    Raises NotFound for an unknown subject.
    """
    living = Subject.objects.filter(id=subject, destroyed_at=None)
    rows = living.update(wrapped_key=None, destroyed_at=at)

    row = _get_row(subject)
    return Destruction(
        subject=subject, epoch=row.kek_id, destroyed_at=row.destroyed_at or at, rows=rows
    )


def is_alive(subject: str) -> bool:
    """Check whether the subject exists and its key was not destroyed."""
    return Subject.objects.filter(id=subject, destroyed_at=None).exists()


def count_destroyed_organisations() -> int:
    """Return how many organisations' own keys were destroyed."""
    rows = Subject.objects.filter(kind=SubjectKind.ORGANISATION, destroyed_at__isnull=False)
    return rows.count()


def _build_subject(kind: str, organisation_id: str, *, at: datetime) -> Subject:
    kek = key_rotation.get_current_kek(at=at)
    subject = ids.new("sub")
    wrapped = kms.get_kms().wrap(kek.kms_name, secrets.token_bytes(KEY_BYTES), owner=subject)

    return Subject(
        id=subject,
        kind=kind,
        organisation_id=organisation_id,
        kek=kek,
        wrapped_key=wrapped,
        created_at=at,
    )


@transactions.opens_transaction
def _make_organisation_subject(organisation_id: str, *, at: datetime) -> str:
    row = _build_subject(SubjectKind.ORGANISATION, organisation_id, at=at)
    Subject.objects.bulk_create([row], ignore_conflicts=True)
    return Subject.objects.get(kind=SubjectKind.ORGANISATION, organisation_id=organisation_id).id


def list_destroyed_subjects(organisation_id: str) -> QuerySet[Subject, str]:
    """Return the ids of an organisation's subjects whose keys were destroyed.

    They are never removed.
    """
    rows = Subject.objects.filter(organisation_id=organisation_id, destroyed_at__isnull=False)
    return rows.values_list("id", flat=True)


def _expand_key(key: bytes, purpose: str) -> bytes:
    info = purpose.encode("utf-8")
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key)


def make_deriver(key: bytes) -> Derive:
    """Return `_expand_key` for many purposes.

    HKDF's first step (RFC 5869, 2.2, where no salt means as many zeros) is done once. Its second
    step (2.3) is one HMAC, since a key is as long as a hash.
    """
    extracted = hmac.digest(bytes(KEY_BYTES), key, "sha256")
    return lambda purpose: hmac.digest(extracted, purpose.encode("utf-8") + b"\x01", "sha256")


def _open_key(subject: str) -> bytes:
    return opened_keys.open_in_context(subject, lambda each: open_row_key(_get_row(each)))


def open_row_key(row: Subject) -> bytes:
    """Return the key of a row. Raises KeyDestroyed, KmsUnavailable, Tampered."""
    try:
        return _unwrap_key(row)
    except KeyDestroyed:
        # The KEK version may have been destroyed after the row was read. Then the row now has a new
        # one.
        again = _get_row(row.id)
        if again.kek_id == row.kek_id:
            raise
        return _unwrap_key(again)


def _unwrap_key(row: Subject) -> bytes:
    if row.wrapped_key is None:
        raise KeyDestroyed("The key of this subject was destroyed.", facts={"subject": row.id})

    opened_keys.note_opening(row.id)
    return kms.get_kms().unwrap(row.kek.kms_name, bytes(row.wrapped_key), owner=row.id)


def _get_row(subject: str) -> Subject:
    row = _BY_ID.find_first(subject)
    if row is None:
        raise NotFound("There is no such subject.")

    return row
