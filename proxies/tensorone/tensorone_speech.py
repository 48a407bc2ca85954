"""TensorOne's speech: one text whose file is at an address of ours, and that address."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import Caller, get_caller
from audio.encoding import Output, get_file_ending
from core import clock
from core.api import byte_ranges
from core.api.serializers import read_form
from core.clock import format_timestamp
from core.errors import Fault, Invalid
from proxies import clip_links, proxy_answers, proxy_terms, proxy_voices
from proxies.proxy_speech import ProxyOrder, build_order
from proxies.tensorone.serializers import TensorOneSpeechSerializer
from proxies.tensorone.tensorone_view import NAME, TensorOneView
from voices import clip_access
from voices.models import Voice
from voices.providers.base import Prosody

AUDIO_ROUTE = "tensorone-audio"


class VoiceDisagrees(Invalid):
    """The body names another voice than the address of the call."""

    code = "voice_disagrees"


class TensorOneSpeechView(TensorOneView):
    """`voice-cloning/{id}/speak`."""

    scope = "speech"

    def post(self, request: Request, voice_id: str) -> Response:
        """Speak a text. The answer has the address of its file, which needs no key."""
        caller = get_caller(request)
        form = read_form(TensorOneSpeechSerializer, request.data)
        if form.get("voiceId", voice_id) != voice_id:
            detail = "Name the voice of the address, or none."
            fault = Fault(code=VoiceDisagrees.code, detail=detail, attr="voiceId")
            raise VoiceDisagrees(detail, faults=(fault,))

        voice = proxy_voices.get_proxied_voice(NAME, voice_id, caller)
        order = read_speech_order(request, form, voice, caller)
        spoken = proxy_answers.speak_order(order, caller)
        clip = clip_access.get_own_clip(spoken.clip_id, principal=caller.principal)
        return Response(
            {
                "audioUrl": clip_links.make_clip_link(AUDIO_ROUTE, clip.id, at=clock.now()),
                "duration": clip.duration_ms / 1000,
                "text": form["text"],
                "voiceId": voice_id,
                "format": form["outputFormat"],
                "sampleRate": order.request.output.sample_rate_hz,
                "generatedAt": format_timestamp(clip.issued_at),
            },
            headers=proxy_answers.list_spoken_headers(spoken, order),
        )


class TensorOneAudioView(TensorOneView):
    """The file behind an `audioUrl`. Whoever has the address may fetch it, while it lasts."""

    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request, token: str) -> HttpResponse:
        """Return the clip, if the gate still allows what was spoken."""
        at = clock.now()
        clip_id = clip_links.open_clip_link(token, at=at)
        clip, data = clip_access.get_linked_audio(clip_id, wall_time=at)
        response = byte_ranges.answer_bytes(
            request, data, etag=f'"{clip.sha256}"', media_type=clip.media_type
        )
        name = f"{clip.id}.{get_file_ending(clip.codec)}"
        response["Content-Disposition"] = f'inline; filename="{name}"'
        response["Sayso-Clip"] = clip.id
        # Each fetch asks the gate: a cache would give it after the permission has ended.
        response["Cache-Control"] = "no-store"
        return response


def read_speech_order(
    request: Request, form: dict[str, Any], voice: Voice, caller: Caller
) -> ProxyOrder:
    """Return the order for one text. The built-in engine has no emotions and names the one that
    it leaves out.
    """
    emotion = form["emotion"] if form["emotion"] != "neutral" else None
    left_out = emotion is not None and voice.provider == proxy_voices.LOCAL
    order = build_order(
        voice,
        form["text"],
        proxy_terms.read_terms(request, caller),
        caller=caller,
        output=Output(codec=form["outputFormat"], sample_rate_hz=form["sampleRate"]),
        prosody=Prosody(
            speed=form["speed"],
            pitch_semitones=form["pitch"],
            emotion=None if left_out else emotion,
        ),
        options={},
    )
    return replace(order, ignored=(*order.ignored, "emotion")) if left_out else order
