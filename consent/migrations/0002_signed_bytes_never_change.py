"""What was signed or shown never changes: triggers on both databases refuse it for every writer."""

from __future__ import annotations

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# table -> (columns, only once this is true of the old row)
FIXED = {
    "consent_consent": (
        (
            "record", "record_sha256", "record_jws", "record_key", "signed_at", "valid_from", "valid_until", "assurance",
            "speaker_id", "organisation_id", "notice_version_id", "livemode",
        ),
        "OLD.record_sha256 <> ''",
    ),
    "consent_grant": (("signed", "use_case", "consent_id", "position"), ""),
    "consent_noticeversion": (("notice_id", "version", "locale", "change_class", "body", "sha256"), ""),
    "consent_evidence": (("consent_id", "kind", "sha256"), ""),
}


def _differs(columns: tuple[str, ...], operator: str, cast: str = "") -> str:
    return " OR ".join(f"OLD.{name}{cast} {operator} NEW.{name}{cast}" for name in columns)


def fix(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Make the triggers in the language of this database."""
    postgres = editor.connection.vendor == "postgresql"
    if postgres:
        editor.execute(
            "CREATE OR REPLACE FUNCTION consent_refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'what was signed or shown never changes' "
            "USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME; END $$",
            params=None,
        )
    for table, (columns, condition) in FIXED.items():
        if postgres:
            differs = _differs(columns, "IS DISTINCT FROM", "::text")
            when = f"({condition}) AND ({differs})" if condition else differs
            editor.execute(
                f"CREATE TRIGGER {table}_is_fixed BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({when}) "
                "EXECUTE FUNCTION consent_refuse_change()",
                params=None,
            )
        else:
            differs = _differs(columns, "IS NOT")
            when = f"({condition}) AND ({differs})" if condition else differs
            editor.execute(
                f"CREATE TRIGGER {table}_is_fixed BEFORE UPDATE ON {table} FOR EACH ROW WHEN {when} "
                "BEGIN SELECT RAISE(ABORT, 'what was signed or shown never changes'); END",
                params=None,
            )


def loosen(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the triggers."""
    for table in FIXED:
        on = f" ON {table}" if editor.connection.vendor == "postgresql" else ""
        editor.execute(f"DROP TRIGGER IF EXISTS {table}_is_fixed{on}", params=None)


class Migration(migrations.Migration):
    dependencies = [("consent", "0001_initial")]
    operations = [migrations.RunPython(fix, loosen)]
