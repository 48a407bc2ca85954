"""REST: voices."""

from __future__ import annotations

from typing import Any, Final, cast

from django.conf import settings
from django.http import QueryDict
from django.urls import reverse
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import Caller, get_caller
from consent.api.views.list_filters import read_language, read_use_case
from core.api.openapi import describe_header, describe_polling
from core.api.pagination import PAGE, list_page, read_filters
from core.api.parsers import StrictJSONParser
from core.api.responses import polling_headers
from core.api.serializers import read_form
from core.api.uploads import UploadParser
from core.caller_notes import Notes
from vault import key_rings
from voices import voice_copies, voice_library, voice_selectors
from voices.api.request_mapping import require_field, resolve_place
from voices.api.serializers.voice_copy_serializer import VoiceCopySerializer
from voices.api.serializers.voice_serializers import (
    VoiceChangesSerializer,
    VoiceFilterSerializer,
    VoiceFormSerializer,
    VoiceList,
    VoiceSerializer,
    VoiceUploadSerializer,
    from_multipart,
)
from voices.models import Voice, VoiceState
from voices.synthesis_requests import CloneRequest
from voices.voice_copies import VoiceCopy

_UNFINISHED: Final = (VoiceState.CHECKING, VoiceState.TRAINING, VoiceState.REVOKING)


class VoiceListView(APIView):
    """The organisation's voices."""

    scope = "voices"
    parser_classes = (StrictJSONParser, UploadParser)
    # Ten samples of the largest size in base64, and a little for the rest.
    body_limit = settings.SAYSO_MAX_UPLOAD_BYTES * 10 * 4 // 3 + 2**20

    @extend_schema(
        operation_id="voices_list", parameters=[VoiceFilterSerializer, *PAGE], responses=VoiceList
    )
    def get(self, request: Request) -> Response:
        """List the voices, newest first."""
        caller, asked = get_caller(request), read_filters(request)
        rows = voice_selectors.filter_voices(
            _read_voice_filter(asked), principal=caller.principal, at=caller.now()
        )
        return list_page(
            request,
            rows,
            VoiceList,
            filters=asked,
            among=voice_selectors.list_voices(caller.principal),
            within=lambda rows: key_rings.hold_subject_keys(row.subject for row in rows),
        )

    @extend_schema(
        operation_id="voices_create",
        request={
            "application/json": PolymorphicProxySerializer(
                component_name="NewVoice",
                serializers=[VoiceFormSerializer, VoiceCopySerializer],
                resource_type_field_name=None,
            ),
            "multipart/form-data": VoiceUploadSerializer,
        },
        parameters=[
            describe_header("Location", "Where the voice is.", 201, 202),
            describe_header("Sayso-Decision", "The decision that allowed it.", 201, 202),
            describe_polling(202),
        ],
        responses={201: VoiceSerializer, 202: VoiceSerializer},
    )
    def post(self, request: Request) -> Response:
        """Clone a voice from samples, if a consent covers it.

        With `delivery.mode: job`, or when it takes long, the call is answered at once, with the
        voice in `training`. If its recordings cannot be used, the voice becomes `failed` and says
        why.

        Where the checks are in doubt, the voice is in `checking` until a member has listened to its
        recordings. `checks` names the doubts.

        With `from_voice` a voice is made again at another provider that the consent covers, from
        the recordings that it was made from. The same call again gives the same voice.
        """
        caller = get_caller(request)
        data = request.data
        body = from_multipart(data) if isinstance(data, QueryDict) else data
        voice = _make_voice(body, caller)
        made = voice.state == VoiceState.READY
        return Response(
            VoiceSerializer(voice).data,
            status=status.HTTP_201_CREATED if made else status.HTTP_202_ACCEPTED,
            headers={
                **polling_headers(finished=made),
                "Location": reverse("voice", args=[voice.id]),
                "Sayso-Decision": voice.decision_id,
            },
        )


class VoiceDetailView(APIView):
    """One voice."""

    scope = "voices"

    @extend_schema(
        operation_id="voices_retrieve",
        parameters=[describe_polling(200)],
        responses=VoiceSerializer,
    )
    def get(self, request: Request, voice_id: str) -> Response:
        """Show the voice."""
        voice = voice_selectors.get_voice(voice_id, principal=get_caller(request).principal)
        return Response(
            VoiceSerializer(voice).data,
            headers=polling_headers(finished=voice.state not in _UNFINISHED),
        )

    @extend_schema(
        operation_id="voices_update",
        request=VoiceChangesSerializer,
        responses={200: VoiceSerializer, 409: None},
    )
    def patch(self, request: Request, voice_id: str) -> Response:
        """Change what the voice is called."""
        caller, changes = get_caller(request), read_form(VoiceChangesSerializer, request.data)
        voice = voice_library.relabel_voice(
            voice_id, principal=caller.principal, at=caller.now(), **changes
        )
        return Response(VoiceSerializer(voice).data)

    @extend_schema(operation_id="voices_delete", request=None, responses={202: VoiceSerializer})
    def delete(self, request: Request, voice_id: str) -> Response:
        """Delete the voice here and at its provider. `deleted` once the provider has confirmed."""
        voice = voice_library.delete_voice(voice_id, principal=get_caller(request).principal)
        return Response(VoiceSerializer(voice).data, status=status.HTTP_202_ACCEPTED)


def _read_voice_filter(asked: dict[str, str]) -> dict[str, str]:
    """Return what the list is narrowed by, in canonical words."""
    form = read_form(VoiceFilterSerializer, asked)
    for name, read in (("use_case", read_use_case), ("language", read_language)):
        if name in form:
            form[name] = read(form[name])
    return form


def _make_voice(body: Any, caller: Caller) -> Voice:
    """Make the voice that a body asks for, or make one again where it names `from_voice`."""
    is_copy = isinstance(body, dict) and "from_voice" in body
    form = read_form(VoiceCopySerializer if is_copy else VoiceFormSerializer, body)
    mode = form.get("delivery", {}).get("mode")
    in_background = None if mode is None else mode == "job"
    if is_copy:
        return voice_copies.copy_voice(
            _to_copy(form, caller),
            principal=caller.principal,
            now=caller.now,
            in_background=in_background,
        )

    return voice_library.create_voice(
        _to_clone_request(form, caller),
        principal=caller.principal,
        now=caller.now,
        in_background=in_background,
    )


def _to_copy(form: dict[str, Any], caller: Caller) -> VoiceCopy:
    return VoiceCopy(
        from_voice=form["from_voice"],
        provider=form["provider"],
        name=form.get("name"),
        description=form.get("description"),
        transcripts=tuple(form.get("transcripts") or ()),
        channel=resolve_place(form.get("channel"), caller.default_channel, "channel"),
        territory=resolve_place(form.get("territory"), caller.default_territory, "territory"),
        notes=Notes.from_form(form),
    )


def _to_clone_request(form: dict[str, Any], caller: Caller) -> CloneRequest:
    samples = cast("list[dict[str, Any]]", form["samples"])
    transcripts = form.get("transcripts") or [sample.get("transcript") for sample in samples]
    return CloneRequest(
        consent_id=form["consent"],
        name=form["name"],
        description=form.get("description") or "",
        language=require_field(form.get("language"), caller.default_language, "language"),
        use_case=form.get("use_case") or caller.default_use_case,
        provider=form["provider"],
        channel=resolve_place(form.get("channel"), caller.default_channel, "channel"),
        territory=resolve_place(form.get("territory"), caller.default_territory, "territory"),
        samples=tuple(sample["audio_base64"] for sample in samples),
        transcripts=tuple(transcripts),
        notes=Notes.from_form(form),
    )
