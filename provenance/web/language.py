"""In which language a public page speaks: the one chosen on the page, else the one that the browser
asks for.
"""

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
    """Answer in the language of `?lang=`, when there is one that we speak; it is remembered in the
    address alone.
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
    """What to add to our own addresses so that the choice is kept: `?lang=de`, or nothing."""
    if not _is_spoken(request.GET.get(CHOICE, "")):
        return ""
    return f"?{CHOICE}={web.readers_language()}"


def _is_spoken(language: str) -> bool:
    return language in dict(settings.LANGUAGES)
