"""The application with the pages and commands that span all packages."""

from django.apps import AppConfig

from config import checks
from config.middleware import page_errors


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Sayso"
    # Loaded here, so that every process with Django has our checks.
    checks = (
        checks.check_hooks,
        checks.check_development_leftovers,
        checks.check_confinement,
        checks.check_single_process_parts,
        checks.check_delivery_channels,
    )

    def ready(self) -> None:
        page_errors.listen_for_errors()
