"""Accounts at providers and the tasks there, in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse

from accounts.admin_base import ReadOnlyAdmin, admin_button
from accounts.principal import Principal
from accounts.reason_forms import Given
from accounts.role_permissions import Action
from accounts.sandbox_clock import now_for
from core import clock
from core.caller_notes import Notes
from vault.notes_admin import NotedAdmin
from voices import provider_accounts, provider_tasks
from voices.canary import canary_findings, canary_requests
from voices.models import ProviderAccount, ProviderTask, TaskState


@admin.register(ProviderAccount)
class ProviderAccountAdmin(NotedAdmin[ProviderAccount]):
    """The accounts, with the last check of each."""

    list_display = ("id", "provider", "state", "mode", "created_at", "changed_at")
    list_filter = ("state", "provider", "livemode")
    search_fields = ("id",)
    ordering = ("-created_at", "id")
    readonly_fields = ("last_check",)
    fields = (
        "id", "provider", "state", "code", "last_check", "mode", "base_url", "credential_names",
        "audio_origins", "adapter_settings", "created_at", "changed_at", "removed_at",
    )  # fmt: skip
    actions_detail = ("check_account",)

    def open_notes(self, row: ProviderAccount) -> Notes:
        """Open the account's notes."""
        return provider_accounts.open_account_notes(row)

    @admin.display(description="Last check")
    def last_check(self, row: ProviderAccount) -> str:
        """Return how the last check ended, what it found, and what it cost."""
        run = canary_requests.get_last_run(row)
        if run is None:
            return ""

        found = canary_findings.CODES.get(run.code, run.code)
        return f"{run.state} ({run.characters} characters) {found}".strip()

    @admin_button(text="Check this account", path="check", permission="check")
    def check_account(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Have the account checked now."""
        return self.act(
            request,
            object_id,
            action=Action.MANAGE_PROVIDERS,
            title="Check this account",
            consequence=(
                "The service makes two voices of its own there, listens to some sentences, and "
                "deletes what it made. The provider may charge for them."
            ),
            do=_check,
        )

    def has_check_permission(
        self,
        request: HttpRequest,
        object_id: str | None = None,  # noqa: ARG002 - the theme hands it over
    ) -> bool:
        """Return whether the member may have accounts checked."""
        return self.may(request, Action.MANAGE_PROVIDERS)


@admin.register(ProviderTask)
class ProviderTaskAdmin(ReadOnlyAdmin[ProviderTask]):
    """What a person has to do at a provider."""

    list_display = ("id", "kind", "provider", "voice_id", "state", "mode", "created_at")
    list_filter = ("state", "kind", "provider", "livemode")
    search_fields = ("id", "voice_id")
    ordering = ("-created_at", "id")
    readonly_fields = ("to_do",)
    fields = (
        "id", "kind", "to_do", "provider", "voice_id", "state", "mode", "created_at", "done_at",
        "done_by",
    )  # fmt: skip
    actions_detail = ("mark_done",)

    @admin.display(description="What to do")
    def to_do(self, task: ProviderTask) -> str:
        """Return what a person has to do."""
        return provider_tasks.describe_task(task)

    @admin_button(text="Mark as done", path="done", permission="settle")
    def mark_done(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Record that a person has done it."""
        return self.act(
            request,
            object_id,
            action=Action.SETTLE_REVIEW,
            title="Mark as done",
            consequence=(
                "You say that it is done. A deletion that waits for it goes on, and the "
                "certificate of an erasure may rest on it."
            ),
            do=_mark_done,
        )

    def has_settle_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Return whether the member may settle tasks, and this one is open."""
        if object_id is None:
            return self.may(request, Action.SETTLE_REVIEW)

        mine = self.get_queryset(request).filter(pk=unquote(object_id), state=TaskState.OPEN)
        return self.may(request, Action.SETTLE_REVIEW) and mine.exists()


def _check(row: ProviderAccount, actor: str, _given: Given) -> str:
    principal = Principal(organisation_id=row.organisation.id, livemode=row.livemode, actor=actor)
    canary_requests.ask_for_canary(row.id, principal=principal, at=clock.now())
    return "The account is being checked."


def _mark_done(task: ProviderTask, actor: str, _given: Given) -> str:
    at = now_for(task.organisation, livemode=task.livemode, wall_time=clock.now())
    provider_tasks.complete_task(task.id, organisation_id=task.organisation.id, actor=actor, at=at)
    return "The task is done."
