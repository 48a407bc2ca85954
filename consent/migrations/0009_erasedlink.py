"""What is left of a link once its person has been erased."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0008_moves_with_a_higher_epoch"),
    ]
    operations = [
        migrations.CreateModel(
            name="ErasedLink",
            fields=[
                ("link_sha256", models.CharField(editable=False, max_length=64, primary_key=True, serialize=False)),
                ("livemode", models.BooleanField(editable=False)),
                ("locale", models.CharField(editable=False, max_length=35)),
                (
                    "organisation",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organisation",
                    ),
                ),
            ],
        ),
    ]
