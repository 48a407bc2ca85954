"""A background task runs here and now when it is called, and goes to the sender when delayed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from core import background_tasks
from core.background_tasks import BackgroundTask, background_task

sent: list[tuple[str, dict[str, Any], bool]] = []
done: list[str] = []


def note_message(name: str, ids: Mapping[str, Any], *, repeated: bool = False) -> None:
    """Stand in the settings for the sender."""
    sent.append((name, dict(ids), repeated))


@pytest.fixture
def note(monkeypatch: pytest.MonkeyPatch, settings: Any) -> BackgroundTask:
    sent.clear()
    done.clear()
    monkeypatch.setattr(background_tasks, "_known", {})
    settings.SAYSO_TASK_SENDER = f"{__name__}.note_message"
    return background_task(name="tests.note", max_retries=2)(lambda *, word: done.append(word))


class TestATask:
    def test_runs_when_it_is_called(self, note: BackgroundTask) -> None:
        note(word="now")

        assert (done, sent) == (["now"], [])

    def test_goes_to_the_sender_when_it_is_delayed(self, note: BackgroundTask) -> None:
        note.delay(word="later")

        assert (done, sent) == ([], [("tests.note", {"word": "later"}, False)])

    def test_is_known_with_its_options(self, note: BackgroundTask) -> None:
        assert background_tasks.list_background_tasks() == (note,)
        assert note.options == {"acks_late": True, "ignore_result": True, "max_retries": 2}


class TestAMessage:
    def test_names_a_task_that_need_not_be_loaded(self, note: BackgroundTask) -> None:
        background_tasks.send_task("tests.elsewhere", {"id": "x"}, repeated=True)

        assert sent == [("tests.elsewhere", {"id": "x"}, True)]
