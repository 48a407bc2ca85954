from django.apps import AppConfig


class ProvenanceConfig(AppConfig):
    name = "provenance"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from provenance.clips import watermark_keys
        from provenance.exports import clip_export_tables, tasks  # noqa: F401 - importing makes the task known

        watermark_keys.register_policy()
        clip_export_tables.register_clip_tables()
