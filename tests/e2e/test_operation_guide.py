"""L-A1: the processes of docs/operation.md as it starts them, word for word and with every
default.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings

from config.celery import BEAT, app
from config.demo.client import Client
from config.demo.server import find_free_port
from config.sweep_times import measure_ages
from provenance.models import Clip
from tests.support import processes
from tests.support.api_client import SENTENCE, Customer
from tests.support.endurance import ready_voice
from tests.support.guide_processes import guide_process, read_guide_lines
from tests.support.processes import said, wait_until
from tests.support.wire_client import Wire

pytestmark = pytest.mark.alone
WEB_PROCESSES: Final = 4
WORKERS: Final = 5
A_DAY: Final = 86_400
MOST_A_DAY: Final = 1_000_000
SLOW_SECONDS: Final = 2.0
IDLE_SECONDS: Final = 20.0
HOURLY: Final = frozenset(task for task, every in BEAT.values() if every == 3600)


def live_by_the_guide(environment: Mapping[str, str], port: int, redis: str) -> dict[str, str]:
    """The environment of an operator who sets what has no default, and the port of uvicorn."""
    kept = {
        name: value
        for name, value in environment.items()
        if not name.startswith("SAYSO_")
        or name in {"SAYSO_DATA_DIR", "SAYSO_SECRET_KEY", "SAYSO_MASTER_KEY", "SAYSO_DEVELOPMENT"}
    }
    own = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "REDIS_URL": redis,
        "SAYSO_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "UVICORN_PORT": str(port),
    }
    return {**kept, **own}


@pytest.mark.postgres
class TestTheWebServerOfTheGuide:
    def test_lets_a_stream_end_when_it_is_stopped_and_takes_nothing_new(
        self, child_environment: Mapping[str, str], acme_key: str, tmp_path: Path
    ) -> None:
        """L-B10: the line as the guide has it, with its four workers."""
        (line,) = read_guide_lines("uvicorn")
        port, log = find_free_port(), tmp_path / "web.log"
        environment = live_by_the_guide(child_environment, port, "")
        with guide_process(line, environment, log) as server:
            wait_until(lambda: processes.answers(port), said(log, "the server"), seconds=90)
            reader = Customer(client=Client(base=f"http://127.0.0.1:{port}", key=acme_key))
            reader.meet()
            ready_voice(reader)
            words = {**reader.words(SENTENCE * 40), "delivery": {"mode": "stream"}}
            stream = Wire(port, acme_key).speak(words, buffer=4096)
            assert stream.chunk()

            server.send_signal(signal.SIGTERM)
            asked = time.monotonic()
            time.sleep(SLOW_SECONDS)  # a client that takes its time
            stream.rest()
            stream.close()
            assert server.wait(settings.SAYSO_STOP_SECONDS + 5) in {0, -signal.SIGTERM}
            assert time.monotonic() - asked < settings.SAYSO_STOP_SECONDS + 5
            assert not processes.answers(port)

        assert stream.whole
        clip = Clip.objects.get(id=stream.headers["sayso-clip"])
        assert (clip.state, clip.size) == ("issued", len(stream.received))
        assert "Traceback" not in log.read_text(encoding="utf-8")


@contextmanager
def run_all_processes(environment: Mapping[str, str], logs: Path) -> Iterator[None]:
    """Web server, workers and beat of the guide, once they are at work."""
    lines = [*read_guide_lines("celery"), *read_guide_lines("uvicorn")]
    assert len(lines) == 7
    with ExitStack() as running:
        for number, line in enumerate(lines):
            running.enter_context(guide_process(line, environment, logs / f"{number}.log"))
        wait_until(lambda: have_all_started(logs), "all processes", seconds=90)
        yield


def have_all_started(logs: Path) -> bool:
    """Whether every web process and every worker has said that it is at work."""
    written = read_logs(logs)
    web, workers = written.count("Application startup complete"), written.count(' ready."')
    return (web, workers) == (WEB_PROCESSES, WORKERS)


def count_bytes(logs: Path) -> int:
    """How much all processes have written by now."""
    return sum(log.stat().st_size for log in logs.iterdir())


def read_logs(logs: Path) -> str:
    """What they wrote."""
    return "".join(log.read_text(encoding="utf-8") for log in sorted(logs.iterdir()))


@pytest.mark.redis
class TestAnIdleService:
    def test_writes_at_most_a_megabyte_of_log_a_day(
        self, child_environment: Mapping[str, str], acme_key: str, tmp_path: Path
    ) -> None:
        """L-A6: 228 MB, nearly all of it lines of tasks that were sent and received."""
        if not settings.REDIS_URL:
            pytest.skip("needs REDIS_URL")
        port, logs = find_free_port(), tmp_path / "logs"
        logs.mkdir()
        environment = live_by_the_guide(child_environment, port, settings.REDIS_URL)
        with run_all_processes(environment, logs):
            every_sweep = {task for task, every in BEAT.values() if every < 3600}
            wait_until(lambda: every_sweep <= measure_ages().keys(), "a round of all sweeps")
            before = count_bytes(logs)

            time.sleep(IDLE_SECONDS)
            idle = count_bytes(logs) - before
            assert max(measure_ages()[task] for task in every_sweep) < IDLE_SECONDS

            before = count_bytes(logs)
            for task in HOURLY:
                app.send_task(task, ignore_result=True)
            wait_until(lambda: measure_ages().keys() >= HOURLY, "what comes every hour")
            hourly = count_bytes(logs) - before

        assert "Duplicate" not in read_logs(logs)
        assert idle * A_DAY / IDLE_SECONDS + 24 * hourly < MOST_A_DAY, read_logs(logs)
