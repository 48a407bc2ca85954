"""Compress the large pages that hold no secret beside what a request says, which its length would give away (BREACH).

The signing pages and the account pages are never compressed.
"""

from __future__ import annotations

import re
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

COMPRESSED: Final = re.compile(r"/(docs/.*|problems/.*|v1/openapi\.json|admin/[a-z]+/[a-z]+/)\Z")
"""The API's document and pages, and the lists of the admin. Django masks the token of their forms anew each time."""


class CompressionMiddleware(GZipMiddleware):
    """Answers with gzip where the client takes it, for these pages alone."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Compress the answer, or leave it as it is."""
        if request.method != "GET" or not COMPRESSED.match(request.path):
            return response
        return super().process_response(request, response)
