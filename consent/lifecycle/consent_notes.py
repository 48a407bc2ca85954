"""Changes to what a caller notes beside a consent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from consent.errors import SpeakerErased
from consent.lifecycle import sealed_fields
from consent.models import Consent, Speaker
from core import connection_places, transactions
from core.errors import NotFound
from vault import sealed_notes


@connection_places.bound_acts
@transactions.opens_transaction
def annotate_consent(
    consent_id: str,
    *,
    organisation_id: str,
    livemode: bool,
    changes: Mapping[str, Any],
    at: datetime,
) -> Consent:
    """Change `external_id` and `metadata` of a consent, as `Notes.with_changes` says.

    Nothing that was asked or signed changes, so the log says nothing of it.

    Raises NotFound, SpeakerErased, Invalid for too many keys.
    """
    rows = Consent.objects.of(organisation_id, livemode=livemode).select_related(
        "speaker", "organisation", "notice_version__notice"
    )
    consent = rows.select_for_update(no_key=True, of=("self",)).filter(id=consent_id).first()
    if consent is None:
        raise NotFound("There is no such consent.")
    if consent.speaker.state != Speaker.State.ACTIVE:
        raise SpeakerErased(
            "This speaker is being erased or has been.", facts={"state": consent.speaker.state}
        )

    kept = sealed_notes.seal_notes(
        sealed_fields.open_consent_notes(consent).with_changes(changes),
        subjects=(consent.speaker.subject,),
        row_id=consent.id,
        organisation_id=organisation_id,
        at=at,
    )
    for column, value in kept.items():
        setattr(consent, column, value)
    consent.save(update_fields=sorted(kept))

    return consent
