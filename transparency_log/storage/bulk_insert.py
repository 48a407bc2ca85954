"""Bulk insertion of log rows: COPY on PostgreSQL, one INSERT of many rows on SQLite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import connection
from django.db.models import Model

from core import transactions

# Rows are tuples in the order of the columns below. Making a model object takes longer than copying
# a row.
Values = tuple[str | int | bool | bytes | None, ...]

BODY: Final = ("event_id", "organisation_id", "subject", "sealed")
OUTBOX: Final = ("organisation_id", "event_id", "payload", "speaker_id")
ENTRY: Final = ("event_id", "organisation_id", "idx", "kind", "livemode", "at_ms", "payload")
EVENT_REF: Final = ("organisation_id", "ref", "idx")

# Below this, building a COPY costs more than it saves.
FEW: Final = 8
_BATCH: Final = 1024


@transactions.requires_transaction
def insert_rows(table: type[Model], columns: Sequence[str], rows: Sequence[Values]) -> None:
    """Insert new rows of one table, all or none.

    `columns` are all columns of the table but its own number. Constraints and triggers hold as
    usual. Ids that the database makes are not read back.

    Raises IntegrityError.
    """
    if not rows:
        return

    if connection.vendor == "postgresql" and len(rows) >= FEW:
        _copy_rows(table, columns, rows)
    else:
        made = [table(**dict(zip(columns, row, strict=True))) for row in rows]
        table._default_manager.bulk_create(made, batch_size=_BATCH)


def _copy_rows(table: type[Model], columns: Sequence[str], rows: Sequence[Values]) -> None:
    # COPY FROM in binary form: no statement is built or parsed, and bytes stay bytes.
    meta = table._meta
    fields = [meta.get_field(column) for column in columns]
    names = ", ".join(connection.ops.quote_name(column) for column in columns)
    types = [str(field.db_type(connection)).partition("(")[0] for field in fields]
    statement = (
        f"COPY {connection.ops.quote_name(meta.db_table)} ({names}) FROM STDIN (FORMAT BINARY)"
    )

    # Django translates what `execute` raises by itself, and not what a COPY raises.
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(statement) as copy,
    ):
        copy.set_types(types)

        for row in rows:
            copy.write_row(row)
