"""Resemble's routes of voices: the spoken consent first, then a recording, then the order."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import Caller, get_caller
from consent import provider_statements
from consent.models import ProviderStatement
from core import ids
from core.api.serializers import read_form
from core.api.uploads import UploadParser
from core.clock import format_timestamp
from core.errors import Conflict
from proxies import proxy_forms, proxy_terms, proxy_voices
from proxies.error_shapes import ProxyFault
from proxies.proxy_view import ProxyView, UnknownRouteView
from proxies.resemble import resemble_drafts
from proxies.resemble.errors import write_resemble_error
from proxies.resemble.resemble_drafts import NAME
from proxies.resemble.resemble_rules import RULES
from proxies.resemble.serializers import (
    ResembleBuildSerializer,
    ResembleRecordingSerializer,
    ResembleVoiceNameSerializer,
    ResembleVoiceSerializer,
)
from voices import statement_intake, voice_labels, voice_library
from voices.models import Voice, VoiceState
from voices.synthesis_requests import CloneRequest

_STATES: Final = {
    VoiceState.CHECKING: "training",
    VoiceState.TRAINING: "training",
    VoiceState.READY: "finished",
}
"""Ours as the provider's. Every other one is `failed`."""


class RecordingMissing(Conflict):
    """The voice has no recording yet, so there is nothing to build it of."""

    code = "recording_missing"


class ResembleView(ProxyView):
    """A route of Resemble."""

    provider: ClassVar[str] = NAME
    rules = RULES

    def shape_error(self, fault: ProxyFault) -> dict[str, Any]:
        """Return the body of an error."""
        return write_resemble_error(fault)


class ResembleVoiceListView(ResembleView):
    """`v2/voices`."""

    scope = "voices"
    body_limit = settings.SAYSO_MAX_UPLOAD_BYTES * 4 // 3 + 2**20

    def get(self, request: Request) -> Response:
        """List the voices of this provider. The list has one page."""
        rows = proxy_voices.list_proxied_voices(NAME, get_caller(request))
        items = [_describe_voice(row, row.id) for row in rows]
        return Response(
            {
                "success": True,
                "page": 1,
                "num_pages": 1,
                "page_size": max(10, len(items)),
                "items": items if request.query_params.get("page", "1") == "1" else [],
            }
        )

    def post(self, request: Request) -> Response:
        """Keep the spoken consent. Nothing leaves for the provider yet."""
        caller = get_caller(request)
        form = read_form(ResembleVoiceSerializer, request.data)
        terms = proxy_terms.read_terms(request, caller)
        statement = statement_intake.take_statement(
            proxy_terms.read_consent_id(request, (form["name"],)),
            provider=NAME,
            language=terms.language,
            recording=form["consent"],
            name=proxy_terms.remove_consent_token(form["name"]),
            principal=caller.principal,
            now=caller.now,
        )
        return Response({"success": True, "item": _describe_draft(statement)})


class ResembleVoiceView(ResembleView):
    """`v2/voices/{id}`."""

    scope = "voices"

    def get(self, request: Request, voice_uuid: str) -> Response:
        """Show the voice, or what there is of it before it is made."""
        caller = get_caller(request)
        if _is_draft(voice_uuid, caller):
            statement = resemble_drafts.get_draft(voice_uuid, caller)
            return Response({"success": True, "item": _describe_draft(statement)})

        voice = resemble_drafts.find_named_voice(voice_uuid, caller)
        return Response({"success": True, "item": _describe_voice(voice, voice_uuid)})

    def rename(self, request: Request, voice_uuid: str) -> Response:
        """Change what the voice is called here. The provider knows it by our id alone."""
        caller = get_caller(request)
        form = read_form(ResembleVoiceNameSerializer, request.data)
        voice = resemble_drafts.find_named_voice(voice_uuid, caller)
        renamed = voice_library.relabel_voice(
            voice.id, principal=caller.principal, at=caller.now(), name=form["name"]
        )
        return Response({"success": True, "item": _describe_voice(renamed, voice_uuid)})

    put = rename

    def delete(self, request: Request, voice_uuid: str) -> Response:
        """Delete the voice here and at the provider, or the statement of one that is not made."""
        caller = get_caller(request)
        if _is_draft(voice_uuid, caller):
            statement = resemble_drafts.get_draft(voice_uuid, caller)
            provider_statements.remove_statement(statement, actor=caller.actor, at=caller.now())
            return Response({"success": True})

        voice = resemble_drafts.find_named_voice(voice_uuid, caller)
        voice_library.delete_voice(voice.id, principal=caller.principal)
        return Response({"success": True})


class ResembleRecordingListView(ResembleView):
    """`v2/voices/{id}/recordings`."""

    scope = "voices"
    repeats_harm = True
    parser_classes = (UploadParser,)
    body_limit = settings.SAYSO_MAX_UPLOAD_BYTES + 2**20

    def post(self, request: Request, voice_uuid: str) -> Response:
        """Clone the voice from this recording, by the consent that its statement belongs to."""
        caller = get_caller(request)
        form = read_form(ResembleRecordingSerializer, proxy_forms.read_multipart(request))
        statement = resemble_drafts.get_draft(voice_uuid, caller)
        voice = resemble_drafts.find_built_voice(voice_uuid, caller)
        if voice is None:
            order = _read_resemble_clone(request, form, statement, caller)
            voice = proxy_voices.clone_proxied_voice(order, caller)
        resemble_drafts.refuse_another_recording(voice, form["file"])
        item = {
            "uuid": voice.id,
            "name": form["name"],
            "text": form["text"],
            "emotion": form.get("emotion", "neutral"),
            "is_active": True,
        }
        return Response({"success": True, "item": item})


class ResembleBuildView(ResembleView):
    """`v2/voices/{id}/build`."""

    scope = "voices"

    def post(self, request: Request, voice_uuid: str) -> Response:
        """Say that the voice is being made, which began with its recording."""
        caller = get_caller(request)
        read_form(ResembleBuildSerializer, request.data)
        if _is_draft(voice_uuid, caller):
            resemble_drafts.get_draft(voice_uuid, caller)
            raise RecordingMissing("Send a recording first.")

        resemble_drafts.find_named_voice(voice_uuid, caller)
        return Response({"success": True})


class ResembleUnknownView(ResembleView, UnknownRouteView):
    """Every other route."""


def _is_draft(named: str, caller: Caller) -> bool:
    return ids.is_id(named, "stm") and resemble_drafts.find_built_voice(named, caller) is None


def _read_resemble_clone(
    request: Request, form: dict[str, Any], statement: ProviderStatement, caller: Caller
) -> CloneRequest:
    terms = proxy_terms.read_terms(request, caller, language=statement.language)
    return CloneRequest(
        consent_id=statement.consent_id,
        name=provider_statements.open_statement_name(statement) or "",
        language=terms.language,
        use_case=terms.use_case,
        provider=proxy_voices.choose_provider(NAME, caller),
        channel=terms.channel,
        territory=terms.territory,
        samples=(form["file"],),
        transcripts=(form["text"],),
        statement_id=statement.id,
        repeat_key=resemble_drafts.compute_draft_key(statement.id),
    )


def _describe_draft(statement: ProviderStatement) -> dict[str, Any]:
    return {
        "uuid": statement.id,
        "name": provider_statements.open_statement_name(statement) or "",
        "status": "initializing",
        "default_language": statement.language,
        "supported_languages": [statement.language],
        "created_at": format_timestamp(statement.created_at),
        "updated_at": format_timestamp(statement.created_at),
    }


def _describe_voice(voice: Voice, named: str) -> dict[str, Any]:
    return {
        "uuid": named,
        "name": voice_labels.open_voice_label(voice).name or "",
        "status": _STATES.get(VoiceState(voice.state), "failed"),
        "default_language": voice.language,
        "supported_languages": [voice.language],
        "created_at": format_timestamp(voice.created_at),
        "updated_at": format_timestamp(voice.ready_at or voice.created_at),
    }
