"""Places for work and bytes that one process has at a time: keys go before strangers.

A limit for each request bounds nothing when many come together. What has no place is told to come
again.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from core.errors import Unavailable

WAITING: Final = 4
"""Strangers that may wait for each place. Callers with a key may be four times as many."""


class ServerBusy(Unavailable):
    """This server has as much to do as it can carry, and nothing was decided. Try again in a
    moment.
    """

    code = "server_busy"


def compute_organisation_share(total: int) -> int:
    """Return how much of `total` one organisation may hold: three quarters, and always one."""
    return total - total // 4


def compute_stranger_share(total: int) -> int:
    """Return how much of `total` all strangers together may hold: half, and always one."""
    return max(1, total // 2)


class PlacePool:
    """A number of places for work that fills a processor. Safe for threads.

    Strangers hold half of them at most, one organisation three quarters. No stranger goes before
    an organisation that waits.
    """

    def __init__(self, count: Callable[[], int]) -> None:
        """`count` returns how many places there are."""
        self._count = count
        self._held: Counter[str] = Counter()
        self._strangers = 0
        self._waiting: Counter[bool] = Counter()
        self._changed = threading.Condition()

    @property
    def in_use(self) -> int:
        """The number of places that are taken."""
        return self._held.total()

    @contextmanager
    def hold_place(self, holder: str, *, has_key: bool, wait_seconds: float) -> Iterator[None]:
        """Hold a place while the block runs, after waiting for one for at most `wait_seconds`.

        `holder` names whose work it is. The caller should hold no database connection.

        Raises ServerBusy.
        """
        self._enter(holder, has_key=has_key, wait_seconds=wait_seconds)
        try:
            yield
        finally:
            self._leave(holder, has_key=has_key)

    def _enter(self, holder: str, *, has_key: bool, wait_seconds: float) -> None:
        until = time.monotonic() + wait_seconds
        with self._changed:
            if not self._is_free(holder, has_key=has_key):
                self._wait(holder, until, has_key=has_key)

            self._held[holder] += 1
            self._strangers += not has_key

    def _wait(self, holder: str, until: float, *, has_key: bool) -> None:
        most = WAITING * self._count() * (4 if has_key else 1)
        if self._waiting[has_key] >= most:
            raise ServerBusy("Too many requests wait for this server already.", retry_after=5)

        self._waiting[has_key] += 1
        try:
            while not self._is_free(holder, has_key=has_key):
                left = until - time.monotonic()
                if left <= 0:
                    raise ServerBusy("This server has no place free just now.", retry_after=2)
                self._changed.wait(left)
        finally:
            self._waiting[has_key] -= 1
            # A stranger may have waited for this organisation alone.
            self._changed.notify_all()

    def _is_free(self, holder: str, *, has_key: bool) -> bool:
        total = self._count()
        if self._held.total() >= total:
            return False
        if has_key:
            return self._held[holder] < compute_organisation_share(total)
        return not self._waiting[True] and self._strangers < compute_stranger_share(total)

    def _leave(self, holder: str, *, has_key: bool) -> None:
        with self._changed:
            self._held[holder] -= 1
            self._held += Counter()  # forgets those that hold none
            self._strangers -= not has_key
            self._changed.notify_all()


class ByteBudget:
    """A number of bytes that are held at a time. Safe for threads.

    Strangers hold half of them at most, one of their addresses a quarter, one organisation
    three quarters. Strangers leave the last quarter free, so that one organisation and they
    together never shut out the next one. While nothing is held, any request is granted, so a
    limit that is set too low still lets one call through at a time.
    """

    def __init__(self, total: Callable[[], int]) -> None:
        """`total` returns how many bytes there are."""
        self._total = total
        self._held: Counter[str] = Counter()
        self._strangers = 0
        self._lock = threading.Lock()

    @property
    def in_use(self) -> int:
        """The number of bytes that are held."""
        return self._held.total()

    def reserve(self, holder: str, size: int, *, has_key: bool) -> None:
        """Take `size` bytes for this holder. Raises ServerBusy."""
        total = self._total()
        with self._lock:
            used = self._held.total()
            own = self._held[holder] + size
            fits = used + size <= total and (
                own <= compute_organisation_share(total)
                if has_key
                else own <= total // 4
                and self._strangers + size <= compute_stranger_share(total)
                and used + size <= compute_organisation_share(total)
            )
            if used and not fits:
                raise ServerBusy("This server takes no more large bodies just now.", retry_after=2)

            self._held[holder] += size
            self._strangers += 0 if has_key else size

    def release(self, holder: str, size: int, *, has_key: bool) -> None:
        """Give `size` bytes back."""
        with self._lock:
            self._held[holder] -= size
            self._held += Counter()  # forgets those that hold none
            self._strangers -= 0 if has_key else size
