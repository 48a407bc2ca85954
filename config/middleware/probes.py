"""Probes and scrapers ask by address, without TLS: what they ask for is answered all the same."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]


class ProbeMiddleware:
    """Takes the host of a probe for ours. Nothing in those answers depends on it.

    `SECURE_REDIRECT_EXEMPT` names the same addresses.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        if request.path.startswith("/health/") or request.path == "/metrics":
            request.META["HTTP_HOST"] = urlsplit(settings.SAYSO_PUBLIC_URL).netloc

        return self.get_response(request)
