"""The watch over running streams keeps its own connection while it has something to look after, and
no longer.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from consent import gate
from tests.support.wire_client import Wire
from tests.voices.streaming.conftest import Teller, settled, until
from tests.voices.streaming.test_aborted_streams import Held, begun
from voices.models import Voice

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture
def opened() -> Iterator[list[BaseDatabaseWrapper]]:
    """The connections that the watch opens."""
    found: list[BaseDatabaseWrapper] = []

    def note(connection: BaseDatabaseWrapper, **_rest: object) -> None:
        if threading.current_thread().name.startswith("sayso-stream-watch"):
            found.append(connection)

    connection_created.connect(note)
    yield found
    connection_created.disconnect(note)


class TestTheWatch:
    def test_keeps_one_connection_for_all_its_looks(
        self, wire: Wire, voice: Voice, teller: Teller, opened: list[BaseDatabaseWrapper]
    ) -> None:
        """In a crowd it would wait for another behind everyone who begins, and a revocation with
        it.
        """
        held = Held(teller)
        call = begun(wire, voice, held)
        threading.Event().wait(0.4)

        assert len(opened) == 1
        held.go.set()
        call.rest()
        assert call.whole
        until(lambda: opened[0].connection is None)

    def test_cuts_everything_when_it_cannot_look(
        self, wire: Wire, voice: Voice, teller: Teller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        held = Held(teller)
        call = begun(wire, voice, held)

        def gone(_running: object, **_asked: bool) -> object:
            raise OperationalError("the server closed the connection")

        monkeypatch.setattr(gate, "find_ended_permits", gone)
        call.rest()

        held.go.set()
        clip = settled(call.headers["sayso-clip"])
        assert not call.whole
        assert (clip.state, clip.code) == ("aborted", "unavailable")
