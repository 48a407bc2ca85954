"""Corrections: what is said of a person changes, and no link that went to an old address stays good."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from accounts.models import Organisation
from consent import speakers
from consent.life import deliveries, requests
from consent.models import Speaker
from core import tx


@tx.opened
def update_speaker(
    speaker_id: str,
    *,
    organisation: Organisation,
    livemode: bool,
    changes: Mapping[str, object],
    actor: str,
    at: datetime,
    correction: str | None = None,
) -> Speaker:
    """Change what is known of a speaker. `correction` is the reason where signed or written-to values change.

    A new address ends the links that went to the old one; `resend` writes to the new one. Raises NotFound, SpeakerGone,
    CorrectionNeeded.
    """
    before = speakers.find(speaker_id, organisation_id=organisation.id, livemode=livemode)
    known = speakers.personal_of(before)
    changed = speakers.update_speaker(
        speaker_id,
        organisation=organisation,
        livemode=livemode,
        changes=changes,
        correction=correction,
        actor=actor,
        at=at,
    )

    after = speakers.personal_of(changed)
    if known and after and (known.email, known.phone) != (after.email, after.phone):
        for consent in deliveries.retire_links(changed.id, at=at):
            requests.change_link(consent)
    return changed
