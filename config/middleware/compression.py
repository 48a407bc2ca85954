"""Compress the large answers that hold no secret.

Where an answer holds a secret beside words that an attacker chose, its compressed length reveals
the secret, guess by guess (BREACH). So only what is named here is compressed, and the library adds
up to 100 random bytes to each answer. See docs/decisions/043-what-is-compressed.md.

The signing pages and the account pages are never compressed. Styles and scripts are, where
`collectstatic` has not done it beforehand.
"""

from __future__ import annotations

import re
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

COMPRESSED: Final = re.compile(
    r"/(docs/.*|problems/.*|admin/[a-z]+/[a-z]+/|static/.+\.(css|js|svg)"
    r"|v1/(openapi\.json|use_cases|channels|providers|territories|labels|languages|codecs|notices"
    r"|reasons|clips|decisions|jobs|exports|erasures))\Z"
)
"""The API's document and pages, the lists of the admin (Django masks the token of their forms each
time), files, and those lists of the API that show no person's name, address or words.
"""
_NO_GZIP: Final = re.compile(r"\bgzip\s*;\s*q=0(\.0*)?\s*(,|\Z)", re.IGNORECASE)


class CompressionMiddleware(GZipMiddleware):
    """Answers with gzip where the client takes it, for these addresses alone."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Compress the answer, or leave it as it is."""
        # A part of a file (206) is a part of the file as it is.
        if (
            request.method != "GET"
            or response.status_code != 200
            or not COMPRESSED.match(request.path)
        ):
            return response
        # The library knows no weights (RFC 9110, section 12.4.2): zero is a refusal.
        if _NO_GZIP.search(request.headers.get("Accept-Encoding", "")):
            patch_vary_headers(response, ("Accept-Encoding",))
            return response
        return super().process_response(request, response)
