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
EVENT_REF: Final = ("organisation_id", "ref", "idx", "about")

# Below this, building a COPY costs more than it saves.
FEW: Final = 8
_MOST_PARAMETERS: Final = 9000


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
        return

    most = connection.features.max_query_params or _MOST_PARAMETERS
    size = most // len(columns)
    for start in range(0, len(rows), size):
        _insert_values(table, columns, rows[start : start + size])


def _insert_values(table: type[Model], columns: Sequence[str], rows: Sequence[Values]) -> None:
    quote = connection.ops.quote_name
    names = ", ".join(map(quote, columns))
    places = ", ".join(["(" + ", ".join(["%s"] * len(columns)) + ")"] * len(rows))

    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quote(table._meta.db_table)} ({names}) VALUES {places}",  # noqa: S608 - names of ours
            [value for row in rows for value in row],
        )


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
