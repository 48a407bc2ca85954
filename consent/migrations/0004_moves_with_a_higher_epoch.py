"""What permits rest on moves with a higher epoch alone: triggers on both databases hold that for every writer."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

OPEN = "('draft', 'requested', 'captured')"
STANDING = "('active', 'suspended')"
OVER = (
    "('declined', 'lapsed', 'rejected', 'withdrawn', 'expired', 'invalidated', 'terminated', 'superseded',"
    " 'erasing', 'erased')"
)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One trigger before an UPDATE of a table: what it says, and when it refuses. `<>` there means "differs".

    `further` looks into the other table and stands on PostgreSQL alone: SQLite cannot remake a table that a trigger of
    another one names.
    """

    name: str
    table: str
    says: str
    refuses: str
    further: str = ""


RULES = (
    Rule(
        name="consent_moves_up",
        table="consent_consent",
        says="a consent moves with a higher epoch alone, and what is over stays over",
        refuses=(
            # 1. the epoch never falls   2. what permits may rest on moves with a higher one
            "NEW.revocation_epoch < OLD.revocation_epoch"
            f" OR (NEW.state <> OLD.state AND OLD.state NOT IN {OPEN}"
            " AND NEW.revocation_epoch <= OLD.revocation_epoch)"
            # 3. what is over stays over   4. what was signed is not asked for again
            f" OR (OLD.state IN {OVER} AND NEW.state NOT IN {OVER})"
            f" OR (OLD.state IN {STANDING} AND NEW.state IN {OPEN})"
        ),
    ),
    Rule(
        name="consent_keeps_its_place",
        table="consent_consent",
        says="whose place a signed consent takes never changes",
        refuses="OLD.record_sha256 != '' AND OLD.supersedes_id <> NEW.supersedes_id",
    ),
    Rule(
        name="consent_grant_moves_up",
        table="consent_grant",
        says="a grant changes with a higher epoch alone, and what was taken away stays away",
        refuses=(
            # 1. what permits may rest on moves with a higher epoch   2. what was taken away stays away
            "NEW.epoch < OLD.epoch"
            " OR ((OLD.scope <> NEW.scope OR OLD.removed_at <> NEW.removed_at OR OLD.declined_at <> NEW.declined_at)"
            " AND NEW.epoch <= OLD.epoch)"
            " OR (OLD.removed_at IS NOT NULL AND OLD.removed_at <> NEW.removed_at)"
            " OR (OLD.declined_at IS NOT NULL AND OLD.declined_at <> NEW.declined_at)"
        ),
        further=(
            # 3. that epoch is the consent's own   4. a purpose is declined before the consent stands
            " OR ((OLD.scope <> NEW.scope OR OLD.removed_at <> NEW.removed_at) AND NEW.epoch <>"
            " (SELECT revocation_epoch FROM consent_consent WHERE id = NEW.consent_id))"
            " OR (OLD.declined_at <> NEW.declined_at AND"
            f" (SELECT state FROM consent_consent WHERE id = NEW.consent_id) NOT IN {OPEN})"
        ),
    ),
    Rule(
        name="consent_sample_is_fixed",
        table="consent_samplehash",
        says="a recording stays bound to the consent that it was registered for",
        refuses="OLD.consent_id <> NEW.consent_id OR OLD.sha256 <> NEW.sha256",
    ),
)


def make(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Make the triggers in the language of this database."""
    for rule in RULES:
        statements = _postgres(rule) if editor.connection.vendor == "postgresql" else _sqlite(rule)
        for statement in statements:
            editor.execute(statement, params=None)


def _sqlite(rule: Rule) -> tuple[str, ...]:
    return (
        f"CREATE TRIGGER {rule.name} BEFORE UPDATE ON {rule.table} FOR EACH ROW "
        f"WHEN {rule.refuses.replace('<>', 'IS NOT')} "
        f"BEGIN SELECT RAISE(ABORT, '{rule.name}: {rule.says}'); END",
    )


def _postgres(rule: Rule) -> tuple[str, ...]:
    refuses = (rule.refuses + rule.further).replace("<>", "IS DISTINCT FROM")
    return (
        f"CREATE OR REPLACE FUNCTION {rule.name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {refuses} THEN RAISE EXCEPTION '{rule.name}: {rule.says}' "
        "USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME; END IF; RETURN NEW; END $$",
        f"CREATE TRIGGER {rule.name} BEFORE UPDATE ON {rule.table} FOR EACH ROW EXECUTE FUNCTION {rule.name}()",
    )


def drop(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the triggers."""
    postgres = editor.connection.vendor == "postgresql"
    for rule in RULES:
        editor.execute(f"DROP TRIGGER IF EXISTS {rule.name}" + (f" ON {rule.table}" if postgres else ""), params=None)
        if postgres:
            editor.execute(f"DROP FUNCTION IF EXISTS {rule.name}()", params=None)


class Migration(migrations.Migration):
    dependencies = [("consent", "0003_what_was_delivered_never_changes")]
    operations = [migrations.RunPython(make, drop)]
