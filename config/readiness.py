"""Whether this process can serve, part by part, within two seconds whatever hangs.

Each group of parts is asked in a thread of its own. A thread that does not end is left to itself,
and its parts count as silent until it does.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from redis import Redis, RedisError

from config import celery, database_waits, sweep_times
from core.errors import SaysoError
from transparency_log import anchor_checks
from vault import integrity_checks

logger = logging.getLogger(__name__)
ANSWER_SECONDS: Final = 1.6
OK: Final = "ok"
SILENT: Final = "no answer"
# What is asked for, and whether nothing can be served without it.
PARTS: Final = {
    "database": True,
    "keys": True,
    "files": True,
    "anchors": True,
    "disk": True,
    "redis": False,
    "sweeps": False,
}
_PROBE_BYTES: Final = 16 * 1024

States = dict[str, str]


def check_parts() -> States:
    """Return the state of every part: `ok`, `not configured`, or in words what is wrong."""
    ends = time.monotonic() + ANSWER_SECONDS
    asked = [question.ask() for question in _QUESTIONS]
    for question in asked:
        question.wait(ends)

    found = dict.fromkeys(PARTS, SILENT)
    for question in asked:
        found |= question.states
    return found


def can_serve(states: States) -> bool:
    """Check that every part is well without which nothing can be served."""
    return all(_is_well(state) for part, state in states.items() if PARTS[part])


def is_whole(states: States) -> bool:
    """Check that nothing at all is wrong."""
    return all(state in {OK, "not configured"} for state in states.values())


def _is_well(state: str) -> bool:
    # A few lost files are the trouble of those whose they are.
    return state in {OK, "not configured"} or state.startswith("some ")


class _Asked:
    """A question that is being answered, with what is known so far."""

    def __init__(self, answer: Callable[[States], None]) -> None:
        self.states: States = {}
        self._thread = threading.Thread(target=self._run, args=(answer,), daemon=True)
        self._thread.start()

    def wait(self, ends: float) -> None:
        self._thread.join(max(0.0, ends - time.monotonic()))

    @property
    def is_open(self) -> bool:
        return self._thread.is_alive()

    def _run(self, answer: Callable[[States], None]) -> None:
        try:
            answer(self.states)
        finally:
            connection.close()


class _Question:
    """Something that is asked in one thread at a time: who comes meanwhile waits for its answer."""

    def __init__(self, answer: Callable[[States], None]) -> None:
        self._answer, self._lock = answer, threading.Lock()
        self._asked: _Asked | None = None

    def ask(self) -> _Asked:
        with self._lock:
            if self._asked is None or not self._asked.is_open:
                self._asked = _Asked(self._answer)
            return self._asked


def _ask_database(states: States) -> None:
    """Ask what needs rows, one after the other over one connection."""
    with database_waits.answer_within(ANSWER_SECONDS - 0.2):
        steps: tuple[tuple[str, Callable[[], str]], ...] = (
            ("database", _check_migrations),
            ("keys", _check_keys),
            ("files", lambda: _compare(*integrity_checks.count_missing_files())),
            ("anchors", lambda: _compare(*anchor_checks.count_missing_anchors())),
            ("sweeps", lambda: sweep_times.describe_sweeps(celery.INTERVALS)),
        )
        for part, check in steps:
            try:
                states[part] = check()
            except (DatabaseError, SaysoError, OSError) as error:
                logger.warning("not ready", exc_info=error, extra={"part": part})
                states[part] = "unreachable"
                if isinstance(error, DatabaseError):
                    return


_migrated = threading.Event()


def _check_migrations() -> str:
    if _migrated.is_set():
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return OK

    # It reads every migration from the disk, so once it was well is enough.
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return "migrations are waiting"

    _migrated.set()
    return OK


def _check_keys() -> str:
    integrity_checks.check_keys()
    return OK


def _compare(asked: int, missing: int) -> str:
    if not missing:
        return OK

    return "missing" if missing == asked else "some are missing"


def _ask_disk(states: States) -> None:
    folder = Path(settings.SAYSO_DATA_DIR)
    try:
        room = os.statvfs(folder)
        _write_probe(folder)
    except OSError as error:
        logger.warning("not ready", exc_info=error, extra={"part": "disk"})
        states["disk"] = "not writable"
    else:
        full = room.f_bavail * room.f_frsize < settings.SAYSO_MIN_FREE_BYTES
        states["disk"] = "full" if full else OK


def _write_probe(folder: Path) -> None:
    """Write a small file and delete it: a quota does not show in the numbers of the disk."""
    path = folder / f".probe-{os.getpid()}"
    try:
        path.write_bytes(os.urandom(_PROBE_BYTES))
    finally:
        path.unlink(missing_ok=True)


def _ask_redis(states: States) -> None:
    if not settings.REDIS_URL:
        states["redis"] = "not configured"
        return

    wait = ANSWER_SECONDS - 0.4
    try:
        with Redis.from_url(
            settings.REDIS_URL, socket_timeout=wait, socket_connect_timeout=wait
        ) as redis:
            redis.ping()
    except RedisError as error:
        logger.warning("not ready", exc_info=error, extra={"part": "redis"})
        states["redis"] = "unreachable"
    else:
        states["redis"] = OK


_QUESTIONS: Final = (_Question(_ask_database), _Question(_ask_disk), _Question(_ask_redis))
