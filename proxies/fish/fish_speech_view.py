"""Fish Audio's route that speaks: with a voice of its list, or with recordings in the call."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request

from accounts.authentication import Caller, get_caller
from audio.encoding import Output
from core.api.parsers import StrictJSONParser
from core.api.serializers import read_form
from core.canonical_json import Json
from proxies import proxy_answers, proxy_terms, proxy_voices
from proxies.fish.fish_parsers import MessagePackParser
from proxies.fish.fish_references import InlineCall, find_reference_voice
from proxies.fish.serializers import FishSpeechSerializer
from proxies.fish.views import NAME, FishView
from proxies.proxy_speech import ProxyOrder, build_order
from proxies.proxy_terms import ProxyTerms
from voices.models import Voice
from voices.providers.base import Prosody
from voices.providers.option_names import MODEL_OPTION, VOLUME_OPTION

SPEECH_LIMIT: Final = settings.SAYSO_MAX_UPLOAD_BYTES * 4 + 2**20
"""Of a call: ten references of half a minute each at 44.1 kHz fit, also in base64."""
_OPTIONS: Final = (
    "chunk_length", "normalize", "latency", "top_p", "temperature", "max_new_tokens",
    "repetition_penalty", "min_chunk_length", "condition_on_previous_chunks",
    "early_stop_threshold",
)  # fmt: skip
_CODECS: Final = {"wav": "wav", "pcm": "pcm_s16le", "mp3": "mp3", "opus": "opus"}
_RATES: Final = {"wav": 44_100, "pcm": 44_100, "mp3": 44_100, "opus": 48_000}


class FishSpeechView(FishView):
    """`/v1/tts`."""

    scope = "speech"
    parser_classes = (MessagePackParser, StrictJSONParser)
    body_limit = SPEECH_LIMIT

    def post(self, request: Request) -> HttpResponse:
        """Speak a text while it is being made."""
        caller = get_caller(request)
        form = read_form(FishSpeechSerializer, request.data)
        return proxy_answers.answer_with_stream(_read_order(request, form, caller), caller)


def _read_order(request: Request, form: dict[str, Any], caller: Caller) -> ProxyOrder:
    terms = proxy_terms.read_terms(request, caller)
    prosody = form.get("prosody") or {}
    options: dict[str, Json] = {name: form[name] for name in _OPTIONS if name in form}
    if VOLUME_OPTION in prosody:
        options[VOLUME_OPTION] = prosody[VOLUME_OPTION]
    if model := request.headers.get("model"):
        options[MODEL_OPTION] = model

    return build_order(
        _find_voice(request, form, terms, caller),
        form["text"],
        terms,
        caller=caller,
        output=_read_output(form),
        prosody=Prosody(speed=prosody.get("speed", 1.0)),
        options=options,
    )


def _find_voice(request: Request, form: dict[str, Any], terms: ProxyTerms, caller: Caller) -> Voice:
    """Return the voice that is named, or the one of the call's own recordings."""
    if form.get("reference_id"):
        return proxy_voices.get_proxied_voice(NAME, form["reference_id"], caller)

    return find_reference_voice(
        InlineCall(text=form["text"], terms=terms, references=form["references"]),
        request=request,
        caller=caller,
        provider=proxy_voices.choose_provider(NAME, caller),
        options_for=NAME,
    )


def _read_output(form: dict[str, Any]) -> Output:
    """Return the output. The provider counts in kbit/s, and -1000 leaves the rate to the codec."""
    name = form["format"]
    kilobits = {"mp3": form["mp3_bitrate"], "opus": form["opus_bitrate"]}.get(name)
    return Output(
        codec=_CODECS[name],
        sample_rate_hz=form.get("sample_rate") or _RATES[name],
        bit_rate_bps=kilobits * 1_000 if kilobits and kilobits > 0 else None,
    )
