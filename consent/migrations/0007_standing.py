"""Where a consent stands is sealed, and a grant knows the epoch at which its scope last changed."""

from __future__ import annotations

from django.db import migrations, models

from core.triggers import KeepingTriggers


class Migration(migrations.Migration):
    dependencies = [("consent", "0006_sealed_notes")]
    operations = [
        KeepingTriggers(
            "consent_consent",
            [
                migrations.AddField(
                    "consent", "standing_mac", models.CharField(blank=True, editable=False, max_length=64)
                )
            ],
        ),
        KeepingTriggers(
            "consent_grant",
            [migrations.AddField("grant", "epoch", models.PositiveIntegerField(default=0, editable=False))],
        ),
    ]
