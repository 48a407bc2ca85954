"""Erasures over REST: ask, look how far it is, fetch the certificate."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import caller_of
from consent.policy import change_reasons
from consent.policy.change_reasons import Act
from core import canonical_json, clock
from core.api.fields import ShownText
from core.api.openapi import describe_header
from core.api.pagination import PAGE, render_page
from core.api.serializers import Rendered, StrictSerializer, read_form
from core.clock import format_timestamp
from core.errors import Conflict
from erasure import certificate, erasure_requests
from erasure.api import schemas
from erasure.models import Erasure


class NotFinished(Conflict):
    """There is no certificate before every target is settled."""

    code = "erasure_running"


class EraseForm(StrictSerializer):
    """Why a person is erased: a code of `GET /v1/reasons`.

    Words count as `other` and are not kept.
    """

    reason = ShownText(fewest=0, one_line=False, max_length=200)


class Erase(APIView):
    """`POST /v1/speakers/{id}/erase`."""

    scope = "erasures"

    @extend_schema(
        operation_id="speakers_erase",
        request=EraseForm,
        parameters=[describe_header("Location", "Where the erasure is.", 202)],
        responses={202: schemas.ErasureObject},
    )
    def post(self, request: Request, speaker_id: str) -> Response:
        """Begin; asked again it answers with the same erasure."""
        caller, form = caller_of(request), read_form(EraseForm, request.data)
        erasure = erasure_requests.request_erasure(
            speaker_id,
            organisation=caller.organisation,
            livemode=caller.livemode,
            reason=form["reason"],
            actor=caller.actor,
            at=caller.now(),
            real=clock.now(),
        )
        body = render_erasure(erasure, warnings=_reason_warnings(form["reason"]))
        return Response(body, status=202, headers={"Location": f"/v1/erasures/{erasure.id}"})


class ErasureCollection(APIView):
    """`GET /v1/erasures`."""

    scope = "erasures"

    @extend_schema(
        operation_id="erasures_list", parameters=list(PAGE), responses=schemas.ErasureList
    )
    def get(self, request: Request) -> Response:
        """List the erasures, newest first."""
        caller = caller_of(request)
        return render_page(
            request,
            erasure_requests.list_erasures(caller.organisation_id, livemode=caller.livemode),
            render_erasure,
        )


class ErasureDetail(APIView):
    """`GET /v1/erasures/{id}`."""

    scope = "erasures"

    @extend_schema(operation_id="erasures_retrieve", responses=schemas.ErasureObject)
    def get(self, request: Request, erasure_id: str) -> Response:
        """Show the erasure with its targets."""
        return Response(render_erasure(_get_erasure(request, erasure_id)))


class Certificate(APIView):
    """`GET /v1/erasures/{id}/certificate`: signed JSON."""

    scope = "erasures"

    @extend_schema(
        operation_id="erasures_certificate", responses={200: schemas.CertificateObject, 409: None}
    )
    def get(self, request: Request, erasure_id: str) -> Response:
        """Give the exact JCS bytes, the JWS over them, and the key; 409 while the erasure is
        running.
        """
        erasure = _get_erasure(request, erasure_id)
        record = _require_certificate(erasure)
        return Response(
            {
                "object": "erasure_certificate",
                "certificate": canonical_json.load(record),
                "record": base64.b64encode(record).decode(),
                "sha256": certificate.hash_certificate(record),
                "jws": erasure.certificate_jws,
                "public_key": certificate.public_key(erasure, at=clock.now()),
            }
        )


class CertificatePdf(APIView):
    """`GET /v1/erasures/{id}/certificate.pdf`: one page for people."""

    scope = "erasures"

    @extend_schema(
        operation_id="erasures_certificate_pdf",
        responses={(200, "application/pdf"): OpenApiTypes.BINARY, 409: None},
    )
    def get(self, request: Request, erasure_id: str) -> HttpResponse:
        """Give the certificate as one page for people; 409 while the erasure is running."""
        record = _require_certificate(_get_erasure(request, erasure_id))
        body = certificate.render_pdf(
            certificate.parse_certificate(record), certificate.hash_certificate(record)
        )
        return HttpResponse(body, content_type="application/pdf")


def render_erasure(erasure: Erasure, *, warnings: Sequence[Rendered] = ()) -> Rendered:
    """An erasure as the API shows it."""
    return {
        "id": erasure.id,
        "object": "erasure",
        "created_at": format_timestamp(erasure.created_at),
        "livemode": erasure.livemode,
        # an erasure outlives the person, so nothing that a caller writes is kept with it
        "external_id": None,
        "metadata": {},
        "speaker": erasure.speaker_id,
        "reason": erasure.reason,
        "state": erasure.state,
        "answer_by": format_timestamp(erasure.answer_by),
        "completed_at": format_timestamp(erasure.completed_at),
        "targets": [
            {
                "system": target.system,
                "asset": target.asset,
                "method": target.method,
                "state": target.state,
                "ground": target.ground or None,
                "settled_at": format_timestamp(target.settled_at),
            }
            for target in erasure.targets.order_by("position")
        ],
        "warnings": list(warnings),
    }


def _reason_warnings(reason: str) -> list[Rendered]:
    """What the caller should know: words are not kept in an erasure, as they could hold what is to
    be erased.
    """
    if not change_reasons.parse_reason(reason, Act.ERASE).words:
        return []
    codes = ", ".join(code.name for code in change_reasons.codes_for_act(Act.ERASE))
    detail = (
        "The words are not kept, as they could name the person. The reason counts as `other`. "
        f"Codes: {codes}."
    )
    return [{"code": "reason_not_kept", "attr": "reason", "detail": detail}]


def _get_erasure(request: Request, erasure_id: str) -> Erasure:
    caller = caller_of(request)
    return erasure_requests.get_erasure(
        erasure_id, organisation_id=caller.organisation_id, livemode=caller.livemode
    )


def _require_certificate(erasure: Erasure) -> bytes:
    if erasure.certificate is None:
        raise NotFinished(
            "The erasure is still running; its certificate comes when every target is settled."
        )
    return bytes(erasure.certificate)
