"""The embedded worker: a thread for each queue in this process, for installations without Redis.

It runs the same task functions as Celery, by the same beat table. What is queued here is lost when
the process dies, and the sweeps find it again by the rows.
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

from core import background_tasks

logger = logging.getLogger(__name__)
# The queue of a task, by the beginning of its name. All other tasks wait in the common queue. A
# batch of a thousand texts takes minutes, and nothing that others wait for may wait behind it.
# Attestors and mail servers may take as long as their time-outs to answer, and nothing may wait
# behind those either. Signing links wait only for their own server.
ROUTES: Final = {
    "transparency_log.settle": "log",
    "transparency_log.attest": "outside",
    "consent.deliver": "delivery",
    "voices.run_job": "speech",
}
COMMON: Final = "work"
LANES: Final = (*ROUTES.values(), COMMON)
# How many seconds a wake-up waits for others like it. A request appends two or three events. One
# round of sequencing and signing for all of them leaves the processor to the requests, beside which
# this thread runs.
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
    """A thread that runs the tasks of one queue in order of their time."""

    def __init__(self, name: str) -> None:
        super().__init__(name=f"sayso-{name}", daemon=True)
        self._heap: list[_Due] = []
        self._numbers = itertools.count()
        self._wake = threading.Condition()
        self._stopping = False

    def enqueue(
        self, name: str, kwargs: dict[str, Any], *, delay: float = 0.0, every: float = 0.0
    ) -> None:
        """Queue a task after `delay` seconds, once or each `every` seconds.

        The same task with the same ids waits only once.
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
        """End the thread after its present task."""
        with self._wake:
            self._stopping = True
            self._wake.notify()

    def run(self) -> None:
        """Run tasks until the thread is stopped."""
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
        except Exception:
            # This is the outermost wrapper of a task, and the thread must outlive any task.
            logger.exception("task failed", extra={"task": due.name})
        finally:
            close_old_connections()


_lanes: dict[str, QueueThread] = {}


def start_worker() -> None:
    """Start the threads and the beat, unless there is a broker or they run already."""
    if settings.REDIS_URL or _lanes:
        return

    current_app.loader.import_default_modules()
    for name in LANES:
        _lanes[name] = QueueThread(name)
        _lanes[name].start()

    for entry in current_app.conf.beat_schedule.values():
        _find_queue_thread(entry["task"]).enqueue(
            entry["task"], {}, delay=entry["schedule"], every=entry["schedule"]
        )


def stop_worker() -> None:
    """Stop the threads: each finishes what it has in hand, within SAYSO_STOP_SECONDS in all."""
    ends = time.monotonic() + settings.SAYSO_STOP_SECONDS
    background_tasks.request_stop()
    for lane in _lanes.values():
        lane.stop()

    for lane in _lanes.values():
        lane.join(max(0.0, ends - time.monotonic()))

    # One that is still at work takes nothing new until the process is gone.
    if not any(lane.is_alive() for lane in _lanes.values()):
        background_tasks.request_stop(stop=False)
    _lanes.clear()


def submit_task(name: str, kwargs: dict[str, Any], *, countdown: float = 0.0) -> None:
    """Queue a task in its thread after `countdown` seconds.

    Without running threads, as in a command or a test, it waits for the sweep of the next server.
    """
    if _lanes:
        _find_queue_thread(name).enqueue(name, kwargs, delay=countdown + LINGER.get(name, 0.0))


def _find_queue_thread(task: str) -> QueueThread:
    return _lanes[next((lane for start, lane in ROUTES.items() if task.startswith(start)), COMMON)]
