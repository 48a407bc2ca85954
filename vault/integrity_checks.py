"""What the vault needs to serve: the key that opens the others, and the files of its rows.

A process with another data folder than the others has their rows, and not their files.
"""

from __future__ import annotations

import secrets
from typing import Final

from vault import blobs, kms, storage
from vault.kms_file import KEY_BYTES
from vault.models import Blob, Kek, KekState

_LOOKED_AT: Final = 5


def check_keys() -> None:
    """Check that the KMS wraps and opens a key under the current KEK, if there is one yet.

    Raises KmsUnavailable, KeyDestroyed, Tampered.
    """
    current = Kek.objects.filter(state=KekState.CURRENT).values_list("kms_name", flat=True).first()
    if current is not None:
        service = kms.get_kms()
        service.unwrap(current, service.wrap(current, secrets.token_bytes(KEY_BYTES)))


def count_missing_files() -> tuple[int, int]:
    """Look for the files of a few rows. Return how many were looked for, and how many are missing.

    One lost file is its owner's trouble. With another data folder all of them are lost.
    """
    names = list(Blob.objects.order_by("id").values_list("id", flat=True)[:_LOOKED_AT])
    missing = [blob_id for blob_id in names if not _has_file(blob_id)]

    # What was deleted in between has no row any more.
    return len(names), Blob.objects.filter(id__in=missing).count() if missing else 0


def _has_file(blob_id: str) -> bool:
    try:
        storage.get_storage().open(blobs.get_file_name(blob_id))
    except FileNotFoundError:
        return False

    return True
