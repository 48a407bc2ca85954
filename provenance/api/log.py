"""The public face of the log, C2SP tlog-tiles: plain text and bytes, no key needed, cacheable where nothing changes."""

from __future__ import annotations

import json
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from provenance.ledger import published, tiles

FOR_EVER: Final = "public, max-age=31536000, immutable"
# A checkpoint moves on; caches may answer for it for a second.
MOMENT: Final = "public, max-age=1"
TEXT: Final = "text/plain; charset=utf-8"
BYTES: Final = "application/octet-stream"


@require_safe
def checkpoint(request: HttpRequest, organisation_id: str) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """`GET /log/{org}/checkpoint`: the newest signed tree head."""
    return _answer(published.checkpoint(organisation_id).encode(), TEXT, MOMENT)


@require_safe
def key(request: HttpRequest, organisation_id: str) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """`GET /log/{org}/key`: the verifier keys, newest first, one a line."""
    return _answer(published.keys(organisation_id).encode(), TEXT, MOMENT)


@require_safe
def keys(request: HttpRequest, organisation_id: str) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """`GET /log/{org}/keys.json`: the public keys of log, receipts, records and bundles, for `verify.py --key`."""
    body = json.dumps(published.key_set(organisation_id), indent=1).encode("ascii") + b"\n"
    return _answer(body, "application/json", MOMENT)


@require_safe
def tile(request: HttpRequest, organisation_id: str, level: str, number: str) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """`GET /log/{org}/tile/<L>/<N>[.p/<W>]`: hashes of the tree."""
    n, width = tiles.decode_number(number)
    data = published.tile(organisation_id, level=tiles.decode_level(level), n=n, width=width)
    return _answer(data, BYTES, FOR_EVER)


@require_safe
def bundle(request: HttpRequest, organisation_id: str, number: str) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """`GET /log/{org}/tile/entries/<N>[.p/<W>]`: the entries themselves."""
    n, width = tiles.decode_number(number)
    return _answer(published.bundle(organisation_id, n=n, width=width), BYTES, FOR_EVER)


def _answer(body: bytes, media_type: str, caching: str) -> HttpResponse:
    headers = {"Cache-Control": caching, "Access-Control-Allow-Origin": "*"}
    return HttpResponse(body, content_type=media_type, headers=headers)
