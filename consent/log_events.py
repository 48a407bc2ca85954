"""Log entries of consent. They hold ids and codes alone, words are sealed elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from consent.models import Consent, Speaker
from core import transactions
from core.canonical_json import Json
from transparency_log import events
from vault import subject_keys


@transactions.requires_transaction
def log_speaker_event(
    speaker: Speaker, kind: str, *, at: datetime, actor: str, body: Mapping[str, Json]
) -> None:
    """Log something that happened to a speaker. Make it the last statement of the transaction."""
    log_event(
        organisation_id=speaker.organisation_id,
        livemode=speaker.livemode,
        kind=kind,
        subject=speaker.subject,
        refs={},
        speaker=speaker.id,
        body=body,
        at=at,
        actor=actor,
    )


@transactions.requires_transaction
def log_consent_event(
    consent: Consent,
    kind: str,
    *,
    at: datetime,
    actor: str,
    body: Mapping[str, Json],
    by: str | None = None,
) -> None:
    """Log something that happened to a consent with its loaded `speaker`.

    Make it the last statement of the transaction.
    """
    log_event(
        organisation_id=consent.organisation_id,
        livemode=consent.livemode,
        kind=kind,
        subject=consent.speaker.subject,
        refs={"consent": consent.id},
        speaker=consent.speaker_id,
        body=body,
        at=at,
        actor=actor,
        by=by,
    )


@transactions.requires_transaction
def log_event(
    *,
    organisation_id: str,
    livemode: bool,
    kind: str,
    subject: str | None,
    refs: Mapping[str, str],
    body: Mapping[str, Json],
    at: datetime,
    actor: str,
    speaker: str | None = None,
    by: str | None = None,
) -> str:
    """Append an event under the person's key and return its id.

    If the person has been erased, it is under the organisation's key.
    """
    append = partial(
        events.append_event,
        organisation_id=organisation_id,
        livemode=livemode,
        kind=kind,
        at=at,
        actor=actor,
        refs=refs,
        body=body,
        speaker=speaker,
        by=by,
    )

    try:
        return append(subject=subject)
    except subject_keys.KeyDestroyed:
        # It is raised before anything is written.
        return append(subject=None)
