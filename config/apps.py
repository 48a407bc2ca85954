"""The app that carries the pages and commands which span all rooms."""

from django.apps import AppConfig

from config import celery, checks, page_errors


class HouseConfig(AppConfig):
    name = "config"
    label = "house"
    verbose_name = "Sayso"
    # Loaded here, so that every process with Django has the one Celery app and our checks.
    celery = celery.app
    checks = (checks.development_leftovers, checks.single_process_parts, checks.nobody_to_ask)

    def ready(self) -> None:
        page_errors.listen()
