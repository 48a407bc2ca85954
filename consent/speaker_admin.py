"""Speakers in the admin. Opening a person's name and address is recorded in the log."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin_base import get_acting_member, get_actor_name
from accounts.role_permissions import Action
from accounts.sandbox_clock import now_for
from consent import speakers
from consent.models import Speaker
from core import clock
from core.caller_notes import Notes
from vault.notes_admin import NotedAdmin


@admin.register(Speaker)
class SpeakerAdmin(NotedAdmin[Speaker]):
    list_display = ("id", "kind", "state", "mode", "created_at", "erased_at")
    list_filter = ("state", "kind", "livemode")
    search_fields = ("id",)
    ordering = ("-created_at", "id")
    fields = ("id", "kind", "state", "mode", "created_at", "erased_at")

    def open_notes(self, row: Speaker) -> Notes:
        """Return the speaker's notes, opened."""
        return speakers.open_speaker_notes(row)

    def get_fields(self, request: HttpRequest, obj: Speaker | None = None) -> tuple[str, ...]:
        """Show name and address to members who may open them."""
        shown: tuple[str, ...] = tuple(super().get_fields(request, obj))

        return (*shown, "person") if self.may(request, Action.OPEN_SPEAKER) else shown

    def get_readonly_fields(
        self, request: HttpRequest, obj: Speaker | None = None
    ) -> tuple[str, ...]:
        """Return the computed fields as well: name and address."""
        return (*super().get_readonly_fields(request, obj), "person")

    @transaction.atomic
    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Record in the log that a member opens this person's page, if it shows who it is."""
        speaker = self.get_queryset(request).filter(pk=unquote(object_id)).first()
        if speaker is not None and self.may(request, Action.OPEN_SPEAKER):
            at = now_for(speaker.organisation, livemode=speaker.livemode, wall_time=clock.now())
            speakers.log_opening(speaker, actor=get_actor_name(get_acting_member(request)), at=at)

        shown: HttpResponse = super().change_view(request, object_id, form_url, extra_context)

        return shown

    @admin.display(description="Person (that you opened this is on record)")
    def person(self, speaker: Speaker) -> SafeString | str:
        """Return name and address, opened from the vault for this page alone."""
        personal = speakers.open_personal(speaker)
        if personal is None:
            return "erased: the key is destroyed, nothing can be opened"

        return format_html("<bdi>{}</bdi><br>{}", personal.name, personal.email)
