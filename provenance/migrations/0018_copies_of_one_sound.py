"""Copies of one sound share their token: a token is given out once for a sound, and no more once for a clip.

The table of clips has no triggers, so SQLite may remake it.
"""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("provenance", "0017_sealed_feedback")]

    operations = [
        migrations.CreateModel(
            name="MarkedSound",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("organisation", models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")),
                ("epoch", models.PositiveIntegerField()),
                ("sound", models.CharField(max_length=64, editable=False)),
                ("token", models.PositiveBigIntegerField(editable=False)),
                ("created_at", models.DateTimeField(editable=False)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        name="marked_sound_has_one_token", fields=["organisation", "epoch", "sound"]
                    ),
                    models.UniqueConstraint(
                        name="marked_token_has_one_sound", fields=["organisation", "epoch", "token"]
                    ),
                ],
            },
        ),
        migrations.RemoveConstraint("clip", "clip_token_once_per_key"),
        migrations.AddField("clip", "token_shared", models.BooleanField(default=False)),
        migrations.AddConstraint(
            "clip",
            models.UniqueConstraint(
                name="clip_token_once_per_sound",
                fields=["organisation", "epoch", "token"],
                condition=Q(token_shared=False),
            ),
        ),
    ]
