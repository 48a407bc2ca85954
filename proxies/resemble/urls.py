"""Resemble's routes below `/proxy/resemble`. What is not named here does not exist."""

from __future__ import annotations

from django.urls import path

from proxies.resemble import resemble_speech, views

_VOICES = "api/v2/voices"
_ONE = f"{_VOICES}/<str:voice_uuid>"
_STREAM = resemble_speech.ResembleStreamView.as_view()

urlpatterns = [
    path(_VOICES, views.ResembleVoiceListView.as_view(), name="resemble-voices"),
    path(_ONE, views.ResembleVoiceView.as_view(), name="resemble-voice"),
    path(
        f"{_ONE}/recordings",
        views.ResembleRecordingListView.as_view(),
        name="resemble-recordings",
    ),
    path(f"{_ONE}/build", views.ResembleBuildView.as_view(), name="resemble-build"),
    path(
        "api/v2/projects/<str:project_uuid>/clips",
        resemble_speech.ResembleClipView.as_view(),
        name="resemble-clips",
    ),
    path("synthesize", resemble_speech.ResembleDirectView.as_view(), name="resemble-direct"),
    path("stream", _STREAM, name="resemble-stream"),
    # Where the SDK's base is `…/stream`, it adds its own `stream` behind.
    path("stream/stream", _STREAM, name="resemble-stream-below"),
    path("", views.ResembleUnknownView.as_view(), name="resemble-root"),
    path("<path:rest>", views.ResembleUnknownView.as_view(), name="resemble-unknown"),
]
