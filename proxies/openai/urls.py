"""OpenAI's routes below `/proxy/openai/v1`. What is not named here does not exist."""

from __future__ import annotations

from django.urls import path

from proxies.openai import speech_views, views

_CONSENTS = "v1/audio/voice_consents"
_VOICES = "v1/audio/voices"

urlpatterns = [
    path("v1/audio/speech", speech_views.OpenAiSpeechView.as_view(), name="openai-speech"),
    path(_CONSENTS, views.OpenAiConsentListView.as_view(), name="openai-consents"),
    path(
        f"{_CONSENTS}/<statement:statement_id>",
        views.OpenAiConsentView.as_view(),
        name="openai-consent",
    ),
    path(_VOICES, views.OpenAiVoiceListView.as_view(), name="openai-voices"),
    path(f"{_VOICES}/<voice:voice_id>", views.OpenAiVoiceView.as_view(), name="openai-voice"),
    path("", views.OpenAiUnknownView.as_view(), name="openai-root"),
    path("<path:rest>", views.OpenAiUnknownView.as_view(), name="openai-unknown"),
]
