"""Consents in the admin: what was signed, and the buttons that change a consent with a reason."""

from __future__ import annotations

import json
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.db.models import Case, DateTimeField, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import TabularInline

from accounts.admin_base import (
    admin_button,
    get_acting_member,
    log_admin_action,
    may_act,
    may_enter,
)
from accounts.reason_forms import NoReasonForm
from accounts.role_permissions import Action
from consent import (
    consent_acts,
    decision_admin,  # noqa: F401 - importing registers it
    delivery_admin,
    intended_uses,
    sealed_reasons,
    speaker_admin,  # noqa: F401 - importing registers it
)
from consent.lifecycle import link_resend, sealed_fields
from consent.models import Consent, Grant
from consent.models.consent import ConsentQuerySet
from consent.policy.change_reasons import Act
from consent.policy.state_machine import ConsentState
from core import clock
from core.caller_notes import Notes
from vault.notes_admin import NotedAdmin


class GrantInline(TabularInline):  # type: ignore[misc]  # the theme has no types
    model = Grant
    fields = ("use_case", "scope", "declined_at", "removed_at")
    readonly_fields = (*fields, "show_intended_uses")
    extra = 0
    can_delete = False

    @admin.display(description="Intended uses")
    def show_intended_uses(self, grant: Grant) -> str:
        """Return the words that the person read, as long as their key exists."""
        words = intended_uses.open_intended_use_words(grant, grant.consent.speaker.subject)
        read = intended_uses.find_words(grant.scope, words)
        return read.text if read else ""

    def get_fields(self, request: HttpRequest, obj: Consent | None = None) -> tuple[str, ...]:
        """Return the fields, with the words for members who may open a speaker."""
        # The words may name people.
        may_open = may_act(request, Action.OPEN_SPEAKER)
        return (*self.fields, "show_intended_uses") if may_open else self.fields

    def has_view_permission(self, request: HttpRequest, obj: Grant | None = None) -> bool:
        return may_enter(request)

    def has_add_permission(self, request: HttpRequest, obj: Grant | None = None) -> bool:
        return False


class StateFilter(admin.SimpleListFilter):
    """Filters by the present state, for test data at the time of the organisation's test clock."""

    title = "state"
    parameter_name = "state_now"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """Return every state."""
        return [(str(state), str(state)) for state in ConsentState]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Consent]) -> QuerySet[Consent]:
        """Return the consents in the chosen state."""
        if (chosen := self.value()) is None:
            return queryset

        here = clock.now() + get_acting_member(request).organisation.test_clock_ahead
        at = Case(
            When(livemode=True, then=Value(clock.now())),
            default=Value(here),
            output_field=DateTimeField(),
        )

        return cast("ConsentQuerySet", queryset).reading(chosen, at=at)


@admin.register(Consent)
class ConsentAdmin(NotedAdmin[Consent]):
    list_display = (
        "id",
        "state_today",
        "assurance",
        "mode",
        "signed_at",
        "valid_until",
        "revoked_at",
    )
    list_select_related = ("organisation",)
    list_filter = ("assurance", "livemode")
    search_fields = ("id", "speaker__id")
    date_hierarchy = "created_at"
    ordering = ("-created_at", "id")
    inlines = (GrantInline,)
    fields = (
        "id", "state_today", "speaker", "mode", "assurance", "representation", "jurisdictions",
        "providers", "notice_version", "created_at", "signed_at", "valid_from", "valid_until",
        "revoked_at", "ended_at", "suspended_by", "revocation_epoch", "record_sha256", "record_key",
        "signed_record", "supersedes",
    )  # fmt: skip
    readonly_fields = ("signed_record", "state_today")
    change_form_before_template = "admin/consent_delivery.html"
    change_form_after_template = "admin/consent_history.html"
    actions_detail = ("revoke", "suspend", "resume", "send_again")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the consent with its delivery and the reasons that members gave.

        The log records when the words of reasons are opened.
        """
        consent = (
            self.get_queryset(request)
            .filter(pk=unquote(object_id))
            .select_related("speaker")
            .first()
        )
        shown: dict[str, Any] = {}

        if consent is not None:
            shown = {
                **self._reasons(request, consent),
                **delivery_admin.build_delivery_context(consent),
            }

        answer: HttpResponse = super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **shown}
        )
        return answer

    def _reasons(self, request: HttpRequest, consent: Consent) -> dict[str, Any]:
        may_open = self.may(request, Action.OPEN_EVIDENCE)
        said = sealed_reasons.list_reasons(consent, opened=may_open)
        if any(one.words for one in said):
            with transaction.atomic():
                log_admin_action(
                    consent,
                    get_acting_member(request),
                    Action.OPEN_EVIDENCE,
                    "remarks",
                    at=clock.now(),
                )

        return {"remarks": said, "may_open": may_open}

    def open_notes(self, row: Consent) -> Notes:
        """Open the consent's notes."""
        return sealed_fields.open_consent_notes(row)

    def get_list_filter(self, request: HttpRequest) -> tuple[Any, ...]:
        """Return the filters, with the present state first and not the stored one."""
        return (StateFilter, *self.list_filter)

    @admin.display(description="State", ordering="state")
    def state_today(self, consent: Consent) -> str:
        """Return the present state, also before a sweep has stored it."""
        return str(consent.state_at(consent_acts.get_consent_owner(consent)["at"]))

    @admin.display(description="Signed record")
    def signed_record(self, consent: Consent) -> SafeString | str:
        """Return the signed bytes in readable form."""
        if consent.record is None:
            return "not signed"

        shown = json.dumps(json.loads(bytes(consent.record)), indent=2, ensure_ascii=False)
        return format_html('<pre style="white-space: pre-wrap">{}</pre>', shown)

    @admin_button(text="Revoke", path="revoke", permission="revoke")
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Withdraw the consent for good."""
        return self.act(
            request,
            object_id,
            action=Action.REVOKE,
            title="Revoke this consent",
            consequence=(
                "No further call is allowed, waiting jobs are not delivered, its voices are "
                "deleted. For good."
            ),
            do=consent_acts.perform_withdrawal,
            asks=consent_acts.reason_form_for(Act.REVOKE),
        )

    @admin_button(text="Suspend", path="suspend", permission="suspend")
    def suspend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Suspend the consent for a time."""
        return self.act(
            request,
            object_id,
            action=Action.SUSPEND,
            title="Suspend this consent",
            consequence="Every call is refused until the consent is resumed. Nothing is deleted.",
            do=consent_acts.perform_suspension,
            asks=consent_acts.reason_form_for(Act.SUSPEND),
        )

    @admin_button(text="Resume", path="resume", permission="resume")
    def resume(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Resume the consent."""
        return self.act(
            request,
            object_id,
            action=Action.RESUME,
            title="Resume this consent",
            consequence="Calls within its scope are allowed again.",
            do=consent_acts.perform_resumption,
            asks=consent_acts.reason_form_for(Act.RESUME),
        )

    @admin_button(text="Send the link again", path="send-again", permission="send_again")
    def send_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Queue the link for another delivery."""
        return self.act(
            request,
            object_id,
            action=Action.SEND_AGAIN,
            title="Send the link again",
            consequence=(
                "The person gets the link once more, at the address that they have now. A link "
                "that left in the last ten minutes is not sent again."
            ),
            do=consent_acts.perform_resend,
            asks=NoReasonForm,
        )

    def has_revoke_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return self.may(request, Action.REVOKE)

    def has_suspend_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return self.may(request, Action.SUSPEND)

    def has_resume_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return self.may(request, Action.RESUME)

    def has_send_again_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Return whether the member may send the link again, while it is open and ours to send."""
        if object_id is None or not self.may(request, Action.SEND_AGAIN):
            return self.may(request, Action.SEND_AGAIN)

        consent = (
            self.get_queryset(request)
            .filter(pk=unquote(object_id))
            .select_related("organisation")
            .first()
        )

        return consent is not None and link_resend.may_be_sent(
            consent, at=consent_acts.get_consent_owner(consent)["at"]
        )
