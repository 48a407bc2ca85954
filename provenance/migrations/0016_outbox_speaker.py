"""The outbox knows whom an event is about; its payload, which everybody can read later, no longer says."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("provenance", "0015_sealed_notes")]

    # Null and without a default: SQLite then adds the column in place, and the table keeps its triggers.
    operations = [
        migrations.AddField("outbox", "speaker_id", models.CharField(max_length=30, null=True, editable=False)),
    ]
