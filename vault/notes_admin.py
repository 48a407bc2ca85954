"""Admin pages for rows with notes, which some roles may open.

A row is found by the caller's own id, which must be given whole.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from accounts.admin_base import ReadOnlyAdmin, get_acting_member
from accounts.role_permissions import Action
from core import clock
from core.caller_notes import Notes
from vault import sealed_notes

Row = TypeVar("Row", bound=Model)


class NotedAdmin(ReadOnlyAdmin[Row]):
    """Shows rows that have notes."""

    found_by: ClassVar[tuple[sealed_notes.Field, ...]] = ("external_id",)

    def open_notes(self, row: Row) -> Notes:
        """Open the row's notes."""
        raise NotImplementedError  # each admin of a model opens its own

    @admin.display(description="Notes of the caller")
    def show_notes(self, row: Row) -> SafeString:
        """Return the notes as one text, each isolated: a caller may have written anything."""
        opened = self.open_notes(row)
        pairs = {
            "external_id": opened.external_id,
            "client_reference": opened.client_reference,
            **opened.metadata,
        }

        shown = ((name, value) for name, value in pairs.items() if value)
        return format_html_join("; ", "<bdi>{}: {}</bdi>", shown)

    def get_fields(self, request: HttpRequest, obj: Row | None = None) -> tuple[Any, ...]:
        """Add the notes for roles that may learn who a person is, because notes may name people."""
        shown = tuple(super().get_fields(request, obj))
        return (*shown, "show_notes") if self.may(request, Action.OPEN_SPEAKER) else shown

    def get_readonly_fields(self, request: HttpRequest, obj: Row | None = None) -> tuple[str, ...]:
        """Add the notes, which cannot be edited here."""
        return (*super().get_readonly_fields(request, obj), "show_notes")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Row], search_term: str
    ) -> tuple[QuerySet[Row], bool]:
        """Search the page's own fields, and the caller's id by its keyed hash."""
        found, repeated = super().get_search_results(request, queryset, search_term)
        term = search_term.strip()
        if not term:
            return found, repeated

        organisation_id = get_acting_member(request).organisation_id
        at = clock.now()

        either = Q(pk__in=found.order_by().values("pk"))
        for field in self.found_by:
            hashed = sealed_notes.index_note(field, term, organisation_id=organisation_id, at=at)
            either |= Q(**{sealed_notes.COLUMNS[field]: hashed})

        return queryset.filter(either), False
