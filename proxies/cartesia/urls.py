"""Cartesia's routes below `/proxy/cartesia`. What is not named here does not exist."""

from __future__ import annotations

from django.urls import path

from proxies.cartesia import cartesia_speech, views

_UNKNOWN = views.CartesiaUnknownView.as_view()

urlpatterns = [
    path("voices", views.CartesiaVoiceListView.as_view(), name="cartesia-voices"),
    path("voices/clone", views.CartesiaCloneView.as_view(), name="cartesia-clone"),
    # A word of the provider's that stands where a voice's id could.
    path("voices/localize", _UNKNOWN, name="cartesia-localize"),
    path("voices/<str:voice_id>", views.CartesiaVoiceView.as_view(), name="cartesia-voice"),
    path("tts/bytes", cartesia_speech.CartesiaBytesView.as_view(), name="cartesia-bytes"),
    path("tts/sse", cartesia_speech.CartesiaEventsView.as_view(), name="cartesia-events"),
    path("", _UNKNOWN, name="cartesia-root"),
    path("<path:rest>", _UNKNOWN, name="cartesia-unknown"),
]
