"""Races on PostgreSQL: a revocation that came first wins, a job is delivered once, a quota is never
over-granted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import numpy as np
import pytest
from django.db import close_old_connections, connection

from audio.encoding import Output, encode_sound
from audio.sound import Sound
from consent.gate import ConsentDenied
from consent.models import GrantUsage, Reservation
from core import leases
from core.errors import Refused
from provenance.clips import verified_marking
from provenance.models import Clip
from tests.conftest import NOON
from tests.voices.conftest import MakeVoice, Reader, noon, only, order_for, principal_of, revoke
from tests.voices.test_jobs import queue
from transparency_log import proofs
from voices.models import Job, JobItem, Voice
from voices.speech import job_queue, pipeline

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

WORKERS = 8
TONE = Sound(np.zeros(2400, dtype=np.float32), 24_000)


@pytest.fixture(autouse=True)
def quick_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The race is about rows; a mark costs half a second of processor, so here it is taken as
    made.
    """

    def made(
        sound: Sound, *, identity: int, output: Output, **_others: object
    ) -> verified_marking.Marked:
        level = np.full(
            len(TONE.samples), identity / 2**129, dtype=np.float32
        )  # no two clips have the same bytes
        data = encode_sound(Sound(level, TONE.rate), output)
        return verified_marking.Marked(
            data=data,
            sound=TONE,
            margin_milli_db=500,
            score_milli=9000,
            checks=("race",),
            attempts=1,
        )

    monkeypatch.setattr(verified_marking, "mark_sound", made)


def in_threads(work: Callable[[int], object], count: int) -> list[object]:
    """Run `work(0..count-1)` at the same time, each thread on a connection of its own."""
    ready = threading.Barrier(count)

    def one(number: int) -> object:
        try:
            ready.wait(30)
            return work(number)
        finally:
            close_old_connections()
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


class TestRevocation:
    def test_against_running_jobs_lets_nothing_out_afterwards(self, make_voice: MakeVoice) -> None:
        # Without `gate.confirm` more than half of the rounds let something out.
        late = sum(self._round(make_voice(), number) for number in range(12))

        assert Job.objects.filter(state__in=("done", "refused")).count() == 60
        assert all(Job.objects.filter(state=state).count() > 4 for state in ("done", "refused")), (
            "no race took place"
        )
        assert late == 0
        assert not Reservation.objects.filter(state="held").exists()

    def _round(self, voice: Voice, number: int) -> int:
        """Five jobs run while the consent is revoked; gives how many clips the log has after the
        revocation.
        """
        waiting = [queue(voice) for _ in range(5)]
        asked = threading.Semaphore(0)

        def work_slowly() -> None:
            asked.release()
            time.sleep(0.005 * (number % 5))

        def act(who: int) -> None:
            if who < 5:
                job_queue.run_job_items(
                    waiting[who].id,
                    wall_clock=noon,
                    providers=only(Reader(work_slowly, sound=TONE)),
                )
                return
            for _ in range(
                number % 6
            ):  # revoke while this many calls are at the provider, or a little later
                asked.acquire(timeout=10)
            time.sleep(0.1 * (number % 4))
            revoke(voice.consent_id, voice.organisation_id)

        in_threads(act, 6)
        order = [
            event.kind for event in proofs.list_history(voice.organisation_id, voice.consent_id)
        ]
        return order[order.index("consent.revoked") :].count("clip.issued")


class TestDeadWorker:
    def test_a_job_whose_worker_hangs_is_delivered_once(self, make_voice: MakeVoice) -> None:
        job = queue(make_voice())
        hanging, freed = threading.Event(), threading.Event()

        def hang() -> None:
            hanging.set()
            assert freed.wait(30)

        def after_the_lease() -> datetime:
            return NOON + leases.LEASE + timedelta(seconds=1)

        def act(who: int) -> None:
            if who == 0:
                job_queue.run_job_items(
                    job.id, wall_clock=noon, providers=only(Reader(hang, sound=TONE))
                )
            else:
                assert hanging.wait(30)
                job_queue.run_job_items(
                    job.id, wall_clock=after_the_lease, providers=only(Reader(sound=TONE))
                )
                freed.set()

        in_threads(act, 2)

        item = JobItem.objects.get()
        assert (item.state, item.attempt) == ("done", 2)
        assert sorted(Clip.objects.values_list("state", flat=True)) == ["aborted", "issued"]
        assert not Reservation.objects.filter(state="held").exists()

    def test_eight_workers_deliver_each_text_of_a_batch_once(self, make_voice: MakeVoice) -> None:
        job = queue(make_voice(), [f"Text number {number} of this batch." for number in range(40)])
        reader = Reader(lambda: time.sleep(0.005), sound=TONE)

        in_threads(
            lambda _who: job_queue.run_job_items(job.id, wall_clock=noon, providers=only(reader)),
            WORKERS,
        )

        job.refresh_from_db()
        assert (job.state, job.done, Clip.objects.filter(state="issued").count()) == (
            "done",
            40,
            40,
        )
        assert len(reader.spoken) == 40


class TestQuota:
    def test_sixteen_clients_never_get_more_than_there_is(self, make_voice: MakeVoice) -> None:
        text = "Twenty characters..."
        voice = make_voice(quota={"characters": 20 * 25, "clips": 20})

        def act(who: int) -> int:
            granted = 0
            for _ in range(4):
                try:
                    pipeline.synthesize_clip(
                        order_for(voice, text=text),
                        voice,
                        principal=principal_of(voice),
                        now=noon,
                        providers=only(Reader(sound=TONE)),
                    )
                    granted += 1
                except ConsentDenied as denied:
                    assert {reason.code for reason in denied.reasons} == {"quota_exceeded"}
            return granted

        granted = in_threads(act, 16)

        usage = GrantUsage.objects.get()
        assert sum(int(str(one)) for one in granted) == usage.used_clips == 20
        assert (usage.used_characters, usage.held_characters, usage.held_clips) == (400, 0, 0)

    def test_a_refused_call_gives_its_share_to_the_next(self, make_voice: MakeVoice) -> None:
        voice = make_voice(quota={"clips": 1})

        def refuse() -> None:
            raise Refused("not today")

        with pytest.raises(Refused):
            pipeline.synthesize_clip(
                order_for(voice),
                voice,
                principal=principal_of(voice),
                now=noon,
                providers=only(Reader(refuse)),
            )

        pipeline.synthesize_clip(
            order_for(voice),
            voice,
            principal=principal_of(voice),
            now=noon,
            providers=only(Reader(sound=TONE)),
        )


class TestCopies:
    def test_of_one_sound_made_at_once_have_one_token(self, voice: Voice) -> None:
        def work(_number: int) -> object:
            order = order_for(voice, output=Output(codec="wav", sample_rate_hz=24_000))
            return pipeline.synthesize_clip(
                order, voice, principal=principal_of(voice), now=noon, providers=only(Reader())
            ).clip_id

        made = in_threads(work, WORKERS)

        assert len(set(made)) == WORKERS
        assert Clip.objects.values("token").distinct().count() == 1
        assert Clip.objects.filter(token_shared=False).count() == 1
