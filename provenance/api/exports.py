"""REST: exports, from the request to the download."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import caller_of, demand_scope
from core import clock
from core.api.fields import Choice, CodeField, Moment
from core.api.openapi import describe_header
from core.api.pagination import PAGE, render_page
from core.api.serializers import Rendered, StrictSerializer, read_form
from core.clock import format_timestamp
from provenance.exports import export_requests, export_sources
from provenance.exports.zip_stream import join_blocks
from provenance.models import Export
from vault import signing_keys

# What a key needs besides the scope of exports to have a bundle that tells who people are.
_OPENS_PEOPLE: Final = "speakers:read"


class ExportInput(StrictSerializer):
    """What to export: a kind, a half-open period, and for a person's own copy the person."""

    kind = Choice(choices=export_sources.KINDS)
    to = Moment(required=False, allow_null=True)
    speaker = CodeField(required=False, allow_null=True, max_length=64)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add `from`, which cannot be the name of an attribute."""
        return {**super().get_fields(), "from": Moment(required=False, allow_null=True)}


class ExportProgress(serializers.Serializer[object]):
    """How far an export is."""

    rows = serializers.IntegerField(
        help_text="Rows written so far; the final number once it is ready."
    )


class ExportOutput(serializers.Serializer[object]):
    """An export."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["export"])
    created_at = serializers.DateTimeField()
    livemode = serializers.BooleanField()
    external_id = serializers.CharField(allow_null=True)
    metadata = serializers.DictField(child=serializers.CharField())
    kind = Choice(choices=export_sources.KINDS)
    to = serializers.DateTimeField(allow_null=True)
    speaker = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(choices=["queued", "running", "ready", "failed", "expired"])
    code = serializers.CharField(allow_null=True)
    progress = ExportProgress()
    size = serializers.IntegerField(allow_null=True)
    sha256 = serializers.CharField(allow_null=True)
    log_size = serializers.IntegerField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add `from`, which cannot be the name of an attribute."""
        return {**super().get_fields(), "from": serializers.DateTimeField(allow_null=True)}


class ExportList(serializers.Serializer[object]):
    """A page of exports."""

    object = serializers.ChoiceField(choices=["list"])
    data = ExportOutput(many=True)  # type: ignore[assignment]  # the framework's own attribute has this name too
    has_more = serializers.BooleanField()
    first_id = serializers.CharField(allow_null=True)
    last_id = serializers.CharField(allow_null=True)


class Exports(APIView):
    """All exports of an organisation."""

    scope = "exports"

    @extend_schema(operation_id="exports_list", parameters=list(PAGE), responses=ExportList)
    def get(self, request: Request) -> Response:
        """List exports, newest first."""
        caller = caller_of(request)
        rows = Export.objects.of(caller.organisation_id, livemode=caller.livemode)
        return render_page(request, rows, render_export)

    @extend_schema(
        operation_id="exports_create",
        request=ExportInput,
        parameters=[describe_header("Location", "Where the export is.", 202)],
        responses={202: ExportOutput, 404: None},
    )
    def post(self, request: Request) -> Response:
        """Ask for a bundle; poll the export until it is `ready`.

        A person's own bundle needs `speakers:read` too. Without that scope an audit bundle has
        hashes in the place of the words of intended uses.
        """
        caller, form = caller_of(request), read_form(ExportInput, request.data)
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
        )
        return Response(
            render_export(export),
            status.HTTP_202_ACCEPTED,
            headers={"Location": f"/v1/exports/{export.id}"},
        )


class OneExport(APIView):
    """One export."""

    scope = "exports"

    @extend_schema(operation_id="exports_retrieve", responses=ExportOutput)
    def get(self, request: Request, export_id: str) -> Response:
        """Show the export and how far it is."""
        return Response(render_export(_get_own_export(request, export_id)))


class ExportDownload(APIView):
    """The bundle itself."""

    scope = "exports"

    @extend_schema(
        operation_id="exports_download",
        responses={(200, "application/zip"): OpenApiTypes.BINARY, 409: None},
    )
    def get(self, request: Request, export_id: str) -> StreamingHttpResponse:
        """Stream the zip, decrypted block by block; that it was taken is logged. 409 while it is
        not there (any more).

        A bundle that tells who people are needs `speakers:read` too.
        """
        caller, export = caller_of(request), _get_own_export(request, export_id)
        if export.opens_people:
            demand_scope(caller, _OPENS_PEOPLE)
        parts = join_blocks(
            export_requests.download_bundle(export, actor=caller.actor, at=caller.now())
        )
        served = _read_in_thread(parts) if isinstance(request._request, ASGIRequest) else parts  # noqa: SLF001 - DRF's documented way
        answer = StreamingHttpResponse(served, content_type="application/zip")
        answer["Content-Length"] = str(export.size)
        answer["Content-Disposition"] = (
            f'attachment; filename="sayso-{export.kind}-{export.id}.zip"'
        )
        answer["Cache-Control"] = "no-store"
        return answer


def render_export(export: Export) -> Rendered:
    """An export as the API shows it."""
    return {
        "id": export.id,
        "object": "export",
        "created_at": format_timestamp(export.created_at),
        "livemode": export.livemode,
        "external_id": None,
        "metadata": {},
        "kind": export.kind,
        "from": format_timestamp(export.from_at),
        "to": format_timestamp(export.to_at),
        "speaker": export.speaker_id or None,
        "state": export.state,
        "code": export.code or None,
        "progress": {"rows": export.rows_done},
        "size": export.size or None,
        "sha256": export.sha256 or None,
        "log_size": export.log_size,
        "finished_at": format_timestamp(export.finished_at),
        "expires_at": format_timestamp(export.expires_at),
    }


def _get_own_export(request: Request, export_id: str) -> Export:
    caller = caller_of(request)
    return export_requests.get_export(
        export_id, organisation_id=caller.organisation_id, livemode=caller.livemode
    )


async def _read_in_thread(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Read the parts outside of the event loop.

    Django would otherwise gather all of them before sending the first.
    """
    following = sync_to_async(partial(next, parts, None), thread_sensitive=False)
    while (part := await following()) is not None:
        yield part
