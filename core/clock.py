"""Time: the only module that reads the clock. All code below the edge takes `at` as an argument."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

Clock = Callable[[], datetime]

# Python's reader takes week dates, days of the year and times without colons, too (ISO 8601).
_RFC3339: Final = re.compile(
    r"(?P<minute>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}):(?P<second>[0-9]{2})"
    r"(?P<rest>(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-5][0-9]))",
    re.ASCII | re.IGNORECASE,
)


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


def parse_rfc3339(text: str) -> datetime:
    """Read a time by the grammar of RFC 3339, and return it in UTC, to the microsecond.

    A leap second is read as the first second of the month behind it.

    Raises ValueError.
    """
    written = _RFC3339.fullmatch(text)
    if written is None:
        raise ValueError("this is no time of RFC 3339")

    # Python's reader knows no leap seconds (RFC 3339, section 5.7).
    leap = written["second"] == "60"
    second = "59" if leap else written["second"]
    try:
        read = datetime.fromisoformat(f"{written['minute']}:{second}{written['rest']}".upper())
        utc = read.astimezone(UTC) + timedelta(seconds=leap)
    except OverflowError as error:
        raise ValueError("this time leads out of the calendar") from error
    if leap and (utc.day, utc.hour, utc.minute, utc.second) != (1, 0, 0, 0):
        raise ValueError("no month ends with this leap second")

    return utc


def format_timestamp(at: datetime | None) -> str | None:
    """Return the time as `to_rfc3339` writes it, or None for no time."""
    return to_rfc3339(at) if at else None


def to_millis(at: datetime) -> int:
    """Return the milliseconds since 1970, the integer form of a time in log entries."""
    return int(at.timestamp() * 1000)
