"""Addresses of the public pages."""

from __future__ import annotations

from django.templatetags.static import static
from django.urls import path
from django.utils.functional import lazy
from django.views.generic import RedirectView

from provenance.web.views.feedback_page import show_feedback_page
from provenance.web.views.home_page import show_home
from provenance.web.views.verifier_download import download_verifier
from provenance.web.views.verify_page import show_verify_page

urlpatterns = [
    path("", show_home, name="front"),
    path("verify", show_verify_page, name="verify"),
    path("verify.py", download_verifier, name="verify-program"),
    path("verify/feedback", show_feedback_page, name="verify-feedback"),
    path(
        "favicon.ico",
        RedirectView.as_view(url=lazy(static, str)("sayso/mark.svg")),
        name="favicon",
    ),
]
