"""Seal callers' notes on clips under the person's key; keyed hashes find them."""

from __future__ import annotations

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from vault import notes


def seal(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Seal what clips have already."""
    notes.seal_present(apps.get_model("provenance", "Clip"), lambda row: {row.subject})


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_sealed_notes"),
        ("provenance", "0014_exports_begun_anew"),
        ("vault", "0002_receipt_keys"),
    ]
    operations = [
        migrations.RemoveConstraint(
            model_name="clip",
            name="clip_erased_leads_to_nobody",
        ),
        migrations.AddField(
            model_name="clip",
            name="external_index",
            field=models.CharField(blank=True, default="", editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="clip",
            name="reference_index",
            field=models.CharField(blank=True, default="", editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="clip",
            name="sealed_notes",
            field=models.BinaryField(null=True),
        ),
        migrations.RunPython(seal, migrations.RunPython.noop),
        migrations.RemoveField(
            model_name="clip",
            name="client_reference",
        ),
        migrations.RemoveField(
            model_name="clip",
            name="external_id",
        ),
        migrations.RemoveField(
            model_name="clip",
            name="metadata",
        ),
        migrations.AddIndex(
            model_name="clip",
            index=models.Index(
                condition=models.Q(("external_index", ""), _negated=True),
                fields=["external_index"],
                name="clip_by_external_id",
            ),
        ),
        migrations.AddIndex(
            model_name="clip",
            index=models.Index(
                condition=models.Q(("reference_index", ""), _negated=True),
                fields=["reference_index"],
                name="clip_by_reference",
            ),
        ),
        migrations.AddConstraint(
            model_name="clip",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "erased"), _negated=True),
                    models.Q(
                        ("external_index", ""),
                        ("reference_index", ""),
                        ("sealed_notes", None),
                        ("subject", ""),
                        ("voice_id", ""),
                        ("blob_id", ""),
                        ("manifest_blob_id", ""),
                    ),
                    _connector="OR",
                ),
                name="clip_erased_leads_to_nobody",
            ),
        ),
    ]
