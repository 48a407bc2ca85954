from django.apps import AppConfig


class ProvenanceConfig(AppConfig):
    name = "provenance"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from provenance import account_events, marks
        from provenance.bundles import tasks, wiring  # noqa: F401 - importing makes the task known
        from provenance.outside import tasks as errands  # noqa: F401 - importing makes the task known

        account_events.subscribe()
        marks.register_policy()
        wiring.register()
