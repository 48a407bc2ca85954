"""Lets tests pass the triggers of the log, which rightly refuse it: to empty the database afterwards, or to tamper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.backends.utils import CursorWrapper

_flush = BaseDatabaseOperations.execute_sql_flush


def allow() -> None:
    """Suspend the triggers for the length of a flush, in its transaction. Only the test runner flushes."""
    setattr(BaseDatabaseOperations, "execute_sql_flush", _without_triggers)  # noqa: B010 - typed as a method


@contextmanager
def triggers_suspended() -> Iterator[None]:
    """What somebody with full rights on the database can do; the log must show it afterwards."""
    with connection.cursor() as cursor:
        suspend, resume = _statements(cursor)
        for statement in suspend:
            cursor.execute(statement)
        yield
        for statement in resume:
            cursor.execute(statement)


def _without_triggers(self: BaseDatabaseOperations, sql_list: Sequence[str]) -> Any:
    with connection.cursor() as cursor:
        suspend, resume = _statements(cursor)
    return _flush(self, [*suspend, *sql_list, *resume])


def _statements(cursor: CursorWrapper) -> tuple[list[str], list[str]]:
    return _postgres(cursor) if connection.vendor == "postgresql" else _sqlite(cursor)


def _postgres(cursor: CursorWrapper) -> tuple[list[str], list[str]]:
    cursor.execute("SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1")
    tables = [table for (table,) in cursor.fetchall()]
    return (
        [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables],
        [f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in tables],
    )


def _sqlite(cursor: CursorWrapper) -> tuple[list[str], list[str]]:
    cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    triggers = cursor.fetchall()
    return [f"DROP TRIGGER {name}" for name, _ in triggers], [sql for _, sql in triggers]
