"""The consent application. At start it fills the hooks of lower rooms: what bundles hold of it,
what verification asks of it, and what a lost history means.
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
            gate_policy,
            key_defaults,
            selectors,
            speaker_export_tables,
            suspend_after_restore,
            tasks,
        )
        from consent.documents import processing_register
        from consent.lifecycle import expiry
        from consent.policy import state_machine
        from provenance import consent_status
        from provenance.exports import export_sources
        from transparency_log import recovery
        from transparency_log.formats import entry_kinds

        entry_kinds.register_kinds(
            "speaker.created", "speaker.updated", "speaker.corrected", "speaker.opened",
            "delivery.started", "delivery.sent", "delivery.failed",
            "consent.requested", "consent.captured", "consent.activated", "consent.declined",
            "consent.suspended", "consent.resumed", "consent.narrowed", "consent.renewed",
            "consent.statement_added", "consent.statement_removed",
            "consent.expired", "consent.superseded", "consent.lapsed", "consent.rejected",
            "decision.allowed", "decision.denied",
        )  # fmt: skip
        entry_kinds.register_kinds("consent.revoked", tells_by=True)
        speaker_export_tables.register_speaker_tables()
        consent_export_tables.register_consent_tables()
        processing_register.register_processing_tables()
        export_sources.sweeps.add(expiry.expire_organisation)
        recovery.history_lost.connect(suspend_after_restore.suspend_all)
        consent_status.consent_directory.fill(
            consent_status.ConsentDirectory(
                get_state=selectors.get_state_now,
                get_level=selectors.get_signed_level,
                list_levels=selectors.list_signed_levels,
                ended_for_good=state_machine.ENDED_FOR_GOOD,
            )
        )
        gate_policy.register_gate_policy()
        comparison_consent.register_comparison_policy()
        key_defaults.register_key_defaults()
        tasks.connect_wakeups()
