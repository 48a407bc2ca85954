"""An API key that ends takes with it what it began, unless its owner keeps the jobs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from accounts import api_key_changes
from accounts.api_key_lookup import KeyEnded
from accounts.models import ApiKey
from accounts.principal import Principal
from consent import gate
from core import clock
from tests.conftest import NOON
from tests.fixtures.organisations import ClientOf, MakeKey
from tests.voices.conftest import MakeVoice, Reader, noon, only, order_for
from voices.models import Job, JobItem, JobKind, JobState, Voice
from voices.speech import dispatch, job_queue, pipeline, preparation

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

SENTENCE = "Good evening to you all."


@pytest.fixture
def voice(make_voice: MakeVoice) -> Voice:
    return make_voice(quota={"characters": 1_000_000})


@pytest.fixture
def key(make_key: MakeKey, voice: Voice) -> ApiKey:
    return make_key(organisation=voice.organisation).key


def principal(key: ApiKey) -> Principal:
    return Principal(organisation_id=key.organisation_id, livemode=False, actor=f"key:{key.id}")


def queue(voice: Voice, key: ApiKey, texts: int) -> Job:
    orders = [order_for(voice, text=SENTENCE)] * texts
    return dispatch.queue_job(
        orders,
        kind=JobKind.BATCH,
        principal=principal(key),
        at=NOON,
        wall_time=NOON,
        providers=only(Reader()),
    )


def disable(key: ApiKey, **changes: Any) -> None:
    api_key_changes.disable_key(
        key.id, organisation=key.organisation, actor="member:x", at=NOON, **changes
    )


def narrow(key: ApiKey, **changes: Any) -> None:
    few = {"scopes": ["speech:read", "voices:write"]}
    api_key_changes.update_key(
        key.id, organisation=key.organisation, changes=few, actor="member:x", at=NOON, **changes
    )


def give_up_secret(key: ApiKey) -> None:
    none = timedelta(0)
    api_key_changes.rotate_key(
        key.id, organisation=key.organisation, overlap=none, actor="member:x", at=NOON
    )


def expire(key: ApiKey) -> None:
    ApiKey.objects.filter(id=key.id).update(created_at=NOON - timedelta(9), expires_at=NOON)


ENDS: dict[str, Callable[[ApiKey], None]] = {
    "disabled": disable,
    "narrowed": narrow,
    "expired": expire,
}


class Interrupted(Reader):
    """Reads aloud, and does something once at its n-th text."""

    def __init__(self, at: int, then: Callable[[], None]) -> None:
        count = iter(range(1, 10_000))
        super().__init__(lambda: then() if next(count) == at else None)


@pytest.mark.parametrize(("end", "texts"), [("disabled", 1000), ("narrowed", 40), ("expired", 40)])
def test_a_batch_ends_where_its_key_ends(voice: Voice, key: ApiKey, end: str, texts: int) -> None:
    job = queue(voice, key, texts)

    job_queue.run_job_items(
        job.id, wall_clock=noon, providers=only(Interrupted(10, lambda: ENDS[end](key)))
    )

    job.refresh_from_db()
    assert job.done <= 10 + 2
    assert (job.done + job.refused, job.finished_at) == (texts, NOON)
    assert not JobItem.objects.exclude(sealed_text=None).exists()
    assert {item.code for item in JobItem.objects.filter(state=JobState.REFUSED)} == {"key_ended"}


@pytest.mark.parametrize("end", [disable, narrow, give_up_secret])
def test_what_is_queued_ends_at_once_without_a_worker(
    voice: Voice, key: ApiKey, end: Callable[[ApiKey], None]
) -> None:
    job = queue(voice, key, 3)
    end(key)
    job.refresh_from_db()
    assert (job.state, job.refused) == (JobState.REFUSED, 3)


@pytest.mark.parametrize("end", [disable, narrow])
def test_jobs_that_are_kept_are_carried_out(
    voice: Voice, key: ApiKey, end: Callable[..., None]
) -> None:
    job = queue(voice, key, 3)
    end(key, keep_jobs=True)

    job_queue.run_job_items(job.id, wall_clock=noon, providers=only(Reader()))

    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.DONE, 3)


def test_kept_jobs_end_with_a_second_call_that_keeps_none(voice: Voice, key: ApiKey) -> None:
    job = queue(voice, key, 3)
    disable(key, keep_jobs=True)
    disable(key)
    job.refresh_from_db()
    assert job.refused == 3


def test_another_key_s_jobs_go_on(voice: Voice, key: ApiKey, make_key: MakeKey) -> None:
    other = make_key(organisation=voice.organisation).key
    job = queue(voice, other, 2)
    disable(key)
    job_queue.run_job_items(job.id, wall_clock=noon, providers=only(Reader()))
    job.refresh_from_db()
    assert job.done == 2


@pytest.mark.parametrize("end", ENDS)
def test_a_call_under_way_is_not_delivered(voice: Voice, key: ApiKey, end: str) -> None:
    with pytest.raises(KeyEnded):
        pipeline.synthesize_clip(
            order_for(voice),
            voice,
            principal=principal(key),
            now=noon,
            providers=only(Reader(lambda: ENDS[end](key))),
        )


@pytest.mark.parametrize("end", ENDS)
def test_a_running_stream_is_cut(voice: Voice, key: ApiKey, end: str) -> None:
    permit = gate.check(
        preparation.build_access_request(order_for(voice), voice, principal(key)),
        at=NOON,
        actor=f"key:{key.id}",
    )
    assert gate.find_ended_permits([(permit, NOON)]) == {}
    ENDS[end](key)
    assert list(gate.find_ended_permits([(permit, NOON)])) == [permit.decision_id]
    with pytest.raises(KeyEnded):
        gate.may_still(permit, at=NOON)


def test_a_test_clock_ahead_does_not_end_a_key(voice: Voice, key: ApiKey) -> None:
    organisation = key.organisation
    organisation.test_clock_ms = 30 * 24 * 3600 * 1000
    organisation.save()
    ApiKey.objects.filter(id=key.id).update(expires_at=NOON + timedelta(days=1))
    later = NOON + timedelta(days=30)
    permit = gate.check(
        preparation.build_access_request(order_for(voice), voice, principal(key)),
        at=later,
        actor=f"key:{key.id}",
    )
    gate.may_still(permit, at=later)


class TestTheApi:
    @pytest.mark.parametrize(
        ("body", "refused"), [({}, 2), ({"keep_jobs": False}, 2), ({"keep_jobs": True}, 0)]
    )
    def test_disables_a_key_and_ends_its_jobs_unless_they_are_kept(
        self,
        voice: Voice,
        key: ApiKey,
        make_key: MakeKey,
        client_of: ClientOf,
        monkeypatch: pytest.MonkeyPatch,
        body: dict[str, bool],
        refused: int,
    ) -> None:
        monkeypatch.setattr(clock, "now", noon)
        job = queue(voice, key, 2)
        client = client_of(make_key(organisation=voice.organisation))
        assert client.delete(f"/v1/api_keys/{key.id}", body, format="json").status_code == 200
        job.refresh_from_db()
        assert job.refused == refused

    def test_narrows_a_key_and_keeps_its_jobs_where_the_call_says_so(
        self,
        voice: Voice,
        key: ApiKey,
        make_key: MakeKey,
        client_of: ClientOf,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(clock, "now", noon)
        job = queue(voice, key, 2)
        client = client_of(make_key(organisation=voice.organisation))
        few = {"scopes": ["speech:read"]}
        client.patch(f"/v1/api_keys/{key.id}", {**few, "keep_jobs": True}, format="json")
        job.refresh_from_db()
        assert job.refused == 0
        client.patch(f"/v1/api_keys/{key.id}", few, format="json")
        job.refresh_from_db()
        assert job.refused == 2
