"""The providers that a consent covers. Consents from before cover the built-in engine alone.

The column is added in place. Django would remake the table on SQLite, which drops its triggers.
"""

from __future__ import annotations

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

import consent.policy.providers

SAYS = "the providers of a consent change with a higher epoch alone"
NAME = "consent_providers_move_up"
REFUSES = "OLD.providers <> NEW.providers AND NEW.revocation_epoch <= OLD.revocation_epoch"
SQLITE = (
    "ALTER TABLE consent_consent ADD COLUMN providers text NOT NULL DEFAULT '[\"local\"]'"
    " CHECK (JSON_VALID(providers) OR providers IS NULL)"
    " CONSTRAINT consent_names_a_provider CHECK (JSON(providers) <> '[]')",
    f"CREATE TRIGGER {NAME} BEFORE UPDATE ON consent_consent FOR EACH ROW WHEN {REFUSES} "
    f"BEGIN SELECT RAISE(ABORT, '{NAME}: {SAYS}'); END",
)
POSTGRES = (
    "ALTER TABLE consent_consent ADD COLUMN providers jsonb NOT NULL DEFAULT '[\"local\"]'"
    " CONSTRAINT consent_names_a_provider CHECK (providers <> '[]')",
    f"CREATE OR REPLACE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN IF {REFUSES} THEN RAISE EXCEPTION '{NAME}: {SAYS}' "
    "USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME; END IF; RETURN NEW; END $$",
    f"CREATE TRIGGER {NAME} BEFORE UPDATE ON consent_consent FOR EACH ROW EXECUTE FUNCTION {NAME}()",
)


def add(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Add the column with its constraint, and the trigger, in the language of this database."""
    for statement in POSTGRES if editor.connection.vendor == "postgresql" else SQLITE:
        editor.execute(statement, params=None)


def drop(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the trigger and the column."""
    postgres = editor.connection.vendor == "postgresql"
    editor.execute(f"DROP TRIGGER IF EXISTS {NAME}" + (" ON consent_consent" if postgres else ""), params=None)
    if postgres:
        editor.execute(f"DROP FUNCTION IF EXISTS {NAME}()", params=None)
    editor.execute("ALTER TABLE consent_consent DROP COLUMN providers", params=None)


class Migration(migrations.Migration):
    dependencies = [("consent", "0004_moves_with_a_higher_epoch")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(add, drop)],
            state_operations=[
                migrations.AddField(
                    model_name="consent",
                    name="providers",
                    field=models.JSONField(default=consent.policy.providers.list_only_local),
                ),
                migrations.AddConstraint(
                    model_name="consent",
                    constraint=models.CheckConstraint(
                        condition=models.Q(("providers", []), _negated=True), name="consent_names_a_provider"
                    ),
                ),
            ],
        )
    ]
