from django.apps import AppConfig


class VaultConfig(AppConfig):
    name = "vault"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts import note_sealing
        from vault import organisation_notes

        note_sealing.note_sealer.fill(organisation_notes.OrganisationSealer())
