"""A batch of 1,000 texts at an emulated provider, by four Celery workers that are killed meanwhile.

Nothing may be lost and nothing be there twice: texts, clips, entries of the log, characters.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Final

import django

from bench.table import Row, show
from tests.support import servers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
TEXTS: Final = 1_000
KILLS: Final = 40
SEED: Final = 1


def rows(redis_url: str) -> list[Row]:
    """Measure everything."""
    from django.core.management import call_command  # noqa: PLC0415 - Django must be set up first

    from tests.support.api_client import new_key  # noqa: PLC0415 - as above
    from tests.support.killed_batches import run_killed_batch  # noqa: PLC0415 - as above

    load = os.getloadavg()[0]
    call_command("migrate", verbosity=0)
    with tempfile.TemporaryDirectory(prefix="sayso-batch-") as folder:
        found = run_killed_batch(
            {**os.environ, "REDIS_URL": redis_url},
            Path(folder),
            key=new_key("Bench"),
            texts=int(os.environ.get("SAYSO_BENCH_TEXTS", TEXTS)),
            kills=KILLS,
            seed=SEED,
        )

    return [
        Row(
            name=f"texts delivered of {found.texts}, with {found.kills} kills",
            measured=f"{found.delivered}",
            wanted="all, each once",
            met=found.delivered == found.texts,
        ),
        Row(
            name="clips in the job's ZIP",
            measured=f"{found.in_zip}",
            wanted="all",
            met=found.in_zip == found.texts,
        ),
        Row(name="texts that another worker took over", measured=f"{found.taken_over}"),
        Row(name="calls at the provider", measured=f"{found.spoken}"),
        Row(
            name="time in all",
            measured=f"{found.seconds:.0f} s, {found.texts / found.seconds:.2f} texts a second",
        ),
        Row(
            name="load of the machine, before and after",
            measured=f"{load:.1f}, {os.getloadavg()[0]:.1f}",
        ),
    ]


def main() -> int:
    """Print the table. The exit code is 1 when something was lost."""
    with servers.redis() as found:
        if found is None:
            print("not measured: no Redis found")
            return 1

        django.setup()
        measured = rows(found.url)

    print(show(measured))
    return 0 if all(row.met is not False for row in measured) else 1


if __name__ == "__main__":
    sys.exit(main())
