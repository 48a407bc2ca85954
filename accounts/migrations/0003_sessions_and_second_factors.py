"""Sessions under hashed keys, shared counters, one spelling of a member's address, and an end to what lay in clear."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.db.models import F
from django.db.models.functions import Lower


def forget_what_lay_in_clear(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001 - Django's signature
    """Delete second factors, sessions and added addresses: whoever read the database or a backup has them.

    Keys (WebAuthn) stay: what is stored of them is public.
    """
    apps.get_model("mfa", "Authenticator").objects.exclude(type="webauthn").delete()
    apps.get_model("sessions", "Session").objects.all().delete()
    apps.get_model("account", "EmailAddress").objects.all().delete()
    apps.get_model("accounts", "Member").objects.update(email=Lower(F("email")))


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_sealed_notes"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="LoginSession",
            fields=[
                ("cookie_sha256", models.CharField(editable=False, max_length=64, primary_key=True, serialize=False)),
                ("sealed", models.BinaryField()),
                ("begun_at", models.DateTimeField(editable=False)),
                ("expires_at", models.DateTimeField(db_index=True, editable=False)),
            ],
        ),
        migrations.CreateModel(
            name="SharedValue",
            fields=[
                ("name", models.CharField(editable=False, max_length=64, primary_key=True, serialize=False)),
                ("value", models.TextField()),
                ("expires_at", models.DateTimeField(db_index=True, null=True)),
            ],
        ),
        migrations.AddField("member", "session_epoch", models.PositiveIntegerField(default=0, editable=False)),
        migrations.RunPython(forget_what_lay_in_clear, migrations.RunPython.noop),
    ]
