"""Celery's beat by the monotonic clock, which cannot be set.

Celery's own scheduler keeps the time of day at which each task was sent, and waits from there. When
the clock is put back by a day, it is silent for a day. Ours counts seconds of
the monotonic clock and keeps nothing. One sweep more after a start does no harm.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from celery.beat import ScheduleEntry, Scheduler
from kombu.exceptions import OperationalError
from redis import RedisError

from config import celery

logger = logging.getLogger(__name__)


class MonotonicScheduler(Scheduler):
    """Sends each entry of the beat table as often as the table says."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._due: dict[str, float] = {}
        super().__init__(*args, **kwargs)

    def setup_schedule(self) -> None:
        """Take the entries of the beat table, and none of Celery's own."""
        self.merge_inplace(self.app.conf.beat_schedule)

    def tick(self, *_args: Any, **_kwargs: Any) -> float:
        """Send what is due, and return the seconds until the next one is."""
        for name, entry in self.schedule.items():
            at = time.monotonic()
            if self._due.setdefault(name, at) <= at:
                # Before it is sent, so that one that fails is not sent in a loop.
                self._due[name] = at + celery.INTERVALS[str(entry.task)]
                self._send_entry(entry)

        wait = min(self._due.values()) - time.monotonic()
        return min(max(wait, 0.001), 60.0)

    def _send_entry(self, entry: ScheduleEntry) -> None:
        try:
            if celery.has_room(self.producer, str(entry.task)):
                self.apply_entry(entry, producer=self.producer)
        except (OperationalError, RedisError, OSError):
            logger.warning("broker away, sweep not sent", extra={"task": entry.task})
