"""The time by which work is due: that of the database, which all processes share.

The clocks of two hosts differ, and an operator may set one. Work that is due by the clock of the
process that wrote it would wait for a day, or a lease would never end. So workers ask the database
how far their own clock is off, once a minute and whenever their clock was set.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta
from typing import Final

from django.db import DatabaseError, connection

from core import clock

_EVERY_SECONDS: Final = 60.0
# Below it the clocks agree: the answer takes its time, too.
_LEAST: Final = timedelta(seconds=1)


class ClockSkew:
    """How far the clock of this process is behind that of the database. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._skew = timedelta(0)
        self._measured_at: float | None = None
        self._began = 0.0

    def get(self) -> timedelta:
        """Return the skew, measured again when that is due.

        Inside a transaction it is not measured: an error would end that.
        """
        if self._is_due() and not connection.in_atomic_block:
            with self._lock:
                if self._is_due():
                    self._measure()

        return self._skew

    def _is_due(self) -> bool:
        if self._measured_at is None or time.monotonic() > self._measured_at + _EVERY_SECONDS:
            return True

        # Only a clock that is set moves against the monotonic one.
        return abs(_compute_start() - self._began) > _LEAST.total_seconds()

    def _measure(self) -> None:
        began = _compute_start()
        try:
            skew = read_database_time() - clock.now()
        except DatabaseError:
            return

        self._skew = skew if abs(skew) >= _LEAST else timedelta(0)
        self._measured_at, self._began = time.monotonic(), began


_skew: Final = ClockSkew()


def get_work_time() -> datetime:
    """Return the present by the clock of the database. It is for edges alone, as `clock.now`."""
    return clock.now() + _skew.get()


def read_database_time() -> datetime:
    """Ask the database for its time. SQLite has that of this process."""
    if connection.vendor != "postgresql":
        return clock.now()

    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
        return found


def _compute_start() -> float:
    """Return the time of day at which the monotonic clock would have begun."""
    return clock.now().timestamp() - time.monotonic()
