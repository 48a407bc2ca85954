"""OpenAI's routes of voices: a person's spoken consents, and the voices that are made with them."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.conf import settings
from django.http import QueryDict
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import Caller, get_caller
from consent import provider_statements
from consent.models import ProviderStatement
from core.api.pagination import read_page
from core.api.parsers import StrictJSONParser
from core.api.serializers import read_form
from core.api.uploads import UploadParser
from core.errors import Fault, Invalid, NotFound
from proxies import proxy_forms, proxy_terms, proxy_voices
from proxies.error_shapes import ProxyFault
from proxies.openai.errors import write_openai_error
from proxies.openai.openai_rules import RULES
from proxies.openai.serializers import (
    OpenAiConsentNameSerializer,
    OpenAiConsentSerializer,
    OpenAiVoiceSerializer,
)
from proxies.proxy_view import ProxyView, RouteRefused, UnknownRouteView
from voices import statement_intake, voice_labels, voice_library
from voices.models import Voice
from voices.synthesis_requests import CloneRequest

NAME: Final = "openai"
BODY_LIMIT: Final = settings.SAYSO_MAX_UPLOAD_BYTES + 2**20
"""One recording of the largest size, and a little for the rest."""


class OpenAiView(ProxyView):
    """A route of OpenAI."""

    provider: ClassVar[str] = NAME
    rules = RULES

    def shape_error(self, fault: ProxyFault) -> dict[str, Any]:
        """Return the body of an error."""
        return write_openai_error(fault)


class OpenAiConsentListView(OpenAiView):
    """`/audio/voice_consents`: statements, which we keep until a clone is permitted."""

    scope = "consents"
    parser_classes = (UploadParser,)
    body_limit = BODY_LIMIT

    def get(self, request: Request) -> Response:
        """List the statements for this provider, newest first."""
        page = read_page(request, _list_own(get_caller(request)))
        found = [_describe_consent(row) for row in page.data]
        return Response(
            {
                "object": "list",
                "data": found,
                "first_id": found[0]["id"] if found else None,
                "last_id": found[-1]["id"] if found else None,
                "has_more": page.has_more,
            }
        )

    def post(self, request: Request) -> Response:
        """Keep a statement. Nothing leaves for the provider yet."""
        caller = get_caller(request)
        form = read_form(OpenAiConsentSerializer, proxy_forms.read_multipart(request))
        statement = statement_intake.take_statement(
            proxy_terms.read_consent_id(request, (form["name"],)),
            provider=NAME,
            language=form["language"],
            recording=form["recording"],
            name=proxy_terms.remove_consent_token(form["name"]),
            principal=caller.principal,
            now=caller.now,
        )
        return Response(_describe_consent(statement))


class OpenAiConsentView(OpenAiView):
    """`/audio/voice_consents/{id}`."""

    scope = "consents"

    def get(self, request: Request, statement_id: str) -> Response:
        """Show the statement, without its recording."""
        return Response(_describe_consent(_get_own(statement_id, get_caller(request))))

    def post(self, request: Request, statement_id: str) -> Response:
        """Change what the statement is called."""
        form = read_form(OpenAiConsentNameSerializer, request.data)
        statement = _get_own(statement_id, get_caller(request))
        renamed = provider_statements.rename_statement(statement, form["name"])
        return Response(_describe_consent(renamed))

    def delete(self, request: Request, statement_id: str) -> Response:
        """Delete the recording here. That of a voice goes from the provider with the voice."""
        caller = get_caller(request)
        statement = _get_own(statement_id, caller)
        provider_statements.remove_statement(statement, actor=caller.actor, at=caller.now())
        return Response(_confirm_deletion("audio.voice_consent", statement_id))


class OpenAiVoiceListView(OpenAiView):
    """`/audio/voices`."""

    scope = "voices"
    repeats_harm = True
    parser_classes = (StrictJSONParser, UploadParser)
    body_limit = BODY_LIMIT

    def get(self, request: Request) -> Response:
        """List the voices that speak here, as engines with this shape do: `voices` are the names
        by which a call knows them. The provider itself lists none.
        """
        page = read_page(request, proxy_voices.list_proxied_voices(NAME, get_caller(request)))
        names = [voice_labels.open_voice_notes(row).external_id or row.id for row in page.data]
        found = [_describe_voice(row) for row in page.data]
        return Response(
            {"object": "list", "data": found, "voices": names, "has_more": page.has_more}
        )

    def post(self, request: Request) -> Response:
        """Clone a voice from one recording, by the consent that its statement belongs to."""
        caller = get_caller(request)
        is_json = not isinstance(request.data, QueryDict)
        if is_json or request.data.get("type") == "prompt" or "prompt" in request.data:
            raise RouteRefused(
                "A voice from a prompt is no one's clone. Only voices with a consent are made here."
            )
        form = read_form(OpenAiVoiceSerializer, proxy_forms.read_multipart(request))
        voice = proxy_voices.clone_proxied_voice(_read_openai_clone(request, form, caller), caller)
        return Response(_describe_voice(voice))


class OpenAiVoiceView(OpenAiView):
    """`/audio/voices/{id}`."""

    scope = "voices"

    def delete(self, request: Request, voice_id: str) -> Response:
        """Delete the voice here, and at the provider with the consent that was uploaded for it."""
        caller = get_caller(request)
        proxy_voices.get_proxied_voice(NAME, voice_id, caller)
        voice_library.delete_voice(voice_id, principal=caller.principal)
        return Response(_confirm_deletion("audio.voice", voice_id))


class OpenAiUnknownView(OpenAiView, UnknownRouteView):
    """Every other route."""


def _list_own(caller: Caller) -> Any:
    return provider_statements.list_statements(
        caller.organisation_id, livemode=caller.livemode, provider=NAME
    )


def _get_own(statement_id: str, caller: Caller) -> ProviderStatement:
    return provider_statements.get_statement(
        statement_id,
        organisation_id=caller.organisation_id,
        livemode=caller.livemode,
        provider=NAME,
    )


def _read_openai_clone(request: Request, form: dict[str, Any], caller: Caller) -> CloneRequest:
    try:
        statement = _get_own(form["consent"], caller)
    except NotFound:
        raise _refuse_consent("There is no such voice consent.") from None
    named = request.headers.get("Sayso-Consent")
    if named is not None and named.strip() != statement.consent_id:
        raise _refuse_consent("This voice consent belongs to another consent than the header.")

    language = request.headers.get("Sayso-Language") or statement.language
    terms = proxy_terms.read_terms(request, caller, language=language)
    return CloneRequest(
        consent_id=statement.consent_id,
        name=form["name"],
        language=terms.language,
        use_case=terms.use_case,
        provider=proxy_voices.choose_provider(NAME, caller),
        channel=terms.channel,
        territory=terms.territory,
        samples=(form["audio_sample"],),
        statement_id=statement.id,
    )


def _refuse_consent(detail: str) -> Invalid:
    return Invalid(detail, faults=(Fault(code="invalid", detail=detail, attr="consent"),))


def _describe_consent(statement: ProviderStatement) -> dict[str, Any]:
    return {
        "id": statement.id,
        "object": "audio.voice_consent",
        "created_at": int(statement.created_at.timestamp()),
        "language": statement.language,
        "name": provider_statements.open_statement_name(statement) or "",
    }


def _describe_voice(voice: Voice) -> dict[str, Any]:
    return {
        "id": voice.id,
        "object": "audio.voice",
        "created_at": int(voice.created_at.timestamp()),
        "name": voice_labels.open_voice_label(voice).name or "",
        "type": "audio_sample",
    }


def _confirm_deletion(kind: str, row_id: str) -> dict[str, Any]:
    return {"id": row_id, "object": kind, "deleted": True}
