"""Both carriers finish all work that no one waits for: by themselves, and when every wake-up is
lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from django.core.management import call_command

from config.demo.client import Client
from tests.e2e.conftest import Carrier, customer
from tests.support import processes
from tests.support.api_client import OVER, SENTENCE, Customer, expect
from tests.support.endurance import ready_voice
from tests.support.processes import NOBODY_LISTENS, wait_until
from transparency_log.models import Head, Outbox

pytestmark = pytest.mark.alone
EMBEDDED = pytest.param("embedded", id="embedded")
CELERY = pytest.param("celery", id="celery", marks=pytest.mark.redis)
BOTH = pytest.mark.parametrize("environment", [EMBEDDED, CELERY], indirect=True)


def checkpoint_size(base: str) -> int:
    """The size in the checkpoint that anyone can read."""
    answer = Client(base=base, key="").get(f"/log/{Head.objects.get().organisation_id}/checkpoint")
    return int(answer.body.split(b"\n")[1])


def log_is_sequenced(base: str) -> None:
    """Without anyone's asking for it, every event gets its place, and a checkpoint covers it."""
    wait_until(lambda: not Outbox.objects.exists(), "the log is sequenced", seconds=30)
    wait_until(
        lambda: checkpoint_size(base) == Head.objects.get().size > 0,
        "a checkpoint covers the log",
        seconds=30,
    )


def ends(mara: Customer) -> None:
    """Whatever was begun comes to its end."""
    assert (
        mara.until(
            f"/v1/exports/{mara.post('/v1/exports', {'kind': 'audit'})['id']}", "ready", "failed"
        )
        == "ready"
    )
    erasure = mara.post(f"/v1/speakers/{mara.speaker}/erase", {"reason": "requested"})["id"]
    assert mara.until(f"/v1/erasures/{erasure}", "completed") == "completed"
    assert mara.get(f"/v1/speakers/{mara.speaker}")["name"] is None
    assert mara.get(f"/v1/voices/{mara.voice}")["state"] == "deleted"


@BOTH
class TestBackgroundWork:
    def test_comes_to_its_end_by_itself(self, carrier: Carrier, acme_key: str) -> None:
        with carrier() as base:
            mara = customer(base, acme_key)
            mara.meet()
            mara.clone()
            single, batch = (
                mara.job(),
                mara.batch([SENTENCE, f"And then: {SENTENCE}", f"At last: {SENTENCE}"]),
            )

            assert mara.until(f"/v1/jobs/{single}", "done", "refused", "failed") == "done"
            assert mara.until(f"/v1/jobs/{batch}", "done", "refused", "failed") == "done"
            clip = mara.get(f"/v1/jobs/{single}")["clip"]
            assert mara.client.get(f"/v1/clips/{clip}/audio").body.startswith(b"RIFF")
            log_is_sequenced(base)
            ends(mara)
            log_is_sequenced(base)
        call_command("verify_log")

    def test_ends_what_time_ends(self, carrier: Carrier, acme_key: str) -> None:
        with carrier() as base:
            mara = customer(base, acme_key)
            mara.meet()
            mara.clone()
            unanswered = customer(base, acme_key)
            unanswered.meet(sign=False)

            mara.post("/v1/test/clock", {"advance": "P1Y"})

            assert mara.until(f"/v1/consents/{mara.consent}", "expired") == "expired"
            assert mara.until(f"/v1/voices/{mara.voice}", "deleted") == "deleted"
            assert unanswered.until(f"/v1/consents/{unanswered.consent}", "lapsed") == "lapsed"


@BOTH
class TestLostWakeUps:
    """A server whose broker is away takes the work on; another, that heard of none of it, finishes
    all of it.
    """

    def test_are_made_good_by_the_sweep(
        self, carrier: Carrier, acme_key: str, child_environment: Mapping[str, str], tmp_path: Path
    ) -> None:
        deaf = {**child_environment, "REDIS_URL": NOBODY_LISTENS}
        with processes.web(deaf, tmp_path / "deaf.log") as base:
            mara, ada = customer(base, acme_key), customer(base, acme_key)
            mara.meet()
            mara.clone()
            ada.meet()
            ada.clone("0890")
            job = mara.job()
            export = mara.post("/v1/exports", {"kind": "audit"})["id"]
            expect(
                ada.client.post(
                    f"/v1/consents/{ada.consent}/revoke", {"reason": "requested_by_person"}
                ),
                200,
            )
            erasure = ada.post(f"/v1/speakers/{ada.speaker}/erase", {"reason": "requested"})["id"]
            assert Outbox.objects.exists()

        with carrier() as base:
            mara = customer(base, acme_key)
            assert mara.until(f"/v1/jobs/{job}", "done", "refused", "failed") == "done"
            # An erasure that comes after the export takes the bundle back, perhaps before anyone
            # saw it ready.
            made = mara.until(f"/v1/exports/{export}", "ready", "expired", "failed")
            assert made in {"ready", "expired"}
            assert mara.until(f"/v1/voices/{ada.voice}", "deleted") == "deleted"
            assert mara.until(f"/v1/erasures/{erasure}", "completed") == "completed"
            log_is_sequenced(base)


@BOTH
class TestABatch:
    def test_lets_an_erasure_and_an_export_have_their_turn(
        self, carrier: Carrier, acme_key: str
    ) -> None:
        with carrier() as base:
            mara, ada = customer(base, acme_key), customer(base, acme_key)
            mara.meet()
            ready_voice(mara)
            ada.meet()
            batch = mara.batch([SENTENCE] * 300)  # minutes of work
            assert mara.until(f"/v1/jobs/{batch}", "running", *OVER) == "running"

            export = mara.post("/v1/exports", {"kind": "audit"})["id"]
            assert mara.until(f"/v1/exports/{export}", "ready", "failed") == "ready"
            erasure = ada.post(f"/v1/speakers/{ada.speaker}/erase", {"reason": "requested"})["id"]
            assert mara.until(f"/v1/erasures/{erasure}", "completed") == "completed"
            assert mara.get(f"/v1/jobs/{batch}")["state"] == "running"
