"""TensorOne's batches as jobs of ours: each text asks the gate when its turn comes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import Caller, get_caller
from core import clock, database_clock
from core.api.serializers import read_form
from core.caller_notes import Notes
from core.clock import format_timestamp
from provenance.models import Clip
from proxies import clip_links, proxy_voices
from proxies.tensorone.serializers import TensorOneBatchSerializer
from proxies.tensorone.tensorone_speech import AUDIO_ROUTE, read_speech_order
from proxies.tensorone.tensorone_view import NAME, TensorOneView
from vault import key_rings
from voices import clip_access
from voices.models import Job, JobItem, JobKind, JobState
from voices.speech import dispatch, job_lookup, job_queue
from voices.synthesis_requests import SpeechRequest

_STATES: Final = {
    JobState.QUEUED: "processing",
    JobState.RUNNING: "processing",
    JobState.DONE: "completed",
}
"""Ours as the provider's. Every other one is `failed`."""
_ALIKE: Final = {"speed": 1.0, "pitch": 0.0, "emotion": "neutral", "sampleRate": 44_100}


class TensorOneBatchView(TensorOneView):
    """`voice-cloning/batch-speak`."""

    scope = "speech"
    body_limit = 16 * 2**20

    def post(self, request: Request) -> Response:
        """Queue the texts as one job, whose id is the batch's."""
        caller = get_caller(request)
        form = read_form(TensorOneBatchSerializer, request.data)
        voice = proxy_voices.get_proxied_voice(NAME, form["voiceId"], caller)
        common = {**_ALIKE, "outputFormat": form["outputFormat"]}
        orders = [
            _name_file(
                read_speech_order(request, {**common, **line}, voice, caller).request,
                line.get("filename") or f"speech_{number}.{form['outputFormat']}",
            )
            for number, line in enumerate(form["texts"])
        ]
        job = dispatch.queue_job(
            orders,
            kind=JobKind.BATCH,
            principal=caller.principal,
            at=caller.now(),
            wall_time=database_clock.get_work_time(),
        )
        return Response(_describe_job(job))


class TensorOneBatchStateView(TensorOneView):
    """`voice-cloning/batch/{id}`, which the provider's documents do not have."""

    scope = "speech"

    def get(self, request: Request, batch_id: str) -> Response:
        """Say what became of each text. A file has an address for ten minutes from now."""
        caller = get_caller(request)
        job = job_lookup.get_job(batch_id, principal=caller.principal)
        with key_rings.hold_subject_keys(job_queue.list_subjects(job)):
            results = _describe_items(job, caller)
        return Response(_describe_job(job) | {"results": results})


def _name_file(request: SpeechRequest, name: str) -> SpeechRequest:
    return replace(request, notes=Notes(client_reference=name))


def _describe_job(job: Job) -> dict[str, Any]:
    return {
        "batchId": job.id,
        "status": _STATES.get(JobState(job.state), "failed"),
        "total": job.total,
        "completed": job.done,
        "failed": job.refused + job.failed + job.cancelled,
        "createdAt": format_timestamp(job.created_at),
    }


def _describe_items(job: Job, caller: Caller) -> list[dict[str, Any]]:
    items = list(job.items.select_related("voice").order_by("position"))
    made = [item.clip_id for item in items if item.clip_id]
    clips = {row.id: row for row in clip_access.list_clips(caller.principal).filter(id__in=made)}
    return [_describe_item(item, clips.get(item.clip_id)) for item in items]


def _describe_item(item: JobItem, clip: Clip | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "filename": job_queue.open_item_reference(item),
        "status": _STATES.get(JobState(item.state), "failed"),
    }
    if clip is not None:
        row["audioUrl"] = clip_links.make_clip_link(AUDIO_ROUTE, clip.id, at=clock.now())
        row["duration"] = clip.duration_ms / 1000
    if item.code:
        row |= {"error": item.code, "reasons": item.reasons}

    return row
