"""The KMS interface: it keeps key-encryption keys and signing keys; everything else in the vault is
wrapped by it.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from django.conf import settings

from vault.kms_file import Algorithm, FileKms


@runtime_checkable
class Kms(Protocol):
    """What a key service must do.

    Names are ours (`kek-…`); each names one 256-bit key that never leaves the service.

    Every method raises KmsUnavailable when the service is away, and KeyDestroyed for a name that
    was destroyed.
    """

    def create(self, name: str) -> None:
        """Make a key of this name.

        Raises ValueError when there is or was one: names are never used again.
        """

    def wrap(self, name: str, key: bytes, *, owner: str = "") -> bytes:
        """Encrypt 32 key bytes under the named key, bound to their owner: a subject's id, or "" for
        nobody's.
        """

    def unwrap(self, name: str, wrapped: bytes, *, owner: str = "") -> bytes:
        """Give the 32 key bytes back.

        Raises Tampered when this named key did not wrap them for this owner.
        """

    def rewrap(self, wrapped: bytes, *, old: str, new: str, owner: str = "") -> bytes:
        """Move wrapped bytes of an owner from one named key to another."""

    def destroy(self, name: str) -> None:
        """Destroy the named key for good; doing it twice is no error."""

    def new_signing_key(self, algorithm: Algorithm = "Ed25519") -> tuple[bytes, bytes]:
        """Make a key pair; give (handle, public bytes: 32 of Ed25519, 1312 of ML-DSA-44)."""

    def sign(self, handle: bytes, data: bytes) -> bytes:
        """Give the signature of `data`: 64 bytes of Ed25519 (RFC 8032), or 2420 of ML-DSA-44 (FIPS
        204).
        """

    def public_key(self, handle: bytes) -> bytes:
        """Give the public bytes of a signing key."""


def get_kms() -> Kms:
    """Give the KMS that the settings name; today that is the key files in the data folder."""
    return FileKms(folder=settings.SAYSO_DATA_DIR / "kms", master=settings.SAYSO_MASTER_KEY)
