"""The archive: a tar of the database copy, the encrypted files and a manifest with hashes."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final, cast

from django.conf import settings

from config.backup import dump, prerequisites
from core import clock
from core.errors import Invalid

VERSION: Final = 1
MANIFEST: Final = "manifest.json"

Progress = Callable[[str], None]


class BadArchive(Invalid):
    """Not a backup of ours, a damaged one, or one of another database engine."""

    code = "backup_unreadable"


def blob_folder() -> Path:
    """Return the folder of the encrypted files."""
    return Path(settings.SAYSO_DATA_DIR) / "blobs"


@contextmanager
def open_workspace(name: str) -> Iterator[Path]:
    """Make an empty folder for as long as the block runs.

    The rest of a killed run is deleted first, because it held a database.
    """
    folder = Path(settings.SAYSO_DATA_DIR) / f"{name}.part"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)

    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_archive(target: Path, *, at: datetime, progress: Progress) -> int:
    """Write the archive and return the number of encrypted files in it.

    A half-written archive never has the final name.
    """
    part = target.with_name(target.name + ".part")
    try:
        # The copy holds members' addresses and hashes of keys. Other users of this machine must not
        # read it.
        with os.fdopen(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            hashes = _write_members(file, at=at, progress=progress)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise

    return len(hashes) - 1


def _write_members(file: io.BufferedWriter, *, at: datetime, progress: Progress) -> dict[str, str]:
    """Write every member, the database first.

    A file that is added after it is an orphan, which is swept after a restore.
    """
    needed = prerequisites.needs_of_service(at=at)
    hashes: dict[str, str] = {}

    with open_workspace("backup") as folder, tarfile.open(fileobj=file, mode="w") as tar:
        copy = folder / dump.dump_file_name()
        progress("copying the database")
        dump.dump_database(copy)
        _add_file(tar, copy, dump.dump_file_name(), hashes)

        for number, blob in enumerate(_encrypted_files(), 1):
            _add_file(tar, blob, f"blobs/{blob.relative_to(blob_folder())}", hashes)
            if number % 1000 == 0:
                progress(f"{number} files")

        manifest = {
            "version": VERSION,
            "made_at": clock.to_rfc3339(at),
            "needs": needed.as_json(),
            "sha256": hashes,
        }
        _add_manifest(tar, manifest)

    return hashes


def read_archive(source: Path, into: Path, *, progress: Progress) -> dict[str, Any]:
    """Unpack the archive into an empty folder and check every file against the manifest.

    Raises BadArchive.
    """
    try:
        manifest = _unpack_archive(source, into)
        hashes: dict[str, str] = dict(manifest["sha256"])
    except (tarfile.TarError, OSError, ValueError, KeyError, TypeError) as error:
        raise BadArchive("This file is not a backup, or only a part of one.") from error

    progress(f"checking {len(hashes)} files")
    found = {str(file.relative_to(into)) for file in into.rglob("*") if file.is_file()} - {MANIFEST}
    if manifest.get("version") != VERSION or found != set(hashes):
        raise BadArchive("The backup is not complete.")

    for name, expected in hashes.items():
        if _hash_file(into / name) != expected:
            raise BadArchive(f"{name} in the backup is damaged.")

    if dump.dump_file_name() not in hashes:
        raise BadArchive("The backup is of another database engine.")

    return manifest


def _unpack_archive(source: Path, into: Path) -> dict[str, Any]:
    with tarfile.open(source, "r:") as tar:
        members = tar.getmembers()
        if not all(member.isreg() for member in members):
            raise tarfile.TarError("a backup of ours holds plain files alone")
        if len({member.name for member in members}) != len(members):
            raise tarfile.TarError("two files of one name")

        for member in members:
            _extract_member(tar, member, into)

    manifest: dict[str, Any] = json.loads((into / MANIFEST).read_bytes())

    return manifest


def _extract_member(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> None:
    """Write a plain file below `into`, which other users cannot write.

    Raises TarError for a name that leads elsewhere.
    """
    # By hand, because `extractall` has no filter (PEP 706) before Python 3.11.4, and Debian 12 has
    # 3.11.2.
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or not name.parts:
        raise tarfile.TarError("a file that would lie outside")

    target = into / name
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = 0o600 | member.mode & 0o644
    # It is not None for a plain file.
    data = cast("IO[bytes]", tar.extractfile(member))
    with os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
        shutil.copyfileobj(data, file)


def _encrypted_files() -> Iterator[Path]:
    """Return the encrypted files. Those that are being written have no row in the copy."""
    return (file for file in sorted(blob_folder().glob("*/*")) if not file.name.endswith(".tmp"))


def _add_file(tar: tarfile.TarFile, file: Path, name: str, hashes: dict[str, str]) -> None:
    """Add a file and its hash, unless an erasure has deleted it meanwhile."""
    try:
        opened = file.open("rb")
    except FileNotFoundError:
        return

    with opened:
        hashes[name] = hashlib.file_digest(opened, "sha256").hexdigest()
        opened.seek(0)
        entry = tar.gettarinfo(arcname=name, fileobj=opened)
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        tar.addfile(entry, opened)


def _hash_file(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _add_manifest(tar: tarfile.TarFile, manifest: dict[str, Any]) -> None:
    data = json.dumps(manifest, indent=1, sort_keys=True).encode()
    entry = tarfile.TarInfo(MANIFEST)
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))
