"""Errors of the vault: a destroyed key, a KMS out of reach, bytes that were changed."""

from __future__ import annotations

from core.errors import NotFound, SaysoError, Unavailable


class KeyDestroyed(NotFound):
    """The key that would open this was destroyed. No retry and no backup can open it again."""

    code = "key_destroyed"


class KmsUnavailable(Unavailable):
    """The KMS does not answer, or its key files are missing or do not open with this master key."""

    code = "kms_unavailable"


class Tampered(SaysoError):
    """Bytes in our own store are not what we wrote: changed, cut, moved, or lost."""

    code = "tampered"
