"""The voices application, which fills the hooks of lower packages at start."""

from __future__ import annotations

from django.apps import AppConfig


class VoicesConfig(AppConfig):
    name = "voices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts import domain_events
        from consent import connected_providers, voice_lookup
        from consent.wakeups import consent_ended
        from core.hooks import NamedFunction
        from transparency_log.formats import entry_kinds
        from voices import policy_entries, voice_directory, voice_export_tables

        entry_kinds.register_kinds(
            "voice.ready",
            "voice.failed",
            "voice.deleted",
            "voice.deletion_overdue",
            "voice.expiring",
            "voice.expired",
            "voice.likeness_noted",
            "voice.review_needed",
            "voice.review_settled",
            "voice.vanished",
            "canary.started",
            "canary.passed",
            "canary.failed",
            "canary.unfinished",
            "provider_task.opened",
            "provider_task.done",
        )
        voice_export_tables.register_export_tables()
        # By name: it needs the models, which are loaded by then, and no command pays for it.
        connected_providers.connected_sources.add(
            NamedFunction("voices.providers.account_access.list_account_providers")
        )
        voice_lookup.voice_directory.fill(voice_directory.DIRECTORY)
        policy_entries.register_speech_policy()

        # By name: these listeners reach the whole way of speech, and most commands never call them.
        for name in ("on_key_event", "on_policy_event"):
            listener = NamedFunction(f"voices.event_listeners.{name}")
            domain_events.account_changed.connect(listener)
        consent_ended.connect(
            NamedFunction("voices.event_listeners.on_consent_ended"),
            weak=False,
            dispatch_uid="voices.sweep",
        )
