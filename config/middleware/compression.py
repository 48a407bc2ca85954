"""Compress the large pages that hold no secret.

Where a page holds a secret beside words of the request, its compressed length would reveal the
secret (BREACH).

The signing pages and the account pages are never compressed. Styles and scripts are, where
`collectstatic` has not done it beforehand.
"""

from __future__ import annotations

import re
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

COMPRESSED: Final = re.compile(
    r"/(docs/.*|problems/.*|v1/openapi\.json|admin/[a-z]+/[a-z]+/|static/.+\.(css|js|svg))\Z"
)
"""The API's document and pages, the lists of the admin (Django masks the token of their forms each
time), and files.
"""


class CompressionMiddleware(GZipMiddleware):
    """Answers with gzip where the client takes it, for these pages alone."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Compress the answer, or leave it as it is."""
        # A part of a file (206) is a part of the file as it is.
        if (
            request.method != "GET"
            or response.status_code == 206
            or not COMPRESSED.match(request.path)
        ):
            return response
        return super().process_response(request, response)
