"""A sound may have several names: its samples, and its words with their length. All of them lead to one token.

The table of marked sounds has no triggers, so SQLite may remake it.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("provenance", "0018_copies_of_one_sound")]

    operations = [
        migrations.RemoveConstraint("markedsound", "marked_token_has_one_sound"),
        migrations.AddIndex(
            "markedsound",
            models.Index(name="marked_sound_by_token", fields=["organisation", "epoch", "token"]),
        ),
    ]
