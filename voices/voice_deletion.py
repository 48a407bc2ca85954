"""Deletion of a voice: at the provider until it confirms, and then here."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from django.db import Error, transaction

from accounts.sandbox_clock import now_for
from core import lease_renewal, leases, transactions
from core.clock import Clock
from core.errors import NotFound
from core.leases import LeaseLost
from vault import blobs, sealed_notes
from voices import remote_voices, voice_comparison, voice_events
from voices.models import Sample, Voice, VoiceState
from voices.providers import registry
from voices.providers.base import DeletionUnconfirmed
from voices.synthesis_requests import Providers

logger = logging.getLogger(__name__)

WAIT: Final = timedelta(minutes=2)
"""After a try that failed, such as at a provider that was away. The lease is held so long."""


@transaction.atomic
def begin_deletion(voice_id: str, *, code: str) -> bool:
    """Begin the deletion of a voice, and return whether this call did it.

    From here on the voice cannot speak.
    """
    rows = Voice.objects.filter(id=voice_id).that_may_become(VoiceState.REVOKING)
    began = bool(rows.update(state=VoiceState.REVOKING, code=code, lease_until=None))

    # The embedding is only here, so it need not wait for the provider.
    voice_comparison.erase_embedding_of_voice(voice_id)

    return began


def run_deletion(
    voice_id: str, *, actor: str, wall_clock: Clock, providers: Providers = registry.get_provider
) -> bool:
    """Delete a `revoking` voice at its provider and here, and return whether this call did it.

    Raises ProviderUnavailable when the provider has to be asked again.
    """
    voice = _claim_voice(voice_id, at=wall_clock())
    if voice is None:
        return False

    try:
        with lease_renewal.keep_leases(leases.select_held(voice), now=wall_clock):
            if _may_be_at_provider(voice):
                remote_voices.delete_at_provider(voice, providers(voice.provider, voice))

            return _finish_deletion(
                voice,
                actor=actor,
                at=now_for(voice.organisation, livemode=voice.livemode, wall_time=wall_clock()),
            )
    except Exception as error:
        transactions.release_connections()
        with suppress(LeaseLost, Error):
            if isinstance(error, DeletionUnconfirmed):
                _note_unconfirmed(voice, error)
            leases.renew(voice, at=wall_clock(), lease=WAIT)
        raise


def _note_unconfirmed(voice: Voice, error: DeletionUnconfirmed) -> None:
    """Show with the voice that its deletion was accepted and is not confirmed, and by whom it is.

    The operator reads of it in the log of the process too, once.
    """
    fault = {"code": error.stable_code, "attr": None, "detail": error.detail}
    if voice.report.get("faults") == [fault]:
        return

    Voice.objects.filter(id=voice.id, state=VoiceState.REVOKING).update(report={"faults": [fault]})
    logger.warning("voice's deletion is not confirmed", extra={"voice": voice.id})


def _may_be_at_provider(voice: Voice) -> bool:
    asked = voice.asked_at is not None
    return asked or voice.sealed_handle is not None or bool(voice.profile_blob_id)


def _claim_voice(voice_id: str, *, at: datetime) -> Voice | None:
    ending = Voice.objects.filter(id=voice_id, state=VoiceState.REVOKING)
    return leases.claim(ending.select_related("organisation"), at=at)


@transaction.atomic
def _finish_deletion(voice: Voice, *, actor: str, at: datetime) -> bool:
    try:
        leases.complete(
            voice,
            state=VoiceState.DELETED,
            deleted_at=at,
            sealed_label=None,
            sealed_handle=None,
            profile_blob_id="",
            report={},
            **sealed_notes.NONE,
        )
    except LeaseLost:
        return False

    samples = Sample.objects.filter(voice=voice)
    for blob_id in [*samples.values_list("blob_id", flat=True), voice.profile_blob_id]:
        if blob_id:
            # An erasure may have been faster.
            with suppress(NotFound):
                blobs.delete_blob(blob_id)

    samples.delete()
    voice_events.log_voice_event(
        voice, "voice.deleted", {"code": voice.code, "provider": voice.provider}, actor=actor, at=at
    )
    return True
