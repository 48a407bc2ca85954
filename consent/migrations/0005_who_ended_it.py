"""Who ended a consent: all three ends have their time, and a remark keeps its code beside its sealed words."""

from __future__ import annotations

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import F, Q

from core.triggers import KeepingTriggers

REVOKED = ["invalidated", "terminated", "withdrawn"]


def say_when(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Give the ends that had no time of their own the time at which they ended."""
    consents = apps.get_model("consent", "Consent").objects.using(editor.connection.alias)
    consents.filter(state__in=REVOKED, revoked_at=None).update(revoked_at=F("ended_at"))
    consents.filter(state__in=REVOKED, revoked_at=None).update(revoked_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("consent", "0004_what_was_delivered_never_changes")]
    operations = [
        migrations.RunPython(say_when, migrations.RunPython.noop),
        KeepingTriggers(
            "consent_consent",
            [
                migrations.RemoveConstraint("consent", "consent_withdrawn_at_a_time"),
                migrations.AddConstraint(
                    "consent",
                    models.CheckConstraint(
                        condition=~Q(state__in=REVOKED) | Q(revoked_at__isnull=False),
                        name="consent_revoked_at_a_time",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            "remark", "code", models.CharField(default="other", editable=False, max_length=32)
        ),
    ]
