"""Reviews of recordings that the checks are in doubt about: a person listens and decides.

The voice is in `checking`, with its recordings, and holds no permit. Once they are approved, a
worker asks the gate again and makes the voice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from core import transactions
from core.background_tasks import send_task
from core.errors import NotFound
from voices import voice_events, voice_rows
from voices.models import Voice, VoiceState
from voices.similarity_reviews import ReviewSettled

KEPT: Final = timedelta(days=30)
"""How long the recordings wait for a person. Then they are deleted and the voice is `failed`."""
_APPROVED_BY: Final = "approved_by"


def is_approved(voice: Voice) -> bool:
    """Return whether a person has listened to the recordings and approved them."""
    return bool(voice.report.get(_APPROVED_BY))


@transactions.opens_transaction
def approve_recordings(voice_id: str, *, organisation_id: str, actor: str, at: datetime) -> Voice:
    """Have the voice made, if the gate still allows it.

    Raises NotFound, ReviewSettled.
    """
    voice = _lock_waiting(voice_id, organisation_id=organisation_id)
    if voice.created_at <= at - KEPT:
        raise ReviewSettled("The recordings of this voice waited for too long. They are deleted.")

    # What was in doubt is no fault any more.
    found = {name: value for name, value in voice.report.items() if name != "faults"}
    report: Mapping[str, Any] = {**found, _APPROVED_BY: actor}
    Voice.objects.filter(id=voice.id).update(
        state=VoiceState.TRAINING, code="", report=report, lease_until=None
    )
    _log_outcome(voice, "approved", actor=actor, at=at)

    # The sweep finds the work of a lost message.
    transaction.on_commit(
        lambda: send_task("voices.train_voice", {"voice_id": voice.id}), robust=True
    )
    voice.refresh_from_db()
    return voice


@transactions.opens_transaction
def refuse_recordings(voice_id: str, *, organisation_id: str, actor: str, at: datetime) -> Voice:
    """Set the voice to `failed` and delete its recordings.

    Raises NotFound, ReviewSettled.
    """
    voice = _lock_waiting(voice_id, organisation_id=organisation_id)
    _log_outcome(voice, "refused", actor=actor, at=at)
    _drop_voice(voice, code="sample_review_refused", actor=actor, at=at)
    voice.refresh_from_db()
    return voice


@transaction.atomic
def expire_review(voice_id: str, *, actor: str, at: datetime) -> bool:
    """Give up a voice that no one has listened to for too long, and return whether it was one."""
    rows = Voice.objects.select_for_update(no_key=True).filter(
        id=voice_id, state=VoiceState.CHECKING, created_at__lte=at - KEPT
    )
    voice = rows.first()
    if voice is None:
        return False

    _drop_voice(voice, code="sample_review_expired", actor=actor, at=at)
    return True


def _lock_waiting(voice_id: str, *, organisation_id: str) -> Voice:
    rows = Voice.objects.select_for_update(no_key=True)
    voice = rows.filter(id=voice_id, organisation_id=organisation_id).first()
    if voice is None:
        raise NotFound("There is no such voice.")
    if voice.state != VoiceState.CHECKING:
        raise ReviewSettled("The recordings of this voice do not wait for a review.")

    return voice


def _drop_voice(voice: Voice, *, code: str, actor: str, at: datetime) -> None:
    voice_rows.delete_recordings(voice)
    voice_events.give_up_voice(voice, code=code, actor=actor, at=at)


def _log_outcome(voice: Voice, outcome: str, *, actor: str, at: datetime) -> None:
    voice_events.log_voice_event(
        voice, "voice.review_settled", {"outcome": outcome}, actor=actor, at=at
    )
