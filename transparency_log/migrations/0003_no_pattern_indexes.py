"""Drop the indexes for LIKE that Django makes beside every unique text column on PostgreSQL.

Ids are looked up whole. Four of the fifteen index entries that an event of two refs cost were these.
"""

from django.db import migrations

TABLES = ("transparency_log_outbox", "transparency_log_body", "transparency_log_entry")


def drop(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND tablename = ANY(%s)"
            " AND indexdef LIKE '%%varchar_pattern_ops%%'",
            [list(TABLES)],
        )
        names = [name for (name,) in cursor.fetchall()]
    for name in names:
        schema_editor.execute(f'DROP INDEX "{name}"', params=None)


class Migration(migrations.Migration):
    dependencies = [("transparency_log", "0002_append_only")]

    # Backwards there is nothing to do: no query ever used them.
    operations = [migrations.RunPython(drop, migrations.RunPython.noop)]
