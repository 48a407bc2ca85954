"""Where everything is mounted."""

from __future__ import annotations

from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from config import admin_doors, code_pages, docs, health

admin_doors.close_second_ways(admin.site)

urlpatterns: list[URLPattern | URLResolver] = [
    *admin_doors.urlpatterns,
    path("admin/", admin.site.urls),
    path("account/", include("config.account_urls")),
    path("v1/openapi.json", docs.openapi, name="openapi"),
    path("docs/", docs.Docs.as_view(), name="docs"),
    path("problems/", code_pages.listed),
    path("problems/<str:code>", code_pages.one),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("health/version", health.version),
    path("metrics", health.metrics),
]
for module in (
    "accounts.urls", "consent.urls", "voices.urls", "provenance.urls", "consent.page_urls", "provenance.page_urls",
):  # fmt: skip
    if find_spec(module):
        urlpatterns.append(path("", include(module)))

handler400 = "config.problems.bad_request"
handler403 = "config.problems.forbidden"
handler404 = "config.problems.not_found"
handler500 = "config.problems.server_error"
