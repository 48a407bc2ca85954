"""Routes of accounts."""

from __future__ import annotations

from django.urls import path

from accounts.api import views

urlpatterns = [
    path("v1/api_keys", views.ApiKeyListView.as_view(), name="api-keys"),
    path("v1/api_keys/<key:key_id>", views.ApiKeyDetailView.as_view(), name="api-key"),
    path(
        "v1/api_keys/<key:key_id>/rotate", views.ApiKeyRotationView.as_view(), name="api-key-rotate"
    ),
    path("v1/organisation", views.OrganisationView.as_view(), name="organisation"),
    path("v1/test/clock", views.TestClockView.as_view(), name="test-clock"),
]
