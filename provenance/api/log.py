"""The public face of the log, C2SP tlog-tiles: plain text and bytes, no key needed, cacheable where nothing changes.

Readers in browsers may come from anywhere (CORS); an `ETag` answers "not modified" where something does change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Concatenate, Final, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core import clock
from core.canonical import Json
from provenance.ledger import published, tiles

FOR_EVER: Final = "public, max-age=31536000, immutable"
# A checkpoint moves on; caches may answer for it for a second.
MOMENT: Final = "public, max-age=1"
# An older checkpoint may still be cosigned, and the lists grow, but nobody waits for that.
MINUTE: Final = "public, max-age=60"
TEXT: Final = "text/plain; charset=utf-8"
BYTES: Final = "application/octet-stream"
JSON: Final = "application/json"
STAMP: Final = "application/timestamp-reply"
_CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "If-None-Match",
    "Access-Control-Max-Age": "86400",
}

P = ParamSpec("P")
Given = tuple[bytes, str, str]


def reading(give: Callable[P, Given]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Make a view of a function that gives body, media type and caching: GET, HEAD, and the preflight of browsers."""

    def view(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method == "OPTIONS":
            return HttpResponse(status=204, headers={**_CORS, **_PREFLIGHT})
        body, media_type, caching = give(*args, **kwargs)
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"Cache-Control": caching, "ETag": etag, **_CORS}
        response = HttpResponse(body, content_type=media_type, headers=headers)
        answer = get_conditional_response(request, etag=etag, response=response)
        if answer is not None and answer is not response:
            for name, value in headers.items():
                answer[name] = value
        return response if answer is None else answer

    view.__name__, view.__doc__ = give.__name__, give.__doc__
    # Nothing is changed here by anybody: who posts is told 405, not that a cookie is missing.
    return csrf_exempt(require_http_methods(["GET", "HEAD", "OPTIONS"])(view))


@reading
def checkpoint(organisation_id: str) -> Given:
    """`GET /log/{org}/checkpoint`: the newest signed tree head, with the cosignatures that have come in."""
    return published.checkpoint(organisation_id).encode(), TEXT, MOMENT


@reading
def checkpoint_at(organisation_id: str, size: int) -> Given:
    """`GET /log/{org}/checkpoint/<size>`: an older one."""
    return published.checkpoint_at(organisation_id, size).encode(), TEXT, MINUTE


@reading
def signed_note(organisation_id: str, size: int) -> Given:
    """`GET /log/{org}/checkpoint/<size>/signed`: exactly the bytes that were stamped and copied."""
    return published.signed_note(organisation_id, size).encode(), TEXT, FOR_EVER


@reading
def witnessed(organisation_id: str) -> Given:
    """`GET /log/{org}/witnessed`: the newest that enough witnesses have cosigned."""
    return published.witnessed(organisation_id).encode(), TEXT, MOMENT


@reading
def stamps(organisation_id: str) -> Given:
    """`GET /log/{org}/stamps`: which checkpoints carry an RFC 3161 time stamp."""
    return _json({"data": published.stamps(organisation_id)}), JSON, MINUTE


@reading
def stamp(organisation_id: str, size: int) -> Given:
    """`GET /log/{org}/stamps/<size>`: one, as `openssl ts -verify -in` reads it."""
    return published.stamp(organisation_id, size), STAMP, FOR_EVER


@reading
def key(organisation_id: str) -> Given:
    """`GET /log/{org}/key`: the verifier keys, newest first, one a line."""
    return published.keys(organisation_id).encode(), TEXT, MOMENT


@reading
def key_set(organisation_id: str) -> Given:
    """`GET /log/{org}/keys.json`: the public keys of log, receipts, records and bundles, for `verify.py --key`."""
    found = published.key_set(organisation_id, at=clock.now())
    return json.dumps(found, indent=1).encode("ascii") + b"\n", JSON, MOMENT


@reading
def keys(organisation_id: str) -> Given:
    """`GET /log/{org}/keys`: all of them with names and periods, as JSON."""
    return _json({"data": published.key_list(organisation_id)}), JSON, MINUTE


@reading
def tile(organisation_id: str, level: str, number: str) -> Given:
    """`GET /log/{org}/tile/<L>/<N>[.p/<W>]`: hashes of the tree."""
    n, width = tiles.decode_number(number)
    return published.tile(organisation_id, level=tiles.decode_level(level), n=n, width=width), BYTES, FOR_EVER


@reading
def bundle(organisation_id: str, number: str) -> Given:
    """`GET /log/{org}/tile/entries/<N>[.p/<W>]`: the entries themselves."""
    n, width = tiles.decode_number(number)
    return published.bundle(organisation_id, n=n, width=width), BYTES, FOR_EVER


def _json(value: Json) -> bytes:
    return json.dumps(value, indent=1).encode()
