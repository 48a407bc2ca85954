"""The providers' APIs, each below its own name."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("proxy/cartesia/", include("proxies.cartesia.urls")),
    path("proxy/elevenlabs/", include("proxies.elevenlabs.urls")),
    path("proxy/fish/", include("proxies.fish.urls")),
    path("proxy/resemble/", include("proxies.resemble.urls")),
    path("proxy/inworld/", include("proxies.inworld.urls")),
    path("proxy/openai/", include("proxies.openai.urls")),
    path("proxy/tensorone/", include("proxies.tensorone.urls")),
]
