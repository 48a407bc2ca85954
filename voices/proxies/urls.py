"""The providers' APIs, each below its own name."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("proxy/cartesia/", include("voices.proxies.cartesia.urls")),
    path("proxy/elevenlabs/", include("voices.proxies.elevenlabs.urls")),
    path("proxy/fish/", include("voices.proxies.fish.urls")),
    path("proxy/resemble/", include("voices.proxies.resemble.urls")),
    path("proxy/inworld/", include("voices.proxies.inworld.urls")),
    path("proxy/openai/", include("voices.proxies.openai.urls")),
]
