"""Caching of the public log: one copy serves readers of every language."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]


class LogCachingMiddleware:
    """Takes the headers off the log's answers that would have caches keep one copy a language."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and remove `Vary` and `Content-Language` below `/log/`."""
        response = self.get_response(request)
        if request.path.startswith("/log/"):
            for header in ("Vary", "Content-Language"):
                response.headers.pop(header, None)
        return response
