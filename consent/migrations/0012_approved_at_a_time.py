"""An approval has its time: a comparison with NULL let one without a time pass."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import F, Q

from core.triggers import KeepingTriggers


class Migration(migrations.Migration):
    dependencies = [("consent", "0011_recordings_by_their_sound")]
    operations = [
        KeepingTriggers(
            "consent_importedconsent",
            [
                migrations.RemoveConstraint("importedconsent", "import_approved_at_a_time"),
                migrations.AddConstraint(
                    "importedconsent",
                    models.CheckConstraint(
                        condition=Q(approved_by="", approved_at=None)
                        | ~Q(approved_by="") & Q(approved_at__isnull=False, approved_at__gte=F("imported_at")),
                        name="import_approved_at_a_time",
                    ),
                ),
            ],
        ),
    ]
