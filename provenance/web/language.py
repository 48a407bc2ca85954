"""The language of a public page: chosen on the page, or else by the browser."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from core import web

View = Callable[[HttpRequest], HttpResponse]
CHOICE = "lang"


def choose_language(view: View) -> View:
    """Make a view answer in the language of `?lang=`, when we have that language.

    Only the address keeps the choice.
    """

    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        asked = request.GET.get(CHOICE, "")
        if not _is_spoken(asked):
            return view(request)

        with translation.override(asked):
            response = view(request)

        response["Content-Language"] = asked
        return response

    return answer


def get_language_suffix(request: HttpRequest) -> str:
    """Return what keeps the chosen language in our own addresses: `?lang=de`, or nothing."""
    if not _is_spoken(request.GET.get(CHOICE, "")):
        return ""

    return f"?{CHOICE}={web.readers_language()}"


def _is_spoken(language: str) -> bool:
    return language in dict(settings.LANGUAGES)
