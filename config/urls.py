"""The addresses of the service."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from config import admin_login, api_docs, health, problem_pages, site_files
from core import converters

# The admin is loaded here and not at start, so that commands without pages need not load it.
admin.autodiscover()
admin_login.close_second_ways(admin.site)
converters.register_id_converters()  # the routes below name them

urlpatterns: list[URLPattern | URLResolver] = [
    *admin_login.urlpatterns,
    path("admin/", admin.site.urls),
    path("account/", include("config.account_urls")),
    path("v1/openapi.json", api_docs.show_openapi, name="openapi"),
    path("docs/", api_docs.ApiDocsView.as_view(), name="docs"),
    path("problems/", problem_pages.list_problems, name="problems"),
    path("problems/<str:code>", problem_pages.show_problem, name="problem"),
    path("health/live", health.show_liveness, name="health-live"),
    path("health/ready", health.show_readiness, name="health-ready"),
    path("health/version", health.show_version, name="health-version"),
    path("robots.txt", site_files.show_robots, name="robots"),
    path(".well-known/security.txt", site_files.show_security_contact, name="security-contact"),
    path("metrics", health.show_metrics, name="metrics"),
    path("", include("accounts.api.urls")),
    path("", include("consent.api.urls")),
    path("", include("voices.api.urls")),
    path("", include("proxies.urls")),
    path("", include("erasure.api.urls")),
    path("", include("provenance.api.urls")),
    path("", include("transparency_log.api.urls")),
    path("", include("consent.signing.urls")),
    path("", include("provenance.web.urls")),
]

handler400 = "config.problems.answer_bad_request"
handler403 = "config.problems.answer_forbidden"
handler404 = "config.problems.answer_not_found"
handler500 = "config.problems.answer_server_error"
