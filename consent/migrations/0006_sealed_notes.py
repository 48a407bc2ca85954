"""Seal callers' notes on speakers and consents under the person's key; a keyed hash finds them."""

from __future__ import annotations

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Q

from core.triggers import KeepingTriggers

from vault import notes


def seal(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Seal what speakers and consents have already."""
    notes.seal_present(apps.get_model("consent", "Speaker"), lambda row: {row.subject})
    notes.seal_present(apps.get_model("consent", "Consent"), lambda row: {row.speaker.subject})


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_sealed_notes"),
        ("consent", "0005_who_ended_it"),
        ("vault", "0002_receipt_keys"),
    ]
    operations = [
        migrations.RemoveConstraint("speaker", "speaker_erased_keeps_nothing_personal"),
        migrations.AddField(
            "speaker", "external_index", models.CharField(blank=True, default="", editable=False, max_length=64)
        ),
        migrations.AddField("speaker", "sealed_notes", models.BinaryField(null=True)),
        KeepingTriggers(
            "consent_consent",
            [
                migrations.AddField(
                    "consent", "external_index", models.CharField(blank=True, default="", editable=False, max_length=64)
                ),
                migrations.AddField("consent", "sealed_notes", models.BinaryField(null=True)),
            ],
        ),
        migrations.RunPython(seal, migrations.RunPython.noop),
        migrations.RemoveField("speaker", "external_id"),
        migrations.RemoveField("speaker", "metadata"),
        migrations.AddIndex(
            "speaker",
            models.Index(fields=["external_index"], name="speaker_by_external_id", condition=~Q(external_index="")),
        ),
        migrations.AddConstraint(
            "speaker",
            models.CheckConstraint(
                name="speaker_erased_keeps_nothing_personal",
                condition=Q(erased_at=None, sealed__isnull=False) & ~Q(state="erased")
                | Q(erased_at__isnull=False, state="erased", sealed=None, email_index="", sealed_notes=None)
                & Q(external_index=""),
            ),
        ),
        KeepingTriggers(
            "consent_consent",
            [
                migrations.RemoveField("consent", "external_id"),
                migrations.RemoveField("consent", "metadata"),
                migrations.AddIndex(
                    "consent",
                    models.Index(
                        fields=["external_index"], name="consent_by_external_id", condition=~Q(external_index="")
                    ),
                ),
            ],
        ),
    ]
