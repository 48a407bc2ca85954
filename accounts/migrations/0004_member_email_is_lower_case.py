"""One spelling of a member's address, so that unique means unique."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_sessions_and_second_factors")]

    operations = [
        migrations.AddConstraint(
            "member", models.CheckConstraint(name="member_email_is_lower_case", condition=Q(email=Lower("email")))
        ),
    ]
