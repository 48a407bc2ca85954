"""Tombstones: the erased persons, kept outside the database. A restored backup erases them again.

The file is append-only, one JSON object a line, with ids and a time alone. A line is on the disk
and read back before the erasure counts as complete. What a crash or a full disk left of a line
stays a line of its own, which `erasure.tombstone_checks` tells. The file belongs beside the log's
anchors, and never into the backup that it guards against.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings

from core import clock, durable_files

FILE: Final = "erased.jsonl"
_MEMBERS: Final = ("erasure", "speaker", "subject", "organisation")
_BEGIN: Final = b'{"erasure"'
_ERASURE: Final = re.compile(rb'"erasure": "(era_[a-z2-7]{26})"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """One erased person."""

    erasure: str
    speaker: str
    subject: str
    organisation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TornLine:
    """A line that is no tombstone: what is left of one that was cut off or damaged."""

    number: int
    data: bytes

    @property
    def erasure(self) -> str:
        """The id of the erasure that this line was about, empty when it cannot be read."""
        found = _ERASURE.search(self.data)
        return found[1].decode() if found else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TombstoneFile:
    """What the file of the tombstones holds."""

    stones: tuple[Tombstone, ...]
    torn: tuple[TornLine, ...]

    @property
    def unknown_lines(self) -> tuple[TornLine, ...]:
        """The torn lines whose erasure has no whole line.

        The erasure behind a torn line is carried on, and writes its line again. So what is left of
        it alone says nothing about any person.
        """
        whole = {stone.erasure for stone in self.stones}
        return tuple(line for line in self.torn if line.erasure not in whole)


def tombstone_path() -> Path:
    """Return the path of the tombstones."""
    return Path(settings.SAYSO_DATA_DIR) / "anchors" / FILE


def write_tombstone(stone: Tombstone, *, at: datetime) -> None:
    """Add a line, wait until it is on the disk, and read it back.

    Writing the same person twice is harmless. Raises OSError when the line is not there whole.
    """
    line = {
        "erasure": stone.erasure,
        "speaker": stone.speaker,
        "subject": stone.subject,
        "organisation": stone.organisation,
        "at": clock.to_rfc3339(at),
    }

    tombstone_path().parent.mkdir(parents=True, exist_ok=True)
    durable_files.append_line(tombstone_path(), json.dumps(line).encode())


def read_tombstones(file: Path | None = None) -> TombstoneFile:
    """Read the file: every person once, oldest first, and the lines that are no tombstones.

    A missing file has none of either. Raises OSError.
    """
    source = file or tombstone_path()
    stones: dict[str, Tombstone] = {}
    torn: list[TornLine] = []
    if not source.exists():
        return TombstoneFile(stones=(), torn=())

    for number, line in enumerate(source.read_bytes().split(b"\n"), 1):
        # A line of an earlier version may stand behind a torn one without a newline between them.
        begins = line.rfind(_BEGIN)
        stone = _parse_tombstone(line[max(begins, 0) :])
        if stone is not None:
            stones.setdefault(stone.subject, stone)
        rest = line if stone is None else line[: max(begins, 0)]
        if rest:
            torn.append(TornLine(number=number, data=rest))

    return TombstoneFile(stones=tuple(stones.values()), torn=tuple(torn))


def _parse_tombstone(line: bytes) -> Tombstone | None:
    try:
        row = json.loads(line)
        return Tombstone(**{name: str(row[name]) for name in _MEMBERS})
    except (ValueError, KeyError, TypeError):
        return None
