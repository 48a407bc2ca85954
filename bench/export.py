"""Time and memory of an audit bundle of a million log entries, against plain COPY of the same rows.

`python -m bench.export [--entries N]` works in a scratch database beside the configured one, on
PostgreSQL, and drops it afterwards. Each way runs in its own process, whose peak memory is read
from the kernel.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings
from django.db import connection, transaction

from accounts import provisioning
from bench.table import Row, show
from core import ids
from provenance.clips import clip_reservation
from provenance.exports import export_requests, worker
from provenance.models import Export
from provenance.verifier import build
from transparency_log import checkpoints, events, sequencer
from transparency_log.formats import log_entry, merkle
from transparency_log.models import Head, Tile
from vault import blobs

MILLION: Final = 1_000_000
NOON: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)
OPENED: Final = 20_000
# The exit status of the verifier when nothing is refused, and no attestor vouches for the keys.
CONSISTENT: Final = 3
_COLUMNS: Final = "event_id, organisation_id, idx, kind, livemode, at_ms, payload"


def rows(*, count: int = MILLION) -> list[Row]:
    """Measure in a scratch database, in about two minutes at a million entries."""
    with _scratch() as environment:
        organisation_id = provisioning.create_organisation(name="Bench", at=NOON).id
        _fill(organisation_id, count)
        copied = _child("copy", organisation_id, environment)
        made = _child("export", organisation_id, environment)
        verified = _verified(organisation_id)
        opened = _openings(provisioning.create_organisation(name="Bench with bodies", at=NOON).id)

    ratio = made["seconds"] / copied["seconds"]
    return [
        Row(
            name=f"PostgreSQL's COPY of {count:,} log rows as CSV, into a file",
            measured=f"{copied['seconds']:.2f} s, {copied['mib']:.0f} MiB",
        ),
        Row(
            name="audit bundle of them: zipped, hashed, signed, encrypted, on the disk",
            measured=f"{made['seconds']:.2f} s, {made['mib']:.0f} MiB",
        ),
        Row(
            name="the bundle against COPY",
            measured=f"{ratio:.2f} times",
            wanted="<= 3 times",
            met=ratio <= 3,
        ),
        Row(
            name="memory that it adds to its process at the peak",
            measured=f"{made['added']:.0f} MiB",
            wanted="<= 96 MiB",
            met=made["added"] <= 96,
        ),
        Row(
            name="memory of that process before, with everything of ours imported",
            measured=f"{made['idle']:.0f} MiB",
        ),
        Row(name="verify.py on the bundle", measured=f"{verified:.1f} s"),
        Row(name=f"entries opened as well, {OPENED:,}", measured=f"{opened:,.0f} /s"),
    ]


# --- what is measured, each in a process of its own -----------------------------------------------
def _copy(organisation_id: str) -> int:
    # The payload is copied as text. As bytes, COPY would write two hexadecimal digits for each, and
    # would be easier to keep up with.
    columns = _COLUMNS.replace("payload", "convert_from(payload, 'UTF8')")
    statement = (
        f"COPY (SELECT {columns} FROM transparency_log_entry "  # noqa: S608 - columns of our own
        "WHERE organisation_id = %s ORDER BY idx) TO STDOUT CSV"
    )

    with tempfile.TemporaryFile(dir=settings.SAYSO_DATA_DIR) as file, connection.cursor() as cursor:
        with cursor.copy(statement, (organisation_id,)) as copy:
            for block in copy:
                file.write(block)
        file.flush()
        os.fsync(file.fileno())
        return file.tell()


def _export(organisation_id: str) -> int:
    made = _request(organisation_id)
    return int(made.size)


MEASURED: Final[Mapping[str, Callable[[str], int]]] = {"copy": _copy, "export": _export}


def _child(name: str, organisation_id: str, environment: Mapping[str, str]) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.export", "--measure", name, organisation_id]
    done = subprocess.run(command, env=dict(environment), check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _measure(name: str, organisation_id: str) -> None:
    connection.ensure_connection()

    # Reset the peak of starting up (proc(5)).
    Path("/proc/self/clear_refs").write_text("5")
    before = _memory("VmRSS")
    began = time.perf_counter()
    size = MEASURED[name](organisation_id)
    seconds = time.perf_counter() - began
    print(
        json.dumps(
            {
                "seconds": seconds,
                "idle": before,
                "added": _memory("VmHWM") - before,
                "mib": size / 2**20,
            }
        )
    )


def _memory(field: str) -> float:
    """Return the memory of this process in MiB: `VmRSS` now, or `VmHWM` at the peak."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{field}:"))


def _request(organisation_id: str) -> Export:
    export = export_requests.request_export(
        organisation_id=organisation_id, livemode=True, kind="audit", start=None, end=None,
        speaker_id=None, words=True, at=NOON, actor="key:bench",
    )  # fmt: skip
    worker.make_pending_exports(now=lambda: NOON)
    export.refresh_from_db()
    assert export.state == "ready", export.code
    return export


def _verified(organisation_id: str) -> float:
    export = Export.objects.filter(organisation_id=organisation_id).latest("created_at")
    program = Path(settings.SAYSO_DATA_DIR) / "verify.py"
    program.write_bytes(build.build_program())

    with tempfile.NamedTemporaryFile(dir=settings.SAYSO_DATA_DIR, suffix=".zip") as file:
        file.writelines(blobs.stream_blob(export.blob_id))
        file.flush()
        began = time.perf_counter()
        command = [sys.executable, "-I", "-S", str(program), file.name]
        done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        assert done.returncode == CONSISTENT
        return time.perf_counter() - began


def _openings(organisation_id: str) -> float:
    for _ in range(OPENED // 500):
        with transaction.atomic():
            for number in range(500):
                events.append_event(
                    organisation_id=organisation_id, livemode=True, kind="clip.issued", at=NOON,
                    actor="key:bench", subject=None, refs={"clip": ids.new("clp")},
                    body={"number": number, "sha256": "0" * 64},
                )  # fmt: skip

    sequencer.settle_log(organisation_id, at=NOON)
    while sequencer.settle_log(organisation_id, at=NOON):
        pass

    began = time.perf_counter()
    _request(organisation_id)
    return OPENED / (time.perf_counter() - began)


# --- the log that is exported ---------------------------------------------------------------------
def _fill(organisation_id: str, count: int) -> None:
    """Write entries, tiles and head as the sequencer would, with random commitments to save time.

    They are test data in a bundle of live data, because no key opens them, and no erasure would
    explain that.
    """
    kid, consents = "k" * 22, [ids.new("con") for _ in range(1000)]
    leaves = []

    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY transparency_log_entry ({_COLUMNS}) FROM STDIN") as copy,
    ):
        for number in range(count):
            event_id = ids.new("evt")
            commitment = base64.b64encode(os.urandom(32)).decode("ascii")
            payload = log_entry.build_entry(
                event_id=event_id,
                organisation_id=organisation_id,
                livemode=False,
                kind="clip.withdrawn",
                at=NOON,
                kid=kid,
                commitment=commitment,
                refs={
                    "clip": clip_reservation.generate_clip_id(),
                    "consent": consents[number % 1000],
                },
            )
            copy.write_row((event_id, organisation_id, number, "clip.withdrawn", False, 0, payload))
            leaves.append(merkle.hash_leaf(payload))
            if sys.stderr.isatty() and number % 65_536 == 0:
                print(f"{number:,} of {count:,} written", file=sys.stderr)

    growth = merkle.append(0, leaves, {})
    Tile.objects.bulk_create(
        (
            Tile(organisation_id=organisation_id, level=place.level, n=place.n, data=data)
            for place, data in growth.tiles.items()
        ),
        batch_size=500,
    )
    Head.objects.create(
        organisation_id=organisation_id,
        size=count,
        root=growth.root,
        origin=f"bench.example/log/{organisation_id}",
    )
    checkpoints.publish_checkpoint(organisation_id, at=NOON)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE transparency_log_tile, transparency_log_entry")


@contextmanager
def _scratch() -> Iterator[dict[str, str]]:
    """Make a scratch database, and yield the environment in which a child process uses it."""
    if connection.vendor != "postgresql":
        sys.exit(
            "bench.export: set DATABASE_URL; the numbers of exports are promised on PostgreSQL"
        )

    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)

    try:
        url = urlsplit(os.environ["DATABASE_URL"])
        path = f"/{connection.settings_dict['NAME']}"
        yield {**os.environ, "DATABASE_URL": url._replace(path=path).geturl()}
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def main() -> int:
    """Print the table, and return 1 when a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.export")
    parser.add_argument("--entries", type=int, default=MILLION)
    parser.add_argument(
        "--measure", nargs=2, metavar=("WHAT", "ORGANISATION"), help="for its own child processes"
    )
    options = parser.parse_args()
    if options.measure:
        _measure(*options.measure)
        return 0

    measured = rows(count=options.entries)
    print(show(measured))
    return 1 if any(row.met is False for row in measured) else 0


if __name__ == "__main__":
    sys.exit(main())
