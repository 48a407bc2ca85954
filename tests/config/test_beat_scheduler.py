"""The beat goes by a clock that nobody sets (L-B15)."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest

from config import celery
from config.beat_scheduler import MonotonicScheduler

DAY = timedelta(days=1).total_seconds()


class Recorder(MonotonicScheduler):
    """A scheduler that writes down what it would send."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        super().__init__(app=celery.app)

    def _send_entry(self, entry: Any) -> None:
        self.sent.append(entry.task)


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock, which the test moves on."""
    moment = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: moment[0])
    return moment


class TestTheBeat:
    def test_is_the_one_that_celery_starts(self) -> None:
        assert celery.app.conf.beat_scheduler == "config.beat_scheduler:MonotonicScheduler"

    def test_sends_everything_at_its_start_and_then_as_often_as_the_table_says(
        self, seconds: list[float]
    ) -> None:
        beat = Recorder()
        beat.tick()
        assert sorted(beat.sent) == sorted(task for task, _ in celery.BEAT.values())

        beat.sent.clear()
        seconds[0] += celery.SWEEP
        wait = beat.tick()
        often = {task for task, every in celery.BEAT.values() if every <= celery.SWEEP}
        assert set(beat.sent) == often
        assert wait == pytest.approx(min(celery.INTERVALS.values()))

    def test_goes_on_when_the_clock_is_put_a_day_ahead_and_back(
        self, seconds: list[float], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        beat, real = Recorder(), time.time
        for step in (DAY, -DAY, 0.0):
            monkeypatch.setattr(time, "time", lambda step=step: real() + step)
            seconds[0] += celery.SWEEP
            beat.sent.clear()
            beat.tick()
            assert {"voices.sweep", "consent.expire", "erasure.carry_due"} <= set(beat.sent)

    def test_outlives_a_broker_that_is_away(
        self, seconds: list[float], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def be_away(*_: object) -> bool:
            raise ConnectionError

        monkeypatch.setattr(celery, "has_room", be_away)
        monkeypatch.setattr(MonotonicScheduler, "producer", None)
        beat = MonotonicScheduler(app=celery.app)
        assert beat.tick() > 0
        assert seconds
