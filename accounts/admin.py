"""Admin pages of accounts: members, API keys, and the organisation with its policy and contact."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html

from accounts import contact_details, organisation_policy
from accounts.admin_base import (
    ReadOnlyAdmin,
    admin_button,
    demand_act,
    get_acting_member,
    get_actor_name,
    log_admin_action,
)
from accounts.models import ApiKey, Member, Organisation
from accounts.reason_forms import ReasonForm
from accounts.role_permissions import Action
from core import clock
from core.errors import Invalid


class PolicyForm(ReasonForm):
    """Form for the whole policy as JSON and the reason of the change."""

    policy = forms.JSONField(label="Policy", required=False, empty_value={})

    def clean_policy(self) -> dict[str, Any]:
        """Return the policy, which must be a JSON object.

        Raises ValidationError.
        """
        value = self.cleaned_data["policy"]
        if not isinstance(value, dict):
            raise forms.ValidationError("A policy is a JSON object.")

        return value


class ContactForm(forms.Form):
    """Form for how people reach the organisation and its data protection officer."""

    contact = forms.CharField(
        label="Contact",
        max_length=300,
        help_text="An e-mail address, an https address or a postal address.",
    )
    dpo = forms.CharField(
        label="Data protection officer",
        max_length=300,
        required=False,
        help_text="Empty when there is none.",
    )


@admin.register(Organisation)
class OrganisationAdmin(ReadOnlyAdmin[Organisation]):
    list_display = ("name", "created_at")
    fields = ("id", "name", "contact", "rules", "created_at")
    readonly_fields = ("rules",)
    organisation_path = "id"
    actions_detail = ("change_contact", "change_policy")

    @admin.display(description="Policy")
    def rules(self, row: Organisation) -> str:
        """Return the policy as indented JSON."""
        return format_html("<pre>{}</pre>", _format_policy(row.policy))

    def has_change_policy_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        """Return whether the member may change the policy, as owners may."""
        return self.may(request, Action.CHANGE_POLICY)

    @admin_button(text="Change the policy", path="policy", permission="change_policy")
    def change_policy(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the policy and its possible entries, or replace it with a reason, on record."""
        row = self.get_queryset(request).filter(pk=unquote(object_id)).first()
        if row is None:
            raise Http404

        member = get_acting_member(request)
        demand_act(request, Action.CHANGE_POLICY)
        form = PolicyForm(request.POST or None, initial={"policy": row.policy})
        if (
            request.method == "POST"
            and form.is_valid()
            and self._try_policy_change(request, member, form)
        ):
            return HttpResponseRedirect(
                reverse("admin:accounts_organisation_change", args=[row.pk])
            )

        entries = [
            (entry, json.dumps(entry.example, ensure_ascii=False))
            for entry in organisation_policy.list_policy_entries()
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": "Change the policy",
            "form": form,
            "row": row,
        }
        back = reverse("admin:accounts_organisation_change", args=[row.pk])
        return render(
            request,
            "admin/policy.html",
            {**context, "opts": self.opts, "entries": entries, "back": back},
        )

    def has_change_contact_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        """Return whether the member may change the contact, as owners may."""
        return self.may(request, Action.CHANGE_CONTACT)

    @admin_button(text="Change the contact", path="contact", permission="change_contact")
    def change_contact(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show how people reach the organisation, or change it, on record."""
        member = get_acting_member(request)
        demand_act(request, Action.CHANGE_CONTACT)
        row = Organisation.objects.get(id=member.organisation_id)
        said = contact_details.get_contact(row)
        form = ContactForm(request.POST or None, initial={"contact": said.contact, "dpo": said.dpo})
        back = reverse("admin:accounts_organisation_change", args=[row.pk])

        if (
            request.method == "POST"
            and form.is_valid()
            and self._contact_changed(request, member, form)
        ):
            return HttpResponseRedirect(back)

        context = {
            **self.admin_site.each_context(request),
            "title": "Change the contact",
            "form": form,
            "row": row,
        }

        return render(request, "admin/contact.html", {**context, "opts": self.opts, "back": back})

    @staticmethod
    def _contact_changed(request: HttpRequest, member: Member, form: ContactForm) -> bool:
        """Change the contact, or show each fault at its field. Returns whether it changed."""
        try:
            contact_details.change_contact(
                member.organisation_id,
                form.cleaned_data,
                actor=get_actor_name(member),
                at=clock.now(),
            )
        except Invalid as wrong:
            for fault in wrong.faults:
                form.add_error(fault.attr, fault.detail)
            return False

        messages.success(request, "The contact is on every page from now on.")
        return True

    @staticmethod
    def _try_policy_change(request: HttpRequest, member: Member, form: PolicyForm) -> bool:
        """Store the policy, or show what is wrong at its field. Returns whether it was accepted."""
        given, reason = form.cleaned_data["policy"], form.cleaned_data["reason"]
        at = clock.now()

        try:
            with transaction.atomic():
                changed = organisation_policy.change_policy(
                    member.organisation_id, given, actor=get_actor_name(member), at=at
                )
                log_admin_action(None, member, Action.CHANGE_POLICY, reason, at=at)
        except Invalid as wrong:
            form.add_error("policy", wrong.detail)
            return False

        messages.success(
            request, "The policy holds from now on." if changed else "It says so already."
        )
        return True


@admin.register(Member)
class MemberAdmin(ReadOnlyAdmin[Member]):
    list_display = ("email", "role", "is_active", "last_login", "access_until")
    list_filter = ("role", "is_active")
    search_fields = ("email",)
    fields = ("id", "email", "role", "is_active", "date_joined", "last_login", "access_until")
    ordering = ("email",)

    def list_owned_rows(self, request: HttpRequest) -> QuerySet[Member]:
        """Return the members without the hash of the password, which no page needs."""
        return super().list_owned_rows(request).defer("password")


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin[ApiKey]):
    list_display = ("prefix", "product", "mode", "last_used_at", "expires_at", "disabled_at")
    list_filter = ("livemode",)
    search_fields = ("id", "prefix", "product")
    fields = (
        "id", "prefix", "product", "mode", "scopes", "default_use_case", "default_channel",
        "default_territory", "default_language", "calls_per_minute", "created_at", "last_used_at",
        "expires_at", "disabled_at",
    )  # fmt: skip
    ordering = ("-created_at", "id")


def _format_policy(rules: dict[str, Any]) -> str:
    return json.dumps(rules, indent=2, ensure_ascii=False, sort_keys=True)
