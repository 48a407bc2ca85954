"""Tombstones: the erased persons, kept outside the database. A restored backup erases them again.

The file is append-only, one JSON object a line, with ids and a time alone. It is fsynced before the
erasure counts as complete. It belongs beside the log's anchors, and never into the backup that it
guards against.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings

from core import clock

FILE: Final = "erased.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """One erased person."""

    erasure: str
    speaker: str
    subject: str
    organisation: str


def tombstone_path() -> Path:
    """Return the path of the tombstones."""
    return Path(settings.SAYSO_DATA_DIR) / "anchors" / FILE


def write_tombstone(stone: Tombstone, *, at: datetime) -> None:
    """Add a line and wait until it is on the disk. Writing the same person twice is harmless."""
    line = {
        "erasure": stone.erasure,
        "speaker": stone.speaker,
        "subject": stone.subject,
        "organisation": stone.organisation,
        "at": clock.to_rfc3339(at),
    }

    tombstone_path().parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(tombstone_path(), os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        os.write(handle, json.dumps(line).encode() + b"\n")
        os.fsync(handle)
    finally:
        os.close(handle)


def read_tombstones(file: Path | None = None) -> Iterator[Tombstone]:
    """Yield every tombstone once, oldest first.

    Raises ValueError naming a line that cannot be read.
    """
    source = file or tombstone_path()
    seen: set[str] = set()
    if not source.exists():
        return

    for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            names = ("erasure", "speaker", "subject", "organisation")
            stone = Tombstone(**{name: str(row[name]) for name in names})
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"line {number} of {source.name} is not a tombstone") from None

        if stone.subject not in seen:
            seen.add(stone.subject)
            yield stone
