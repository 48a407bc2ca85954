"""The service as processes: web server, embedded worker, Celery workers and beat, started and ended
by a test.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final
from uuid import uuid4

from celery import Celery

from config.demo.server import find_free_port
from config.embedded_worker import LANES

ROOT: Final = Path(__file__).resolve().parents[2]
START_SECONDS: Final = 90.0
# Anyone who waits in these tests waits for a sweep; a customer's service sweeps every quarter of a
# minute.
BRISK: Final = {
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "SAYSO_SWEEP_SECONDS": "1",
    "SAYSO_LOG_LEVEL": "WARNING",
    "PYTHONWARNINGS": "default",
}
CELERY: Final = (sys.executable, "-m", "celery", "-A", "config.celery")
SPEECH: Final = "speech"
NOBODY_LISTENS: Final = "redis://127.0.0.1:9/0"  # the discard port


def wait_until(
    done: Callable[[], object], what: str, *, seconds: float = 120.0, every: float = 0.25
) -> None:
    """Ask again and again until it is so; fail when it does not become so in time."""
    ends = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < ends, f"{what}: not within {seconds:.0f} s"
        time.sleep(every)  # a key has 600 calls a minute


@contextmanager
def process(
    command: list[str], environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process and its children, in a group of their own; none of them outlives the block."""
    with log.open("ab") as out:
        started = subprocess.Popen(
            command, cwd=ROOT, env={**environment}, stdin=subprocess.DEVNULL, stdout=out,
            stderr=out, start_new_session=True,
        )  # fmt: skip
        try:
            yield started
        finally:
            end(started)


def end(started: subprocess.Popen[bytes], *, politely: float = 10.0) -> None:
    """Ask a process to end; then kill it and its whole group."""
    with suppress(subprocess.TimeoutExpired):
        started.terminate()
        started.wait(politely)
    with suppress(ProcessLookupError):
        os.killpg(started.pid, signal.SIGKILL)
    started.wait()


@contextmanager
def web(
    environment: Mapping[str, str],
    log: Path,
    *,
    port: int | None = None,
    public_url: str | None = None,
) -> Iterator[str]:
    """The web server; with REDIS_URL empty it carries the background work out itself.

    Gives its base URL, which is its public one unless there is a `public_url`.
    """
    chosen = port or find_free_port()
    base = f"http://127.0.0.1:{chosen}"
    command = [sys.executable, "manage.py", "serve", "--port", str(chosen)]
    given = {**environment, **BRISK, "SAYSO_PUBLIC_URL": public_url or base}
    with process(command, given, log) as server:
        wait_until(
            lambda: server.poll() is not None or answers(chosen),
            said(log, "the server"),
            seconds=START_SECONDS,
        )
        assert server.poll() is None, said(log, "the server ended")
        yield base


@contextmanager
def celery(environment: Mapping[str, str], log: Path) -> Iterator[None]:
    """Celery workers as docs/operation.md has them, where speech keeps nothing else waiting, and
    the beat.
    """
    others = [lane for lane in LANES if lane != SPEECH]
    with (
        celery_worker(environment, log, lanes=others),
        celery_worker(environment, log, lanes=[SPEECH]),
        celery_beat(environment, log),
    ):
        yield


@contextmanager
def celery_worker(
    environment: Mapping[str, str], log: Path, *, lanes: Iterable[str] = LANES, at_once: int = 2
) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker with a pool of `at_once`, once it takes tasks: one whose pool dies before
    that ends by itself.
    """
    command = [
        *CELERY,
        "worker",
        "-Q",
        ",".join(lanes),
        "-c",
        str(at_once),
        "-l",
        "warning",
        "-n",
        f"{uuid4()}@test",
    ]
    name = command[-1]
    with (
        process(command, {**environment, **BRISK}, log) as worker,
        Celery(broker=environment["REDIS_URL"]) as probe,
    ):
        wait_until(
            lambda: (
                worker.poll() is not None
                or probe.control.ping(destination=[name], timeout=1.0, limit=1)
            ),
            said(log, "the worker"),
            seconds=START_SECONDS,
        )
        assert worker.poll() is None, said(log, "the worker ended")
        yield worker


@contextmanager
def celery_beat(environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The beat."""
    command = [
        *CELERY,
        "beat",
        "-l",
        "warning",
        "--schedule",
        str(log.with_suffix(".schedule")),
        "--pidfile",
        "",
    ]
    with process(command, {**environment, **BRISK}, log) as beat:
        yield beat


def answers(port: int) -> bool:
    """Whether a server on this port lives."""
    line = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        line.request("GET", "/health/live")
        return line.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        line.close()


def said(log: Path, what: str) -> str:
    """What to show when something did not start: the end of its log."""
    return (
        f"{what}:\n{log.read_text(encoding='utf-8', errors='replace')[-3000:]}"
        if log.exists()
        else what
    )
