"""REST: `POST /v1/verify`, open to all callers. Strangers are limited by their address, and callers
with a key by the key. Those may send several files.
"""

from __future__ import annotations

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import KeyAuthentication, count_more, get_caller
from core import clock
from core.api.openapi import OPTIONAL_KEY
from core.api.uploads import UploadParser, explain_text_for_file
from core.errors import Fault, Invalid
from provenance import verification
from provenance.api.askers import identify_asker
from provenance.api.serializers.verdict_serializers import (
    MOST_FILES,
    VerdictSerializer,
    VerifyBatchFormSerializer,
    VerifyBatchSerializer,
    VerifyFormSerializer,
)


class VerifyView(APIView):
    """Was this made here, and may it exist?"""

    authentication_classes = (KeyAuthentication,)
    permission_classes = (AllowAny,)
    parser_classes = (UploadParser,)
    body_limit = settings.SAYSO_MAX_UPLOAD_BYTES
    counted_as = "verify"

    @extend_schema(
        operation_id="verify",
        request={"multipart/form-data": VerifyFormSerializer},
        responses=VerdictSerializer,
        auth=OPTIONAL_KEY,
    )
    def post(self, request: Request) -> Response:
        """Look for a clip of this service in the file.

        The upload is not kept. With a key, its limit counts instead of that of the address.
        `Accept-Language` de or en.
        """
        organisation_id, address = identify_asker(request, kind=self.counted_as)
        (data,) = _read_files(request, "file", limit=1)
        found = verification.verify(data, prefer_organisation_id=organisation_id, address=address)
        return Response(VerdictSerializer(found).data)


class VerifyBatchView(APIView):
    """The same for several files, at the limits of a key."""

    scope = "clips"
    parser_classes = (UploadParser,)
    # Twenty files of the longest kind would not fit into memory many times over. Twenty clips do.
    body_limit = 4 * settings.SAYSO_MAX_UPLOAD_BYTES

    @extend_schema(
        operation_id="verify_batch",
        request={"multipart/form-data": VerifyBatchFormSerializer},
        responses=VerifyBatchSerializer,
    )
    def post(self, request: Request) -> Response:
        """Look for clips of this service in up to 20 files. Each counts as a call.

        The uploads are not kept.
        """
        caller = get_caller(request)
        files = _read_files(request, "files", limit=MOST_FILES)
        count_more(request, len(files) - 1, at=clock.now())
        found = [
            verification.verify(data, prefer_organisation_id=caller.organisation_id)
            for data in files
        ]
        return Response(VerifyBatchSerializer(found).data)


def _read_files(request: Request, field: str, *, limit: int) -> list[bytes]:
    unknown = sorted(str(name) for name in request.data if name != field)
    if unknown:
        detail = "There is no such field."
        raise Invalid(
            detail, faults=(Fault(code="unknown_field", detail=detail, attr=unknown[0][:100]),)
        )
    files = request.FILES.getlist(field)
    if not files and field in request.data:
        detail = explain_text_for_file(field)
        raise Invalid(detail, faults=(Fault(code="required", detail=detail, attr=field),))
    if not 1 <= len(files) <= limit:
        detail = (
            "Send exactly one file in the field `file`."
            if limit == 1
            else f"Send 1 to {limit} files in `{field}`."
        )
        raise Invalid(detail, faults=(Fault(code="required", detail=detail, attr=field),))
    return [file.read() for file in files]
