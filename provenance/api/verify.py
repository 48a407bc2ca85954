"""REST: `POST /v1/verify`, open to everybody, limited by where the question comes from; several
files with a key.
"""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import caller_of, count_more
from audio.containers import REASONS
from core import clock
from core.api.serializers import Rendered
from core.api.uploads import UploadParser
from core.clock import format_timestamp
from core.errors import Fault, Invalid
from provenance import anonymous_rate_limit, verdict_text, verification
from provenance.verification import MarkSegment, Outcome, VerificationResult

MOST_FILES: Final = 20


class VerifyForm(serializers.Serializer[Any]):
    """The upload, for the OpenAPI document."""

    file = serializers.FileField()


class VerifyBatchForm(serializers.Serializer[Any]):
    """The uploads, for the OpenAPI document."""

    files = serializers.ListField(
        child=serializers.FileField(), min_length=1, max_length=MOST_FILES
    )


class EvidenceObject(serializers.Serializer[Any]):
    """What one layer said."""

    layer = serializers.ChoiceField(choices=("sha256", "watermark", "c2pa", "fingerprint"))
    result = serializers.ChoiceField(choices=("match", "mismatch", "absent", "candidate"))
    detail = serializers.CharField()


class FoundObject(serializers.Serializer[Any]):
    """What may be said of a clip."""

    id = serializers.CharField()
    issued_at = serializers.DateTimeField()
    organisation = serializers.CharField()
    consent_state = serializers.CharField()
    consent_assurance = serializers.CharField(allow_null=True)
    livemode = serializers.BooleanField()


class MarkObject(serializers.Serializer[Any]):
    """A stretch of the file in which a mark was read.

    `clip` is null where nothing may be said of it.
    """

    start_ms = serializers.IntegerField(min_value=0)
    end_ms = serializers.IntegerField(min_value=0)
    clip = serializers.CharField(allow_null=True)


class VerdictObject(serializers.Serializer[Any]):
    """The answer."""

    verdict = serializers.ChoiceField(choices=[str(outcome) for outcome in Outcome])
    detail = serializers.CharField()
    reason = serializers.ChoiceField(choices=sorted(REASONS), allow_null=True)
    clip = FoundObject(allow_null=True)
    evidence = EvidenceObject(many=True)
    marks = MarkObject(many=True)
    duration_ms = serializers.IntegerField(min_value=0)
    caveat = serializers.CharField()


class VerdictOfFile(VerdictObject):
    """The answer for one file of several, by its place among them."""

    index = serializers.IntegerField(min_value=0)


class VerifyBatchObject(serializers.Serializer[Any]):
    """The answers, in the order of the files."""

    data = VerdictOfFile(many=True)  # type: ignore[assignment]  # the framework's own attribute has this name too


class Verify(APIView):
    """Was this made here, and may it exist?"""

    authentication_classes = ()
    permission_classes = ()
    parser_classes = (UploadParser,)
    body_limit = settings.SAYSO_MAX_UPLOAD_BYTES

    @extend_schema(
        operation_id="verify",
        request={"multipart/form-data": VerifyForm},
        responses=VerdictObject,
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Look for a clip of this service in the file.

        The upload is not kept; `Accept-Language` de or en.
        """
        anonymous_rate_limit.count_request(str(request.META.get("REMOTE_ADDR", "")), at=clock.now())
        (data,) = _read_files(request, "file", most=1)
        return Response(render_verdict(verification.verify(data)))


class VerifyBatch(APIView):
    """The same for several files, at the limits of a key."""

    scope = "clips"
    parser_classes = (UploadParser,)
    # Twenty files of the longest kind would not fit into memory many times over; twenty clips do.
    body_limit = 4 * settings.SAYSO_MAX_UPLOAD_BYTES

    @extend_schema(
        operation_id="verify_batch",
        request={"multipart/form-data": VerifyBatchForm},
        responses=VerifyBatchObject,
    )
    def post(self, request: Request) -> Response:
        """Look for clips of this service in up to 20 files; each counts as a call.

        The uploads are not kept.
        """
        caller = caller_of(request)
        files = _read_files(request, "files", most=MOST_FILES)
        count_more(request, len(files) - 1, at=clock.now())
        found = [verification.verify(data, first=caller.organisation_id) for data in files]
        return Response(
            {"data": [{"index": place, **render_verdict(one)} for place, one in enumerate(found)]}
        )


def render_verdict(verdict: VerificationResult) -> Rendered:
    """A verdict as the API writes it, in the caller's language (`Accept-Language`)."""
    clip = verdict.clip
    return {
        "verdict": str(verdict.outcome),
        "detail": _describe_verdict(verdict),
        "reason": verdict.why or None,
        "clip": {
            "id": clip.id,
            "issued_at": format_timestamp(clip.issued_at),
            "organisation": clip.organisation,
            "consent_state": clip.consent_state,
            "consent_assurance": clip.consent_assurance,
            "livemode": clip.livemode,
        }
        if clip
        else None,
        "evidence": [
            {
                "layer": row.layer,
                "result": row.result,
                "detail": str(verdict_text.EVIDENCE[row.key]),
            }
            for row in verdict.evidence
        ],
        "marks": [_render_segment(stretch) for stretch in verdict.stretches],
        "duration_ms": round(1000 * verdict.seconds),
        "caveat": str(verdict_text.CAVEATS[verdict.outcome]),
    }


def _describe_verdict(verdict: VerificationResult) -> str:
    if verdict.is_erased:
        return str(verdict_text.ERASED)
    said = [verdict_text.FINDINGS[verdict.outcome].lead]
    if verdict.why:
        said.append(verdict_text.UNREADABLE[verdict.why])
    if verdict.clip and not verdict.clip.livemode:
        said.append(verdict_text.TEST_DATA)
    return " ".join(map(str, said))


def _render_segment(stretch: MarkSegment) -> Rendered:
    return {
        "start_ms": round(1000 * stretch.start_s),
        "end_ms": round(1000 * stretch.end_s),
        "clip": stretch.clip_id,
    }


def _read_files(request: Request, field: str, *, most: int) -> list[bytes]:
    unknown = sorted(str(name) for name in request.data if name != field)
    if unknown:
        detail = "There is no such field."
        raise Invalid(
            detail, faults=(Fault(code="unknown_field", detail=detail, attr=unknown[0][:100]),)
        )
    files = request.FILES.getlist(field)
    if not 1 <= len(files) <= most:
        detail = (
            "Send exactly one file in the field `file`."
            if most == 1
            else f"Send 1 to {most} files in `{field}`."
        )
        raise Invalid(detail, faults=(Fault(code="required", detail=detail, attr=field),))
    return [file.read() for file in files]
