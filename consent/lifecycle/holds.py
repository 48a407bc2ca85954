"""Holds: a stop on a person's voice for a dispute or a legal claim."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime

from django.db.models import F

from consent import log_events, row_macs, speakers, wakeups
from consent.models import Consent, Hold, Speaker
from core import transactions
from core.canonical_json import Json


@transactions.opens_transaction
def place_hold(
    speaker_id: str, *, organisation_id: str, livemode: bool, ground: str, actor: str, at: datetime
) -> Hold:
    """Stop every use of this person's voice, for a ground given as a code.

    Ends every permit of the person's consents. Idempotent for each ground.

    Raises NotFound.
    """
    speaker = _lock_speaker(speaker_id, organisation_id, livemode=livemode)

    # Consents before the hold: `gate.confirm` locks their rows until its audio is sent, then sees
    # the new epoch.
    with _renew_macs(speaker):
        invalidate_permits(speaker)
        hold, made = Hold.objects.get_or_create(
            speaker=speaker,
            ground=ground,
            lifted_at=None,
            defaults={"placed_at": at, "placed_by": actor},
        )

    if made:
        body: dict[str, Json] = {"hold": "placed", "ground": ground}
        log_events.log_speaker_event(speaker, "speaker.updated", at=at, actor=actor, body=body)

    return hold


@transactions.opens_transaction
def lift_hold(
    speaker_id: str, *, organisation_id: str, livemode: bool, ground: str, actor: str, at: datetime
) -> bool:
    """Lift a hold. Return True if this call did it.

    Raises NotFound.
    """
    speaker = _lock_speaker(speaker_id, organisation_id, livemode=livemode)

    open_holds = Hold.objects.filter(speaker=speaker, ground=ground, lifted_at=None)
    with _renew_macs(speaker):
        lifted = open_holds.update(lifted_at=at, lifted_by=actor)

    if not lifted:
        return False

    body: dict[str, Json] = {"hold": "lifted", "ground": ground}
    log_events.log_speaker_event(speaker, "speaker.updated", at=at, actor=actor, body=body)

    return True


@transactions.requires_transaction
def invalidate_permits(speaker: Speaker, *, but: str = "") -> None:
    """End every permit of this person's consents, but those of `but`, and announce it."""
    binding = Consent.objects.binding().filter(speaker=speaker).exclude(id=but)
    for consent_id in binding.order_by("id").values_list("id", flat=True):
        with row_macs.keep_row_mac(consent_id):
            Consent.objects.filter(id=consent_id).update(revocation_epoch=F("revocation_epoch") + 1)
        wakeups.announce_consent_end(consent_id)


@contextmanager
def _renew_macs(speaker: Speaker) -> Iterator[None]:
    """Lock the person's consents in force, and renew their row MACs after the change."""
    binding = Consent.objects.binding().filter(speaker=speaker).select_for_update(no_key=True)

    with ExitStack() as seals_kept:
        for consent_id in binding.order_by("id").values_list("id", flat=True):
            seals_kept.enter_context(row_macs.keep_row_mac(consent_id))
        yield


def _lock_speaker(speaker_id: str, organisation_id: str, *, livemode: bool) -> Speaker:
    speakers.get_speaker(speaker_id, organisation_id=organisation_id, livemode=livemode)
    return Speaker.objects.select_for_update(no_key=True).get(id=speaker_id)
