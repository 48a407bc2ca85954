"""What all public pages share: the reader's language, dates in words, and headers that keep a page to its reader."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Concatenate, Final, Literal, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.utils import dateformat, translation

Language = Literal["en", "de"]
P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

_DAY: Final[dict[Language, str]] = {"en": "j F Y", "de": "j. F Y"}
_MOMENT: Final[dict[Language, str]] = {"en": "j F Y, H:i", "de": "j. F Y, H:i"}


def language_of(tag: str | None) -> Language:
    """Give the language of ours that fits a tag: `de-AT` -> `de`; anything else reads English."""
    primary = (tag or "").replace("_", "-").partition("-")[0].lower()
    return "de" if primary == "de" else "en"


def readers_language() -> Language:
    """Give the language that the browser asked for, as Django's own middleware found it."""
    return language_of(translation.get_language())


def day(at: datetime, language: Language) -> str:
    """A day in words, in UTC: `21 November 2026`, `21. November 2026`."""
    return _words(at, _DAY[language], language)


def moment(at: datetime, language: Language) -> str:
    """A day and a time in words, in UTC: `21 November 2026, 12:00 UTC`."""
    return f"{_words(at, _MOMENT[language], language)} UTC"


def private(view: View[P]) -> View[P]:
    """Mark the pages of a view as nobody else's: not stored, and their path is passed on to nobody."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        # Not `no-referrer`: with that, browsers send `Origin: null` with forms, and each would be refused as forged.
        response["Referrer-Policy"] = "strict-origin"
        response["X-Robots-Tag"] = "noindex"
        return response

    return answer


def _words(at: datetime, form: str, language: Language) -> str:
    with translation.override(language):
        return dateformat.format(at.astimezone(UTC), form)
