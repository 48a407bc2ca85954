"""TensorOne's routes of voices: cloned, asked about, listed, deleted."""

from __future__ import annotations

from contextlib import suppress

from django.conf import settings
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import get_caller
from core.api.serializers import read_form
from core.places import ServerBusy
from proxies import proxy_voices
from proxies.tensorone import tensorone_clone, tensorone_state
from proxies.tensorone.serializers import TensorOneCloneSerializer
from proxies.tensorone.tensorone_view import NAME, TensorOneView
from voices import recording_summary, voice_library
from voices.url_samples import MOST_FILES_AT_LIMIT


class TensorOneCloneView(TensorOneView):
    """`voice-cloning`."""

    scope = "voices"
    repeats_harm = True
    body_limit = settings.SAYSO_MAX_UPLOAD_BYTES * MOST_FILES_AT_LIMIT * 4 // 3 + 2**20

    def post(self, request: Request) -> Response:
        """Have a voice made by a worker. The answer says what is known of its recordings."""
        caller = get_caller(request)
        form = read_form(TensorOneCloneSerializer, tensorone_clone.spell_samples(request.data))
        order = tensorone_clone.read_clone_order(request, form, caller)
        voice = proxy_voices.clone_proxied_voice(order.request, caller, in_background=True)
        # Where there is no place for a look, the worker tells it later.
        with suppress(ServerBusy):
            recording_summary.look_at_recordings(voice, order.request.samples)
        voice.refresh_from_db()
        return Response(tensorone_state.describe_state(voice), headers=order.list_headers())


class TensorOneStatusView(TensorOneView):
    """`voice-cloning/{id}/status`."""

    scope = "voices"

    def get(self, request: Request, voice_id: str) -> Response:
        """Say how far the voice is."""
        voice = proxy_voices.get_proxied_voice(NAME, voice_id, get_caller(request))
        return Response(tensorone_state.describe_state(voice))


class TensorOneVoiceListView(TensorOneView):
    """`voice-cloning/voices`."""

    scope = "voices"

    def get(self, request: Request) -> Response:
        """List the voices of this provider. The list has one page, as the provider's."""
        rows = proxy_voices.list_proxied_voices(NAME, get_caller(request))
        return Response({"voices": [tensorone_state.describe_row(row) for row in rows]})


class TensorOneVoiceView(TensorOneView):
    """`voice-cloning/{id}`."""

    scope = "voices"

    def delete(self, request: Request, voice_id: str) -> Response:
        """Delete the voice here and at the provider."""
        caller = get_caller(request)
        proxy_voices.get_proxied_voice(NAME, voice_id, caller)
        voice_library.delete_voice(voice_id, principal=caller.principal)
        return Response(status=status.HTTP_204_NO_CONTENT)
