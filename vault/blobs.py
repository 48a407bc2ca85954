"""Blobs: recordings, clips and files of a subject, encrypted under its key, ciphertext outside the
database.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.db import transaction

from core import ids, transactions
from core.errors import NotFound
from vault import chunked_encryption, storage, subject_keys
from vault.errors import Tampered
from vault.models import Blob

_PURPOSE: Final = "blob/1"
# A file whose row is not committed yet looks like an orphan; no transaction of ours lives anywhere
# near this long.
_GRACE: Final = timedelta(hours=6)


@transactions.requires_transaction
def store_blob(*, subject: str, kind: str, data: bytes, at: datetime) -> str:
    """Encrypt and keep `data` for the subject; give the blob's id.

    The file is on the disk before the row is written, and the row belongs to the caller's
    transaction: if that fails, the file is an orphan and swept. Raises NotFound for an unknown
    subject, KeyDestroyed, KmsUnavailable.
    """
    blob_id = ids.new("ent")
    key, context = subject_keys.derive_key(subject, _PURPOSE), _blob_context(subject, kind, blob_id)
    sealed = chunked_encryption.encrypt(
        data, key=key, context=context, salt=secrets.token_bytes(chunked_encryption.SALT)
    )
    storage.get_storage().write(_file_name(blob_id), sealed)
    Blob.objects.create(id=blob_id, subject_id=subject, kind=kind, size=len(data), created_at=at)
    return blob_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A blob whose file is written and whose row is not: an orphan until `keep_staged_blob`."""

    blob_id: str
    subject: str
    kind: str
    size: int


def stage_blob(*, subject: str, kind: str, parts: Iterable[bytes]) -> Staged:
    """Encrypt what comes in parts to a file, at constant memory; `keep_staged_blob` makes it a
    blob, else it is swept.

    Writes no row, so it may run inside a read-only transaction that `parts` needs. Raises as
    `store_blob` does.
    """
    blob_id, size = ids.new("ent"), 0

    def count_bytes() -> Iterator[bytes]:
        nonlocal size
        for part in parts:
            size += len(part)
            yield part

    key, context = subject_keys.derive_key(subject, _PURPOSE), _blob_context(subject, kind, blob_id)
    sealed = chunked_encryption.encrypt_stream(
        count_bytes(), key=key, context=context, salt=secrets.token_bytes(chunked_encryption.SALT)
    )
    storage.get_storage().write_parts(_file_name(blob_id), sealed)
    return Staged(blob_id=blob_id, subject=subject, kind=kind, size=size)


@transactions.requires_transaction
def keep_staged_blob(staged: Staged, *, at: datetime) -> str:
    """Give a staged file its row, as part of the caller's transaction; give the blob's id."""
    Blob.objects.create(
        id=staged.blob_id,
        subject_id=staged.subject,
        kind=staged.kind,
        size=staged.size,
        created_at=at,
    )
    return staged.blob_id


def discard_staged_blob(staged: Staged) -> None:
    """Delete a staged file that will not be kept."""
    storage.get_storage().delete(_file_name(staged.blob_id))


def get_blob(blob_id: str) -> bytes:
    """Give the whole blob. Raises NotFound, KeyDestroyed, Tampered, KmsUnavailable."""
    return b"".join(stream_blob(blob_id))


def stream_blob(blob_id: str) -> Iterator[bytes]:
    """Give the blob chunk by chunk (16 KiB), each authenticated first.

    Raises as `get_blob` does, most of it at once.
    """
    return open_message(blob_id).chunks()


def read_blob_range(blob_id: str, offset: int, length: int) -> bytes:
    """Give up to `length` bytes from `offset`, decrypting only the chunks in between.

    Raises as `get_blob` does.
    """
    return open_message(blob_id).read(offset, length)


def open_message(blob_id: str) -> chunked_encryption.Message:
    """Give the blob as a message for random access. Raises as `get_blob` does."""
    row = _get_row(blob_id)
    key = subject_keys.derive_key(row.subject_id, _PURPOSE)
    try:
        source = storage.get_storage().open(_file_name(blob_id))
        message = chunked_encryption.Message(
            source, key=key, context=_blob_context(row.subject_id, row.kind, blob_id)
        )
    except FileNotFoundError as error:
        _get_row(blob_id)  # deleted a moment ago: NotFound
        raise Tampered("A stored file is missing.", facts={"blob": blob_id}) from error
    if message.size != row.size:
        raise Tampered("A stored file is not the one of its row.", facts={"blob": blob_id})
    return message


def get_blob_size(blob_id: str) -> int:
    """Give the size of the plain bytes. Raises NotFound."""
    return _get_row(blob_id).size


@transactions.opens_transaction
def delete_blob(blob_id: str) -> None:
    """Delete the row, and the file as soon as that is committed. Raises NotFound."""
    if Blob.objects.filter(id=blob_id).delete()[0] == 0:
        raise NotFound("There is no such blob.")
    _delete_files((blob_id,))


@transactions.opens_transaction
def delete_blobs_of(subject: str) -> int:
    """Delete all blobs of the subject (its key may be destroyed already); give how many there
    were.
    """
    found = tuple(Blob.objects.filter(subject_id=subject).values_list("id", flat=True))
    deleted, _ = Blob.objects.filter(id__in=found).delete()
    _delete_files(found)
    return deleted


def sweep_orphans(*, at: datetime) -> int:
    """Delete files that have no row and are older than six hours; give how many.

    `at` is the real time.
    """
    store, swept = storage.get_storage(), 0
    for stored in store.names():
        old = stored.written_at < at - _GRACE
        if old and not Blob.objects.filter(id=stored.name.rpartition("/")[2]).exists():
            store.delete(stored.name)
            swept += 1
    return swept


def _delete_files(blob_ids: tuple[str, ...]) -> None:
    # After the commit: a rolled-back deletion must find its files. A crash before it leaves orphans
    # to the sweep.
    for blob_id in blob_ids:
        transaction.on_commit(partial(storage.get_storage().delete, _file_name(blob_id)))


def _get_row(blob_id: str) -> Blob:
    row = Blob.objects.filter(id=blob_id).first()
    if row is None:
        raise NotFound("There is no such blob.")
    return row


def _file_name(blob_id: str) -> str:
    # Ids begin with the time, so their first letters would put everything of a month into one
    # folder.
    return f"{hashlib.sha256(blob_id.encode('ascii')).hexdigest()[:2]}/{blob_id}"


def _blob_context(subject: str, kind: str, blob_id: str) -> bytes:
    return f"{subject}|{kind}|{blob_id}".encode()
