"""The entrance to streams: a few begin at a time, the rest wait without a connection, and none of
them is forgotten.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django import Settings

from consent.models import Decision
from tests.support.wire_client import Wire
from tests.voices.streaming.conftest import Teller, asked, until
from voices.models import Voice
from voices.speech.streaming.concurrency import (
    START_GATE,
    StartGate,
    StreamsBusy,
    StreamSlots,
    compute_share,
)
from voices.speech.streaming.deadline_scheduler import THREADS

pytestmark = pytest.mark.both_databases

WIDTH = 2 * THREADS


class TestPlaces:
    def test_are_never_all_held_by_one_organisation(self, settings: Settings) -> None:
        settings.SAYSO_MAX_STREAMS = 64
        places = StreamSlots()
        for _ in range(48):
            places.take("org_greedy")
        with pytest.raises(StreamsBusy):
            places.take("org_greedy")
        for number in range(16):
            places.take(f"org_{number}")
        with pytest.raises(StreamsBusy):
            places.take("org_late")

    def test_are_free_for_the_same_organisation_once_it_leaves_one(
        self, settings: Settings
    ) -> None:
        settings.SAYSO_MAX_STREAMS = 4
        places = StreamSlots()
        for _ in range(3):
            places.take("org_greedy")
        places.free("org_greedy")
        places.take("org_greedy")
        assert places.in_use == 3

    @pytest.mark.parametrize(
        ("places", "share"), [(1, 1), (2, 2), (3, 3), (4, 3), (64, 48), (1000, 750)]
    )
    def test_leave_a_quarter_to_others(self, places: int, share: int) -> None:
        assert compute_share(places) == share


class TestEntrance:
    def test_lets_in_as_many_as_it_is_wide(self) -> None:
        entrance = StartGate(2)
        leave, _ = entrance.acquire(), entrance.acquire()
        with ThreadPoolExecutor() as pool:
            third = pool.submit(entrance.acquire)
            assert (third.done(), entrance.inside) == (False, 2)
            leave()
            third.result(20)()
        assert entrance.inside == 1

    def test_is_left_once_however_often_it_is_said(self) -> None:
        entrance = StartGate(2)
        first, _ = entrance.acquire(), entrance.acquire()
        first()
        first()
        assert entrance.inside == 1

    @pytest.mark.django_db(transaction=True)
    def test_is_waited_for_without_a_connection(self) -> None:
        """Else a crowd in front of it would empty the pool, and the watch over running streams
        could not look.
        """
        entrance = StartGate(1)
        leave = entrance.acquire()
        theirs: list[BaseDatabaseWrapper] = []

        def come() -> None:
            mine = connections["default"]
            mine.ensure_connection()
            theirs.append(mine)
            entrance.acquire()()

        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(come)
            try:
                until(lambda: theirs and theirs[0].connection is None)
                assert not waiting.done()
            finally:
                leave()
            waiting.result(20)


@pytest.mark.django_db(transaction=True)
class TestACrowd:
    def test_is_begun_a_few_at_a_time(self, wire: Wire, voice: Voice, teller: Teller) -> None:
        go = threading.Event()
        teller.before = lambda number: number or go.wait(20)

        calls = [wire.ask(asked(voice)) for _ in range(WIDTH + 3)]
        until(lambda: Decision.objects.count() == WIDTH)
        threading.Event().wait(0.5)
        begun = Decision.objects.count()
        go.set()
        for call in calls:
            call.begin()
            call.rest()

        assert begun == WIDTH
        assert all(call.whole for call in calls)

    def test_that_goes_away_leaves_the_entrance_free(
        self, wire: Wire, voice: Voice, teller: Teller
    ) -> None:
        go = threading.Event()
        teller.before = lambda number: number or go.wait(20)
        calls = [wire.ask(asked(voice)) for _ in range(WIDTH)]
        until(lambda: Decision.objects.count() == WIDTH)

        for call in calls:
            call.close()
        go.set()

        until(lambda: START_GATE.inside == 0)
        last = wire.speak(asked(voice))
        last.rest()
        assert last.whole
