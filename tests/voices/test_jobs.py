"""Jobs: at least once carried out, once in effect; settled whatever happens; no text left
behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from core import background_tasks, leases
from core.caller_notes import Notes
from core.clock import Clock
from core.errors import Unavailable
from provenance.clips import clip_lifecycle
from provenance.models import Clip
from tests.conftest import NOON
from tests.voices.conftest import MakeVoice, Reader, noon, only, order_for, principal_of, revoke
from upstream.upstream_errors import ProviderUnavailable
from voices.models import Job, JobItem, JobKind, JobState, Voice
from voices.speech import dispatch, job_queue, job_settlement

pytestmark = pytest.mark.both_databases


def queue(
    voice: Voice, texts: Sequence[str] = ("Good evening to you all.",), **changes: object
) -> Job:
    kind = JobKind.SPEECH if len(texts) == 1 else JobKind.BATCH
    orders = [order_for(voice, text=text, **changes) for text in texts]
    return dispatch.queue_job(
        orders,
        kind=kind,
        principal=principal_of(voice),
        at=NOON,
        wall_time=NOON,
        providers=only(Reader()),
    )


def work(job: Job, reader: Reader | None = None, *, real: Clock = noon) -> Job:
    job_queue.run_job_items(job.id, wall_clock=real, providers=only(reader or Reader()))
    job.refresh_from_db()
    return job


def item_of(job: Job) -> JobItem:
    return JobItem.objects.get(job=job)


def item_of_position(job: Job, position: int) -> JobItem:
    return JobItem.objects.get(job=job, position=position)


def after(seconds: float) -> Clock:
    return lambda: NOON + timedelta(seconds=seconds)


def down() -> None:
    raise ProviderUnavailable("The provider does not answer.")


class TestQueue:
    def test_keeps_the_text_sealed_until_it_is_spoken(self, make_voice: MakeVoice) -> None:
        job = queue(make_voice(), notes=Notes(client_reference="chapter one of Mara"))

        item = item_of(job)
        stored = f"{bytes(item.sealed_text or b'')!r}"
        assert "evening" not in stored
        assert "Mara" not in stored

    def test_leaves_no_text_behind(self, make_voice: MakeVoice) -> None:
        job = work(queue(make_voice(), notes=Notes(client_reference="line 7")))

        assert item_of(job).sealed_text is None
        assert clip_lifecycle.open_clip_notes(Clip.objects.get()).client_reference == "line 7"


class TestRun:
    def test_delivers_the_clip(self, make_voice: MakeVoice) -> None:
        job = work(queue(make_voice()))

        item = item_of(job)
        assert (job.state, job.done, job.finished_at) == ("done", 1, NOON)
        assert Clip.objects.get(id=item.clip_id, decision_id=item.decision_id).state == "issued"

    def test_a_batch_counts_what_became_of_each_text(self, make_voice: MakeVoice) -> None:
        voice = make_voice(quota={"characters": 60})

        job = work(
            queue(
                voice,
                [
                    "Good evening to you all.",
                    "And a very good morning.",
                    "Quite one text too many.",
                ],
            )
        )

        assert (job.state, job.total, job.done, job.refused) == ("done", 3, 2, 1)
        refused = JobItem.objects.get(job=job, state="refused")
        assert (refused.position, refused.code) == (2, "consent_denied")
        assert refused.reasons[0]["code"] == "quota_exceeded"

    def test_a_withdrawn_consent_refuses_what_waits(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        job = queue(voice)
        revoke(voice.consent_id, voice.organisation_id)

        work(job)

        assert (job.state, item_of(job).sealed_text) == ("refused", None)
        assert item_of(job).reasons[0]["code"] == "consent_revoked"

    def test_consent_withdrawn_midway_lets_no_audio_out(self, make_voice: MakeVoice) -> None:
        voice = make_voice()

        job = work(queue(voice), Reader(lambda: revoke(voice.consent_id, voice.organisation_id)))

        assert (job.state, item_of(job).clip_id) == ("refused", "")
        assert Clip.objects.get().state == "aborted"

    def test_a_finished_job_is_not_done_again(self, make_voice: MakeVoice) -> None:
        job, reader = queue(make_voice()), Reader()
        work(job, reader)

        work(job, reader)

        assert len(reader.spoken) == Clip.objects.count() == 1

    def test_waits_longer_each_time_the_provider_is_down(self, make_voice: MakeVoice) -> None:
        job = queue(make_voice())

        with pytest.raises(Unavailable):
            work(job, Reader(down))
        assert (item_of(job).state, item_of(job).due_at) == ("queued", NOON + timedelta(seconds=1))
        with pytest.raises(Unavailable):
            work(job, Reader(down), real=after(1))
        assert item_of(job).due_at == NOON + timedelta(seconds=3)

    def test_is_not_taken_before_it_is_due(self, make_voice: MakeVoice) -> None:
        job = queue(make_voice())
        with pytest.raises(Unavailable):
            work(job, Reader(down))

        assert work(job, real=after(0.999)).state == "running"
        assert work(job, real=after(1)).state == "done"

    @pytest.mark.parametrize("fault", [OSError(28, "No space left"), OperationalError("gone")])
    def test_is_given_back_whatever_goes_wrong(
        self, make_voice: MakeVoice, fault: Exception
    ) -> None:
        """L-B6, L-B12: such an item lay still until its lease was over."""
        job = queue(make_voice(), ["Good evening to you all.", "And a very good morning."])

        def fail() -> None:
            raise fault

        with pytest.raises(Unavailable):
            work(job, Reader(fail))

        items = JobItem.objects.filter(job=job).order_by("position")
        assert [(item.state, item.due_at, item.lease_until) for item in items] == [
            ("queued", NOON + timedelta(seconds=1), None)
        ] * 2
        assert sorted(Clip.objects.values_list("state", flat=True)) == ["aborted"] * 2
        assert work(job, real=after(1)).state == "done"

    @pytest.mark.postgres
    @pytest.mark.django_db(transaction=True)
    def test_is_given_back_when_the_database_drops_the_connection(
        self, make_voice: MakeVoice
    ) -> None:
        job = queue(make_voice())

        def drop() -> None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

        with pytest.raises(Unavailable):
            work(job, Reader(drop))

        assert (item_of(job).state, item_of(job).lease_until) == ("queued", None)
        assert work(job, real=after(1)).state == "done"

    def test_is_left_to_others_by_a_worker_that_stops(self, make_voice: MakeVoice) -> None:
        """L-B11: it carried out the whole batch first."""
        job = queue(make_voice(), ["Good evening to you all.", "And a very good morning."])
        try:
            work(job, Reader(background_tasks.request_stop))
        finally:
            background_tasks.request_stop(stop=False)

        assert (job.state, job.done) == ("running", 1)
        assert item_of_position(job, 1).state == "queued"
        assert work(job).state == "done"

    def test_gives_up_after_the_last_attempt(self, make_voice: MakeVoice) -> None:
        job = queue(make_voice())
        JobItem.objects.update(attempt=job_queue.MOST_ATTEMPTS - 1)

        work(job, Reader(down))

        assert (job.state, item_of(job).code, item_of(job).sealed_text) == (
            "failed",
            "provider_unavailable",
            None,
        )

    def test_gives_up_an_item_that_kills_its_workers(self, make_voice: MakeVoice) -> None:
        job = queue(make_voice())
        JobItem.objects.update(attempt=job_queue.MOST_ATTEMPTS)

        assert work(job).state == "failed"
        assert item_of(job).code == "gave_up"

    def test_does_not_start_what_was_cancelled_for_an_erased_speaker(
        self, make_voice: MakeVoice
    ) -> None:
        voice = make_voice()
        job = queue(voice, ["Good evening.", "Good night."])

        assert (
            job_settlement.cancel_items_of_subject(voice.subject, code="speaker_erased", at=NOON)
            == 2
        )

        job.refresh_from_db()
        assert (job.state, job.refused) == ("refused", 2)
        assert not JobItem.objects.exclude(sealed_text=None).exists()


class TestClaim:
    def test_two_workers_never_hold_one_item(self, make_voice: MakeVoice) -> None:
        job = queue(make_voice())

        assert job_queue.claim_item(job.id, at=NOON) is not None
        assert job_queue.claim_item(job.id, at=NOON) is None

    @pytest.mark.parametrize(
        ("late", "taken"), [(timedelta(microseconds=-1), False), (timedelta(), True)]
    )
    def test_takes_over_exactly_when_the_lease_is_over(
        self, make_voice: MakeVoice, late: timedelta, taken: bool
    ) -> None:
        job = queue(make_voice())
        job_queue.claim_item(job.id, at=NOON)

        assert (job_queue.claim_item(job.id, at=NOON + leases.LEASE + late) is not None) is taken

    def test_a_worker_that_woke_up_late_delivers_nothing(self, make_voice: MakeVoice) -> None:
        job = queue(make_voice())
        moments: Iterator[datetime] = iter([NOON])

        def real() -> datetime:
            return next(moments, NOON)

        def somebody_else_finishes() -> None:
            job_queue.run_job_items(
                job.id, wall_clock=after(leases.LEASE.total_seconds()), providers=only(Reader())
            )

        slept = Reader(somebody_else_finishes)
        work(job, slept, real=real)

        assert (job.state, job.done) == ("done", 1)
        assert sorted(Clip.objects.values_list("state", flat=True)) == ["aborted", "issued"]
        assert item_of(job).clip_id == Clip.objects.get(state="issued").id


class TestTheDatabase:
    @pytest.mark.parametrize(
        ("changes", "constraint"),
        [
            ({"state": JobState.RUNNING}, "job_item_running_has_a_lease"),
            (
                {"state": JobState.DONE, "finished_at": NOON, "sealed_text": None},
                "job_item_done_has_a_clip",
            ),
            (
                {"state": JobState.FAILED, "finished_at": NOON, "sealed_text": None},
                "job_item_unserved_says_why",
            ),
            (
                {"state": JobState.FAILED, "finished_at": NOON, "code": "x"},
                "job_item_settled_keeps_no_text",
            ),
            ({"state": "lost"}, "job_item_state_is_known"),
        ],
    )
    def test_refuses_an_item(
        self, make_voice: MakeVoice, changes: dict[str, object], constraint: str
    ) -> None:
        queue(make_voice())

        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            JobItem.objects.update(**changes)

    @pytest.mark.parametrize(
        ("changes", "constraint"),
        [
            ({"done": 2}, "job_settles_no_more_than_it_has"),
            ({"state": JobState.DONE}, "job_finished_has_a_time"),
            ({"state": "lost"}, "job_state_is_known"),
        ],
    )
    def test_refuses_a_job(
        self, make_voice: MakeVoice, changes: dict[str, object], constraint: str
    ) -> None:
        queue(make_voice())

        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            Job.objects.update(**changes)
