"""A zip as a stream: bytes come out as files go in, at constant memory.

All dates are 1980-01-01 and nothing else varies, so that `verify.py` can check every byte of the
zip.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

MARK: Final = b"sayso-bundle/1"
# Bytes are hashed and compressed in pieces of this size. Smaller ones spend their time on calls.
BLOCK: Final = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A file in the archive: name, plain size, and SHA-256 of the plain bytes in hex."""

    name: str
    size: int
    sha256: str


class _Sink:
    """Collects what `zipfile` writes.

    Without `tell`, `zipfile` writes without going back.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        self._size += len(data)
        return len(data)

    def flush(self) -> None:
        pass

    def take(self, minimum: int) -> Iterator[bytes]:
        """Yield what was collected, when it is `minimum` bytes or more."""
        if self._size >= minimum:
            whole = b"".join(self._parts)
            self._parts = []
            self._size = 0
            yield whole


class Archive:
    """A zip that is being written, as the pieces that `add` and `close` yield in order."""

    def __init__(self) -> None:
        self._sink = _Sink()
        # The sink can only be written to, which the library allows and its types do not.
        self._zip = zipfile.ZipFile(  # type: ignore[call-overload]
            self._sink, "w", zipfile.ZIP_DEFLATED
        )
        self._zip.comment = MARK
        self.files: list[Packed] = []

    def add(
        self, name: str, chunks: Iterable[bytes], *, level: int = 6, large: bool = False
    ) -> Iterator[bytes]:
        """Add a file chunk by chunk.

        Level 0 stores without compression, as for hashes. `large` allows 4 GiB and more.
        """
        self._zip.compression = zipfile.ZIP_DEFLATED if level else zipfile.ZIP_STORED
        self._zip.compresslevel = level or None
        digest = hashlib.sha256()
        size = 0

        with self._zip.open(name, "w", force_zip64=large) as member:
            for block in join_blocks(chunks):
                digest.update(block)
                size += len(block)
                member.write(block)
                yield from self._sink.take(BLOCK)

        self.files.append(Packed(name=name, size=size, sha256=digest.hexdigest()))
        yield from self._sink.take(BLOCK)

    def close(self) -> Iterator[bytes]:
        """Write the directory: the archive is complete after this."""
        self._zip.close()
        yield from self._sink.take(0)


def join_blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Join small chunks to blocks of about BLOCK bytes."""
    held: list[bytes] = []
    size = 0

    for chunk in chunks:
        held.append(chunk)
        size += len(chunk)
        if size >= BLOCK:
            yield b"".join(held)
            held, size = [], 0

    if size:
        yield b"".join(held)
