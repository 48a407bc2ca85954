"""Renewal of leases: a thread beside the work keeps what this process holds while it works on it.

A lease is short, so that the work of a dead process is taken over soon. The thread dies or stops
with its process, and then the lease runs out. Correctness does not depend on a renewal: the fencing
number decides who may settle a row.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import QuerySet

from core.clock import Clock
from core.leases import LEASE

logger = logging.getLogger(__name__)
EVERY_SECONDS: Final = LEASE.total_seconds() / 4


@dataclass(eq=False, frozen=True, slots=True)
class Renewal:
    """Rows whose lease is renewed, by the clock that their leases follow."""

    rows: QuerySet[Any]
    now: Clock

    def stop(self) -> None:
        """Renew no more. Twice counts once."""
        _keeper.remove(self)


class LeaseKeeper:
    """The thread, which runs while anything is held. It keeps one connection for that time: from
    a pool that is used up it would get none.
    """

    def __init__(self) -> None:
        self._held: set[Renewal] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, renewal: Renewal) -> None:
        """Begin to renew."""
        with self._lock:
            self._held.add(renewal)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="sayso-leases", daemon=True)
                self._thread.start()

    def remove(self, renewal: Renewal) -> None:
        """Stop renewing. A renewal that is under way may still come through."""
        with self._lock:
            self._held.discard(renewal)

    def _run(self) -> None:
        try:
            while True:
                time.sleep(EVERY_SECONDS)
                with self._lock:
                    held = tuple(self._held)
                    if not held:
                        self._thread = None
                        return
                for renewal in held:
                    self._renew(renewal)
        finally:
            _close_connection()

    def _renew(self, renewal: Renewal) -> None:
        try:
            with transaction.atomic():
                # The holder may have locked the row to settle it. Then no other worker can take it,
                # and the rows behind it need not wait.
                free = renewal.rows.select_for_update(skip_locked=True, no_key=True)
                if free.exists():
                    renewal.rows.update(lease_until=renewal.now() + LEASE)
        except Exception:
            # The next round tries again. What is not renewed in time goes to another worker.
            logger.warning("lease not renewed", exc_info=True)
            _close_connection()


def _close_connection() -> None:
    # Whatever is wrong with it, the thread must outlive it.
    with suppress(Exception):
        connection.close()


_keeper = LeaseKeeper()


def _forget_in_child() -> None:
    global _keeper  # noqa: PLW0603 - a fork copies what is held, and not the thread
    _keeper = LeaseKeeper()


os.register_at_fork(after_in_child=_forget_in_child)


def begin_renewal(rows: QuerySet[Any], *, now: Clock) -> Renewal:
    """Renew the leases of `rows` until `stop` is called on what this returns.

    `rows` finds what this process holds, and nothing any more once it holds it no longer.
    """
    renewal = Renewal(rows, now)
    _keeper.add(renewal)
    return renewal


@contextmanager
def keep_leases(rows: QuerySet[Any], *, now: Clock) -> Iterator[None]:
    """Renew the leases of `rows` while the block runs, as `begin_renewal` does."""
    renewal = begin_renewal(rows, now=now)
    try:
        yield
    finally:
        renewal.stop()
