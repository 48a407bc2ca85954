"""An audit bundle may leave out the words of intended uses. Those from before have them.

The table of exports has no triggers, so SQLite may remake it.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("provenance", "0019_names_of_one_sound")]

    operations = [
        migrations.AddField("export", "words", models.BooleanField(default=True, editable=False)),
    ]
