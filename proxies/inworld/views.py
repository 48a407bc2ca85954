"""Inworld's routes: voices, and speech as JSON or as a line of JSON a piece."""

from __future__ import annotations

import base64
import json
from typing import Any, ClassVar, Final

from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import Caller, get_caller
from audio.encoding import Output
from core import streaming_response
from core.api.serializers import read_form
from core.canonical_json import Json
from proxies import proxy_terms, proxy_voices
from proxies.error_shapes import ProxyFault
from proxies.inworld.errors import write_inworld_error
from proxies.inworld.inworld_rules import RULES
from proxies.inworld.serializers import (
    CODECS,
    LANGUAGES,
    InworldCloneSerializer,
    InworldSpeechSerializer,
    InworldVoiceChangesSerializer,
)
from proxies.proxy_speech import IGNORED, ProxyOrder, build_order
from proxies.proxy_view import ProxyView, UnknownRouteView
from voices import voice_labels, voice_library
from voices.models import Voice
from voices.providers.base import Prosody
from voices.speech import dispatch
from voices.synthesis_requests import CloneRequest

NAME: Final = "inworld"
DEFAULT_RATE: Final = 48_000
_OPTIONS: Final = ("modelId", "temperature", "deliveryMode", "applyTextNormalization")
_MULAW_RATE: Final = 8_000
_DENOISE: Final = "removeBackgroundNoise"


class InworldView(ProxyView):
    """A route of Inworld."""

    provider: ClassVar[str] = NAME
    rules = RULES

    def shape_error(self, fault: ProxyFault) -> dict[str, Any]:
        """Return the body of an error."""
        return write_inworld_error(fault)


class InworldCloneView(InworldView):
    """`voices:clone`."""

    scope = "voices"
    repeats_harm = True
    body_limit = settings.SAYSO_MAX_UPLOAD_BYTES * 10 * 4 // 3 + 2**20

    def post(self, request: Request, **_path: str) -> Response:
        """Clone a voice. The recordings are not sent back."""
        caller = get_caller(request)
        form = read_form(InworldCloneSerializer, request.data)
        order, ignored = _read_clone(request, form, caller)
        voice = proxy_voices.clone_proxied_voice(order, caller)
        checked = [
            {
                "langCode": form["langCode"],
                "transcription": sample.get("transcription", ""),
                "errors": [],
                "warnings": [],
            }
            for sample in form["voiceSamples"]
        ]
        return Response(
            {"voice": _describe_voice(voice), "audioSamplesValidated": checked},
            headers={IGNORED: ignored} if ignored else {},
        )


class InworldVoiceListView(InworldView):
    """All voices."""

    scope = "voices"

    def get(self, request: Request, **_path: str) -> Response:
        """List the voices of this provider. The list has one page."""
        rows = proxy_voices.list_proxied_voices(NAME, get_caller(request))
        return Response({"voices": [_describe_voice(row) for row in rows]})


class InworldVoiceView(InworldView):
    """One voice."""

    scope = "voices"

    def get(self, request: Request, voice_id: str, **_path: str) -> Response:
        """Show the voice."""
        voice = proxy_voices.get_proxied_voice(NAME, voice_id, get_caller(request))
        return Response(_describe_voice(voice))

    def patch(self, request: Request, voice_id: str, **_path: str) -> Response:
        """Change what the voice is called here. The provider knows it by our id alone."""
        caller = get_caller(request)
        form = read_form(InworldVoiceChangesSerializer, request.data)
        proxy_voices.get_proxied_voice(NAME, voice_id, caller)
        voice = voice_library.relabel_voice(
            voice_id,
            principal=caller.principal,
            at=caller.now(),
            name=form.get("displayName"),
            description=form.get("description"),
        )
        return Response(_describe_voice(voice))

    def delete(self, request: Request, voice_id: str, **_path: str) -> Response:
        """Delete the voice here and at the provider."""
        caller = get_caller(request)
        proxy_voices.get_proxied_voice(NAME, voice_id, caller)
        voice_library.delete_voice(voice_id, principal=caller.principal)
        return Response({})


class InworldSpeechView(InworldView):
    """`/tts/v1/voice`."""

    scope = "speech"

    def post(self, request: Request) -> Response:
        """Speak a text. The audio is base64 in JSON."""
        caller = get_caller(request)
        form = read_form(InworldSpeechSerializer, request.data)
        order = _read_order(request, form, caller)
        spoken = dispatch.speak_text(order.request, principal=caller.principal, now=caller.now)
        return Response(
            {
                "audioContent": base64.b64encode(spoken.data).decode("ascii"),
                "usage": {
                    "processedCharactersCount": len(form["text"]),
                    "modelId": form.get("modelId", ""),
                },
            },
            headers={
                "Sayso-Clip": spoken.clip_id,
                "Sayso-Decision": spoken.decision_id,
                "Cache-Control": "no-store",
                **order.list_headers(),
            },
        )


class InworldSpeechStreamView(InworldView):
    """`/tts/v1/voice:stream`."""

    scope = "speech"

    def post(self, request: Request) -> HttpResponse:
        """Speak a text while it is being made, as a line of JSON a piece."""
        caller = get_caller(request)
        form = read_form(InworldSpeechSerializer, request.data)
        order = _read_order(request, form, caller)
        session = dispatch.stream_text(order.request, principal=caller.principal, now=caller.now)
        if (slot := streaming_response.slot.get()) is not None:
            slot.framing = InworldJsonLines()

        response = HttpResponse(b"", content_type="application/json")
        response["X-Accel-Buffering"] = "no"
        response["Sayso-Clip"] = session.prepared.reservation.clip_id
        response["Sayso-Decision"] = session.prepared.permit.decision_id
        response["Cache-Control"] = "no-store"
        for name, value in order.list_headers().items():
            response[name] = value
        return response


class InworldJsonLines:
    """One line of JSON a piece: `{"result": {"audioContent": "…"}}`."""

    def wrap(self, data: bytes) -> bytes:
        """Return the line."""
        piece = {"result": {"audioContent": base64.b64encode(data).decode("ascii")}}
        return json.dumps(piece, separators=(",", ":")).encode() + b"\n"

    def close(self) -> bytes:
        """Return nothing: the lines end with the answer."""
        return b""


class InworldUnknownView(InworldView, UnknownRouteView):
    """Every other route."""


def _read_clone(request: Request, form: dict[str, Any], caller: Caller) -> tuple[CloneRequest, str]:
    """Return the order, and the name of the option that the sandbox's engine lacks, "" for none."""
    description = form.get("description", "")
    consent_id = proxy_terms.read_consent_id(request, (*form.get("tags", ()), description))
    terms = proxy_terms.read_terms(request, caller, language=LANGUAGES[form["langCode"]])
    samples = form["voiceSamples"]
    provider = proxy_voices.choose_provider(NAME, caller)
    denoise = bool(form.get("audioProcessingConfig", {}).get(_DENOISE))
    left_out = denoise and provider == proxy_voices.LOCAL
    order = CloneRequest(
        consent_id=consent_id,
        name=form["displayName"],
        description=proxy_terms.remove_consent_token(description),
        language=terms.language,
        use_case=terms.use_case,
        provider=provider,
        channel=terms.channel,
        territory=terms.territory,
        samples=tuple(sample["audioData"] for sample in samples),
        transcripts=tuple(sample.get("transcription") for sample in samples),
        denoise=denoise and not left_out,
    )
    return order, _DENOISE if left_out else ""


def _read_order(request: Request, form: dict[str, Any], caller: Caller) -> ProxyOrder:
    config = form.get("audioConfig", {})
    codec = CODECS.get(config.get("audioEncoding", "MP3"), "alaw")
    rate = _MULAW_RATE if codec == "mulaw" else DEFAULT_RATE
    options: dict[str, Json] = {name: form[name] for name in _OPTIONS if name in form}
    return build_order(
        proxy_voices.get_proxied_voice(NAME, form["voiceId"], caller),
        form["text"],
        proxy_terms.read_terms(request, caller, language=form.get("language")),
        caller=caller,
        output=Output(
            codec=codec,
            sample_rate_hz=config.get("sampleRateHertz", rate),
            bit_rate_bps=config.get("bitRate"),
        ),
        prosody=Prosody(speed=config.get("speakingRate", 1.0)),
        options=options,
    )


def _describe_voice(voice: Voice) -> dict[str, Any]:
    label = voice_labels.open_voice_label(voice)
    names = {tag: name for name, tag in LANGUAGES.items() if tag}
    return {
        "voiceId": voice.id,
        "name": f"workspaces/sayso/voices/{voice.id}",
        "displayName": label.name,
        "description": label.description,
        "langCode": names.get(voice.language, "AUTO"),
        "tags": [f"sayso:{voice.consent_id}"],
        "source": "IVC",
    }
