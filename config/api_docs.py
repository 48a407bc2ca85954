"""The API described: the OpenAPI document as JSON, and the page on which it can be read and tried.

No key needed.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import condition, require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularSwaggerSplitView

from accounts.api import key_scheme  # noqa: F401 - importing tells the document how a key is sent
from config import openapi_fields  # noqa: F401 - importing registers our forms before it is made


@lru_cache(maxsize=1)
def build_openapi_document() -> bytes:
    """Return the OpenAPI document. It is the same for every reader and is made once for each
    process.
    """
    # The library has no types.
    made = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return json.dumps(made, ensure_ascii=False, default=str).encode()


def _document_etag(_request: HttpRequest) -> str:
    return f'"{hashlib.sha256(build_openapi_document()).hexdigest()[:32]}"'


@require_safe
@condition(etag_func=_document_etag)
def show_openapi(_request: HttpRequest) -> HttpResponse:
    """Show the OpenAPI document (`GET /v1/openapi.json`)."""
    headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=60"}
    return HttpResponse(build_openapi_document(), content_type="application/json", headers=headers)


class ApiDocsView(SpectacularSwaggerSplitView):
    """`GET /docs/`: Swagger UI from our own files."""

    url_name = "openapi"
    template_name = "docs.html"
