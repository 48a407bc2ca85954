"""Fifty processes are killed while batches run and people revoke: nothing is lost, doubled, late, or unpaid."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.conf import settings

from config.demo.server import free_port
from tests.e2e import processes
from tests.e2e.endurance import Town, nothing_is_amiss, under_fire
from tests.e2e.processes import BRISK, answers, said, wait_until

SERVERS, SERVER_KILLS = 3, 35
WORKER_KILLS, WEB_KILLS = 12, 3
# Short, so that what a dead worker held is soon taken over; a slow one only loses its work.
LEASE = {"SAYSO_JOB_LEASE_SECONDS": "8"}


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def children(pid: int) -> list[int]:
    """The processes that this one has forked."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.postgres
@pytest.mark.alone
class TestEmbeddedServers:
    def test_die_and_nothing_is_lost(self, acme_key: str, child_environment: Mapping[str, str], tmp_path: Path) -> None:
        ports = [free_port() for _ in range(SERVERS)]
        environment = {**child_environment, **BRISK, **LEASE, "REDIS_URL": ""}
        command = [sys.executable, "-m", "tests.e2e.crashing", str(tmp_path), *map(str, ports)]

        with processes.process(command, environment, tmp_path / "log"):
            wait_until(lambda: all(map(answers, ports)), said(tmp_path / "log", "the servers"), seconds=90)
            town = Town(bases=[f"http://127.0.0.1:{port}" for port in ports], key=acme_key)
            town.settle_in(people=6, texts=8)
            under_fire(town, lambda: kill(int((tmp_path / str(random.choice(ports))).read_text())), kills=SERVER_KILLS)

        nothing_is_amiss(town)


@pytest.mark.redis
@pytest.mark.alone
class TestCeleryWorkersAndWebServer:
    def test_die_and_nothing_is_lost(self, acme_key: str, child_environment: Mapping[str, str], tmp_path: Path) -> None:
        if not settings.REDIS_URL:
            pytest.skip("needs REDIS_URL")
        environment, port = {**child_environment, **LEASE, "REDIS_URL": settings.REDIS_URL}, free_port()

        with ExitStack() as stack:
            worker = stack.enter_context(processes.celery(environment, tmp_path / "celery.log"))
            web = Restarted(environment, tmp_path / "web.log", port, stack)
            wait_until(lambda: len(children(worker.pid)) == 2, "the workers", seconds=90)
            town = Town(bases=[web.base], key=acme_key)
            town.settle_in(people=4, texts=6)
            under_fire(town, lambda: kill(_somebody(worker.pid)), kills=WORKER_KILLS)
            town.settle_in(people=2, texts=4)
            under_fire(town, web.kill, kills=WEB_KILLS)

        nothing_is_amiss(town)


def _somebody(pid: int) -> int:
    """One of the pool's workers; right after a kill the pool may be empty for a moment."""
    wait_until(lambda: children(pid), "a worker in the pool")
    return random.choice(children(pid))


class Restarted:
    """A web server that somebody starts again when it was killed."""

    def __init__(self, environment: Mapping[str, str], log: Path, port: int, stack: ExitStack) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self._port, self._log, self._stack = port, log, stack
        self._environment = {**environment, **BRISK, "SAYSO_PUBLIC_URL": self.base}
        self._running = self._start()

    def kill(self) -> None:
        """Kill it, and start it anew."""
        kill(self._running.pid)
        self._running.wait()
        self._running = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "manage.py", "serve", "--port", str(self._port)]
        running = self._stack.enter_context(processes.process(command, self._environment, self._log))
        wait_until(lambda: answers(self._port), "the web server", seconds=90)
        return running
