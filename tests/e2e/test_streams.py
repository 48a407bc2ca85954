"""A server that is killed in the middle of a stream: the client sees it, and the sweep settles what
was left behind.
"""

from __future__ import annotations

import hashlib
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

import pytest

from accounts.models import IdempotencyRecord
from config.demo.client import Client
from config.demo.server import find_free_port
from consent.models import GrantUsage, Reservation
from core import clock, leases
from provenance.models import Clip, StreamProgress
from tests.support import processes
from tests.support.api_client import SENTENCE, Customer
from tests.support.endurance import ready_voice
from tests.support.processes import wait_until
from tests.support.wire_client import Wire
from transparency_log import proofs
from voices import reconcile

pytestmark = pytest.mark.alone


@contextmanager
def serving(environment: Mapping[str, str], log: Path) -> Iterator[tuple[int, Popen[bytes]]]:
    """A server that sweeps seldom, its port and its process."""
    port = find_free_port()
    own = {
        **environment, **processes.BRISK, "REDIS_URL": "", "SAYSO_SWEEP_SECONDS": "3600",
        "SAYSO_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }  # fmt: skip
    with processes.process(
        [sys.executable, "manage.py", "serve", "--port", str(port)], own, log
    ) as server:
        wait_until(lambda: processes.answers(port), processes.said(log, "the server"))
        yield port, server


class TestAServerThatIsKilled:
    def test_leaves_a_stream_that_no_one_takes_for_whole_and_the_sweep_settles(
        self, child_environment: Mapping[str, str], acme_key: str, tmp_path: Path
    ) -> None:
        """L-B1: its audio was neither hashed, charged nor logged."""
        with serving(child_environment, tmp_path / "web.log") as (port, server):
            mara = Customer(client=Client(base=f"http://127.0.0.1:{port}", key=acme_key))
            mara.meet()
            ready_voice(mara)
            body = {
                **mara.words(SENTENCE * 80),
                "output": {"codec": "wav"},
                "delivery": {"mode": "stream"},
            }
            # It takes little, so that much is still to come.
            call = Wire(port, acme_key).speak(body, buffer=4096, Idempotency_Key="once")
            for _ in range(3):
                assert call.chunk()

            server.send_signal(signal.SIGKILL)
            received = call.rest()
            call.close()

        assert not call.whole
        clip_id, died = call.headers["sayso-clip"], clock.now()
        assert Clip.objects.get(id=clip_id).state == "making"
        assert IdempotencyRecord.objects.filter(lease_until__lte=died + leases.LEASE).exists()
        reconcile.sweep_pending_work(at=died)
        assert Clip.objects.get(id=clip_id).state == "making"

        # What a dead process held is over half a minute later, a round of the sweep included.
        reconcile.sweep_pending_work(at=died + leases.LEASE)

        clip = Clip.objects.get(id=clip_id)
        assert (clip.state, clip.code) == ("aborted", "interrupted")
        assert len(received) <= clip.size
        (event,) = proofs.list_history(clip.organisation_id, clip.id)
        assert event.body is not None
        assert (event.kind, event.body["complete"], event.body["at_most"]) == (
            "clip.aborted", False, True,
        )  # fmt: skip
        assert (event.body["bytes"], event.body["sha256"]) == (clip.size, clip.sha256)
        hashed = int(str(event.body["hashed_bytes"]))
        assert 0 < hashed <= clip.size
        if hashed <= len(received):
            assert hashlib.sha256(received[:hashed]).hexdigest() == clip.sha256
        usage = GrantUsage.objects.get()
        assert usage.used_characters == clip.characters > 0
        assert usage.used_milliseconds == clip.duration_ms > 0
        assert (usage.held_characters, StreamProgress.objects.count()) == (0, 0)
        assert Reservation.objects.get(decision_id=clip.decision_id).state == "committed"


class TestAServerThatIsStopped:
    def test_breaks_off_what_takes_too_long_and_settles_it(
        self, child_environment: Mapping[str, str], acme_key: str, tmp_path: Path
    ) -> None:
        """L-B10: it waited for streams without end."""
        brief = {**child_environment, "SAYSO_STOP_SECONDS": "1"}
        with serving(brief, tmp_path / "web.log") as (port, server):
            mara = Customer(client=Client(base=f"http://127.0.0.1:{port}", key=acme_key))
            mara.meet()
            ready_voice(mara)
            body = {**mara.words(SENTENCE * 80), "delivery": {"mode": "stream"}}
            call = Wire(port, acme_key).speak(body, buffer=4096)
            assert call.chunk()

            server.send_signal(signal.SIGTERM)
            # uvicorn ends by the signal that it was given, when all is done.
            assert server.wait(15) in {0, -signal.SIGTERM}
            received = call.rest()
            call.close()

        assert not call.whole
        clip = Clip.objects.get(id=call.headers["sayso-clip"])
        assert (clip.state, clip.code) == ("aborted", "unavailable")
        assert 0 < len(received) <= clip.size
        (event,) = proofs.list_history(clip.organisation_id, clip.id)
        assert event.body is not None
        assert "at_most" not in event.body
        assert GrantUsage.objects.get().used_characters == clip.characters > 0
