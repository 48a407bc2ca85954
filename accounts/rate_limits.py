"""The rate limit of a key: one counter a minute, in Redis or else in a row of the database.

Both counters decide in one atomic step across threads and processes. A counter that is read and
then written back would admit all calls that read at the same time.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, Protocol, cast

from django.conf import settings
from django.db import DatabaseError, DataError, connection
from prometheus_client import Counter
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from core import clock
from core.errors import RateLimited

logger = logging.getLogger(__name__)
WINDOW_SECONDS: Final = 60
_REST_SECONDS: Final = 5.0
_DOWN: Final = Counter(
    "sayso_rate_limiter_down", "Calls let through because the rate limiter's counter was down."
)

# One step on the server: count the call, and set the end of the window at its first call.
_COUNT: Final = """
local used = redis.call('INCRBY', KEYS[1], ARGV[2])
if used == tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {used, redis.call('PTTL', KEYS[1])}
"""

# The same for a row. A process whose clock is behind counts into the newer minute, so clocks that
# disagree never reset the counter.
_COUNT_IN_ROW: Final = """
INSERT INTO accounts_ratewindow AS counter (key_id, minute, used) VALUES (%s, %s, %s)
ON CONFLICT (key_id) DO UPDATE SET
    minute = CASE
        WHEN counter.minute < excluded.minute THEN excluded.minute ELSE counter.minute END,
    used = CASE
        WHEN counter.minute < excluded.minute THEN excluded.used
        ELSE counter.used + excluded.used END
WHERE counter.minute < excluded.minute OR counter.used < %s
RETURNING used
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What is left of a key's minute, for the `RateLimit-*` headers."""

    limit: int
    remaining: int
    reset_seconds: int

    def headers(self) -> dict[str, str]:
        """Return the three header fields that most clients read."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
        }


class Window(Protocol):
    """A counter of one minute."""

    def count(self, key_id: str, *, limit: int, at: datetime, units: int) -> Allowance | None:
        """Count `units`, or return None when the minute is used up."""

    def reset_seconds(self, key_id: str, *, at: datetime) -> int:
        """Return the seconds until the next minute begins, at least 1."""


def count_call(key_id: str, *, limit: int, at: datetime, units: int = 1) -> Allowance | None:
    """Count one call of the key, or `units` of something else, and return what is left.

    The last units that pass may exceed the limit. When the counter is down, the call passes with a
    log line and a metric, and None is returned.

    Raises RateLimited.
    """
    window = _get_window()
    try:
        allowance = window.count(key_id, limit=limit, at=at, units=units)
        wait = 0 if allowance else window.reset_seconds(key_id, at=at)
    # A name that the counter cannot hold is a fault of ours: it would never count.
    except DataError:
        raise
    except (RedisError, DatabaseError, OSError):
        # The limit protects capacity and grants no right: the gate decides what may be spoken, and
        # it never asks this counter. While Redis restarts, people must still be able to withdraw.
        _DOWN.inc()
        logger.warning("rate limiter down, call let through", extra={"key": key_id})
        return None

    if allowance is None:
        raise RateLimited(
            "Too many calls with this key.",
            retry_after=wait,
            facts={"limit": limit, "window_seconds": WINDOW_SECONDS},
        )

    return allowance


class RowWindow:
    """Counts in one row of the database by one conditional statement.

    Whether it returns a row decides whether the call passes. On PostgreSQL the table is unlogged:
    a counter may be lost in a crash, and waiting for the disk at every call would cost more.
    """

    def count(self, key_id: str, *, limit: int, at: datetime, units: int) -> Allowance | None:
        """Count `units`, or return None when the minute is used up."""
        with connection.cursor() as cursor:
            cursor.execute(_COUNT_IN_ROW, [key_id, _count_minutes(at), units, limit])
            # All rows: SQLite commits such a statement when it has been read to its end.
            counted = cursor.fetchall()

        if not counted:
            return None

        return Allowance(
            limit=limit,
            remaining=max(0, limit - counted[0][0]),
            reset_seconds=self.reset_seconds(key_id, at=at),
        )

    # The Window protocol's argument.
    def reset_seconds(self, key_id: str, *, at: datetime) -> int:  # noqa: ARG002
        """Return the seconds until the next minute begins, at least 1."""
        return WINDOW_SECONDS - int(at.timestamp()) % WINDOW_SECONDS


class RedisWindow:
    """Counts in Redis with one script. The window begins at the first call and expires there."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5)
        self._script = self._redis.register_script(_COUNT)
        self._asked_again_at = 0.0

    # Redis has the clock.
    def count(self, key_id: str, *, limit: int, at: datetime, units: int) -> Allowance | None:  # noqa: ARG002
        """Count `units`, or return None when the minute is used up.

        Raises RedisError. After that Redis is not asked for a few seconds, since every call would
        wait for it in turn.
        """
        if time.monotonic() < self._asked_again_at:
            raise RedisConnectionError("Redis was away a moment ago")

        try:
            used, left = cast(
                "tuple[int, int]",
                self._script(keys=[_redis_name(key_id)], args=[WINDOW_SECONDS * 1000, units]),
            )
        except RedisError:
            self._asked_again_at = time.monotonic() + _REST_SECONDS
            raise

        if used - units >= limit:
            return None

        return Allowance(
            limit=limit, remaining=max(0, limit - used), reset_seconds=_millis_to_seconds(left)
        )

    def reset_seconds(self, key_id: str, *, at: datetime) -> int:  # noqa: ARG002 - as above
        """Return the seconds until the window ends, at least 1."""
        return _millis_to_seconds(self._redis.pttl(_redis_name(key_id)))


def _get_window() -> Window:
    return _connect_redis(settings.REDIS_URL) if settings.REDIS_URL else RowWindow()


@lru_cache(maxsize=4)
def _connect_redis(url: str) -> RedisWindow:
    return RedisWindow(url)


def _redis_name(key_id: str) -> str:
    return f"sayso:rate:{key_id}"


def _millis_to_seconds(milliseconds: int) -> int:
    return max(1, -(-milliseconds // 1000))


def _count_minutes(at: datetime) -> int:
    return clock.to_millis(at) // (WINDOW_SECONDS * 1000)
