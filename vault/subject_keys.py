"""Keys of persons and organisations: made, used to derive others, destroyed.

To destroy one is to erase its owner.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand
from django.db.models import QuerySet

from core import ids, transactions
from core.errors import NotFound
from vault import key_rotation, kms
from vault.errors import KeyDestroyed
from vault.key_rotation import Rotation
from vault.key_rotation import rotate_epochs as rotate_epoch
from vault.models import Subject, SubjectKind

KEY_BYTES: Final = 32
_JOINT: Final = "joint/1"
Derive = Callable[[str], bytes]
_record: ContextVar[set[str] | None] = ContextVar("opened", default=None)

__all__ = [
    "Destruction",
    "KeyDestroyed",
    "Rotation",
    "create_subject",
    "derive_key",
    "destroy_key",
    "get_organisation_subject",
    "is_alive",
    "list_destroyed_subjects",
    "open_deriver",
    "open_derivers_of",
    "open_joint_deriver",
    "open_subject",
    "record_opened_subjects",
    "rotate_epoch",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Destruction:
    """Proof for the log and the certificate: whose key, wrapped by which epoch, when, and how many
    rows changed (1).
    """

    subject: str
    epoch: int
    destroyed_at: datetime
    rows: int


@transactions.opens_transaction
def create_subject(
    *, kind: Literal["person", "organisation"], organisation_id: str, at: datetime
) -> str:
    """Make a subject with a fresh random key; give its id, which is random and safe to publish as
    `kid`.

    Raises KmsUnavailable, and IntegrityError for a second subject of kind "organisation" (use
    `get_organisation_subject`).
    """
    row = _build_subject(kind, organisation_id, at=at)
    row.save(force_insert=True)
    return row.id


def get_organisation_subject(organisation_id: str, *, at: datetime) -> str:
    """Give the organisation's own subject, made at first use; callers that race get the same
    one.
    """
    found = _find_organisation_subject(organisation_id)
    return found or _make_organisation_subject(organisation_id, at=at)


def derive_key(subject: str, purpose: str) -> bytes:
    """Derive 32 bytes for one purpose from the subject's key: HKDF-SHA256 (RFC 5869), info =
    purpose.

    Reads the row and the KMS at every call: nothing remembers a key past its destruction. Raises
    NotFound for an unknown subject, KeyDestroyed, KmsUnavailable, Tampered.
    """
    return _expand_key(_open_key(subject), purpose)


def open_deriver(subject: str) -> Derive:
    """Open the subject's key once; give a function that derives as `derive_key` does, for many
    purposes in one read.

    It outlives a destruction of the key: hold it only where what it makes is thrown away when that
    happens (an export, which an erasure stops). Raises as `derive_key` does.
    """
    return _make_deriver(_open_key(subject))


def open_joint_deriver(subjects: Collection[str]) -> Derive:
    """Open several subjects' keys; give a function that derives from all of them together.

    What it makes dies with the first of them. For one subject it is `open_deriver`. Raises as
    `derive_key` does.
    """
    opened_ones = [open_deriver(subject) for subject in sorted(set(subjects))]
    if not opened_ones:
        raise ValueError("nobody's key")
    if len(opened_ones) == 1:
        return opened_ones[0]
    return _make_deriver(
        hashlib.sha256(b"".join(derive(_JOINT) for derive in opened_ones)).digest()
    )


def open_derivers_of(organisation_ids: Iterable[str]) -> dict[str, Derive]:
    """`open_deriver` for the own subjects of many organisations, read at once; those without a
    living key are left out.

    For a search that has to try every organisation's key: one query instead of two for each. Raises
    KmsUnavailable.
    """
    rows = Subject.objects.filter(
        kind=SubjectKind.ORGANISATION, organisation_id__in=set(organisation_ids)
    )
    found: dict[str, Derive] = {}
    for row in rows.select_related("kek"):
        try:
            key = _unwrap_key(row)
        except KeyDestroyed:  # erased, or only moved to another epoch since we read the row
            if not is_alive(row.id):
                continue
            key = _open_key(row.id)
        found[row.organisation_id] = _make_deriver(key)
    return found


def open_subject(subject: str | None, *, organisation_id: str, at: datetime) -> tuple[str, Derive]:
    """Open a subject's key, or for None the organisation's own, in one read; give its id and the
    function.

    Raises as `derive_key` does.
    """
    if subject is not None:
        return subject, open_deriver(subject)
    rows = Subject.objects.select_related("kek").filter(kind=SubjectKind.ORGANISATION)
    row = rows.filter(organisation_id=organisation_id).first()
    if row is None:
        made = get_organisation_subject(organisation_id, at=at)
        return made, open_deriver(made)
    return row.id, _make_deriver(_open_row_key(row))


@transactions.requires_transaction
def destroy_key(subject: str, *, at: datetime) -> Destruction:
    """Destroy the subject's key for good, as part of the caller's transaction.

    Copies of the wrapped key in logs and backups of the database die with the epoch
    (`vault.key_rotation`). Destroying twice gives the first destruction with `rows` = 0. Raises
    NotFound for an unknown subject.
    """
    rows = Subject.objects.filter(id=subject, destroyed_at=None).update(
        wrapped_key=None, destroyed_at=at
    )
    row = _get_row(subject)
    return Destruction(
        subject=subject, epoch=row.kek_id, destroyed_at=row.destroyed_at or at, rows=rows
    )


def is_alive(subject: str) -> bool:
    """Say whether the subject exists and its key was not destroyed."""
    return Subject.objects.filter(id=subject, destroyed_at=None).exists()


def _build_subject(kind: str, organisation_id: str, *, at: datetime) -> Subject:
    kek = key_rotation.get_current_epoch(at=at)
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


def _find_organisation_subject(organisation_id: str) -> str | None:
    rows = Subject.objects.filter(kind=SubjectKind.ORGANISATION, organisation_id=organisation_id)
    return rows.values_list("id", flat=True).first()


def list_destroyed_subjects(organisation_id: str) -> QuerySet[Subject, str]:
    """The ids of an organisation's subjects whose keys were destroyed; they only grow in number."""
    rows = Subject.objects.filter(organisation_id=organisation_id, destroyed_at__isnull=False)
    return rows.values_list("id", flat=True)


@contextmanager
def record_opened_subjects() -> Iterator[set[str]]:
    """Collect the ids of the subjects whose keys are opened meanwhile: whose data may be in what is
    made here.
    """
    found: set[str] = set()
    token = _record.set(found)
    try:
        yield found
    finally:
        _record.reset(token)


def _expand_key(key: bytes, purpose: str) -> bytes:
    hkdf = HKDF(
        algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode("utf-8")
    )
    return hkdf.derive(key)


def _make_deriver(key: bytes) -> Derive:
    """`_expand_key` for many purposes: HKDF's first step (RFC 5869, 2.2; no salt is as many zeros)
    is done once.
    """
    extracted = hmac.digest(bytes(KEY_BYTES), key, "sha256")
    sha256 = hashes.SHA256()
    return lambda purpose: HKDFExpand(sha256, KEY_BYTES, purpose.encode("utf-8")).derive(extracted)


def _open_key(subject: str) -> bytes:
    return _open_row_key(_get_row(subject))


def _open_row_key(row: Subject) -> bytes:
    try:
        return _unwrap_key(row)
    except KeyDestroyed:
        # Perhaps only the epoch went, between our reading the row and the KMS: then the row has a
        # new one by now.
        again = _get_row(row.id)
        if again.kek_id == row.kek_id:
            raise
        return _unwrap_key(again)


def _unwrap_key(row: Subject) -> bytes:
    if row.wrapped_key is None:
        raise KeyDestroyed("The key of this subject was destroyed.", facts={"subject": row.id})
    record = _record.get()
    if record is not None:
        record.add(row.id)
    return kms.get_kms().unwrap(row.kek.kms_name, bytes(row.wrapped_key), owner=row.id)


def _get_row(subject: str) -> Subject:
    row = Subject.objects.select_related("kek").filter(id=subject).first()
    if row is None:
        raise NotFound("There is no such subject.")
    return row
