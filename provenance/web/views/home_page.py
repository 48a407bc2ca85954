"""The first page, which explains the service and leads on."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core import web


@require_safe
def show_home(request: HttpRequest) -> HttpResponse:
    """Show the first page."""
    return render(request, "front.html", {"lang": web.readers_language()})
