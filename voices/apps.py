"""The voices application; at start it registers what lower rooms need to know from above."""

from __future__ import annotations

from django.apps import AppConfig


class VoicesConfig(AppConfig):
    name = "voices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts import events
        from consent import voice_lookup
        from consent.signals import consent_ended
        from provenance import verifying
        from voices import binding, bundles, wiring

        bundles.register()
        voice_lookup.register(wiring.known_voice)
        voice_lookup.register_states(ready=wiring.ready_voices, gone=wiring.gone_voices)
        voice_lookup.register_binding(binding.rests_on)
        verifying.register_consent_state(wiring.consent_state)
        verifying.register_consent_level(wiring.consent_level)
        wiring.register_policy()
        events.listen(wiring.on_key_event)
        events.listen(wiring.on_policy_event)
        consent_ended.connect(wiring.on_consent_ended, dispatch_uid="voices.sweep")
