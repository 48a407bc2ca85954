"""The memory of one serving process: 1,000 hostile and ordinary files, then 16 large ones at once.

`python -m bench.memory [--files N]` runs the service in a process of its own and asks
`POST /v1/verify`. The numbers are MiB of that process, without its sandboxed children.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

import django

from bench.table import Row, show

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

FILES: Final = 1_000
CROWD: Final = 16
LARGE_SECONDS: Final = 98
BOUND_MIB: Final = 1_000.0
SLOPE_KIB: Final = 20.0
CALLS: Final = 100_000


def rows(files: int) -> list[Row]:
    """Measure everything."""
    from tests.support import served_memory  # noqa: PLC0415 - Django must be set up first

    key = _make_key()
    with (
        tempfile.TemporaryDirectory() as folder,
        served_memory.serve(os.environ, Path(folder) / "web.log") as server,
    ):
        fresh = served_memory.settle(server)
        heard: Counter[int] = Counter()
        held: list[float] = []
        for number, data in enumerate(served_memory.list_hostile_files(files)):
            heard[server.verify(data, key=key)] += 1
            held.append(server.read_memory())
            if number % 100 == 99:
                print(f"{number + 1} files: {held[-1]:.0f} MiB", file=sys.stderr, flush=True)

        # The first files load libraries and fill caches.
        slope = 1024 * served_memory.fit_slope(held[len(held) // 4 :])
        large = [
            served_memory.make_speech(LARGE_SECONDS, 48_000, "WAV", seed=number)
            for number in range(CROWD)
        ]
        server.reset_peak()
        strange = Counter(
            served_memory.ask_at_once(lambda number: server.verify(large[number]), CROWD)
        )
        peak_strange = server.read_memory("VmHWM")
        server.reset_peak()
        known = Counter(
            served_memory.ask_at_once(lambda number: server.verify(large[number], key=key), CROWD)
        )
        peak_known = server.read_memory("VmHWM")
        left = served_memory.settle(server)

    return [
        Row(name="fresh", measured=f"{fresh:.0f}"),
        Row(
            name=f"after {files} files, one after the other ({_tell(heard)})",
            measured=f"{held[-1]:.0f}, highest {max(held):.0f}",
        ),
        Row(
            name="growth of a file, after the first quarter",
            measured=f"{slope:.1f} KiB",
            wanted=f"<= {SLOPE_KIB:.0f} KiB",
            met=slope <= SLOPE_KIB,
        ),
        _crowd_row("strangers", strange, peak_strange),
        _crowd_row("of one key", known, peak_known),
        Row(name="some seconds later", measured=f"{left:.0f}"),
    ]


def _crowd_row(who: str, heard: Counter[int], peak: float) -> Row:
    return Row(
        name=f"peak with {CROWD} WAVs of 9 MiB at once, {who} ({_tell(heard)})",
        measured=f"{peak:.0f}",
        wanted=f"<= {BOUND_MIB:.0f}",
        met=peak <= BOUND_MIB,
    )


def _tell(heard: Counter[int]) -> str:
    return ", ".join(f"{count} x {status}" for status, count in sorted(heard.items()))


def _make_key() -> str:
    """Return the secret of a new key that may ask as often as it wants."""
    from django.core.management import call_command  # noqa: PLC0415 - as above

    from accounts.models import ApiKey  # noqa: PLC0415 - as above
    from tests.support.api_client import new_key  # noqa: PLC0415 - as above

    call_command("migrate", verbosity=0)
    secret = new_key("Bench")
    ApiKey.objects.update(calls_per_minute=CALLS)
    return secret


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory")
    parser.add_argument("--files", type=int, default=FILES)
    django.setup()
    table = rows(parser.parse_args().files)
    print(show(table))
    return int(any(row.met is False for row in table))


if __name__ == "__main__":
    sys.exit(main())
