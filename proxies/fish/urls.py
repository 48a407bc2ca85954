"""Fish Audio's routes below `/proxy/fish`. What is not named here does not exist."""

from __future__ import annotations

from django.urls import path

from proxies.fish import fish_speech_view, views

urlpatterns = [
    path("model", views.FishModelListView.as_view(), name="fish-models"),
    path("model/<str:voice_id>", views.FishModelView.as_view(), name="fish-model"),
    path("v1/tts", fish_speech_view.FishSpeechView.as_view(), name="fish-speech"),
    path("", views.FishUnknownView.as_view(), name="fish-root"),
    path("<path:rest>", views.FishUnknownView.as_view(), name="fish-unknown"),
]
