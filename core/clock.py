"""Time: the only module that reads the clock. All code below the edge takes `at` as an argument."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def now() -> datetime:
    """Return the present, in UTC. It is for edges alone: a view, a task, a command."""
    return datetime.now(UTC)


def to_rfc3339(at: datetime) -> str:
    """Return a time such as `2026-11-20T00:00:00Z`: RFC 3339 in UTC with `Z`.

    Milliseconds appear only when there are some.
    """
    utc = at.astimezone(UTC)
    timespec = "milliseconds" if utc.microsecond >= 1000 else "seconds"
    return utc.isoformat(timespec=timespec).replace("+00:00", "Z")


def format_timestamp(at: datetime | None) -> str | None:
    """Return the time as `to_rfc3339` writes it, or None for no time."""
    return to_rfc3339(at) if at else None


def to_millis(at: datetime) -> int:
    """Return the milliseconds since 1970, the integer form of a time in log entries."""
    return int(at.timestamp() * 1000)
