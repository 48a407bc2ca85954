"""The local KMS: one file for each key, wrapped by the master key, never in the database.

The folder must not be in the same backup as the database. A backup with both holds every erased
person, too.
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

from core import durable_files
from vault.errors import KeyDestroyed, KmsUnavailable, Tampered

KEY_BYTES: Final = 32
WRAPPED_BYTES: Final = 40
SIGNING: Final = "signing"
Algorithm = Literal["Ed25519", "ML-DSA-44"]
# Longer than nothing and shorter than WRAPPED_BYTES: no unmarked wrapped seed has the length of a
# marked one.
_ML_DSA: Final = b"ml-dsa-44:"
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,63}\Z")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FileKms:
    """A KMS with its keys in `folder` (0700, files 0600).

    Each key is wrapped by AES-KW (RFC 3394) under a key derived from `master`. Only signing keys
    are cached. A key-encryption key is read from its file at every use, so a destroyed one is gone
    for every process at that moment.
    """

    folder: Path
    master: str

    def create(self, name: str) -> None:
        """Create a key of this name, on disk before this returns.

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
        """Encrypt 32 key bytes under the named key.

        The result has 40 bytes, or 72 that open only with their owner's id.

        Raises KeyDestroyed, KmsUnavailable.
        """
        if len(key) != KEY_BYTES:
            raise ValueError("only 32-byte keys are wrapped")

        return aes_key_wrap(self._read(name), _owner_prefix(owner) + key)

    def unwrap(self, name: str, wrapped: bytes, *, owner: str = "") -> bytes:
        """Return the 32 key bytes.

        Keys that were wrapped before owners were bound have 40 bytes. They open until a rotation
        has bound them.

        Raises Tampered, also for another owner, KeyDestroyed, KmsUnavailable.
        """
        try:
            opened = aes_key_unwrap(self._read(name), wrapped)
        except (InvalidUnwrap, ValueError) as error:
            raise Tampered("A wrapped key does not open.", facts={"kek": name}) from error

        binding = opened[:-KEY_BYTES]
        key = opened[-KEY_BYTES:]
        if binding and not hmac.compare_digest(binding, _owner_prefix(owner)):
            raise Tampered("A wrapped key is another subject's.", facts={"kek": name})

        return key

    def rewrap(self, wrapped: bytes, *, old: str, new: str, owner: str = "") -> bytes:
        """Move wrapped bytes from one named key to another, bound to their owner.

        Raises Tampered, KeyDestroyed and KmsUnavailable as `unwrap` does.
        """
        return self.wrap(new, self.unwrap(old, wrapped, owner=owner), owner=owner)

    def destroy(self, name: str) -> None:
        """Destroy the named key: tombstone, overwrite, unlink, each on disk before the next.

        A second call is no error. Overwriting does not reach old cells of a flash disk or copies
        made by the file system. The bytes there are still wrapped by the master key. Put the folder
        on an encrypted volume, or use a hardware-backed KMS.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        durable_files.write_file(self._tombstone(name), b"")
        durable_files.shred_file(self._file(name))

    def new_signing_key(self, algorithm: Algorithm = "Ed25519") -> tuple[bytes, bytes]:
        """Create a key pair. Its handle is the 32-byte seed, wrapped by the `signing` key.

        The `signing` key is made at first use. The first bytes of a handle name the algorithm. A
        handle without them is of Ed25519.
        """
        if not self._file(SIGNING).exists():
            # Another process may make it between the two lines, and its key is as good. A destroyed
            # key fails in `wrap`.
            with suppress(ValueError):
                self.create(SIGNING)

        key: MLDSA44PrivateKey | Ed25519PrivateKey
        if algorithm == "ML-DSA-44":
            key, mark = MLDSA44PrivateKey.generate(), _ML_DSA
        else:
            key, mark = Ed25519PrivateKey.generate(), b""

        handle = mark + self.wrap(SIGNING, key.private_bytes_raw())
        return handle, key.public_key().public_bytes_raw()

    def sign(self, handle: bytes, data: bytes) -> bytes:
        """Return the signature of `data`.

        Ed25519 repeats its bytes, ML-DSA-44 is hedged and does not.

        Raises Tampered, KeyDestroyed, KmsUnavailable.
        """
        return _load_signing_key(self, bytes(handle)).sign(data)

    def public_key(self, handle: bytes) -> bytes:
        """Return the public bytes of a signing key.

        Raises Tampered, KeyDestroyed, KmsUnavailable.
        """
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
    """Return what is wrapped before an owner's key.

    AES-KW has no context of its own, but wraps any number of whole blocks.
    """
    return hashlib.sha256(f"sayso/owner/1|{owner}".encode()).digest() if owner else b""


@lru_cache(maxsize=8)
def _derive_master_key(master: str) -> bytes:
    """Return 32 wrapping bytes from the master secret, which may be text of any form.

    Its entropy must be sufficient.
    """
    hkdf = HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=b"sayso/kms/1")
    return hkdf.derive(master.encode("utf-8"))


@lru_cache(maxsize=1024)
def _load_signing_key(kms: FileKms, handle: bytes) -> Ed25519PrivateKey | MLDSA44PrivateKey:
    """Load a signing key, which stays in memory.

    Loading costs more than signing, and signing keys are not erased with a person.
    """
    if handle.startswith(_ML_DSA):
        return MLDSA44PrivateKey.from_seed_bytes(kms.unwrap(SIGNING, handle.removeprefix(_ML_DSA)))

    return Ed25519PrivateKey.from_private_bytes(kms.unwrap(SIGNING, handle))
