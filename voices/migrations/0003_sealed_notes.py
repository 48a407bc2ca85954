"""Seal callers' notes on voices and jobs, and the terms of queued texts, under the persons' keys."""

from __future__ import annotations

from typing import Any, cast

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import QuerySet

from vault import notes, sealing


def seal(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Seal what voices and jobs have already."""
    notes.seal_present(apps.get_model("voices", "Voice"), lambda row: {row.subject})
    items = apps.get_model("voices", "JobItem").objects.select_related("voice")
    notes.seal_present(
        apps.get_model("voices", "Job"),
        lambda row: set(items.filter(job=row).values_list("voice__subject", flat=True)),
    )
    for item in items.exclude(sealed_text=None).iterator():
        _reseal(items, item)


def _reseal(items: QuerySet[Any], item: Any) -> None:
    """Put the terms of a waiting text to its words, as `SpeechOrder.words` does."""
    subject, context = item.voice.subject, f"job|{item.job_id}|{item.position}"
    words = cast("dict[str, Any]", sealing.unseal(subject, context, bytes(item.sealed_text)))
    names = ("external_id", "metadata", "client_reference")
    order = {"text": words["text"], "notes": {name: words[name] for name in names}, **item.ask}
    items.filter(pk=item.pk).update(sealed_text=sealing.seal(subject, context, order))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_sealed_notes"), ("voices", "0002_job_turns"), ("vault", "0002_receipt_keys")]
    operations = [
        migrations.RemoveConstraint(
            model_name="voice",
            name="voice_deleted_keeps_nothing",
        ),
        migrations.AddField(
            model_name="job",
            name="external_index",
            field=models.CharField(blank=True, default="", editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="job",
            name="sealed_notes",
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name="voice",
            name="external_index",
            field=models.CharField(blank=True, default="", editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="voice",
            name="sealed_notes",
            field=models.BinaryField(null=True),
        ),
        migrations.RunPython(seal, migrations.RunPython.noop),
        migrations.RemoveField(
            model_name="job",
            name="external_id",
        ),
        migrations.RemoveField(
            model_name="job",
            name="metadata",
        ),
        migrations.RemoveField(
            model_name="jobitem",
            name="ask",
        ),
        migrations.RemoveField(
            model_name="voice",
            name="external_id",
        ),
        migrations.RemoveField(
            model_name="voice",
            name="metadata",
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("external_index", ""), _negated=True),
                fields=["external_index"],
                name="job_by_external_id",
            ),
        ),
        migrations.AddIndex(
            model_name="voice",
            index=models.Index(
                condition=models.Q(("external_index", ""), _negated=True),
                fields=["external_index"],
                name="voice_by_external_id",
            ),
        ),
        migrations.AddConstraint(
            model_name="voice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "deleted"), _negated=True),
                    models.Q(
                        ("deleted_at__isnull", False),
                        ("external_index", ""),
                        ("profile_blob_id", ""),
                        ("sealed_handle", None),
                        ("sealed_label", None),
                        ("sealed_notes", None),
                    ),
                    _connector="OR",
                ),
                name="voice_deleted_keeps_nothing",
            ),
        ),
    ]
