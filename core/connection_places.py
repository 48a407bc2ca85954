"""Places at the database: no one consent, and no one organisation, takes all connections.

A process has a pool of connections. Calls that wait for one locked row would take them all, and
all others would wait behind them. So a call takes a place of its consent before it opens a
transaction, and its connection counts among those of its organisation. Who waits for a place holds
no connection meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Concatenate, Final, ParamSpec, TypeVar

from django.conf import settings
from django.db import connection

from core.errors import Unavailable

P = ParamSpec("P")
R = TypeVar("R")


class PlacesTaken(Unavailable):
    """Too many calls on the same thing wait already. Nothing was decided."""


class ConnectionPlaces:
    """So many places for each key. Safe for threads."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()
        self._changed = threading.Condition()

    def try_taking(self, key: str, *, most: int) -> bool:
        """Take one of the places of `key`, of which there are `most`, if one is free."""
        with self._changed:
            if self._taken[key] >= most:
                return False

            self._taken[key] += 1
            return True

    def take(self, key: str, *, most: int, seconds: float) -> None:
        """Take one of the places of `key`, and wait for it at most so many seconds.

        Raises PlacesTaken.
        """
        ends = time.monotonic() + seconds
        with self._changed:
            while self._taken[key] >= most:
                if not self._changed.wait(max(0.0, ends - time.monotonic())):
                    raise PlacesTaken("Too many calls of this kind wait already.", retry_after=1)

            self._taken[key] += 1

    def free(self, key: str) -> None:
        """Give a place back."""
        with self._changed:
            self._taken[key] -= 1
            if self._taken[key] <= 0:
                del self._taken[key]
            self._changed.notify_all()


_consents: Final = ConnectionPlaces()
_holder: ContextVar[str] = ContextVar("connection_holder", default="")


def name_holder(organisation_id: str) -> None:
    """Count the connection of this call among those of an organisation, "" where there is none.

    A call whose organisation has too many gives its connection back, and waits when it needs one.
    """
    _holder.set(organisation_id)
    # Our engine for PostgreSQL has it. SQLite has no pool.
    if count := getattr(connection, "count_among", None):
        count(organisation_id)


def get_holder() -> str:
    """Return the organisation that was named, or ""."""
    return _holder.get()


def give_back_connection() -> None:
    """Give the connection back to its pool before work that needs none, such as a provider's."""
    if getattr(connection, "pool", None) is not None and not connection.in_atomic_block:
        connection.close()


@contextmanager
def hold_consent_place(consent_id: str | None) -> Iterator[None]:
    """Hold one of the places of a consent in the block. They are a quarter of the connections.

    Inside a transaction, whose locks others may wait for, it takes none.

    Raises PlacesTaken.
    """
    if consent_id is None:
        yield
        return

    with _hold_place(consent_id, most=settings.SAYSO_DATABASE_CONNECTIONS // 4):
        yield


def bound_acts(function: Callable[Concatenate[str, P], R]) -> Callable[Concatenate[str, P], R]:
    """Mark a function that changes the consent whose id is its first argument.

    Acts on one consent have places of their own, an eighth of the connections: a revocation does
    not wait behind calls that ask whether they may speak.
    """

    @wraps(function)
    def act(consent_id: str, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with _hold_place(f"act {consent_id}", most=settings.SAYSO_DATABASE_CONNECTIONS // 8):
            return function(consent_id, *args, **kwargs)

    return act


@contextmanager
def _hold_place(key: str, *, most: int) -> Iterator[None]:
    if connection.in_atomic_block:
        yield
        return

    most = max(1, most)
    if not _consents.try_taking(key, most=most):
        # Those who hold the places, and all others, need the connection more.
        give_back_connection()
        _consents.take(key, most=most, seconds=settings.SAYSO_POOL_SECONDS)

    try:
        yield
    finally:
        _consents.free(key)
