"""Work is due by the clock of the database, whatever that of a process says (L-B15)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from core import clock, database_clock
from core.database_clock import ClockSkew

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestTheClockOfAProcess:
    @pytest.mark.parametrize("off", [DAY, -DAY, timedelta(hours=-1)])
    def test_is_corrected_at_once_when_it_is_set(
        self, monkeypatch: pytest.MonkeyPatch, off: timedelta
    ) -> None:
        real, skew = clock.now, ClockSkew()
        assert skew.get() == timedelta(0)

        monkeypatch.setattr(clock, "now", lambda: real() + off)
        assert abs(skew.get() + off) < SECOND

        monkeypatch.setattr(clock, "now", real)
        assert skew.get() == timedelta(0)

    def test_is_asked_about_once_a_minute(
        self, django_assert_num_queries: pytest.FixtureRequest
    ) -> None:
        skew = ClockSkew()
        skew.get()
        with django_assert_num_queries(0):  # type: ignore[operator]  # pytest-django's own
            assert skew.get() == timedelta(0)

    def test_is_believed_while_the_database_is_asked_inside_a_transaction(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(database_clock, "read_database_time", pytest.fail)
        with transaction.atomic():
            assert ClockSkew().get() == timedelta(0)
