"""How long this process waits for the database.

A command may take its time: a migration builds an index for an hour. What serves requests or
carries out tasks may not, because all others wait behind it. The server ends what takes too
long, and a server that does not answer at all is given up shortly afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from django.conf import settings

# The server ends a statement itself, if it runs at all.
_GRACE_SECONDS: Final = 2.0
# Work in the background may take longer than a call: no caller waits for its answer.
_WORKER_TIMES: Final = 10
_IDLE_SECONDS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """The seconds that one statement, and a wait for a locked row in it, may take."""

    statement: int
    lock: int

    def to_options(self) -> str:
        """Return the options of a connection, as libpq takes them (`-c name=value`)."""
        limits = {
            "statement_timeout": self.statement * 1000,
            "lock_timeout": self.lock * 1000,
            # A process that is stopped in a transaction holds its locks, so the server ends it.
            "idle_in_transaction_session_timeout": max(_IDLE_SECONDS, self.statement) * 1000,
        }
        return " ".join(f"-c {name}={value}" for name, value in limits.items())


_waits: Waits | None = None
_deadline: ContextVar[float | None] = ContextVar("database_deadline", default=None)


def bound_waits(*, in_worker: bool = False) -> None:
    """Bound the waits of this process from now on, for requests or else for tasks.

    Connections that are open by then keep what they began with.
    """
    global _waits  # noqa: PLW0603 - one process has one kind
    times = _WORKER_TIMES if in_worker else 1
    _waits = Waits(
        statement=settings.SAYSO_STATEMENT_SECONDS * times, lock=settings.SAYSO_LOCK_SECONDS * times
    )


def get_waits() -> Waits | None:
    """Return the limits of this process, or None for a command."""
    return _waits


@contextmanager
def answer_within(seconds: float) -> Iterator[None]:
    """Wait at most so long for the database in the block, in all."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def compute_patience() -> float | None:
    """Return how many seconds an answer may take from now on, or None for any time."""
    if (deadline := _deadline.get()) is not None:
        return max(0.0, deadline - time.monotonic())

    return None if _waits is None else _waits.statement + _GRACE_SECONDS
