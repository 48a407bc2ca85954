"""Corrections of a speaker. A new address ends the links that went to the old one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from accounts.models import Organisation
from consent import speakers
from consent.lifecycle import link_deliveries, signing_links
from consent.models import Speaker
from core import transactions


@transactions.opens_transaction
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
    """Change what is known of a speaker.

    `correction` is the reason if signed or written-to values change. `resend` writes to the new
    address.

    Raises NotFound, SpeakerErased, CorrectionNeeded.
    """
    before = speakers.get_speaker(speaker_id, organisation_id=organisation.id, livemode=livemode)
    known = speakers.open_personal(before)

    changed = speakers.update_speaker_row(
        speaker_id,
        organisation=organisation,
        livemode=livemode,
        changes=changes,
        correction=correction,
        actor=actor,
        at=at,
    )

    after = speakers.open_personal(changed)
    if known and after and (known.email, known.phone) != (after.email, after.phone):
        for consent in link_deliveries.retire_links(changed.id, at=at):
            signing_links.change_link(consent)
    return changed
