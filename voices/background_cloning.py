"""Cloning in the background, for recordings that take longer than a caller waits.

The gate is asked at once. The recordings are stored with the voice, which is in `training`. A
worker claims it, examines them, asks the provider and finishes it. The rows hold the state, and
messages only wake workers.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, cast

from django.db import transaction
from django.db.models import QuerySet

from accounts.principal import Principal
from accounts.sandbox_clock import now_for
from consent import gate, recording_gate
from core import lease_renewal, leases
from core.clock import Clock
from core.errors import NotFound, SaysoError, Unavailable
from upstream.upstream_errors import ProviderRefused
from vault import blobs, sealed_values
from voices import (
    clone_samples,
    cloning,
    doubted_samples,
    sample_reviews,
    voice_events,
    voice_rows,
)
from voices.models import Voice, VoiceState
from voices.providers import registry, voice_handles
from voices.providers.base import Provider, ProviderVoice, Training, TrainingState
from voices.synthesis_requests import CloneRequest, Providers
from voices.voice_labels import label_context

MOST_ATTEMPTS: Final = 5
ASK_EVERY: Final = timedelta(seconds=30)
"""How often a provider is asked about a voice that it trains."""
LONGEST_TRAINING: Final = timedelta(hours=48)
SLOW_BYTES: Final = 8 * 2**20
"""Recordings of this size are examined in the background. Smaller ones take a few seconds."""


def is_slow(order: CloneRequest) -> bool:
    """Return whether this clone takes longer than a caller should wait."""
    return sum(len(data) for data in order.samples) >= SLOW_BYTES


def queue_clone(
    order: CloneRequest,
    *,
    principal: Principal,
    now: Clock,
    providers: Providers = registry.get_provider,
) -> Voice:
    """Ask the gate, and store the recordings for a worker. The voice is in `training`.

    Raises ConsentDenied, ProviderNotFound, ProviderStatementMissing, and Invalid for a file that is
    sent twice.
    """
    provider = providers(order.provider, principal)
    cloning.check_clone_capabilities(order, provider)
    clone_samples.refuse_duplicates(order.samples)
    access = cloning.build_clone_request(order, principal)
    permit = gate.check(access, at=now(), actor=principal.actor)

    try:
        clone_samples.require_statement(order, permit, provider.capabilities())
        return _store_order(order, permit, principal, at=now())
    except BaseException:
        gate.release(permit, at=now())
        raise


def run_training(
    voice_id: str, *, wall_clock: Clock, providers: Providers = registry.get_provider
) -> bool:
    """Carry out one clone, and return whether it is settled by this call.

    A refusal makes the voice `failed`, with the faults of its recordings, and keeps none of them.

    Raises Unavailable when it has to be tried again.
    """
    waiting = select_queued_voices().filter(id=voice_id).select_related("organisation")
    voice = leases.claim(waiting, at=wall_clock())
    if voice is None:
        return False

    def now() -> datetime:
        return now_for(voice.organisation, livemode=voice.livemode, wall_time=wall_clock())

    permit = gate.get_permit(voice.decision_id)
    if _is_hopeless(voice, at=now()):
        given_up = Unavailable("Making the voice failed too often.", code="gave_up")
        _fail_voice(voice, permit, given_up, at=now())
        return True

    try:
        return _work_on(voice, permit, now=now, wall_clock=wall_clock, providers=providers)
    except clone_samples.SamplesDoubted as doubt:
        # Another permit is asked for when a person has listened.
        gate.release(permit, at=now())
        doubted_samples.record_doubt(voice, doubt, actor=permit.actor, at=now())
    except Unavailable as unavailable:
        if voice.sealed_handle is not None or voice.attempt < MOST_ATTEMPTS:
            leases.complete(voice)
            raise
        _fail_voice(voice, permit, unavailable, at=now())
    except SaysoError as error:
        _fail_voice(voice, permit, error, at=now())

    return True


def _work_on(
    voice: Voice, permit: gate.Permit, *, now: Clock, wall_clock: Clock, providers: Providers
) -> bool:
    """Carry a clone out as far as it goes. Return False while its provider trains it."""
    with lease_renewal.keep_leases(leases.select_held(voice), now=wall_clock):
        is_settled = _carry_out(voice, permit, now=now, providers=providers)
    if not is_settled:
        # It is asked again when the lease is over.
        leases.renew(voice, at=wall_clock(), lease=ASK_EVERY)

    return is_settled


def select_queued_voices() -> QuerySet[Voice]:
    """Return the voices that a worker has to make, or is making."""
    return Voice.objects.filter(state=VoiceState.TRAINING, in_background=True)


@transaction.atomic
def _store_order(
    order: CloneRequest, permit: gate.Permit, principal: Principal, *, at: datetime
) -> Voice:
    voice = voice_rows.insert_voice(order, permit, principal, at=at, in_background=True)
    for position, data in enumerate(order.samples):
        voice_rows.store_sample(voice, position, data, {}, at=at)

    return voice


def _ask_again(
    voice: Voice, order: CloneRequest, principal: Principal, *, at: datetime
) -> gate.Permit:
    """Ask the gate for a voice whose recordings a person has approved: its first permit has ended.

    Raises ConsentDenied.
    """
    permit = gate.check(cloning.build_clone_request(order, principal), at=at, actor=principal.actor)
    rows = Voice.objects.filter(id=voice.id, state=VoiceState.TRAINING, attempt=voice.attempt)
    rows.update(decision_id=permit.decision_id)
    voice.decision_id = permit.decision_id
    return permit


def _is_hopeless(voice: Voice, *, at: datetime) -> bool:
    """Return whether a voice was tried too often, or trains at its provider for too long."""
    if voice.sealed_handle is not None:
        return at >= voice.created_at + LONGEST_TRAINING

    return voice.attempt > MOST_ATTEMPTS


def _carry_out(voice: Voice, permit: gate.Permit, *, now: Clock, providers: Providers) -> bool:
    """Examine the recordings, ask the provider, and finish the voice.

    Returns False while the provider still trains it. Raises as `cloning.clone_voice` does.
    """
    principal = Principal(
        organisation_id=voice.organisation_id, livemode=voice.livemode, actor=permit.actor
    )
    order = _restore_order(voice, permit)
    provider = providers(voice.provider, voice)
    trained = voice.sealed_handle is not None
    if trained and not _ask_progress(voice, provider):
        return False

    approved = sample_reviews.is_approved(voice)
    # The first permit has ended by now.
    asked_again = approved or trained
    if asked_again:
        permit = _ask_again(voice, order, principal, at=now())

    finished = False
    try:
        statement = clone_samples.require_statement(order, permit, provider.capabilities())
        examined = clone_samples.examine_clone_samples(
            order, principal, statement=statement, approved=approved
        )

        identities = recording_gate.check_recordings(
            cloning.build_clone_request(order, principal),
            permit,
            [recording.sound for recording in examined.recordings],
            at=now(),
            actor=permit.actor,
        )
        # The account may have changed while the recordings were examined.
        provider = providers(voice.provider, voice)
        handle = _obtain_voice(voice, order, examined, provider, at=now())
        if not handle.is_ready:
            gate.release(permit, at=now())
            return False

        report = examined.report_likeness(handle.trial)
        cloning.finish_voice(voice, permit, handle, examined, identities, report=report, at=now())
        finished = True
    finally:
        # The next attempt asks again.
        if asked_again and not finished:
            gate.release(permit, at=now())

    return True


def _obtain_voice(
    voice: Voice,
    order: CloneRequest,
    examined: clone_samples.ExaminedSamples,
    provider: Provider,
    *,
    at: datetime,
) -> ProviderVoice:
    """Return the voice that the provider has trained, or have it make one and keep its id."""
    if voice.sealed_handle is not None:
        handle = voice_handles.open_remote_handle(voice)
        return replace(handle, expires_at=voice.provider_expires_at)

    return cloning.ask_provider(voice, order, examined, provider, at=at)


def _ask_progress(voice: Voice, provider: Provider) -> bool:
    """Ask the provider how far it has come, note it, and return whether the voice is ready.

    Raises ProviderRefused for a voice that failed there, or is not there any more.
    """
    if not isinstance(provider, Training):
        return True

    progress = provider.get_progress(voice_handles.open_remote_handle(voice))
    if progress.state in {TrainingState.FAILED, TrainingState.MISSING}:
        raise ProviderRefused("The provider did not make the voice.", code="training_failed")

    report = {**voice.report, "training_percent": progress.percent}
    expires_at = progress.expires_at or voice.provider_expires_at
    Voice.objects.filter(id=voice.id).update(report=report, provider_expires_at=expires_at)
    voice.report, voice.provider_expires_at = report, expires_at
    return progress.state is TrainingState.READY


def _restore_order(voice: Voice, permit: gate.Permit) -> CloneRequest:
    """Return the order of a voice as it was stored.

    Raises NotFound when the person was erased in the meantime.
    """
    if voice.sealed_label is None:
        raise NotFound("The recordings of this voice are gone.")

    opened = sealed_values.unseal(voice.subject, label_context(voice.id), bytes(voice.sealed_label))
    label = cast("dict[str, Any]", opened)
    return CloneRequest(
        consent_id=voice.consent_id,
        name=label["name"],
        description=label["description"],
        language=voice.language,
        use_case=permit.use_case,
        provider=voice.provider,
        channel=permit.channel,
        territory=permit.territory,
        samples=tuple(
            blobs.get_blob(sample.blob_id) for sample in voice.samples.order_by("position")
        ),
        transcripts=tuple(label.get("transcripts", ())),
        denoise=bool(label.get("denoise")),
        statement_id=str(label.get("statement") or ""),
        options=label.get("options") or {},
    )


@transaction.atomic
def _fail_voice(voice: Voice, permit: gate.Permit, error: SaysoError, *, at: datetime) -> None:
    """Set the voice to `failed` with what is wrong, release its permit, and delete its recordings.

    A voice that is settled already stays as it is.
    """
    gate.release(permit, at=at)
    if not Voice.objects.filter(id=voice.id, state=VoiceState.TRAINING).exists():
        return

    Voice.objects.filter(id=voice.id).update(report={"faults": doubted_samples.list_faults(error)})
    voice_rows.delete_recordings(voice)
    voice_events.give_up_voice(voice, code=error.stable_code, actor=permit.actor, at=at)
