"""The parts of all public pages: the reader's language, dates in words, and headers for privacy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Concatenate, Final, ParamSpec
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import dateformat, translation
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import pgettext
from django.views.decorators.csrf import csrf_exempt

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

# What a browser sends with a form from our own page, or with one that is sent again (Fetch
# Metadata, section 2.3).
_OWN_SITES: Final = frozenset({"same-origin", "none"})


def match_language(tag: str | None) -> str:
    """Return the language of ours that fits a tag, English where none does: `de-AT` -> `de`."""
    primary = (tag or "").replace("_", "-").partition("-")[0].lower()
    return primary if primary in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def readers_language() -> str:
    """Return the language that the browser asked for, as Django's own middleware found it."""
    return match_language(translation.get_language())


def format_moment(at: datetime, language: str) -> str:
    """Return a day and a time in words, in UTC: `21 November 2026, 12:00 UTC`.

    It follows the catalogs of translations, so it has no place in anything that is signed.
    """
    with translation.override(language):
        form = pgettext("a date and a time, in the letters of Django's date filter", "j F Y, H:i")
        return f"{dateformat.format(at.astimezone(UTC), form)} UTC"


def isolate_name(name: str) -> SafeString:
    """Return a name for a sentence of ours, isolated.

    Its own direction of writing reaches no word beside it.
    """
    return format_html("<bdi>{}</bdi>", name)


def keep_private(view: View[P]) -> View[P]:
    """Mark the pages of a view as private: not stored, and their path is not passed on."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        # Not `no-referrer`: with it, browsers send `Origin: null` with forms, and each would be
        # refused as forged.
        response["Referrer-Policy"] = "strict-origin"
        response["X-Robots-Tag"] = "noindex"
        return response

    return answer


def accept_own_forms(view: View[P]) -> View[P]:
    """Accept forms from our own pages alone, without a cookie.

    It is for pages whose address holds a secret, without which a form cannot be forged. A form that
    a browser sends from another site is refused by its `Origin`, by its `Referer` where that is
    missing, and by `Sec-Fetch-Site`. Programs send none of them.
    """

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method == "POST" and not _is_own(request):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return csrf_exempt(answer)


def _is_own(request: HttpRequest) -> bool:
    if request.headers.get("Sec-Fetch-Site", "none").strip().lower() not in _OWN_SITES:
        return False

    sender = request.headers.get("Origin", request.headers.get("Referer"))
    if sender is None:
        return True

    own = {f"{request.scheme}://{request.get_host()}", settings.SAYSO_PUBLIC_URL}
    return _parse_origin(sender) in {_parse_origin(one) for one in own}


def _parse_origin(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme.lower(), parts.netloc.lower()
