"""Fish Audio's routes about voices."""

from __future__ import annotations

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
from proxies import proxy_forms, proxy_terms, proxy_voices
from proxies.error_shapes import ProxyFault
from proxies.fish.errors import write_fish_error
from proxies.fish.fish_parsers import MessagePackParser, UrlencodedParser
from proxies.fish.fish_rules import RULES
from proxies.fish.serializers import (
    MOST_RECORDINGS,
    FishListSerializer,
    FishModelChangesSerializer,
    FishModelSerializer,
)
from proxies.proxy_speech import IGNORED
from proxies.proxy_view import ProxyView, UnknownRouteView
from voices import voice_labels, voice_library
from voices.models import Voice, VoiceState
from voices.synthesis_requests import CloneRequest

NAME: Final = "fish"
UPLOAD_LIMIT: Final = settings.SAYSO_MAX_UPLOAD_BYTES * MOST_RECORDINGS + 2**20
_LISTS: Final = frozenset({"voices", "texts", "tags"})
_QUERY_LISTS: Final = frozenset({"language"})
_STATES: Final = {VoiceState.READY: "trained", VoiceState.FAILED: "failed"}


class FishView(ProxyView):
    """A route of Fish Audio."""

    provider: ClassVar[str] = NAME
    rules = RULES

    def shape_error(self, fault: ProxyFault) -> dict[str, Any]:
        """Return the body of an error."""
        return write_fish_error(fault)


class FishModelListView(FishView):
    """`/model`."""

    scope = "voices"
    repeats_harm = True
    parser_classes = (UploadParser,)
    body_limit = UPLOAD_LIMIT

    def get(self, request: Request) -> Response:
        """List the voices of this provider, page by page."""
        query = proxy_forms.read_query(request, lists=_QUERY_LISTS)
        asked = read_form(FishListSerializer, query)
        rows = proxy_voices.list_proxied_voices(NAME, get_caller(request))
        if "language" in asked:
            rows = rows.filter(language__in=_list_tags(rows, asked["language"]))

        begin = (asked["page_number"] - 1) * asked["page_size"]
        page = rows[begin : begin + asked["page_size"]]
        return Response({"total": rows.count(), "items": [_describe_model(row) for row in page]})

    def post(self, request: Request) -> Response:
        """Clone a voice. It is private, whatever visibility was asked for."""
        caller = get_caller(request)
        form = read_form(FishModelSerializer, proxy_forms.read_multipart(request, lists=_LISTS))
        order, ignored = _read_clone(request, form, caller)
        voice = proxy_voices.clone_proxied_voice(order, caller)
        return Response(
            _describe_model(voice),
            status=status.HTTP_201_CREATED,
            headers={IGNORED: ", ".join(sorted(ignored))} if ignored else {},
        )


class FishModelView(FishView):
    """`/model/{id}`."""

    scope = "voices"
    parser_classes = (UploadParser, UrlencodedParser)
    body_limit = settings.SAYSO_MAX_JSON_BYTES

    def get(self, request: Request, voice_id: str) -> Response:
        """Show the voice."""
        voice = proxy_voices.get_proxied_voice(NAME, voice_id, get_caller(request))
        return Response(_describe_model(voice))

    def patch(self, request: Request, voice_id: str) -> Response:
        """Change what the voice is called here. The provider knows it by our id alone."""
        caller = get_caller(request)
        data = proxy_forms.read_multipart(request, lists=_LISTS)
        form = read_form(FishModelChangesSerializer, data)
        proxy_voices.get_proxied_voice(NAME, voice_id, caller)
        voice = voice_library.relabel_voice(
            voice_id,
            principal=caller.principal,
            at=caller.now(),
            name=form.get("title"),
            description=form.get("description"),
        )
        headers = {IGNORED: "tags"} if form.get("tags") else {}
        return Response(_describe_model(voice), headers=headers)

    def delete(self, request: Request, voice_id: str) -> Response:
        """Delete the voice here and at the provider."""
        caller = get_caller(request)
        proxy_voices.get_proxied_voice(NAME, voice_id, caller)
        voice_library.delete_voice(voice_id, principal=caller.principal)
        return Response({})


class FishUnknownView(FishView, UnknownRouteView):
    """Every other route."""

    parser_classes = (StrictJSONParser, UploadParser, UrlencodedParser, MessagePackParser)


def _read_clone(
    request: Request, form: dict[str, Any], caller: Caller
) -> tuple[CloneRequest, list[str]]:
    """Return the order, and the names of what is left out."""
    tags, description = form.get("tags", []), form.get("description", "")
    consent_id = proxy_terms.read_consent_id(request, (*tags, description))
    terms = proxy_terms.read_terms(request, caller)
    provider = proxy_voices.choose_provider(NAME, caller)
    denoise = bool(form.get("enhance_audio_quality"))
    ignored = ["tags"] if any(map(proxy_terms.remove_consent_token, tags)) else []
    if form.get("visibility", "private") != "private":
        ignored.append("visibility")
    if denoise and provider == proxy_voices.LOCAL:
        denoise = False
        ignored.append("enhance_audio_quality")

    order = CloneRequest(
        consent_id=consent_id,
        name=form["title"],
        description=proxy_terms.remove_consent_token(description),
        language=terms.language,
        use_case=terms.use_case,
        provider=provider,
        channel=terms.channel,
        territory=terms.territory,
        samples=tuple(form["voices"]),
        transcripts=tuple(text or None for text in form.get("texts", ())),
        denoise=denoise,
    )
    return order, ignored


def _list_tags(rows: Any, languages: list[str]) -> list[str]:
    """Return the tags of the voices whose primary language is one of these."""
    wanted = {language.partition("-")[0].lower() for language in languages}
    tags = set(rows.order_by().values_list("language", flat=True))
    return [tag for tag in tags if tag.partition("-")[0].lower() in wanted]


def _describe_model(voice: Voice) -> dict[str, Any]:
    """Return the voice with all members that the SDKs demand."""
    label = voice_labels.open_voice_label(voice)
    made = clock.to_rfc3339(voice.created_at)
    return {
        "_id": voice.id,
        "type": "tts",
        "title": label.name or "",
        "description": label.description or "",
        "cover_image": "",
        "train_mode": "fast",
        "state": _STATES.get(VoiceState(voice.state), "training"),
        "tags": [f"sayso:{voice.consent_id}"],
        "samples": [],
        "created_at": made,
        "updated_at": made,
        "languages": [voice.language.partition("-")[0]],
        "visibility": "private",
        "lock_visibility": True,
        "like_count": 0,
        "mark_count": 0,
        "shared_count": 0,
        "task_count": 0,
        "liked": False,
        "marked": False,
        "author": {"_id": "sayso", "nickname": "", "avatar": ""},
    }
