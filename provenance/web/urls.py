"""Where the public pages are mounted."""

from __future__ import annotations

from django.templatetags.static import static
from django.urls import path
from django.utils.functional import lazy
from django.views.generic import RedirectView

from provenance.web.feedback_view import show_feedback_page
from provenance.web.home_view import show_home
from provenance.web.verifier_download import download_verifier
from provenance.web.verify_view import show_verify_page

urlpatterns = [
    path("", show_home, name="front"),
    path("verify", show_verify_page, name="verify"),
    path("verify.py", download_verifier, name="verify-program"),
    path("verify/feedback", show_feedback_page, name="verify-feedback"),
    path("favicon.ico", RedirectView.as_view(url=lazy(static, str)("sayso/mark.svg"))),
]
