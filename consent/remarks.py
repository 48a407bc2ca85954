"""Remarks: the reasons that were given, read again by those who may."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from consent.life.lifecycle import remark_context
from consent.models import Consent, Remark
from vault import keys, sealing


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One reason: for which move, its code, by whom and when. `words` are None where there are none to be read."""

    move: str
    code: str
    actor: str
    at: datetime
    words: str | None = field(default=None, repr=False)


def of(consent: Consent, *, opened: bool) -> tuple[Said, ...]:
    """Give the reasons of a consent, oldest first. With `opened`, their words are taken out of the vault."""
    rows = Remark.objects.filter(consent=consent).order_by("created_at", "id")
    return tuple(
        Said(
            move=row.move,
            code=row.code,
            actor=row.actor,
            at=row.created_at,
            words=words_of(consent, row) if opened else None,
        )
        for row in rows
    )


def words_of(consent: Consent, row: Remark) -> str | None:
    """Open the words of one remark; None where there are none, and once the person has been erased."""
    if row.sealed is None:
        return None
    try:
        value = sealing.unseal(consent.speaker.subject, remark_context(consent.id), bytes(row.sealed))
    except keys.KeyDestroyed:
        return None
    return str(value["text"]) if isinstance(value, dict) else None
