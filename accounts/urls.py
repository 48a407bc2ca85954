"""Routes of accounts."""

from __future__ import annotations

from django.urls import path

from accounts import api

urlpatterns = [
    path("v1/api_keys", api.ApiKeys.as_view()),
    path("v1/api_keys/<str:key_id>", api.OneApiKey.as_view()),
    path("v1/api_keys/<str:key_id>/rotate", api.ApiKeyRotation.as_view()),
    path("v1/organisation", api.OneOrganisation.as_view()),
    path("v1/test/clock", api.TestClock.as_view()),
]
