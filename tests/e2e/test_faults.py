"""Processes that die or are stopped while they work, and what becomes of their work.

The leases are those of a customer's service. The sweep comes every second.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from config.demo.client import Client
from config.demo.server import find_free_port
from consent.models import GrantUsage, Speaker
from core import clock, leases
from erasure import tombstones
from erasure.models import Erasure
from provenance.models import Clip
from tests.support import processes
from tests.support.api_client import SENTENCE, Customer
from tests.support.endurance import ready_voice
from tests.support.processes import BRISK, said, wait_until
from tests.support.wire_client import Wire
from transparency_log.models import Entry
from vault.models import Subject
from voices.models import Job, JobItem

pytestmark = pytest.mark.alone
HALF_A_MINUTE = 30.0


@contextmanager
def serving(
    environment: Mapping[str, str], log: Path, port: int
) -> Iterator[subprocess.Popen[bytes]]:
    """The service in one process, at this port."""
    own = {**environment, **BRISK, "SAYSO_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    command = [sys.executable, "manage.py", "serve", "--port", str(port)]
    with processes.process(command, own, log) as server:
        wait_until(lambda: processes.answers(port), said(log, "the server"), seconds=90)
        yield server


def meet(port: int, key: str) -> Customer:
    """Somebody with a signed consent and a voice."""
    person = Customer(client=Client(base=f"http://127.0.0.1:{port}", key=key))
    person.meet()
    ready_voice(person)
    return person


@contextmanager
def hold_key(person: Customer) -> Iterator[None]:
    """Lock the row of the person's key, so that an erasure stands still before its last step."""
    subject = Speaker.objects.values_list("subject", flat=True).get(id=person.speaker)
    with transaction.atomic():
        Subject.objects.select_for_update().get(pk=subject)
        yield


def count_items(state: str) -> int:
    return JobItem.objects.filter(state=state).count()


def is_all_in_hand() -> bool:
    return (
        tombstones.tombstone_path().exists()
        and Clip.objects.filter(state="making").count() == 2
        and count_items("running") == 1
    )


@pytest.mark.postgres
class TestAServerThatIsKilled:
    def test_is_noticed_and_its_work_goes_on_within_half_a_minute(
        self, child_environment: Mapping[str, str], acme_key: str, tmp_path: Path
    ) -> None:
        """L-B2, L-B3, L-B4: an item 305 s, an erasure 602 s, a retry 307 s, a quota 900 s."""
        port, log = find_free_port(), tmp_path / "web.log"
        alone = {**child_environment, "REDIS_URL": ""}
        with serving(alone, log, port) as server:
            erased, reader = meet(port, acme_key), meet(port, acme_key)
            words = {**reader.words(SENTENCE * 80), "delivery": {"mode": "stream"}}
            with hold_key(erased):
                stream = Wire(port, acme_key).speak(words, buffer=4096, Idempotency_Key="once")
                reader.batch([SENTENCE * 12] * 2)
                erased.post(f"/v1/speakers/{erased.speaker}/erase", {"reason": "requested"})
                wait_until(is_all_in_hand, "all in hand", every=0.02)
                server.send_signal(signal.SIGKILL)
                server.wait()
            stream.close()
        died, held = time.monotonic(), set(Clip.objects.values_list("id", flat=True))

        def is_settled() -> bool:
            return (
                Erasure.objects.get().state == "completed"
                and not Clip.objects.filter(state="making", id__in=held).exists()
                and JobItem.objects.filter(attempt=2).exists()
            )

        def is_spoken_again() -> bool:
            wire = Wire(port, acme_key)
            try:
                return wire.speak(words, buffer=4096, Idempotency_Key="once").status == 200
            finally:
                for call in wire.calls:
                    call.close()

        with serving(alone, log, port):
            wait_until(is_settled, "what it held goes on", seconds=HALF_A_MINUTE)
            wait_until(is_spoken_again, "the call again", seconds=HALF_A_MINUTE)
            assert time.monotonic() - died < HALF_A_MINUTE
            wait_until(lambda: Job.objects.get().state == "done", "the batch", seconds=60)
            wait_until(
                lambda: not GrantUsage.objects.exclude(held_characters=0).exists(), "the quota"
            )

        assert len(set(JobItem.objects.values_list("clip_id", flat=True))) == 2
        assert Entry.objects.filter(kind="erasure.completed").count() == 1
        assert [stone.speaker for stone in tombstones.read_tombstones().stones] == [erased.speaker]


@pytest.mark.redis
class TestASpeechWorkerThatIsStopped:
    def test_finishes_what_it_has_in_hand_or_leaves_it_to_others_in_time(
        self, child_environment: Mapping[str, str], acme_key: str, tmp_path: Path
    ) -> None:
        """L-B11: it carried out all 14 others first."""
        if not settings.REDIS_URL:
            pytest.skip("needs REDIS_URL")
        environment = {**child_environment, "REDIS_URL": settings.REDIS_URL}
        port, log = find_free_port(), tmp_path / "celery.log"
        with serving(environment, tmp_path / "web.log", port):
            reader = meet(port, acme_key)

            with processes.celery_worker(environment, log, lanes=["speech"]) as patient:
                reader.batch([SENTENCE * 8] * 8)
                wait_until(lambda: count_items("done"), "the first text", every=0.02)
                patient.send_signal(signal.SIGTERM)
                assert patient.wait(20) == 0
            assert (count_items("running"), count_items("queued") >= 4) == (0, True)
            assert not JobItem.objects.filter(attempt__gt=1).exists()

            JobItem.objects.update(due_at=clock.now() + timedelta(days=1))
            brief = {**environment, "SAYSO_STOP_SECONDS": "1"}
            with processes.celery_worker(brief, log, lanes=["speech"]) as hasty:
                reader.batch([SENTENCE * 80])
                wait_until(lambda: count_items("running"), "a long text in hand", every=0.02)
                hasty.send_signal(signal.SIGTERM)
                hasty.wait(10)

        held = JobItem.objects.get(state="running")
        assert held.lease_until is not None
        assert held.lease_until <= clock.now() + leases.LEASE
