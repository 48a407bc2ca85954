"""The local KMS: one file a key in a folder of its own, each wrapped by the master key, never in
the database.

The folder must not travel in the same backup as the database: a backup that holds both holds every
erased person too.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from vault import durable_files
from vault.errors import KeyDestroyed, KmsUnavailable, Tampered

KEY_BYTES: Final = 32
WRAPPED_BYTES: Final = 40
SIGNING: Final = "signing"
Algorithm = Literal["Ed25519", "ML-DSA-44"]
# Longer than nothing and shorter than WRAPPED_BYTES: no wrapped seed alone has the length of a
# marked one.
_ML_DSA: Final = b"ml-dsa-44:"
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,63}\Z")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FileKms:
    """Keeps keys in `folder` (0700, files 0600), each wrapped by AES-KW (RFC 3394) under a key
    derived from `master`.

    Nothing is cached but signing keys: a key-encryption key is read from its file at every use, so
    a destroyed one is gone for every process at that moment.
    """

    folder: Path
    master: str

    def create(self, name: str) -> None:
        """Make a key of this name, on disk before this returns.

        Raises ValueError for a name ever used before.
        """
        if self._tombstone(name).exists():
            raise ValueError(f"the key {name} was destroyed; its name is not used again")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        wrapped = aes_key_wrap(_derive_master_key(self.master), secrets.token_bytes(KEY_BYTES))
        try:
            durable_files.write_new(self._file(name), wrapped)
        except FileExistsError as error:
            raise ValueError(f"there is a key {name} already") from error

    def wrap(self, name: str, key: bytes, *, owner: str = "") -> bytes:
        """Encrypt 32 key bytes under the named key: 40 bytes, or 72 that only their owner's id
        opens again.

        Raises KeyDestroyed, KmsUnavailable.
        """
        if len(key) != KEY_BYTES:
            raise ValueError("only 32-byte keys are wrapped")
        return aes_key_wrap(self._read(name), _owner_prefix(owner) + key)

    def unwrap(self, name: str, wrapped: bytes, *, owner: str = "") -> bytes:
        """Give the 32 key bytes back.

        Raises Tampered, also for another owner; KeyDestroyed, KmsUnavailable.

        Keys that were wrapped before owners were bound have 40 bytes; they open until a rotation
        has bound them.
        """
        try:
            opened = aes_key_unwrap(self._read(name), wrapped)
        except (InvalidUnwrap, ValueError) as error:
            raise Tampered("A wrapped key does not open.", facts={"kek": name}) from error
        binding, key = opened[:-KEY_BYTES], opened[-KEY_BYTES:]
        if binding and not hmac.compare_digest(binding, _owner_prefix(owner)):
            raise Tampered("A wrapped key is another subject's.", facts={"kek": name})
        return key

    def rewrap(self, wrapped: bytes, *, old: str, new: str, owner: str = "") -> bytes:
        """Move wrapped bytes from one named key to another, bound to their owner.

        Raises as `unwrap` does.
        """
        return self.wrap(new, self.unwrap(old, wrapped, owner=owner), owner=owner)

    def destroy(self, name: str) -> None:
        """Destroy the named key: tombstone, overwrite, unlink, each on disk before the next.

        Twice is no error.

        Overwriting does not reach old cells of a flash disk or copies made by the file system; the
        bytes there are still wrapped by the master key. Put the folder on an encrypted volume, or
        use a hardware-backed KMS.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        durable_files.write_file(self._tombstone(name), b"")
        durable_files.shred_file(self._file(name))

    def new_signing_key(self, algorithm: Algorithm = "Ed25519") -> tuple[bytes, bytes]:
        """Make a key pair; the handle is its 32-byte seed wrapped by the `signing` key, made at
        first use.

        A handle says by its first bytes of which algorithm its seed is; one without any is of
        Ed25519.
        """
        if not self._file(SIGNING).exists():
            # Another process may make it between the two lines; its key is as good. A destroyed one
            # fails in `wrap`.
            with suppress(ValueError):
                self.create(SIGNING)
        key = (
            MLDSA44PrivateKey.generate()
            if algorithm == "ML-DSA-44"
            else Ed25519PrivateKey.generate()
        )
        mark = _ML_DSA if algorithm == "ML-DSA-44" else b""
        return mark + self.wrap(
            SIGNING, key.private_bytes_raw()
        ), key.public_key().public_bytes_raw()

    def sign(self, handle: bytes, data: bytes) -> bytes:
        """Give the signature of `data`; Ed25519 repeats its bytes, ML-DSA-44 is hedged and does
        not.

        Raises Tampered, KeyDestroyed, KmsUnavailable.
        """
        return _load_signing_key(self, bytes(handle)).sign(data)

    def public_key(self, handle: bytes) -> bytes:
        """Give the public bytes of a signing key. Raises as `sign` does."""
        return _load_signing_key(self, bytes(handle)).public_key().public_bytes_raw()

    def _read(self, name: str) -> bytes:
        try:
            wrapped = self._file(name).read_bytes()
        except FileNotFoundError as error:
            self._refuse_destroyed(name)
            raise KmsUnavailable(
                "A key file of the KMS is missing.", facts={"kek": name}
            ) from error
        except OSError as error:
            raise KmsUnavailable(
                "A key file of the KMS cannot be read.", facts={"kek": name}
            ) from error
        try:
            return aes_key_unwrap(_derive_master_key(self.master), wrapped)
        except (InvalidUnwrap, ValueError) as error:
            # A destruction beside us may have overwritten the file and not unlinked it yet.
            self._refuse_destroyed(name)
            detail = "A key file of the KMS does not open with this SAYSO_MASTER_KEY."
            raise KmsUnavailable(detail, facts={"kek": name}) from error

    def _refuse_destroyed(self, name: str) -> None:
        if self._tombstone(name).exists():
            raise KeyDestroyed("This key was destroyed.", facts={"kek": name})

    def _file(self, name: str) -> Path:
        if not _NAME.match(name):
            raise ValueError("not the name of a key")
        return self.folder / f"{name}.key"

    def _tombstone(self, name: str) -> Path:
        return self._file(name).with_suffix(".destroyed")


def _owner_prefix(owner: str) -> bytes:
    """What is wrapped before an owner's key: AES-KW has no context of its own, and takes any whole
    blocks.
    """
    return hashlib.sha256(f"sayso/owner/1|{owner}".encode()).digest() if owner else b""


@lru_cache(maxsize=8)
def _derive_master_key(master: str) -> bytes:
    """32 wrapping bytes from the master secret, which may be text of any form with enough
    entropy.
    """
    hkdf = HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=b"sayso/kms/1")
    return hkdf.derive(master.encode("utf-8"))


@lru_cache(maxsize=1024)
def _load_signing_key(kms: FileKms, handle: bytes) -> Ed25519PrivateKey | MLDSA44PrivateKey:
    """Loading costs more than signing, and signing keys are not erased with a person: they may stay
    in memory.
    """
    if handle.startswith(_ML_DSA):
        return MLDSA44PrivateKey.from_seed_bytes(kms.unwrap(SIGNING, handle.removeprefix(_ML_DSA)))
    return Ed25519PrivateKey.from_private_bytes(kms.unwrap(SIGNING, handle))
