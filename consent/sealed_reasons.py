"""Remarks: the reasons that were given, read again by those who may."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from consent.lifecycle.transitions import reason_context
from consent.models import Consent, SealedReason
from vault import sealed_values, subject_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonText:
    """One reason: for which move, its code, by whom and when.

    `words` are None where there are none to be read.
    """

    move: str
    code: str
    actor: str
    at: datetime
    words: str | None = field(default=None, repr=False)


def list_reasons(consent: Consent, *, opened: bool) -> tuple[ReasonText, ...]:
    """Give the reasons of a consent, oldest first.

    With `opened`, their words are taken out of the vault.
    """
    rows = SealedReason.objects.filter(consent=consent).order_by("created_at", "id")
    return tuple(
        ReasonText(
            move=row.move,
            code=row.code,
            actor=row.actor,
            at=row.created_at,
            words=open_reason_words(consent, row) if opened else None,
        )
        for row in rows
    )


def open_reason_words(consent: Consent, row: SealedReason) -> str | None:
    """Open the words of one remark; None where there are none, and once the person has been
    erased.
    """
    if row.sealed is None:
        return None
    try:
        value = sealed_values.unseal(
            consent.speaker.subject, reason_context(consent.id), bytes(row.sealed)
        )
    except subject_keys.KeyDestroyed:
        return None
    return str(value["text"]) if isinstance(value, dict) else None
