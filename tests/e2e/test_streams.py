"""A server that is killed in the middle of a stream: the client sees it, and the sweep settles what
was left behind.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from subprocess import Popen

import pytest

from config.demo.client import Client
from config.demo.server import find_free_port
from consent.models import GrantUsage, Reservation
from core import clock
from provenance.models import Clip
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
        with serving(child_environment, tmp_path / "web.log") as (port, server):
            mara = Customer(client=Client(base=f"http://127.0.0.1:{port}", key=acme_key))
            mara.meet()
            ready_voice(mara)
            body = {
                **mara.words(SENTENCE * 80),
                "output": {"codec": "wav"},
                "delivery": {"mode": "stream"},
            }
            call = Wire(port, acme_key).speak(
                body, buffer=4096
            )  # takes little, so that much is still to come
            assert call.chunk()

            server.send_signal(signal.SIGKILL)
            call.rest()
            call.close()

        assert not call.whole
        assert Clip.objects.get(id=call.headers["sayso-clip"]).state == "making"
        reconcile.sweep_pending_work(at=clock.now() + timedelta(minutes=16))
        clip = Clip.objects.get(id=call.headers["sayso-clip"])
        assert (clip.state, clip.code) == ("aborted", "interrupted")
        assert [event.kind for event in proofs.list_history(clip.organisation_id, clip.id)] == [
            "clip.aborted"
        ]
        assert Reservation.objects.get(decision_id=clip.decision_id).state == "released"
        assert GrantUsage.objects.get().held_characters == 0
