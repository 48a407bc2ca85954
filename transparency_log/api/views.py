"""The public interface of the log, as C2SP tlog-tiles: plain text and bytes, without a key, and
cacheable where nothing changes.

Browsers may read it from any origin (CORS). An `ETag` answers "not modified" where something does
change.
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
from core.canonical_json import Json
from transparency_log import public_log
from transparency_log.formats import tile_paths

FOR_EVER: Final = "public, max-age=31536000, immutable"
# A checkpoint moves on, so caches may answer for it for one second only.
MOMENT: Final = "public, max-age=1"
# An older checkpoint may still be cosigned, and the lists grow, but a minute's delay does no harm.
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
LogContent = tuple[bytes, str, str]


def make_read_view(
    read: Callable[P, LogContent],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Make a view of a function that returns body, media type and caching. The view answers GET,
    HEAD, and the preflight of browsers.
    """

    def view(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method == "OPTIONS":
            return HttpResponse(status=204, headers={**_CORS, **_PREFLIGHT})
        body, media_type, caching = read(*args, **kwargs)
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"Cache-Control": caching, "ETag": etag, **_CORS}
        response = HttpResponse(body, content_type=media_type, headers=headers)
        answer = get_conditional_response(request, etag=etag, response=response)
        if answer is not None and answer is not response:
            for name, value in headers.items():
                answer[name] = value
        return response if answer is None else answer

    view.__name__, view.__doc__ = read.__name__, read.__doc__
    # Nothing can be changed here, so a POST is answered with 405 and not with a missing cookie.
    return csrf_exempt(require_http_methods(["GET", "HEAD", "OPTIONS"])(view))


@make_read_view
def show_checkpoint(organisation_id: str) -> LogContent:
    """Show the newest signed tree head, with the cosignatures that have come in (`GET
    /log/{org}/checkpoint`).
    """
    return public_log.get_checkpoint_note(organisation_id).encode(), TEXT, MOMENT


@make_read_view
def show_checkpoint_at(organisation_id: str, size: int) -> LogContent:
    """Show an older tree head (`GET /log/{org}/checkpoint/<size>`)."""
    return public_log.get_checkpoint_note_at(organisation_id, size).encode(), TEXT, MINUTE


@make_read_view
def show_signed_note(organisation_id: str, size: int) -> LogContent:
    """Show exactly the bytes that were stamped and copied (`GET
    /log/{org}/checkpoint/<size>/signed`).
    """
    return public_log.get_signed_note(organisation_id, size).encode(), TEXT, FOR_EVER


@make_read_view
def show_witnessed_checkpoint(organisation_id: str) -> LogContent:
    """Show the newest tree head that enough witnesses cosigned (`GET /log/{org}/witnessed`)."""
    return public_log.get_witnessed_note(organisation_id).encode(), TEXT, MOMENT


@make_read_view
def show_stamps(organisation_id: str) -> LogContent:
    """List the checkpoints that carry an RFC 3161 time stamp (`GET /log/{org}/stamps`)."""
    return _to_json({"data": public_log.list_published_stamps(organisation_id)}), JSON, MINUTE


@make_read_view
def show_stamp(organisation_id: str, size: int) -> LogContent:
    """Show a time stamp, as `openssl ts -verify -in` reads it (`GET /log/{org}/stamps/<size>`)."""
    return public_log.get_published_stamp(organisation_id, size), STAMP, FOR_EVER


@make_read_view
def show_verifier_keys(organisation_id: str) -> LogContent:
    """Show the verifier keys, newest first, one on each line (`GET /log/{org}/key`)."""
    return public_log.get_verifier_keys(organisation_id).encode(), TEXT, MOMENT


@make_read_view
def show_key_set(organisation_id: str) -> LogContent:
    """Show the public keys of log, receipts, records and bundles, for `verify.py --key` (`GET
    /log/{org}/keys.json`).
    """
    found = public_log.get_key_set(organisation_id, at=clock.now())
    return json.dumps(found, indent=1).encode("ascii") + b"\n", JSON, MOMENT


@make_read_view
def show_keys(organisation_id: str) -> LogContent:
    """List all keys with names and periods, as JSON (`GET /log/{org}/keys`)."""
    return _to_json({"data": public_log.list_published_keys(organisation_id)}), JSON, MINUTE


@make_read_view
def show_tile(organisation_id: str, level: str, number: str) -> LogContent:
    """Show hashes of the tree (`GET /log/{org}/tile/<L>/<N>[.p/<W>]`)."""
    n, width = tile_paths.decode_number(number)
    return (
        public_log.get_tile(
            organisation_id, level=tile_paths.decode_level(level), n=n, width=width
        ),
        BYTES,
        FOR_EVER,
    )


@make_read_view
def show_entry_bundle(organisation_id: str, number: str) -> LogContent:
    """Show the entries of a tile (`GET /log/{org}/tile/entries/<N>[.p/<W>]`)."""
    n, width = tile_paths.decode_number(number)
    return public_log.get_entry_bundle(organisation_id, n=n, width=width), BYTES, FOR_EVER


def _to_json(value: Json) -> bytes:
    return json.dumps(value, indent=1).encode()
