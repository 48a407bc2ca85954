"""Domain error -> RFC 9457 problem document: the only place that knows HTTP status codes."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFilesSent,
)
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import resolve, reverse
from rest_framework import exceptions
from rest_framework.parsers import BaseParser
from rest_framework.response import Response

from config import outages
from config.replayed_answer import Replay
from core import errors
from core.json_logging import request_id

logger = logging.getLogger(__name__)


class MethodNotAllowed(errors.SaysoError):
    """The address is right, but it does not take this method. `Allow` says which it takes."""

    code = "method_not_allowed"


STATUS: tuple[tuple[type[errors.SaysoError], int, str], ...] = (
    (MethodNotAllowed, 405, "Method not allowed"),
    (errors.Unauthenticated, 401, "Not authenticated"),
    (errors.Refused, 403, "Refused"),
    (errors.NotFound, 404, "Not found"),
    (errors.Conflict, 409, "Conflict"),
    (errors.TooLarge, 413, "Too large"),
    (errors.AddressTooLong, 414, "Address too long"),
    (errors.RangeBehindEnd, 416, "Range not satisfiable"),
    (errors.TooSlow, 408, "Too slow"),
    (errors.UnsupportedMedia, 415, "Unsupported media type"),
    (errors.Malformed, 400, "Malformed"),
    (errors.Invalid, 422, "Invalid"),
    (errors.RateLimited, 429, "Too many requests"),
    (errors.Unavailable, 503, "Unavailable"),
    # Anticipated, but nothing that the caller could do about: a blob that was tampered with, a log
    # that was cut.
    (errors.SaysoError, 500, "Internal error"),
)
# A cache that remembered a refusal (a tile of the log that comes in a moment) would give it to
# all for minutes.
_FRESH = {"Cache-Control": "no-store"}
MACHINE_PATHS = ("/v1/", "/log/", "/health/", "/metrics", "/c2pa/", "/proxy/")
_NOTHING = "There is nothing at this address."
_FIRST_PARTS = frozenset(path.strip("/") for path in MACHINE_PATHS)


# The signature is DRF's.
def answer_api_error(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """Answer any error of an API view with a problem document. An unexpected error becomes an
    anonymous 500.

    A replay is no error: it is the answer that the view gave before.
    """
    if isinstance(error, Replay):
        return error.response
    if isinstance(error, exceptions.UnsupportedMediaType):
        error = _name_media_types(context["view"].parser_classes)
    status, body, headers = describe_error(error)
    response = Response(
        body, status=status, headers=headers, content_type="application/problem+json"
    )
    if isinstance(error, exceptions.APIException) and (allowed := getattr(error, "allowed", None)):
        response["Allow"] = allowed
    return response


def _name_media_types(parsers: Iterable[type[BaseParser]]) -> errors.UnsupportedMedia:
    taken = " or ".join(f"`{parser.media_type}`" for parser in parsers)
    return errors.UnsupportedMedia(f"Send the body as {taken}, and say so in `Content-Type`.")


def answer_error(error: Exception) -> JsonResponse:
    """Answer an error of a plain view, middleware or error handler with a problem document."""
    status, body, headers = describe_error(error)
    return JsonResponse(
        body, status=status, headers=headers, content_type="application/problem+json"
    )


def describe_error(error: Exception) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Return the status, problem document and headers for `error`.

    An unexpected error is logged, and so is every answer that a part is down.
    """
    known = _translate_error(error)
    if known is None:
        logger.error("unexpected error", exc_info=error)
        return (
            500,
            _problem_body(
                500, "Internal error", "internal", "Something went wrong on our side.", {}, ()
            ),
            {**_FRESH},
        )
    status, title = get_status(type(known))
    if status == 500:
        logger.error("unexpected error", exc_info=error)
    if status == 503:
        logger.warning("unavailable", exc_info=error, extra={"code": known.stable_code})
    headers = {**_FRESH}
    # A conflict that passes by itself says when, such as the one with a call that is still running.
    if status in {429, 503} or known.retry_after:
        headers["Retry-After"] = str(known.retry_after or 1)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    # RFC 9110, section 15.5.17.
    if status == 416 and "size" in known.facts:
        headers["Content-Range"] = f"bytes */{known.facts['size']}"
    return (
        status,
        _problem_body(status, title, known.stable_code, known.detail, known.facts, known.faults),
        headers,
    )


def get_type_url(code: str) -> str:
    """Return the `type` of a problem: the address of the page about its code."""
    return str(settings.SAYSO_PUBLIC_URL) + reverse("problem", args=[code])


def get_status(kind: type[errors.SaysoError]) -> tuple[int, str]:
    """Return the HTTP status and title of a kind of error."""
    return next((status, title) for known, status, title in STATUS if issubclass(kind, known))


def _problem_body(
    status: int,
    title: str,
    code: str,
    detail: str,
    facts: Mapping[str, object],
    faults: tuple[errors.Fault, ...],
) -> dict[str, Any]:
    current = request_id.get()
    return {
        **facts,
        "type": get_type_url(code),
        "title": title,
        "status": status,
        "detail": detail,
        "instance": f"urn:sayso:{current}" if current else None,
        "code": code,
        "request_id": current or None,
        "errors": [{"code": f.code, "attr": f.attr, "detail": f.detail} for f in faults],
    }


# One line per foreign error.
def _translate_error(error: Exception) -> errors.SaysoError | None:  # noqa: C901, PLR0911
    match error:
        case errors.SaysoError():
            return error
        case Http404() | exceptions.NotFound():
            return errors.NotFound(_NOTHING)
        case exceptions.MethodNotAllowed():
            return MethodNotAllowed("This address does not take that method.")
        case exceptions.UnsupportedMediaType():
            return errors.UnsupportedMedia("This address does not take that content type.")
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return errors.Unauthenticated("Send an API key as `Authorization: Bearer sayso_…`.")
        case exceptions.PermissionDenied() | PermissionDenied():
            return errors.Refused("You may not do this.")
        case RequestDataTooBig() | TooManyFilesSent():
            return errors.TooLarge("The body or the number of files is over the limit.")
        case exceptions.ParseError() | MultiPartParserError() | SuspiciousOperation():
            return errors.Malformed("The request cannot be read.")
    return outages.explain_outage(error)


def answer_wrong_method(response: HttpResponse) -> JsonResponse:
    """Return the problem document for the bare 405 of a plain view, with the methods that it
    allows.
    """
    told = answer_error(MethodNotAllowed("This address does not take that method."))
    told["Allow"] = response["Allow"]
    return told


def is_for_programs(request: HttpRequest) -> bool:
    """Return whether programs call this path, also one that is misspelt in upper case."""
    return request.path.strip("/").partition("/")[0].lower() in _FIRST_PARTS


def answer_bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400 for an unreadable host, header or body, as Django's handler."""
    if is_for_programs(request):
        return answer_error(
            exception
            if _translate_error(exception)
            else errors.Malformed("The request cannot be read.")
        )
    return render(request, "400.html", status=400)


# The signature is Django's.
def answer_forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Answer 403, as Django's handler."""
    if is_for_programs(request):
        return answer_error(errors.Refused("You may not do this."))
    return render(request, "403.html", status=403)


# The signature is Django's.
def answer_forged_form(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """Answer a form without its token, or from another site.

    The framework's own page speaks to developers.
    """
    return answer_forbidden(request, PermissionDenied())


# The signature is Django's.
def answer_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Answer 404, as Django's handler."""
    if is_for_programs(request):
        return answer_error(errors.NotFound(f"{_NOTHING} {_suggest_path(request.path)}".strip()))
    return render(request, "404.html", status=404)


def _suggest_path(path: str) -> str:
    """Return which address is meant by one in upper case or with a slash at its end, or ""."""
    if path.strip("/").lower() == "v1":
        return f"`{reverse('openapi')}` lists what is below."
    first, slash, rest = path.strip("/").partition("/")
    for meant in (f"/{first.lower()}{slash}{rest}", f"/{path.strip('/').lower()}"):
        if meant != path and _is_address(meant):
            return f"Did you mean `{meant}`?"
    return ""


def _is_address(path: str) -> bool:
    try:
        resolve(path)
    except Http404:
        return False
    return True


def answer_server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 when a part is down, as a problem document or a page.

    The error itself is already logged.
    """
    if (down := outages.explain_outage(sys.exc_info()[1])) is not None:
        return _answer_outage(request, down)
    if is_for_programs(request):
        return JsonResponse(
            _problem_body(
                500, "Internal error", "internal", "Something went wrong on our side.", {}, ()
            ),
            status=500,
            content_type="application/problem+json",
        )
    return render(request, "500.html", status=500)


def _answer_outage(request: HttpRequest, down: errors.Unavailable) -> HttpResponse:
    if is_for_programs(request):
        return answer_error(down)

    # Without the request: what the templates of a page ask of it may be what is down.
    return HttpResponse(
        render_to_string("503.html"),
        status=503,
        headers={**_FRESH, "Retry-After": str(down.retry_after or 1)},
    )
