"""The consent application; at start it registers what bundles are to hold of it, and what a lost
history means.
"""

from __future__ import annotations

from django.apps import AppConfig


class ConsentConfig(AppConfig):
    name = "consent"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from consent import (
            comparison_consent,
            consent_export_tables,
            decision_context,
            key_defaults,
            suspend_after_restore,
            tasks,
        )
        from consent.documents import processing_register
        from consent.lifecycle import expiry
        from provenance.exports import registry

        consent_export_tables.register_consent_tables()
        suspend_after_restore.register_recovery()
        decision_context.register_policy()
        key_defaults.register_key_defaults()
        processing_register.register_processing_tables()
        registry.register_sweep(expiry.expire_all_of)
        comparison_consent.register_policy()
        tasks.connect_wakeups()
