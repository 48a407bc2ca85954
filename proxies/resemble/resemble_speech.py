"""Resemble's speech: clips of a project, direct speech as base64, and a stream of one WAV."""

from __future__ import annotations

import base64
from typing import Any, Final

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import Caller, get_caller
from audio.encoding import Output
from core.api.serializers import read_form
from core.clock import format_timestamp
from proxies import proxy_answers, proxy_terms
from proxies.proxy_speech import ProxyOrder, build_order
from proxies.resemble import resemble_drafts
from proxies.resemble.serializers import ResembleClipSerializer, ResembleSpeechSerializer
from proxies.resemble.views import ResembleView
from voices.providers.base import Prosody

DEFAULT_RATE: Final = 44_100
_MULAW_RATE: Final = 8_000


class ResembleClipView(ResembleView):
    """`v2/projects/{id}/clips`."""

    scope = "speech"

    def post(self, request: Request, project_uuid: str) -> Response:  # noqa: ARG002 - any is taken
        """Speak a text. The audio stands in the answer, and no address leads to the provider."""
        caller = get_caller(request)
        form = read_form(ResembleClipSerializer, request.data)
        order = _read_resemble_order(request, form, form["body"], caller)
        spoken = proxy_answers.speak_order(order, caller)
        audio = base64.b64encode(spoken.data).decode("ascii")
        at = format_timestamp(caller.now())
        item = {
            "uuid": spoken.clip_id,
            "title": form.get("title", ""),
            "body": form["body"],
            "voice_uuid": form["voice_uuid"],
            "is_archived": form["is_archived"],
            "timestamps": None,
            "audio_src": f"data:{spoken.media_type};base64,{audio}",
            "raw_audio": audio if form["raw"] else None,
            "created_at": at,
            "updated_at": at,
        }
        return Response(
            {"success": True, "item": item},
            headers=proxy_answers.list_spoken_headers(spoken, order),
        )


class ResembleDirectView(ResembleView):
    """`synthesize`."""

    scope = "speech"

    def post(self, request: Request) -> Response:
        """Speak a text. The audio is base64 in JSON."""
        caller = get_caller(request)
        form = read_form(ResembleSpeechSerializer, request.data)
        order = _read_resemble_order(request, form, form["data"], caller)
        spoken = proxy_answers.speak_order(order, caller)
        return Response(
            {
                "success": True,
                "audio_content": base64.b64encode(spoken.data).decode("ascii"),
                "output_format": form["output_format"],
                "sample_rate": order.request.output.sample_rate_hz,
                "issues": [],
            },
            headers=proxy_answers.list_spoken_headers(spoken, order),
        )


class ResembleStreamView(ResembleView):
    """`stream`."""

    scope = "speech"

    def post(self, request: Request) -> HttpResponse:
        """Speak a text while it is being made, as one WAV."""
        caller = get_caller(request)
        form = read_form(ResembleSpeechSerializer, request.data)
        order = _read_resemble_order(request, form, form["data"], caller)
        return proxy_answers.answer_with_stream(order, caller)


def _read_resemble_order(
    request: Request, form: dict[str, Any], text: str, caller: Caller
) -> ProxyOrder:
    is_mulaw = form["precision"] == "MULAW"
    codec = "mulaw" if is_mulaw else form["output_format"]
    rate = form.get("sample_rate", _MULAW_RATE if is_mulaw else DEFAULT_RATE)
    return build_order(
        resemble_drafts.find_named_voice(form["voice_uuid"], caller),
        text,
        proxy_terms.read_terms(request, caller),
        caller=caller,
        output=Output(codec=codec, sample_rate_hz=rate),
        prosody=Prosody(),
        options={},
    )
