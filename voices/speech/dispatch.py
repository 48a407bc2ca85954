"""Speech: now, as a stream, or as a job."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from django.db import transaction

from accounts.principal import Principal
from core import ids, request_fence, streaming_response, transactions
from core.caller_notes import Notes
from core.clock import Clock
from vault import key_rings, sealed_notes
from voices.models import Job, JobItem, JobKind, Voice
from voices.providers import account_access, registry
from voices.providers.account_access import (
    ProviderAccountClosed,
    ProviderAccountUnchecked,
    ProviderNotConnected,
)
from voices.providers.base import Owned, Provider
from voices.speech import capability_checks, job_queue, pipeline, tasks
from voices.speech.clip_delivery import Conclude, DeliveredClip, conclude_nothing
from voices.speech.streaming import session
from voices.speech.streaming.session import StreamSession
from voices.synthesis_requests import Providers, SpeechRequest
from voices.voice_selectors import get_voice


def speak_text(
    request: SpeechRequest,
    *,
    principal: Principal,
    now: Clock,
    providers: Providers = registry.get_provider,
    conclude: Conclude = conclude_nothing,
) -> DeliveredClip:
    """Speak one text now. `conclude` is called in the transaction that delivers it.

    Raises as `voices.speech.pipeline.synthesize_clip`, and for fields that the engine cannot
    honour.
    """
    voice = get_voice(request.voice_id, principal=principal)
    provider = _check_capabilities(request, voice, providers)
    return pipeline.synthesize_clip(
        request,
        voice,
        principal=principal,
        now=now,
        providers=_keep_provider(provider),
        conclude=conclude,
    )


def stream_text(
    request: SpeechRequest,
    *,
    principal: Principal,
    now: Clock,
    providers: Providers = registry.get_provider,
) -> StreamSession:
    """Begin to speak one text as a stream, and hand it over to the ASGI edge, which carries it out.

    Nothing is made yet. Raises as `speak_text`, and StreamsBusy, StreamingUnavailable.
    """
    voice = get_voice(request.voice_id, principal=principal)
    provider = _check_capabilities(request, voice, providers)
    place = session.require_stream_slot(request, provider)
    kept = _keep_provider(provider)
    begun = session.begin_stream(request, voice, principal=principal, now=now, providers=kept)
    try:
        place.leave_stream(begun)
    except streaming_response.StreamingUnavailable as gone:
        begun.give_up_now(gone)
        raise
    return begun


@transactions.opens_transaction
def queue_job(
    requests: Sequence[SpeechRequest],
    *,
    kind: JobKind,
    principal: Principal,
    at: datetime,
    wall_time: datetime,
    notes: Notes | None = None,
    providers: Providers = registry.get_provider,
) -> Job:
    """Write a job down and wake a worker. Each text asks the gate when its turn comes.

    `wall_time` is the real time. Raises NotFound for a stranger's voice, and for fields that the
    engine cannot honour.
    """
    # A job has no entry in the log, which would ask.
    request_fence.check_fence()

    voices = _load_voices(requests, principal)
    for request in requests:
        _check_capabilities(request, voices[request.voice_id], providers)
    job_id, people = ids.new("job"), {voice.subject for voice in voices.values()}
    written = sealed_notes.seal_notes(
        notes or Notes(),
        subjects=people,
        row_id=job_id,
        organisation_id=principal.organisation_id,
        at=at,
    )
    job = Job.objects.create(
        id=job_id,
        organisation_id=principal.organisation_id,
        livemode=principal.livemode,
        kind=kind,
        actor=principal.actor,
        total=len(requests),
        created_at=at,
        **written,
    )
    with key_rings.hold_subject_keys(people):
        JobItem.objects.bulk_create(
            [
                _build_job_item(job, position, request, voices[request.voice_id], wall_time)
                for position, request in enumerate(requests)
            ]
        )
    # A lost message is found by the sweep.
    transaction.on_commit(lambda: tasks.run_job.delay(job_id=job.id), robust=True)
    return job


def list_spoken_languages(owner: Owned) -> dict[str, frozenset[str]]:
    """Return the BCP 47 tags that each provider speaks, by its name.

    A provider that publishes no list is left out, and one whose account is not used now. Raises
    EngineUnavailable.
    """
    spoken: dict[str, frozenset[str]] = {}
    for name in (registry.LOCAL, *account_access.list_connected_providers(owner)):
        with suppress(ProviderAccountUnchecked, ProviderAccountClosed, ProviderNotConnected):
            languages = registry.get_provider(name, owner).capabilities().languages
            if languages is not None:
                spoken[name] = languages

    return spoken


def _check_capabilities(request: SpeechRequest, voice: Voice, providers: Providers) -> Provider:
    """Return the voice's provider, which can do all that the request sets.

    Raises UnsupportedField, Invalid.
    """
    provider = providers(voice.provider, voice)
    capability_checks.check_capabilities(request, voice.provider, provider.capabilities())
    return provider


def _keep_provider(provider: Provider) -> Providers:
    """Return what gives the one provider of a call, whose account is not opened twice."""
    return lambda _name, _owner: provider


def _load_voices(requests: Sequence[SpeechRequest], principal: Principal) -> dict[str, Voice]:
    wanted = dict.fromkeys(request.voice_id for request in requests)
    return {voice_id: get_voice(voice_id, principal=principal) for voice_id in wanted}


def _build_job_item(
    job: Job, position: int, request: SpeechRequest, voice: Voice, wall_time: datetime
) -> JobItem:
    return JobItem(
        job=job,
        position=position,
        voice=voice,
        sealed_text=job_queue.seal_item_words(voice.subject, job.id, position, request),
        sealed_reference=job_queue.seal_item_reference(voice.subject, job.id, position, request),
        characters=len(request.text),
        due_at=wall_time,
    )
