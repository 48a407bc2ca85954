"""Records the statements that calls send, in all threads, with the function of ours behind each."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.core.signals import request_started
from django.db import DEFAULT_DB_ALIAS, connections, reset_queries
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

HOUSE: Final = Path(__file__).parent.parent
_BOUNDARIES: Final = {"BEGIN", "COMMIT", "ROLLBACK"}
_CALLERS: Final = {"bench", "tests", ".venv"}
_CARRIERS: Final = {"core/compiled_queries.py"}
"""Modules that send the statements of others."""
_MONITOR: Final = "permit_monitor.py"
_ROUNDS: Final = {_MONITOR, "core/lease_renewal.py:_renew"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement and the innermost function of the product that sent it.

    `place` is `path:function`, and `line` its line. Both are empty for BEGIN and COMMIT.
    """

    sql: str
    place: str
    line: int = 0

    @property
    def kind(self) -> str:
        """Its first word, such as SELECT."""
        return self.sql.split(maxsplit=1)[0].strip(";")

    @property
    def is_boundary(self) -> bool:
        """Whether it only begins or ends a transaction."""
        return self.kind in _BOUNDARIES

    @property
    def is_monitor(self) -> bool:
        """Whether it belongs to how long a call takes: the permit monitor and the renewal of leases
        have rounds.
        """
        return self.place in _ROUNDS


class _Watch:
    """One connection that is watched. Django keeps its statements, and this keeps their places."""

    def __init__(self, watched: BaseDatabaseWrapper) -> None:
        self.connection = watched
        self._debug_before = watched.force_debug_cursor
        self._start = len(watched.queries_log)
        self._places: list[tuple[str, int]] = []

        watched.force_debug_cursor = True
        watched.execute_wrappers.append(self._note_place)

    def stop(self) -> list[Statement]:
        """Return what was sent since the beginning."""
        self.connection.force_debug_cursor = self._debug_before
        self.connection.execute_wrappers.remove(self._note_place)

        places = iter(self._places)
        sent = [entry["sql"] for entry in list(self.connection.queries_log)[self._start :]]
        return [_build_statement(sql, places) for sql in sent]

    def _note_place(self, execute: Callable[..., Any], *statement: Any) -> Any:
        self._places.append(_find_place())
        return execute(*statement)


def _build_statement(sql: str, places: Iterator[tuple[str, int]]) -> Statement:
    # BEGIN and COMMIT are kept by Django, and sent around the wrapper.
    place, line = ("", 0) if sql in _BOUNDARIES else next(places)
    return Statement(sql=sql, place=place, line=line)


@contextmanager
def record_statements() -> Iterator[list[Statement]]:
    """Yield a list that holds the statements of the block once it has ended, by connection."""
    found: list[Statement] = []
    watches: dict[int, _Watch] = {}

    def watch(connection: BaseDatabaseWrapper, **_sent: Any) -> None:
        if id(connection) not in watches:
            watches[id(connection)] = _Watch(connection)

    request_started.disconnect(reset_queries)
    connection_created.connect(watch)
    # The connection itself: the proxy has another identity, and would be watched beside it.
    own = connections[DEFAULT_DB_ALIAS]
    own.ensure_connection()
    watch(own)

    try:
        yield found
    finally:
        connection_created.disconnect(watch)
        request_started.connect(reset_queries)
        for each in watches.values():
            found += each.stop()


def _find_place() -> tuple[str, int]:
    """Return `path:function` of the innermost frame of the product, and its line."""
    frames = traceback.extract_stack()
    if any(Path(frame.filename).name == _MONITOR for frame in frames):
        return _MONITOR, 0

    for frame in reversed(frames):
        path = Path(frame.filename)
        if path.is_relative_to(HOUSE):
            inside = path.relative_to(HOUSE)
            if inside.parts[0] not in _CALLERS and inside.as_posix() not in _CARRIERS:
                return f"{inside}:{frame.name}", frame.lineno or 0

    return "outside", 0
