"""The content policy of the few paths whose ready-made pages need a looser one than ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]

# The admin theme evaluates expressions and sets inline styles. Only its own path may do so (see
# docs/decisions/003).
ADMIN_POLICY: Final = {
    "script-src": ["'self'", "'unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
}
# The API browser draws its icons from data: URLs and sets inline styles. It runs no inline script.
DOCS_POLICY: Final = {"style-src": ["'self'", "'unsafe-inline'"], "img-src": ["'self'", "data:"]}

POLICIES: Final = {"/admin/": ADMIN_POLICY, "/docs/": DOCS_POLICY}


class ContentPolicyMiddleware:
    """Loosens the content policy of `POLICIES`. It sits inside CSPMiddleware, which writes it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Mark the response with its path's policy."""
        response = self.get_response(request)
        for path, policy in POLICIES.items():
            if request.path.startswith(path):
                # Django-csp's own hook.
                response._csp_update = policy  # type: ignore[attr-defined]  # noqa: SLF001
        return response
