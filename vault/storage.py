"""The object store for ciphertext: a thin interface, and the local folder behind it.

Names are made by us, never by callers.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from django.conf import settings

from core import durable_files
from vault.chunked_encryption import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """One object in the store and when it was last written."""

    name: str
    written_at: datetime


@runtime_checkable
class Storage(Protocol):
    """What an object store must do. Names look like `aa/ent_…`.

    Every method raises FileNotFoundError for a name that the store does not have.
    """

    def write(self, name: str, data: bytes) -> None:
        """Store the bytes, durable when this returns."""

    def write_parts(self, name: str, parts: Iterable[bytes]) -> None:
        """Store bytes in parts, durable when this returns.

        If the parts raise, nothing is stored.
        """

    def open(self, name: str) -> Source:
        """Return the object for reading in pieces."""

    def delete(self, name: str) -> None:
        """Delete the object. A missing object is no error."""

    def names(self) -> Iterator[StoredObject]:
        """Yield every object."""


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file read in pieces, opened for each of them, so that nothing needs closing."""

    path: Path

    def read_at(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from `offset`."""
        handle = os.open(self.path, os.O_RDONLY)
        try:
            return os.pread(handle, size, offset)
        finally:
            os.close(handle)

    def length(self) -> int:
        """Return the number of bytes."""
        return self.path.stat().st_size


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderStorage:
    """Objects as files in a folder, spread over 256 subfolders.

    Writing is temp file, fsync, rename.
    """

    folder: Path

    def write(self, name: str, data: bytes) -> None:
        """Store the bytes, on the disk when this returns."""
        self.write_parts(name, (data,))

    def write_parts(self, name: str, parts: Iterable[bytes]) -> None:
        """Store bytes in parts, on the disk when this returns."""
        path = self.folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        durable_files.write_parts(path, parts)

    def open(self, name: str) -> Source:
        """Return the file for reading in pieces.

        Raises FileNotFoundError.
        """
        path = self.folder / name
        if not path.is_file():
            raise FileNotFoundError(name)

        return OpenFile(path)

    def delete(self, name: str) -> None:
        """Unlink the file. A missing file is no error."""
        (self.folder / name).unlink(missing_ok=True)

    def names(self) -> Iterator[StoredObject]:
        """Yield every file, left-over temporary ones included."""
        for path in self.folder.glob("*/*"):
            try:
                written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            except FileNotFoundError:
                continue
            yield StoredObject(name=f"{path.parent.name}/{path.name}", written_at=written_at)


def get_storage() -> Storage:
    """Return the store of the settings, which today is the data folder."""
    return FolderStorage(folder=settings.SAYSO_DATA_DIR / "blobs")
