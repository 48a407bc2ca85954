"""The consent application; at start it registers what bundles are to hold of it, and what a lost history means."""

from __future__ import annotations

from django.apps import AppConfig


class ConsentConfig(AppConfig):
    name = "consent"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from consent import bundles, doubt, facts, key_defaults, tasks, voice_comparison
        from consent.life import sweeps
        from consent.paper import processing
        from provenance.bundles import registry

        bundles.register()
        doubt.register()
        facts.register_policy()
        key_defaults.register()
        processing.register()
        registry.register_sweep(sweeps.expire_all_of)
        voice_comparison.register_policy()
        tasks.listen()
