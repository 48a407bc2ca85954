"""ElevenLabs' routes about voices."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import Caller, get_caller
from core.api.parsers import StrictJSONParser
from core.api.serializers import read_form
from core.api.uploads import UploadParser
from proxies import proxy_forms, proxy_pages, proxy_terms, proxy_voices
from proxies.elevenlabs.elevenlabs_rules import RULES
from proxies.elevenlabs.errors import write_elevenlabs_error
from proxies.elevenlabs.serializers import (
    ElevenLabsChangesSerializer,
    ElevenLabsCloneSerializer,
    ElevenLabsListSerializer,
    ElevenLabsPageSerializer,
    ElevenLabsVoiceQuerySerializer,
)
from proxies.error_shapes import ProxyFault
from proxies.proxy_speech import IGNORED
from proxies.proxy_view import ProxyView, UnknownRouteView
from voices import voice_labels, voice_library, voice_selectors
from voices.models import Voice
from voices.synthesis_requests import CloneRequest

NAME: Final = "elevenlabs"
_FILES: Final = frozenset({"files"})
_LANGUAGE: Final = "language"
_TOKEN: Final = re.compile(r"sayso:con_[a-z2-7]{26}")


class ElevenLabsView(ProxyView):
    """A route of ElevenLabs."""

    provider: ClassVar[str] = NAME
    rules = RULES

    def shape_error(self, fault: ProxyFault) -> dict[str, Any]:
        """Return the body of an error."""
        return write_elevenlabs_error(fault)


class ElevenLabsCloneView(ElevenLabsView):
    """`/v1/voices/add`."""

    scope = "voices"
    repeats_harm = True
    parser_classes = (UploadParser,)
    body_limit = settings.SAYSO_MAX_UPLOAD_BYTES * 10 + 2**20

    def post(self, request: Request) -> Response:
        """Clone a voice."""
        caller = get_caller(request)
        form = read_form(
            ElevenLabsCloneSerializer, proxy_forms.read_multipart(request, lists=_FILES)
        )
        order, ignored = _read_clone(request, form, caller)
        voice = proxy_voices.clone_proxied_voice(order, caller)
        return Response(
            {"voice_id": voice.id, "requires_verification": False}, headers=_name_ignored(ignored)
        )


class ElevenLabsVoiceListView(ElevenLabsView):
    """`GET /v1/voices`."""

    scope = "voices"

    def get(self, request: Request) -> Response:
        """List all voices of this provider."""
        read_form(ElevenLabsListSerializer, proxy_forms.read_query(request))
        rows = proxy_voices.list_proxied_voices(NAME, get_caller(request))
        return Response({"voices": [_describe_voice(row) for row in rows]})


class ElevenLabsVoicePagesView(ElevenLabsView):
    """`GET /v2/voices`."""

    scope = "voices"

    def get(self, request: Request) -> Response:
        """List the voices of this provider, page by page."""
        caller = get_caller(request)
        asked = read_form(ElevenLabsPageSerializer, proxy_forms.read_query(request))
        rows = proxy_voices.list_proxied_voices(NAME, caller)
        page = proxy_pages.take_voice_page(
            rows,
            voice_selectors.list_voices(caller.principal),
            after=asked.get("next_page_token", ""),
            before="",
            limit=asked["page_size"],
        )
        return Response(
            {
                "voices": [_describe_voice(row) for row in page.voices],
                "has_more": page.has_more,
                "total_count": rows.count() if asked["include_total_count"] else 0,
                "next_page_token": page.voices[-1].id if page.has_more else None,
            }
        )


class ElevenLabsVoiceView(ElevenLabsView):
    """`/v1/voices/{voice_id}`."""

    scope = "voices"

    def get(self, request: Request, voice_id: str) -> Response:
        """Show the voice."""
        read_form(ElevenLabsVoiceQuerySerializer, proxy_forms.read_query(request))
        voice = proxy_voices.get_proxied_voice(NAME, voice_id, get_caller(request))
        return Response(_describe_voice(voice))

    def delete(self, request: Request, voice_id: str) -> Response:
        """Delete the voice here and at the provider."""
        caller = get_caller(request)
        proxy_voices.get_proxied_voice(NAME, voice_id, caller)
        voice_library.delete_voice(voice_id, principal=caller.principal)
        return Response({"status": "ok"})


class ElevenLabsVoiceChangesView(ElevenLabsView):
    """`/v1/voices/{voice_id}/edit`."""

    scope = "voices"
    parser_classes = (UploadParser,)
    body_limit = settings.SAYSO_MAX_JSON_BYTES

    def post(self, request: Request, voice_id: str) -> Response:
        """Change what the voice is called here. The provider knows it by our id alone."""
        caller = get_caller(request)
        form = read_form(ElevenLabsChangesSerializer, proxy_forms.read_multipart(request))
        proxy_voices.get_proxied_voice(NAME, voice_id, caller)
        voice_library.relabel_voice(
            voice_id,
            principal=caller.principal,
            at=caller.now(),
            name=form["name"],
            description=form.get("description"),
        )
        ignored = _list_idle_labels(form) + [
            name for name in ("remove_background_noise", "moderate_metadata") if form.get(name)
        ]
        return Response({"status": "ok"}, headers=_name_ignored(ignored))


class ElevenLabsUnknownView(ElevenLabsView, UnknownRouteView):
    """Every other route."""

    parser_classes = (StrictJSONParser, UploadParser)


def _read_clone(
    request: Request, form: dict[str, Any], caller: Caller
) -> tuple[CloneRequest, list[str]]:
    """Return the order, and the names of what the sandbox leaves out."""
    labels, description = form.get("labels", {}), form.get("description", "")
    consent_id = proxy_terms.read_consent_id(request, (*labels.values(), description))
    terms = proxy_terms.read_terms(request, caller, language=labels.get(_LANGUAGE))
    provider = proxy_voices.choose_provider(NAME, caller)
    denoise = bool(form.get("remove_background_noise"))
    ignored = _list_idle_labels(form)
    if denoise and provider == proxy_voices.LOCAL:
        denoise, ignored = False, [*ignored, "remove_background_noise"]

    order = CloneRequest(
        consent_id=consent_id,
        name=form["name"],
        description=proxy_terms.remove_consent_token(description),
        language=terms.language,
        use_case=terms.use_case,
        provider=provider,
        channel=terms.channel,
        territory=terms.territory,
        samples=tuple(form["files"]),
        denoise=denoise,
    )
    return order, ignored


def _list_idle_labels(form: dict[str, Any]) -> list[str]:
    """Return `labels` if there are others than the language and the consent, which are not kept."""
    labels = form.get("labels", {})
    idle = any(name != _LANGUAGE and not _TOKEN.fullmatch(value) for name, value in labels.items())
    return ["labels"] if idle else []


def _name_ignored(names: list[str]) -> dict[str, str]:
    return {IGNORED: ", ".join(sorted(names))} if names else {}


def _describe_voice(voice: Voice) -> dict[str, Any]:
    label = voice_labels.open_voice_label(voice)
    return {
        "voice_id": voice.id,
        "name": label.name,
        "category": "cloned",
        "labels": {_LANGUAGE: voice.language, "sayso": f"sayso:{voice.consent_id}"},
        "description": label.description,
        "preview_url": None,
        "available_for_tiers": [],
        "high_quality_base_model_ids": [],
        "is_owner": True,
        "created_at_unix": int(voice.created_at.timestamp()),
    }
