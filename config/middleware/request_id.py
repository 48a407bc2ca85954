"""The id of each request, the count of answers by route, and the time that they took."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Histogram

from accounts.authentication import rate_headers
from core import connection_places, ids
from core.json_logging import request_id

GetResponse = Callable[[HttpRequest], HttpResponse]

REQUESTS: Final = Counter(
    "sayso_requests_total", "Answered requests.", ["route", "method", "status"]
)
SECONDS: Final = Histogram("sayso_request_seconds", "Time to answer.", ["route"])


class RequestIdMiddleware:
    """Names each request, counts it by route (never by path: paths can hold secrets), and times
    it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with `X-Request-Id` and the headers of the key's rate limit."""
        name = ids.new("req")
        token = request_id.set(name)
        connection_places.name_holder("")
        began = time.perf_counter()
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(token)

        route = request.resolver_match.route if request.resolver_match else "none"
        REQUESTS.labels(route, request.method or "", response.status_code).inc()
        SECONDS.labels(route).observe(time.perf_counter() - began)

        response["X-Request-Id"] = name
        for header, value in rate_headers(request).items():
            response[header] = value
        return response
