"""Files that are on the disk when the call returns, readable by our user alone."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

_PIECE: Final = 2**20


def write_file(path: Path, data: bytes) -> None:
    """Write the file whole or not at all, replacing an older one.

    The file and its folder are synced.
    """
    write_parts(path, (data,))


def write_parts(path: Path, parts: Iterable[bytes]) -> None:
    """Write the file like `write_file`, from bytes in parts.

    What they raise leaves no file behind.
    """
    temporary = _write_temporary(path, parts)
    temporary.replace(path)
    sync_folder(path.parent)


def write_new(path: Path, data: bytes) -> None:
    """Write the file whole or not at all.

    Raises FileExistsError when there is one: exactly one writer wins.
    """
    temporary = _write_temporary(path, (data,))
    try:
        # A hard link fails when the name is taken. A rename would silently replace the winner's
        # file.
        os.link(temporary, path)
    finally:
        temporary.unlink()

    sync_folder(path.parent)


def append_line(path: Path, line: bytes) -> None:
    """Add a line to a file of records, whole or not at all. It is read back from the disk's file.

    What a writer that died left without an end becomes a line of its own. Writers take turns.

    Raises OSError, and then the file is as it was.
    """
    handle = os.open(path, os.O_APPEND | os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        size = os.fstat(handle).st_size
        torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        data = (b"\n" if torn else b"") + line + b"\n"

        try:
            _write_all(handle, (data,))
            os.fsync(handle)
            _require_bytes(path, data, at=size)
        except BaseException:
            # A part of a line would be taken for a record that is lost.
            os.ftruncate(handle, size)
            os.fsync(handle)
            raise
    finally:
        os.close(handle)

    sync_folder(path.parent)


def shred_file(path: Path) -> None:
    """Overwrite the file in place, then unlink it. A missing file is no error."""
    try:
        handle = os.open(path, os.O_WRONLY)
    except FileNotFoundError:
        return

    try:
        size = os.fstat(handle).st_size
        pieces = (min(_PIECE, size - at) for at in range(0, size, _PIECE))
        _write_all(handle, map(secrets.token_bytes, pieces))
        os.fsync(handle)
    finally:
        os.close(handle)

    path.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Sync the folder's names to the disk. Otherwise a rename may be lost in a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_all(handle: int, parts: Iterable[bytes]) -> None:
    """Write every byte. A disk that fills up takes a part of them and reports no error yet."""
    for part in parts:
        rest = memoryview(part)
        while rest:
            written = os.write(handle, rest)
            if not written:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            rest = rest[written:]


def _require_bytes(path: Path, data: bytes, *, at: int) -> None:
    """Check that the file of this name has these bytes at this place. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        found = os.pread(handle, len(data) + 1, at)
    finally:
        os.close(handle)

    if found != data:
        raise OSError(errno.EIO, "what was written is not what stands there", str(path))


def _write_temporary(path: Path, parts: Iterable[bytes]) -> Path:
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise

    return temporary
