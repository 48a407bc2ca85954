"""Anchors: the last published tree head of each log, kept outside the database.

A restored backup is older than its anchor, so it cannot fork the log. An anchor is the file
`<data folder>/anchors/<org>.json`. Put the folder on another disk, or back it up apart from the
database. Another store needs the two methods of `Anchors` and one line in `get_anchors`.
"""

from __future__ import annotations

import base64
import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from django.conf import settings

from core import durable_files, ids
from core.errors import Unavailable


class AnchorUnreadable(Unavailable):
    """The anchor exists but cannot be read. Publishing without it could fork the log."""

    code = "log_anchor_unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The tree head that was published last: generation of the log, size, root, signed note."""

    generation: int
    size: int
    root: bytes
    note: str


class LockedAnchor(Protocol):
    """The anchor of one organisation while its lock is held. No other process publishes."""

    def read(self) -> Anchor | None:
        """Return the anchor, or None if nothing was ever published.

        Raises AnchorUnreadable.
        """
        ...

    def write(self, anchor: Anchor) -> None:
        """Replace the anchor durably, before the checkpoint is published."""
        ...

    def retire(self, anchor: Anchor) -> None:
        """Keep a copy of the anchor of a lost history as evidence."""
        ...


class Anchors(Protocol):
    """A store of anchors."""

    @contextmanager
    def hold(self, organisation_id: str) -> Iterator[LockedAnchor]:
        """Lock the organisation's anchor against other publishers."""
        ...

    def peek(self, organisation_id: str) -> Anchor | None:
        """Return the anchor without locking it, for verification.

        Raises AnchorUnreadable.
        """
        ...


class AnchorFiles:
    """Anchors in a folder of this machine: written aside, fsynced, renamed over the old one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def hold(self, organisation_id: str) -> Iterator[LockedAnchor]:
        """Lock by `flock`, which the kernel drops when the process dies."""
        file = _AnchorFile(self._path(organisation_id))
        self._folder.mkdir(parents=True, exist_ok=True)

        with file.path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield file

    def peek(self, organisation_id: str) -> Anchor | None:
        """Return the anchor without locking it. The rename is atomic, so the file is complete."""
        return _AnchorFile(self._path(organisation_id)).read()

    def _path(self, organisation_id: str) -> Path:
        if not ids.is_id(organisation_id, "org"):
            raise ValueError("an anchor belongs to an organisation")

        return self._folder / f"{organisation_id}.json"


class _AnchorFile:
    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Anchor | None:
        try:
            raw = json.loads(self.path.read_bytes())
            return Anchor(
                generation=raw["generation"],
                size=raw["size"],
                root=base64.b64decode(raw["root"], validate=True),
                note=raw["note"],
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise AnchorUnreadable("The anchor of this log cannot be read.") from error

    def write(self, anchor: Anchor) -> None:
        self._write_anchor(self.path, anchor)

    def retire(self, anchor: Anchor) -> None:
        self._write_anchor(
            self.path.with_name(f"{self.path.stem}.lost-{anchor.generation}-{anchor.size}.json"),
            anchor,
        )

    def _write_anchor(self, path: Path, anchor: Anchor) -> None:
        raw = {
            "generation": anchor.generation,
            "size": anchor.size,
            "root": base64.b64encode(anchor.root).decode("ascii"),
            "note": anchor.note,
        }

        durable_files.write_file(path, json.dumps(raw, indent=1).encode())


def get_anchors() -> Anchors:
    """Return the store in use."""
    return AnchorFiles(Path(settings.SAYSO_DATA_DIR) / "anchors")
