"""`python -m tests.support.log_crashes ORG FILE KILLS`: writers and sequencers that die at
random moments.

One process sets Django up and forks the others, so that a new one is there within milliseconds. A
writer puts the id of an event into FILE once its transaction has committed: what stands there was
acknowledged, and must not be lost. A sequencer puts a line into FILE.published for every
checkpoint. Kills wait for both, so that the machine's load decides how long this takes, and not
what it proves.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import django

WRITERS, SEQUENCERS = 4, 2
# So many kills may fall between two checkpoints; on SQLite, four writers can keep a sequencer from
# its turn for long.
KILLS_A_CHECKPOINT = 5
ROLLBACKS, SLOW = 0.05, 0.1


def main(organisation_id: str, file: str, kills: int) -> None:
    """Kill someone, replace them, again and again; end with all of them killed."""
    django.setup()
    chance = random.Random(20)
    acknowledged, published = (
        os.open(name, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        for name in (file, f"{file}.published")
    )
    children: dict[int, Callable[[], None]] = {}

    def start(work: Callable[[], None]) -> None:
        pid = os.fork()
        if pid == 0:
            try:
                work()
            finally:
                os._exit(1)
        children[pid] = work

    for _ in range(WRITERS):
        start(lambda: _write(organisation_id, acknowledged))
    for _ in range(SEQUENCERS):
        start(lambda: _sequence(organisation_id, published))
    for number in range(kills):
        files = (acknowledged,) if number % KILLS_A_CHECKPOINT else (acknowledged, published)
        _wait_for_progress(files, seconds=chance.uniform(0.0, 0.1))
        pid = chance.choice(sorted(children))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        if not os.WIFSIGNALED(status):
            sys.exit("a process ended by itself")
        start(children.pop(pid))
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _wait_for_progress(files: Sequence[int], *, seconds: float) -> None:
    """However busy the machine is: between two kills someone got something done, by each of these
    files.
    """
    before = [os.fstat(file).st_size for file in files]
    time.sleep(seconds)
    while any(os.fstat(file).st_size == size for file, size in zip(files, before, strict=True)):
        time.sleep(0.002)


def _write(organisation_id: str, acknowledged: int) -> None:
    from django.db import transaction  # noqa: PLC0415 - only once Django is set up

    from core import clock  # noqa: PLC0415 - as above
    from transparency_log import events  # noqa: PLC0415 - as above

    chance = random.Random(os.getpid())
    while True:
        rolls_back = chance.random() < ROLLBACKS
        with transaction.atomic():
            event_id = events.append_event(
                organisation_id=organisation_id, livemode=True, kind="admin.action", at=clock.now(),
                actor="test", subject=None, refs={"organisation": organisation_id},
                body={"pid": os.getpid()},
            )  # fmt: skip
            if chance.random() < SLOW:
                time.sleep(0.02)
            transaction.set_rollback(rolls_back)
        if not rolls_back:
            os.write(acknowledged, f"{event_id}\n".encode())


def _sequence(organisation_id: str, published: int) -> None:
    from core import clock  # noqa: PLC0415 - only once Django is set up
    from transparency_log import sequencer  # noqa: PLC0415 - as above

    while True:
        if sequencer.settle_log(organisation_id, at=clock.now()):
            os.write(published, b"\n")
        time.sleep(0.005)


if __name__ == "__main__":
    main(sys.argv[1], str(Path(sys.argv[2])), int(sys.argv[3]))
