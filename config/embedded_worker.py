"""The embedded worker: a thread per queue in this process, for installations without Redis.

It runs the very task functions that Celery would, from the same beat table. Rows are the truth:
what is queued here is lost when the process dies, and the sweeps find it again.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Final

from celery import current_app
from django.conf import settings
from django.db import close_old_connections, connections

logger = logging.getLogger(__name__)
# Which queue a task waits in, by the beginning of its name; whatever is not named here waits in the
# last one. A batch of a thousand texts takes minutes, and nothing that others wait for may stand
# behind it. Outsiders (witnesses, stores, authorities, mail servers) may take their time-outs to
# answer, and nothing may stand behind those. Signing links wait for their own server alone.
ROUTES: Final = {
    "transparency_log.settle": "log",
    "transparency_log.attest": "outside",
    "consent.deliver": "delivery",
    "voices.run_job": "speech",
}
COMMON: Final = "work"
LANES: Final = (*ROUTES.values(), COMMON)
# How many seconds a wake-up lingers for others like it. A request appends events in twos and
# threes, and one round of sequencing and signing for all of them leaves the processor to the
# requests beside which this thread runs.
LINGER: Final[dict[str, float]] = {
    "transparency_log.settle_organisation": settings.SAYSO_CHECKPOINT_MS / 2000
}


@dataclass(order=True, slots=True)
class _Due:
    at: float
    number: int
    name: str = field(compare=False)
    kwargs: dict[str, Any] = field(compare=False)
    every: float = field(compare=False, default=0.0)


class QueueThread(threading.Thread):
    """One thread that carries out one queue's tasks in order of their time."""

    def __init__(self, name: str) -> None:
        super().__init__(name=f"sayso-{name}", daemon=True)
        self._heap: list[_Due] = []
        self._numbers = itertools.count()
        self._wake = threading.Condition()
        self._stopping = False

    def enqueue(
        self, name: str, kwargs: dict[str, Any], *, delay: float = 0.0, every: float = 0.0
    ) -> None:
        """Queue a task, once or every so many seconds; the same task with the same ids waits only
        once.
        """
        with self._wake:
            waiting = any(
                due.name == name and due.kwargs == kwargs and not due.every for due in self._heap
            )
            if not waiting or every:
                heapq.heappush(
                    self._heap,
                    _Due(time.monotonic() + delay, next(self._numbers), name, kwargs, every),
                )
                self._wake.notify()

    def stop(self) -> None:
        """Finish the task in hand, then end."""
        with self._wake:
            self._stopping = True
            self._wake.notify()

    def run(self) -> None:
        """Carry out tasks until stopped."""
        while (due := self._next()) is not None:
            self._carry_out(due)
            if due.every:
                self.enqueue(due.name, due.kwargs, delay=due.every, every=due.every)
        connections.close_all()

    def _next(self) -> _Due | None:
        with self._wake:
            while not self._stopping:
                wait = self._heap[0].at - time.monotonic() if self._heap else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._heap)
                self._wake.wait(wait)
        return None

    @staticmethod
    def _carry_out(due: _Due) -> None:
        close_old_connections()
        try:
            current_app.tasks[due.name].apply(kwargs=due.kwargs)
        except Exception:  # the outermost task wrapper: the lane must outlive any task
            logger.exception("task failed", extra={"task": due.name})
        finally:
            close_old_connections()


_lanes: dict[str, QueueThread] = {}


def start_worker() -> None:
    """Start the lanes and the beat; does nothing when a broker is configured or they already
    run.
    """
    if settings.REDIS_URL or _lanes:
        return
    current_app.loader.import_default_modules()
    for name in LANES:
        _lanes[name] = QueueThread(name)
        _lanes[name].start()
    for entry in current_app.conf.beat_schedule.values():
        _lane_of(entry["task"]).enqueue(
            entry["task"], {}, delay=entry["schedule"], every=entry["schedule"]
        )


def stop_worker(seconds: float = 10.0) -> None:
    """Stop the lanes, waiting for the task each has in hand."""
    for lane in _lanes.values():
        lane.stop()
    for lane in _lanes.values():
        lane.join(seconds)
    _lanes.clear()


def submit_task(name: str, kwargs: dict[str, Any], *, countdown: float = 0.0) -> None:
    """Hand a task to its lane.

    Without running lanes (a command, a test) it waits for the sweep of the next server.
    """
    if _lanes:
        _lane_of(name).enqueue(name, kwargs, delay=countdown + LINGER.get(name, 0.0))


def _lane_of(task: str) -> QueueThread:
    return _lanes[next((lane for start, lane in ROUTES.items() if task.startswith(start)), COMMON)]
