"""The application of erasures."""

from __future__ import annotations

from django.apps import AppConfig


class ErasureConfig(AppConfig):
    name = "erasure"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from erasure import erasure_export_tables, tombstone_checks
        from transparency_log import fsck
        from transparency_log.formats import entry_kinds

        entry_kinds.register_kinds(
            "erasure.started", "erasure.target", "erasure.completed", "key.destroyed"
        )
        erasure_export_tables.register_erasure_table()
        fsck.evidence_checks.add(tombstone_checks.check_tombstones)
