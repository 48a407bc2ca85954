"""Wake-ups leave from a thread of their own: nobody waits for a broker that is frozen or gone."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest

from config.message_sender import MOST_WAITING, MessageSender


class Broker:
    """A broker that may be frozen, or gone."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.gone = False
        self.got: list[tuple[str, dict[str, Any], bool]] = []

    def take(self, name: str, ids: Mapping[str, Any], repeated: bool) -> None:
        self.open.wait(10)
        if self.gone:
            raise ConnectionError
        self.got.append((name, dict(ids), repeated))


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def sender(broker: Broker) -> MessageSender:
    return MessageSender(broker.take)


class TestAWakeUp:
    def test_is_sent(self, broker: Broker, sender: MessageSender) -> None:
        sender.submit("settle", {"organisation_id": "org_a"})
        sender.submit("run", {"job_id": "job_a"}, repeated=True)

        assert sender.flush(5)
        assert broker.got == [
            ("settle", {"organisation_id": "org_a"}, False),
            ("run", {"job_id": "job_a"}, True),
        ]

    def test_keeps_nobody_waiting_while_the_broker_is_frozen(
        self, broker: Broker, sender: MessageSender
    ) -> None:
        broker.open.clear()
        began = time.monotonic()
        for number in range(MOST_WAITING + 10):
            sender.submit("settle", {"number": number})
        assert time.monotonic() - began < 5
        assert not sender.flush(0.05)

        broker.open.set()
        assert sender.flush(10)
        assert len(broker.got) in {MOST_WAITING, MOST_WAITING + 1}

    def test_that_waits_already_is_sent_once(self, broker: Broker, sender: MessageSender) -> None:
        broker.open.clear()
        for _ in range(20):
            sender.submit("settle", {"organisation_id": "org_a"})
        broker.open.set()

        assert sender.flush(5)
        assert 1 <= len(broker.got) <= 2

    def test_is_dropped_with_one_line_when_the_broker_is_gone(
        self, broker: Broker, sender: MessageSender, caplog: pytest.LogCaptureFixture
    ) -> None:
        broker.open.clear()
        broker.gone = True
        for number in range(50):
            sender.submit("settle", {"number": number})
        with caplog.at_level(logging.WARNING):
            broker.open.set()
            assert sender.flush(5)

        assert [record.getMessage() for record in caplog.records] == [
            "broker away, messages not sent"
        ]
        broker.gone = False
        sender.submit("settle", {"number": 51})
        assert sender.flush(5)
        assert broker.got == [("settle", {"number": 51}, False)]

    def test_of_a_fork_is_sent_by_the_fork(self, broker: Broker, sender: MessageSender) -> None:
        sender.submit("settle", {})
        assert sender.flush(5)

        pid = os.fork()
        if pid == 0:
            sender.submit("fork", {})
            os._exit(0 if sender.flush(5) else 1)

        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
