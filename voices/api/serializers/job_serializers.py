"""Jobs in the API: how far a job is, and what became of its texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from consent.api.serializers.decision_serializers import RefusalReasonSerializer
from core.api.fields import ChoiceField, NullableTextField, TimestampField
from core.api.pagination import make_list_serializer
from core.api.serializers import NoteFilterSerializer, ObjectSerializer, OutputSerializer
from core.caller_notes import Notes
from voices.models import Job, JobItem, JobKind, JobState
from voices.speech import job_queue


class ProgressSerializer(OutputSerializer[Job]):
    """How far a job is."""

    total = serializers.IntegerField()
    done = serializers.IntegerField()
    refused = serializers.IntegerField()
    failed = serializers.IntegerField()
    cancelled = serializers.IntegerField()


class JobItemSerializer(OutputSerializer[JobItem]):
    """What became of one text of a batch."""

    position = serializers.IntegerField(min_value=0)
    state = serializers.ChoiceField(choices=JobState.values)
    clip = NullableTextField(source="clip_id")
    decision = NullableTextField(source="decision_id")
    code = NullableTextField()
    reasons = RefusalReasonSerializer(many=True)
    client_reference = serializers.CharField(allow_null=True)

    def compute_fields(self, row: JobItem) -> Mapping[str, Any]:
        """Return the caller's own name for the text."""
        return {"client_reference": job_queue.open_item_reference(row) or None}


class JobFilterSerializer(NoteFilterSerializer):
    """What a list of jobs may be narrowed by."""

    kind = ChoiceField(choices=JobKind.values, required=False)
    state = ChoiceField(choices=JobState.values, required=False)


class JobSerializer(ObjectSerializer[Job]):
    """A job. Asked for alone, it also has its outcome: the clip of one text, or the items of a
    batch.
    """

    object_name = "job"

    kind = serializers.ChoiceField(choices=JobKind.values)
    state = serializers.ChoiceField(choices=JobState.values)
    progress = ProgressSerializer(source="*")
    finished_at = TimestampField(allow_null=True)

    # A row has no attribute `outcome`: these are left out unless `compute_fields` returns them.
    clip = NullableTextField(source="outcome.clip", required=False)
    decision = NullableTextField(source="outcome.decision", required=False)
    code = NullableTextField(source="outcome.code", required=False)
    reasons = RefusalReasonSerializer(many=True, source="outcome.reasons", required=False)
    client_reference = NullableTextField(source="outcome.client_reference", required=False)
    items = JobItemSerializer(many=True, source="outcome.items", required=False)

    def open_notes(self, row: Job) -> Notes:
        """Return what the caller wrote beside the job.

        The context of a page holds the `people` of its jobs.
        """
        return job_queue.open_job_notes(row, self.context.get("people"))

    def compute_fields(self, row: Job) -> Mapping[str, Any]:
        """Return the notes, and with `outcome` in the context also what became of the texts."""
        outcome = _compute_outcome(row) if self.context.get("outcome") else {}
        return {**super().compute_fields(row), **outcome}


JobList = make_list_serializer(JobSerializer, "A page of jobs.")


def _compute_outcome(row: Job) -> Mapping[str, Any]:
    items = list(row.items.select_related("voice").order_by("position"))
    if row.kind == JobKind.BATCH:
        return {"clip": None, "items": items}

    (only,) = items
    return {
        "clip": only.clip_id,
        "decision": only.decision_id,
        "code": only.code,
        "reasons": only.reasons,
        "client_reference": job_queue.open_item_reference(only),
    }
