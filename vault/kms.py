"""The KMS interface: the key service that wraps all other keys of the vault."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from django.conf import settings

from vault.kms_file import Algorithm, FileKms


@runtime_checkable
class Kms(Protocol):
    """What a key service must do.

    Names are ours (`kek-…`). Each names one 256-bit key that never leaves the service.

    Every method raises KmsUnavailable when the service is away, and KeyDestroyed for a name that
    was destroyed.
    """

    def create(self, name: str) -> None:
        """Create a key of this name.

        Raises ValueError when there is or was one: names are never used again.
        """

    def wrap(self, name: str, key: bytes, *, owner: str = "") -> bytes:
        """Encrypt 32 key bytes under the named key, bound to their owner.

        `owner` is a subject's id, or "" for keys of no subject.
        """

    def unwrap(self, name: str, wrapped: bytes, *, owner: str = "") -> bytes:
        """Return the 32 key bytes.

        Raises Tampered when this named key did not wrap them for this owner.
        """

    def rewrap(self, wrapped: bytes, *, old: str, new: str, owner: str = "") -> bytes:
        """Move wrapped bytes of an owner from one named key to another."""

    def destroy(self, name: str) -> None:
        """Destroy the named key for good. A second call is no error."""

    def new_signing_key(self, algorithm: Algorithm = "Ed25519") -> tuple[bytes, bytes]:
        """Create a key pair.

        Return its handle and public bytes: 32 of Ed25519, 1312 of ML-DSA-44.
        """

    def sign(self, handle: bytes, data: bytes) -> bytes:
        """Return the signature of `data`.

        It has 64 bytes of Ed25519 (RFC 8032), or 2420 of ML-DSA-44 (FIPS 204).
        """

    def public_key(self, handle: bytes) -> bytes:
        """Return the public bytes of a signing key."""


def get_kms() -> Kms:
    """Return the KMS of the settings, which today is the key files in the data folder."""
    return FileKms(folder=settings.SAYSO_DATA_DIR / "kms", master=settings.SAYSO_MASTER_KEY)
