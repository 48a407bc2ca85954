"""Tests' way past the triggers of the log, to empty the database afterwards or to tamper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from django.core.management.color import no_style
from django.core.management.commands import flush
from django.db import connection
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.backends.utils import CursorWrapper

# Tables that every migrated database has and tests only read.
KEPT: Final = {"django_content_type", "auth_permission"}

_flush = BaseDatabaseOperations.execute_sql_flush


def allow() -> None:
    """Suspend the triggers for the length of a flush, in its transaction.

    Only the test runner flushes.
    """
    # Typed as a method.
    setattr(BaseDatabaseOperations, "execute_sql_flush", _without_triggers)  # noqa: B010
    # The signal would make rows that are kept, so it would only cost a tenth of a second a test.
    # A name of Django's module.
    setattr(flush, "emit_post_migrate_signal", _make_nothing)  # noqa: B010


@contextmanager
def triggers_suspended() -> Iterator[None]:
    """Suspend the triggers for a block, as a person with full rights on the database can.

    The log must show it afterwards.
    """
    with connection.cursor() as cursor:
        suspend, resume = _statements(cursor)
        for statement in suspend:
            cursor.execute(statement)
        yield
        for statement in resume:
            cursor.execute(statement)


def _make_nothing(verbosity: int, interactive: bool, db: str, **more: object) -> None:
    """Stand in for the signal after a flush."""


def _without_triggers(self: BaseDatabaseOperations, sql_list: Sequence[str]) -> Any:
    tables = (
        set(connection.introspection.django_table_names(only_existing=True, include_views=False))
        - KEPT
    )
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql" and _is_superuser(cursor):
            return _flush(self, _deletions(tables))
        suspend, resume = _statements(cursor)

    return _flush(self, [*suspend, *self.sql_flush(no_style(), sorted(tables)), *resume])


def _is_superuser(cursor: CursorWrapper) -> bool:
    cursor.execute("SELECT current_setting('is_superuser') = 'on'")
    return bool(cursor.fetchone()[0])


def _deletions(tables: Iterable[str]) -> list[str]:
    """Delete the rows instead of truncating: TRUNCATE makes new files for every table and index.

    As a replica the session runs neither triggers nor checks of foreign keys, so the order does not
    matter.
    """
    deletions = [f"DELETE FROM {connection.ops.quote_name(table)}" for table in sorted(tables)]
    return ["SET LOCAL session_replication_role = replica", *deletions]


def _statements(cursor: CursorWrapper) -> tuple[list[str], list[str]]:
    return _postgres(cursor) if connection.vendor == "postgresql" else _sqlite(cursor)


def _postgres(cursor: CursorWrapper) -> tuple[list[str], list[str]]:
    cursor.execute(
        "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
    )
    tables = [table for (table,) in cursor.fetchall()]
    return (
        [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables],
        [f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in tables],
    )


def _sqlite(cursor: CursorWrapper) -> tuple[list[str], list[str]]:
    cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    triggers = cursor.fetchall()
    return [f"DROP TRIGGER {name}" for name, _ in triggers], [sql for _, sql in triggers]
