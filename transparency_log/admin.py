"""The log and its checkpoints in the admin, read-only."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin_base import ReadOnlyAdmin
from transparency_log.models import Checkpoint, Entry


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin[Entry]):
    organisation_path = "organisation_id"
    list_display = ("idx", "kind", "event_id", "mode")
    list_filter = ("kind", "livemode")
    search_fields = ("event_id",)
    ordering = ("-idx",)
    fields = ("idx", "kind", "event_id", "mode", "entry")
    readonly_fields = ("entry",)

    @admin.display(description="Entry")
    def entry(self, entry: Entry) -> str:
        """Return the logged bytes, which are text."""
        return bytes(entry.payload).decode()


@admin.register(Checkpoint)
class CheckpointAdmin(ReadOnlyAdmin[Checkpoint]):
    organisation_path = "organisation_id"
    list_display = ("size", "signed_at")
    ordering = ("-size",)
