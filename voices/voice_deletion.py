"""Deletion of a voice: at the provider until it confirms, and then here."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from django.db import Error, transaction

from accounts.sandbox_clock import now_for
from core import lease_renewal, leases, transactions
from core.clock import Clock, format_timestamp
from core.contained_faults import contain_fault
from core.errors import NotFound
from core.leases import LeaseLost
from vault import blobs, sealed_notes
from voices import provider_tasks, remote_voices, voice_comparison, voice_events
from voices.models import DeletionProof, Sample, TaskKind, Voice, VoiceState
from voices.providers import registry
from voices.providers.base import (
    CopyUnfindable,
    DeletionUnconfirmed,
    Listing,
    RemovalByHand,
)
from voices.synthesis_requests import Providers

logger = logging.getLogger(__name__)

ACTOR: Final = "system:sweep"
MOST: Final = 500

SHORTEST_WAIT: Final = timedelta(minutes=2)
LONGEST_WAIT: Final = timedelta(hours=6)
"""After a try that failed, such as at a provider that was away. The lease is held so long."""
OVERDUE_AFTER: Final = timedelta(days=30)
"""So long after the first request people are told that a provider has not deleted a voice."""


@transaction.atomic
def begin_deletion(voice_id: str, *, code: str) -> bool:
    """Begin the deletion of a voice, and return whether this call did it.

    From here on the voice cannot speak.
    """
    rows = Voice.objects.filter(id=voice_id).that_may_become(VoiceState.REVOKING)
    began = bool(
        rows.update(state=VoiceState.REVOKING, code=code, lease_until=None, sealed_embedding=None)
    )

    # The embeddings are only here, so they need not wait for the provider.
    voice_comparison.erase_embedding_of_voice(voice_id)

    return began


def run_deletion(
    voice_id: str,
    *,
    actor: str,
    wall_clock: Clock,
    providers: Providers = registry.get_provider_to_delete,
) -> bool:
    """Delete a `revoking` voice at its provider and here, and return whether this call did it.

    Raises ProviderUnavailable when the provider has to be asked again.
    """
    voice = _claim_voice(voice_id, at=wall_clock())
    if voice is None:
        return False

    try:
        with lease_renewal.keep_leases(leases.select_held(voice), now=wall_clock):
            proof = _delete_remotely(voice, wall_clock=wall_clock, providers=providers)
            return _finish_deletion(
                voice,
                proof,
                actor=actor,
                at=now_for(voice.organisation, livemode=voice.livemode, wall_time=wall_clock()),
            )
    except Exception as error:
        transactions.release_connections()
        with suppress(LeaseLost, Error):
            if isinstance(error, DeletionUnconfirmed):
                _note_unconfirmed(voice, error, actor=actor, wall_time=wall_clock())
            now = wall_clock()
            told = timedelta(seconds=getattr(error, "retry_after", None) or 0)
            leases.renew(voice, at=now, lease=max(_choose_wait(voice, at=now), told))
        raise


def _delete_remotely(voice: Voice, *, wall_clock: Clock, providers: Providers) -> DeletionProof:
    """Delete a voice at its provider, and return by what it was seen to be gone from there.

    A person's word counts where no list of the provider can tell.
    """
    if not _may_be_at_provider(voice):
        return DeletionProof.NEVER_ASKED

    # Before the account is opened: one that is gone does not end the count of the days.
    remote_voices.note_deletion_request(voice, at=wall_clock())
    provider = providers(voice.provider, voice)
    try:
        return remote_voices.delete_at_provider(voice, provider, at=wall_clock())
    except (CopyUnfindable, RemovalByHand) as error:
        can_tell = isinstance(error, RemovalByHand) and isinstance(provider, Listing)
        if can_tell or not provider_tasks.is_confirmed_by_person(voice.id):
            raise
        return DeletionProof.SEEN_BY_PERSON


def _choose_wait(voice: Voice, *, at: datetime) -> timedelta:
    """Return how long to wait before the next try: as long as it has been tried by now."""
    since = at - (voice.deletion_asked_at or at)
    return min(max(since, SHORTEST_WAIT), LONGEST_WAIT)


def tell_overdue_deletions(*, at: datetime) -> int:
    """Tell people of the voices that no provider has deleted in thirty days, and return how many.

    They are asked for again all the same. `at` is the real time.
    """
    late = Voice.objects.filter(
        state=VoiceState.REVOKING,
        deletion_asked_at__lte=at - OVERDUE_AFTER,
        deletion_overdue_at=None,
    )
    told = 0
    for voice in late.select_related("organisation").order_by("deletion_asked_at", "id")[:MOST]:
        with contain_fault("late deletion not told", voice=voice.id):
            told += _tell_overdue(voice, at=at)

    return told


@transaction.atomic
def _tell_overdue(voice: Voice, *, at: datetime) -> bool:
    rows = Voice.objects.filter(id=voice.id, state=VoiceState.REVOKING, deletion_overdue_at=None)
    if not rows.update(deletion_overdue_at=at):
        return False

    body: voice_events.Row = {
        "provider": voice.provider,
        "asked_at": format_timestamp(voice.deletion_asked_at),
        "accepted": voice.deletion_accepted_at is not None,
    }
    data_time = now_for(voice.organisation, livemode=voice.livemode, wall_time=at)
    voice_events.log_voice_event(voice, "voice.deletion_overdue", body, actor=ACTOR, at=data_time)
    logger.error("provider has not deleted a voice in thirty days", extra={"voice": voice.id})
    return True


def _note_unconfirmed(
    voice: Voice, error: DeletionUnconfirmed, *, actor: str, wall_time: datetime
) -> None:
    """Show with the voice that its deletion was accepted and is not confirmed, and by whom it is.

    What only a person can do becomes a task. The operator reads of it in the log of the process
    too, once.
    """
    if isinstance(error, RemovalByHand | CopyUnfindable):
        by_hand = isinstance(error, RemovalByHand)
        kind = TaskKind.REMOVE_VOICE if by_hand else TaskKind.FIND_ORPHAN
        at = now_for(voice.organisation, livemode=voice.livemode, wall_time=wall_time)
        provider_tasks.open_task(
            kind, voice.id, provider=voice.provider, owner=voice, actor=actor, at=at
        )

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
def _finish_deletion(voice: Voice, proof: DeletionProof, *, actor: str, at: datetime) -> bool:
    try:
        leases.complete(
            voice,
            state=VoiceState.DELETED,
            deleted_at=at,
            deletion_proof=proof,
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
    provider_tasks.close_tasks(voice.id, actor=actor, at=at)
    body: voice_events.Row = {"code": voice.code, "provider": voice.provider, "proof": proof.value}
    voice_events.log_voice_event(voice, "voice.deleted", body, actor=actor, at=at)
    return True
