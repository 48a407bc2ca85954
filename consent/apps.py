"""The consent application; at start it registers what bundles are to hold of it, and what a lost history means."""

from __future__ import annotations

from django.apps import AppConfig


class ConsentConfig(AppConfig):
    name = "consent"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from consent import bundles, doubt, facts, key_defaults, tasks, voice_comparison
        from consent.paper import processing

        bundles.register()
        doubt.register()
        facts.register_policy()
        key_defaults.register()
        processing.register()
        voice_comparison.register_policy()
        tasks.listen()
