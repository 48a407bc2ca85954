"""The providers' APIs, each below its own name."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("proxy/inworld/", include("voices.proxies.inworld.urls")),
]
