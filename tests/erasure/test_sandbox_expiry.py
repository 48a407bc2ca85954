"""Expiring test data: what is old goes and cannot be read again, live data and what is in use stay
as they were.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command

from accounts.models import IdempotencyRecord, Organisation
from consent import speakers
from consent.models import Consent, Speaker
from core import durations, transactions
from core.clock import Clock
from core.errors import NotFound
from erasure import sandbox_expiry
from erasure.models import Erasure
from provenance.clips import clip_erasure, clip_lifecycle, errors
from provenance.exports import export_requests as exports
from provenance.exports import worker
from provenance.models import Clip, ClipState, Export
from tests.conftest import NOON
from tests.fixtures.organisations import MakeKey
from tests.voices.conftest import (
    MakeConsent,
    MakeVoice,
    Reader,
    noon,
    only,
    order_for,
    principal_of,
)
from transparency_log import events, sequencer
from transparency_log.models import Entry, Outbox
from upstream.upstream_errors import ProviderUnavailable
from vault import blobs, storage, subject_keys
from voices import voice_deletion
from voices.models import Job, JobKind, Voice, VoiceState
from voices.speech import dispatch, job_queue, job_settlement, pipeline

pytestmark = pytest.mark.django_db(transaction=True)

MONTH = durations.parse_duration("P30D")
NOTHING = dict.fromkeys(("people", "voices", "clips", "jobs", "exports", "answers"), 0)
Furnish = Callable[..., Voice]


def after(days: float) -> Clock:
    return lambda: NOON + timedelta(days=days)


LATER = after(31)


def run(organisation: Organisation, *, now: Clock = LATER) -> sandbox_expiry.Expired:
    return sandbox_expiry.expire_test_data(
        organisation, older_than=MONTH, now=now, tell=lambda *_: None
    )


def speak(voice: Voice, *, now: Clock = noon) -> str:
    return pipeline.synthesize_clip(
        order_for(voice), voice, principal=principal_of(voice), now=now, providers=only(Reader())
    ).clip_id


@pytest.fixture
def furnish(make_voice: MakeVoice, make_key: MakeKey) -> Furnish:
    """Makes a person with one of everything, all of it test data of noon."""

    def make() -> Voice:
        voice = make_voice()
        speak(voice)
        job = dispatch.queue_job(
            [order_for(voice)],
            kind=JobKind.SPEECH,
            principal=principal_of(voice),
            at=NOON,
            wall_time=NOON,
        )
        job_queue.run_job_items(job.id, wall_clock=noon, providers=only(Reader()))
        exports.request_export(
            organisation_id=voice.organisation_id, livemode=False, kind="audit", start=None,
            end=None, speaker_id=None, words=True, at=NOON, actor="key:test",
        )  # fmt: skip
        worker.make_pending_exports(now=noon)
        answer(make_key())
        return voice

    return make


def answer(key: Any) -> IdempotencyRecord:
    return IdempotencyRecord.objects.create(
        api_key=key.key, key_sha256="a" * 64, request_sha256="b" * 64, state="done", status=201,
        lease_until=NOON, created_at=NOON, sealed_body=b"sealed",
    )  # fmt: skip


def live_rows() -> dict[str, list[dict[str, Any]]]:
    """Every row of live data as it is, by its model."""
    known = {model.__name__: model._default_manager for model in apps.get_models()}
    found = {
        name: list(manager.filter(livemode=True).order_by("pk").values())
        for name, manager in known.items()
        if any(field.name == "livemode" for field in manager.model._meta.fields)
    }
    found["StoredAnswer"] = [
        dict(row) for row in IdempotencyRecord.objects.filter(api_key__livemode=True).values()
    ]
    return found


class TestOldData:
    def test_goes_with_everything_and_cannot_be_read_again(
        self, furnish: Furnish, acme: Organisation
    ) -> None:
        voice = furnish()
        spoken = Clip.objects.filter(voice_id=voice.id).values_list("id", "blob_id")
        audio = [blob for _, blob in spoken]

        done = run(acme)

        assert done.gone == {
            "people": 1,
            "voices": 1,
            "clips": 2,
            "jobs": 1,
            "exports": 1,
            "answers": 1,
        }
        assert done.waiting == NOTHING
        assert not subject_keys.is_alive(voice.subject)
        assert speakers.open_personal(Speaker.objects.get(id=voice.speaker_id)) is None
        assert {clip.state for clip in Clip.objects.all()} == {ClipState.ERASED}
        assert (Job.objects.count(), Export.objects.count(), IdempotencyRecord.objects.count()) == (
            0,
            0,
            0,
        )
        for blob in audio:
            with pytest.raises(NotFound):
                blobs.get_blob(blob)

    def test_leaves_no_file(self, furnish: Furnish, acme: Organisation) -> None:
        furnish()
        assert list(storage.get_storage().names())

        run(acme)

        assert list(storage.get_storage().names()) == []

    def test_leaves_a_log_that_verifies_and_says_what_went(
        self, furnish: Furnish, acme: Organisation
    ) -> None:
        furnish()
        before = log_kinds(acme)

        run(acme)

        sequencer.settle_log(acme.id, at=LATER())
        call_command("verify_log")
        said = log_kinds(acme)[len(before) :]
        assert said.count("erasure.completed") == 1
        assert (
            said.count("admin.action") == 3
        )  # jobs, exports, answers; the clips went with their person

    def test_goes_at_the_end_of_its_term_and_not_before(
        self, furnish: Furnish, acme: Organisation
    ) -> None:
        furnish()

        assert run(acme, now=after(30)).gone == NOTHING
        assert run(acme, now=after(30.001)).gone["people"] == 1

    def test_is_as_old_as_the_test_clock_makes_it(
        self, furnish: Furnish, acme: Organisation
    ) -> None:
        furnish()
        acme.test_clock_ms = 31 * 86_400_000
        acme.save()

        gone = run(acme, now=after(0.1)).gone

        assert (gone["people"], gone["answers"]) == (
            1,
            0,
        )  # an idempotent call lives by the real clock

    def test_asked_twice_goes_once(self, furnish: Furnish, acme: Organisation) -> None:
        furnish()
        run(acme)

        assert run(acme).gone == NOTHING
        assert Erasure.objects.count() == 1

    def test_is_only_counted_in_a_dry_run(self, furnish: Furnish, acme: Organisation) -> None:
        voice = furnish()

        found = sandbox_expiry.count_old_data(acme, older_than=MONTH, now=LATER)

        assert found == {
            "people": 1,
            "voices": 1,
            "clips": 2,
            "jobs": 1,
            "exports": 1,
            "answers": 1,
        }
        assert (subject_keys.is_alive(voice.subject), Job.objects.count()) == (True, 1)

    def test_that_is_being_answered_right_now_stays(
        self, make_key: MakeKey, acme: Organisation
    ) -> None:
        running = answer(make_key())
        IdempotencyRecord.objects.filter(pk=running.pk).update(state="running")

        assert run(acme).gone["answers"] == 0


class TestLiveData:
    def test_is_never_touched(
        self, furnish: Furnish, acme: Organisation, make_key: MakeKey
    ) -> None:
        live, test = furnish(), furnish
        for model in (Voice, Clip, Job, Export):
            model._default_manager.update(livemode=True)
        Speaker.objects.filter(id=live.speaker_id).update(livemode=True)
        IdempotencyRecord.objects.update(api_key=make_key(live=True).key)
        test()
        before, files = live_rows(), {one.name for one in storage.get_storage().names()}

        assert run(acme).gone["people"] == 1

        assert live_rows() == before
        assert {"Speaker", "Voice", "Clip", "Job", "Export", "StoredAnswer"} <= {
            name for name in before if before[name]
        }
        assert subject_keys.is_alive(live.subject)
        assert blobs.get_blob(Clip.objects.filter(livemode=True).order_by("id")[0].blob_id)
        assert blobs.get_blob(Export.objects.get(livemode=True).blob_id)
        assert {one.name for one in storage.get_storage().names()} <= files

    def test_of_a_neighbour_is_not_touched_either(
        self, furnish: Furnish, make_consent: MakeConsent, bolt: Organisation, acme: Organisation
    ) -> None:
        furnish()
        theirs = make_consent(organisation=bolt)

        run(acme)

        assert subject_keys.is_alive(theirs.speaker.subject)
        assert run(bolt).gone["people"] == 1


class TestAPersonStillInUse:
    def test_stays_with_what_is_new_and_loses_what_is_old(
        self, furnish: Furnish, acme: Organisation
    ) -> None:
        voice = furnish()
        new = speak(voice, now=after(20))

        gone = run(acme).gone

        assert gone == {"people": 0, "voices": 0, "clips": 2, "jobs": 1, "exports": 1, "answers": 1}
        assert speakers.open_personal(Speaker.objects.get(id=voice.speaker_id)) is not None
        assert Voice.objects.get(id=voice.id).state == VoiceState.READY
        assert clip_lifecycle.read_delivered_bytes(new)
        (old, *_) = Clip.objects.filter(state=ClipState.ERASED)
        assert (old.subject, old.blob_id) == ("", "")
        with pytest.raises(errors.ClipErased):
            clip_lifecycle.read_delivered_bytes(old.id)

    def test_keeps_the_voice_in_use_and_loses_the_other(
        self, make_voice: MakeVoice, acme: Organisation
    ) -> None:
        used = make_voice()
        forgotten = make_voice(consent=Consent.objects.get(id=used.consent_id))
        speak(used, now=after(20))

        assert run(acme).gone["voices"] == 1

        assert Voice.objects.get(id=forgotten.id).state == VoiceState.DELETED
        assert Voice.objects.get(id=used.id).state == VoiceState.READY

    @pytest.mark.parametrize("days", [0, 20])
    def test_is_one_with_a_job_that_waits(
        self, make_voice: MakeVoice, acme: Organisation, days: int
    ) -> None:
        voice = make_voice()
        order, at = order_for(voice), NOON + timedelta(days=days)
        job = dispatch.queue_job(
            [order], kind=JobKind.SPEECH, principal=principal_of(voice), at=at, wall_time=at
        )

        assert run(acme).gone["people"] == (0 if days else 1)
        assert Job.objects.filter(id=job.id).exists() is bool(days)

    def test_who_came_this_week_stays(self, make_voice: MakeVoice, acme: Organisation) -> None:
        make_voice()

        assert run(acme, now=after(7)).gone == NOTHING


class TestInterrupted:
    @pytest.mark.parametrize("entry", range(7))
    def test_anywhere_is_completed_by_the_next_run(
        self, furnish: Furnish, acme: Organisation, monkeypatch: pytest.MonkeyPatch, entry: int
    ) -> None:
        """Falls over before each entry in the log that a run writes, one after the other."""
        voice, append, written = furnish(), events.append_event, 0

        def fall_over(**facts: Any) -> str:
            nonlocal written
            if written == entry:
                raise KeyboardInterrupt
            written += 1
            return append(**facts)

        with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
            broken.setattr(events, "append_event", fall_over)
            run(acme)
        run(
            acme, now=lambda: LATER() + timedelta(hours=1)
        )  # the lease of the one that died is over

        assert not subject_keys.is_alive(voice.subject)
        assert sandbox_expiry.count_old_data(acme, older_than=MONTH, now=LATER) == NOTHING
        assert Job.objects.count() == 0

    def test_by_a_provider_that_is_away_waits_and_says_so(
        self, furnish: Furnish, acme: Organisation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        voice = furnish()

        def be_away() -> None:
            raise ProviderUnavailable("The provider does not answer.")

        with monkeypatch.context() as broken:
            broken.setattr(
                voice_deletion.run_deletion,
                "__kwdefaults__",
                {"providers": only(Reader(meanwhile=be_away))},
            )
            done = run(acme)

        assert (done.waiting["people"], done.waiting["voices"]) == (1, 1)
        assert subject_keys.is_alive(voice.subject)
        assert run(acme, now=lambda: LATER() + timedelta(hours=1)).waiting == NOTHING
        assert not subject_keys.is_alive(voice.subject)


class TestDeletingByHand:
    def test_of_a_clip_in_the_making_does_nothing(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        clip_id = speak(voice)
        making_one = Clip.objects.get(id=clip_id)
        Clip.objects.filter(id=clip_id).update(
            state=ClipState.MAKING, blob_id="", sha256="", size=0, issued_at=None
        )

        assert transactions.opens_transaction(clip_erasure.erase_clips)([making_one.id]) == 0

    def test_of_unsettled_jobs_does_nothing(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        job = dispatch.queue_job(
            [order_for(voice)],
            kind=JobKind.SPEECH,
            principal=principal_of(voice),
            at=NOON,
            wall_time=NOON,
        )

        assert transactions.opens_transaction(job_settlement.delete_jobs)([job.id]) == 0
        assert Job.objects.count() == 1


def log_kinds(organisation: Organisation) -> list[str]:
    """The kinds of every event of the organisation, settled, in order."""
    sequencer.settle_log(organisation.id, at=NOON)
    assert not Outbox.objects.filter(organisation_id=organisation.id).exists()
    rows = Entry.objects.filter(organisation_id=organisation.id)
    return list(rows.order_by("idx").values_list("kind", flat=True))
