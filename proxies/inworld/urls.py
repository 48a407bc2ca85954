"""Inworld's routes below `/proxy/inworld`. What is not named here does not exist."""

from __future__ import annotations

from django.urls import path

from proxies.inworld import views

_VOICES = "voices/v1/"
_UNKNOWN = views.InworldUnknownView.as_view()
_WORKSPACE = "voices/v1/workspaces/<str:workspace>/"

urlpatterns = [
    path("tts/v1/voice", views.InworldSpeechView.as_view(), name="inworld-speech"),
    path(
        "tts/v1/voice:stream", views.InworldSpeechStreamView.as_view(), name="inworld-speech-stream"
    ),
    path(f"{_VOICES}voices:clone", views.InworldCloneView.as_view(), name="inworld-clone"),
    path(
        f"{_WORKSPACE}voices:clone",
        views.InworldCloneView.as_view(),
        name="inworld-workspace-clone",
    ),
    path(f"{_VOICES}voices", views.InworldVoiceListView.as_view(), name="inworld-voices"),
    # Before the voice, whose looser pattern would swallow it.
    path(f"{_VOICES}voices/<str:voice_id>:publish", _UNKNOWN, name="inworld-publish"),
    path(
        f"{_VOICES}voices/<voice:voice_id>", views.InworldVoiceView.as_view(), name="inworld-voice"
    ),
    path("", _UNKNOWN, name="inworld-root"),
    path("<path:rest>", _UNKNOWN, name="inworld-unknown"),
]
