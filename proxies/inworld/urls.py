"""Inworld's routes below `/proxy/inworld`. What is not named here does not exist."""

from __future__ import annotations

from django.urls import path

from proxies.inworld import views

_VOICES = "voices/v1/"
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
    path(f"{_VOICES}voices:design", views.InworldDesignView.as_view(), name="inworld-design"),
    path(f"{_VOICES}voices", views.InworldVoiceListView.as_view(), name="inworld-voices"),
    path(
        f"{_VOICES}voices/<str:voice_id>:publish",
        views.InworldPublishView.as_view(),
        name="inworld-publish",
    ),
    # Behind `:publish`, which a looser pattern would swallow.
    path(
        f"{_VOICES}voices/<voice:voice_id>", views.InworldVoiceView.as_view(), name="inworld-voice"
    ),
    path("<path:rest>", views.InworldUnknownView.as_view(), name="inworld-unknown"),
]
