"""The pulse of a running export: progress and lease, written from beside the read that it makes its bundle in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from django.db import connection

from core.clock import Clock
from core.errors import Conflict
from provenance.models import Export, ExportState

LEASE: Final = timedelta(minutes=5)
_EVERY: Final = 1.0  # seconds


class NotYours(Conflict):
    """Somebody else holds this export now: an erasure began it anew, or its lease was over."""

    code = "export_taken"


class Pulse:
    """Counts rows and, every second, writes the count and a longer lease, if the attempt is still ours.

    The bundle is written inside a read-only transaction, so this goes over a second connection.
    """

    def __init__(self, export: Export, *, now: Clock) -> None:
        self.rows = 0
        self._export, self._now = export, now
        self._beside = connection.copy()
        self._due = time.monotonic() + _EVERY

    def tick(self, rows: int) -> None:
        """Count rows. Raises NotYours when somebody else has the export."""
        self.rows += rows
        if time.monotonic() >= self._due:
            self.beat()

    def beat(self) -> None:
        """Write progress and lease at once. Raises NotYours."""
        until = self._beside.ops.adapt_datetimefield_value(self._now() + LEASE)
        statement = (
            f"UPDATE {Export._meta.db_table} SET rows_done = %s, lease_until = %s"  # noqa: S608, SLF001 - our own table
            " WHERE id = %s AND attempt = %s AND state = %s"
        )
        with self._beside.cursor() as cursor:
            cursor.execute(
                statement, [self.rows, until, self._export.id, self._export.attempt, str(ExportState.RUNNING)]
            )
            if cursor.rowcount != 1:
                raise NotYours("This export is somebody else's now.", facts={"export": self._export.id})
        self._due = time.monotonic() + _EVERY

    def close(self) -> None:
        """Give the second connection back."""
        self._beside.close()


@contextmanager
def pulse(export: Export, *, now: Clock) -> Iterator[Pulse]:
    """A pulse for as long as the bundle is made."""
    beating = Pulse(export, now=now)
    try:
        yield beating
    finally:
        beating.close()
