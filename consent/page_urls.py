"""Where the signing pages are mounted."""

from __future__ import annotations

from django.urls import path, re_path

from consent import pages

urlpatterns = [
    # Records name this address as the way to withdraw. A visitor without a link is told to open it.
    path("sign", pages.without_link),
    path("sign/<str:token>", pages.sign, name="sign"),
    path("sign/<str:token>/decline", pages.decline, name="decline"),
    path("sign/<str:token>/withdraw", pages.withdraw, name="withdraw"),
    re_path(r"^sign/(?P<token>[^/]+)/receipt\.(?P<kind>pdf|json)$", pages.receipt, name="sign-receipt"),
]
