from django.apps import AppConfig


class ProvenanceConfig(AppConfig):
    name = "provenance"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from provenance.clips import watermark_policy
        from provenance.exports import clip_export_tables
        from transparency_log.formats import entry_kinds

        entry_kinds.register_kinds(
            "clip.issued", "clip.aborted", "clip.withdrawn", "clip.mark_failed", "clip.c2pa_failed",
            "clip.held",
            "export.requested", "export.ready", "export.downloaded", "mark_key.exported",
        )  # fmt: skip
        watermark_policy.register_watermark_policy()
        clip_export_tables.register_clip_tables()
