"""The Merkle log on PostgreSQL: entries a second, commit to checkpoint, proofs and verification.

`python -m bench.log [--entries N]` works in a scratch database beside the configured one, with a
million entries, and drops it afterwards.
"""

from __future__ import annotations

import argparse
import base64
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random
from typing import Final

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings
from django.db import connection, connections, transaction

from bench.table import Row, show
from core import clock, ids
from transparency_log import checkpoints, events, fsck, proofs, sequencer, tasks
from transparency_log.formats import log_entry
from transparency_log.models import Checkpoint, Entry

MILLION: Final = 1_000_000
NOON: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)
BATCH: Final = 64
MANY: Final = 256
WHOLE: Final = 250_000


def rows(*, count: int = MILLION) -> list[Row]:
    """Measure everything in a scratch database, in a few minutes at a million entries."""
    before = os.getloadavg()[0]

    with _scratch():
        organisation_id = ids.new("org")
        appended = _appends(_append)
        batched = _appends(_append_many)
        whole = _whole_way(ids.new("org"), min(count, WHOLE))
        latencies = _latencies(ids.new("org"))
        _wait_in_outbox(organisation_id, count)
        rate = _sequencing(organisation_id, count)
        proving = _proving(organisation_id, count)
        verified, worked = _verifying(organisation_id)

    p95, p99 = _part(latencies, 0.95) * 1000, _part(proving, 0.99) * 1000
    return [
        Row(
            name=f"entries placed, sealed in tiles and signed, {count:,}",
            measured=f"{rate:,.0f} /s",
            wanted=">= 1,000 /s",
            met=rate >= 1000,
        ),
        Row(
            name=f"events appended one by one, {BATCH} a transaction, one process",
            measured=f"{appended:,.0f} /s",
        ),
        Row(
            name=f"the same by `append_many`, {MANY} a transaction",
            measured=f"{batched:,.0f} /s",
            wanted=">= 1,000 /s",
            met=batched >= 1000,
        ),
        Row(
            name=(
                f"the whole way of {min(count, WHOLE):,}: appended by one process while another "
                "places and signs"
            ),
            measured=f"{whole:,.0f} /s",
            wanted=">= 5,000 /s",
            met=whole >= 5000,
        ),
        Row(
            name=f"commit to signed checkpoint, p95, every {settings.SAYSO_CHECKPOINT_MS} ms",
            measured=f"{p95:.0f} ms",
            wanted="<= 500 ms",
            met=p95 <= 500,
        ),
        Row(name="the same, p99", measured=f"{_part(latencies, 0.99) * 1000:.0f} ms"),
        Row(
            name=f"inclusion proof at {count:,}, p99",
            measured=f"{p99:.1f} ms",
            wanted="<= 50 ms",
            met=p99 <= 50,
        ),
        Row(name="the same, median", measured=f"{statistics.median(proving) * 1000:.1f} ms"),
        Row(
            name=f"verify_log of {count:,}",
            measured=f"{verified:.1f} s",
            wanted="<= 10 s",
            met=verified <= 10,
        ),
        Row(name="the same, processor time of its process", measured=f"{worked:.1f} s"),
        Row(
            name="load of the machine before and after",
            measured=f"{before:.1f}, {os.getloadavg()[0]:.1f}",
        ),
    ]


def _appends(append: Callable[[str, int], object]) -> float:
    organisation_id, count = ids.new("org"), MANY if append is _append_many else BATCH
    # The key is made at its first use.
    append(organisation_id, count)
    began = time.perf_counter()
    for _ in range(32):
        append(organisation_id, count)

    return 32 * count / (time.perf_counter() - began)


def _append_many(organisation_id: str, count: int) -> None:
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


def _whole_way(organisation_id: str, count: int) -> float:
    """Return the events a second of one process, with sequencer and signer in another.

    It ends when a checkpoint covers the last event.
    """
    _append_many(organisation_id, 1)
    sequencer.settle_log(organisation_id, at=clock.now())
    connections.close_all()
    connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's alone
    child = os.fork()
    if child == 0:
        _settle_until(organisation_id, count)
        os._exit(0)

    began = time.perf_counter()
    for _ in range(count // MANY):
        _append_many(organisation_id, MANY)

    _, status = os.waitpid(child, 0)
    assert status == 0
    return count // MANY * MANY / (time.perf_counter() - began)


def _settle_until(organisation_id: str, count: int) -> None:
    while (
        checkpoints.get_latest_checkpoint(organisation_id) or Checkpoint()
    ).size < count // MANY * MANY:
        if not sequencer.settle_log(organisation_id, at=clock.now()):
            time.sleep(settings.SAYSO_CHECKPOINT_MS / 1000)


def _append(organisation_id: str, count: int) -> list[str]:
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


def _latencies(organisation_id: str, *, seconds: float = 15.0) -> list[float]:
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
        _append(organisation_id, 1)
        committed.append(time.perf_counter())

    time.sleep(1)
    done.set()
    thread.join()
    return [
        next(at for at, size in published if size > idx) - event
        for idx, event in enumerate(committed)
    ]


def _wait_in_outbox(organisation_id: str, count: int) -> None:
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


def _sequencing(organisation_id: str, count: int) -> float:
    began, placed = time.perf_counter(), 0
    while placed < count:
        # A checkpoint every 16 batches, as the beat would publish under such a load.
        placed += sum(sequencer.sequence_batch(organisation_id) for _ in range(16))
        checkpoints.publish_checkpoint(organisation_id, at=NOON)
        _tell(placed, count, "placed")

    return count / (time.perf_counter() - began)


def _proving(organisation_id: str, count: int) -> list[float]:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE transparency_log_tile, transparency_log_entry")

    chance, found = Random(20), []

    for _ in range(1000):
        index = chance.randrange(count)
        began = time.perf_counter()
        proofs.build_inclusion_proof(organisation_id, index=index, size=count)
        found.append(time.perf_counter() - began)

    return found


def _verifying(organisation_id: str) -> tuple[float, float]:
    """Return the seconds of wall time, and of processor time, which the load changes less."""
    began, before = time.perf_counter(), time.process_time()
    report = fsck.verify_log(
        organisation_id, progress=lambda done, total: _tell(done, total, "verified")
    )
    assert report.good, report
    return time.perf_counter() - began, time.process_time() - before


def _part(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(len(values) * share)]


def _tell(done: int, total: int, what: str) -> None:
    if sys.stderr.isatty() and done % 65_536 == 0:
        print(f"{done:,} of {total:,} {what}", file=sys.stderr)


@contextmanager
def _scratch() -> Iterator[None]:
    if connection.vendor != "postgresql":
        sys.exit("bench.log: set DATABASE_URL; the log's numbers are promised on PostgreSQL")

    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)

    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def main() -> int:
    """Print the table, and return 1 when a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.log")
    parser.add_argument("--entries", type=int, default=MILLION)
    measured = rows(count=parser.parse_args().entries)
    print(show(measured))
    return 1 if any(row.met is False for row in measured) else 0


if __name__ == "__main__":
    sys.exit(main())
