"""What the API of voices answers: voices, jobs, clips."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from consent.api.serializers.decision_serializers import RefusalReason
from core.api.serializers import Rendered
from core.clock import format_timestamp
from provenance import verification
from provenance.clips import aigc_label as aigc
from provenance.clips import clip_lifecycle
from provenance.models import Clip, ClipState
from transparency_log import proofs
from voices import voice_comparison, voice_library
from voices.api import schemas
from voices.models import Job, JobItem, JobKind, ReviewState, Voice, VoiceState
from voices.speech import job_lookup
from voices.speech.disclosure import Disclosure


def render_voice(row: Voice) -> Rendered:
    """A voice; its label is opened for its own organisation alone."""
    label, written = voice_library.label_of(row), voice_library.notes_of(row)
    return {
        "id": row.id,
        "object": "voice",
        "created_at": format_timestamp(row.created_at),
        "livemode": row.livemode,
        "external_id": written.external_id or None,
        "metadata": written.metadata,
        "state": row.state,
        "code": row.code or None,
        "name": label.name,
        "description": label.description,
        "language": row.language,
        "use_case": row.use_case,
        "provider": row.provider,
        "consent": row.consent_id,
        "speaker": row.speaker_id,
        "decision": row.decision_id,
        "ready_at": format_timestamp(row.ready_at),
        "provider_expires_at": format_timestamp(row.provider_expires_at),
        "deleted_at": format_timestamp(row.deleted_at),
        "review": _render_review(row),
    }


def render_job(row: Job) -> Rendered:
    """A job in a list."""
    written = job_lookup.notes_of(row)
    return {
        "id": row.id,
        "object": "job",
        "created_at": format_timestamp(row.created_at),
        "livemode": row.livemode,
        "external_id": written.external_id or None,
        "metadata": written.metadata,
        "kind": row.kind,
        "state": row.state,
        "progress": {
            "total": row.total,
            "done": row.done,
            "refused": row.refused,
            "failed": row.failed,
        },
        "finished_at": format_timestamp(row.finished_at),
    }


def render_job_with_items(row: Job) -> Rendered:
    """A job with what became of its items; one of a single text says so itself."""
    items = [_render_job_item(item) for item in row.items.order_by("position")]
    if row.kind == JobKind.BATCH:
        return render_job(row) | {"clip": None, "items": items}
    return render_job(row) | {
        name: items[0][name] for name in ("clip", "decision", "code", "reasons")
    }


def render_clip(row: Clip) -> Rendered:
    """A clip with its place in the log. `c2pa` says where its manifest is, or why there is none."""
    written = clip_lifecycle.open_notes(row)
    return {
        "id": row.id,
        "object": "clip",
        "created_at": format_timestamp(row.issued_at),
        "livemode": row.livemode,
        "external_id": written.external_id or None,
        "metadata": written.metadata,
        "state": row.state,
        "ended_at": format_timestamp(row.ended_at),
        "voice": row.voice_id or None,
        "decision": row.decision_id,
        "consent": row.consent_id,
        "consent_assurance": verification.get_consent_level(row.consent_id),
        "grant": row.grant_id,
        "language": row.language,
        "use_case": row.use_case,
        "characters": row.characters,
        "disclosure": row.disclosure,
        "aigc_label": json.loads(label) if (label := aigc.get_label_json(row)) else None,
        "provider": row.provider,
        "client_reference": written.client_reference or None,
        "media_type": row.media_type,
        "codec": row.codec,
        "bytes": row.size,
        "duration_ms": row.duration_ms,
        "sha256": row.sha256,
        "sha256_pcm": row.sha256_pcm,
        "sha256_provider": row.sha256_provider,
        "watermark": _render_watermark(row),
        "c2pa": _render_manifest(row),
        "log_index": proofs.get_event_index(row.event_id),
        "event": row.event_id,
    }


def _render_review(row: Voice) -> Rendered | None:
    """Whether a person has to look at this voice, or has.

    Whose voice it resembles is not said here.
    """
    states = {one.state for one in row.reviews.all()}
    if not states:
        return None
    return {
        "state": ReviewState.OPEN if ReviewState.OPEN in states else ReviewState.SETTLED,
        "code": voice_comparison.CODE,
    }


def _render_job_item(row: JobItem) -> Rendered:
    return {
        "position": row.position,
        "state": row.state,
        "clip": row.clip_id or None,
        "decision": row.decision_id or None,
        "code": row.code or None,
        "reasons": row.reasons,
    }


def _render_second_mark(mark: Mapping[str, Any]) -> Rendered:
    return {
        "scheme": mark["scheme"],
        "bits": mark["bits"],
        "strength": mark["strength"],
        "score": mark["quality_milli"] / 1000,
    }


def _render_watermark(row: Clip) -> Rendered | None:
    if not row.scheme:
        return None
    return {
        "scheme": row.scheme,
        "key": f"{row.organisation_id}|{row.epoch}",
        "token": f"{row.token:08x}",
        "margin_db": row.margin_milli_db / 1000,
        "score": row.score_milli / 1000,
        "self_check": row.self_checks,
        "second_marks": [_render_second_mark(mark) for mark in row.second_marks],
    }


def _render_manifest(row: Clip) -> Rendered:
    return {
        "mode": row.manifest_mode,
        "manifest_id": row.manifest_id or None,
        "sha256": row.manifest_sha256 or None,
        "reason": row.manifest_reason or None,
    }


class VoiceObject(serializers.Serializer[Voice]):
    """A voice, for the OpenAPI document."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=("voice",))
    created_at = serializers.DateTimeField()
    livemode = serializers.BooleanField()
    external_id = serializers.CharField(allow_null=True)
    metadata = serializers.DictField(child=serializers.CharField())
    state = serializers.ChoiceField(choices=VoiceState.values)
    code = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_null=True)
    description = serializers.CharField(allow_null=True, allow_blank=True)
    language = serializers.CharField()
    use_case = serializers.CharField()
    provider = serializers.CharField()
    consent = serializers.CharField()
    speaker = serializers.CharField()
    decision = serializers.CharField()
    ready_at = serializers.DateTimeField(allow_null=True)
    provider_expires_at = serializers.DateTimeField(allow_null=True)
    deleted_at = serializers.DateTimeField(allow_null=True)
    review = schemas.ReviewObject(allow_null=True)


class _Page(serializers.Serializer[Voice]):
    object = serializers.ChoiceField(choices=("list",))
    has_more = serializers.BooleanField()
    first_id = serializers.CharField(allow_null=True)
    last_id = serializers.CharField(allow_null=True)


class VoiceList(_Page):
    """A page of voices."""

    data = VoiceObject(many=True)  # type: ignore[assignment]  # the framework's own attribute has this name too


class Progress(serializers.Serializer[Job]):
    """How far a job is."""

    total = serializers.IntegerField()
    done = serializers.IntegerField()
    refused = serializers.IntegerField()
    failed = serializers.IntegerField()


class JobObject(serializers.Serializer[Job]):
    """A job, for the OpenAPI document."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=("job",))
    created_at = serializers.DateTimeField()
    livemode = serializers.BooleanField()
    external_id = serializers.CharField(allow_null=True)
    metadata = serializers.DictField(child=serializers.CharField())
    kind = serializers.ChoiceField(choices=("speech", "batch"))
    state = serializers.ChoiceField(choices=("queued", "running", "done", "refused", "failed"))
    progress = Progress()
    finished_at = serializers.DateTimeField(allow_null=True)
    clip = serializers.CharField(allow_null=True, required=False)
    decision = serializers.CharField(allow_null=True, required=False)
    code = serializers.CharField(allow_null=True, required=False)
    reasons = RefusalReason(many=True, required=False)
    items = schemas.JobItemObject(many=True, required=False)


class JobList(_Page):
    """A page of jobs."""

    data = JobObject(many=True)  # type: ignore[assignment]  # as above


class ClipObject(serializers.Serializer[Clip]):
    """A clip, for the OpenAPI document."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=("clip",))
    created_at = serializers.DateTimeField()
    livemode = serializers.BooleanField()
    external_id = serializers.CharField(allow_null=True)
    metadata = serializers.DictField(child=serializers.CharField())
    state = serializers.ChoiceField(
        choices=[str(state) for state in ClipState if state != ClipState.MAKING]
    )
    ended_at = serializers.DateTimeField(allow_null=True)
    voice = serializers.CharField(allow_null=True)
    decision = serializers.CharField()
    consent = serializers.CharField()
    consent_assurance = serializers.CharField(allow_null=True)
    grant = serializers.CharField()
    language = serializers.CharField()
    use_case = serializers.CharField()
    characters = serializers.IntegerField()
    disclosure = serializers.ChoiceField(choices=[mode.value for mode in Disclosure])
    aigc_label = schemas.AigcLabelObject(allow_null=True)
    provider = serializers.CharField()
    client_reference = serializers.CharField(allow_null=True)
    media_type = serializers.CharField()
    codec = serializers.CharField()
    bytes = serializers.IntegerField()
    duration_ms = serializers.IntegerField()
    sha256 = serializers.CharField()
    sha256_pcm = serializers.CharField()
    sha256_provider = serializers.CharField()
    watermark = schemas.WatermarkObject(allow_null=True)
    c2pa = schemas.ManifestObject()
    log_index = serializers.IntegerField(allow_null=True)
    event = serializers.CharField()


class ClipList(_Page):
    """A page of clips."""

    data = ClipObject(many=True)  # type: ignore[assignment]  # as above
