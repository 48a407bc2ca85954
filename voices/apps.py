"""The voices application; at start it registers what lower rooms need to know from above."""

from __future__ import annotations

from django.apps import AppConfig


class VoicesConfig(AppConfig):
    name = "voices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts import domain_events
        from consent import voice_lookup
        from consent.wakeups import consent_ended
        from provenance import verification
        from voices import registrations, voice_export_tables, voice_macs

        voice_export_tables.register_export_tables()
        voice_lookup.register_voice_lookup(registrations.known_voice)
        voice_lookup.register_states(
            ready=registrations.ready_voices, gone=registrations.gone_voices
        )
        voice_lookup.register_binding(voice_macs.rests_on)
        verification.register_consent_state(registrations.consent_state)
        verification.register_consent_level(registrations.consent_level)
        registrations.register_policy()
        domain_events.add_listener(registrations.on_key_event)
        domain_events.add_listener(registrations.on_policy_event)
        consent_ended.connect(registrations.on_consent_ended, dispatch_uid="voices.sweep")
