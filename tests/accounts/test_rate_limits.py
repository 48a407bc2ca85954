"""The rate limit: exactly as many as allowed, no matter which process counts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import timedelta

import pytest
from django.db import DataError, connection
from pytest_django import Settings
from redis import Redis

from accounts import rate_limits
from core import ids
from core.errors import RateLimited
from tests.conftest import NOON
from tests.support.concurrency import at_once

DEAD_REDIS = "redis://127.0.0.1:1/0"


def passes(key: str, *, limit: int, seconds: float = 0) -> bool:
    try:
        return (
            rate_limits.count_call(key, limit=limit, at=NOON + timedelta(seconds=seconds))
            is not None
        )
    except RateLimited:
        return False


class TestTake:
    """In the database, which is where it counts without Redis."""

    @pytest.fixture(autouse=True)
    def without_redis(self, settings: Settings, db: None) -> None:
        settings.REDIS_URL = None

    def test_lets_exactly_the_limit_through(self) -> None:
        assert [passes("key_a", limit=3) for _ in range(5)] == [True, True, True, False, False]

    def test_counts_every_key_alone(self) -> None:
        assert [passes("key_a", limit=1), passes("key_b", limit=1)] == [True, True]

    @pytest.mark.parametrize(("seconds", "allowed"), [(59.999, False), (60, True)])
    def test_begins_again_with_the_minute(self, seconds: float, allowed: bool) -> None:
        passes("key_a", limit=1)
        assert passes("key_a", limit=1, seconds=seconds) == allowed

    def test_is_not_reset_by_a_clock_that_is_behind(self) -> None:
        passes("key_a", limit=2, seconds=60)
        assert [passes("key_a", limit=2), passes("key_a", limit=2)] == [True, False]

    def test_says_when_to_come_back(self) -> None:
        passes("key_a", limit=1)
        with pytest.raises(RateLimited) as refusal:
            rate_limits.count_call("key_a", limit=1, at=NOON + timedelta(seconds=45))
        assert refusal.value.retry_after == 15

    def test_tells_what_is_left(self) -> None:
        allowance = rate_limits.count_call("key_a", limit=5, at=NOON + timedelta(seconds=20))
        assert allowance is not None
        assert allowance.headers() == {
            "RateLimit-Limit": "5",
            "RateLimit-Remaining": "4",
            "RateLimit-Reset": "40",
        }

    @pytest.mark.django_db(transaction=True)
    def test_lets_exactly_the_limit_through_when_16_call_at_once(self) -> None:
        results = at_once(16, lambda _: [passes("key_a", limit=100) for _ in range(15)])
        assert sum(map(sum, results)) == 100

    @pytest.mark.django_db(transaction=True)
    def test_holds_across_processes(self, child_environment: Mapping[str, str]) -> None:
        code = (
            "import django; django.setup()\n"
            "from tests.accounts.test_rate_limits import passes\n"
            "print(sum(passes('key_a', limit=25) for _ in range(10)))"
        )
        environment = {
            **child_environment,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "REDIS_URL": "",
        }
        children = [
            subprocess.Popen(
                [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True
            )
            for _ in range(4)
        ]
        assert sum(int(child.communicate(timeout=60)[0]) for child in children) == 25

    @pytest.mark.postgres
    def test_waits_for_no_disk(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relpersistence FROM pg_class WHERE oid = 'accounts_ratewindow'::regclass"
            )
            assert cursor.fetchone() == ("u",)

    def test_lets_calls_through_when_its_table_is_away(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        before = rate_limits._DOWN._value.get()
        connection.cursor().execute("ALTER TABLE accounts_ratewindow RENAME TO elsewhere")
        allowance = rate_limits.count_call("key_a", limit=1, at=NOON)
        assert (allowance, rate_limits._DOWN._value.get() - before) == (None, 1)
        assert "rate limiter down" in caplog.text

    @pytest.mark.postgres
    def test_lets_no_call_through_under_a_name_that_it_cannot_hold(self) -> None:
        """The seconds of an organisation had a longer name than a key, and were never counted."""
        assert rate_limits.count_call(f"sound:{ids.new('org')}", limit=1, at=NOON) is not None
        with pytest.raises(DataError):
            rate_limits.count_call("k" * 61, limit=1, at=NOON)


@pytest.mark.redis
class TestTakeWithRedis:
    @pytest.fixture(autouse=True)
    def redis(self, settings: Settings) -> Iterator[Redis]:
        if not settings.REDIS_URL:
            pytest.skip("needs REDIS_URL")
        with closing(Redis.from_url(settings.REDIS_URL)) as redis:
            redis.delete("sayso:rate:key_a")
            yield redis

    def test_lets_exactly_the_limit_through(self) -> None:
        assert [passes("key_a", limit=3) for _ in range(5)] == [True, True, True, False, False]

    def test_lets_exactly_the_limit_through_when_16_call_at_once(self) -> None:
        results = at_once(16, lambda _: [passes("key_a", limit=100) for _ in range(15)])
        assert sum(map(sum, results)) == 100

    def test_says_when_to_come_back(self) -> None:
        passes("key_a", limit=1)
        with pytest.raises(RateLimited) as refusal:
            rate_limits.count_call("key_a", limit=1, at=NOON)
        assert refusal.value.retry_after in range(55, 61)

    def test_forgets_the_window_by_itself(self, redis: Redis) -> None:
        passes("key_a", limit=1)
        assert 0 < redis.pttl("sayso:rate:key_a") <= 60_000


class TestTakeWithoutAnAnswer:
    def test_lets_calls_through_when_redis_is_away(
        self, settings: Settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.REDIS_URL = DEAD_REDIS
        assert rate_limits.count_call("key_a", limit=1, at=NOON) is None
        assert "rate limiter down" in caplog.text
