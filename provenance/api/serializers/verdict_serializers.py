"""Verification in the API: the uploads, and the verdict on each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rest_framework import serializers

from audio.containers import REASONS
from core.api.fields import BoundedListField, TimestampField
from core.api.serializers import OutputSerializer, StrictSerializer
from provenance import verdict_text
from provenance.verification import (
    ClipSummary,
    LayerEvidence,
    MarkSegment,
    Outcome,
    VerificationResult,
)

MOST_FILES: Final = 20
_NO_FILE: Final = {"invalid": "This must be a file."}


class VerifyFormSerializer(StrictSerializer):
    """The upload."""

    file = serializers.FileField(error_messages=_NO_FILE)


class VerifyBatchFormSerializer(StrictSerializer):
    """The uploads."""

    files = BoundedListField(
        child=serializers.FileField(error_messages=_NO_FILE),
        allow_empty=False,
        limit=MOST_FILES,
    )


class EvidenceSerializer(OutputSerializer[LayerEvidence]):
    """What one layer said."""

    layer = serializers.ChoiceField(choices=("sha256", "watermark", "c2pa", "fingerprint"))
    result = serializers.ChoiceField(
        choices=("match", "mismatch", "absent", "candidate", "too_short", "not_looked"),
        help_text="`too_short` is said of the watermark of a line that cannot carry one.",
    )
    detail = serializers.CharField()

    def compute_fields(self, row: LayerEvidence) -> Mapping[str, object]:
        """Return the sentence, in the caller's language."""
        return {"detail": verdict_text.EVIDENCE[row.key]}


class FoundSerializer(OutputSerializer[ClipSummary]):
    """What may be said of a clip."""

    id = serializers.CharField()
    issued_at = TimestampField()
    organisation = serializers.CharField()
    consent_state = serializers.CharField()
    consent_assurance = serializers.CharField(allow_null=True)
    livemode = serializers.BooleanField()


class MarkSerializer(OutputSerializer[MarkSegment]):
    """A stretch of the file in which a mark was read, or a short line was known by its sound.

    `clip` is null where nothing may be said of it.
    """

    start_ms = serializers.IntegerField(min_value=0)
    end_ms = serializers.IntegerField(min_value=0)
    clip = serializers.CharField(allow_null=True, source="clip_id")

    def compute_fields(self, row: MarkSegment) -> Mapping[str, object]:
        """Return both ends in milliseconds."""
        return {"start_ms": round(1000 * row.start_s), "end_ms": round(1000 * row.end_s)}


class VerdictSerializer(OutputSerializer[Any]):
    """The answer."""

    verdict = serializers.ChoiceField(choices=[str(outcome) for outcome in Outcome])
    detail = serializers.CharField()
    reason = serializers.ChoiceField(choices=sorted(REASONS), allow_null=True)
    clip = FoundSerializer(allow_null=True)
    evidence = EvidenceSerializer(many=True)
    marks = MarkSerializer(many=True)
    duration_ms = serializers.IntegerField(min_value=0)
    caveat = serializers.CharField()

    def compute_fields(self, row: VerificationResult) -> Mapping[str, Any]:
        """Return the verdict, its sentences in the caller's language (`Accept-Language`)."""
        return {
            "verdict": row.outcome,
            "detail": _describe_verdict(row),
            "reason": row.why or None,
            "clip": row.clip,
            "evidence": row.evidence,
            "marks": row.stretches,
            "duration_ms": round(1000 * row.seconds),
            "caveat": verdict_text.CAVEATS[row.outcome],
        }


class VerdictOfFileSerializer(VerdictSerializer):
    """The answer for one file of several, by its place among them."""

    index = serializers.IntegerField(min_value=0)

    # The row of this one has the place too.
    def compute_fields(  # type: ignore[override]
        self, row: tuple[int, VerificationResult]
    ) -> Mapping[str, Any]:
        """Return the place, and the verdict as above."""
        index, verdict = row
        return {"index": index, **super().compute_fields(verdict)}


class VerifyBatchSerializer(OutputSerializer[Sequence[VerificationResult]]):
    """The answers, in the order of the files."""

    data: Any = VerdictOfFileSerializer(many=True)

    def compute_fields(self, row: Sequence[VerificationResult]) -> Mapping[str, object]:
        """Return the verdicts, numbered from 0."""
        return {"data": enumerate(row)}


def _describe_verdict(verdict: VerificationResult) -> str:
    if verdict.is_erased:
        return str(verdict_text.ERASED)

    said = [verdict_text.FINDINGS[verdict.outcome].lead]
    if verdict.why:
        said.append(verdict_text.UNREADABLE[verdict.why])
    if verdict.clip and not verdict.clip.livemode:
        said.append(verdict_text.TEST_DATA)
    return " ".join(map(str, said))
