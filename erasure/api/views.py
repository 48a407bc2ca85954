"""Erasures over REST: ask, look how far it is, fetch the certificate."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import get_caller
from consent.policy import change_reasons
from consent.policy.change_reasons import Act
from core import clock, database_clock
from core.api.openapi import describe_header, describe_polling
from core.api.pagination import PAGE, list_page, read_filters
from core.api.responses import polling_headers
from core.api.serializers import Rendered, read_form
from core.caller_notes import Notes
from core.errors import Conflict
from erasure import certificate, erasure_requests
from erasure.api.serializers import (
    CertificateSerializer,
    EraseFormSerializer,
    ErasureFilterSerializer,
    ErasureList,
    ErasureSerializer,
)
from erasure.models import Erasure, ErasureState
from vault import key_rings


class NotFinished(Conflict):
    """There is no certificate before every target is settled."""

    code = "erasure_running"


class EraseView(APIView):
    """`POST /v1/speakers/{id}/erase`."""

    scope = "erasures"

    @extend_schema(
        operation_id="speakers_erase",
        request=EraseFormSerializer,
        parameters=[
            describe_header("Location", "Where the erasure is.", 202),
            describe_polling(202),
        ],
        responses={202: ErasureSerializer},
    )
    def post(self, request: Request, speaker_id: str) -> Response:
        """Begin the erasure. A repeated call answers with the same erasure."""
        caller, form = get_caller(request), read_form(EraseFormSerializer, request.data)
        erasure = erasure_requests.request_erasure(
            speaker_id,
            organisation=caller.organisation,
            livemode=caller.livemode,
            reason=form["reason"],
            actor=caller.actor,
            at=caller.now(),
            wall_time=database_clock.get_work_time(),
            notes=Notes.from_form(form),
        )
        warnings = _build_reason_warnings(form["reason"])
        return Response(
            ErasureSerializer(erasure, context={"warnings": warnings}).data,
            status=status.HTTP_202_ACCEPTED,
            headers={
                "Location": reverse("erasure", args=[erasure.id]),
                **polling_headers(finished=erasure.state == ErasureState.COMPLETED),
            },
        )


class ErasureListView(APIView):
    """`GET /v1/erasures`."""

    scope = "erasures"

    @extend_schema(
        operation_id="erasures_list",
        parameters=[ErasureFilterSerializer, *PAGE],
        responses=ErasureList,
    )
    def get(self, request: Request) -> Response:
        """List the erasures, newest first."""
        caller, asked = get_caller(request), read_filters(request)
        rows = erasure_requests.filter_erasures(
            read_form(ErasureFilterSerializer, asked),
            organisation_id=caller.organisation_id,
            livemode=caller.livemode,
            at=caller.now(),
        )
        return list_page(
            request,
            rows,
            ErasureList,
            filters=asked,
            among=erasure_requests.list_erasures(caller.organisation_id, livemode=caller.livemode),
            within=lambda rows: key_rings.hold_subject_keys(
                row.subject for row in rows if row.sealed_notes is not None
            ),
        )


class ErasureDetailView(APIView):
    """`GET /v1/erasures/{id}`."""

    scope = "erasures"

    @extend_schema(
        operation_id="erasures_retrieve",
        parameters=[describe_polling(200)],
        responses=ErasureSerializer,
    )
    def get(self, request: Request, erasure_id: str) -> Response:
        """Show the erasure with its targets."""
        erasure = _get_erasure(request, erasure_id)
        return Response(
            ErasureSerializer(erasure).data,
            headers=polling_headers(finished=erasure.state == ErasureState.COMPLETED),
        )


class CertificateView(APIView):
    """`GET /v1/erasures/{id}/certificate`: signed JSON."""

    scope = "erasures"

    @extend_schema(
        operation_id="erasures_certificate", responses={200: CertificateSerializer, 409: None}
    )
    def get(self, request: Request, erasure_id: str) -> Response:
        """Return the exact JCS bytes, the JWS over them, and the key. 409 while the erasure is
        running.
        """
        erasure = _get_erasure(request, erasure_id)
        _require_certificate(erasure)
        return Response(CertificateSerializer(erasure, context={"at": clock.now()}).data)


class CertificatePdfView(APIView):
    """`GET /v1/erasures/{id}/certificate.pdf`: one page for people."""

    scope = "erasures"

    @extend_schema(
        operation_id="erasures_certificate_pdf",
        responses={(200, "application/pdf"): OpenApiTypes.BINARY, 409: None},
    )
    def get(self, request: Request, erasure_id: str) -> HttpResponse:
        """Return the certificate as one page for people. 409 while the erasure is running."""
        record = _require_certificate(_get_erasure(request, erasure_id))
        body = certificate.render_pdf(
            certificate.parse_certificate(record), certificate.hash_certificate(record)
        )
        return HttpResponse(body, content_type="application/pdf")


def _build_reason_warnings(reason: str) -> list[Rendered]:
    """Return a warning when `reason` holds words. An erasure does not keep them, as they could hold
    what is to be erased.
    """
    if not change_reasons.parse_reason(reason, Act.ERASE).words:
        return []
    codes = ", ".join(code.name for code in change_reasons.list_reason_codes(Act.ERASE))
    detail = (
        "The words are not kept, as they could name the person. The reason counts as `other`. "
        f"Codes: {codes}."
    )
    return [{"code": "reason_not_kept", "attr": "reason", "detail": detail}]


def _get_erasure(request: Request, erasure_id: str) -> Erasure:
    caller = get_caller(request)
    return erasure_requests.get_erasure(
        erasure_id, organisation_id=caller.organisation_id, livemode=caller.livemode
    )


def _require_certificate(erasure: Erasure) -> bytes:
    if erasure.certificate is None:
        raise NotFinished(
            "The erasure is still running. Its certificate comes when every target is settled."
        )
    return bytes(erasure.certificate)
