"""The one way to a voice: gate, checks of the samples, intent, provider, and one transaction that
confirms and logs.

A sample that does not pass leaves nothing behind; a provider that fails leaves a voice that says
`failed` and holds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, cast

from django.conf import settings
from django.db import transaction

from accounts.principal import Principal
from audio import decoding
from audio.containers import UnreadableAudio
from consent import gate, recording_gate
from consent.recording_fingerprints import RecordingIdentity
from core import canonical_json, ids
from core.clock import Clock, format_timestamp
from core.errors import Conflict, Fault, Invalid
from provenance.clips import watermark_keys
from provenance.verification import watermark_layer
from transparency_log import events
from vault import blobs, sealed_notes, sealed_values, subject_keys
from voices import sample_checks, voice_comparison, voice_macs
from voices.models import Sample, Voice, VoiceState
from voices.providers import registry, voice_handles
from voices.providers.base import Clone, ProviderVoice, ReferenceRecording
from voices.synthesis_requests import CloneRequest, Providers

# Longer than the slowest training at a provider that we wait for.
LEASE: Final = timedelta(minutes=10)
Row = dict[str, canonical_json.Json]


class SamplesRefused(Invalid):
    """Some samples cannot be used: the code is that of the first, `errors` has one entry a
    sample.
    """

    code = "sample_unreadable"


class VoiceGivenUp(Conflict):
    """The voice was revoked or given up while it was being made."""

    code = "voice_given_up"


def clone_voice(
    order: CloneRequest,
    *,
    principal: Principal,
    now: Clock,
    providers: Providers = registry.get_provider,
) -> Voice:
    """Make a voice, or raise with nothing made.

    Raises ConsentDenied, SamplesRefused, ProviderUnknown, ProviderDown, ProviderRefused.
    """
    provider = providers(order.provider)
    _refuse_duplicates(order.samples)
    ask = _build_access_request(order, principal)
    permit = gate.check(
        ask, at=now(), actor=principal.actor
    )  # 1. the gate, before anything is read
    voice: Voice | None = None
    finished = False
    try:
        recordings, reports = _examine_samples(
            order, principal
        )  # 2. the samples, in a limited child process
        sounds = [recording.sound for recording in recordings]
        identities = recording_gate.check_recordings(
            ask, permit, sounds, at=now(), actor=principal.actor
        )  # 3. the gate, by their sound
        voice = _create_voice(
            order, permit, principal, at=now()
        )  # 4. the intent, before anything leaves
        handle = provider.clone(
            Clone(reference=voice.id, language=voice.language, recordings=recordings)
        )  # 5.
        _finish_voice(
            voice, permit, handle, recordings, reports, identities, principal=principal, at=now()
        )  # 6. one transaction
        finished = True
    finally:
        if not finished:
            _undo_clone(voice, permit, principal=principal, at=now())
    voice.refresh_from_db()
    return voice


def label_context(voice_id: str) -> str:
    """The context under which a voice's name and description are sealed."""
    return f"voice|{voice_id}|label"


@transaction.atomic
def give_up_voice(voice: Voice, *, code: str, actor: str, at: datetime) -> bool:
    """Turn a voice in the making into a failed one; say whether this call did it."""
    rows = Voice.objects.filter(id=voice.id).that_may_become(VoiceState.FAILED)
    if not rows.update(state=VoiceState.FAILED, code=code, lease_until=None):
        return False
    log_voice_event(voice, "voice.failed", {"code": code}, actor=actor, at=at)
    return True


def build_ready_body(voice: Voice, *, decision: str, grant: str, samples: list[str]) -> Row:
    """What the log says of a voice that is ready: an auditor holds its row against it."""
    return {
        "provider": voice.provider,
        "language": voice.language,
        "use_case": voice.use_case,
        "decision": decision,
        "grant": grant,
        "created_at": format_timestamp(voice.created_at),
        "provider_expires_at": format_timestamp(voice.provider_expires_at),
        "samples": list(samples),
    }


def log_voice_event(voice: Voice, kind: str, body: Row, *, actor: str, at: datetime) -> None:
    """Log an event of a voice, as the last statement of the transaction that makes it true."""
    events.append_event(
        organisation_id=voice.organisation_id,
        livemode=voice.livemode,
        kind=kind,
        at=at,
        actor=actor,
        subject=voice.subject if subject_keys.is_alive(voice.subject) else None,
        refs={"voice": voice.id, "consent": voice.consent_id},
        speaker=voice.speaker_id,
        body=body,
    )


def _build_access_request(order: CloneRequest, principal: Principal) -> gate.AccessRequest:
    return gate.AccessRequest(
        organisation_id=principal.organisation_id,
        livemode=principal.livemode,
        action="clone",
        consent_id=order.consent_id,
        language=order.language,
        use_case=order.use_case,
        channel=order.channel,
        territory=order.territory,
        sample_sha256s=tuple(canonical_json.sha256_hex(data) for data in order.samples),
    )


def _examine_samples(
    order: CloneRequest, principal: Principal
) -> tuple[tuple[ReferenceRecording, ...], tuple[Row, ...]]:
    """Decode and check every sample. Raises SamplesRefused with one fault a sample, ReaderDown."""
    recordings = _decode_samples(order)
    report = sample_checks.examine_samples(
        [recording.sound for recording in recordings],
        statement=None,
        watermark_keys=watermark_keys.get_keys_in_use(first=principal.organisation_id),
        second_mark=lambda sound: bool(
            watermark_layer.find_by_second_mark(sound, first=principal.organisation_id)
        ),
        raw=order.samples,
    )
    _refuse_faults(report.faults)
    rows = cast("dict[str, list[Row]]", report.as_json())["samples"]
    return recordings, tuple(rows)


def _decode_samples(order: CloneRequest) -> tuple[ReferenceRecording, ...]:
    transcripts = order.transcripts or (None,) * len(order.samples)
    recordings: list[ReferenceRecording] = []
    faults: list[Fault] = []
    for number, (data, transcript) in enumerate(zip(order.samples, transcripts, strict=True)):
        try:
            recordings.append(
                ReferenceRecording(
                    data=data,
                    sound=decoding.decode_untrusted(
                        data, most_bytes=settings.SAYSO_MAX_UPLOAD_BYTES
                    ).sound,
                    transcript=transcript,
                )
            )
        except UnreadableAudio as error:
            faults.append(sample_checks.build_unreadable_fault(number, error))
    _refuse_faults(faults)
    return tuple(recordings)


def _refuse_faults(faults: Sequence[Fault]) -> None:
    if faults:
        raise SamplesRefused(faults[0].detail, code=faults[0].code, faults=tuple(faults))


def _refuse_duplicates(samples: Sequence[bytes]) -> None:
    """The same recording twice says nothing new about a voice, and would count as two in every
    check.
    """
    seen: dict[str, int] = {}
    for number, data in enumerate(samples):
        first = seen.setdefault(canonical_json.sha256_hex(data), number)
        if first != number:
            detail = f"This is the same file as sample {first}."
            fault = Fault(code="sample_duplicate", detail=detail, attr=f"samples.{number}")
            raise Invalid(detail, code=fault.code, faults=(fault,))


@transaction.atomic
def _create_voice(
    order: CloneRequest, permit: gate.Permit, principal: Principal, *, at: datetime
) -> Voice:
    voice_id = ids.new("vox")
    label = {"name": order.name, "description": order.description}
    return Voice.objects.create(
        id=voice_id,
        organisation_id=principal.organisation_id,
        livemode=principal.livemode,
        consent_id=permit.consent_id,
        speaker_id=permit.speaker_id,
        subject=permit.subject,
        decision_id=permit.decision_id,
        provider=order.provider,
        language=permit.language or order.language,
        use_case=permit.use_case,
        state=VoiceState.TRAINING,
        sealed_label=sealed_values.seal(permit.subject, label_context(voice_id), label),
        lease_until=at + LEASE,
        created_at=at,
        **sealed_notes.seal_notes(
            order.notes,
            subjects=(permit.subject,),
            row_id=voice_id,
            organisation_id=principal.organisation_id,
            at=at,
        ),
    )


@transaction.atomic
def _finish_voice(
    voice: Voice,
    permit: gate.Permit,
    handle: ProviderVoice,
    recordings: tuple[ReferenceRecording, ...],
    reports: tuple[Row, ...],
    identities: tuple[RecordingIdentity, ...],
    *,
    principal: Principal,
    at: datetime,
) -> None:
    """Confirm the consent and make the voice ready, or nothing.

    Locks: voice, then consent, then the organisation's register of recordings, then log.
    """
    profile = handle.profile
    voice.profile_blob_id = (
        blobs.store_blob(subject=voice.subject, kind="profile", data=profile, at=at)
        if profile
        else ""
    )
    changed = (
        Voice.objects.filter(id=voice.id, state=VoiceState.TRAINING)
        .that_may_become(VoiceState.READY)
        .update(
            state=VoiceState.READY,
            ready_at=at,
            lease_until=None,
            profile_blob_id=voice.profile_blob_id,
            sealed_handle=voice_handles.seal_remote_id(voice, handle),
            binding_mac=voice_macs.mac_of(voice),
        )
    )
    if not changed:
        raise VoiceGivenUp(
            "The voice was given up while it was being made.", facts={"voice": voice.id}
        )
    for position, (recording, report) in enumerate(zip(recordings, reports, strict=True)):
        _store_sample(voice, position, recording, report, at=at)
    gate.confirm(permit, at=at)
    gate.commit(permit, characters=0, milliseconds=0, at=at)
    recording_gate.bind_recordings(permit, identities, at=at)
    voice_comparison.plan_comparison(voice, at=at)
    samples = [canonical_json.sha256_hex(recording.data) for recording in recordings]
    body = build_ready_body(
        voice, decision=permit.decision_id, grant=permit.grant_id, samples=samples
    )
    log_voice_event(voice, "voice.ready", body, actor=principal.actor, at=at)


def _store_sample(
    voice: Voice, position: int, recording: ReferenceRecording, report: Row, *, at: datetime
) -> None:
    Sample.objects.create(
        id=ids.new("smp"),
        voice=voice,
        position=position,
        sha256=canonical_json.sha256_hex(recording.data),
        blob_id=blobs.store_blob(subject=voice.subject, kind="sample", data=recording.data, at=at),
        report=report,
        created_at=at,
    )


def _undo_clone(
    voice: Voice | None, permit: gate.Permit, *, principal: Principal, at: datetime
) -> None:
    gate.release(permit, at=at)
    if voice is not None:
        give_up_voice(voice, code="not_made", actor=principal.actor, at=at)
