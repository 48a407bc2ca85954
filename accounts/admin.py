"""Accounts on the desk: members and API keys, to be looked at."""

from __future__ import annotations

from django.contrib import admin

from accounts.desk import EvidenceAdmin
from accounts.models import ApiKey, Member


@admin.register(Member)
class MemberAdmin(EvidenceAdmin[Member]):
    list_display = ("email", "role", "is_active", "last_login", "access_until")
    list_filter = ("role", "is_active")
    search_fields = ("email",)
    fields = ("id", "email", "role", "is_active", "date_joined", "last_login", "access_until")
    ordering = ("email",)


@admin.register(ApiKey)
class ApiKeyAdmin(EvidenceAdmin[ApiKey]):
    list_display = ("prefix", "product", "mode", "last_used_at", "expires_at", "disabled_at")
    list_filter = ("livemode",)
    search_fields = ("id", "prefix", "product")
    fields = (
        "id", "prefix", "product", "mode", "scopes", "default_use_case", "default_channel", "default_territory",
        "default_language", "calls_per_minute", "created_at", "last_used_at", "expires_at", "disabled_at",
    )  # fmt: skip
    ordering = ("-created_at", "id")
