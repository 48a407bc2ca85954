"""Turns: a batch of one organisation holds up no one else's job, by the order of claims and not by
the clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import Organisation
from core import leases
from tests.conftest import NOON
from tests.fixtures.organisations import MakeOrganisation
from tests.voices.conftest import MakeConsent, MakeVoice, Reader, only
from tests.voices.test_jobs import queue
from voices import reconcile
from voices.models import Job, JobItem, JobState, Voice
from voices.speech import job_queue

pytestmark = pytest.mark.both_databases

TICK = timedelta(milliseconds=1)


@pytest.fixture
def globex(make_organisation: MakeOrganisation) -> Organisation:
    return make_organisation("Globex")


@pytest.fixture
def mine(make_voice: MakeVoice) -> Voice:
    return make_voice()


@pytest.fixture
def theirs(make_voice: MakeVoice, make_consent: MakeConsent, globex: Organisation) -> Voice:
    return make_voice(make_consent(organisation=globex))


class Worker:
    """Takes one turn after the other, each a millisecond later, and is done with it at once."""

    def __init__(self) -> None:
        self._moments: Iterator[int] = iter(range(10**6))

    def turn(self, *, leave_running: bool = False) -> str | None:
        item = job_queue.claim_next_item(at=NOON + next(self._moments) * TICK)
        if item is None:
            return None
        if not leave_running:
            JobItem.objects.filter(id=item.id).update(
                state=JobState.REFUSED,
                code="test",
                lease_until=None,
                sealed_text=None,
                finished_at=NOON,
            )
        return item.job_id

    def turns(self, count: int) -> list[str | None]:
        return [self.turn() for _ in range(count)]


def texts(count: int) -> list[str]:
    return [f"Sentence number {number}." for number in range(count)]


class TestTurns:
    def test_a_single_job_does_not_wait_for_a_batch(self, mine: Voice, theirs: Voice) -> None:
        worker, batch = Worker(), queue(mine, texts(200))
        assert worker.turns(3) == [batch.id] * 3

        single = queue(theirs)

        assert worker.turns(3) == [single.id, batch.id, batch.id]

    def test_organisations_alternate_however_many_jobs_each_has(
        self, mine: Voice, theirs: Voice
    ) -> None:
        many = {queue(mine, texts(2)).id for _ in range(3)}
        one = queue(theirs, texts(3))

        taken = Worker().turns(6)

        assert [job_id in many for job_id in taken] in ([True, False] * 3, [False, True] * 3)
        assert taken.count(one.id) == 3

    def test_one_that_keeps_asking_starves_no_one(self, mine: Voice, theirs: Voice) -> None:
        worker, batch = Worker(), queue(mine, texts(3))
        taken = []
        for _ in range(6):
            queue(theirs)
            taken.append(worker.turn())

        assert taken.count(batch.id) == 3

    def test_jobs_of_one_organisation_alternate_too(self, mine: Voice) -> None:
        worker, batch = Worker(), queue(mine, texts(5))
        worker.turn()
        single = queue(mine)

        assert worker.turns(2) == [single.id, batch.id]

    def test_a_job_has_few_texts_in_hand_at_once(self, mine: Voice, theirs: Voice) -> None:
        worker, batch = Worker(), queue(mine, texts(10))
        assert [worker.turn(leave_running=True) for _ in range(job_queue.AT_ONCE + 1)] == [
            batch.id
        ] * job_queue.AT_ONCE + [None]

        single = queue(theirs)

        assert worker.turn() == single.id

    def test_texts_of_dead_workers_do_not_count_as_in_hand(self, mine: Voice) -> None:
        worker, batch = Worker(), queue(mine, texts(10))
        for _ in range(job_queue.AT_ONCE):
            worker.turn(leave_running=True)

        taken = job_queue.claim_next_item(at=NOON + leases.LEASE + timedelta(seconds=1))

        assert taken is not None
        assert taken.job_id == batch.id

    def test_a_worker_woken_for_a_batch_serves_others_on_the_way(
        self, mine: Voice, theirs: Voice
    ) -> None:
        batch, single, reader = queue(mine, texts(3)), queue(theirs, language="de"), Reader()
        moments = iter(range(10**6))

        job_queue.run_job_items(
            batch.id, wall_clock=lambda: NOON + next(moments) * TICK, providers=only(reader)
        )

        assert sorted(reader.spoken[:2]) == ["de", "en"]
        assert set(
            Job.objects.filter(id__in=[batch.id, single.id]).values_list("state", flat=True)
        ) == {"done"}


class TestTheSweep:
    def test_wakes_no_one_for_a_job_with_enough_in_hand(self, mine: Voice) -> None:
        worker, batch = Worker(), queue(mine, texts(10))
        for woken in [(batch.id,)] * job_queue.AT_ONCE + [()]:
            assert reconcile.sweep_pending_work(at=NOON + timedelta(seconds=1)).jobs == woken
            worker.turn(leave_running=True)

    def test_wakes_for_it_again_when_its_workers_died(self, mine: Voice) -> None:
        worker, batch = Worker(), queue(mine, texts(10))
        for _ in range(job_queue.AT_ONCE):
            worker.turn(leave_running=True)

        assert reconcile.sweep_pending_work(at=NOON + leases.LEASE + timedelta(seconds=1)).jobs == (
            batch.id,
        )


class TestAnAccountAtAProvider:
    @pytest.fixture(autouse=True)
    def three_at_once(self, settings: Settings) -> None:
        settings.SAYSO_PROVIDER_AT_ONCE = 3

    def test_has_so_many_texts_in_hand_over_all_jobs_and_workers(
        self, mine: Voice, make_voice: MakeVoice
    ) -> None:
        at_home = make_voice()
        Voice.objects.filter(id=mine.id).update(provider="inworld")
        jobs = [queue(mine, texts(4)).id for _ in range(3)]
        workers = [Worker() for _ in range(6)]

        taken = [worker.turn(leave_running=True) for worker in workers]

        assert [job in jobs for job in taken] == [True] * 3 + [False] * 3
        assert reconcile.sweep_pending_work(at=NOON).jobs == ()
        other = queue(at_home).id
        assert Worker().turn() == other

    def test_holds_up_no_other_account(self, mine: Voice, theirs: Voice) -> None:
        Voice.objects.update(provider="inworld")
        ours = [queue(mine, texts(4)).id for _ in range(2)]
        foreign = queue(theirs, texts(4)).id

        taken = [Worker().turn(leave_running=True) for _ in range(7)]

        assert sum(job in ours for job in taken) == 3
        assert taken.count(foreign) == job_queue.AT_ONCE

    def test_goes_on_when_a_text_is_settled_or_its_worker_is_dead(self, mine: Voice) -> None:
        Voice.objects.update(provider="inworld")
        for _ in range(3):
            queue(mine, texts(4))
        taken = [Worker().turn(leave_running=True) for _ in range(4)]
        assert taken[3] is None

        assert job_queue.claim_next_item(at=NOON + leases.LEASE + TICK) is not None

    def test_is_claimed_by_the_conditions_of_the_row_itself(
        self, mine: Voice, theirs: Voice
    ) -> None:
        """Two workers that wait for one row would both get it by a condition in a subquery."""
        Voice.objects.update(provider="inworld")
        for _ in range(2):
            queue(theirs, texts(4))
        taken = [Worker().turn(leave_running=True) for _ in range(4)]
        assert taken[3] is None, "their account is full"
        ours = queue(mine).id

        with CaptureQueriesContext(connection) as asked:
            assert Worker().turn(leave_running=True) == ours

        sent = [one["sql"] for one in asked if one["sql"].startswith('UPDATE "voices_jobitem"')]
        assert sent and not any('"id" IN (SELECT' in sql.split("NOT (")[0] for sql in sent)
