"""OpenAI's speech: audio as it is made, or events of it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any, Final

from django.http import HttpResponse
from rest_framework.request import Request

from accounts.authentication import Caller, get_caller
from audio.encoding import Output
from audio.stream_encoder import STREAMED
from core import ids, streaming_response
from core.api.serializers import read_form
from proxies import proxy_answers, proxy_terms, proxy_voices
from proxies.openai.serializers import CODECS, OpenAiSpeechSerializer
from proxies.openai.views import NAME, OpenAiView
from proxies.proxy_speech import ProxyOrder, build_order
from voices import voice_library
from voices.models import Voice
from voices.providers.base import Prosody

RATE: Final = 24_000
MODEL: Final = "model"
_OPTIONS: Final = (MODEL, "instructions")


class OpenAiSpeechView(OpenAiView):
    """`/audio/speech`."""

    scope = "speech"

    def post(self, request: Request) -> HttpResponse:
        """Speak a text. What can be streamed leaves while it is being made."""
        caller = get_caller(request)
        form = read_form(OpenAiSpeechSerializer, request.data)
        order = _read_openai_order(request, form, caller)
        codec = order.request.output.codec
        if form["stream_format"] == "sse":
            return proxy_answers.answer_with_stream(
                order, caller, framing=OpenAiEvents(), media_type="text/event-stream"
            )
        if codec not in STREAMED or streaming_response.slot.get() is None:
            return proxy_answers.answer_with_audio(order, caller)

        return proxy_answers.answer_with_stream(order, caller)


class OpenAiEvents:
    """One server-sent event a piece, and one behind the last."""

    def wrap(self, data: bytes) -> bytes:
        """Return `speech.audio.delta` with the piece."""
        audio = base64.b64encode(data).decode("ascii")
        return _write_event({"type": "speech.audio.delta", "audio": audio})

    def close(self) -> bytes:
        """Return `speech.audio.done`. Tokens are not counted here."""
        usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
        return _write_event({"type": "speech.audio.done", "usage": usage})


def _write_event(event: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(event, separators=(",", ":")).encode() + b"\n\n"


def _read_openai_order(request: Request, form: dict[str, Any], caller: Caller) -> ProxyOrder:
    voice = _find_voice(form["voice"], caller)
    # An engine of the organisation's own speaks with the model that its account names.
    unused = {MODEL} & set(form) if voice.provider in voice_library.list_engine_names() else set()
    order = build_order(
        voice,
        form["input"],
        proxy_terms.read_terms(request, caller, language=form.get("language")),
        caller=caller,
        output=Output(codec=CODECS[form["response_format"]], sample_rate_hz=RATE),
        prosody=Prosody(speed=form["speed"]),
        options={name: form[name] for name in _OPTIONS if name in form and name not in unused},
    )
    return replace(order, ignored=(*order.ignored, *unused))


def _find_voice(named: str, caller: Caller) -> Voice:
    """Return the voice of an id, or the one that stands for a stock name."""
    if ids.is_id(named, "vox"):
        return proxy_voices.get_proxied_voice(NAME, named, caller)

    return proxy_voices.find_aliased_voice(NAME, named, caller)
