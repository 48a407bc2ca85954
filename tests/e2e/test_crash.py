"""Fifty processes are killed while batches run and people revoke: nothing is lost, doubled, late,
or unpaid.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import F

from accounts.models import SharedValue
from config.demo.client import Client
from config.demo.server import find_free_port
from tests.support import processes
from tests.support.endurance import Town, nothing_is_amiss, under_fire
from tests.support.processes import BRISK, answers, said, wait_until

SERVERS, SERVER_KILLS = 3, 35
WORKER_KILLS, WEB_KILLS = 12, 3
# Short, so that what a dead worker held is soon taken over; a slow one only loses its work.
LEASE_SECONDS = 4
LEASE = {"SAYSO_LEASE_SECONDS": str(LEASE_SECONDS)}
SLEEPS_AT = 12  # the number of the strike that puts a server to sleep instead


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def put_to_sleep(pid: int, *, seconds: float) -> None:
    """Stop a process where it stands, and let it go on when what it held was taken over."""
    os.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(pid, signal.SIGCONT)


def children(pid: int) -> list[int]:
    """The processes that this one has forked."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@dataclass(frozen=True, slots=True)
class Respawned:
    """Servers at these ports, each there again when it was killed. The folder names their pids."""

    folder: Path
    ports: Sequence[int]
    killed: set[int] = field(default_factory=set)

    def choose(self) -> int:
        """The process of one of them that lives."""
        file = self.folder / str(random.choice(self.ports))
        # One that was killed before may still stand there.
        wait_until(
            lambda: int(file.read_text()) not in self.killed,
            "a new server in the place of a killed one",
            every=0.02,
        )
        return int(file.read_text())

    def kill_one(self) -> None:
        """Kill one of them."""
        chosen = self.choose()
        self.killed.add(chosen)
        kill(chosen)


@contextmanager
def respawned(environment: Mapping[str, str], folder: Path, count: int) -> Iterator[Respawned]:
    """Run so many servers, once all of them answer."""
    ports = [find_free_port() for _ in range(count)]
    command = [sys.executable, "-m", "tests.support.server_crashes", str(folder)]
    log = folder / "web.log"
    with processes.process([*command, *map(str, ports)], {**environment, **BRISK}, log):
        wait_until(lambda: all(map(answers, ports)), said(log, "the servers"), seconds=90)
        yield Respawned(folder, ports)


def move_in(servers: Respawned, key: str) -> Town:
    """A town at these servers."""
    return Town(bases=[f"http://127.0.0.1:{port}" for port in servers.ports], key=key)


@pytest.mark.postgres
@pytest.mark.alone
class TestEmbeddedServers:
    def test_die_and_nothing_is_lost(
        self, acme_key: str, child_environment: Mapping[str, str], tmp_path: Path
    ) -> None:
        environment = {**child_environment, **LEASE, "REDIS_URL": ""}
        with respawned(environment, tmp_path, SERVERS) as servers:
            town = move_in(servers, acme_key)
            town.settle_in(people=6, texts=8)

            def strike(number: int) -> None:
                if number == SLEEPS_AT:
                    put_to_sleep(servers.choose(), seconds=LEASE_SECONDS + 2)
                else:
                    servers.kill_one()

            under_fire(town, strike, kills=SERVER_KILLS + 1)

        nothing_is_amiss(town)


@pytest.mark.redis
@pytest.mark.alone
class TestCeleryWorkersAndWebServer:
    def test_die_and_nothing_is_lost(
        self, acme_key: str, child_environment: Mapping[str, str], tmp_path: Path
    ) -> None:
        if not settings.REDIS_URL:
            pytest.skip("needs REDIS_URL")
        environment = {**child_environment, **LEASE, "REDIS_URL": settings.REDIS_URL}

        with ExitStack() as stack:
            beat = stack.enter_context(processes.celery_beat(environment, tmp_path / "beat.log"))
            web = stack.enter_context(respawned(environment, tmp_path, 1))
            worker = Restarted(
                stack, partial(processes.celery_worker, environment, tmp_path / "celery.log")
            )
            town = move_in(web, acme_key)
            town.settle_in(people=4, texts=6)

            def strike(number: int) -> None:
                if number % 4 == 3:
                    worker.kill()
                else:
                    kill(_somebody(worker.running.pid))

            under_fire(town, strike, kills=WORKER_KILLS)
            town.settle_in(people=2, texts=4)
            under_fire(town, lambda _: web.kill_one(), kills=WEB_KILLS)
            check_dead_beat_is_told(beat, town.bases[0])

        nothing_is_amiss(town)


def check_dead_beat_is_told(beat: subprocess.Popen[bytes], base: str) -> None:
    """L-B5: calls are answered without it, so its death was not seen."""
    anybody, swept = (
        Client(base=base, key=""),
        SharedValue.objects.filter(name__startswith="swept "),
    )
    wait_until(lambda: anybody.get("/health/ready").json["parts"]["sweeps"] == "ok", "the sweeps")
    beat.kill()
    beat.wait()

    def is_told() -> bool:
        # Two minutes go by in the rows. What the worker still has in its queue counts once more.
        assert swept.update(expires_at=F("expires_at") - timedelta(minutes=2))
        told = anybody.get("/health/ready")
        answer = (told.status, told.json["status"], told.json["parts"]["sweeps"])
        return answer == (200, "degraded", "silent")

    wait_until(is_told, "the dead beat is told", seconds=30)


def _somebody(pid: int) -> int:
    """One of the pool's workers; right after a kill the pool may be empty for a moment."""
    wait_until(lambda: children(pid), "a worker in the pool", every=0.02)
    return random.choice(children(pid))


class Restarted:
    """A service that is started again when it was killed with all its children, as a supervisor
    does it.
    """

    def __init__(
        self, stack: ExitStack, start: Callable[[], AbstractContextManager[subprocess.Popen[bytes]]]
    ) -> None:
        self._stack, self._start = stack, start
        self.running = stack.enter_context(start())

    def kill(self) -> None:
        """Kill it, and start it again."""
        os.killpg(self.running.pid, signal.SIGKILL)
        self.running.wait()
        self.running = self._stack.enter_context(self._start())
