"""What the bench of the log measures, one function for each number."""

from __future__ import annotations

import base64
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Final

from django.conf import settings
from django.db import connection, connections, transaction

from core import clock, ids
from transparency_log import checkpoints, events, fsck, proofs, sequencer, tasks
from transparency_log.formats import log_entry
from transparency_log.models import Checkpoint, Entry

NOON: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)
BATCH: Final = 64
MANY: Final = 256


def measure_appends(append: Callable[[str, int], object]) -> float:
    organisation_id, count = ids.new("org"), MANY if append is append_many else BATCH
    # The key is made at its first use.
    append(organisation_id, count)
    began = time.perf_counter()
    for _ in range(32):
        append(organisation_id, count)

    return 32 * count / (time.perf_counter() - began)


def append_many(organisation_id: str, count: int) -> None:
    with transaction.atomic():
        events.append_events(
            [
                events.LogEvent(
                    organisation_id=organisation_id,
                    livemode=True,
                    kind="clip.issued",
                    at=clock.now(),
                    actor="key:bench",
                    subject=None,
                    refs={"clip": ids.new("clp"), "consent": ids.new("con")},
                    body={"number": number},
                )
                for number in range(count)
            ]
        )


def measure_whole_way(organisation_id: str, count: int) -> float:
    """Return the events a second of one process, with sequencer and signer in another.

    It ends when a checkpoint covers the last event.
    """
    append_many(organisation_id, 1)
    sequencer.settle_log(organisation_id, at=clock.now())
    connections.close_all()
    connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's alone
    child = os.fork()
    if child == 0:
        _settle_until(organisation_id, count)
        # The child must not run what its parent would at its end.
        os._exit(0)

    began = time.perf_counter()
    for _ in range(count // MANY):
        append_many(organisation_id, MANY)

    _, status = os.waitpid(child, 0)
    assert status == 0
    return count // MANY * MANY / (time.perf_counter() - began)


def _settle_until(organisation_id: str, count: int) -> None:
    while (
        checkpoints.get_latest_checkpoint(organisation_id) or Checkpoint()
    ).size < count // MANY * MANY:
        if not sequencer.settle_log(organisation_id, at=clock.now()):
            time.sleep(settings.SAYSO_CHECKPOINT_MS / 1000)


def append_batch(organisation_id: str, count: int) -> list[str]:
    with transaction.atomic():
        return [
            events.append_event(
                organisation_id=organisation_id,
                livemode=True,
                kind="clip.issued",
                at=clock.now(),
                actor="key:bench",
                subject=None,
                refs={"clip": ids.new("clp"), "consent": ids.new("con")},
                body={"number": number},
            )
            for number in range(count)
        ]


def measure_latencies(organisation_id: str, *, seconds: float = 15.0) -> list[float]:
    """Return the seconds from events at random moments to the first checkpoint that covers each.

    The beat's task runs at its interval.
    """
    published: list[tuple[float, int]] = []
    done = threading.Event()

    def beat() -> None:
        while not done.wait(settings.SAYSO_CHECKPOINT_MS / 1000):
            tasks.settle_all_logs()
            size = Entry.objects.filter(organisation_id=organisation_id).count()
            published.append((time.perf_counter(), size))

        connections.close_all()

    thread = threading.Thread(target=beat)
    thread.start()
    chance, committed = Random(20), []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        time.sleep(chance.expovariate(50))
        append_batch(organisation_id, 1)
        committed.append(time.perf_counter())

    time.sleep(1)
    done.set()
    thread.join()
    return [
        next(at for at, size in published if size > idx) - event
        for idx, event in enumerate(committed)
    ]


def fill_outbox(organisation_id: str, count: int) -> None:
    """Fill the outbox as business transactions would.

    COPY and a single commitment save minutes.
    """
    commitment = base64.b64encode(bytes(32)).decode("ascii")
    kid, consents = "k" * 22, [ids.new("con") for _ in range(1000)]
    columns = "transparency_log_outbox (organisation_id, event_id, payload)"
    with connection.cursor() as cursor, cursor.copy(f"COPY {columns} FROM STDIN") as copy:
        for number in range(count):
            event_id = ids.new("evt")
            payload = log_entry.build_entry(
                event_id=event_id, organisation_id=organisation_id, livemode=True,
                kind="clip.issued", at=NOON, kid=kid, commitment=commitment,
                refs={"consent": consents[number % 1000]},
            )  # fmt: skip
            copy.write_row((organisation_id, event_id, payload))
            _tell(number, count, "waiting")

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE transparency_log_outbox")


def measure_sequencing(organisation_id: str, count: int) -> float:
    began, placed = time.perf_counter(), 0
    while placed < count:
        # A checkpoint every 16 batches, as the beat would publish under such a load.
        placed += sum(sequencer.sequence_batch(organisation_id) for _ in range(16))
        checkpoints.publish_checkpoint(organisation_id, at=NOON)
        _tell(placed, count, "placed")

    return count / (time.perf_counter() - began)


def measure_proofs(organisation_id: str, count: int) -> list[float]:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE transparency_log_tile, transparency_log_entry")

    chance, found = Random(20), []

    for _ in range(1000):
        index = chance.randrange(count)
        began = time.perf_counter()
        proofs.build_inclusion_proof(organisation_id, index=index, size=count)
        found.append(time.perf_counter() - began)

    return found


def measure_verification(organisation_id: str) -> tuple[float, float]:
    """Return the seconds of wall time, and of processor time, which the load changes less."""
    began, before = time.perf_counter(), time.process_time()
    report = fsck.verify_log(
        organisation_id, progress=lambda done, total: _tell(done, total, "verified")
    )
    assert report.good, report
    return time.perf_counter() - began, time.process_time() - before


def pick_quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(len(values) * share)]


def _tell(done: int, total: int, what: str) -> None:
    if sys.stderr.isatty() and done % 65_536 == 0:
        print(f"{done:,} of {total:,} {what}", file=sys.stderr)
