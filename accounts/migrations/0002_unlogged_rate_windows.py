"""Take the counters of rate limits out of PostgreSQL's write-ahead log.

They live for a minute and may be lost in a crash. A commit that touches them alone then waits for
no disk.
"""

from django.db import migrations

TABLE = "accounts_ratewindow"


def unlog(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE {TABLE} SET UNLOGGED")


def log(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE {TABLE} SET LOGGED")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [migrations.RunPython(unlog, log)]
