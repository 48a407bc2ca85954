"""A process that dies beside one that lives, with the sweep and the leases that operators get."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import Popen

import pytest
from django.conf import settings

from config.demo.client import Client
from config.demo.server import find_free_port
from core import clock, leases
from erasure.models import Erasure
from provenance.models import Clip
from tests.e2e.test_faults import HALF_A_MINUTE, hold_key, is_all_in_hand
from tests.support import processes
from tests.support.api_client import SENTENCE, Customer
from tests.support.endurance import ready_voice
from tests.support.processes import said, wait_until
from tests.support.wire_client import Wire
from voices.models import JobItem

pytestmark = [pytest.mark.alone, pytest.mark.postgres]


@contextmanager
def serving(environment: Mapping[str, str], log: Path, port: int) -> Iterator[Popen[bytes]]:
    """One of several servers of one service."""
    command = [sys.executable, "manage.py", "serve", "--port", str(port)]
    with processes.process(command, environment, log) as server:
        wait_until(lambda: processes.answers(port), said(log, "the server"), seconds=90, every=0.05)
        yield server


def meet(port: int, key: str) -> Customer:
    """Somebody with a signed consent and a voice."""
    person = Customer(client=Client(base=f"http://127.0.0.1:{port}", key=key))
    person.meet()
    ready_voice(person)
    return person


def wait_for_the_worst_moment(began: float) -> None:
    """Wait until a lease of now would run out just after a sweep of the server that lives, and
    until the dying one has renewed its own.
    """
    sweep, lease = float(settings.SAYSO_SWEEP_SECONDS), leases.LEASE.total_seconds()
    time.sleep((began + sweep + 0.5 - lease - time.monotonic()) % sweep)
    wait_until(is_just_renewed, "a renewal", seconds=lease, every=0.02)


def is_just_renewed() -> bool:
    """Whether the text in hand is held for nearly all of a lease."""
    until = JobItem.objects.filter(state="running").values_list("lease_until", flat=True).first()
    return until is not None and until - clock.now() > 0.95 * leases.LEASE


class TestAServerThatDiesBesideAnother:
    def test_is_noticed_within_half_a_minute_at_the_default_sweep(
        self, child_environment: Mapping[str, str], acme_key: str, tmp_path: Path
    ) -> None:
        """L-B1, L-B3, L-B4, at the worst moment: the leases run out just after a sweep."""
        assert (settings.SAYSO_SWEEP_SECONDS, leases.LEASE.total_seconds()) == (15, 12)
        dying, living = find_free_port(), find_free_port()
        by_default = {
            **child_environment,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "REDIS_URL": "",
            "SAYSO_PUBLIC_URL": f"http://127.0.0.1:{dying}",
        }
        # The dying one sweeps so seldom that every sweep is one of the other.
        seldom = {**by_default, "SAYSO_SWEEP_SECONDS": "3600"}
        with ExitStack() as running:
            server = running.enter_context(serving(seldom, tmp_path / "dying.log", dying))
            erased, reader = meet(dying, acme_key), meet(dying, acme_key)
            running.enter_context(serving(by_default, tmp_path / "living.log", living))
            began = time.monotonic()
            with hold_key(erased):
                words = {**reader.words(SENTENCE * 80), "delivery": {"mode": "stream"}}
                stream = Wire(dying, acme_key).speak(words, buffer=4096)
                reader.batch([SENTENCE * 40] * 20)
                erased.post(f"/v1/speakers/{erased.speaker}/erase", {"reason": "requested"})
                wait_until(is_all_in_hand, "all in hand", every=0.02)
                wait_for_the_worst_moment(began)
                server.send_signal(signal.SIGKILL)
                died = time.monotonic()
                server.wait()
            stream.close()
            held = set(JobItem.objects.filter(state="running").values_list("id", flat=True))
            assert held

            wait_until(
                lambda: goes_on(held, stream.headers["sayso-clip"]), "what it held", every=0.05
            )
            assert time.monotonic() - died < HALF_A_MINUTE
            wait_until(lambda: Erasure.objects.get().state == "completed", "the erasure")


def goes_on(items: set[int], streamed: str) -> bool:
    """Whether another process has taken the erasure and the text, and settled the stream."""
    return (
        Erasure.objects.get().attempt > 1
        and not JobItem.objects.filter(id__in=items, attempt=1).exists()
        and Clip.objects.get(id=streamed).state == "aborted"
    )
