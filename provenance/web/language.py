"""In which language a public page speaks: the one chosen on the page, else the one that the browser
asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

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
        if asked not in {"en", "de"}:
            return view(request)
        with translation.override(asked):
            response = view(request)
        response["Content-Language"] = asked
        return response

    return answer


def get_language_suffix(request: HttpRequest) -> str:
    """What to add to our own addresses so that the choice is kept: `?lang=de`, or nothing."""
    return f"?{CHOICE}={web.readers_language()}" if request.GET.get(CHOICE) in {"en", "de"} else ""
