"""The one way to a voice: gate, checks of the samples, intent, provider, and one transaction that confirms and logs.

A sample that does not pass leaves nothing behind; a provider that fails leaves a voice that says `failed` and holds
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, cast

from django.db import transaction

from consent import gate, sample_gate
from consent.sample_fingerprints import RecordingIdentity
from core import canonical, ids
from core.clock import Clock
from core.errors import Conflict, Fault, Invalid
from core.rest import timestamp
from provenance import log, marks
from provenance.audio import decoding
from provenance.audio.formats import UnreadableAudio
from provenance.verifying import marked
from vault import blobs, keys, notes, sealing
from voices import binding, comparison, handles, sampling
from voices.models import Sample, Voice, VoiceState
from voices.orders import Asker, CloneOrder, Providers
from voices.providers import registry
from voices.providers.base import Clone, Handle, Recording

# Longer than the slowest training at a provider that we wait for.
LEASE: Final = timedelta(minutes=10)
Row = dict[str, canonical.Json]


class SamplesRefused(Invalid):
    """Some samples cannot be used: the code is that of the first, `errors` has one entry a sample."""

    code = "sample_unreadable"


class VoiceGivenUp(Conflict):
    """The voice was revoked or given up while it was being made."""

    code = "voice_given_up"


def clone(order: CloneOrder, *, asker: Asker, now: Clock, providers: Providers = registry.provider) -> Voice:
    """Make a voice, or raise with nothing made.

    Raises ConsentDenied, SamplesRefused, ProviderUnknown, ProviderDown, ProviderRefused.
    """
    provider = providers(order.provider)
    _refuse_twins(order.samples)
    ask = _ask(order, asker)
    permit = gate.check(ask, at=now(), actor=asker.actor)  # 1. the gate, before anything is read
    voice: Voice | None = None
    finished = False
    try:
        recordings, reports = _examined(order, asker)  # 2. the samples, in a limited child process
        sounds = [recording.sound for recording in recordings]
        identities = sample_gate.check(ask, permit, sounds, at=now(), actor=asker.actor)  # 3. the gate, by their sound
        voice = _intend(order, permit, asker, at=now())  # 4. the intent, before anything leaves
        handle = provider.clone(Clone(reference=voice.id, language=voice.language, recordings=recordings))  # 5.
        _finish(voice, permit, handle, recordings, reports, identities, asker=asker, at=now())  # 6. one transaction
        finished = True
    finally:
        if not finished:
            _undo(voice, permit, asker=asker, at=now())
    voice.refresh_from_db()
    return voice


def label_context(voice_id: str) -> str:
    """The context under which a voice's name and description are sealed."""
    return f"voice|{voice_id}|label"


@transaction.atomic
def give_up(voice: Voice, *, code: str, actor: str, at: datetime) -> bool:
    """Turn a voice in the making into a failed one; say whether this call did it."""
    rows = Voice.objects.filter(id=voice.id).that_may_become(VoiceState.FAILED)
    if not rows.update(state=VoiceState.FAILED, code=code, lease_until=None):
        return False
    note(voice, "voice.failed", {"code": code}, actor=actor, at=at)
    return True


def said_when_ready(voice: Voice, *, decision: str, grant: str, samples: list[str]) -> Row:
    """What the log says of a voice that is ready: an auditor holds its row against it."""
    return {
        "provider": voice.provider,
        "language": voice.language,
        "use_case": voice.use_case,
        "decision": decision,
        "grant": grant,
        "created_at": timestamp(voice.created_at),
        "provider_expires_at": timestamp(voice.provider_expires_at),
        "samples": list(samples),
    }


def note(voice: Voice, kind: str, body: Row, *, actor: str, at: datetime) -> None:
    """Log an event of a voice, as the last statement of the transaction that makes it true."""
    log.append(
        organisation_id=voice.organisation_id,
        livemode=voice.livemode,
        kind=kind,
        at=at,
        actor=actor,
        subject=voice.subject if keys.alive(voice.subject) else None,
        refs={"voice": voice.id, "consent": voice.consent_id},
        speaker=voice.speaker_id,
        body=body,
    )


def _ask(order: CloneOrder, asker: Asker) -> gate.Ask:
    return gate.Ask(
        organisation_id=asker.organisation_id,
        livemode=asker.livemode,
        action="clone",
        consent_id=order.consent_id,
        language=order.language,
        use_case=order.use_case,
        channel=order.channel,
        territory=order.territory,
        sample_sha256s=tuple(canonical.sha256(data) for data in order.samples),
    )


def _examined(order: CloneOrder, asker: Asker) -> tuple[tuple[Recording, ...], tuple[Row, ...]]:
    """Decode and check every sample. Raises SamplesRefused with one fault a sample, ReaderDown."""
    recordings = _decoded(order)
    report = sampling.examine(
        [recording.sound for recording in recordings],
        statement=None,
        watermark_keys=marks.in_use(first=asker.organisation_id),
        second_mark=lambda sound: bool(marked.by_second_mark(sound, first=asker.organisation_id)),
        raw=order.samples,
    )
    _refuse_any(report.faults)
    rows = cast("dict[str, list[Row]]", report.as_json())["samples"]
    return recordings, tuple(rows)


def _decoded(order: CloneOrder) -> tuple[Recording, ...]:
    transcripts = order.transcripts or (None,) * len(order.samples)
    recordings: list[Recording] = []
    faults: list[Fault] = []
    for number, (data, transcript) in enumerate(zip(order.samples, transcripts, strict=True)):
        try:
            recordings.append(Recording(data=data, sound=decoding.decode(data).sound, transcript=transcript))
        except UnreadableAudio as error:
            faults.append(sampling.unreadable(number, error))
    _refuse_any(faults)
    return tuple(recordings)


def _refuse_any(faults: Sequence[Fault]) -> None:
    if faults:
        raise SamplesRefused(faults[0].detail, code=faults[0].code, faults=tuple(faults))


def _refuse_twins(samples: Sequence[bytes]) -> None:
    """The same recording twice says nothing new about a voice, and would count as two in every check."""
    seen: dict[str, int] = {}
    for number, data in enumerate(samples):
        first = seen.setdefault(canonical.sha256(data), number)
        if first != number:
            detail = f"This is the same file as sample {first}."
            fault = Fault(code="sample_duplicate", detail=detail, attr=f"samples.{number}")
            raise Invalid(detail, code=fault.code, faults=(fault,))


@transaction.atomic
def _intend(order: CloneOrder, permit: gate.Permit, asker: Asker, *, at: datetime) -> Voice:
    voice_id = ids.new("vox")
    label = {"name": order.name, "description": order.description}
    return Voice.objects.create(
        id=voice_id,
        organisation_id=asker.organisation_id,
        livemode=asker.livemode,
        consent_id=permit.consent_id,
        speaker_id=permit.speaker_id,
        subject=permit.subject,
        decision_id=permit.decision_id,
        provider=order.provider,
        language=permit.language or order.language,
        use_case=permit.use_case,
        state=VoiceState.TRAINING,
        sealed_label=sealing.seal(permit.subject, label_context(voice_id), label),
        lease_until=at + LEASE,
        created_at=at,
        **notes.columns(
            order.notes,
            subjects=(permit.subject,),
            row_id=voice_id,
            organisation_id=asker.organisation_id,
            at=at,
        ),
    )


@transaction.atomic
def _finish(
    voice: Voice,
    permit: gate.Permit,
    handle: Handle,
    recordings: tuple[Recording, ...],
    reports: tuple[Row, ...],
    identities: tuple[RecordingIdentity, ...],
    *,
    asker: Asker,
    at: datetime,
) -> None:
    """Confirm the consent and make the voice ready, or nothing.

    Locks: voice, then consent, then the organisation's register of recordings, then log.
    """
    profile = handle.profile
    voice.profile_blob_id = blobs.put(subject=voice.subject, kind="profile", data=profile, at=at) if profile else ""
    changed = (
        Voice.objects.filter(id=voice.id, state=VoiceState.TRAINING)
        .that_may_become(VoiceState.READY)
        .update(
            state=VoiceState.READY,
            ready_at=at,
            lease_until=None,
            profile_blob_id=voice.profile_blob_id,
            sealed_handle=handles.seal_remote_id(voice, handle),
            binding_mac=binding.mac_of(voice),
        )
    )
    if not changed:
        raise VoiceGivenUp("The voice was given up while it was being made.", facts={"voice": voice.id})
    for position, (recording, report) in enumerate(zip(recordings, reports, strict=True)):
        _keep(voice, position, recording, report, at=at)
    gate.confirm(permit, at=at)
    gate.commit(permit, characters=0, milliseconds=0, at=at)
    sample_gate.bind(permit, identities, at=at)
    comparison.plan(voice, at=at)
    samples = [canonical.sha256(recording.data) for recording in recordings]
    body = said_when_ready(voice, decision=permit.decision_id, grant=permit.grant_id, samples=samples)
    note(voice, "voice.ready", body, actor=asker.actor, at=at)


def _keep(voice: Voice, position: int, recording: Recording, report: Row, *, at: datetime) -> None:
    Sample.objects.create(
        id=ids.new("smp"),
        voice=voice,
        position=position,
        sha256=canonical.sha256(recording.data),
        blob_id=blobs.put(subject=voice.subject, kind="sample", data=recording.data, at=at),
        report=report,
        created_at=at,
    )


def _undo(voice: Voice | None, permit: gate.Permit, *, asker: Asker, at: datetime) -> None:
    gate.release(permit, at=at)
    if voice is not None:
        give_up(voice, code="not_made", actor=asker.actor, at=at)
