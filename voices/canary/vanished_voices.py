"""Voices that a provider does not list any more: it has lost them, or deleted them itself."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime

from core import transactions
from core.errors import NotFound
from vault import subject_keys
from voices import provider_tasks, voice_events
from voices.models import ProviderAccount, TaskKind, Voice, VoiceState
from voices.providers import voice_handles
from voices.providers.base import Provider, ProviderVoice, Training, TrainingState

logger = logging.getLogger(__name__)
CODE = "vanished_at_provider"


def note_vanished_voices(
    account: ProviderAccount,
    provider: Provider,
    listed: frozenset[str],
    *,
    before: datetime,
    actor: str,
    at: datetime,
) -> int:
    """Mark the account's voices that are not `listed`, tell an officer, and return how many.

    Voices that became ready after the listing began are left out. Where the provider can be asked
    about one voice, it is. A marked voice cannot speak.
    """
    ready = Voice.objects.filter(
        organisation_id=account.organisation_id,
        livemode=account.livemode,
        provider=account.provider,
        state=VoiceState.READY,
        sealed_handle__isnull=False,
        preset="",
        asked_at__lt=before,
    )
    vanished = 0
    for voice in ready.order_by("id"):
        with suppress(subject_keys.KeyDestroyed, NotFound):
            handle = voice_handles.open_remote_handle(voice)
            if handle.remote_id is None or handle.remote_id in listed:
                continue
            if not _is_still_there(provider, handle):
                vanished += _mark_voice(voice, actor=actor, at=at)

    if vanished:
        logger.warning("voices vanished", extra={"account": account.id, "voices": vanished})
    return vanished


def _is_still_there(provider: Provider, handle: ProviderVoice) -> bool:
    """Ask about one voice, where the provider can be asked. Its list alone says no."""
    if not isinstance(provider, Training):
        return False

    return provider.get_progress(handle).state is not TrainingState.MISSING


@transactions.opens_transaction
def _mark_voice(voice: Voice, *, actor: str, at: datetime) -> bool:
    rows = Voice.objects.filter(id=voice.id).that_may_become(VoiceState.EXPIRED)
    if not rows.update(state=VoiceState.EXPIRED, code=CODE):
        return False

    provider_tasks.open_task(
        TaskKind.VOICE_VANISHED,
        voice.id,
        provider=voice.provider,
        owner=voice,
        actor=actor,
        at=at,
    )
    body: voice_events.Row = {"code": CODE, "provider": voice.provider}
    voice_events.log_voice_event(voice, "voice.vanished", body, actor=actor, at=at)
    return True
