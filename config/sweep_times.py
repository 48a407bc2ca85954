"""When each sweep was carried out last: rows that every process sees, by the database's clock."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Final

from celery import Task
from celery.signals import task_success
from django.db import DatabaseError
from django.db.models.functions import Now

from accounts.models import SharedValue

logger = logging.getLogger(__name__)
_NAME: Final = "swept "
_KEPT: Final = timedelta(days=30)
# The log is settled five times a second. Its time need not be stored so often.
_EVERY_SECONDS: Final = 5.0
_PATIENCE: Final = 4
_LEAST_SECONDS: Final = 60

_noted: dict[str, float] = {}
_lock: Final = threading.Lock()


def listen_for_sweeps(tasks: Collection[str]) -> None:
    """Have each of these tasks noted when a worker has carried it out."""

    def note(sender: Task, **_signal: object) -> None:  # type: ignore[type-arg]  # in stubs alone
        if sender.name in tasks:
            note_sweep(sender.name)

    task_success.connect(note, weak=False, dispatch_uid="sayso.sweeps")


def note_sweep(task: str) -> None:
    """Store that a sweep was carried out just now."""
    at = time.monotonic()
    with _lock:
        if at < _noted.get(task, -_EVERY_SECONDS) + _EVERY_SECONDS:
            return
        _noted[task] = at

    try:
        SharedValue.objects.update_or_create(
            name=f"{_NAME}{task}", defaults={"value": "", "expires_at": Now() + _KEPT}
        )
    except DatabaseError:
        logger.warning("sweep not noted", exc_info=True, extra={"task": task})


def measure_ages() -> dict[str, float]:
    """Return how many seconds ago each sweep was carried out last, by task."""
    rows = SharedValue.objects.filter(name__startswith=_NAME).annotate(read_at=Now())
    return {
        name.removeprefix(_NAME): max(0.0, (read_at - (expires_at - _KEPT)).total_seconds())
        for name, expires_at, read_at in rows.values_list("name", "expires_at", "read_at")
        if expires_at is not None
    }


def describe_sweeps(table: Mapping[str, float]) -> str:
    """Return `ok`, or `silent` when a sweep has not come for much longer than it should.

    `table` has the seconds between two of each. One that never came yet says nothing.
    """
    ages = measure_ages()
    late = [
        task
        for task, every in table.items()
        if ages.get(task, 0.0) > max(_LEAST_SECONDS, _PATIENCE * every)
    ]
    if late:
        logger.warning("sweeps are silent", extra={"tasks": ",".join(late)})
    return "silent" if late else "ok"
