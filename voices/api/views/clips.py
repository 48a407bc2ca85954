"""REST: clips, their audio, their receipts and proofs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import get_caller
from audio.encoding import get_file_ending
from consent.api.views.list_filters import read_language, read_use_case
from core import clock
from core.api import byte_ranges
from core.api.openapi import describe_header, describe_polling
from core.api.pagination import PAGE, list_page, read_filters, refuse_unknown
from core.api.responses import polling_headers
from core.api.serializers import read_form
from core.errors import Fault, Invalid
from provenance import consent_status
from provenance.clips import aigc_label
from provenance.clips.clip_receipts import COMPACT, GENERAL
from provenance.models import Clip, ClipState
from transparency_log import proofs
from vault import key_rings
from voices import clip_access
from voices.api.serializers.capability_serializers import AUDIO, PARTS_OF_AUDIO
from voices.api.serializers.clip_serializers import (
    ClipFilterSerializer,
    ClipList,
    ClipReceiptSerializer,
    ClipSerializer,
    OpeningSerializer,
)


class ClipListView(APIView):
    """The organisation's clips."""

    scope = "clips"

    @extend_schema(
        operation_id="clips_list", parameters=[ClipFilterSerializer, *PAGE], responses=ClipList
    )
    def get(self, request: Request) -> Response:
        """List the clips that left, newest first."""
        caller, asked = get_caller(request), read_filters(request)
        form = read_form(ClipFilterSerializer, asked)
        for name, read in (("use_case", read_use_case), ("language", read_language)):
            if name in form:
                form[name] = read(form[name])

        rows = clip_access.filter_clips(form, principal=caller.principal, at=caller.now())
        return list_page(
            request,
            rows,
            ClipList,
            filters=asked,
            among=clip_access.list_clips(caller.principal),
            by="issued_at",
            within=_open_page,
        )


class ClipDetailView(APIView):
    """One clip."""

    scope = "clips"

    @extend_schema(
        operation_id="clips_retrieve",
        parameters=[describe_polling(200)],
        responses=ClipSerializer,
    )
    def get(self, request: Request, clip_id: str) -> Response:
        """Show the facts of a clip. One that is still being made is `making`."""
        found = clip_access.get_clip_facts(clip_id, principal=get_caller(request).principal)
        return Response(
            ClipSerializer(found).data,
            headers=polling_headers(finished=found.state != ClipState.MAKING),
        )


class ClipAudioView(APIView):
    """A clip's audio."""

    scope = "clips"

    @extend_schema(
        operation_id="clips_audio",
        parameters=[
            OpenApiParameter(
                "Range",
                {"type": "string"},
                OpenApiParameter.HEADER,
                description=(
                    "One range of bytes (RFC 9110, 14.2), such as `bytes=0-99`. Any other is "
                    "answered with the whole."
                ),
            ),
            describe_header("Sayso-Clip", "The clip's id.", 200, 206),
            describe_header("Sayso-Content-Sha256", "SHA-256 of the whole, in hex.", 200, 206),
            describe_header("Accept-Ranges", "`bytes`.", 200, 206),
            describe_header("ETag", "The same SHA-256, in quotes.", 200, 206, 304),
            describe_header(
                "Content-Range",
                "Which part it is: `bytes 0-99/1000`, or `bytes */1000` of what has no such part.",
                206,
                416,
            ),
            describe_header("Content-Disposition", "A name for the file.", 200, 206),
            describe_header(
                "Sayso-Aigc-Label",
                "China's hidden label as JSON, when the clip carries it (`aigc_label`).",
                200,
                206,
            ),
        ],
        responses={**AUDIO, **PARTS_OF_AUDIO, 304: None, 409: None, 416: None},
    )
    def get(self, request: Request, clip_id: str) -> HttpResponse:
        """Return the very bytes that were delivered, while the permission behind them lasts.

        A `Range` in bytes is answered with that part.
        """
        caller = get_caller(request)
        clip, data = clip_access.get_clip_audio(
            clip_id, principal=caller.principal, at=caller.now()
        )
        response = byte_ranges.answer_bytes(
            request, data, etag=f'"{clip.sha256}"', media_type=clip.media_type
        )
        response["Content-Disposition"] = (
            f'inline; filename="{clip.id}.{get_file_ending(clip.codec)}"'
        )
        response["Sayso-Clip"] = clip.id
        response["Sayso-Content-Sha256"] = clip.sha256
        if label := aigc_label.get_label_json(clip):
            response["Sayso-Aigc-Label"] = label
        # Each part asks the gate: a cache would give it after the permission has ended.
        response["Cache-Control"] = "no-store"
        return response


class ClipManifestView(APIView):
    """A clip's C2PA manifest."""

    scope = "clips"

    @extend_schema(
        operation_id="clips_manifest", responses={(200, "application/c2pa"): OpenApiTypes.BINARY}
    )
    def get(self, request: Request, clip_id: str) -> HttpResponse:
        """Return the manifest, when the clip has one."""
        manifest = clip_access.get_clip_manifest(clip_id, principal=get_caller(request).principal)
        return HttpResponse(manifest, content_type="application/c2pa")


class ClipProofView(APIView):
    """A clip's proof of being logged."""

    scope = "clips"

    @extend_schema(operation_id="clips_proof", responses={(200, "text/plain"): OpenApiTypes.STR})
    def get(self, request: Request, clip_id: str) -> HttpResponse:
        """Return the C2SP tlog-proof of the clip's log entry. It is checked with the log's key
        alone.
        """
        proof = clip_access.get_clip_proof(
            clip_id, principal=get_caller(request).principal, at=clock.now()
        )
        return HttpResponse(proof, content_type="text/plain; charset=utf-8")


class ClipReceiptView(APIView):
    """A clip's receipt."""

    scope = "clips"

    @extend_schema(
        operation_id="clips_receipt",
        parameters=[
            OpenApiParameter(
                "serialization",
                {"type": "string", "enum": ["compact", "json"], "default": "compact"},
                description="`json` has all signatures: ML-DSA-44 too, where the service makes it.",
            ),
            describe_header(
                "Link",
                "Where the proof is that belongs to it, and the keys of the organisation.",
                200,
            ),
        ],
        responses={
            (200, "application/jose"): OpenApiTypes.STR,
            (200, "application/jose+json"): ClipReceiptSerializer,
        },
    )
    def get(self, request: Request, clip_id: str) -> HttpResponse:
        """Return the signed statement of what was spoken, by which grant.

        `verify.py receipt` checks it offline.
        """
        caller, form = get_caller(request), _parse_serialization(request)
        made, media_type = (
            (clip_access.get_full_receipt, GENERAL)
            if form == "json"
            else (clip_access.get_clip_receipt, COMPACT)
        )
        response = HttpResponse(
            made(clip_id, principal=caller.principal, at=clock.now()), content_type=media_type
        )
        proof = reverse("clip-proof", args=[clip_id])
        keys = reverse("log-key-set", args=[caller.organisation_id])
        response["Link"] = (
            f'<{proof}>; rel="related"; type="text/plain", '
            f'<{keys}>; rel="related"; type="application/json"'
        )
        return response


class ClipOpeningView(APIView):
    """What opens a clip's log entry."""

    scope = "clips"

    @extend_schema(operation_id="clips_opening", responses=OpeningSerializer)
    def get(self, request: Request, clip_id: str) -> Response:
        """Return the key and body of the clip's log entry: with them a script can be compared with
        the receipt.
        """
        found = clip_access.get_clip_opening(
            clip_id, principal=get_caller(request).principal, at=clock.now()
        )
        return Response(OpeningSerializer(found.line()).data, headers={"Cache-Control": "no-store"})


def _parse_serialization(request: Request) -> str:
    refuse_unknown(request, {"serialization"})
    wanted = request.query_params.get("serialization", "compact")
    if wanted not in {"compact", "json"}:
        detail = "`serialization` must be one of: compact, json."
        raise Invalid(
            detail, faults=(Fault(code="invalid_choice", detail=detail, attr="serialization"),)
        )
    return wanted


@contextmanager
def _open_page(rows: Sequence[Clip]) -> Iterator[dict[str, Any]]:
    """Hold the keys of the people of these clips, and yield their consents' levels and places."""
    with key_rings.hold_subject_keys(row.subject for row in rows if row.sealed_notes is not None):
        yield {
            "levels": consent_status.list_consent_levels({row.consent_id for row in rows}),
            "places": proofs.list_event_indexes({row.event_id for row in rows}),
        }
