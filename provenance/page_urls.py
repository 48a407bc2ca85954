"""Where the public pages are mounted."""

from __future__ import annotations

from django.templatetags.static import static
from django.urls import path
from django.utils.functional import lazy
from django.views.generic import RedirectView

from provenance import pages

urlpatterns = [
    path("", pages.front, name="front"),
    path("verify", pages.verify_page, name="verify"),
    path("favicon.ico", RedirectView.as_view(url=lazy(static, str)("sayso/mark.svg"))),
]
