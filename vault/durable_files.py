"""Files that are on the disk when the call returns, readable by our user alone."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


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


def shred_file(path: Path) -> None:
    """Overwrite the file in place, then unlink it. A missing file is no error."""
    try:
        handle = os.open(path, os.O_WRONLY)
    except FileNotFoundError:
        return

    try:
        os.pwrite(handle, secrets.token_bytes(os.fstat(handle).st_size), 0)
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
