"""Corrections of a person: old values, new values and the reason, sealed under their key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from consent import log_events
from consent.models import Correction, Speaker
from core import transactions
from core.canonical_json import Json
from vault import sealed_values, subject_keys


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Corrected:
    """An opened correction: which fields, their old and new values, the reason and the time."""

    fields: tuple[str, ...]
    before: Mapping[str, str | None]
    after: Mapping[str, str | None]
    reason: str
    at: datetime


def list_corrections(speaker: Speaker, *, since: datetime | None = None) -> tuple[Corrected, ...]:
    """Return the corrections of a person, oldest first. There are none after an erasure."""
    rows = Correction.objects.filter(speaker=speaker).order_by("created_at", "id")
    if since is not None:
        rows = rows.filter(created_at__gte=since)

    return tuple(found for row in rows if (found := _open_correction(speaker, row)) is not None)


@transactions.requires_transaction
def keep_correction(
    speaker: Speaker,
    before: Mapping[str, str | None],
    after: Mapping[str, str | None],
    *,
    reason: str,
    actor: str,
    at: datetime,
) -> None:
    """Store the old values with the new ones, sealed. The log has the names of the fields alone."""
    fields = sorted(before)
    value: dict[str, Json] = {
        "before": dict(before),
        "after": dict(after),
        "reason": reason,
    }

    sealed = sealed_values.seal(speaker.subject, _correction_context(speaker), value)
    Correction.objects.create(
        speaker=speaker, fields=fields, sealed=sealed, actor=actor, created_at=at
    )

    body: dict[str, Json] = {"fields": list(fields)}
    log_events.log_speaker_event(speaker, "speaker.corrected", at=at, actor=actor, body=body)


def _open_correction(speaker: Speaker, row: Correction) -> Corrected | None:
    if row.sealed is None:
        return None

    try:
        value = cast(
            "Any",
            sealed_values.unseal(speaker.subject, _correction_context(speaker), bytes(row.sealed)),
        )
    except subject_keys.KeyDestroyed:
        return None

    return Corrected(
        fields=tuple(row.fields),
        before=value["before"],
        after=value["after"],
        reason=str(value["reason"]),
        at=row.created_at,
    )


def _correction_context(speaker: Speaker) -> str:
    return f"correction|{speaker.id}"
