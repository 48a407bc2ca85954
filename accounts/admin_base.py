"""What every page of the admin web UI has in common: rows are read-only, and acts need a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar, cast, final

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.decorators import action

from accounts import admin_queries, domain_events, recent_login, role_permissions, second_factor
from accounts.domain_events import DomainEvent
from accounts.models import Member
from accounts.reason_forms import AnyReasonForm, Given, ReasonForm
from accounts.role_permissions import Action
from core import clock
from core.errors import SaysoError

Row = TypeVar("Row", bound=Model)
# An act receives the row, the member as the log names them, and the reason. The text that it
# returns is shown to the member.
Act = Callable[[Any, str, Given], str]

Method = TypeVar("Method", bound=Callable[..., Any])


def admin_button(*, text: str, path: str, permission: str) -> Callable[[Method], Method]:
    """Return the theme's decorator for the button of an act, with types.

    The button is shown to members for whom `has_<permission>_permission` returns True, and the act
    is refused to others.
    """
    decorated: Callable[[Method], Method] = action(
        description=text, url_path=path, permissions=[permission]
    )
    return decorated


class ReadOnlyAdmin(ModelAdmin, Generic[Row]):  # type: ignore[misc]  # the theme has no types
    """Shows rows of the member's own organisation and changes nothing."""

    organisation_path: ClassVar[str] = "organisation"
    list_per_page = 50
    show_full_result_count = False
    actions = None
    list_disable_select_all = True

    @final
    def get_queryset(self, request: HttpRequest) -> QuerySet[Row]:
        """Return the rows that this member may see now: without a second factor, test data only."""
        return second_factor.restrict_to_test_data(
            self.list_owned_rows(request), get_acting_member(request)
        )

    def list_owned_rows(self, request: HttpRequest) -> QuerySet[Row]:
        """Return the rows of the member's own organisation."""
        rows: QuerySet[Row] = super().get_queryset(request)
        return rows.filter(**{self.organisation_path: get_acting_member(request).organisation_id})

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Return whether the address of a list may use `lookup`.

        The filters and dates that the page shows are allowed, and nothing else.
        """
        filters = self.list_filter if request is None else self.get_list_filter(request)
        return admin_queries.may_ask(lookup, filters=filters, dates=self.date_hierarchy)

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Return whether `to_field` is the primary key, the only name of a row."""
        return bool(to_field == self.opts.pk.name)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Row], search_term: str
    ) -> tuple[QuerySet[Row], bool]:
        """Search the page's own fields. A search that is too long finds nothing."""
        if not admin_queries.may_search(search_term):
            messages.warning(request, "Search for at most 5 words and 100 characters.")
            return queryset.none(), False

        found: tuple[QuerySet[Row], bool] = super().get_search_results(
            request, queryset, search_term
        )
        return found

    @admin.display(description="Data", ordering="livemode")
    def mode(self, row: Any) -> str:
        """Return "live" or "test"."""
        # Words, because the red cross of a boolean would look like a fault.
        return "live" if row.livemode else "test"

    def get_readonly_fields(self, request: HttpRequest, obj: Row | None = None) -> tuple[str, ...]:
        """Return the computed fields of the page, with `mode` among them."""
        return (*self.readonly_fields, "mode")

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return whether the member may read here."""
        return may_enter(request)

    def has_view_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        """Return whether the member may read this row."""
        return may_enter(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: evidence is not typed in."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        """Return False: evidence is not edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        """Return False: evidence is not deleted. The erasure of a person is another act."""
        return False

    def act(
        self,
        request: HttpRequest,
        object_id: str,
        *,
        action: Action,
        title: str,
        consequence: str,
        do: Act,
        asks: type[AnyReasonForm] = ReasonForm,
    ) -> HttpResponse:
        """Ask for the reason, then perform the act with `do` and show what came of it.

        `do` calls the same service as the API.

        Raises Http404 for the row of another organisation, PermissionDenied for a role that may not
        do this.
        """
        row = self.get_queryset(request).filter(pk=unquote(object_id)).first()
        if row is None:
            raise Http404

        back = reverse(
            f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[quote(row.pk)]
        )
        return self.with_reason(
            request,
            row,
            action=action,
            title=title,
            consequence=consequence,
            do=do,
            back=back,
            asks=asks,
        )

    def with_reason(
        self,
        request: HttpRequest,
        row: Any,
        *,
        action: Action,
        title: str,
        consequence: str,
        do: Act,
        back: str,
        asks: type[AnyReasonForm] = ReasonForm,
    ) -> HttpResponse:
        """Show the page that asks for the reason, or perform the act.

        `row` is None for acts that concern no row.
        """
        member = get_acting_member(request)
        demand_act(request, action)
        form = asks(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                messages.success(request, _perform_act(row, member, action, form.get_reason(), do))
            except SaysoError as error:
                messages.error(request, error.detail)
            return HttpResponseRedirect(back)

        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "consequence": consequence,
            "form": form,
            "opts": self.opts,
            "row": row,
            "back": back,
        }

        return render(request, "admin/reason.html", context)

    def may(self, request: HttpRequest, action: Action) -> bool:
        """Return whether to show the button."""
        return may_act(request, action)


def may_act(request: HttpRequest, action: Action) -> bool:
    """Return whether the role allows the action and a second factor is set up."""
    member = get_acting_member(request)
    allowed = role_permissions.may_perform(member, action, at=clock.now())
    return allowed and second_factor.is_set_up(member)


def demand_act(request: HttpRequest, action: Action) -> None:
    """Check that the member may do this now.

    Raises PermissionDenied, or ReauthenticationRequired when the last proof is old.
    """
    if not may_act(request, action):
        raise PermissionDenied
    if action not in role_permissions.WITHOUT_FRESH_PROOF:
        recent_login.demand_recent_login(request)


def get_acting_member(request: HttpRequest) -> Member:
    """Return the member who is logged in."""
    # The admin's own views admit only members.
    return cast("Member", request.user)


def get_actor_name(member: Member) -> str:
    """Return the name of a member in the log."""
    return f"member:{member.pk}"


@transaction.atomic
def _perform_act(row: Any, member: Member, action: Action, given: Given, do: Act) -> str:
    """Perform the act and record who did what and why, or do neither."""
    said = do(row, get_actor_name(member), given)
    log_admin_action(row, member, action, given.recorded, at=clock.now())
    return said


def log_admin_action(
    row: Any, member: Member, action: Action, reason: str, *, at: datetime
) -> None:
    """Log who did what and why, inside the transaction of the act.

    For an act that concerns people, `reason` is a code.
    """
    domain_events.emit_event(
        DomainEvent(
            kind="admin.action",
            organisation_id=member.organisation_id,
            livemode=getattr(row, "livemode", True),
            at=at,
            actor=get_actor_name(member),
            refs={},
            facts={
                "action": str(action),
                "row": str(row.pk) if row is not None else None,
                "reason": reason,
            },
        )
    )


def may_enter(request: HttpRequest) -> bool:
    """Return whether the request comes from a member whose access has not ended."""
    member = request.user
    return (
        isinstance(member, Member)
        and member.is_staff
        and role_permissions.has_access(member, at=clock.now())
    )
