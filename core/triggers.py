"""A migration step for tables that triggers guard: on SQLite, changing such a table makes it again without them."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class KeepingTriggers(SeparateDatabaseAndState):
    """Carry out operations on one table, and give it back the triggers that it had before.

    PostgreSQL changes a table in place, so there the operations alone are carried out.
    """

    def __init__(self, table: str, operations: Sequence[Operation]) -> None:
        super().__init__(database_operations=list(operations), state_operations=list(operations))
        self.table = table
        self.operations = list(operations)

    def deconstruct(self) -> tuple[str, list[object], dict[str, object]]:
        """Give how this step is written down."""
        return type(self).__name__, [self.table, self.operations], {}

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Carry out the operations and make the triggers again."""
        before = _triggers(schema_editor, self.table)
        super().database_forwards(app_label, schema_editor, from_state, to_state)
        _make_again(schema_editor, self.table, before)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Take the operations back and make the triggers again."""
        before = _triggers(schema_editor, self.table)
        super().database_backwards(app_label, schema_editor, from_state, to_state)
        _make_again(schema_editor, self.table, before)


def _triggers(editor: BaseDatabaseSchemaEditor, table: str) -> dict[str, str]:
    """Give the table's triggers on SQLite: name -> statement."""
    if editor.connection.vendor != "sqlite":
        return {}
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
        return dict(cursor.fetchall())


def _make_again(editor: BaseDatabaseSchemaEditor, table: str, before: dict[str, str]) -> None:
    left = _triggers(editor, table)
    for name, statement in before.items():
        if name not in left:
            editor.execute(statement, params=None)
