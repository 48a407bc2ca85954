"""Consents on the desk: what was signed, what the gate said; revoke, suspend and resume with a
reason.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, TypedDict, cast

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.db.models import Case, DateTimeField, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import TabularInline

from accounts.admin_base import (
    ReadOnlyAdmin,
    admin_button,
    log_admin_action,
    may_act,
    may_enter,
    member_of,
)
from accounts.models import Organisation
from accounts.reason_forms import CodeForm, Given, NoReasonForm, make_code_form
from accounts.role_permissions import Action
from consent import (
    delivery_admin,
    intended_uses,
    sealed_reasons,
    services,
    speaker_admin,  # noqa: F401 - importing registers it
)
from consent.lifecycle import consent_requests, link_resend
from consent.models import Consent, Decision, Grant, NoticeVersion
from consent.models.consent import ConsentQuerySet
from consent.policy import change_reasons
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
        """What the person read, as long as their key lives."""
        words = intended_uses.open_words(grant, grant.consent.speaker.subject)
        read = intended_uses.find_words(grant.scope, words)
        return read.text if read else ""

    def get_fields(self, request: HttpRequest, obj: Consent | None = None) -> tuple[str, ...]:
        """Add the words for those who may learn who somebody is: they may name people."""
        may_open = may_act(request, Action.OPEN_SPEAKER)
        return (*self.fields, "show_intended_uses") if may_open else self.fields

    def has_view_permission(self, request: HttpRequest, obj: Grant | None = None) -> bool:
        return may_enter(request)

    def has_add_permission(self, request: HttpRequest, obj: Grant | None = None) -> bool:
        return False


class StateFilter(admin.SimpleListFilter):
    """Filters by the state as it is now; test data lives by the organisation's own clock."""

    title = "state"
    parameter_name = "state_now"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """Every state there is."""
        return [(str(state), str(state)) for state in ConsentState]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Consent]) -> QuerySet[Consent]:
        """Those in the state that was chosen."""
        if (chosen := self.value()) is None:
            return queryset
        here = clock.now() + member_of(request).organisation.test_clock_ahead
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
        "notice_version", "created_at", "signed_at", "valid_from", "valid_until", "revoked_at",
        "ended_at", "suspended_by", "revocation_epoch", "record_sha256", "record_key",
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
        """The consent with its delivery and the reasons that were given.

        Opening their words goes on record.
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
                    consent, member_of(request), Action.OPEN_EVIDENCE, "remarks", at=clock.now()
                )
        return {"remarks": said, "may_open": may_open}

    def notes_of(self, row: Consent) -> Notes:
        """Open the consent's notes."""
        return consent_requests.notes_of(row)

    def get_list_filter(self, request: HttpRequest) -> tuple[Any, ...]:
        """The state first, as it is now and not as it was written down."""
        return (StateFilter, *self.list_filter)

    @admin.display(description="State", ordering="state")
    def state_today(self, consent: Consent) -> str:
        """The state as it is now, also before a sweep has written it down."""
        return str(consent.state_at(_principal_of(consent)["at"]))

    @admin.display(description="Signed record")
    def signed_record(self, consent: Consent) -> SafeString | str:
        """The very bytes that were signed, readable."""
        if consent.record is None:
            return "not signed"
        shown = json.dumps(json.loads(bytes(consent.record)), indent=2, ensure_ascii=False)
        return format_html('<pre style="white-space: pre-wrap">{}</pre>', shown)

    @admin_button(text="Revoke", path="revoke", permission="revoke")
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End the consent for good."""
        return self.act(
            request,
            object_id,
            action=Action.REVOKE,
            title="Revoke this consent",
            consequence=(
                "No further call is allowed, waiting jobs are not delivered, its voices are "
                "deleted. For good."
            ),
            do=_withdraw_consent,
            asks=_reason_form_for(Act.REVOKE),
        )

    @admin_button(text="Suspend", path="suspend", permission="suspend")
    def suspend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Stop it for a while."""
        return self.act(
            request,
            object_id,
            action=Action.SUSPEND,
            title="Suspend this consent",
            consequence="Every call is refused until the consent is resumed. Nothing is deleted.",
            do=_suspend_consent,
            asks=_reason_form_for(Act.SUSPEND),
        )

    @admin_button(text="Resume", path="resume", permission="resume")
    def resume(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let it work again."""
        return self.act(
            request,
            object_id,
            action=Action.RESUME,
            title="Resume this consent",
            consequence="Calls within its scope are allowed again.",
            do=_resume_consent,
            asks=_reason_form_for(Act.RESUME),
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
            do=_resend_link,
            asks=NoReasonForm,
        )

    def has_revoke_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return self.may(request, Action.REVOKE)

    def has_suspend_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return self.may(request, Action.SUSPEND)

    def has_resume_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return self.may(request, Action.RESUME)

    def has_send_again_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Owners and officers, while the link can be signed with and is ours to send."""
        if object_id is None or not self.may(request, Action.SEND_AGAIN):
            return self.may(request, Action.SEND_AGAIN)
        consent = (
            self.get_queryset(request)
            .filter(pk=unquote(object_id))
            .select_related("organisation")
            .first()
        )
        return consent is not None and link_resend.may_be_sent(
            consent, at=_principal_of(consent)["at"]
        )


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin[Decision]):
    list_display = ("id", "allowed", "preview", "show_request", "why", "mode", "created_at")
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
        """The question in short."""
        return " ".join(
            str(decision.ask.get(name) or "") for name in ("action", "language", "use_case")
        ).strip()

    @admin.display(description="Why not")
    def why(self, decision: Decision) -> str:
        """The reasons in short."""
        return ", ".join(str(reason["code"]) for reason in decision.reasons)


@admin.register(NoticeVersion)
class NoticeVersionAdmin(ReadOnlyAdmin[NoticeVersion]):
    """What people were told. The built-in notices belong to nobody and are the same for all."""

    list_display = ("notice", "version", "locale", "change_class", "created_at")
    fields = ("notice", "version", "locale", "change_class", "body", "sha256", "created_at")
    ordering = ("notice", "-version", "locale")

    def list_owned_rows(self, request: HttpRequest) -> QuerySet[NoticeVersion]:
        rows: QuerySet[NoticeVersion] = super(ReadOnlyAdmin, self).get_queryset(request)
        return rows


class _Principal(TypedDict):
    """Whose consent an act is about, and when."""

    organisation_id: str
    livemode: bool
    at: datetime


def _reason_form_for(act: Act) -> type[CodeForm]:
    """The form that asks why: the codes for this act, and words."""
    return make_code_form(
        [(code.name, code.meaning) for code in change_reasons.list_reason_codes(act)], words=True
    )


def _principal_of(consent: Consent) -> _Principal:
    organisation: Organisation = consent.organisation
    return {
        "organisation_id": organisation.id,
        "livemode": consent.livemode,
        "at": clock.now() if consent.livemode else clock.now() + organisation.test_clock_ahead,
    }


def _withdraw_consent(consent: Consent, actor: str, given: Given) -> str:
    after = services.withdraw_consent(
        consent.id, reason=given.reason, words=given.words, actor=actor, **_principal_of(consent)
    )
    return f"The consent is {after.state_at(_principal_of(after)['at'])}."


def _suspend_consent(consent: Consent, actor: str, given: Given) -> str:
    after = services.suspend_consent(
        consent.id, reason=given.reason, words=given.words, actor=actor, **_principal_of(consent)
    )
    return f"The consent is {after.state_at(_principal_of(after)['at'])}."


def _resume_consent(consent: Consent, actor: str, given: Given) -> str:
    after = services.resume_consent(
        consent.id, reason=given.reason, words=given.words, actor=actor, **_principal_of(consent)
    )
    return f"The consent is {after.state_at(_principal_of(after)['at'])}."


def _resend_link(consent: Consent, actor: str, given: Given) -> str:  # noqa: ARG001 - the shape of an act
    services.resend_link(consent.id, actor=actor, **_principal_of(consent))
    return "The link is queued, or left in the last ten minutes."
