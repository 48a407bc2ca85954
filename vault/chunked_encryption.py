"""C2SP chunked-encryption with AES-256-GCM and HKDF-Expand-SHA-512.

Source: https://c2sp.org/chunked-encryption. The module is pure.

A file has a 24-byte salt, a 32-byte commitment, then chunks of 16 KiB, each with a 16-byte tag. The
last chunk is always shorter than 16 KiB (perhaps empty), so a cut at a chunk boundary is found.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from vault.errors import Tampered

CHUNK: Final = 16 * 1024
TAG: Final = 16
SALT: Final = 24
COMMITMENT: Final = 32
HEADER: Final = SALT + COMMITMENT
_LABEL: Final = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00"
_MOST_CHUNKS: Final = 2**38


class Source(Protocol):
    """Ciphertext that can be read in pieces."""

    def read_at(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from `offset`."""

    def length(self) -> int:
        """Return the number of bytes."""


class InMemory:
    """Ciphertext in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read_at(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from `offset`."""
        return self._data[offset : offset + size]

    def length(self) -> int:
        """Return the number of bytes."""
        return len(self._data)


def encrypt(data: bytes, *, key: bytes, context: bytes, salt: bytes) -> bytes:
    """Encrypt `data`.

    `key` is 32 uniformly random bytes. `salt` is 24 random bytes that never repeat for that key.
    """
    return b"".join(encrypt_stream((data,), key=key, context=context, salt=salt))


def encrypt_stream(
    parts: Iterable[bytes], *, key: bytes, context: bytes, salt: bytes
) -> Iterator[bytes]:
    """Encrypt bytes in parts, at constant memory.

    The result is the same as that of `encrypt` for all parts together.
    """
    if len(key) != 32 or len(salt) != SALT:
        raise ValueError("the key has 32 bytes and the salt 24")

    cipher, nonce, commitment = _derive_cipher(key, salt, context)
    yield salt + commitment

    number = 0
    held = b""
    for part in parts:
        view = memoryview(held + part if held else part)
        whole = len(view) // CHUNK
        for at in range(0, whole * CHUNK, CHUNK):
            yield cipher.encrypt(_chunk_nonce(nonce, number), view[at : at + CHUNK], None)
            number += 1
        held = bytes(view[whole * CHUNK :])

    yield cipher.encrypt(_chunk_nonce(nonce, number), held, None)


def decrypt(sealed: bytes, *, key: bytes, context: bytes) -> bytes:
    """Return the whole message.

    Raises Tampered for any bytes that `encrypt` did not make with this key and context.
    """
    return b"".join(Message(InMemory(sealed), key=key, context=context).chunks())


class Message:
    """An encrypted message that is read in pieces.

    The header and the true length are checked first.
    """

    def __init__(self, source: Source, *, key: bytes, context: bytes) -> None:
        """Check commitment and length.

        Raises Tampered.
        """
        self._source = source
        header = source.read_at(0, HEADER)
        if len(header) != HEADER:
            raise Tampered("An encrypted file is cut.")

        self._cipher, self._nonce, commitment = _derive_cipher(key, header[:SALT], context)
        if not hmac.compare_digest(commitment, header[SALT:]):
            raise Tampered("An encrypted file does not belong to this key and place.")

        # `rest` is the last chunk with its tag. Under 16 bytes there is none, so the file was cut
        # or is foreign.
        self._last, rest = divmod(source.length() - HEADER, CHUNK + TAG)
        if rest < TAG or self._last >= _MOST_CHUNKS:
            raise Tampered("An encrypted file is cut.")

        self.size = self._last * CHUNK + rest - TAG
        self._final = self._open(self._last)

    def chunks(self) -> Iterator[bytes]:
        """Yield the message chunk by chunk, each authenticated first.

        Raises Tampered.
        """
        for number in range(self._last):
            yield self._open(number)
        yield self._final

    def read(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from `offset`. Only the chunks in between are decrypted.

        Raises Tampered.
        """
        if offset < 0 or size < 0:
            raise ValueError("offset and size are not negative")

        end = min(offset + size, self.size)
        if offset >= end:
            return b""

        first = offset // CHUNK
        last = (end - 1) // CHUNK
        found = b"".join(self._open(number) for number in range(first, last + 1))
        return found[offset - first * CHUNK : end - first * CHUNK]

    def _open(self, number: int) -> bytes:
        sealed = self._source.read_at(HEADER + number * (CHUNK + TAG), CHUNK + TAG)
        try:
            return self._cipher.decrypt(_chunk_nonce(self._nonce, number), sealed, None)
        except (InvalidTag, ValueError) as error:
            raise Tampered("An encrypted file was changed.") from error


def _derive_cipher(key: bytes, salt: bytes, context: bytes) -> tuple[AESGCM, int, bytes]:
    info = _LABEL + salt + context
    made = HKDFExpand(algorithm=hashes.SHA512(), length=32 + 12 + COMMITMENT, info=info).derive(key)
    return AESGCM(made[:32]), int.from_bytes(made[32:44], "big"), made[44:]


def _chunk_nonce(base: int, number: int) -> bytes:
    return (base ^ number).to_bytes(12, "big")
