"""REST: exports, from the request to the download."""

from __future__ import annotations

from typing import Final

from django.http import StreamingHttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import demand_scope, get_caller
from core import clock
from core.api.openapi import describe_header, describe_polling
from core.api.pagination import PAGE, list_page, read_filters
from core.api.responses import polling_headers, stream_parts
from core.api.serializers import read_form
from core.caller_notes import Notes
from provenance.api.serializers.export_serializers import (
    ExportFilterSerializer,
    ExportInputSerializer,
    ExportList,
    ExportSerializer,
)
from provenance.exports import export_requests
from provenance.exports.zip_stream import join_blocks
from provenance.models import Export
from provenance.models.export import SETTLED
from vault import key_rings, signing_keys

# What a key needs besides the scope of exports to have a bundle that tells who people are.
_OPENS_PEOPLE: Final = "speakers:read"


class ExportListView(APIView):
    """All exports of an organisation."""

    scope = "exports"

    @extend_schema(
        operation_id="exports_list",
        parameters=[ExportFilterSerializer, *PAGE],
        responses=ExportList,
    )
    def get(self, request: Request) -> Response:
        """List exports, newest first."""
        caller, asked = get_caller(request), read_filters(request)
        rows = export_requests.filter_exports(
            read_form(ExportFilterSerializer, asked),
            organisation_id=caller.organisation_id,
            livemode=caller.livemode,
            at=caller.now(),
        )
        return list_page(
            request,
            rows,
            ExportList,
            filters=asked,
            among=export_requests.list_exports(caller.organisation_id, livemode=caller.livemode),
            within=lambda _: key_rings.hold_subject_keys(
                (), organisation_id=caller.organisation_id
            ),
        )

    @extend_schema(
        operation_id="exports_create",
        request=ExportInputSerializer,
        parameters=[
            describe_header("Location", "Where the export is.", 202),
            describe_polling(202),
        ],
        responses={202: ExportSerializer, 404: None},
    )
    def post(self, request: Request) -> Response:
        """Ask for a bundle. Poll the export until it is `ready`.

        A person's own bundle needs `speakers:read` too. Without that scope an audit bundle has
        hashes in the place of the words of intended uses.
        """
        caller, form = get_caller(request), read_form(ExportInputSerializer, request.data)
        if form["kind"] == "speaker":
            demand_scope(caller, _OPENS_PEOPLE)
        # The key that will sign the first bundle, by the real time: the entry of this request names
        # it.
        signing_keys.get_signer("exports", organisation_id=caller.organisation_id, at=clock.now())
        export = export_requests.request_export(
            organisation_id=caller.organisation_id,
            livemode=caller.livemode,
            kind=form["kind"],
            start=form.get("from"),
            end=form.get("to"),
            speaker_id=form.get("speaker"),
            words=_OPENS_PEOPLE in caller.scopes,
            at=caller.now(),
            actor=caller.actor,
            notes=Notes.from_form(form),
        )
        location = {"Location": reverse("export", args=[export.id])}
        return Response(
            ExportSerializer(export).data,
            status.HTTP_202_ACCEPTED,
            headers={**polling_headers(finished=False), **location},
        )


class ExportDetailView(APIView):
    """One export."""

    scope = "exports"

    @extend_schema(
        operation_id="exports_retrieve",
        parameters=[describe_polling(200)],
        responses=ExportSerializer,
    )
    def get(self, request: Request, export_id: str) -> Response:
        """Show the export and how far it is."""
        export = _get_own_export(request, export_id)
        return Response(
            ExportSerializer(export).data,
            headers=polling_headers(finished=export.state in SETTLED),
        )


class ExportDownloadView(APIView):
    """The bundle itself."""

    scope = "exports"

    @extend_schema(
        operation_id="exports_download",
        responses={(200, "application/zip"): OpenApiTypes.BINARY, 409: None},
    )
    def get(self, request: Request, export_id: str) -> StreamingHttpResponse:
        """Stream the zip, decrypted block by block. That it was taken is logged. 409 while it is
        not there (any more).

        A bundle that tells who people are needs `speakers:read` too.
        """
        caller, export = get_caller(request), _get_own_export(request, export_id)
        if export.opens_people:
            demand_scope(caller, _OPENS_PEOPLE)
        parts = join_blocks(
            export_requests.download_bundle(export, actor=caller.actor, at=caller.now())
        )
        # DRF documents this attribute as the way to Django's own request.
        answer = stream_parts(request._request, parts, content_type="application/zip")  # noqa: SLF001
        answer["Content-Length"] = str(export.size)
        answer["Content-Disposition"] = (
            f'attachment; filename="sayso-{export.kind}-{export.id}.zip"'
        )
        answer["Cache-Control"] = "no-store"
        return answer


def _get_own_export(request: Request, export_id: str) -> Export:
    caller = get_caller(request)
    return export_requests.get_export(
        export_id, organisation_id=caller.organisation_id, livemode=caller.livemode
    )
