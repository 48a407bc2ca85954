"""The application of erasures."""

from __future__ import annotations

from django.apps import AppConfig


class ErasureConfig(AppConfig):
    name = "erasure"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from erasure import erasure_export_tables

        erasure_export_tables.register_export_table()
