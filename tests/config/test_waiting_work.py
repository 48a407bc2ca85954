"""What waits is counted from rows, with ages by the database's clock."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client
from pytest_django import Settings

from accounts.models import Organisation, SharedValue
from config import sweep_times, waiting_work
from core import clock, ids
from transparency_log.models import Outbox

pytestmark = pytest.mark.django_db


def measure() -> dict[str, float]:
    return {gauge.name: gauge.value for gauge in waiting_work.measure_waiting_work()}


class TestWaitingWork:
    def test_is_nothing_at_first(self) -> None:
        assert set(measure().values()) == {0}
        names = {"sayso_job_items_waiting", "sayso_erasures_overdue", "sayso_deletions_overdue"}
        assert names <= set(measure())

    def test_has_the_age_of_the_event_that_waits_longest(self, acme: Organisation) -> None:
        # An id begins with the milliseconds of its making.
        made = int((clock.now() - timedelta(minutes=2)).timestamp() * 1000)
        old = ids.from_bytes("evt", made.to_bytes(6) + bytes(10))
        for event_id in (old, ids.new("evt")):
            Outbox.objects.create(organisation_id=acme.id, event_id=event_id, payload=b"{}")

        found = measure()

        assert found["sayso_log_events_waiting"] == 2
        assert 119 < found["sayso_log_oldest_waiting_seconds"] < 150
        assert found["sayso_logs_unsettled"] == 1


class TestSweeps:
    @pytest.fixture(autouse=True)
    def forget(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sweep_times, "_noted", {})

    def test_have_an_age(self) -> None:
        assert sweep_times.measure_ages() == {}

        sweep_times.note_sweep("voices.sweep")

        assert 0 <= sweep_times.measure_ages()["voices.sweep"] < 10
        assert sweep_times.describe_sweeps({"voices.sweep": 15.0}) == "ok"

    def test_that_do_not_come_are_told(self) -> None:
        """L-B5, L-B15: a dead beat was seen by nobody."""
        sweep_times.note_sweep("voices.sweep")
        rows = SharedValue.objects.filter(name="swept voices.sweep")
        rows.update(expires_at=F("expires_at") - timedelta(minutes=2))

        assert 119 < sweep_times.measure_ages()["voices.sweep"] < 130
        assert sweep_times.describe_sweeps({"voices.sweep": 15.0}) == "silent"
        assert sweep_times.describe_sweeps({"vault.sweep": 3600.0}) == "ok"


class TestTheMetrics:
    def test_tell_what_waits(
        self, client: Client, monkeypatch: pytest.MonkeyPatch, settings: Settings
    ) -> None:
        monkeypatch.setenv("SAYSO_METRICS_TOKEN", "t0ken")
        settings.REDIS_URL = None

        lines = client.get("/metrics", HTTP_AUTHORIZATION="Bearer t0ken").content.decode()

        assert "sayso_database_up 1.0" in lines
        assert "sayso_job_items_waiting 0.0" in lines
        assert "sayso_redis_up" not in lines
