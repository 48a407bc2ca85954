"""ElevenLabs' routes that speak: whole, as chunks, and as JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import Caller, get_caller
from audio.encoding import Output
from core.api.serializers import read_form
from core.canonical_json import Json
from core.errors import Fault
from proxies import proxy_answers, proxy_forms, proxy_terms, proxy_voices
from proxies.elevenlabs.elevenlabs_pieces import ElevenLabsJsonLines, describe_untimed_audio
from proxies.elevenlabs.serializers import (
    ElevenLabsSpeechQuerySerializer,
    ElevenLabsSpeechSerializer,
)
from proxies.elevenlabs.views import NAME, ElevenLabsView
from proxies.proxy_speech import ProxyOrder, build_order
from proxies.proxy_voices import LOCAL
from voices.providers.base import Prosody, UnsupportedField

TIMES: Final = "alignment"
_USUAL: Final = Output(codec="mp3", sample_rate_hz=44_100, bit_rate_bps=128_000)
_NO_OPTIONS: Final = frozenset({"text", "language_code", "voice_settings", "output_format"})


class ElevenLabsSpeechView(ElevenLabsView):
    """`/v1/text-to-speech/{voice_id}`."""

    scope = "speech"

    def post(self, request: Request, voice_id: str) -> HttpResponse:
        """Speak a text. The answer is the audio's file."""
        caller = get_caller(request)
        return proxy_answers.answer_with_audio(_read_order(request, voice_id, caller), caller)


class ElevenLabsStreamView(ElevenLabsView):
    """`/v1/text-to-speech/{voice_id}/stream`."""

    scope = "speech"

    def post(self, request: Request, voice_id: str) -> HttpResponse:
        """Speak a text while it is being made."""
        caller = get_caller(request)
        return proxy_answers.answer_with_stream(_read_order(request, voice_id, caller), caller)


class ElevenLabsTimedSpeechView(ElevenLabsView):
    """`/v1/text-to-speech/{voice_id}/with-timestamps`. Only the sandbox answers it."""

    scope = "speech"

    def post(self, request: Request, voice_id: str) -> Response:
        """Speak a text, as base64 in JSON. The times are null."""
        caller = get_caller(request)
        order = _read_untimed_order(request, voice_id, caller)
        spoken = proxy_answers.speak_order(order, caller)
        headers = proxy_answers.list_spoken_headers(spoken, order)
        return Response(describe_untimed_audio(spoken.data), headers=headers)


class ElevenLabsTimedStreamView(ElevenLabsView):
    """`/v1/text-to-speech/{voice_id}/stream/with-timestamps`. Only the sandbox answers it."""

    scope = "speech"

    def post(self, request: Request, voice_id: str) -> HttpResponse:
        """Speak a text while it is being made, as a line of JSON a piece. The times are null."""
        caller = get_caller(request)
        order = _read_untimed_order(request, voice_id, caller)
        return proxy_answers.answer_with_stream(
            order, caller, framing=ElevenLabsJsonLines(), media_type="application/json"
        )


def _read_order(request: Request, voice_id: str, caller: Caller) -> ProxyOrder:
    query = read_form(ElevenLabsSpeechQuerySerializer, proxy_forms.read_query(request))
    form = read_form(ElevenLabsSpeechSerializer, request.data)
    settings = {
        name: value for name, value in (form.get("voice_settings") or {}).items()
        if value is not None
    }  # fmt: skip
    speed = settings.pop("speed", 1.0)
    return build_order(
        proxy_voices.get_proxied_voice(NAME, voice_id, caller),
        form["text"],
        proxy_terms.read_terms(request, caller, language=form.get("language_code")),
        caller=caller,
        output=query.get("output_format", _USUAL),
        prosody=Prosody(speed=speed),
        options=_list_options({**query, **form}) | settings,
    )


def _list_options(said: dict[str, Any]) -> dict[str, Json]:
    """Return what is set beside the neutral fields. Empty lists and nulls set nothing."""
    return {
        name: value
        for name, value in said.items()
        if name not in _NO_OPTIONS and value not in (None, [], {}, "")
    }


def _read_untimed_order(request: Request, voice_id: str, caller: Caller) -> ProxyOrder:
    """Return the order. Its times are left out in the sandbox, and named.

    Raises UnsupportedField for a voice at the provider.
    """
    order = _read_order(request, voice_id, caller)
    voice = proxy_voices.get_proxied_voice(NAME, order.request.voice_id, caller)
    if voice.provider != LOCAL:
        detail = "The times of marked audio are not measured here. Use the route without them."
        fault = Fault(code=UnsupportedField.code, detail=detail, attr=TIMES)
        raise UnsupportedField(detail, faults=(fault,))

    return replace(order, ignored=tuple(sorted((*order.ignored, TIMES))))
