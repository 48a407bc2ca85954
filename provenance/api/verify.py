"""REST: `POST /v1/verify`, open to everybody, limited by where the question comes from."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import clock
from core.errors import Fault, Invalid
from core.rest import Rendered, timestamp
from core.uploads import UploadParser
from provenance import turns, verify
from provenance.verify import Verdict


class VerifyForm(serializers.Serializer[Any]):
    """The upload, for the OpenAPI document."""

    file = serializers.FileField()


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


class VerdictObject(serializers.Serializer[Any]):
    """The answer."""

    verdict = serializers.ChoiceField(choices=[str(outcome) for outcome in verify.Outcome])
    detail = serializers.CharField()
    clip = FoundObject(allow_null=True)
    evidence = EvidenceObject(many=True)
    caveat = serializers.CharField()


class Verify(APIView):
    """Was this made here, and may it exist?"""

    authentication_classes = ()
    permission_classes = ()
    parser_classes = (UploadParser,)

    @extend_schema(operation_id="verify", request={"multipart/form-data": VerifyForm}, responses=VerdictObject, auth=[])
    def post(self, request: Request) -> Response:
        """Look for a clip of this service in the file. The upload is not kept."""
        at = clock.now()
        turns.take(str(request.META.get("REMOTE_ADDR", "")), at=at)
        return Response(shown(verify.verify(_file(request), at=at)))


def shown(verdict: Verdict) -> Rendered:
    """A verdict as the API writes it."""
    clip = verdict.clip
    return {
        "verdict": str(verdict.outcome),
        "detail": verdict.detail,
        "clip": {
            "id": clip.id,
            "issued_at": timestamp(clip.issued_at),
            "organisation": clip.organisation,
            "consent_state": clip.consent_state,
        }
        if clip
        else None,
        "evidence": [{"layer": row.layer, "result": row.result, "detail": row.detail} for row in verdict.evidence],
        "caveat": verdict.caveat,
    }


def _file(request: Request) -> bytes:
    unknown = sorted(str(name) for name in request.data if name != "file")
    if unknown:
        detail = "There is no such field."
        raise Invalid(detail, faults=(Fault(code="unknown_field", detail=detail, attr=unknown[0][:100]),))
    files = request.FILES.getlist("file")
    if len(files) != 1:
        detail = "Send exactly one file in the field `file`."
        raise Invalid(detail, faults=(Fault(code="required", detail=detail, attr="file"),))
    data: bytes = files[0].read()
    return data
