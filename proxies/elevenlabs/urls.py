"""ElevenLabs' routes below `/proxy/elevenlabs`. What is not named here does not exist."""

from __future__ import annotations

from django.urls import path

from proxies.elevenlabs import elevenlabs_speech, views

_SPEECH = "v1/text-to-speech/<str:voice_id>"
_UNKNOWN = views.ElevenLabsUnknownView.as_view()

urlpatterns = [
    path("v2/voices", views.ElevenLabsVoicePagesView.as_view(), name="elevenlabs-voice-pages"),
    path("v1/voices", views.ElevenLabsVoiceListView.as_view(), name="elevenlabs-voices"),
    path("v1/voices/add", views.ElevenLabsCloneView.as_view(), name="elevenlabs-clone"),
    # Words of the provider's that stand where a voice's id could.
    path("v1/voices/accents", _UNKNOWN, name="elevenlabs-accents"),
    path("v1/voices/collections", _UNKNOWN, name="elevenlabs-collections"),
    path("v1/voices/pvc", _UNKNOWN, name="elevenlabs-pvc"),
    path(
        "v1/voices/<str:voice_id>/edit",
        views.ElevenLabsVoiceChangesView.as_view(),
        name="elevenlabs-voice-changes",
    ),
    path("v1/voices/<str:voice_id>", views.ElevenLabsVoiceView.as_view(), name="elevenlabs-voice"),
    path(_SPEECH, elevenlabs_speech.ElevenLabsSpeechView.as_view(), name="elevenlabs-speech"),
    path(
        f"{_SPEECH}/stream",
        elevenlabs_speech.ElevenLabsStreamView.as_view(),
        name="elevenlabs-stream",
    ),
    path(
        f"{_SPEECH}/with-timestamps",
        elevenlabs_speech.ElevenLabsTimedSpeechView.as_view(),
        name="elevenlabs-timed-speech",
    ),
    path(
        f"{_SPEECH}/stream/with-timestamps",
        elevenlabs_speech.ElevenLabsTimedStreamView.as_view(),
        name="elevenlabs-timed-stream",
    ),
    path("", _UNKNOWN, name="elevenlabs-root"),
    path("<path:rest>", _UNKNOWN, name="elevenlabs-unknown"),
]
