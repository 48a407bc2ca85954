"""Both carriers finish all work that no one waits for: by themselves, and when every wake-up is
lost.

One service of each carrier does all of it, since a start takes seconds.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.core.management import call_command

from config.demo.client import Client
from tests.e2e.conftest import Carrier, customer
from tests.support import processes
from tests.support.api_client import AUDIO, AUDIOBOOK, OVER, SENTENCE, Customer, expect
from tests.support.endurance import ready_voice
from tests.support.processes import NOBODY_LISTENS, wait_until
from transparency_log.models import Head, Outbox

pytestmark = pytest.mark.alone
EMBEDDED = pytest.param("embedded", id="embedded")
CELERY = pytest.param("celery", id="celery", marks=pytest.mark.redis)
BOTH = pytest.mark.parametrize("environment", [EMBEDDED, CELERY], indirect=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftWork:
    """What a server took on, and no worker heard of: two customers, and the ids of the rest."""

    mara: Customer
    ada: Customer
    job: str
    export: str
    erasure: str


@BOTH
class TestACarrier:
    def test_brings_all_work_to_its_end(
        self, carrier: Carrier, acme_key: str, child_environment: Mapping[str, str], tmp_path: Path
    ) -> None:
        left = leave_work(child_environment, tmp_path / "deaf.log", acme_key)

        with carrier() as base:
            check_lost_wake_ups(base, acme_key, left)
            mara = customer(base, acme_key)
            check_speech(base, mara)
            check_turns(base, acme_key, mara)
            check_ends_of_time(base, acme_key)
            log_is_sequenced(base)
        call_command("verify_log")


def meet(base: str, key: str) -> Customer:
    """Someone with a signed consent and a voice."""
    person = customer(base, key)
    person.meet()
    ready_voice(person)
    return person


def leave_work(environment: Mapping[str, str], log: Path, key: str) -> LeftWork:
    """Take work on in a server whose broker is away, and end it."""
    deaf = {**environment, "REDIS_URL": NOBODY_LISTENS}
    with processes.web(deaf, log) as base:
        mara, ada = meet(base, key), meet(base, key)
        job = mara.job()
        export = mara.post("/v1/exports", {"kind": "audit"})["id"]
        ada.post(f"/v1/consents/{ada.consent}/revoke", {"reason": "requested_by_person"})
        left = LeftWork(mara=mara, ada=ada, job=job, export=export, erasure=erase(ada))
        assert Outbox.objects.exists()
    return left


def check_lost_wake_ups(base: str, key: str, left: LeftWork) -> None:
    """A server that heard of none of it finishes all of it."""
    mara = customer(base, key)
    assert mara.until(f"/v1/jobs/{left.job}", *OVER) == "done"
    # An erasure that comes after the export takes the bundle back, perhaps before anyone saw it
    # ready.
    made = mara.until(f"/v1/exports/{left.export}", "ready", "expired", "failed")
    assert made in {"ready", "expired"}
    assert mara.until(f"/v1/voices/{left.ada.voice}", "deleted") == "deleted"
    assert mara.until(f"/v1/erasures/{left.erasure}", "completed") == "completed"
    log_is_sequenced(base)


def check_speech(base: str, mara: Customer) -> None:
    """A voice is cloned, and a text and a batch are read, by themselves."""
    mara.meet()
    clone_as_job(mara)
    single = mara.job()
    batch = mara.batch([SENTENCE, f"And then: {SENTENCE}", f"At last: {SENTENCE}"])

    assert mara.until(f"/v1/jobs/{single}", *OVER) == "done"
    assert mara.until(f"/v1/jobs/{batch}", *OVER) == "done"
    clip = mara.get(f"/v1/jobs/{single}")["clip"]
    assert mara.client.get(f"/v1/clips/{clip}/audio").body.startswith(b"RIFF")
    log_is_sequenced(base)


def clone_as_job(person: Customer) -> None:
    """Let a worker make the person's voice from a recording."""
    sample = base64.b64encode((AUDIO / "librivox-austen-0870.wav").read_bytes()).decode()
    body = {
        "consent": person.consent, "name": "Mara", "language": "en", "use_case": AUDIOBOOK,
        "samples": [{"audio_base64": sample}], "delivery": {"mode": "job"},
    }  # fmt: skip
    asked = expect(person.client.post("/v1/voices", body), 202)
    person.voice = asked["id"]
    assert person.until(f"/v1/voices/{person.voice}", "ready", "failed") == "ready"


def check_turns(base: str, key: str, mara: Customer) -> None:
    """A long batch lets exports and erasures have their turn."""
    busy = meet(base, key)
    batch = busy.batch([SENTENCE] * 300)  # minutes of work
    assert busy.until(f"/v1/jobs/{batch}", "running", *OVER) == "running"

    export = mara.post("/v1/exports", {"kind": "audit"})["id"]
    assert mara.until(f"/v1/exports/{export}", "ready", "failed") == "ready"
    assert mara.until(f"/v1/erasures/{erase(mara)}", "completed") == "completed"
    assert mara.get(f"/v1/speakers/{mara.speaker}")["name"] is None
    assert mara.get(f"/v1/voices/{mara.voice}")["state"] == "deleted"
    assert busy.get(f"/v1/jobs/{batch}")["state"] == "running"
    busy.post(f"/v1/jobs/{batch}/cancel")


def check_ends_of_time(base: str, key: str) -> None:
    """What time ends comes to its end."""
    signed, unanswered = meet(base, key), customer(base, key)
    unanswered.meet(sign=False)

    signed.post("/v1/test/clock", {"advance": "P1Y"})

    assert signed.until(f"/v1/consents/{signed.consent}", "expired") == "expired"
    assert signed.until(f"/v1/voices/{signed.voice}", "deleted") == "deleted"
    assert unanswered.until(f"/v1/consents/{unanswered.consent}", "lapsed") == "lapsed"


def erase(person: Customer) -> str:
    """Ask for the person's erasure, and return its id."""
    asked = person.post(f"/v1/speakers/{person.speaker}/erase", {"reason": "requested"})
    return str(asked["id"])


def log_is_sequenced(base: str) -> None:
    """Without anyone's asking for it, every event gets its place, and a checkpoint covers it."""
    wait_until(lambda: not Outbox.objects.exists(), "the log is sequenced", seconds=30)
    wait_until(
        lambda: checkpoint_size(base) == Head.objects.get().size > 0,
        "a checkpoint covers the log",
        seconds=30,
    )


def checkpoint_size(base: str) -> int:
    """The size in the checkpoint that anyone can read."""
    answer = Client(base=base, key="").get(f"/log/{Head.objects.get().organisation_id}/checkpoint")
    return int(answer.body.split(b"\n")[1])
