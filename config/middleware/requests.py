"""What every request gets: an id, a count, problem documents for its errors, and the admin's looser
content policy.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from prometheus_client import Counter, Histogram

from accounts.authentication import rate_headers
from config import problems
from core import ids
from core.errors import SaysoError
from core.json_logging import request_id

Answer = Callable[[HttpRequest], HttpResponse]

REQUESTS: Final = Counter(
    "sayso_requests_total", "Answered requests.", ["route", "method", "status"]
)
SECONDS: Final = Histogram("sayso_request_seconds", "Time to answer.", ["route"])

# The admin theme evaluates expressions and sets inline styles; only its own path may (see
# docs/decisions/003).
ADMIN_POLICY: Final = {
    "script-src": ["'self'", "'unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
}
# The API browser draws its icons from data: URLs and sets inline styles; it runs no inline script.
DOCS_POLICY: Final = {"style-src": ["'self'", "'unsafe-inline'"], "img-src": ["'self'", "data:"]}


class RequestIdMiddleware:
    """Names each request, counts it by route (never by path: paths can hold secrets), and times
    it.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with `X-Request-Id`."""
        name = ids.new("req")
        token = request_id.set(name)
        began = time.perf_counter()
        try:
            response = self._answer(request)
        finally:
            request_id.reset(token)
        route = request.resolver_match.route if request.resolver_match else "none"
        REQUESTS.labels(route, request.method or "", response.status_code).inc()
        SECONDS.labels(route).observe(time.perf_counter() - began)
        response["X-Request-Id"] = name
        for header, value in rate_headers(request).items():
            response[header] = value
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(problems.MACHINE_PATHS):
            return self.get_response(request)
        if (
            "\0" in request.path
        ):  # a path can spell it, but no id of ours, and one of the databases fails on it
            return problems.answer_not_found(request, Http404())
        response = self.get_response(request)
        return (
            problems.answer_wrong_method(response)
            if isinstance(response, HttpResponseNotAllowed)
            else response
        )

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Turn an anticipated error of a plain view into a problem document."""
        if isinstance(exception, SaysoError) and request.path.startswith(problems.MACHINE_PATHS):
            return problems.answer_error(exception)
        return None


class PathPolicyMiddleware:
    """Loosens the content policy for the two paths whose ready-made pages need it; sits inside
    CSPMiddleware.

    And lets caches keep one copy of the log for readers of every language.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Mark the response with its path's policy."""
        response = self.get_response(request)
        if request.path.startswith("/admin/"):
            response._csp_update = ADMIN_POLICY  # type: ignore[attr-defined]  # noqa: SLF001 - django-csp's own hook
        elif request.path.startswith("/docs/"):
            response._csp_update = DOCS_POLICY  # type: ignore[attr-defined]  # noqa: SLF001 - django-csp's own hook
        elif request.path.startswith("/log/"):
            for header in ("Vary", "Content-Language"):
                response.headers.pop(header, None)
        return response
