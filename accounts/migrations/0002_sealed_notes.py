"""Seal callers' notes on API keys under the organisation's key; a keyed hash finds them."""

from __future__ import annotations

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from core.notes import Notes
from accounts import sealer


def seal(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Seal what keys have already."""
    rows = apps.get_model("accounts", "ApiKey").objects.all()
    for row in rows.exclude(external_id="", metadata={}).iterator():
        written = Notes(external_id=row.external_id, metadata=row.metadata)
        organisation_id = row.organisation_id
        kept = sealer.current().columns(written, row_id=row.pk, organisation_id=organisation_id, at=row.created_at)
        rows.filter(pk=row.pk).update(**kept)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("vault", "0002_receipt_keys")]
    operations = [
        migrations.AddField(
            model_name="apikey",
            name="external_index",
            field=models.CharField(blank=True, default="", editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="apikey",
            name="sealed_notes",
            field=models.BinaryField(null=True),
        ),
        migrations.RunPython(seal, migrations.RunPython.noop),
        migrations.RemoveField(
            model_name="apikey",
            name="external_id",
        ),
        migrations.RemoveField(
            model_name="apikey",
            name="metadata",
        ),
    ]
