"""Going back in time: a copy of the log's rows, and putting the database back to it as a restored
backup would.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Model

from tests.support import database_flush
from transparency_log.models import Body, Checkpoint, Entry, EventRef, Head, Outbox, Tile

TABLES: tuple[type[Model], ...] = (Outbox, Body, Entry, EventRef, Tile, Head, Checkpoint)


class Snapshot:
    """A backup of one organisation's log."""

    def __init__(self, organisation_id: str) -> None:
        self._organisation_id = organisation_id
        self._rows: dict[type[Model], list[dict[str, Any]]] = {
            table: list(table._default_manager.filter(organisation_id=organisation_id).values())
            for table in TABLES
        }

    def restore(self) -> None:
        with database_flush.triggers_suspended():
            for table, rows in self._rows.items():
                table._default_manager.filter(organisation_id=self._organisation_id).delete()
                table._default_manager.bulk_create(table(**row) for row in rows)
