"""The application of the transparency log. At start it begins to log what happens to accounts."""

from __future__ import annotations

from django.apps import AppConfig


class TransparencyLogConfig(AppConfig):
    name = "transparency_log"
    verbose_name = "Transparency log"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from typing import get_args

        from accounts import domain_events
        from transparency_log import account_log
        from transparency_log.formats import entry_kinds

        entry_kinds.register_kinds("log.recovered", *get_args(domain_events.Kind))
        domain_events.account_changed.connect(account_log.record_account_event)
