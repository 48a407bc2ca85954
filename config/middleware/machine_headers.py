"""The headers of answers to programs: none of those that only a browser's page needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from config import problems

GetResponse = Callable[[HttpRequest], HttpResponse]

FOR_PAGES: Final = (
    "Content-Language",
    "Content-Security-Policy",
    "Cross-Origin-Opener-Policy",
    "Permissions-Policy",
    "Referrer-Policy",
    "X-Frame-Options",
)
_LANGUAGE: Final = "accept-language"


class MachineHeadersMiddleware:
    """Takes the headers for pages off the answers to programs, and answers what `OPTIONS` asks.

    They are 500 bytes an answer. JSON and audio have no language, draw no frame and run no script.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        response = self.get_response(request)
        if problems.is_for_programs(request):
            _strip_headers(response)
        return response

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],
        _args: tuple[object, ...],
        _kwargs: dict[str, object],
    ) -> HttpResponse | None:
        """Answer `OPTIONS` on a route of the API with the methods that it takes, and no more."""
        routed = getattr(view, "cls", None)
        if request.method != "OPTIONS" or routed is None:
            return None

        methods = [name.upper() for name in routed.http_method_names if hasattr(routed, name)]
        return HttpResponse(status=204, headers={"Allow": ", ".join(methods)})


def _strip_headers(response: HttpResponseBase) -> None:
    for name in FOR_PAGES:
        response.headers.pop(name, None)
    if response.status_code not in {204, 405}:
        response.headers.pop("Allow", None)

    kept = [
        name.strip()
        for name in response.get("Vary", "").split(",")
        if name.strip() and name.strip().lower() != _LANGUAGE
    ]
    response.headers.pop("Vary", None)
    if kept:
        response.headers["Vary"] = ", ".join(kept)
