"""A level never rises, a settled delivery stays as it is, a correction keeps the old values: triggers hold that."""

from __future__ import annotations

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# trigger -> (table, columns that may not change, only once this is true of the old row)
FIXED = {
    "consent_assurance_is_fixed": ("consent_consent", ("assurance",), ""),
    "consent_delivery_is_fixed": ("consent_delivery", ("consent_id", "channel", "link_sha256", "created_at"), ""),
    "consent_delivery_is_settled": (
        "consent_delivery",
        ("state", "code", "evidence_id", "attempt", "settled_at"),
        "OLD.state <> 'queued'",
    ),
    "consent_correction_is_fixed": ("consent_correction", ("speaker_id", "fields", "actor", "created_at"), ""),
    "consent_import_is_fixed": ("consent_importedconsent", ("consent_id", "imported_by", "imported_at"), ""),
    "consent_import_is_approved": (
        "consent_importedconsent", ("approved_by", "approved_at"), "OLD.approved_by <> ''",
    ),
}
# trigger -> table whose column `sealed` may only be emptied, which is what erasure does
ONLY_EMPTIED = {
    "consent_delivery_keeps_its_address": "consent_delivery",
    "consent_correction_keeps_its_words": "consent_correction",
}
MESSAGE = "what was signed or shown never changes"


def fix(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Make the triggers in the language of this database."""
    postgres = editor.connection.vendor == "postgresql"
    operator, cast = ("IS DISTINCT FROM", "::text") if postgres else ("IS NOT", "")
    for name, (table, columns, condition) in FIXED.items():
        differs = " OR ".join(f"OLD.{each}{cast} {operator} NEW.{each}{cast}" for each in columns)
        _create(editor, name, table, f"({condition}) AND ({differs})" if condition else differs)
    for name, table in ONLY_EMPTIED.items():
        _create(editor, name, table, f"NEW.sealed IS NOT NULL AND OLD.sealed {operator} NEW.sealed")


def _create(editor: BaseDatabaseSchemaEditor, name: str, table: str, when: str) -> None:
    if editor.connection.vendor == "postgresql":
        # The function is that of migration 0002.
        body = "EXECUTE FUNCTION consent_refuse_change()"
        editor.execute(
            f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({when}) {body}", params=None
        )
        return
    editor.execute(
        f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW WHEN {when} "
        f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END",
        params=None,
    )


def loosen(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the triggers."""
    tables = {name: table for name, (table, _, _) in FIXED.items()} | ONLY_EMPTIED
    for name, table in tables.items():
        on = f" ON {table}" if editor.connection.vendor == "postgresql" else ""
        editor.execute(f"DROP TRIGGER IF EXISTS {name}{on}", params=None)


class Migration(migrations.Migration):
    dependencies = [("consent", "0002_signed_bytes_never_change")]
    operations = [migrations.RunPython(fix, loosen)]
