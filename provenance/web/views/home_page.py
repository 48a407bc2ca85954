"""The first page: what this is and where to go."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core import web


@require_safe
def show_home(request: HttpRequest) -> HttpResponse:
    """Say in one calm page what this is and where to go."""
    return render(request, "front.html", {"lang": web.readers_language()})
