"""The application of the transparency log; at start it begins to log what happens to accounts."""

from __future__ import annotations

from django.apps import AppConfig


class TransparencyLogConfig(AppConfig):
    name = "transparency_log"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from transparency_log import account_log
        from transparency_log.attestation import tasks  # noqa: F401 - importing makes the task known

        account_log.subscribe_to_accounts()
