"""Recordings that the checks are in doubt about: kept with their voice, which is in `checking`."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.principal import Principal
from consent import gate
from core.canonical_json import Json
from core.errors import SaysoError
from voices import voice_events, voice_rows
from voices.clone_samples import SamplesDoubted
from voices.models import Sample, Voice, VoiceState
from voices.synthesis_requests import CloneRequest
from voices.voice_events import Row


@transaction.atomic
def hold_voice(
    order: CloneRequest,
    permit: gate.Permit,
    principal: Principal,
    doubt: SamplesDoubted,
    *,
    at: datetime,
) -> Voice:
    """Store a voice in `checking` with its recordings and what the checks found.

    Raises ConsentDenied if the consent ended while they were checked.
    """
    gate.confirm(permit, at=at)
    voice = voice_rows.insert_voice(
        order, permit, principal, at=at, in_background=True, state=VoiceState.CHECKING
    )
    for position, data in enumerate(order.samples):
        voice_rows.store_sample(voice, position, data, {}, at=at)

    record_doubt(voice, doubt, actor=principal.actor, at=at)
    voice.refresh_from_db()
    return voice


@transaction.atomic
def record_doubt(voice: Voice, doubt: SamplesDoubted, *, actor: str, at: datetime) -> bool:
    """Set a voice to `checking` with what the checks found, and return whether it is.

    Its recordings are stored already. A voice that is settled stays as it is.
    """
    report = {"pairs": list(doubt.examined.pairs), "faults": list_faults(doubt)}
    waiting = Voice.objects.filter(
        id=voice.id, state__in=(VoiceState.CHECKING, VoiceState.TRAINING), attempt=voice.attempt
    )
    if not waiting.update(
        state=VoiceState.CHECKING, code=doubt.stable_code, report=report, lease_until=None
    ):
        return False

    for position, row in enumerate(doubt.examined.rows):
        Sample.objects.filter(voice=voice, position=position).update(report=row)

    samples: list[Json] = [fault.attr for fault in doubt.faults]
    body: Row = {"code": doubt.stable_code, "samples": samples}
    voice_events.log_voice_event(voice, "voice.review_needed", body, actor=actor, at=at)
    return True


def list_faults(error: SaysoError) -> list[Json]:
    """Return what is wrong with the recordings, for the report of a voice."""
    return [
        {"code": fault.code, "attr": fault.attr, "detail": fault.detail} for fault in error.faults
    ]
