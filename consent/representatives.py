"""Representatives: who may act for a speaker who cannot."""

from __future__ import annotations

from datetime import datetime

from accounts.models import Organisation
from consent import log_events, speakers
from consent.errors import SpeakerErased
from consent.models import Representative, Speaker
from core import shown_text, transactions
from core.canonical_json import Json
from core.errors import Conflict, NotFound
from vault import sealed_values


@transactions.opens_transaction
def add_representative(
    speaker_id: str,
    *,
    organisation: Organisation,
    livemode: bool,
    kind: str,
    name: str,
    email: str,
    actor: str,
    at: datetime,
    valid_until: datetime | None = None,
) -> Representative:
    """Enter a person who may act for a speaker. It counts only once it is verified.

    Raises NotFound, SpeakerErased.
    """
    speaker = speakers.lock_speaker(speaker_id, organisation_id=organisation.id, livemode=livemode)
    if speaker.state != Speaker.State.ACTIVE:
        raise SpeakerErased(
            "This speaker is being erased or has been.", facts={"state": speaker.state}
        )
    made = Representative.objects.create(
        speaker=speaker,
        kind=kind,
        sealed=sealed_values.seal(
            speaker.subject,
            "representative",
            {"name": shown_text.clean_name(name, attr="name"), "email": email},
        ),
        valid_until=valid_until,
        created_at=at,
    )
    log_events.log_speaker_event(
        speaker,
        "speaker.updated",
        at=at,
        actor=actor,
        body={"representative": kind, "verified": False},
    )
    return made


@transactions.opens_transaction
def verify_representative(
    representative_id: int, *, organisation: Organisation, actor: str, at: datetime
) -> None:
    """Record that a power to act was checked, and by whom.

    Raises NotFound, Conflict when it was done before.
    """
    mine = Representative.objects.filter(id=representative_id, speaker__organisation=organisation)
    found = mine.select_related("speaker").first()
    if found is None:
        raise NotFound("There is no such representative.")
    if not mine.filter(verified_at=None).update(verified_at=at, verified_by=actor):
        raise Conflict("This representative was verified before.")
    body: dict[str, Json] = {"representative": found.kind, "verified": True}
    log_events.log_speaker_event(found.speaker, "speaker.updated", at=at, actor=actor, body=body)
