"""Triggers that keep the log append-only, in PostgreSQL and SQLite. They prevent accidents; the tree gives detection.

- entries, checkpoints, attestations and the index of refs: inserted once, never changed, never deleted;
- tiles: never deleted; a partial one may only grow, a full one never changes;
- heads: never deleted, never smaller, never another organisation's;
- sealed bodies and waiting events: deleted, but never changed.

SQLite's REPLACE deletes without firing DELETE triggers unless recursive_triggers is on, so an insert in an occupied
place is refused as well.
"""

from django.db import migrations

FROZEN = (
    "transparency_log_entry",
    "transparency_log_checkpoint",
    "transparency_log_eventref",
    "transparency_log_attestation",
)
KEPT = (*FROZEN, "transparency_log_tile", "transparency_log_head")
UNCHANGED = (*FROZEN, "transparency_log_body", "transparency_log_outbox")
# What makes two rows the same place, for REPLACE.
PLACES = {
    "transparency_log_entry": ("event_id = NEW.event_id", "(organisation_id = NEW.organisation_id AND idx = NEW.idx)"),
    "transparency_log_checkpoint": ("id = NEW.id", "(organisation_id = NEW.organisation_id AND size = NEW.size)"),
    "transparency_log_eventref": (
        "id = NEW.id", "(organisation_id = NEW.organisation_id AND ref = NEW.ref AND idx = NEW.idx)",
    ),
    "transparency_log_tile": (
        "id = NEW.id", "(organisation_id = NEW.organisation_id AND level = NEW.level AND n = NEW.n)",
    ),
    "transparency_log_head": ("organisation_id = NEW.organisation_id",),
    "transparency_log_attestation": (
        "id = NEW.id",
        "(organisation_id = NEW.organisation_id AND size = NEW.size AND kind = NEW.kind AND target = NEW.target)",
    ),
    "transparency_log_body": ("event_id = NEW.event_id",),
    "transparency_log_outbox": ("id = NEW.id", "event_id = NEW.event_id"),
}
TILE_GROWS = """NEW.id = OLD.id AND NEW.organisation_id = OLD.organisation_id AND NEW.level = OLD.level AND NEW.n = OLD.n
    AND length(NEW.data) > length(OLD.data) AND {prefix} = OLD.data"""
HEAD_GROWS = """NEW.organisation_id = OLD.organisation_id AND NEW.origin = OLD.origin AND NEW.generation >= OLD.generation
    AND (NEW.size > OLD.size OR (NEW.size = OLD.size AND NEW.root = OLD.root))"""

POSTGRES = """
CREATE FUNCTION transparency_log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is append-only: % of %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""
POSTGRES_STATEMENT = """
CREATE TRIGGER {table}_no_{name} BEFORE {event} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION transparency_log_refuse();
"""
POSTGRES_ROW = """
CREATE TRIGGER {table}_only_grows BEFORE UPDATE ON {table} FOR EACH ROW WHEN (NOT ({rule}))
    EXECUTE FUNCTION transparency_log_refuse();
"""
SQLITE = """
CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} {when}
BEGIN SELECT RAISE(ABORT, 'the log is append-only: {event} of {table}'); END;
"""


def postgres():
    yield POSTGRES
    for table in KEPT:
        yield POSTGRES_STATEMENT.format(table=table, name="delete", event="DELETE")
    for table in (*KEPT, "transparency_log_body", "transparency_log_outbox"):
        yield POSTGRES_STATEMENT.format(table=table, name="truncate", event="TRUNCATE")
    for table in UNCHANGED:
        yield POSTGRES_STATEMENT.format(table=table, name="update", event="UPDATE")
    prefix = "substring(NEW.data FROM 1 FOR length(OLD.data))"
    yield POSTGRES_ROW.format(table="transparency_log_tile", rule=TILE_GROWS.format(prefix=prefix))
    yield POSTGRES_ROW.format(table="transparency_log_head", rule=HEAD_GROWS)


def sqlite():
    for table in KEPT:
        yield SQLITE.format(table=table, name="no_delete", event="DELETE", when="")
    for table in UNCHANGED:
        yield SQLITE.format(table=table, name="no_update", event="UPDATE", when="")
    for table, same in PLACES.items():
        when = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {' OR '.join(same)})"
        yield SQLITE.format(table=table, name="no_replace", event="INSERT", when=when)
    rule = TILE_GROWS.format(prefix="substr(NEW.data, 1, length(OLD.data))")
    yield SQLITE.format(table="transparency_log_tile", name="only_grows", event="UPDATE", when=f"WHEN NOT ({rule})")
    yield SQLITE.format(table="transparency_log_head", name="only_grows", event="UPDATE", when=f"WHEN NOT ({HEAD_GROWS})")


def add(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    for statement in {"postgresql": postgres, "sqlite": sqlite}[vendor]():
        schema_editor.execute(statement, params=None)


def remove(apps, schema_editor):
    """For development: a log in production has no reason to lose its triggers."""
    vendor = schema_editor.connection.vendor
    if vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION transparency_log_refuse() CASCADE", params=None)
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'transparency_log_%'")
        names = [name for (name,) in cursor.fetchall()]
    for name in names:
        schema_editor.execute(f"DROP TRIGGER {name}", params=None)


class Migration(migrations.Migration):
    dependencies = [("transparency_log", "0001_initial")]

    operations = [migrations.RunPython(add, remove)]
