"""Keys of persons and organisations: made, used to derive others, destroyed. To destroy one is to erase its owner."""

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

from core import ids, tx
from core.errors import NotFound
from vault import epochs, kms
from vault.epochs import Rotation
from vault.epochs import rotate as rotate_epoch
from vault.errors import KeyDestroyed
from vault.models import Subject, SubjectKind

KEY_BYTES: Final = 32
_JOINT: Final = "joint/1"
Derive = Callable[[str], bytes]
_record: ContextVar[set[str] | None] = ContextVar("opened", default=None)

__all__ = [
    "Destruction",
    "KeyDestroyed",
    "Rotation",
    "alive",
    "create",
    "derive",
    "deriver",
    "derivers_of",
    "destroy",
    "destroyed",
    "joint",
    "of_organisation",
    "opened",
    "recorded",
    "rotate_epoch",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Destruction:
    """Proof for the log and the certificate: whose key, wrapped by which epoch, when, and how many rows changed (1)."""

    subject: str
    epoch: int
    destroyed_at: datetime
    rows: int


@tx.opened
def create(*, kind: Literal["person", "organisation"], organisation_id: str, at: datetime) -> str:
    """Make a subject with a fresh random key; give its id, which is random and safe to publish as `kid`.

    Raises KmsUnavailable, and IntegrityError for a second subject of kind "organisation" (use `of_organisation`).
    """
    row = _fresh(kind, organisation_id, at=at)
    row.save(force_insert=True)
    return row.id


def of_organisation(organisation_id: str, *, at: datetime) -> str:
    """Give the organisation's own subject, made at first use; callers that race get the same one."""
    found = _organisation(organisation_id)
    return found or _make_organisation(organisation_id, at=at)


def derive(subject: str, purpose: str) -> bytes:
    """Derive 32 bytes for one purpose from the subject's key: HKDF-SHA256 (RFC 5869), info = purpose.

    Reads the row and the KMS at every call: nothing remembers a key past its destruction. Raises NotFound for an
    unknown subject, KeyDestroyed, KmsUnavailable, Tampered.
    """
    return _derive(_open(subject), purpose)


def deriver(subject: str) -> Derive:
    """Open the subject's key once; give a function that derives as `derive` does, for many purposes in one read.

    It outlives a destruction of the key: hold it only where what it makes is thrown away when that happens (an export,
    which an erasure stops). Raises as `derive` does.
    """
    return _deriver(_open(subject))


def joint(subjects: Collection[str]) -> Derive:
    """Open several subjects' keys; give a function that derives from all of them together.

    What it makes dies with the first of them. For one subject it is `deriver`. Raises as `derive` does.
    """
    opened_ones = [deriver(subject) for subject in sorted(set(subjects))]
    if not opened_ones:
        raise ValueError("nobody's key")
    if len(opened_ones) == 1:
        return opened_ones[0]
    return _deriver(hashlib.sha256(b"".join(derive(_JOINT) for derive in opened_ones)).digest())


def derivers_of(organisation_ids: Iterable[str]) -> dict[str, Derive]:
    """`deriver` for the own subjects of many organisations, read at once; those without a living key are left out.

    For a search that has to try every organisation's key: one query instead of two for each. Raises KmsUnavailable.
    """
    rows = Subject.objects.filter(kind=SubjectKind.ORGANISATION, organisation_id__in=set(organisation_ids))
    found: dict[str, Derive] = {}
    for row in rows.select_related("kek"):
        try:
            key = _unwrap(row)
        except KeyDestroyed:  # erased, or only moved to another epoch since we read the row
            if not alive(row.id):
                continue
            key = _open(row.id)
        found[row.organisation_id] = _deriver(key)
    return found


def opened(subject: str | None, *, organisation_id: str, at: datetime) -> tuple[str, Derive]:
    """Open a subject's key, or for None the organisation's own, in one read; give its id and the function.

    Raises as `derive` does.
    """
    if subject is not None:
        return subject, deriver(subject)
    rows = Subject.objects.select_related("kek").filter(kind=SubjectKind.ORGANISATION)
    row = rows.filter(organisation_id=organisation_id).first()
    if row is None:
        made = of_organisation(organisation_id, at=at)
        return made, deriver(made)
    return row.id, _deriver(_open_row(row))


@tx.required
def destroy(subject: str, *, at: datetime) -> Destruction:
    """Destroy the subject's key for good, as part of the caller's transaction.

    Copies of the wrapped key in logs and backups of the database die with the epoch (`vault.epochs`). Destroying twice
    gives the first destruction with `rows` = 0. Raises NotFound for an unknown subject.
    """
    rows = Subject.objects.filter(id=subject, destroyed_at=None).update(wrapped_key=None, destroyed_at=at)
    row = _row(subject)
    return Destruction(subject=subject, epoch=row.kek_id, destroyed_at=row.destroyed_at or at, rows=rows)


def alive(subject: str) -> bool:
    """Say whether the subject exists and its key was not destroyed."""
    return Subject.objects.filter(id=subject, destroyed_at=None).exists()


def _fresh(kind: str, organisation_id: str, *, at: datetime) -> Subject:
    kek = epochs.current(at=at)
    subject = ids.new("sub")
    wrapped = kms.current().wrap(kek.kms_name, secrets.token_bytes(KEY_BYTES), owner=subject)
    return Subject(id=subject, kind=kind, organisation_id=organisation_id, kek=kek, wrapped_key=wrapped, created_at=at)


@tx.opened
def _make_organisation(organisation_id: str, *, at: datetime) -> str:
    row = _fresh(SubjectKind.ORGANISATION, organisation_id, at=at)
    Subject.objects.bulk_create([row], ignore_conflicts=True)
    return Subject.objects.get(kind=SubjectKind.ORGANISATION, organisation_id=organisation_id).id


def _organisation(organisation_id: str) -> str | None:
    rows = Subject.objects.filter(kind=SubjectKind.ORGANISATION, organisation_id=organisation_id)
    return rows.values_list("id", flat=True).first()


def destroyed(organisation_id: str) -> QuerySet[Subject, str]:
    """The ids of an organisation's subjects whose keys were destroyed; they only grow in number."""
    rows = Subject.objects.filter(organisation_id=organisation_id, destroyed_at__isnull=False)
    return rows.values_list("id", flat=True)


@contextmanager
def recorded() -> Iterator[set[str]]:
    """Collect the ids of the subjects whose keys are opened meanwhile: whose data may be in what is made here."""
    found: set[str] = set()
    token = _record.set(found)
    try:
        yield found
    finally:
        _record.reset(token)


def _derive(key: bytes, purpose: str) -> bytes:
    hkdf = HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode("utf-8"))
    return hkdf.derive(key)


def _deriver(key: bytes) -> Derive:
    """`_derive` for many purposes: HKDF's first step (RFC 5869, 2.2; no salt is as many zeros) is done once."""
    extracted = hmac.digest(bytes(KEY_BYTES), key, "sha256")
    sha256 = hashes.SHA256()
    return lambda purpose: HKDFExpand(sha256, KEY_BYTES, purpose.encode("utf-8")).derive(extracted)


def _open(subject: str) -> bytes:
    return _open_row(_row(subject))


def _open_row(row: Subject) -> bytes:
    try:
        return _unwrap(row)
    except KeyDestroyed:
        # Perhaps only the epoch went, between our reading the row and the KMS: then the row has a new one by now.
        again = _row(row.id)
        if again.kek_id == row.kek_id:
            raise
        return _unwrap(again)


def _unwrap(row: Subject) -> bytes:
    if row.wrapped_key is None:
        raise KeyDestroyed("The key of this subject was destroyed.", facts={"subject": row.id})
    record = _record.get()
    if record is not None:
        record.add(row.id)
    return kms.current().unwrap(row.kek.kms_name, bytes(row.wrapped_key), owner=row.id)


def _row(subject: str) -> Subject:
    row = Subject.objects.select_related("kek").filter(id=subject).first()
    if row is None:
        raise NotFound("There is no such subject.")
    return row
