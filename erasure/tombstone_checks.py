"""Checks of the tombstones: every erasure that was certified has one, and every line can be read.

What the rows of this database know is written again. What only a torn line knows is told.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.db.models import Q

from erasure import tombstones
from erasure.models import Erasure, ErasureState
from erasure.tombstones import Tombstone, TombstoneFile, TornLine
from transparency_log.fsck import Check

logger = logging.getLogger(__name__)


def check_tombstones() -> Check:
    """Compare the tombstones with the certified erasures, for `verify_log`. Repairs nothing."""
    found = tombstones.read_tombstones()
    check = Check(name="tombstones", seen=len(found.stones) + len(found.torn))
    for line in found.torn:
        check.add_fault(describe_torn_line(line))
    for stone in _find_missing(found):
        check.add_fault(f"erasure {stone.erasure} was certified and has no tombstone")
    return check


def restore_tombstones(*, at: datetime) -> int:
    """Write the tombstones that are missing, from the rows of the erasures, and return how many.

    Torn lines whose erasure has no whole line afterwards are logged. Raises OSError.
    """
    missing = _find_missing(tombstones.read_tombstones())
    for stone in missing:
        tombstones.write_tombstone(stone, at=at)
        logger.error("tombstone was missing, written again", extra={"erasure": stone.erasure})

    for line in tombstones.read_tombstones().unknown_lines:
        logger.error(
            "tombstone cannot be read", extra={"line": line.number, "erasure": line.erasure}
        )
    return len(missing)


def describe_torn_line(line: TornLine) -> str:
    """Return what is wrong, for an operator."""
    whose = f", of {line.erasure}" if line.erasure else ""
    return f"line {line.number} of {tombstones.FILE} is not a tombstone{whose}"


def _find_missing(found: TombstoneFile) -> tuple[Tombstone, ...]:
    """Return the tombstones that should be there: of what was certified, and of what was torn."""
    known = {stone.subject for stone in found.stones}
    due = Q(state=ErasureState.COMPLETED) | Q(id__in=[line.erasure for line in found.unknown_lines])
    rows = Erasure.objects.filter(due).order_by("created_at", "pk")
    return tuple(
        Tombstone(erasure=erasure, speaker=speaker, subject=subject, organisation=organisation)
        for erasure, speaker, subject, organisation in rows.values_list(
            "id", "speaker_id", "subject", "organisation_id"
        ).iterator()
        if subject not in known
    )
