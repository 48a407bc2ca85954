"""The embedded worker: tasks run on their lane, a failing one does not stop it, doubles wait once,
stop stops.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from config import celery, embedded_worker
from config.embedded_worker import QueueThread
from core.background_tasks import BackgroundTask

seen: list[str] = []
done = threading.Event()


def note(*, word: str) -> None:
    seen.append(word)
    if word == "last":
        done.set()


def stumble() -> None:
    raise ZeroDivisionError


celery.register_task(BackgroundTask("tests.note", note, {}))
celery.register_task(BackgroundTask("tests.stumble", stumble, {}))


@pytest.fixture
def lane() -> Iterator[QueueThread]:
    seen.clear()
    done.clear()
    made = QueueThread("test")
    yield made
    if made.is_alive():
        made.stop()
        made.join(10)


class TestLane:
    def test_carries_tasks_out_in_order(self, lane: QueueThread) -> None:
        for word in ("first", "second", "last"):
            lane.enqueue("tests.note", {"word": word})

        lane.start()

        assert done.wait(10)
        assert seen == ["first", "second", "last"]

    def test_outlives_a_task_that_fails(self, lane: QueueThread) -> None:
        lane.enqueue("tests.stumble", {})
        lane.enqueue("tests.unknown", {})
        lane.enqueue("tests.note", {"word": "last"})

        lane.start()

        assert done.wait(10)

    def test_the_same_wake_up_waits_only_once(self, lane: QueueThread) -> None:
        for _ in range(5):
            lane.enqueue("tests.note", {"word": "again"})
        lane.enqueue("tests.note", {"word": "last"})

        lane.start()

        assert done.wait(10)
        assert seen == ["again", "last"]

    def test_a_wake_up_lingers_for_others_like_it(
        self, lane: QueueThread, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(embedded_worker, "_lanes", {embedded_worker.COMMON: lane})
        monkeypatch.setitem(embedded_worker.LINGER, "tests.note", 3.0)
        lane.start()

        embedded_worker.submit_task("tests.note", {"word": "last"})
        assert not done.wait(0.2)
        embedded_worker.submit_task("tests.note", {"word": "last"})

        assert done.wait(20)
        assert seen == ["last"]

    def test_beats_until_stopped(self, lane: QueueThread) -> None:
        lane.enqueue("tests.note", {"word": "tick"}, every=0.01)
        lane.start()
        ends = time.monotonic() + 10
        while len(seen) < 3 and time.monotonic() < ends:
            time.sleep(0.01)

        lane.stop()
        lane.join(10)

        assert len(seen) >= 3
        assert not lane.is_alive()
