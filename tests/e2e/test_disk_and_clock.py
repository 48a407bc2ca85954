"""A disk that fills up, one customer's broken log, a clock that is set: all is told, no work lost,
and all goes on by itself.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from django.conf import settings
from django.db import connection
from redis import Redis

from accounts.models import SharedValue
from config.demo.client import Client
from config.demo.server import find_free_port
from consent.models import GrantUsage, Speaker
from erasure.models import Erasure
from provenance.models import Clip
from tests.e2e.test_outages import decide, says_to_come_again
from tests.support import processes
from tests.support.api_client import SENTENCE, Customer, new_key
from tests.support.endurance import ready_voice
from tests.support.processes import BRISK, said, wait_until
from tests.support.small_disk import PAGE, SmallDisk, run_on_small_disk
from tests.support.stepped_clock import set_clock
from tests.support.wire_client import Wire
from transparency_log import sequencer
from transparency_log.models import Outbox, Tile
from voices.models import JobItem

pytestmark = pytest.mark.alone
DAY: Final = timedelta(days=1)
ROOM: Final = 136
"""Bytes that a page of the tombstones has left, when a line of 220 bytes comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A service in one process, two of its customers, its disk and its clock."""

    port: int
    key: str
    disk: SmallDisk
    clock: Path
    acme: Customer
    globex: Customer

    def check_health(self) -> tuple[int, dict[str, Any]]:
        """Ask whether it can serve."""
        ready = Client(base=f"http://127.0.0.1:{self.port}", key="").get("/health/ready")
        parts: dict[str, Any] = ready.json["parts"]
        return ready.status, parts

    def meet(self) -> Customer:
        """Somebody else at Acme, with a signed consent."""
        person = Customer(client=self.acme.client)
        person.meet()
        return person


@pytest.fixture
def place(child_environment: Mapping[str, str], tmp_path: Path) -> Iterator[Place]:
    """The service, on a disk of its own."""
    port, clock_file = find_free_port(), tmp_path / "clock"
    set_clock(clock_file, off=timedelta(0))
    keys = [new_key("Acme"), new_key("Globex")]
    environment = {
        **child_environment, **BRISK, "REDIS_URL": "", "SAYSO_MIN_FREE_BYTES": str(2**20),
        "SAYSO_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.support.stepped_clock", str(clock_file)]
    command += ["serve", "--port", str(port)]
    log = tmp_path / "web.log"

    with run_on_small_disk(command, environment, log, disk=tmp_path / "disk") as disk:
        wait_until(lambda: processes.answers(port), said(log, "the server"), seconds=90)
        base = f"http://127.0.0.1:{port}"
        acme, globex = (Customer(client=Client(base=base, key=key)) for key in keys)
        acme.meet()
        globex.meet()
        # The server has its own copy of the folder, so the profile is stored where it can read it.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(settings, "SAYSO_DATA_DIR", disk.folder)
            ready_voice(acme)
        yield Place(
            port=port, key=keys[0], disk=disk, clock=clock_file, acme=acme, globex=globex
        )  # fmt: skip


@pytest.mark.postgres
class TestAService:
    """One process for all of them: L-B12, L-B13, L-B14, L-B15."""

    def test_goes_on_when_what_went_wrong_is_over(self, place: Place) -> None:
        assert place.check_health()[0] == 200

        check_full_disk(place)
        check_broken_log(place)
        check_stepped_clock(place)


def check_full_disk(place: Place) -> None:
    """Calls that need no room are answered, the others are told, and work is given back."""
    doomed, other = place.meet(), place.meet()
    stones = place.disk.folder / "anchors" / "erased.jsonl"
    first = fill_page(stones)
    words = {**place.acme.words(SENTENCE * 10), "delivery": {"mode": "stream"}}
    stream = Wire(place.port, place.key).speak(words, buffer=4096)
    assert stream.chunk()

    place.disk.fill()
    status, parts = place.check_health()
    assert (status, parts["disk"] in {"full", "not writable"}) == (503, True), parts
    assert decide(place.acme).json["allowed"]
    revoked = f"/v1/consents/{other.consent}/revoke"
    assert other.client.post(revoked, {"reason": "requested_by_person"}).status == 200
    assert says_to_come_again(place.acme.client.post("/v1/speech", place.acme.words()))
    job = place.acme.job()
    erasure = doomed.post(f"/v1/speakers/{doomed.speaker}/erase", {"reason": "requested"})["id"]
    received = stream.rest()
    stream.close()
    wait_until(lambda: is_given_back(erasure), "the work is given back", every=0.05)
    assert stones.read_bytes() == first
    assert not stream.whole
    clips = Clip.objects.filter(id=stream.headers["sayso-clip"])
    wait_until(lambda: clips.exclude(state="making").exists(), "the stream is settled", seconds=30)
    clip = clips.get()
    assert (clip.state, len(received) <= clip.size, clip.sha256 != "") == ("aborted", True, True)
    assert 0 < clip.characters == GrantUsage.objects.get(used_characters__gt=0).used_characters

    place.disk.clear()
    wait_until(lambda: place.check_health()[0] == 200, "it is ready", seconds=10)
    assert place.acme.until(f"/v1/jobs/{job}", "done", "refused", "failed", seconds=60) == "done"
    assert doomed.until(f"/v1/erasures/{erasure}", "completed", seconds=60) == "completed"
    whole = stones.read_bytes().removeprefix(first)
    assert (json.loads(whole)["speaker"], whole.count(b"\n")) == (doomed.speaker, 1)
    wait_until(lambda: not sequencer.list_unsettled_logs(), "the logs are published", seconds=30)
    held = GrantUsage.objects.exclude(held_characters=0)
    wait_until(lambda: not held.exists(), "no quota is held", seconds=30)
    assert list(place.disk.folder.rglob("*.tmp")) == []


def fill_page(stones: Path) -> bytes:
    """Leave a whole line in the tombstones, so long that the next one finds `ROOM` bytes."""
    line = dict.fromkeys(("erasure", "speaker", "subject", "organisation"), "of before")
    written = json.dumps(line).encode().ljust(PAGE - ROOM - 1) + b"\n"
    stones.parent.mkdir(parents=True, exist_ok=True)
    stones.write_bytes(written)
    return written


def is_given_back(erasure: str) -> bool:
    """Return whether an erasure and a text were tried, and no process holds them."""
    tried = Erasure.objects.filter(id=erasure, state="running", lease_until=None, attempt__gt=0)
    texts = JobItem.objects.filter(state="queued", lease_until=None, attempt__gt=0)
    return tried.exists() and texts.exists()


def check_broken_log(place: Place) -> None:
    """The log that comes first in the order cannot be settled, and no one's wake-up comes."""
    people = (place.acme, place.globex)
    homes = Speaker.objects.in_bulk([one.speaker for one in people])
    named = {home.organisation_id: home.organisation.name for home in homes.values()}
    (broken, its_name), (whole, other_name) = sorted(named.items())
    tiles = list(Tile.objects.filter(organisation_id=broken))
    run_without_triggers("DELETE FROM transparency_log_tile WHERE organisation_id = %s", broken)

    for name in (its_name, other_name):
        new_key(name)  # An event, of which this process wakes no other.
    waiting = Outbox.objects.filter(organisation_id=whole)
    wait_until(lambda: not waiting.exists(), "the other log goes on", seconds=10)
    assert Outbox.objects.filter(organisation_id=broken).exists()
    assert place.check_health()[0] == 200

    Tile.objects.bulk_create(tiles)
    wait_until(lambda: not sequencer.list_unsettled_logs(), "the mended log goes on", seconds=10)


def run_without_triggers(statement: str, *values: str) -> None:
    """Change what the triggers protect, as a fault of the disk would."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("SET session_replication_role = DEFAULT")


def check_stepped_clock(place: Place) -> None:
    """What was asked for a day ahead is done when the clock is put back, and every sweep comes."""
    doomed = place.meet()
    set_clock(place.clock, off=DAY)
    job = place.acme.batch([SENTENCE, f"And then: {SENTENCE}"])
    erasure = doomed.post(f"/v1/speakers/{doomed.speaker}/erase", {"reason": "requested"})["id"]
    export = place.acme.post("/v1/exports", {"kind": "usage"})["id"]

    set_clock(place.clock, off=timedelta(0))
    assert place.acme.until(f"/v1/jobs/{job}", "done", "refused", "failed", seconds=60) == "done"
    assert place.acme.until(f"/v1/exports/{export}", "ready", "failed", seconds=60) == "ready"
    assert doomed.until(f"/v1/erasures/{erasure}", "completed", seconds=60) == "completed"
    check_sweeps()

    set_clock(place.clock, off=-DAY)
    check_sweeps()
    set_clock(place.clock, off=timedelta(0))
    assert place.check_health() == (200, place.check_health()[1] | {"sweeps": "ok"})


def check_sweeps() -> None:
    """Wait until the sweeps that come each second have come again.

    Each is noted every five seconds at most.
    """
    names = ("voices.sweep", "erasure.carry_due", "consent.expire", "transparency_log.settle")
    before = read_sweep_times()
    wait_until(
        lambda: all(read_sweep_times()[name] > before[name] for name in names),
        "the sweeps come",
        seconds=60,
    )


def read_sweep_times() -> dict[str, datetime]:
    """Read by the database's clock when each sweep came last, give or take a constant."""
    rows = SharedValue.objects.filter(name__startswith="swept ", expires_at__isnull=False)
    return {
        name.removeprefix("swept "): at
        for name, at in rows.values_list("name", "expires_at")
        if at is not None
    }


@pytest.mark.redis
class TestTheBeat:
    def test_sends_the_sweeps_whatever_its_clock_says(
        self, child_environment: Mapping[str, str], tmp_path: Path
    ) -> None:
        """L-B15: it was silent for a day after its clock was put back by one."""
        if not settings.REDIS_URL:
            pytest.skip("needs REDIS_URL")
        clock_file, log = tmp_path / "clock", tmp_path / "beat.log"
        set_clock(clock_file, off=DAY)
        environment = {**child_environment, **BRISK, "REDIS_URL": settings.REDIS_URL}
        command = [sys.executable, "-m", "tests.support.stepped_clock", str(clock_file)]
        command += ["celery", "-A", "config.celery", "beat", "-l", "warning", "--pidfile", ""]

        with (
            processes.process(command, environment, log),
            Redis.from_url(settings.REDIS_URL) as redis,
        ):
            for off in (DAY, timedelta(0), -DAY):
                set_clock(clock_file, off=off)
                redis.delete("work")
                wait_until(
                    lambda: b'"voices.sweep"' in b"".join(redis.lrange("work", 0, -1)),
                    said(log, "the sweep"),
                    seconds=60 if off == DAY else 15,
                )
            redis.delete("work")
