"""Cloning of a voice, which is the only way to make one. `background_cloning` does it in a worker.

A sample that is refused leaves nothing behind. A provider that fails leaves a voice in the state
`failed`, which holds nothing.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.principal import Principal
from consent import gate, recording_gate
from consent.recording_fingerprints import RecordingIdentity
from core import canonical_json, lease_renewal
from core.clock import Clock
from core.errors import Fault
from vault import blobs
from voices import (
    clone_samples,
    doubted_samples,
    remote_voices,
    speaker_embeddings,
    voice_comparison,
    voice_events,
    voice_macs,
    voice_rows,
)
from voices.clone_samples import ExaminedSamples, SamplesDoubted
from voices.models import Sample, Voice, VoiceState
from voices.models.voice import VoiceQuerySet
from voices.providers import registry, voice_handles
from voices.providers.base import Clone, Provider, ProviderVoice, UnsupportedField
from voices.remote_voices import VoiceAbandoned
from voices.synthesis_requests import CloneRequest, Providers
from voices.voice_events import Row


def clone_voice(
    order: CloneRequest,
    *,
    principal: Principal,
    now: Clock,
    providers: Providers = registry.get_provider,
) -> Voice:
    """Make a voice, or raise with nothing made.

    Where the checks are in doubt, the voice is in `checking` until a person has listened.

    Raises ConsentDenied, SamplesRefused, ProviderNotFound, ProviderUnavailable, ProviderRefused.
    """
    provider = providers(order.provider, principal)
    check_clone_capabilities(order, provider)
    clone_samples.refuse_duplicates(order.samples)
    access = build_clone_request(order, principal)

    # 1. The gate, before anything is read.
    permit = gate.check(access, at=now(), actor=principal.actor)

    voice: Voice | None = None
    finished = False

    try:
        # 2. The samples, in a limited child process.
        try:
            statement = clone_samples.require_statement(order, permit, provider.capabilities())
            examined = clone_samples.examine_clone_samples(order, principal, statement=statement)
        except SamplesDoubted as doubt:
            # This permit ends. Another one is asked for when a person has listened.
            return doubted_samples.hold_voice(order, permit, principal, doubt, at=now())

        # 3. The gate again, by how the recordings sound.
        sounds = [recording.sound for recording in examined.recordings]
        identities = recording_gate.check_recordings(
            access, permit, sounds, at=now(), actor=principal.actor
        )

        # 4. The intent, before anything leaves.
        voice = voice_rows.insert_voice(order, permit, principal, at=now())

        # 5. The provider, whose account may have changed meanwhile. No transaction is open.
        provider = providers(order.provider, principal)
        with lease_renewal.keep_leases(_select_training(voice), now=now):
            handle = ask_provider(voice, order, examined, provider, at=now())
            report = examined.report_likeness(handle.trial)

            # 6. One transaction that confirms and logs.
            finish_voice(voice, permit, handle, examined, identities, report=report, at=now())
        finished = True
    finally:
        if not finished:
            _undo_clone(voice, permit, principal=principal, at=now())

    voice.refresh_from_db()
    return voice


def check_clone_capabilities(order: CloneRequest, provider: Provider) -> None:
    """Check that the provider clones, and does to the recordings what the order wants.

    Raises UnsupportedField, with the code `preset_voices_only` for one that never clones.
    """
    can = provider.capabilities()
    if not can.clones:
        detail = "This engine has preset voices alone. No recording can become a voice there."
        raise _refuse_order("provider", detail, code="preset_voices_only")
    if order.denoise and not can.denoise:
        raise _refuse_order("denoise", "This provider takes no noise away.")
    if can.most_recordings is not None and len(order.samples) > can.most_recordings:
        detail = f"This provider takes at most {can.most_recordings} recordings of a voice."
        raise _refuse_order("samples", detail)
    if can.needs_transcripts:
        _check_transcripts(order)


def _check_transcripts(order: CloneRequest) -> None:
    """Check that it is said of each recording what is spoken in it. Raises UnsupportedField."""
    given = (*order.transcripts, *[None] * len(order.samples))
    for position, transcript in enumerate(given[: len(order.samples)]):
        if not transcript:
            detail = "This provider needs the transcript of each recording."
            raise _refuse_order(f"samples.{position}.transcript", detail, code="required")


def _refuse_order(attr: str, detail: str, *, code: str = UnsupportedField.code) -> UnsupportedField:
    return UnsupportedField(detail, code=code, faults=(Fault(code=code, detail=detail, attr=attr),))


def ask_provider(
    voice: Voice,
    order: CloneRequest,
    examined: ExaminedSamples,
    provider: Provider,
    *,
    at: datetime,
) -> ProviderVoice:
    """Have the provider make the voice, with a note before and the voice's id after.

    What an earlier try may have left there is deleted before.
    """
    if voice.provider != registry.LOCAL:
        remote_voices.remove_earlier_copies(voice, provider)
        remote_voices.note_request(voice, at=at)

    handle = provider.clone(_build_clone(voice, order, examined))
    remote_voices.keep_handle(voice, handle, provider)
    return handle


def _build_clone(voice: Voice, order: CloneRequest, examined: ExaminedSamples) -> Clone:
    """Return what the provider is asked to clone."""
    return Clone(
        reference=voice.id,
        consent_id=voice.consent_id,
        language=voice.language,
        recordings=examined.recordings,
        statement=examined.statement,
        denoise=order.denoise,
        options=order.options,
    )


def build_clone_request(order: CloneRequest, principal: Principal) -> gate.AccessRequest:
    """Return what the gate is asked for a clone."""
    return gate.AccessRequest(
        organisation_id=principal.organisation_id,
        livemode=principal.livemode,
        action="clone",
        consent_id=order.consent_id,
        language=order.language,
        use_case=order.use_case,
        channel=order.channel,
        territory=order.territory,
        provider=order.provider,
        sample_sha256s=tuple(canonical_json.sha256_hex(data) for data in order.samples),
    )


@transaction.atomic
def finish_voice(
    voice: Voice,
    permit: gate.Permit,
    handle: ProviderVoice,
    examined: ExaminedSamples,
    identities: tuple[RecordingIdentity, ...],
    *,
    report: Row,
    at: datetime,
) -> None:
    """Confirm the consent and set the voice to `ready`, or do neither.

    Locks the voice, then the consent, then the organisation's register of recordings, then the log.

    Raises VoiceAbandoned.
    """
    _set_ready(voice, handle, examined, report, at=at)

    for position, (recording, row) in enumerate(
        zip(examined.recordings, examined.rows, strict=True)
    ):
        stored = Sample.objects.filter(voice=voice, position=position)
        if not stored.update(report=row):
            voice_rows.store_sample(voice, position, recording.data, row, at=at)

    gate.confirm(permit, at=at)
    gate.commit(permit, characters=0, milliseconds=0, at=at)
    recording_gate.bind_recordings(permit, identities, at=at)
    voice_comparison.plan_comparison(voice, at=at)

    samples = [canonical_json.sha256_hex(recording.data) for recording in examined.recordings]
    body = voice_events.build_ready_body(
        voice, decision=permit.decision_id, grant=permit.grant_id, samples=samples
    )
    voice_events.log_voice_event(voice, "voice.ready", body, actor=permit.actor, at=at)


def _set_ready(
    voice: Voice, handle: ProviderVoice, examined: ExaminedSamples, report: Row, *, at: datetime
) -> None:
    """Set the voice to `ready` if it is still being made. Raises VoiceAbandoned."""
    if handle.profile:
        voice.profile_blob_id = blobs.store_blob(
            subject=voice.subject, kind="profile", data=handle.profile, at=at
        )

    changed = (
        _select_training(voice)
        .that_may_become(VoiceState.READY)
        .update(
            state=VoiceState.READY,
            ready_at=at,
            lease_until=None,
            profile_blob_id=voice.profile_blob_id,
            report=report,
            sealed_handle=voice_handles.seal_remote_id(voice, handle),
            sealed_embedding=_seal_embedding(voice, examined),
            provider_expires_at=handle.expires_at,
            binding_mac=voice_macs.compute_voice_mac(voice),
        )
    )
    if not changed:
        raise VoiceAbandoned(
            "The voice was given up while it was being made.", facts={"voice": voice.id}
        )


def _seal_embedding(voice: Voice, examined: ExaminedSamples) -> bytes | None:
    if examined.embedding is None:
        return None

    return speaker_embeddings.seal_embedding(voice, examined.embedding)


def _select_training(voice: Voice) -> VoiceQuerySet:
    """Return a query for the voice that finds it only while it is being made by this claim."""
    return Voice.objects.filter(id=voice.id, state=VoiceState.TRAINING, attempt=voice.attempt)


def _undo_clone(
    voice: Voice | None, permit: gate.Permit, *, principal: Principal, at: datetime
) -> None:
    gate.release(permit, at=at)
    if voice is not None:
        voice_events.give_up_voice(voice, code="not_made", actor=principal.actor, at=at)
