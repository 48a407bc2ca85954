"""Blobs: files of a subject, encrypted under its key, outside the database."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from core import ids, transactions
from core.errors import NotFound
from vault import chunked_encryption, storage, subject_keys
from vault.errors import Tampered
from vault.models import Blob

_PURPOSE: Final = "blob/1"
# A file whose row is not committed yet looks like an orphan. No transaction of ours takes nearly
# this long.
_GRACE: Final = timedelta(hours=6)


@transactions.requires_transaction
def store_blob(*, subject: str, kind: str, data: bytes, at: datetime) -> str:
    """Encrypt and store `data` for the subject. Return the blob's id.

    The row belongs to the caller's transaction. If that fails, the file is an orphan and is swept.

    Raises NotFound for an unknown subject, KeyDestroyed, KmsUnavailable.
    """
    blob_id = ids.new("ent")
    key = subject_keys.derive_key(subject, _PURPOSE)
    context = _blob_context(subject, kind, blob_id)
    salt = secrets.token_bytes(chunked_encryption.SALT)
    sealed = chunked_encryption.encrypt(data, key=key, context=context, salt=salt)

    # The file is on the disk before the row is written.
    storage.get_storage().write(get_file_name(blob_id), sealed)
    Blob.objects.create(id=blob_id, subject_id=subject, kind=kind, size=len(data), created_at=at)

    return blob_id


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedBlob:
    """A blob whose file is written and whose row is not: an orphan until `keep_staged_blob`."""

    blob_id: str
    subject: str
    kind: str
    size: int


def stage_blob(*, subject: str, kind: str, parts: Iterable[bytes]) -> StagedBlob:
    """Encrypt `parts` to a file, at constant memory.

    `keep_staged_blob` makes the file a blob. Otherwise it is swept. No row is written, so this may
    run inside a read-only transaction that `parts` needs.

    Raises NotFound, KeyDestroyed and KmsUnavailable as `store_blob` does.
    """
    blob_id = ids.new("ent")
    size = 0

    def count_bytes() -> Iterator[bytes]:
        nonlocal size
        for part in parts:
            size += len(part)
            yield part

    key = subject_keys.derive_key(subject, _PURPOSE)
    context = _blob_context(subject, kind, blob_id)
    salt = secrets.token_bytes(chunked_encryption.SALT)
    sealed = chunked_encryption.encrypt_stream(count_bytes(), key=key, context=context, salt=salt)
    storage.get_storage().write_parts(get_file_name(blob_id), sealed)

    return StagedBlob(blob_id=blob_id, subject=subject, kind=kind, size=size)


@transactions.requires_transaction
def keep_staged_blob(staged: StagedBlob, *, at: datetime) -> str:
    """Write the row of a staged file, as part of the caller's transaction. Return the blob's id."""
    Blob.objects.create(
        id=staged.blob_id,
        subject_id=staged.subject,
        kind=staged.kind,
        size=staged.size,
        created_at=at,
    )
    return staged.blob_id


def discard_staged_blob(staged: StagedBlob) -> None:
    """Delete a staged file that will not be kept."""
    storage.get_storage().delete(get_file_name(staged.blob_id))


def get_blob(blob_id: str) -> bytes:
    """Return the whole blob.

    Raises NotFound, KeyDestroyed, Tampered, KmsUnavailable.
    """
    return b"".join(stream_blob(blob_id))


def stream_blob(blob_id: str) -> Iterator[bytes]:
    """Yield the blob in chunks of 16 KiB, each authenticated first.

    Raises NotFound, KeyDestroyed, Tampered and KmsUnavailable, mostly before the first chunk.
    """
    return open_blob(blob_id).chunks()


def read_blob_range(blob_id: str, offset: int, length: int) -> bytes:
    """Return up to `length` bytes from `offset`. Only the chunks in between are decrypted.

    Raises NotFound, KeyDestroyed, Tampered, KmsUnavailable.
    """
    return open_blob(blob_id).read(offset, length)


def open_blob(blob_id: str) -> chunked_encryption.Message:
    """Return the blob as a message for random access.

    Raises NotFound, KeyDestroyed, Tampered, KmsUnavailable.
    """
    row = _find_row(Blob.objects.select_related("subject__kek"), blob_id)
    key = subject_keys.derive_row_key(row.subject, _PURPOSE)
    context = _blob_context(row.subject_id, row.kind, blob_id)
    try:
        source = storage.get_storage().open(get_file_name(blob_id))
        message = chunked_encryption.Message(source, key=key, context=context)
    except FileNotFoundError as error:
        # NotFound when the blob was deleted after its row was read.
        _find_row(Blob.objects.all(), blob_id)
        raise Tampered("A stored file is missing.", facts={"blob": blob_id}) from error

    if message.size != row.size:
        raise Tampered("A stored file is not the one of its row.", facts={"blob": blob_id})

    return message


def get_blob_size(blob_id: str) -> int:
    """Return the size of the plain bytes.

    Raises NotFound.
    """
    return _find_row(Blob.objects.all(), blob_id).size


@transactions.opens_transaction
def delete_blob(blob_id: str) -> None:
    """Delete the row, and the file after the commit.

    Raises NotFound.
    """
    if Blob.objects.filter(id=blob_id).delete()[0] == 0:
        raise NotFound("There is no such blob.")
    _delete_files((blob_id,))


@transactions.opens_transaction
def erase_blobs_of_subject(subject: str) -> int:
    """Delete all blobs of the subject and return their number. Its key may already be destroyed."""
    found = tuple(Blob.objects.filter(subject_id=subject).values_list("id", flat=True))
    deleted, _ = Blob.objects.filter(id__in=found).delete()
    _delete_files(found)
    return deleted


def sweep_orphans(*, at: datetime) -> int:
    """Delete files that have no row and are older than six hours. Return their number.

    `at` is the real time.
    """
    store = storage.get_storage()
    swept = 0
    for stored in store.names():
        old = stored.written_at < at - _GRACE
        if old and not Blob.objects.filter(id=stored.name.rpartition("/")[2]).exists():
            store.delete(stored.name)
            swept += 1

    return swept


def _delete_files(blob_ids: tuple[str, ...]) -> None:
    # After the commit, because a rolled-back deletion must find its files. A crash before it leaves
    # orphans to the sweep.
    for blob_id in blob_ids:
        transaction.on_commit(partial(storage.get_storage().delete, get_file_name(blob_id)))


def _find_row(rows: QuerySet[Blob], blob_id: str) -> Blob:
    row = rows.filter(id=blob_id).first()
    if row is None:
        raise NotFound("There is no such blob.")

    return row


def get_file_name(blob_id: str) -> str:
    """Return the name of a blob's file in the store."""
    # Ids begin with the time, so their first letters would put all files of a month into one
    # folder.
    return f"{hashlib.sha256(blob_id.encode('ascii')).hexdigest()[:2]}/{blob_id}"


def _blob_context(subject: str, kind: str, blob_id: str) -> bytes:
    return f"{subject}|{kind}|{blob_id}".encode()
