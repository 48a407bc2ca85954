"""Speech: now, as a stream, or as a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from django.db import transaction

from core import ids, streams, tx
from core.clock import Clock
from core.notes import Notes
from vault import notes as row_notes
from voices import jobs, limits, pipeline, tasks
from voices.models import Job, JobItem, JobKind, Voice
from voices.orders import Asker, Providers, SpeechOrder
from voices.pipeline import Spoken
from voices.providers import registry
from voices.streaming import live
from voices.streaming.live import Live


def speak(
    order: SpeechOrder,
    options: Mapping[str, object],
    *,
    asker: Asker,
    now: Clock,
    providers: Providers = registry.provider,
) -> Spoken:
    """Speak one text now. Raises as `voices.pipeline.speak`, and for fields that the engine cannot honour."""
    voice = pipeline.voice_of(order.voice_id, asker=asker)
    limits.check(order, options, providers(voice.provider).capabilities())
    return pipeline.speak(order, asker=asker, now=now, providers=providers)


def stream(
    order: SpeechOrder,
    options: Mapping[str, object],
    *,
    asker: Asker,
    now: Clock,
    providers: Providers = registry.provider,
) -> Live:
    """Begin to speak one text as a stream, and hand it over to the edge. Raises as `speak`, and StreamsBusy, NoStreams.

    Nothing is made yet; whoever carries it out makes it.
    """
    voice = pipeline.voice_of(order.voice_id, asker=asker)
    provider = providers(voice.provider)
    limits.check(order, options, provider.capabilities())
    place = live.check(order, provider)
    begun = live.begin(order, voice, asker=asker, now=now, providers=providers)
    try:
        place.put(begun)
    except streams.NoStreams as gone:
        begun.give_up_now(gone)
        raise
    return begun


@tx.opened
def queue(
    orders: Sequence[SpeechOrder],
    options: Mapping[str, object],
    *,
    kind: JobKind,
    asker: Asker,
    at: datetime,
    real: datetime,
    notes: Notes | None = None,
    providers: Providers = registry.provider,
) -> Job:
    """Write a job down and wake a worker; each text asks the gate when its turn comes. `real` is the real time.

    Raises NotFound for a stranger's voice, and for fields that the engine cannot honour.
    """
    voices = _voices(orders, asker)
    for order in orders:
        limits.check(order, options, providers(voices[order.voice_id].provider).capabilities())
    job_id, people = ids.new("job"), {voice.subject for voice in voices.values()}
    written = row_notes.columns(
        notes or Notes(), subjects=people, row_id=job_id, organisation_id=asker.organisation_id, at=at
    )
    job = Job.objects.create(
        id=job_id,
        organisation_id=asker.organisation_id,
        livemode=asker.livemode,
        kind=kind,
        actor=asker.actor,
        total=len(orders),
        created_at=at,
        **written,
    )
    JobItem.objects.bulk_create(
        _item(job, position, order, voices[order.voice_id], real) for position, order in enumerate(orders)
    )
    # A lost message is found by the sweep.
    transaction.on_commit(partial(tasks.run_job.delay, job_id=job.id), robust=True)
    return job


def _voices(orders: Sequence[SpeechOrder], asker: Asker) -> dict[str, Voice]:
    wanted = dict.fromkeys(order.voice_id for order in orders)
    return {voice_id: pipeline.voice_of(voice_id, asker=asker) for voice_id in wanted}


def _item(job: Job, position: int, order: SpeechOrder, voice: Voice, real: datetime) -> JobItem:
    return JobItem(
        job=job,
        position=position,
        voice=voice,
        sealed_text=jobs.seal_words(voice.subject, job.id, position, order),
        characters=len(order.text),
        due_at=real,
    )
