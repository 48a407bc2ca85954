"""A batch through a provider: what each text came to, and how a provider in trouble is treated."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from core import clock
from core.errors import Unavailable
from provenance.models import Clip
from tests.emulators.emulator import Fault
from tests.emulators.inworld import InworldEmulator
from tests.voices.conftest import AUDIOBOOK, Http
from upstream.account_limits import FAILURES
from voices.models import Job, JobItem
from voices.speech import job_queue

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

SPEAK = "/tts/v1/voice"
TEXTS = tuple(f"The lamps along the harbour were lit, and {word} rose." for word in
              ("the moon", "a wind", "the tide", "some smoke", "a song", "the sun"))  # fmt: skip


def batch(client: Http, voice_id: str, items: list[dict[str, Any]]) -> Job:
    """Queue a batch for the voice."""
    body = {"voice": voice_id, "language": "en", "use_case": AUDIOBOOK, "items": items}
    answer = client.post("/v1/speech/batch", body, format="json")
    assert answer.status_code == 202, answer.json()
    return Job.objects.get(id=answer.json()["id"])


def work(job: Job, *, at: datetime | None = None) -> None:
    """Carry out what is due at `at`, now without it."""
    job_queue.run_job_items(job.id, wall_clock=lambda: at or clock.now())


class TestABatch:
    def test_goes_on_past_what_is_refused_and_what_fails(
        self, client: Http, provider: InworldEmulator, remote_voice: str
    ) -> None:
        items: list[dict[str, Any]] = [{"text": text} for text in TEXTS[:4]]
        items[1] |= {"text": "港の明かりが次々に灯されました。", "language": "ja"}
        provider.fail(SPEAK, Fault(status=400))
        job = batch(client, remote_voice, items)

        work(job)

        shown = client.get(f"/v1/jobs/{job.id}").json()
        told = [(one["state"], one["code"]) for one in shown["items"]]
        assert told == [
            ("failed", "provider_refused"), ("refused", "consent_denied"),
            ("done", None), ("done", None),
        ]  # fmt: skip
        assert [one["code"] for one in shown["items"][1]["reasons"]] == ["language_not_covered"]
        assert shown["state"] == "done"
        progress = {"total": 4, "done": 2, "refused": 1, "failed": 1, "cancelled": 0}
        assert shown["progress"] == progress
        assert Clip.objects.filter(state="issued", provider="inworld").count() == 2
        assert provider.count("POST", SPEAK) == 3

    def test_that_is_cancelled_asks_for_no_further_text(
        self, client: Http, provider: InworldEmulator, remote_voice: str
    ) -> None:
        job = batch(client, remote_voice, [{"text": text} for text in TEXTS])
        taken = job_queue.claim_item(job.id, at=clock.now())
        assert taken is not None

        client.post(f"/v1/jobs/{job.id}/cancel")
        work(job, at=clock.now() + timedelta(minutes=1))

        states = list(JobItem.objects.order_by("position").values_list("state", flat=True))
        assert states == ["done", *["cancelled"] * 5]
        assert provider.count("POST", SPEAK) == 1


class TestAProviderInTrouble:
    def test_is_waited_for_as_long_as_it_says(
        self, client: Http, provider: InworldEmulator, remote_voice: str
    ) -> None:
        job = batch(client, remote_voice, [{"text": TEXTS[0]}])
        provider.fail(SPEAK, Fault(status=429, headers={"Retry-After": "90"}))
        began = clock.now()
        with pytest.raises(Unavailable):
            work(job)
        ended = clock.now()

        item = JobItem.objects.get()
        assert item.due_at is not None
        assert began <= item.due_at - timedelta(seconds=90) <= ended
        work(job, at=item.due_at - timedelta(seconds=1))
        assert provider.count("POST", SPEAK) == 1
        work(job, at=item.due_at)
        assert Job.objects.get(id=job.id).state == "done"

    def test_is_left_alone_by_the_rest_of_the_batch(
        self, client: Http, provider: InworldEmulator, remote_voice: str
    ) -> None:
        job = batch(client, remote_voice, [{"text": text} for text in TEXTS])
        fault = Fault(status=503, headers={"Retry-After": "60"}, times=None)
        provider.fail(SPEAK, fault)

        with pytest.raises(Unavailable):
            work(job)

        # The last one was told by the account's own rest, for as long as the provider wanted.
        assert provider.count("POST", SPEAK) == FAILURES < len(TEXTS)
        now = clock.now()
        for item in JobItem.objects.all():
            assert item.due_at is not None and item.due_at > now + timedelta(seconds=50)
        assert not Clip.objects.filter(state="issued").exists()
