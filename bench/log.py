"""The Merkle log on PostgreSQL: entries a second, commit to checkpoint, proofs and verification.

`python -m bench.log [--entries N]` works in a scratch database beside the configured one, with a
million entries, and drops it afterwards.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings
from django.db import connection

from bench.log_case import (
    BATCH,
    MANY,
    append_batch,
    append_many,
    fill_outbox,
    measure_appends,
    measure_latencies,
    measure_proofs,
    measure_sequencing,
    measure_verification,
    measure_whole_way,
    pick_quantile,
)
from bench.table import Row, show
from core import ids

MILLION: Final = 1_000_000
WHOLE: Final = 250_000


def rows(*, count: int = MILLION) -> list[Row]:
    """Measure everything in a scratch database, in a few minutes at a million entries."""
    before = os.getloadavg()[0]

    with _scratch():
        organisation_id = ids.new("org")
        appended = measure_appends(append_batch)
        batched = measure_appends(append_many)
        whole = measure_whole_way(ids.new("org"), min(count, WHOLE))
        latencies = measure_latencies(ids.new("org"))
        fill_outbox(organisation_id, count)
        rate = measure_sequencing(organisation_id, count)
        proving = measure_proofs(organisation_id, count)
        verified, worked = measure_verification(organisation_id)

    p95, p99 = pick_quantile(latencies, 0.95) * 1000, pick_quantile(proving, 0.99) * 1000
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
        Row(name="the same, p99", measured=f"{pick_quantile(latencies, 0.99) * 1000:.0f} ms"),
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
