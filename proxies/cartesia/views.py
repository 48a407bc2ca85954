"""Cartesia's routes about voices."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final

from django.conf import settings
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import Caller, get_caller
from core import clock
from core.api.parsers import StrictJSONParser
from core.api.serializers import read_form
from core.api.uploads import UploadParser
from core.canonical_json import Json
from core.errors import Fault, Invalid
from proxies import proxy_forms, proxy_pages, proxy_terms, proxy_voices
from proxies.cartesia.cartesia_rules import RULES
from proxies.cartesia.errors import write_cartesia_error
from proxies.cartesia.serializers import (
    CartesiaChangesSerializer,
    CartesiaCloneSerializer,
    CartesiaPageSerializer,
    CartesiaVoiceQuerySerializer,
)
from proxies.error_shapes import ProxyFault
from proxies.proxy_view import ProxyView, UnknownRouteView
from voices import voice_labels, voice_library, voice_selectors
from voices.models import Voice
from voices.providers.option_names import VERSION_OPTION
from voices.synthesis_requests import CloneRequest

NAME: Final = "cartesia"
_EXPAND: Final = frozenset({"expand", "expand[]"})
_VERSION: Final = re.compile(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]")


class CartesiaView(ProxyView):
    """A route of Cartesia."""

    provider: ClassVar[str] = NAME
    rules = RULES

    def shape_error(self, fault: ProxyFault) -> dict[str, Any]:
        """Return the body of an error."""
        return write_cartesia_error(fault)


class CartesiaCloneView(CartesiaView):
    """`/voices/clone`."""

    scope = "voices"
    repeats_harm = True
    parser_classes = (UploadParser,)
    body_limit = settings.SAYSO_MAX_UPLOAD_BYTES + 2**20

    def post(self, request: Request) -> Response:
        """Clone a voice from one clip."""
        caller = get_caller(request)
        form = read_form(CartesiaCloneSerializer, proxy_forms.read_multipart(request))
        order = _read_clone(request, form, caller)
        voice = proxy_voices.clone_proxied_voice(order, caller)
        return Response(_describe_voice(voice))


class CartesiaVoiceListView(CartesiaView):
    """`GET /voices`."""

    scope = "voices"

    def get(self, request: Request) -> Response:
        """List the voices of this provider, page by page."""
        caller = get_caller(request)
        asked = read_form(CartesiaPageSerializer, _read_list_query(request))
        page = proxy_pages.take_voice_page(
            proxy_voices.list_proxied_voices(NAME, caller),
            voice_selectors.list_voices(caller.principal),
            after=asked.get("starting_after", ""),
            before=asked.get("ending_before", ""),
            limit=asked["limit"],
        )
        return Response(
            {
                "data": [_describe_voice(row) for row in page.voices],
                "has_more": page.has_more,
                "next_page": page.voices[-1].id if page.has_more else None,
            }
        )


class CartesiaVoiceView(CartesiaView):
    """`/voices/{id}`."""

    scope = "voices"

    def get(self, request: Request, voice_id: str) -> Response:
        """Show the voice."""
        read_form(CartesiaVoiceQuerySerializer, _read_list_query(request))
        voice = proxy_voices.get_proxied_voice(NAME, voice_id, get_caller(request))
        return Response(_describe_voice(voice))

    def patch(self, request: Request, voice_id: str) -> Response:
        """Change what the voice is called here. The provider knows it by our id alone."""
        caller = get_caller(request)
        form = read_form(CartesiaChangesSerializer, request.data)
        proxy_voices.get_proxied_voice(NAME, voice_id, caller)
        voice = voice_library.relabel_voice(
            voice_id, principal=caller.principal, at=caller.now(), **form
        )
        return Response(_describe_voice(voice))

    def delete(self, request: Request, voice_id: str) -> Response:
        """Delete the voice here and at the provider."""
        caller = get_caller(request)
        proxy_voices.get_proxied_voice(NAME, voice_id, caller)
        voice_library.delete_voice(voice_id, principal=caller.principal)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CartesiaUnknownView(CartesiaView, UnknownRouteView):
    """Every other route."""

    parser_classes = (StrictJSONParser, UploadParser)


def read_api_version(request: Request) -> str:
    """Return the version of the API that the caller names, "" for none.

    Raises Invalid for what is no date.
    """
    version: str = request.headers.get("cartesia-version", "")
    if version and not _VERSION.fullmatch(version):
        detail = "Write the version as a date, such as 2026-08-14."
        fault = Fault(code="invalid", detail=detail, attr="cartesia-version")
        raise Invalid(detail, faults=(fault,))

    return version


def _read_list_query(request: Request) -> dict[str, Any]:
    asked = proxy_forms.read_query(request, lists=_EXPAND)
    if "expand[]" in asked:
        asked["expand"] = asked.pop("expand[]")
    return asked


def _read_clone(request: Request, form: dict[str, Any], caller: Caller) -> CloneRequest:
    description = form.get("description", "")
    consent_id = proxy_terms.read_consent_id(request, (description,))
    terms = proxy_terms.read_terms(request, caller, language=form["language"])
    provider = proxy_voices.choose_provider(NAME, caller)
    version = read_api_version(request) if provider == NAME else ""
    options: dict[str, Json] = {VERSION_OPTION: version} if version else {}
    return CloneRequest(
        consent_id=consent_id,
        name=form["name"],
        description=proxy_terms.remove_consent_token(description),
        language=terms.language,
        use_case=terms.use_case,
        provider=provider,
        channel=terms.channel,
        territory=terms.territory,
        samples=(form["clip"],),
        options=options,
    )


def _describe_voice(voice: Voice) -> dict[str, Any]:
    label = voice_labels.open_voice_label(voice)
    return {
        "id": voice.id,
        "name": label.name or "",
        "description": label.description or "",
        "tagline": "",
        "language": voice.language.partition("-")[0],
        "locales": [{"locale": voice.language, "is_native": True}],
        "access": "private",
        "visibility": "owner",
        "is_owner": True,
        "user_id": voice.organisation_id,
        "created_at": clock.to_rfc3339(voice.created_at),
        "preview_file_url": None,
    }
