"""The reasons of past changes, opened for those who may read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from consent.lifecycle.consent_moves import reason_context
from consent.models import Consent, SealedReason
from vault import sealed_values, subject_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonText:
    """One reason: the move, its code, the actor and the time.

    `words` is None if there are none that can be read.
    """

    move: str
    code: str
    actor: str
    at: datetime
    words: str | None = field(default=None, repr=False)


def list_reasons(consent: Consent, *, opened: bool) -> tuple[ReasonText, ...]:
    """Return the reasons of a consent, oldest first. With `opened` their words are unsealed."""
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
    """Return the words of one reason. None without words, and once the person has been erased."""
    if row.sealed is None:
        return None

    try:
        value = sealed_values.unseal(
            consent.speaker.subject, reason_context(consent.id), bytes(row.sealed)
        )
    except subject_keys.KeyDestroyed:
        return None

    return str(value["text"]) if isinstance(value, dict) else None
