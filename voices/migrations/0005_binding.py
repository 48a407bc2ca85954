"""A MAC over whose voice it is: a voice that was begun before has none, and the gate refuses it."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("voices", "0004_voices_compared")]

    operations = [
        migrations.AddField(
            model_name="voice",
            name="binding_mac",
            field=models.CharField(blank=True, default="", editable=False, max_length=64),
        ),
    ]
