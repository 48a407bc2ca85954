"""Parts are taken away from a running service: it answers in time, says what is missing, and no one
customer or part stops the others.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from config.demo.client import Client, DemoResponse
from tests.support import processes, servers
from tests.support.api_client import AUDIOBOOK, SENTENCE, Customer, new_key
from tests.support.processes import wait_until
from tests.support.servers import OwnServer

pytestmark = [pytest.mark.postgres, pytest.mark.alone]
IMPATIENT: Final = {
    "SAYSO_POOL_SECONDS": "2",
    "SAYSO_CONNECT_SECONDS": "2",
    "SAYSO_LOCK_SECONDS": "3",
    "SAYSO_STATEMENT_SECONDS": "3",
    "SAYSO_REDIS_SECONDS": "2",
}
AT_ONCE: Final = 20
PROMPT: Final = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A running service, two customers of it, another consent of the first, and what it stands
    on.
    """

    base: str
    log: Path
    postgresql: OwnServer
    redis: OwnServer
    acme: Customer
    other: Customer
    globex: Customer

    def ask(self, path: str) -> DemoResponse:
        """What anybody is told there."""
        return Client(base=self.base, key="").get(path)

    def count_lines(self, event: str) -> int:
        """How many lines of the log say this."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return sum(json.loads(line).get("event") == event for line in lines if line[:1] == "{")


@pytest.fixture
def place(child_environment: Mapping[str, str], tmp_path: Path) -> Iterator[Place]:
    """A web process on a PostgreSQL and a Redis of this test's own."""
    keys = [new_key("Acme"), new_key("Globex")]
    with servers.own_postgresql() as postgresql, servers.own_redis() as redis:
        assert postgresql is not None
        if redis is None:
            pytest.skip("needs a Redis to stop")
        copy_database(child_environment["DATABASE_URL"], postgresql)
        environment = {
            **child_environment,
            **IMPATIENT,
            "DATABASE_URL": postgresql.url,
            "REDIS_URL": redis.url,
        }
        with processes.web(environment, tmp_path / "web.log") as base:
            acme, globex = (Customer(client=Client(base=base, key=key)) for key in keys)
            acme.meet()
            acme.clone()
            globex.meet()
            other = Customer(client=acme.client)
            other.meet()
            yield Place(
                base=base,
                log=tmp_path / "web.log",
                postgresql=postgresql,
                redis=redis,
                acme=acme,
                other=other,
                globex=globex,
            )


def copy_database(url: str, to: OwnServer) -> None:
    """Copy the tables and rows of the test's database into a server of its own."""
    dump = to.run("pg_dump", "--no-owner", url)
    to.run("psql", "-q", "-v", "ON_ERROR_STOP=1", to.url, given=dump)


def decide(customer: Customer) -> DemoResponse:
    """What the gate says to speech under the customer's consent."""
    body = {
        "action": "synthesize",
        "consent": customer.consent,
        "language": "en",
        "use_case": AUDIOBOOK,
        "channel": "podcast",
        "territory": "DE",
    }
    return customer.client.post("/v1/decisions", body)


def time_call(call: Callable[[], DemoResponse]) -> tuple[DemoResponse, float]:
    """The answer, and the seconds that it took."""
    began = time.monotonic()
    answer = call()
    return answer, time.monotonic() - began


def says_to_come_again(answer: DemoResponse) -> bool:
    """Whether this is a 503 with the code of a part that is away, and a time to come again."""
    told: dict[str, Any] = answer.json
    return (answer.status, told["code"]) == (503, "unavailable") and int(
        answer.headers["retry-after"]
    ) > 0


class TestAPartThatIsTakenAway:
    """One service for all of them: L-B6, L-B7, L-B8, L-B9."""

    def test_stops_nobody_who_can_do_without_and_is_a_503_in_time(self, place: Place) -> None:
        assert decide(place.acme).status == 200
        assert place.ask("/health/ready").json["status"] == "ok"

        check_locked_consent(place)
        check_frozen_database(place)
        check_restarted_database(place)
        check_redis_away(place)


def check_locked_consent(place: Place) -> None:
    """Forty calls wait for one row, and everybody else is served."""
    revoke = f"/v1/consents/{place.acme.consent}/revoke"
    with (
        psycopg.connect(place.postgresql.url) as server,
        ThreadPoolExecutor(2 * AT_ONCE) as crowd,
    ):
        server.execute(
            "SELECT 1 FROM consent_consent WHERE id = %s FOR UPDATE", [place.acme.consent]
        )
        stuck = [crowd.submit(decide, place.acme) for _ in range(AT_ONCE)]
        stuck += [
            crowd.submit(place.acme.client.post, revoke, {"reason": "requested"})
            for _ in range(AT_ONCE)
        ]
        time.sleep(0.5)

        check_served(place)
        answer, took = time_call(lambda: decide(place.other))
        assert (answer.status, took < PROMPT) == (200, True), took
        wait_until(lambda: all(one.done() for one in stuck), "they are told", seconds=15)

    assert all(says_to_come_again(one.result()) for one in stuck)
    assert decide(place.acme).status == 200


def check_frozen_database(place: Place) -> None:
    """The server and all its processes stand still."""
    before = place.count_lines("unavailable")
    with place.postgresql.freeze(), ThreadPoolExecutor(AT_ONCE) as crowd:
        waiting = [crowd.submit(time_call, lambda: decide(place.acme)) for _ in range(3)]
        ready, took = time_call(lambda: place.ask("/health/ready"))
        assert (ready.status, ready.json["parts"]["database"]) == (503, "unreachable")
        assert took < 2
        assert place.ask("/health/live").status == 200

        for answer, seconds in (one.result() for one in waiting):
            assert says_to_come_again(answer)
            assert seconds < 10
    assert place.count_lines("unavailable") >= before + 3

    wait_until(lambda: place.ask("/health/ready").status == 200, "it is ready", seconds=10)
    assert decide(place.acme).status == 200


def check_restarted_database(place: Place) -> None:
    """A process of the server is killed, as by a lack of memory.

    The server ends all connections at once, refuses new ones while it recovers, and comes back.
    """
    with suppress(psycopg.Error), psycopg.connect(place.postgresql.url) as server:
        os.kill(server.info.backend_pid, signal.SIGKILL)
        server.execute("SELECT 1")

    answers: list[DemoResponse] = []

    def is_answered_again() -> bool:
        answers.append(decide(place.acme))
        return answers[-1].status == 200

    wait_until(is_answered_again, "the database is back", seconds=20, every=0.05)
    assert all(says_to_come_again(answer) for answer in answers[:-1])
    wait_until(lambda: place.ask("/health/ready").status == 200, "it is ready", seconds=10)


def check_redis_away(place: Place) -> None:
    """Frozen first, then gone: neither keeps anybody waiting, nor a connection."""
    with place.redis.freeze(), ThreadPoolExecutor(AT_ONCE) as crowd:
        asked: list[Future[DemoResponse]] = [
            crowd.submit(decide, place.acme) for _ in range(AT_ONCE)
        ]
        check_served(place)
        assert {one.result().status for one in asked} == {200}
        check_spoken(place)

        ready, took = time_call(lambda: place.ask("/health/ready"))
        assert took < 2
        assert (ready.status, ready.json["status"]) == (200, "degraded")
        assert ready.json["parts"]["redis"] == "unreachable"

    place.redis.process.terminate()
    place.redis.process.wait(10)
    check_served(place)
    assert place.ask("/health/ready").json["status"] == "degraded"


def check_spoken(place: Place) -> None:
    """Check that speech and a batch, which wake others up, wait for none of them."""
    speaker = place.acme
    spoken, took = time_call(lambda: speaker.client.post("/v1/speech", speaker.words()))
    assert spoken.status == 200, spoken.body[:500]
    assert took < 4 * PROMPT

    batch = {**speaker.words(), "items": [{"text": SENTENCE}] * 3}
    del batch["text"]
    queued, took = time_call(lambda: speaker.client.post("/v1/speech/batch", batch))
    assert queued.status == 202, queued.body[:500]
    assert took < PROMPT


def check_served(place: Place) -> None:
    """Check that the other customer decides, reads, revokes, and that the instance stays."""
    body = {"reason": "requested"}
    place.globex.meet()
    calls: tuple[Callable[[], DemoResponse], ...] = (
        lambda: decide(place.globex),
        lambda: place.globex.client.get("/v1/clips"),
        lambda: place.globex.client.post(f"/v1/consents/{place.globex.consent}/revoke", body),
        lambda: place.ask("/health/ready"),
    )
    for call in calls:
        answer, took = time_call(call)
        assert answer.status == 200, answer.body[:500]
        assert took < PROMPT
