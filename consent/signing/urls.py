"""Where the signing pages are mounted."""

from __future__ import annotations

from django.urls import path, re_path

from consent.signing import views

urlpatterns = [
    # Records name this address as the way to withdraw. A visitor without a link is told to open it.
    path("sign", views.show_missing_link, name="sign-without-link"),
    path("sign/<str:token>", views.show_signing_page, name="sign"),
    path("sign/<str:token>/decline", views.decline_by_link, name="decline"),
    path("sign/<str:token>/withdraw", views.withdraw_by_link, name="withdraw"),
    re_path(
        r"^sign/(?P<token>[^/]+)/receipt\.(?P<kind>pdf|json)$",
        views.download_receipt,
        name="sign-receipt",
    ),
]
