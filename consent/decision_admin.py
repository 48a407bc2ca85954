"""Decisions of the gate and versions of notices in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin_base import ReadOnlyAdmin
from consent.models import Decision, NoticeVersion


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin[Decision]):
    """The answers of the gate."""

    list_display = ("id", "allowed", "preview", "show_request", "text", "why", "mode", "created_at")
    list_filter = ("allowed", "preview", "livemode")
    search_fields = ("id", "consent__id", "voice_id", "actor")
    date_hierarchy = "created_at"
    ordering = ("-created_at", "id")
    fields = (
        "id", "allowed", "preview", "mode", "actor", "consent", "grant", "voice_id", "ask",
        "reasons", "epoch", "record_sha256", "policy_version", "created_at", "expires_at",
    )  # fmt: skip

    @admin.display(description="Asked for")
    def show_request(self, decision: Decision) -> str:
        """Return the access request in short."""
        return " ".join(
            str(decision.ask.get(name) or "") for name in ("action", "language", "use_case")
        ).strip()

    @admin.display(description="Text")
    def text(self, decision: Decision) -> str:
        """Return what was found of the text's language, unless it fits."""
        found = decision.ask.get("text_language") or {"fit": "fits", "languages": []}
        return "" if found["fit"] == "fits" else " ".join([found["fit"], *found["languages"]])

    @admin.display(description="Why not")
    def why(self, decision: Decision) -> str:
        """Return the codes of the reasons."""
        return ", ".join(str(reason["code"]) for reason in decision.reasons)


@admin.register(NoticeVersion)
class NoticeVersionAdmin(ReadOnlyAdmin[NoticeVersion]):
    """The versions of notices. The built-in ones are the same for all organisations."""

    list_display = ("notice", "version", "locale", "change_class", "created_at")
    fields = ("notice", "version", "locale", "change_class", "body", "sha256", "created_at")
    ordering = ("notice", "-version", "locale")

    def list_owned_rows(self, request: HttpRequest) -> QuerySet[NoticeVersion]:
        """List all notices. The built-in ones belong to no organisation."""
        rows: QuerySet[NoticeVersion] = super(ReadOnlyAdmin, self).get_queryset(request)
        return rows
