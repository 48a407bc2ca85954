"""Cartesia's routes that speak: as chunks of audio, or as events."""

from __future__ import annotations

import time
from typing import Any, Final

from django.http import HttpResponse
from rest_framework.request import Request

from accounts.authentication import Caller, get_caller
from audio.encoding import Output
from core.api.serializers import read_form
from core.canonical_json import Json
from core.errors import Fault
from proxies import proxy_answers, proxy_terms, proxy_voices
from proxies.cartesia.cartesia_events import CartesiaEvents
from proxies.cartesia.serializers import CartesiaSpeechSerializer, CartesiaSseSerializer
from proxies.cartesia.views import NAME, CartesiaView, read_api_version
from proxies.proxy_speech import ProxyOrder, build_order
from voices.providers.base import Prosody, UnsupportedField
from voices.providers.option_names import VERSION_OPTION

_OPTIONS: Final = (
    "model_id", "normalization", "pronunciation_dict_id", "save", "speed", "add_timestamps",
    "add_phoneme_timestamps", "use_normalized_timestamps",
)  # fmt: skip
_UNSET: Final[tuple[object, ...]] = (None, "", False, "normal")


class CartesiaBytesView(CartesiaView):
    """`/tts/bytes`."""

    scope = "speech"

    def post(self, request: Request) -> HttpResponse:
        """Speak a text while it is being made."""
        caller = get_caller(request)
        form = read_form(CartesiaSpeechSerializer, request.data)
        return proxy_answers.answer_with_stream(_read_order(request, form, caller), caller)


class CartesiaEventsView(CartesiaView):
    """`/tts/sse`."""

    scope = "speech"

    def post(self, request: Request) -> HttpResponse:
        """Speak a text while it is being made, as events."""
        caller = get_caller(request)
        form = read_form(CartesiaSseSerializer, request.data)
        framing = CartesiaEvents(form.get("context_id"), tick=time.monotonic)
        return proxy_answers.answer_with_stream(
            _read_order(request, form, caller),
            caller,
            framing=framing,
            media_type="text/event-stream",
        )


def _read_order(request: Request, form: dict[str, Any], caller: Caller) -> ProxyOrder:
    voice = proxy_voices.get_proxied_voice(NAME, form["voice"], caller)
    config = form.get("generation_config") or {}
    said = {name: form.get(name) for name in _OPTIONS}
    said |= {name: config.get(name) for name in ("volume", "emotion")}
    options: dict[str, Json] = {name: value for name, value in said.items() if value not in _UNSET}
    if voice.provider == NAME and (version := read_api_version(request)):
        options[VERSION_OPTION] = version

    speed = config.get("speed")
    return build_order(
        voice,
        form["transcript"],
        proxy_terms.read_terms(
            request, caller, language=form.get("language") or form.get("locale")
        ),
        caller=caller,
        output=_read_output(form["output_format"]),
        prosody=Prosody(speed=1.0 if speed is None else speed),
        options=options,
    )


def _read_output(asked: dict[str, Any]) -> Output:
    """Return the output.

    Raises UnsupportedField for μ-law in a container, and for an encoding or a bit rate where there
    is none.
    """
    container, encoding = asked["container"], asked.get("encoding")
    if (container == "mp3") == (encoding is not None):
        raise _refuse_format("encoding", "Name the encoding of `raw` and `wav`, and of no other.")
    if container != "mp3" and "bit_rate" in asked:
        raise _refuse_format("bit_rate", "Only `mp3` has a bit rate.")
    if container == "wav" and encoding != "pcm_s16le":
        raise _refuse_format("encoding", "A `wav` comes with the encoding `pcm_s16le` alone.")

    bare = {"pcm_s16le": "pcm_s16le", "pcm_mulaw": "mulaw"}
    return Output(
        codec=bare[str(encoding)] if container == "raw" else container,
        sample_rate_hz=asked["sample_rate"],
        bit_rate_bps=asked.get("bit_rate"),
    )


def _refuse_format(name: str, detail: str) -> UnsupportedField:
    fault = Fault(code=UnsupportedField.code, detail=detail, attr=f"output_format.{name}")
    return UnsupportedField(detail, faults=(fault,))
