"""Answers to pages of other origins, which may read those of the open addresses alone."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from config import open_addresses

GetResponse = Callable[[HttpRequest], HttpResponse]


class CrossOriginMiddleware:
    """Lets any page read the answers of the addresses that take no key, refusals too."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a preflight (Fetch standard, 3.3.6) at once, and mark every other answer."""
        if not open_addresses.is_open(request.path):
            return self.get_response(request)

        asked = request.headers.get("Access-Control-Request-Method")
        if request.method == "OPTIONS" and asked:
            return HttpResponse(
                status=204, headers={**open_addresses.HEADERS, **open_addresses.PREFLIGHT}
            )

        response = self.get_response(request)
        for name, value in open_addresses.HEADERS.items():
            response[name] = value
        return response
