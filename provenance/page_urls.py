"""Where the public pages are mounted."""

from __future__ import annotations

from django.templatetags.static import static
from django.urls import path
from django.utils.functional import lazy
from django.views.generic import RedirectView

from provenance.pages.checking import verify_page
from provenance.pages.front import front
from provenance.pages.opinions import feedback_page
from provenance.pages.verifier import program

urlpatterns = [
    path("", front, name="front"),
    path("verify", verify_page, name="verify"),
    path("verify.py", program, name="verify-program"),
    path("verify/feedback", feedback_page, name="verify-feedback"),
    path("favicon.ico", RedirectView.as_view(url=lazy(static, str)("sayso/mark.svg"))),
]
