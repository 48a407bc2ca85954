"""The pulse of a running export: progress and lease, written from beside the read that it makes its
bundle in.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from typing import Final

from django.db import connection

from core import leases
from core.clock import Clock
from core.errors import Conflict
from provenance.models import Export
from vault import subject_keys

_EVERY: Final = 1.0  # seconds


class ErasedMeanwhile(Conflict):
    """A person whose data was read for this bundle was erased since: it is thrown away and begun
    again.
    """

    code = "export_begun_anew"


class Heartbeat:
    """Counts rows and, every second, writes the count and a longer lease, if the attempt is still
    ours.

    The bundle is written inside a read-only transaction, so this goes over a second connection,
    which also sees who was erased since that began. `opened` grows meanwhile: the subjects whose
    data may be in the bundle.
    """

    def __init__(self, export: Export, *, opened: Set[str], now: Clock) -> None:
        self.rows = 0
        self._opened, self._gone = opened, -1
        self._export, self._now = export, now
        self._beside = connection.copy()
        self._due = time.monotonic() + _EVERY

    def tick(self, rows: int) -> None:
        """Count rows. Raises LeaseLost when another worker has the export, ErasedMeanwhile."""
        self.rows += rows
        if time.monotonic() >= self._due:
            self.beat()

    def beat(self) -> None:
        """Write progress and lease at once, and look for erasures.

        This is `leases.renew` over the second connection.

        Raises LeaseLost, ErasedMeanwhile.
        """
        until = self._beside.ops.adapt_datetimefield_value(self._now() + leases.LEASE)
        table = Export._meta.db_table
        statement = (
            f"UPDATE {table} SET rows_done = %s, lease_until = %s "  # noqa: S608 - our own table
            "WHERE id = %s AND attempt = %s AND lease_until IS NOT NULL"
        )
        with self._beside.cursor() as cursor:
            cursor.execute(statement, [self.rows, until, self._export.id, self._export.attempt])
            if cursor.rowcount != 1:
                raise leases.lease_lost(self._export)
        self._look_for_erasures()
        self._due = time.monotonic() + _EVERY

    def _look_for_erasures(self) -> None:
        statement, values = subject_keys.list_destroyed_subjects(
            self._export.organisation_id
        ).query.sql_with_params()
        with self._beside.cursor() as cursor:
            # Django's own statement.
            cursor.execute(f"SELECT COUNT(*) FROM ({statement}) AS gone", values)  # noqa: S608
            count = cursor.fetchone()[0]
            if count == self._gone:
                return
            cursor.execute(statement, values)
            refuse_erased(self._export, self._opened, (subject for (subject,) in cursor.fetchall()))
        self._gone = count

    def close(self) -> None:
        """Close the second connection."""
        self._beside.close()


def refuse_erased(export: Export, opened: Set[str], gone: Iterable[str]) -> None:
    """Raise ErasedMeanwhile when one of these subjects is gone."""
    if not opened.isdisjoint(gone):
        raise ErasedMeanwhile("A person in the bundle was erased.", facts={"export": export.id})


@contextmanager
def start_heartbeat(export: Export, *, opened: Set[str], now: Clock) -> Iterator[Heartbeat]:
    """Run a heartbeat for as long as the bundle is made."""
    beating = Heartbeat(export, opened=opened, now=now)
    try:
        yield beating
    finally:
        beating.close()
